#include "answer/special_names.hpp"

#include <string>

namespace kith::answer {
namespace {

struct Row {
    std::string_view name;
    SpecialKind kind;
};

constexpr Row rows[] = {
    {"localhost", SpecialKind::localhost},              // RFC 6761 §6.3
    {"test", SpecialKind::empty_zone},                  // RFC 6761 §6.2
    {"invalid", SpecialKind::empty_zone},               // RFC 6761 §6.4
    {"local", SpecialKind::empty_zone},                 // RFC 6762 §22.1
    {"onion", SpecialKind::empty_zone},                 // RFC 7686 §2
    {"alt", SpecialKind::empty_zone},                   // RFC 9476 §3
    {"home.arpa", SpecialKind::empty_zone},             // RFC 8375 §4
    {"resolver.arpa", SpecialKind::no_data},            // RFC 9462 §6.4
    {"service.arpa", SpecialKind::empty_zone},          // RFC 9665 §10.2
    {"eap-noob.arpa", SpecialKind::empty_zone},         // RFC 9140 §5.3
    {"10.in-addr.arpa", SpecialKind::empty_zone},       // RFC 6303 §4.1
    {"168.192.in-addr.arpa", SpecialKind::empty_zone},  // and 16..31.172, below
    {"0.in-addr.arpa", SpecialKind::empty_zone},        // RFC 6303 §4.2
    {"127.in-addr.arpa", SpecialKind::empty_zone},
    {"0.127.in-addr.arpa", SpecialKind::inside},
    {"0.0.127.in-addr.arpa", SpecialKind::inside},
    {"1.0.0.127.in-addr.arpa", SpecialKind::loopback},
    {"254.169.in-addr.arpa", SpecialKind::empty_zone},
    {"2.0.192.in-addr.arpa", SpecialKind::empty_zone},
    {"100.51.198.in-addr.arpa", SpecialKind::empty_zone},
    {"113.0.203.in-addr.arpa", SpecialKind::empty_zone},
    {"255.255.255.255.in-addr.arpa", SpecialKind::empty_zone},
    {"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",  // RFC 6303 §4.3
     SpecialKind::empty_zone},
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
     SpecialKind::loopback},
    {"d.f.ip6.arpa", SpecialKind::empty_zone},    // RFC 6303 §4.4
    {"8.e.f.ip6.arpa", SpecialKind::empty_zone},  // RFC 6303 §4.5
    {"9.e.f.ip6.arpa", SpecialKind::empty_zone},
    {"a.e.f.ip6.arpa", SpecialKind::empty_zone},
    {"b.e.f.ip6.arpa", SpecialKind::empty_zone},
    {"8.b.d.0.1.0.0.2.ip6.arpa", SpecialKind::empty_zone},  // RFC 6303 §4.6
};

/// `first`.`rest`, `first`+1.`rest` ... `last`.`rest`: reverse zones of prefixes inside an octet.
struct Range {
    int first, last;
    std::string_view rest;
};

constexpr Range ranges[] = {
    {16, 31, "172.in-addr.arpa"},   // RFC 6303 §4.1
    {64, 127, "100.in-addr.arpa"},  // RFC 7793 §2, shared address space
};

dns::Name name_of(std::string_view text) {
    const auto name = dns::Name::from_text(text);
    KITH_CHECK(name.has_value());
    return *name;
}

}  // namespace

SpecialNames::SpecialNames() {
    for (const Row& row : rows) names_[name_of(row.name)] = row.kind;
    for (const Range& range : ranges) {
        for (int octet = range.first; octet <= range.last; ++octet) {
            names_[name_of(std::to_string(octet) + '.' + std::string(range.rest))] =
                SpecialKind::empty_zone;
        }
    }
}

SpecialNames::Match SpecialNames::find(const dns::LookupName& name, int labels) const {
    const auto found = names_.closest(name, labels);
    if (!found) return {};
    return {*found.value, found.labels};
}

}  // namespace kith::answer
