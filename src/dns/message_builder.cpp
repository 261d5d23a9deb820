// Names are compressed against a table of suffixes already written, keyed by name hash. Entries
// carry the message's epoch, so starting a message costs no clearing. Taking bytes back takes the
// entries that point at them out again, newest first: the last entry put into a table with linear
// probing can be removed without a trace. A hit is verified byte by byte: hashes only say where to look.
//
// Most names are an end of the question's name, or one label in front of one: a host of the zone that
// was asked. They are found by comparing, which takes a third of the time of hashing them. The table
// is filled, with the question's name and these short names, when the first other name comes.

#include "dns/message_builder.hpp"

#include <algorithm>
#include <utility>

#include "dns/lower_word.hpp"
#include "dns/rdata.hpp"

namespace kith::dns {
namespace {

constexpr std::size_t pointer_reach = 0x4000;  // a pointer has 14 bits

/// As compressible_names(), for the types that RFC 6762 §18.14 adds.
constexpr CompressibleNames multicast_names(RrType type) {
    switch (type) {
        case RrType::RP: return {0, 2};
        case RrType::AFSDB: return {2, 1};
        case RrType::RT: return {2, 1};
        case RrType::PX: return {2, 2};
        case RrType::SRV: return {6, 1};
        case RrType::KX: return {2, 1};
        case RrType::DNAME: return {0, 1};
        case RrType::NSEC: return {0, 1};
        default: return compressible_names(type);
    }
}

}  // namespace

void MessageBuilder::start(MutableBytes buffer, std::size_t limit) {
    data_ = buffer.data();
    limit_ = std::min({limit, buffer.size(), message_bytes_max});
    KITH_CHECK(limit_ >= header_bytes);
    reserved_ = 0;
    size_ = header_bytes;
    question_name_size_ = 0;
    compression_ = Compression::rfc1035;
    header_ = Header{};
    last_owner_ = last_name_ = 0;
    target_count_ = 0;
    short_name_count_ = 0;
    if (++epoch_ == 0) {  // after 2^32 messages entries of long ago would look like this message's
        targets_.fill({});
        epoch_ = 1;
    }
}

void MessageBuilder::start_query(MutableBytes buffer, std::uint16_t id, NameView name, RrType type,
                                 RrClass klass) {
    start(buffer, buffer.size());
    header_.id = id;
    KITH_CHECK(add_question(name, type, klass));
}

void MessageBuilder::start_response(MutableBytes buffer, std::size_t limit, Bytes message,
                                    const QueryView& query) {
    start(buffer, limit);
    constexpr std::uint16_t kept = 0x7800 | Header::rd | Header::cd;  // opcode, RD, CD
    header_.id = query.header.id;
    header_.flags = static_cast<std::uint16_t>(Header::qr | (query.header.flags & kept));
    if (!put(message.subspan(header_bytes, query.question_end - header_bytes))) return;
    header_.counts[0] = 1;
    question_name_size_ = query.qname.size();
}

void MessageBuilder::set_rcode(Rcode rcode) {
    header_.flags =
        static_cast<std::uint16_t>((header_.flags & ~15U) | (static_cast<unsigned>(rcode) & 15U));
}

bool MessageBuilder::put(Bytes bytes) {
    if (room() < bytes.size()) return false;
    if (bytes.empty()) return true;  // memcpy() refuses null even for nothing
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    return true;
}

bool MessageBuilder::put_u16(std::uint16_t value) {
    if (room() < 2) return false;
    store_u16(data_ + size_, value);
    size_ += 2;
    return true;
}

bool MessageBuilder::stands_at(NameView lowered, std::size_t offset) const {
    const Bytes wire = lowered.wire();
    std::size_t at = 0;
    for (int hops = 0; hops < pointers_max;) {
        const std::uint8_t length = data_[offset];
        if (length >= 192) {
            offset = load_u16(data_ + offset) & 0x3fffU;
            ++hops;
            continue;
        }
        if (length != wire[at]) return false;
        if (length == 0) return true;
        for (std::size_t i = 1; i <= length; ++i) {
            if (lower(data_[offset + i]) != wire[at + i]) return false;
        }
        offset += length + 1U;
        at += length + 1U;
    }
    return false;  // readers count hops too
}

std::uint16_t MessageBuilder::find_target(NameView suffix, std::uint64_t hash) const {
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t slot = hash % target_slots;; slot = (slot + 1) % target_slots) {
        const Target& target = targets_[slot];
        if (target.epoch != epoch_) return 0;
        if (target.tag == tag && stands_at(suffix, target.offset)) return target.offset;
    }
}

void MessageBuilder::remember(std::uint64_t hash, std::size_t offset) {
    if (offset >= pointer_reach || target_count_ == compression_targets_max) return;
    std::size_t slot = hash % target_slots;
    while (targets_[slot].epoch == epoch_) slot = (slot + 1) % target_slots;
    targets_[slot] = {epoch_, static_cast<std::uint32_t>(hash >> 32),
                      static_cast<std::uint16_t>(offset)};
    target_order_[target_count_++] = static_cast<std::uint8_t>(slot);
}

void MessageBuilder::take_back(std::size_t size) {
    size_ = size;
    last_name_ = 0;
    while (short_name_count_ > 0 && short_names_[short_name_count_ - 1].offset >= size)
        --short_name_count_;
    while (target_count_ > 0 && targets_[target_order_[target_count_ - 1]].offset >= size) {
        targets_[target_order_[--target_count_]].epoch = 0;
    }
}

/// Puts the question's name and the short names after it into the table.
void MessageBuilder::fill_table() {
    const Bytes question(data_ + header_bytes, std::exchange(question_name_size_, 0));
    lookup_.assign(NameView::unchecked(question));
    for (int labels = lookup_.label_count(); labels > 1; --labels) {
        remember(lookup_.hash(labels), header_bytes + lookup_.offset(labels));
    }
    for (std::size_t i = 0; i < short_name_count_; ++i) {
        const ShortName& name = short_names_[i];
        const Bytes ending = question.subspan(name.ending - header_bytes);
        const Bytes label(data_ + name.offset + 1, data_[name.offset]);
        remember(child_hash(label, name_hash(NameView::unchecked(ending))), name.offset);
    }
    short_name_count_ = 0;
}

bool MessageBuilder::write_name(NameView name) {
    last_name_ = 0;
    if (question_name_size_ <= 1 || name.is_root() || short_name_count_ == short_names_max)
        return write_name_by_table(name);
    const Bytes question(data_ + header_bytes, question_name_size_);
    const Bytes wire = name.wire();
    const std::size_t label_bytes = wire[0] + 1U;
    for (const std::size_t head : {std::size_t{0}, label_bytes}) {
        const Bytes ending = wire.subspan(head);
        if (ending.size() <= 1 || ending.size() > question.size()) continue;
        const std::size_t cut = question.size() - ending.size();
        // Bytes are enough: an ending that starts amid a label of the question reads the same.
        if (!same_without_case(question.subspan(cut), ending)) continue;
        return write_short_name(wire.first(head), static_cast<std::uint16_t>(header_bytes + cut));
    }
    return write_name_by_table(name);
}

/// Writes a name that is `label`, with its length, or nothing in front of what stands at `ending`.
bool MessageBuilder::write_short_name(Bytes label, std::uint16_t ending) {
    const std::size_t start = size_;
    if (label.empty()) {
        if (!put_u16(static_cast<std::uint16_t>(0xc000U | ending))) return false;
        last_name_ = ending;
        return true;
    }
    for (std::size_t i = 0; i < short_name_count_; ++i) {
        const ShortName& name = short_names_[i];
        const Bytes there(data_ + name.offset, data_[name.offset] + std::size_t{1});
        if (name.ending != ending || !same_without_case(there, label)) continue;
        if (!put_u16(static_cast<std::uint16_t>(0xc000U | name.offset))) return false;
        last_name_ = name.offset;
        return true;
    }
    if (room() < label.size() + 2) return false;
    put(label);
    put_u16(static_cast<std::uint16_t>(0xc000U | ending));
    set_last_name(start);
    if (start < pointer_reach)
        short_names_[short_name_count_++] = {static_cast<std::uint16_t>(start), ending};
    return true;
}

/// Says where the name written from `start` stands; one written as a pointer, where it points to.
void MessageBuilder::set_last_name(std::size_t start) {
    const bool pointer_only = size_ - start == 2 && data_[start] >= 192;
    const std::size_t place = pointer_only ? load_u16(data_ + start) & 0x3fffU : start;
    last_name_ = place >= pointer_reach ? 0 : static_cast<std::uint16_t>(place);
}

bool MessageBuilder::write_name_by_table(NameView name) {
    if (question_name_size_ != 0) fill_table();
    lookup_.assign(name);
    int found = lookup_.label_count();  // labels of the longest suffix that a pointer can stand for
    std::uint16_t target = 0;
    for (; found > 1; --found) {
        target = find_target(lookup_.suffix(found), lookup_.hash(found));
        if (target != 0) break;
    }
    const std::size_t start = size_;
    const std::size_t head = lookup_.offset(found);  // bytes of the labels written out before it
    if (room() < head + 2) return head + 1 == room() && target == 0 && put(name.wire());
    put(name.wire().first(head));
    if (target != 0) {
        put_u16(static_cast<std::uint16_t>(0xc000U | target));
    } else {
        data_[size_++] = 0;
    }
    for (int labels = lookup_.label_count(); labels > found; --labels) {
        remember(lookup_.hash(labels), start + lookup_.offset(labels));
    }
    if (!name.is_root()) set_last_name(start);
    return true;
}

bool MessageBuilder::write_rdata(RrType type, Bytes rdata) {
    const CompressibleNames layout =
        compression_ == Compression::multicast ? multicast_names(type) : compressible_names(type);
    // Without RDATA in an UPDATE (RFC 2136 §2.4.1).
    if (layout.names == 0 || rdata.size() < layout.prefix) return put(rdata);
    const std::size_t start = size_;
    const Bytes whole = rdata;
    if (!put(rdata.first(layout.prefix))) return false;
    rdata = rdata.subspan(layout.prefix);
    for (int i = 0; i < layout.names; ++i) {
        const Wire<NameView> name = NameView::from_wire(rdata);
        if (!name) {
            // A type of the Internet class alone, in another class: check_rdata() takes anything there.
            take_back(start);
            return put(whole);
        }
        if (!write_name(*name)) return false;
        rdata = rdata.subspan(name->size());
    }
    return put(rdata);
}

bool MessageBuilder::finish_record(Section section, std::size_t start, RrType type, RrClass klass,
                                   std::uint32_t ttl, Bytes rdata) {
    if (room() >= 10) {
        std::uint8_t* const fixed = data_ + size_;
        store_u16(fixed, static_cast<std::uint16_t>(type));
        store_u16(fixed + 2, static_cast<std::uint16_t>(klass));
        store_u32(fixed + 4, ttl);
        size_ += 10;
        const std::size_t rdata_start = size_;
        last_name_ = 0;
        if (write_rdata(type, rdata)) {
            store_u16(data_ + rdata_start - 2, static_cast<std::uint16_t>(size_ - rdata_start));
            ++header_.counts[static_cast<std::size_t>(section)];
            return true;
        }
    }
    take_back(start);
    return false;
}

bool MessageBuilder::add_question(NameView name, RrType type, RrClass klass) {
    const std::size_t start = size_;
    if (!write_name(name) || !put_u16(static_cast<std::uint16_t>(type)) ||
        !put_u16(static_cast<std::uint16_t>(klass))) {
        take_back(start);
        return false;
    }
    ++header_.counts[0];
    return true;
}

bool MessageBuilder::add_record(Section section, NameView owner, RrType type, RrClass klass,
                                std::uint32_t ttl, Bytes rdata) {
    const std::size_t start = size_;
    if (!write_name(owner)) {
        take_back(start);
        return false;
    }
    const std::uint16_t place = last_name_;
    if (!finish_record(section, start, type, klass, ttl, rdata)) return false;
    last_owner_ = place;
    return true;
}

bool MessageBuilder::add_record_at(Section section, std::uint16_t owner_offset, RrType type,
                                   RrClass klass, std::uint32_t ttl, Bytes rdata) {
    KITH_DCHECK(owner_offset >= header_bytes && owner_offset < pointer_reach);
    const std::size_t start = size_;
    if (!put_u16(static_cast<std::uint16_t>(0xc000U | owner_offset))) return false;
    if (!finish_record(section, start, type, klass, ttl, rdata)) return false;
    last_owner_ = owner_offset;
    return true;
}

std::uint8_t* MessageBuilder::append_records(std::size_t bytes, std::uint16_t answers,
                                             std::uint16_t authorities) {
    if (room() < bytes) return nullptr;
    std::uint8_t* const at = data_ + size_;
    size_ += bytes;
    header_.counts[1] = static_cast<std::uint16_t>(header_.counts[1] + answers);
    header_.counts[2] = static_cast<std::uint16_t>(header_.counts[2] + authorities);
    return at;
}

bool MessageBuilder::add_opt(std::uint16_t payload_bytes, Rcode rcode, std::uint8_t version,
                             std::uint16_t flags, Bytes options) {
    const std::size_t held = std::exchange(reserved_, 0);
    if (room() < 11 + options.size()) {
        reserved_ = held;
        return false;
    }
    std::uint8_t* const at = data_ + size_;
    at[0] = 0;
    store_u16(at + 1, static_cast<std::uint16_t>(RrType::OPT));
    store_u16(at + 3, payload_bytes);
    at[5] = static_cast<std::uint8_t>(static_cast<unsigned>(rcode) >> 4);
    at[6] = version;
    store_u16(at + 7, flags);
    store_u16(at + 9, static_cast<std::uint16_t>(options.size()));
    size_ += 11;
    put(options);
    ++header_.counts[3];
    return true;
}

MessageBuilder::Mark MessageBuilder::mark() const {
    return {size_, {header_.counts[0], header_.counts[1], header_.counts[2], header_.counts[3]}};
}

void MessageBuilder::rewind(const Mark& mark) {
    take_back(mark.size);
    last_owner_ = 0;
    std::ranges::copy(mark.counts, header_.counts);
}

Bytes MessageBuilder::finish() {
    store_u16(data_, header_.id);
    store_u16(data_ + 2, header_.flags);
    for (std::size_t i = 0; i < 4; ++i) store_u16(data_ + 4 + 2 * i, header_.counts[i]);
    return {data_, size_};
}

}  // namespace kith::dns
