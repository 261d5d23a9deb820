#include "store/change_codec.hpp"

#include <array>

#include "dns/rdata.hpp"

namespace kith::store {
namespace {

using dns::Name;
using dns::NameView;
using zone::Record;
using zone::ZoneChange;

constexpr std::uint8_t format = 1;
enum RecordFlag : std::uint8_t { same_owner = 1, same_ttl = 2, with_provenance = 4 };
constexpr std::uint8_t all_flags = same_owner | same_ttl | with_provenance;

// Flags, type and the size of RDATA: no record takes less.
constexpr std::size_t record_bytes_min = 1 + 2 + 2;

constexpr std::array<std::uint32_t, 256> crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xedb88320U : 0);
        table[i] = value;
    }
    return table;
}();

std::uint32_t crc32(Bytes bytes) {
    std::uint32_t value = ~0U;
    for (const std::uint8_t byte : bytes) value = value >> 8 ^ crc_table[(value ^ byte) & 0xff];
    return ~value;
}

class Encoder {
public:
    explicit Encoder(NameView apex) : apex_(apex) {}

    void u8(std::uint8_t value) { out_.push_back(value); }
    void u16(std::uint16_t value) {
        out_.resize(out_.size() + 2);
        store_u16(out_.data() + out_.size() - 2, value);
    }
    void u32(std::uint32_t value) {
        out_.resize(out_.size() + 4);
        store_u32(out_.data() + out_.size() - 4, value);
    }
    void bytes(Bytes value) { out_.insert(out_.end(), value.begin(), value.end()); }

    void records(const std::vector<Record>& records) {
        for (const Record& record : records) add(record);
    }
    std::vector<std::uint8_t> finish() {
        u32(crc32(out_));
        return std::move(out_);
    }

private:
    void add(const Record& record) {
        KITH_DCHECK(record.owner.is_under(apex_));
        // Case counts: an owner comes back as it was written.
        const bool owner_again =
            last_ != nullptr && as_text(last_->owner.wire()) == as_text(record.owner.wire());
        const bool ttl_again = last_ != nullptr && last_->ttl == record.ttl;
        const bool provenance = record.provenance != zone::Provenance{};
        u8(static_cast<std::uint8_t>((owner_again ? same_owner : 0) | (ttl_again ? same_ttl : 0) |
                                     (provenance ? with_provenance : 0)));
        if (!owner_again) {
            const Bytes relative = record.owner.wire().first(record.owner.size() - apex_.size());
            u8(static_cast<std::uint8_t>(relative.size()));
            bytes(relative);
        }
        u16(static_cast<std::uint16_t>(record.type));
        if (!ttl_again) u32(record.ttl);
        if (provenance) {
            u16(record.provenance.source);
            u16(record.provenance.owner);
            u32(record.provenance.lease_end);
        }
        u16(static_cast<std::uint16_t>(record.rdata.size()));
        bytes(record.rdata);
        last_ = &record;
    }

    NameView apex_;
    const Record* last_ = nullptr;
    std::vector<std::uint8_t> out_;
};

template <class T>
using Decoded = Result<T, CodecFault>;
constexpr auto truncated = CodecFault::truncated;

class Decoder {
public:
    /// Requires a checked sum; reads what stands before it.
    explicit Decoder(Bytes body) : body_(body) {}

    std::size_t left() const { return body_.size() - at_; }
    Decoded<std::uint32_t> number(std::size_t bytes) {
        if (left() < bytes) return std::unexpected(truncated);
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | body_[at_++];
        return value;
    }
    Decoded<Bytes> take(std::size_t bytes) {
        if (left() < bytes) return std::unexpected(truncated);
        at_ += bytes;
        return body_.subspan(at_ - bytes, bytes);
    }
    Decoded<Name> apex() {
        const auto name = NameView::from_wire(body_.subspan(at_));
        if (!name) return std::unexpected(CodecFault::name);
        at_ += name->size();
        return Name(*name);
    }
    Decoded<void> records(NameView apex, std::size_t count, std::vector<Record>& out) {
        if (count > left() / record_bytes_min) return std::unexpected(truncated);
        out.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            KITH_TRY_VOID(record(apex));
            out.push_back(last_);
        }
        return {};
    }

private:
    /// Reads the next record into last_, which holds the one before it.
    Decoded<void> record(NameView apex) {
        KITH_TRY(const auto flags, number(1));
        const bool first = !std::exchange(started_, true);
        if (flags > all_flags) return std::unexpected(CodecFault::format);
        if (first && (flags & (same_owner | same_ttl)) != 0)
            return std::unexpected(CodecFault::format);
        if ((flags & same_owner) == 0) KITH_TRY_VOID(owner(apex));
        KITH_TRY(const auto type, number(2));
        last_.type = static_cast<dns::RrType>(type);
        if ((flags & same_ttl) == 0) {
            KITH_TRY(last_.ttl, number(4));
        }
        last_.provenance = {};
        if ((flags & with_provenance) != 0) {
            KITH_TRY(const auto source, number(2));
            KITH_TRY(const auto who, number(2));
            KITH_TRY(const auto lease_end, number(4));
            last_.provenance = {static_cast<std::uint16_t>(source), static_cast<std::uint16_t>(who),
                                lease_end};
        }
        KITH_TRY(const auto size, number(2));
        KITH_TRY(const Bytes rdata, take(size));
        if (dns::is_meta_type(last_.type) ||
            !dns::check_rdata(last_.type, dns::RrClass::IN, rdata)) {
            return std::unexpected(CodecFault::rdata);
        }
        last_.rdata.assign(rdata.begin(), rdata.end());
        return {};
    }

    Decoded<void> owner(NameView apex) {
        KITH_TRY(const auto size, number(1));
        KITH_TRY(const Bytes relative, take(size));
        if (relative.size() + apex.size() > dns::name_bytes_max)
            return std::unexpected(CodecFault::name);
        std::array<std::uint8_t, dns::name_bytes_max> wire{};
        std::memcpy(wire.data(), relative.data(), relative.size());
        std::memcpy(wire.data() + relative.size(), apex.wire().data(), apex.size());
        const auto name = NameView::from_wire(Bytes(wire.data(), relative.size() + apex.size()));
        // A root label inside the relative part would end the name early.
        if (!name || name->size() != relative.size() + apex.size() || !name->is_under(apex)) {
            return std::unexpected(CodecFault::name);
        }
        last_.owner = *name;
        return {};
    }

    Bytes body_;
    std::size_t at_ = 0;
    Record last_;
    bool started_ = false;
};

/// The blob without its sum, when that is right.
Decoded<Bytes> checked(Bytes blob) {
    if (blob.size() < 4) return std::unexpected(truncated);
    const Bytes body = blob.first(blob.size() - 4);
    if (crc32(body) != load_u32(blob.data() + body.size()))
        return std::unexpected(CodecFault::checksum);
    return body;
}

}  // namespace

std::string_view fault_text(CodecFault fault) {
    switch (fault) {
        case CodecFault::truncated: return "it ends too early";
        case CodecFault::format: return "it has a form this version of kith does not know";
        case CodecFault::checksum: return "its checksum is wrong";
        case CodecFault::name: return "it has a name that is none";
        case CodecFault::rdata: return "it has record data that its type cannot have";
        case CodecFault::left_over: return "it has bytes behind its end";
    }
    return "";
}

std::vector<std::uint8_t> encode_change(const ZoneChange& change) {
    Encoder out(change.apex);
    out.u8(format);
    out.bytes(change.apex.wire());
    out.u32(change.from_serial);
    out.u32(change.to_serial);
    out.u32(static_cast<std::uint32_t>(change.removed.size()));
    out.u32(static_cast<std::uint32_t>(change.added.size()));
    out.records(change.removed);
    out.records(change.added);
    return out.finish();
}

Decoded<ZoneChange> decode_change(Bytes blob) {
    KITH_TRY(const Bytes body, checked(blob));
    Decoder in(body);
    KITH_TRY(const auto version, in.number(1));
    if (version != format) return std::unexpected(CodecFault::format);
    ZoneChange change;
    KITH_TRY(change.apex, in.apex());
    KITH_TRY(change.from_serial, in.number(4));
    KITH_TRY(change.to_serial, in.number(4));
    KITH_TRY(const auto removed, in.number(4));
    KITH_TRY(const auto added, in.number(4));
    KITH_TRY_VOID(in.records(change.apex, removed, change.removed));
    KITH_TRY_VOID(in.records(change.apex, added, change.added));
    if (in.left() != 0) return std::unexpected(CodecFault::left_over);
    return change;
}

std::vector<std::uint8_t> encode_net(const NetRrSet& net, NameView apex) {
    Encoder out(apex);
    out.u16(static_cast<std::uint16_t>(net.removed.size()));
    out.u16(static_cast<std::uint16_t>(net.added.size()));
    out.records(net.removed);
    out.records(net.added);
    return out.finish();
}

Decoded<NetRrSet> decode_net(Bytes blob, NameView apex) {
    KITH_TRY(const Bytes body, checked(blob));
    Decoder in(body);
    KITH_TRY(const auto removed, in.number(2));
    KITH_TRY(const auto added, in.number(2));
    NetRrSet net;
    KITH_TRY_VOID(in.records(apex, removed, net.removed));
    KITH_TRY_VOID(in.records(apex, added, net.added));
    if (in.left() != 0) return std::unexpected(CodecFault::left_over);
    return net;
}

}  // namespace kith::store
