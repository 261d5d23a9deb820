#include "dns/registry.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include <fmt/format.h>

#include "dns/name.hpp"

namespace kith::dns {
namespace {

template <class T>
struct Entry {
    T value;
    std::string_view name;
};

constexpr Entry<RrClass> classes[] = {
    {RrClass::IN, "IN"}, {RrClass::CS, "CS"},     {RrClass::CH, "CH"},
    {RrClass::HS, "HS"}, {RrClass::NONE, "NONE"}, {RrClass::ANY, "ANY"},
};
constexpr Entry<Opcode> opcodes[] = {
    {Opcode::QUERY, "QUERY"},   {Opcode::IQUERY, "IQUERY"}, {Opcode::STATUS, "STATUS"},
    {Opcode::NOTIFY, "NOTIFY"}, {Opcode::UPDATE, "UPDATE"}, {Opcode::DSO, "DSO"},
};
constexpr Entry<Rcode> rcodes[] = {
    {Rcode::NOERROR, "NOERROR"},   {Rcode::FORMERR, "FORMERR"},     {Rcode::SERVFAIL, "SERVFAIL"},
    {Rcode::NXDOMAIN, "NXDOMAIN"}, {Rcode::NOTIMP, "NOTIMP"},       {Rcode::REFUSED, "REFUSED"},
    {Rcode::YXDOMAIN, "YXDOMAIN"}, {Rcode::YXRRSET, "YXRRSET"},     {Rcode::NXRRSET, "NXRRSET"},
    {Rcode::NOTAUTH, "NOTAUTH"},   {Rcode::NOTZONE, "NOTZONE"},     {Rcode::DSOTYPENI, "DSOTYPENI"},
    {Rcode::BADVERS, "BADVERS"},   {Rcode::BADKEY, "BADKEY"},       {Rcode::BADTIME, "BADTIME"},
    {Rcode::BADMODE, "BADMODE"},   {Rcode::BADNAME, "BADNAME"},     {Rcode::BADALG, "BADALG"},
    {Rcode::BADTRUNC, "BADTRUNC"}, {Rcode::BADCOOKIE, "BADCOOKIE"},
};
constexpr Entry<OptionCode> options[] = {
    {OptionCode::LLQ, "LLQ"},
    {OptionCode::UL, "UL"},
    {OptionCode::NSID, "NSID"},
    {OptionCode::DAU, "DAU"},
    {OptionCode::DHU, "DHU"},
    {OptionCode::N3U, "N3U"},
    {OptionCode::CLIENT_SUBNET, "CLIENT_SUBNET"},
    {OptionCode::EXPIRE, "EXPIRE"},
    {OptionCode::COOKIE, "COOKIE"},
    {OptionCode::TCP_KEEPALIVE, "TCP_KEEPALIVE"},
    {OptionCode::PADDING, "PADDING"},
    {OptionCode::CHAIN, "CHAIN"},
    {OptionCode::KEY_TAG, "KEY_TAG"},
    {OptionCode::EDE, "EDE"},
    {OptionCode::REPORT_CHANNEL, "REPORT_CHANNEL"},
    {OptionCode::ZONEVERSION, "ZONEVERSION"},
};

// Indexed by INFO-CODE; the registry numbers them without gaps.
constexpr std::string_view ede_names[] = {
    "Other",
    "Unsupported DNSKEY Algorithm",
    "Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC Indeterminate",
    "DNSSEC Bogus",
    "Signature Expired",
    "Signature Not Yet Valid",
    "DNSKEY Missing",
    "RRSIGs Missing",
    "No Zone Key Bit Set",
    "NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDomain Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error",
    "Invalid Data",
    "Signature Expired before Valid",
    "Too Early",
    "Unsupported NSEC3 Iterations Value",
    "Unable to conform to policy",
    "Synthesized",
};

template <class T, std::size_t n>
std::string name_of(const Entry<T> (&table)[n], T value, std::string_view generic) {
    const auto* row = std::ranges::find(table, value, &Entry<T>::value);
    if (row != std::end(table)) return std::string(row->name);
    return fmt::format("{}{}", generic, static_cast<unsigned>(value));
}

template <class T, std::size_t n>
std::optional<T> parse(const Entry<T> (&table)[n], std::string_view text, std::string_view generic,
                       unsigned most) {
    for (const Entry<T>& row : table) {
        if (equal_ignoring_case(row.name, text)) return row.value;
    }
    if (text.size() <= generic.size() ||
        !equal_ignoring_case(text.substr(0, generic.size()), generic)) {
        return std::nullopt;
    }
    unsigned value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data() + generic.size(), end, value);
    if (fault != std::errc{} || stop != end || value > most) return std::nullopt;
    return static_cast<T>(value);
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(as_bytes(a), as_bytes(b), {}, lower, lower);
}

std::string class_name(RrClass value) { return name_of(classes, value, "CLASS"); }
std::string opcode_name(Opcode value) { return name_of(opcodes, value, "OPCODE"); }
std::string rcode_name(Rcode value) { return name_of(rcodes, value, "RCODE"); }
std::string option_name(OptionCode value) { return name_of(options, value, "OPT"); }

std::string ede_name(EdeCode value) {
    const auto index = static_cast<std::size_t>(value);
    return index < std::size(ede_names) ? std::string(ede_names[index])
                                        : fmt::format("EDE{}", index);
}

std::optional<RrClass> parse_class(std::string_view text) {
    return parse(classes, text, "CLASS", 65535);
}
std::optional<Opcode> parse_opcode(std::string_view text) {
    return parse(opcodes, text, "OPCODE", 15);
}
std::optional<Rcode> parse_rcode(std::string_view text) {
    return parse(rcodes, text, "RCODE", 4095);
}
std::optional<OptionCode> parse_option(std::string_view text) {
    return parse(options, text, "OPT", 65535);
}

}  // namespace kith::dns
