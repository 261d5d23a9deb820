#include "update/update_builder.hpp"

#include <array>

#include "base/check.hpp"
#include "dns/message_builder.hpp"

namespace kith::update {
namespace {

using dns::Section;

/// One record that the message builder writes as it is: with the zone's class or without data.
bool add_record(dns::MessageBuilder& builder, Section section, const UpdateRecord& record) {
    return builder.add_record(section, record.owner, record.type, record.klass, record.ttl,
                              record.rdata);
}

bool add_opt(dns::MessageBuilder& builder, std::uint16_t payload_bytes,
             const std::optional<Lease>& lease) {
    if (payload_bytes == 0 && !lease) return true;
    std::array<std::uint8_t, 12> bytes;
    dns::Writer options(bytes);
    if (lease) {
        const std::vector<std::uint8_t> value = write_lease(*lease);
        options.u16(static_cast<std::uint16_t>(dns::OptionCode::UL));
        options.u16(static_cast<std::uint16_t>(value.size()));
        options.bytes(value);
    }
    return builder.add_opt(payload_bytes == 0 ? dns::udp_bytes_default : payload_bytes,
                           Rcode::NOERROR, 0, 0, options.written());
}

}  // namespace

UpdateBuilder::UpdateBuilder(NameView zone, RrClass klass) {
    message_.zone = zone;
    message_.zone_class = klass;
}

void UpdateBuilder::require_name(NameView name) {
    message_.prerequisites.push_back({name, RrType::ANY, RrClass::ANY, 0, {}});
}
void UpdateBuilder::require_no_name(NameView name) {
    message_.prerequisites.push_back({name, RrType::ANY, RrClass::NONE, 0, {}});
}
void UpdateBuilder::require_rrset(NameView name, RrType type) {
    message_.prerequisites.push_back({name, type, RrClass::ANY, 0, {}});
}
void UpdateBuilder::require_no_rrset(NameView name, RrType type) {
    message_.prerequisites.push_back({name, type, RrClass::NONE, 0, {}});
}
void UpdateBuilder::require_record(NameView name, RrType type, Bytes rdata) {
    message_.prerequisites.push_back(
        {name, type, message_.zone_class, 0, {rdata.begin(), rdata.end()}});
}

void UpdateBuilder::add(NameView name, RrType type, std::uint32_t ttl, Bytes rdata) {
    message_.updates.push_back(
        {name, type, message_.zone_class, ttl, {rdata.begin(), rdata.end()}});
}
void UpdateBuilder::remove_record(NameView name, RrType type, Bytes rdata) {
    message_.updates.push_back({name, type, RrClass::NONE, 0, {rdata.begin(), rdata.end()}});
}
void UpdateBuilder::remove_rrset(NameView name, RrType type) {
    message_.updates.push_back({name, type, RrClass::ANY, 0, {}});
}
void UpdateBuilder::remove_name(NameView name) {
    message_.updates.push_back({name, RrType::ANY, RrClass::ANY, 0, {}});
}

void UpdateBuilder::create(const std::vector<zone::Record>& rrset) {
    KITH_CHECK(!rrset.empty());
    require_no_rrset(rrset.front().owner, rrset.front().type);
    for (const zone::Record& record : rrset)
        add(record.owner, record.type, record.ttl, record.rdata);
}

void UpdateBuilder::append(const std::vector<zone::Record>& rrset, Existing existing) {
    KITH_CHECK(!rrset.empty());
    if (existing == Existing::required) require_rrset(rrset.front().owner, rrset.front().type);
    for (const zone::Record& record : rrset)
        add(record.owner, record.type, record.ttl, record.rdata);
}

void UpdateBuilder::compare_and_swap(const std::vector<zone::Record>& current,
                                     const std::vector<zone::Record>& next) {
    KITH_CHECK(!current.empty());
    for (const zone::Record& record : current)
        require_record(record.owner, record.type, record.rdata);
    for (const zone::Record& record : current)
        remove_record(record.owner, record.type, record.rdata);
    for (const zone::Record& record : next)
        add(record.owner, record.type, record.ttl, record.rdata);
}

void UpdateBuilder::clear() {
    message_.prerequisites.clear();
    message_.updates.clear();
}

std::optional<std::vector<std::uint8_t>> UpdateBuilder::message(std::uint16_t id,
                                                                std::size_t reserve) const {
    std::vector<std::uint8_t> buffer(dns::message_bytes_max);
    if (reserve + dns::header_bytes > buffer.size()) return std::nullopt;
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size() - reserve);
    builder.header().id = id;
    builder.header().flags =
        static_cast<std::uint16_t>(static_cast<unsigned>(dns::Opcode::UPDATE) << 11);
    builder.add_question(message_.zone, RrType::SOA, message_.zone_class);
    for (const UpdateRecord& record : message_.prerequisites) {
        if (!add_record(builder, Section::answer, record)) return std::nullopt;
    }
    for (const UpdateRecord& record : message_.updates) {
        if (!add_record(builder, Section::authority, record)) return std::nullopt;
    }
    if (!add_opt(builder, payload_bytes_, message_.lease)) return std::nullopt;
    buffer.resize(builder.finish().size());
    return buffer;
}

std::vector<std::uint8_t> notify_message(std::uint16_t id, NameView zone, RrClass klass,
                                         RrType type, Bytes soa) {
    std::vector<std::uint8_t> buffer(dns::message_bytes_max);
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.header().id = id;
    builder.header().flags = static_cast<std::uint16_t>(
        static_cast<unsigned>(dns::Opcode::NOTIFY) << 11 | dns::Header::aa);
    builder.add_question(zone, type, klass);
    if (!soa.empty()) builder.add_record(Section::answer, zone, type, klass, 0, soa);
    buffer.resize(builder.finish().size());
    return buffer;
}

}  // namespace kith::update
