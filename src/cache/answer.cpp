#include "cache/answer.hpp"

#include <algorithm>

#include "cache/limits.hpp"
#include "dns/rdata.hpp"

namespace kith::cache {
namespace {

using dns::Section;

/// What stays after `age`; never below 0.
std::uint32_t aged(std::uint32_t ttl, std::uint32_t age) { return ttl > age ? ttl - age : 0; }

/// TTL to send for a record that was stored with `ttl`.
std::uint32_t sent_ttl(const CachedAnswer& answer, std::uint32_t ttl, std::uint32_t age) {
    return answer.freshness == Freshness::stale ? stale_ttl_seconds : aged(ttl, age);
}

/// One copy of all records behind the question, then the TTLs. False: no room, nothing written.
bool write_whole(const CachedAnswer& answer, std::uint32_t age, dns::MessageBuilder& out) {
    const Bytes body = answer.message.subspan(answer.body_offset);
    const std::size_t start = out.size();
    std::uint8_t* const at = out.append_records(body.size(), load_u16(answer.message.data() + 6),
                                                load_u16(answer.message.data() + 8));
    if (at == nullptr) return false;
    std::memcpy(at, body.data(), body.size());
    for (const std::uint16_t offset : answer.ttl_offsets) {
        std::uint8_t* const ttl = at + (offset - start);
        store_u32(ttl, sent_ttl(answer, load_u32(ttl), age));
    }
    return true;
}

/// The same RRset stands in adjacent records.
bool same_rrset(const dns::RecordView& a, const dns::RecordView& b) {
    return a.section == b.section && a.type == b.type && a.owner == b.owner;
}

/// Record by record, into any message. False: an RRset did not fit, it is left out.
bool write_records(const CachedAnswer& answer, std::uint32_t age, dns::MessageBuilder& out) {
    std::array<std::uint8_t, dns::rdata_bytes_max> scratch;  // NOLINT: written before it is read
    dns::Reader reader(answer.message, answer.body_offset);
    dns::MessageBuilder::Mark rrset_start = out.mark();
    std::optional<dns::RecordView> last;
    for (const Section section : {Section::answer, Section::authority}) {
        const int count =
            load_u16(answer.message.data() + 4 + 2 * static_cast<std::size_t>(section));
        for (int i = 0; i < count; ++i) {
            const dns::Wire<dns::RecordView> record = dns::read_record(reader, section);
            dns::Writer rdata(scratch);
            if (!record || !dns::expand_rdata(answer.message, *record, rdata))
                return false;  // checked when stored
            if (!last || !same_rrset(*last, *record)) rrset_start = out.mark();
            last = *record;
            if (!out.add_record(section, record->owner, record->type, record->klass,
                                sent_ttl(answer, record->ttl, age), rdata.written())) {
                out.rewind(rrset_start);
                return false;
            }
        }
    }
    return true;
}

}  // namespace

dns::Rcode CachedAnswer::rcode() const {
    return static_cast<dns::Rcode>(load_u16(message.data() + 2) & 15U);
}

dns::NameView CachedAnswer::name() const {
    return dns::NameView::unchecked(
        message.subspan(dns::header_bytes, body_offset - dns::header_bytes - 4U));
}

bool CachedAnswer::is_for(dns::NameView asked, dns::RrType type, dns::RrClass klass) const {
    const std::uint8_t* const end = message.data() + body_offset;
    return load_u16(end - 4) == static_cast<std::uint16_t>(type) &&
           load_u16(end - 2) == static_cast<std::uint16_t>(klass) && name() == asked;
}

std::uint32_t CachedAnswer::age_seconds(Time now) const {
    if (now <= stored) return 0;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - stored).count();
    return static_cast<std::uint32_t>(std::min<std::int64_t>(seconds, 0x7fffffff));
}

bool write_answer(const CachedAnswer& answer, Time now, Place place, dns::MessageBuilder& out) {
    out.set_rcode(answer.rcode());
    if (answer.ttl_offsets.empty()) return true;
    const std::uint32_t age = answer.age_seconds(now);
    // The copy's pointers are right only when it begins where it began when it was stored.
    const bool in_place = place == Place::question && out.size() == answer.body_offset;
    if (in_place && write_whole(answer, age, out)) return true;
    if (write_records(answer, age, out)) return true;
    out.set_flag(dns::Header::tc);
    return false;
}

Answer::Answer(Bytes message, std::span<const std::uint16_t> ttl_offsets, std::uint16_t body_offset)
    : message_bytes_(static_cast<std::uint16_t>(message.size())),
      ttl_count_(static_cast<std::uint16_t>(ttl_offsets.size())),
      body_offset_(body_offset) {
    data_ = std::make_unique_for_overwrite<std::uint8_t[]>(data_bytes());
    std::memcpy(data_.get(), message.data(), message.size());
    if (ttl_offsets.empty()) return;
    std::memcpy(data_.get() + offsets_at(), ttl_offsets.data(), ttl_offsets.size_bytes());
    ttl_seconds_ = 0xffffffffU;
    for (const std::uint16_t at : ttl_offsets)
        ttl_seconds_ = std::min(ttl_seconds_, load_u32(message.data() + at));
}

std::optional<Answer> Answer::from_message(Bytes message) {
    const dns::Wire<dns::Header> header = dns::read_header(message);
    if (!header || message.size() > dns::message_bytes_max) return std::nullopt;
    if (header->counts[0] != 1 || header->counts[3] != 0) return std::nullopt;
    const std::size_t records = header->counts[1] + std::size_t{header->counts[2]};
    if (records > answer_records_max) return std::nullopt;
    const auto name = dns::NameView::from_wire(message.subspan(dns::header_bytes));
    if (!name || dns::Name(*name).lowered().wire().size() != name->size()) return std::nullopt;
    if (!std::ranges::equal(dns::Name(*name).lowered().wire(), name->wire())) return std::nullopt;
    const std::size_t body = dns::header_bytes + name->size() + 4;
    if (body > message.size()) return std::nullopt;
    std::array<std::uint16_t, answer_records_max> offsets;  // NOLINT: written before it is read
    dns::Reader reader(message, body);
    for (std::size_t i = 0; i < records; ++i) {
        const auto record =
            dns::read_record(reader, i < header->counts[1] ? Section::answer : Section::authority);
        if (!record) return std::nullopt;
        offsets[i] = static_cast<std::uint16_t>(record->rdata_offset - 6U);
    }
    if (!reader.at_end()) return std::nullopt;
    return Answer(message, std::span(offsets).first(records), static_cast<std::uint16_t>(body));
}

Answer Answer::failure(dns::NameView name, dns::RrType type, dns::RrClass klass) {
    std::array<std::uint8_t, dns::header_bytes + dns::name_bytes_max + 4> bytes{};
    store_u16(bytes.data() + 2, static_cast<std::uint16_t>(
                                    dns::Header::qr | static_cast<unsigned>(dns::Rcode::SERVFAIL)));
    store_u16(bytes.data() + 4, 1);
    std::memcpy(bytes.data() + dns::header_bytes, name.wire().data(), name.size());
    const std::size_t end = dns::header_bytes + name.size();
    store_u16(bytes.data() + end, static_cast<std::uint16_t>(type));
    store_u16(bytes.data() + end + 2, static_cast<std::uint16_t>(klass));
    return Answer(Bytes(bytes).first(end + 4), {}, static_cast<std::uint16_t>(end + 4));
}

std::size_t Answer::bytes() const {
    // The allocator adds a header of 8 bytes and rounds up to 16.
    return data_ == nullptr ? 0 : (data_bytes() + 8 + 15) & ~std::size_t{15};
}

Answer Answer::copy() const {
    if (is_empty()) return {};
    const CachedAnswer all = view({}, Freshness::fresh);
    return Answer(all.message, all.ttl_offsets, body_offset_);
}

CachedAnswer Answer::view(Time stored, Freshness freshness) const {
    const auto* const offsets = reinterpret_cast<const std::uint16_t*>(data_.get() + offsets_at());
    return {message(), {offsets, ttl_count_}, stored, ttl_seconds_, body_offset_,
            freshness, std::nullopt};
}

}  // namespace kith::cache
