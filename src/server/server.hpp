#pragma once
// Server: the control thread. It loads, listens, starts the workers, and then waits for changed
// files and signals until it is told to stop.

#include <atomic>
#include <functional>
#include <iosfwd>
#include <memory>
#include <vector>

#include "server/discovery.hpp"
#include "server/file_watch.hpp"
#include "server/loader.hpp"
#include "server/record_zones.hpp"
#include "server/worker.hpp"

namespace kith::server {

class Server {
public:
    Server(ConfigSource source, Overrides overrides);
    ~Server();

    /// Loads everything and opens all addresses. What is wrong is returned, errors and warnings;
    /// with an error among it the server cannot run. Once.
    Problems start();
    /// The addresses served; after start().
    const std::vector<Endpoint>& endpoints() const { return endpoints_; }
    /// The settings in force; after start().
    const config::Config& config() const { return config_; }

    /// Serves until SIGTERM or SIGINT. SIGHUP reloads, SIGUSR1 logs counters. The signals must be
    /// blocked in all threads: block_signals() before anything starts one.
    void run();

    static void block_signals();

private:
    void open_endpoints(Problems& problems);
    void reload(std::string_view why);
    void refuse(std::string_view why, const LoadedSnapshot& loaded);
    void publish(LoadedSnapshot loaded);
    void publish_version(SnapshotPtr snapshot);
    bool is_own(const Endpoint& endpoint) const;
    void watch_files(const FileStates& files);
    void collect();
    void on_signal();
    void log_counters();
    void apply_discovery(const std::optional<DiscoveryPlan>& plan);
    void report_needs_restart(const config::Config& next) const;

    net::Loop loop_;
    net::SystemRng rng_;
    Loader loader_;
    config::Config config_;
    std::unique_ptr<PublishedSnapshot> published_;
    RecordZones records_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<Endpoint> endpoints_;
    FileWatch watch_;
    DiscoveryService discovery_;
    std::optional<DiscoveryPlan> discovery_plan_;
    net::Timer collect_timer_;
    net::Timer wake_timer_;
    net::Timer retry_timer_;  // of a reload
    Duration retry_wait_{};
    net::Descriptor signals_;
};

}  // namespace kith::server
