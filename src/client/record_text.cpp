#include "client/record_text.hpp"

#include <fmt/format.h>

#include "dns/rdata.hpp"
#include "dns/registry.hpp"

namespace kith::client {
namespace {

constexpr std::uint32_t ttl_max = 0x7fffffff;  // RFC 2181 §8

std::vector<Record> from(const std::vector<zone::Record>& records) {
    std::vector<Record> out;
    out.reserve(records.size());
    for (const zone::Record& record : records)
        out.push_back(client::from(record.owner, record.type, record.ttl, record.rdata));
    return out;
}

}  // namespace

std::unexpected<Error> error_of(ErrorKind kind, std::string text) {
    return std::unexpected(Error{kind, std::move(text)});
}

Expected<dns::Name> read_name(std::string_view what, const std::string& text) {
    if (text.empty())
        return error_of(ErrorKind::input, fmt::format("{}: expected a name, found nothing", what));
    const auto name = dns::Name::from_text(text);
    if (!name)
        return error_of(ErrorKind::input,
                        fmt::format("{} '{}': {}", what, text, name.error().text));
    return *name;
}

Expected<dns::RrType> read_type(const std::string& text) {
    const auto type = dns::parse_type(text);
    if (!type || dns::is_meta_type(*type))
        return error_of(ErrorKind::input, fmt::format("expected a record type, found '{}'", text));
    return *type;
}

Expected<zone::Record> read_record(const Record& record) {
    KITH_TRY(const dns::Name owner, read_name("owner", record.owner));
    KITH_TRY(const dns::RrType type, read_type(record.type));
    if (record.ttl > ttl_max) {
        return error_of(ErrorKind::input, fmt::format("{}: expected a TTL of 0 to {}, found {}",
                                                      record.owner, ttl_max, record.ttl));
    }
    auto rdata = dns::rdata_from_text(type, record.data);
    if (!rdata) {
        return error_of(ErrorKind::input, fmt::format("{} {} '{}': {}", record.owner, record.type,
                                                      record.data, rdata.error().text));
    }
    return zone::Record{owner, type, record.ttl, *std::move(rdata), {}};
}

Expected<std::vector<zone::Record>> read_rrset(const std::vector<Record>& rrset) {
    std::vector<zone::Record> out;
    for (const Record& record : rrset) {
        KITH_TRY(zone::Record read, read_record(record));
        if (!out.empty() && (read.owner != out.front().owner || read.type != out.front().type)) {
            return error_of(
                ErrorKind::input,
                fmt::format("expected records of one name and type, found {} {} and {} {}",
                            rrset.front().owner, rrset.front().type, record.owner, record.type));
        }
        out.push_back(std::move(read));
    }
    if (out.empty()) return error_of(ErrorKind::input, "expected a record, found none");
    return out;
}

Record from(dns::NameView owner, dns::RrType type, std::uint32_t ttl, Bytes rdata) {
    return {owner.to_text(), ttl, std::string(dns::type_name(type)),
            dns::rdata_to_text(type, dns::RrClass::IN, rdata)};
}

ZoneDifference from(const zone::ZoneChange& change) {
    return {change.from_serial, change.to_serial, from(change.removed), from(change.added)};
}

std::string Record::to_text() const {
    std::string name = owner;
    if (!name.ends_with('.')) name += '.';
    return fmt::format("{} {} IN {} {}", name, ttl, type, data);
}

std::string ZoneDifference::to_text() const {
    std::string out = fmt::format("; from serial {} to {}\n", from_serial, to_serial);
    for (const Record& record : removed) out += '-' + record.to_text() + '\n';
    for (const Record& record : added) out += '+' + record.to_text() + '\n';
    return out;
}

}  // namespace kith::client
