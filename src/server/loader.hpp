#pragma once
// Loader: from files to a snapshot. All that `check`, start and reload do with config and zone
// files is this one path, so that what `check` says is what `serve` does.

#include <map>
#include <optional>
#include <string>

#include "base/rng.hpp"
#include "config/load.hpp"
#include "server/discovery_plan.hpp"
#include "server/file_state.hpp"
#include "server/snapshot.hpp"

namespace kith::server {

/// What the command line says over the config file.
struct Overrides {
    std::optional<IpAddress> host;
    std::optional<std::uint16_t> port;
    std::optional<std::uint32_t> workers;
    std::optional<log::Level> log_level;
    std::optional<std::string> nsid;
    bool no_cache = false;
};

/// Where the config comes from.
struct ConfigSource {
    std::string file;  // path, and name in problems
    std::string text;  // used in place of the file's content when `embedded`
    bool embedded = false;
    config::HickoryOverrides hickory{};  // for a configuration of trust-dns
};

/// A zone of the configuration and what its file and records say.
struct LoadedZone {
    dns::Name apex;
    std::size_t index = 0;  // in config::Config::zones
    zone::ZonePtr zone;     // null: a secondary's
};

struct LoadedSnapshot {
    std::shared_ptr<Snapshot> snapshot;  // null when there is an error among the problems
    std::vector<LoadedZone> zones;
    config::Config config;  // as read, overrides applied; for its settings
    Problems problems;      // of the config, its zones and its upstreams
    FileStates files;       // everything that was read or looked for
    std::size_t record_count = 0;
    std::optional<DiscoveryPlan> discovery;
    bool may_pass = false;  // nothing is wrong but with the state directory now: worth another try
};

/// Keeps the zones of the last successful load, so that a zone file that has not changed is not
/// read again. Not thread-safe; zones are built and freed on its thread.
class Loader {
public:
    Loader(ConfigSource source, Overrides overrides, Rng& rng);

    LoadedSnapshot load();

private:
    struct ZoneFile {
        zone::ZonePtr zone;
        FileStates files;   // the zone file and what it includes
        Problems problems;  // its warnings
    };
    struct Work;

    zone::ZonePtr load_zone(Work& work, const config::PlannedZone& planned);
    ZoneFile load_zone_file(Work& work, const config::PlannedZone& planned);
    void apply_overrides(config::Config& config) const;
    std::vector<Endpoint> upstreams(Work& work) const;
    answer::AnswerOptions answer_options(const Work& work) const;
    resolve::ForwardConfig forward_config(Work& work) const;

    ConfigSource source_;
    Overrides overrides_;
    answer::CookieSecrets cookies_;
    resolve::ForwardConfig last_forward_;
    cache::CacheLimits last_cache_;
    std::uint64_t forwarding_version_ = 0;
    std::map<std::string, ZoneFile> zones_;  // with a file and no records of the config, by apex
};

}  // namespace kith::server
