#pragma once
// For tests of this module: messages from lines of the update language, changes as lines.

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "dns/rdata.hpp"
#include "update/script.hpp"
#include "update/update.hpp"
#include "zone/zone_testing.hpp"

namespace kith::update::test {

using zone::test::name;
using Lines = std::vector<std::string>;

inline constexpr UnixTime some_time = 1'700'000'000;

/// Of example.; names without a final dot are below it.
inline UpdateMessage message(const Lines& lines) {
    UpdateMessage out;
    out.zone = name("example.");
    ScriptDefaults defaults;
    defaults.origin = out.zone;
    defaults.ttl = 300;
    for (const std::string& line : lines) {
        const auto command = parse_script_line(line, defaults);
        EXPECT_TRUE(command.has_value()) << line << ": " << (command ? "" : command.error().text);
        if (!command) continue;
        switch (command->kind) {
            case ScriptCommand::Kind::prerequisite:
                out.prerequisites.push_back(command->record);
                break;
            case ScriptCommand::Kind::update: out.updates.push_back(command->record); break;
            case ScriptCommand::Kind::lease: out.lease = command->lease; break;
            default: ADD_FAILURE() << line; break;
        }
    }
    return out;
}

inline Policy policy(const Lines& lines, std::string_view origin = "example.") {
    std::vector<Grant> grants;
    for (const std::string& line : lines) {
        auto grant = parse_grant(line, name(origin));
        EXPECT_TRUE(grant.has_value()) << line << ": " << (grant ? "" : grant.error().text);
        if (grant) grants.push_back(*std::move(grant));
    }
    return Policy(std::move(grants));
}

/// May write everything that clients may.
inline UpdateRules all_allowed() {
    UpdateRules rules;
    rules.policy = policy({"grant * zonesub ANY"});
    return rules;
}

inline Requester requester(std::string_view key = "key.", std::uint16_t owner = 1) {
    Requester out;
    if (!key.empty()) out.key = name(key);
    out.address = IpAddress::v4(192, 0, 2, 1);
    out.source = 1;
    out.owner = owner;
    return out;
}

/// "-a.example. A 10.0.0.1", "+a.example. 300 A 10.0.0.1", with "@end" for leases; sorted.
inline Lines shown(const zone::ZoneChange& change) {
    Lines out;
    const auto text = [](const zone::Record& record) {
        return dns::type_name(record.type) + " " +
               dns::rdata_to_text(record.type, RrClass::IN, record.rdata);
    };
    for (const zone::Record& record : change.removed)
        out.push_back("-" + record.owner.to_text() + " " + text(record));
    for (const zone::Record& record : change.added) {
        out.push_back("+" + record.owner.to_text() + " " + std::to_string(record.ttl) + " " +
                      text(record));
        if (record.provenance.lease_end != 0)
            out.back() += " @" + std::to_string(record.provenance.lease_end - some_time);
    }
    std::ranges::sort(out);
    return out;
}

inline Lines sorted(Lines lines) {
    std::ranges::sort(lines);
    return lines;
}

/// The version after the outcome; the serial goes up by one unless the client gave it.
inline zone::ZonePtr applied(const zone::ZonePtr& zone, const UpdateOutcome& outcome) {
    zone::ZoneChange change = outcome.change;
    if (!outcome.has_serial) change.to_serial = change.from_serial + 1;
    const auto next = zone::apply_change(zone, change);
    EXPECT_TRUE(next.has_value()) << (next ? "" : zone::fault_text(next.error().fault));
    return next ? *next : zone;
}

}  // namespace kith::update::test
