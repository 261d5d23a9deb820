#include "server/record_plan.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "server/record_checks.hpp"
#include "transfer/catalog.hpp"
#include "zone/builder.hpp"

namespace kith::server {
namespace {

using dns::Name;
using zone::ZonePtr;

namespace fs = std::filesystem;

UpdateRulesPtr rules_of(const config::Zone& zone, const Name& apex, const auth::KeyRing& ring,
                        LoadedSnapshot& loaded) {
    if (zone.update.empty()) return nullptr;
    std::vector<update::Grant> grants;
    for (const config::TextAt& line : zone.update) {
        auto grant = update::parse_grant(line.text, apex);
        if (grant) {
            check_grant(*grant, line.at, apex, ring, loaded);
            grants.push_back(std::move(*grant));
        } else {
            loaded.problems.push_back(
                loaded.config.problem(line.at, fmt::format("update: {}", grant.error().text)));
        }
    }
    auto rules = std::make_shared<update::UpdateRules>();
    rules->policy = update::Policy(std::move(grants));
    rules->leases.seconds_max = static_cast<std::uint32_t>(zone.lease_max.count() / 1000);
    rules->timeout_type = dns::RrType{zone.timeout_type};
    rules->is_signed_here = zone.dnssec.has_value();
    rules->makes_csync = zone.dnssec && zone.dnssec->csync != config::CsyncRule::keep;
    rules->takes_zone_keys = zone.dnssec && zone.dnssec->authorizes_updates;
    return rules;
}

/// What others put there is read again when it changes.
void watch_keys(const config::Dnssec& settings, LoadedSnapshot& loaded) {
    const fs::path base = fs::path(loaded.config.file).parent_path();
    const auto watch = [&](const std::string& path) {
        if (path.empty()) return;
        const std::string file = (base / path).string();
        loaded.files[file] = file_state(file);
    };
    watch(settings.key_directory);
    watch(settings.key_signatures);
}

bool makes_catalog(const config::Zone& zone) {
    return zone.transfer && zone.transfer->catalog && !zone.is_secondary();
}

/// What does not go together in the settings about catalogs.
void check_catalog(const config::Zone& zone, const Name& apex, LoadedSnapshot& loaded) {
    const config::Transfer& transfer = *zone.transfer;
    const auto complain = [&](config::Offset at, std::string text) {
        loaded.problems.push_back(loaded.config.problem(at, std::move(text)));
    };
    if (transfer.catalog && !zone.file.text.empty()) {
        complain(
            zone.file.at,
            "file: expected none beside 'catalog', whose records are made; remove one of them");
    }
    if (makes_catalog(zone) && !transfer::may_be_catalog(apex)) {
        complain(
            zone.at,
            fmt::format("expected a name of at most {} bytes for a catalog, whose members stand "
                        "below it, found {}",
                        transfer::catalog_name_bytes_max, apex.size()));
    }
    if (transfer.member_of.text.empty()) return;
    const auto name = Name::from_text(transfer.member_of.text);
    const bool is_there = name && std::ranges::any_of(loaded.zones, [&](const LoadedZone& each) {
                              const config::Zone& other = loaded.config.zones[each.index];
                              return each.apex == *name && other.transfer &&
                                     other.transfer->catalog && !other.is_secondary();
                          });
    if (is_there) return;
    complain(
        transfer.member_of.at,
        fmt::format(
            "member_of: expected a zone of this server with \"catalog\": true and without 'primaries', found '{}'",
            transfer.member_of.text));
}

/// The catalog that lists the zones of the configuration that name it.
ZonePtr make_catalog(const Name& apex, LoadedSnapshot& loaded) {
    transfer::CatalogMembers members;
    for (const LoadedZone& each : loaded.zones) {
        const config::Zone& settings = loaded.config.zones[each.index];
        if (!settings.transfer || settings.transfer->member_of.text.empty()) continue;
        const auto catalog = Name::from_text(settings.transfer->member_of.text);
        if (!catalog || *catalog != apex) continue;
        transfer::CatalogMember member{each.apex, transfer::member_id(each.apex, 0), {}, {}};
        if (!settings.transfer->group.empty())
            member.groups.push_back(transfer::group_rdata(settings.transfer->group));
        members.emplace(each.apex, std::move(member));
    }
    zone::ZoneBuilder builder(apex);
    for (const zone::Record& record : transfer::write_catalog(apex, 1, members)) {
        static_cast<void>(builder.add(record.owner, record.type, record.ttl, record.rdata));
    }
    return builder.finish().zone;
}

}  // namespace

std::vector<PlannedZone> plan_record_zones(LoadedSnapshot& loaded, const auth::KeyRing& ring) {
    std::vector<PlannedZone> out;
    for (const LoadedZone& each : loaded.zones) {
        const config::Zone& settings = loaded.config.zones[each.index];
        if (!settings.is_of_record()) continue;
        PlannedZone planned;
        planned.apex = each.apex;
        planned.settings = &settings;
        planned.from_file = each.zone;
        if (settings.dnssec) watch_keys(*settings.dnssec, loaded);
        if (settings.transfer) check_catalog(settings, each.apex, loaded);
        if (makes_catalog(settings) && transfer::may_be_catalog(each.apex)) {
            planned.from_file = make_catalog(each.apex, loaded);
        }
        planned.updates = rules_of(settings, each.apex, ring, loaded);
        const config::Transfer texts = settings.transfer.value_or(config::Transfer{});
        planned.transfer = std::make_shared<const TransferPolicy>(
            make_transfer_policy(texts, ring, loaded.config, loaded.problems));
        check_record_zone(settings, *planned.transfer, loaded);
        out.push_back(std::move(planned));
    }
    return out;
}

}  // namespace kith::server
