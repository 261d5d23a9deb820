#pragma once
// For tests of this module: zones and changes written as lines of presentation form.

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "dns/rdata.hpp"
#include "zone/builder.hpp"
#include "zone/change.hpp"

namespace kith::zone::test {

inline Name name(std::string_view text) {
    const auto parsed = Name::from_text(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed ? *parsed : Name();
}

/// "owner ttl type rdata"; owners that do not end in a dot are below `origin`.
inline Record record(std::string_view line, const Name& origin) {
    const auto take = [&] {
        const std::size_t end = std::min(line.find(' '), line.size());
        const std::string_view word = line.substr(0, end);
        line.remove_prefix(std::min(end + 1, line.size()));
        return word;
    };
    Record out;
    const auto owner = Name::from_text(take(), origin);
    EXPECT_TRUE(owner.has_value()) << line;
    if (owner) out.owner = *owner;
    out.ttl = static_cast<std::uint32_t>(std::stoul(std::string(take())));
    out.type = dns::parse_type(take()).value_or(RrType::ANY);
    const auto rdata = dns::rdata_from_text(out.type, line, origin);
    EXPECT_TRUE(rdata.has_value()) << line << ": " << (rdata ? "" : rdata.error().text);
    if (rdata) out.rdata = *rdata;
    return out;
}

inline std::vector<Record> records(std::initializer_list<std::string_view> lines,
                                   std::string_view origin = "example.") {
    std::vector<Record> out;
    for (const std::string_view line : lines) out.push_back(record(line, name(origin)));
    return out;
}

/// One line a record, owners in canonical order, types ascending; empty non-terminals as "owner -".
/// Flags follow in brackets: c cut, d DNAME, o occluded, w wildcard child, 1 one-label wildcard.
inline std::vector<std::string> dump(const Zone& zone) {
    std::vector<std::string> lines;
    zone.for_each_in_order([&](const Name& owner, NodeView node) {
        std::string flags;
        if (node.is_cut()) flags += 'c';
        if (node.has_dname()) flags += 'd';
        if (node.is_occluded()) flags += 'o';
        if (node.has_wildcard_child()) flags += 'w';
        if (node.one_label_wildcard()) flags += '1';
        if (!flags.empty()) flags = " [" + flags + "]";
        if (node.is_empty()) lines.push_back(owner.to_text() + " -" + flags);
        for (const RrSetView rrset : node.rrsets()) {
            for (const Bytes rdata : rrset) {
                lines.push_back(owner.to_text() + " " + std::to_string(rrset.ttl()) + " " +
                                dns::type_name(rrset.type()) + " " +
                                dns::rdata_to_text(rrset.type(), zone.klass(), rdata) + flags);
            }
        }
    });
    return lines;
}

inline BuiltZone build(const std::vector<Record>& records, std::string_view apex = "example.",
                       const Bounds& bounds = file_bounds) {
    ZoneBuilder builder(name(apex), dns::RrClass::IN, bounds);
    std::uint32_t tag = 0;
    for (const Record& each : records) {
        EXPECT_TRUE(
            builder.add(each.owner, each.type, each.ttl, each.rdata, ++tag, each.provenance));
    }
    return builder.finish();
}

/// A zone that has no problem, with a SOA of serial 1.
inline ZonePtr zone(std::initializer_list<std::string_view> lines,
                    std::string_view origin = "example.") {
    std::vector<Record> all =
        records({"@ 300 SOA ns.example. hostmaster.example. 1 2 3 4 5"}, origin);
    for (Record& each : records(lines, origin)) all.push_back(std::move(each));
    BuiltZone built = build(all, origin);
    for (const ZoneProblem& problem : built.problems) {
        ADD_FAILURE() << problem.owner.to_text() << ": " << fault_text(problem.fault);
    }
    return built.zone;
}

inline constexpr std::string_view soa_1 =
    "example. 300 SOA ns.example. hostmaster.example. 1 2 3 4 5";

}  // namespace kith::zone::test
