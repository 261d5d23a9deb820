#include "server/record_checks.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "files/key_files.hpp"
#include "server/key_ring.hpp"
#include "server/record_zones.hpp"
#include "server/signed_zone.hpp"
#include "server/signing_config.hpp"

namespace kith::server {
namespace {

namespace fs = std::filesystem;

using dns::Name;
using update::NameRule;

constexpr unsigned private_type_first = 65280;  // RFC 6895 §3.1

/// Reports what is wrong at one place.
class Complaints {
public:
    Complaints(LoadedSnapshot& loaded, config::Offset at) : loaded_(loaded), at_(at) {}
    void add(std::string text, Severity severity = Severity::error) {
        loaded_.problems.push_back(loaded_.config.problem(at_, std::move(text), severity));
    }

private:
    LoadedSnapshot& loaded_;
    config::Offset at_;
};

/// Whether a name is in one of our zones.
struct Home {
    bool is_ours = false;
    bool has_key = false;  // the name has a KEY record
};
Home home_of(const Name& name, const LoadedSnapshot& loaded) {
    Home out;
    for (const LoadedZone& each : loaded.zones) {
        if (!name.is_under(each.apex)) continue;
        out.is_ours = true;
        const zone::NodeView node =
            each.zone == nullptr ? zone::NodeView() : each.zone->find_node(name.view());
        out.has_key = out.has_key || (node && node.find(dns::RrType::KEY));
    }
    return out;
}

bool is_about_the_key(NameRule rule) {
    return rule == NameRule::self || rule == NameRule::selfsub || rule == NameRule::selfwild;
}

fs::path folder_of(const LoadedSnapshot& loaded) {
    return fs::path(loaded.config.file).parent_path();
}

enum class Folder : std::uint8_t { good, bad };

/// Says more of the folder than whoever signs would.
Folder check_key_folder(const config::Dnssec& settings, const Name& apex, LoadedSnapshot& loaded) {
    if (settings.key_directory.empty()) return Folder::good;
    const std::string path = (folder_of(loaded) / settings.key_directory).string();
    const auto keys = files::read_key_folder(path, apex);
    Complaints complaints(loaded, settings.at);
    if (!keys) {
        complaints.add(fmt::format("key_directory: {}", keys.error()));
    } else if (keys->empty()) {
        complaints.add(fmt::format(
            "key_directory: {}: expected key files of zone {}, found none; `kith key generate` makes "
            "them",
            path, apex.to_text()));
    }
    return keys && !keys->empty() ? Folder::good : Folder::bad;
}

/// As ZoneSigning::prepare() does, without what it keeps.
Result<void, std::string> try_signing(const config::Dnssec& settings, const Name& apex,
                                      const std::string& folder, UnixTime now) {
    KITH_TRY(const dnssec::SigningPolicy policy, signing_policy_of(settings));
    if (const auto wishes = key_wishes_of(settings); !wishes)
        return std::unexpected(wishes.error());
    if (has_managed_keys(settings)) return {};
    KITH_TRY(FileKeys files, read_file_keys(apex.view(), settings, folder, now, MissingKeys::look));
    const auto signer = make_signer(apex.view(), std::move(files.keys), policy);
    if (!signer) return std::unexpected(signer.error());
    return {};
}

}  // namespace

void check_signing(const config::Zone& zone, const Name& apex, UnixTime now,
                   LoadedSnapshot& loaded) {
    if (!zone.dnssec || check_key_folder(*zone.dnssec, apex, loaded) == Folder::bad) return;
    const auto done = try_signing(*zone.dnssec, apex, folder_of(loaded).string(), now);
    if (!done) complain(loaded, zone, apex, done.error());
}

namespace {

void check_timeout_type(const config::Zone& zone, LoadedSnapshot& loaded) {
    if (zone.timeout_type == 0) return;
    Complaints complaints(loaded, zone.at);
    if (zone.timeout_type < private_type_first) {
        complaints.add(fmt::format("timeout_type: expected a number 65280..65534, found {}",
                                   zone.timeout_type));
    } else if (zone.update.empty()) {
        complaints.add("timeout_type: has no effect without 'update': nobody leases records here",
                       Severity::warning);
    }
}

void check_primaries(const config::Zone& zone, const TransferPolicy& transfer,
                     LoadedSnapshot& loaded) {
    if (!zone.transfer || loaded.snapshot == nullptr) return;
    for (const config::TextAt& text : zone.transfer->primaries) {
        const auto server = parse_server(text.text);
        const bool is_own = server && transfer.is_secondary() &&
                            resolve::is_own_endpoint(*loaded.snapshot->forward, server->endpoint);
        if (!is_own) continue;
        Complaints(loaded, text.at)
            .add(fmt::format("primaries: {} is this server itself; name the one that has the zone",
                             server->endpoint.to_text()));
    }
}

}  // namespace

void check_grant(const update::Grant& grant, config::Offset at, const Name& apex,
                 const auth::KeyRing& ring, LoadedSnapshot& loaded) {
    Complaints complaints(loaded, at);
    if (!grant.key || grant.any_key) return;
    if (is_about_the_key(grant.rule) && !grant.key->is_under(apex)) {
        complaints.add(
            fmt::format("update: the name of key {} is not in zone {}, so that this grants "
                        "nothing; see 'subdomain' and 'name'",
                        grant.key->to_text(), apex.to_text()),
            Severity::warning);
    }
    if (ring.find(*grant.key) != nullptr || is_named(loaded.config, *grant.key)) return;
    const Home home = home_of(*grant.key, loaded);
    if (home.has_key) return;
    const std::string unknown =
        fmt::format("update: there is no key {} under 'keys'", grant.key->to_text());
    // A client may have brought its KEY record by an update.
    if (home.is_ours) {
        complaints.add(unknown + ", and no KEY record of that name in the file, for SIG(0)",
                       Severity::warning);
    } else {
        complaints.add(unknown);
    }
}

void check_record_zone(const config::Zone& zone, const TransferPolicy& transfer,
                       LoadedSnapshot& loaded) {
    check_timeout_type(zone, loaded);
    check_primaries(zone, transfer, loaded);
}

void check_state_folder(LoadedSnapshot& loaded) {
    const std::string folder = state_folder(loaded.config);
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
    Complaints(loaded, loaded.config.server.place_of("state_directory"))
        .add(fmt::format(
                 "state_directory: others than its owner may write to {} (mode {:04o}), and so put "
                 "zones and keys of theirs in place of those kept there; `chmod go-w {}`",
                 folder, info.st_mode & 07777, folder),
             Severity::warning);
}

void complain(LoadedSnapshot& loaded, config::Offset at, std::string_view where,
              const Failure& failure) {
    loaded.may_pass = failure.may_pass && (loaded.may_pass || !has_errors(loaded.problems));
    loaded.problems.push_back(
        loaded.config.problem(at, fmt::format("{}: {}", where, failure.text)));
}

void complain(LoadedSnapshot& loaded, const config::Zone& zone, const Name& apex,
              const Failure& failure) {
    complain(loaded, zone.name.at, fmt::format("zone {}", apex.to_text()), failure);
}

void complain_of_state(LoadedSnapshot& loaded, const Failure& failure) {
    complain(loaded, loaded.config.server.place_of("state_directory"), "state_directory", failure);
}

}  // namespace kith::server
