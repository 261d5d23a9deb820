#include "config/rdata_value.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ip_address.hpp"
#include "config/text.hpp"
#include "dns/name.hpp"
#include "dns/rdata.hpp"

namespace kith::config {
namespace {

using Rdata = std::vector<std::uint8_t>;
using Made = Result<Rdata, std::string>;
using dns::RrType;

constexpr std::uint16_t priority_default = 10;  // NanoDNS's

std::unexpected<std::string> expected(std::string_view what, std::string_view value) {
    return std::unexpected(fmt::format("expected {}, found {}", what, shown(value)));
}

Made name_rdata(std::string_view value, Rdata out = {}) {
    if (value == "@") return expected("a whole name", value);
    const auto name = dns::Name::from_text(value);
    if (!name) return std::unexpected(name.error().text);
    out.insert(out.end(), name->wire().begin(), name->wire().end());
    return out;
}

Made a_rdata(std::string_view value) {
    std::uint8_t bytes[4];
    if (!parse_ipv4(value, bytes)) return expected("an IPv4 address such as 192.0.2.1", value);
    return Rdata(std::begin(bytes), std::end(bytes));
}

Made aaaa_rdata(std::string_view value) {
    std::uint8_t bytes[16];
    if (!parse_ipv6(value, bytes)) return expected("an IPv6 address such as 2001:db8::1", value);
    return Rdata(std::begin(bytes), std::end(bytes));
}

/// One text of any length as strings of at most 255 bytes (RFC 1035 §3.3).
Made txt_rdata(std::string_view value) {
    constexpr std::size_t string_max = 255;
    Rdata out;
    do {
        const std::string_view part = value.substr(0, string_max);
        out.push_back(static_cast<std::uint8_t>(part.size()));
        out.insert(out.end(), part.begin(), part.end());
        value.remove_prefix(part.size());
    } while (!value.empty());
    if (out.size() > dns::rdata_bytes_max) {
        return std::unexpected(fmt::format("expected at most 65,279 bytes of text, found more"));
    }
    return out;
}

Made presented_rdata(RrType type, std::string_view value) {
    auto made = dns::rdata_from_text(type, value);
    if (!made) return std::unexpected(std::move(made).error().text);
    return *std::move(made);
}

/// Types whose data starts with a number that NanoDNS writes as `priority`.
Made prioritized_rdata(const Record& record) {
    auto made = presented_rdata(record.type, record.value);
    if (made || !record.priority) return made;
    auto completed =
        presented_rdata(record.type, fmt::format("{} {}", *record.priority, record.value));
    return completed ? std::move(completed) : std::move(made);
}

Made mx_rdata(const Record& record) {
    if (record.value.find_first_of(" \t") != std::string::npos)
        return presented_rdata(RrType::MX, record.value);
    Rdata out(2);
    store_u16(out.data(), record.priority.value_or(priority_default));
    return name_rdata(record.value, std::move(out));
}

}  // namespace

Made rdata_of(const Record& record) {
    switch (record.type) {
        case RrType::A: return a_rdata(record.value);
        case RrType::AAAA: return aaaa_rdata(record.value);
        case RrType::CNAME:
        case RrType::DNAME:
        case RrType::NS:
        case RrType::PTR: return name_rdata(record.value);
        case RrType::MX: return mx_rdata(record);
        case RrType::SPF:
        case RrType::TXT: return txt_rdata(record.value);
        case RrType::SRV:
        case RrType::SVCB:
        case RrType::HTTPS:
        case RrType::KX:
        case RrType::AFSDB:
        case RrType::URI: return prioritized_rdata(record);
        default: return presented_rdata(record.type, record.value);
    }
}

}  // namespace kith::config
