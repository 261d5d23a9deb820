#include "discovery/mdns/packet.hpp"

#include <algorithm>

#include "discovery/mdns/limits.hpp"
#include "dns/name_hash.hpp"
#include "dns/rdata.hpp"

namespace kith::discovery::mdns {
namespace {

// Two names more than a packet: RDATA has at most two that are compressed.
constexpr std::size_t scratch_bytes = packet_bytes_max + 2 * dns::name_bytes_max;

/// Passes over a name of any length.
bool skip_name_of_any_length(dns::Reader& reader) {
    while (true) {
        const auto length = reader.u8();
        if (!length) return false;
        if (*length == 0) return true;
        if (*length >= 192) return reader.u8().has_value();
        if (*length >= 64 || !reader.take(*length)) return false;
    }
}

/// Types whose names may be compressed in Multicast DNS alone (RFC 6762 §18.14), where RDATA begins
/// with the name after so many bytes.
std::optional<std::size_t> multicast_name_start(dns::RrType type) {
    if (type == dns::RrType::NSEC || type == dns::RrType::DNAME) return 0;
    if (type == dns::RrType::KX) return 2;
    return std::nullopt;
}

/// Expands RDATA that is `start` bytes, one name, and more.
bool expand_by_hand(Bytes message, const dns::RecordView& record, std::size_t start,
                    dns::Writer& out) {
    if (record.rdata.size() < start) return false;
    const std::size_t end = record.rdata_offset + record.rdata.size();
    out.bytes(record.rdata.first(start));
    dns::Reader reader(message.first(end), record.rdata_offset + start);
    const auto name = dns::read_name(reader);
    if (!name) return false;
    out.bytes(name->wire());
    out.bytes(message.subspan(reader.offset(), end - reader.offset()));
    return !out.overflow() &&
           dns::check_rdata(record.type, record.klass, out.written()).has_value();
}

}  // namespace

bool Packet::read(Bytes message) {
    is_readable_ = read_all(message);
    return is_readable_;
}

bool Packet::read_all(Bytes message) {
    questions_.clear();
    records_.clear();
    question_places_.clear();
    record_places_.clear();
    bytes_.clear();
    scratch_.resize(scratch_bytes);
    edns_payload_.reset();
    last_owner_offset_ = 0;
    // The codec counts offsets in 16 bits; nothing of RFC 6762 is larger than 9,000 bytes.
    if (message.size() > packet_bytes_max) return false;
    const auto header = dns::read_header(message);
    if (!header) return false;
    header_ = *header;
    dns::Reader reader(message, dns::header_bytes);
    if (!read_questions(reader)) return false;
    for (const dns::Section section :
         {dns::Section::answer, dns::Section::authority, dns::Section::additional}) {
        if (!read_records(reader, section)) return false;
    }
    if (!reader.at_end()) return false;
    set_views();
    return true;
}

/// Reads a name at the reader, or finds that it is the one read before.
Packet::NameRead Packet::read_owner(dns::Reader& reader, Place& place, std::uint64_t& hash) {
    const std::size_t start = reader.offset();
    std::size_t offset = start;
    const Bytes all = reader.all();
    if (start + 1 < all.size() && all[start] >= 192)
        offset = load_u16(all.data() + start) & 0x3fffU;
    if (offset == last_owner_offset_ && offset != start) {
        place.name_at = last_owner_.name_at;
        place.name_size = last_owner_.name_size;
        hash = last_owner_hash_;
        reader.seek(start + 2);
        return NameRead::done;
    }
    dns::Reader attempt = reader;
    const auto name = dns::read_name(attempt);
    if (!name) {
        // RFC 6762 appendix C allows a byte more than dns::Name holds: such a record is passed over.
        const bool is_long = name.error().fault == dns::WireFault::name_too_long;
        return is_long && skip_name_of_any_length(reader) ? NameRead::too_long : NameRead::broken;
    }
    reader = attempt;
    place.name_at = bytes_.size();
    place.name_size = name->size();
    const Bytes wire = name->wire();
    bytes_.insert(bytes_.end(), wire.begin(), wire.end());
    hash = dns::name_hash(*name);
    last_owner_offset_ = offset;
    last_owner_ = place;
    last_owner_hash_ = hash;
    return NameRead::done;
}

bool Packet::read_questions(dns::Reader& reader) {
    for (int i = 0; i < header_.counts[0]; ++i) {
        Place place{};
        PacketQuestion question;
        const NameRead name = read_owner(reader, place, question.name_hash);
        if (name == NameRead::broken) return false;
        const auto type = reader.u16();
        const auto klass = reader.u16();
        if (!type || !klass) return false;
        if (name == NameRead::too_long || questions_.size() == packet_questions_max) continue;
        question.type = static_cast<dns::RrType>(*type);
        question.klass = static_cast<dns::RrClass>(*klass & ~class_top_bit & 0xffff);
        question.wants = (*klass & class_top_bit) != 0 ? Wants::unicast : Wants::multicast;
        questions_.push_back(question);
        question_places_.push_back(place);
    }
    return true;
}

bool Packet::read_records(dns::Reader& reader, dns::Section section) {
    for (int i = 0; i < header_.counts[static_cast<std::size_t>(section)]; ++i) {
        Place place{};
        PacketRecord record;
        const NameRead name = read_owner(reader, place, record.name_hash);
        if (name == NameRead::broken) return false;
        const auto type = reader.u16();
        const auto klass = reader.u16();
        const auto ttl = reader.u32();
        const auto size = reader.u16();
        if (!type || !klass || !ttl || !size) return false;
        const std::uint16_t rdata_offset = reader.offset();
        const auto rdata = reader.take(*size);
        if (!rdata) return false;
        record.type = static_cast<dns::RrType>(*type);
        if (record.type == dns::RrType::OPT) {
            edns_payload_ = *klass;  // not a class: nothing is masked (RFC 6762 §10.2)
            continue;
        }
        if (name == NameRead::too_long || records_.size() == packet_records_max) continue;
        record.klass = static_cast<dns::RrClass>(*klass & ~class_top_bit & 0xffff);
        record.flush = (*klass & class_top_bit) != 0 ? Flush::yes : Flush::no;
        dns::RecordView view{{}, record.type, record.klass, *ttl, *rdata, rdata_offset, section};
        record.ttl = view.effective_ttl();
        record.section = section;
        // In another class RDATA may mean anything, and nobody on a link has records of one.
        const bool is_data = !dns::is_meta_type(record.type) && record.klass == dns::RrClass::IN;
        if (!is_data || !expand(reader.all(), view, place)) continue;
        records_.push_back(record);
        record_places_.push_back(place);
    }
    return true;
}

bool Packet::expand(Bytes message, const dns::RecordView& record, Place& place) {
    dns::Writer out(scratch_);
    const auto by_hand = multicast_name_start(record.type);
    if (by_hand ? !expand_by_hand(message, record, *by_hand, out)
                : !dns::expand_rdata(message, record, out).has_value())
        return false;
    place.rdata_at = bytes_.size();
    place.rdata_size = out.size();
    const Bytes written = out.written();
    bytes_.insert(bytes_.end(), written.begin(), written.end());
    return true;
}

/// Names and RDATA are looked at only now that `bytes_` no longer moves.
void Packet::set_views() {
    const Bytes all = bytes_;
    const auto name_at = [&](const Place& place) {
        return dns::NameView::unchecked(all.subspan(place.name_at, place.name_size));
    };
    for (std::size_t i = 0; i < questions_.size(); ++i)
        questions_[i].name = name_at(question_places_[i]);
    for (std::size_t i = 0; i < records_.size(); ++i) {
        records_[i].name = name_at(record_places_[i]);
        records_[i].rdata = all.subspan(record_places_[i].rdata_at, record_places_[i].rdata_size);
    }
}

}  // namespace kith::discovery::mdns
