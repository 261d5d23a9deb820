#include "server/server.hpp"

#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "base/log.hpp"
#include "config/restart.hpp"
#include "net/interfaces.hpp"
#include "server/limits.hpp"
#include "server/service_manager.hpp"
#include "server/short_turns.hpp"
#include "zone/chunk.hpp"

// Of the linker: where the program's code, which nothing writes to, begins and ends.
extern "C" const char __executable_start;
extern "C" const char etext;

namespace kith::server {
namespace {

// Replaced snapshots are looked at again until no worker holds them.
constexpr Duration collect_interval = 200ms;

/// Large zones on huge pages: a lookup among a million names takes two thirds of the time. Only asked
/// for: without support everything works on small pages.
void ask_for_huge_pages(void* at, std::size_t bytes) { ::madvise(at, bytes, MADV_HUGEPAGE); }

/// The code that only starting needs (configuration, command line) leaves this process's memory: it
/// stays in the page cache, and whatever runs again comes back from there by itself.
void let_go_of_start_code() {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto from =
        (reinterpret_cast<std::uintptr_t>(&__executable_start) + page - 1) & ~(page - 1);
    const auto to = reinterpret_cast<std::uintptr_t>(&etext) & ~(page - 1);
    if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

sigset_t handled_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) ::sigaddset(&set, signal);
    return set;
}

void log_problems(const Problems& problems) {
    for (const Problem& problem : problems) {
        const log::Level level =
            problem.severity == Severity::error ? log::Level::error : log::Level::warning;
        log::write(level, problem.severity == Severity::error ? "config.error" : "config.warning",
                   log::kv("text", problem.to_text()));
    }
}

std::size_t worker_count(const config::ServerSection& server) {
    if (server.workers != 0) return server.workers;
    return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

Server::Server(ConfigSource source, Overrides overrides)
    : loader_(std::move(source), std::move(overrides), rng_),
      records_(loop_, rng_,
               {[this] { return published_ == nullptr ? nullptr : published_->current(); },
                [this](SnapshotPtr snapshot) { publish_version(std::move(snapshot)); },
                [this](std::size_t worker, std::vector<UpdateReply>&& replies) {
                    workers_[worker]->deliver(std::move(replies));
                },
                [this](const Endpoint& endpoint) { return is_own(endpoint); }}),
      watch_(loop_, [this] { reload("file changed"); }),
      discovery_(loop_),
      collect_timer_(loop_,
                     [this] {
                         const ShortTurns short_turns;
                         collect();
                     }),
      wake_timer_(loop_,
                  [this] {
                      const ShortTurns short_turns;  // a zone that was replaced whole goes here
                      for (const auto& worker : workers_) worker->snapshot_published();
                      collect();
                  }),
      retry_timer_(loop_, [this] { reload("tried again"); }) {}

Server::~Server() {
    if (signals_) loop_.unwatch(signals_.get());
    workers_.clear();  // their snapshots go first, and on this thread
}

void Server::block_signals() {
    const sigset_t set = handled_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

Problems Server::start() {
    zone::set_huge_chunk_hook(ask_for_huge_pages);
    const Time begin = loop_.update_now();
    LoadedSnapshot loaded = loader_.load();
    records_.complete(loaded);
    config_ = std::move(loaded.config);
    Problems problems = std::move(loaded.problems);
    if (loaded.snapshot == nullptr) return problems;
    log::threshold = config_.server.log_level;
    published_ = std::make_unique<PublishedSnapshot>(loaded.snapshot);
    records_.announce();
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(loop_.update_now() - begin);
    log::write(log::Level::info, "config.loaded",
               log::kv("zones", loaded.snapshot->answer.zones.size()),
               log::kv("records", loaded.record_count),
               log::kv("rewrites", loaded.snapshot->answer.rewrites.size()),
               log::kv("took_ms", took.count()));
    const std::size_t count = worker_count(config_.server);
    for (std::size_t i = 0; i < count; ++i) {
        ControlPort port = records_.port(i);
        port.on_local = [this, i](LocalQuestion question) {
            loop_.post([this, i, question = std::move(question)] {
                discovery_.look_up(
                    question,
                    [this, i](std::uint64_t token, std::shared_ptr<const cache::Answer> answer) {
                        workers_[i]->deliver_local(token, std::move(answer));
                    });
            });
        };
        workers_.push_back(std::make_unique<Worker>(*published_, count, std::move(port)));
    }
    open_endpoints(problems);
    watch_files(loaded.files);
    discovery_plan_ = std::move(loaded.discovery);
    return problems;
}

void Server::open_endpoints(Problems& problems) {
    for (const Endpoint& wanted : config_.server.listen_endpoints()) {
        const auto unused = net::check_unused(wanted);
        if (!unused) problems.push_back({config_.file, 0, 0, unused.error().text, Severity::error});
    }
    if (has_errors(problems)) return;
    for (const Endpoint& wanted : config_.server.listen_endpoints()) {
        Endpoint local = wanted;  // after the first worker with the port the kernel chose for 0
        for (const auto& worker : workers_) {
            const auto listened = worker->listen(local);
            if (!listened) {
                problems.push_back({config_.file, 0, 0, listened.error().text, Severity::error});
                break;
            }
            local = *listened;
        }
        endpoints_.push_back(local);
    }
}

void Server::run() {
    let_go_of_start_code();
    const sigset_t set = handled_signals();
    signals_ = net::Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    KITH_CHECK(signals_);
    loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { on_signal(); });
    for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->start(static_cast<int>(i));
    yield_to_workers();
    for (const Endpoint& endpoint : endpoints_)
        log::write(log::Level::info, "server.listening", log::kv("address", endpoint.to_text()));
    notify_service_manager(
        fmt::format("READY=1\nSTATUS=Serving on {}",
                    endpoints_.empty() ? "nothing" : endpoints_.front().to_text()));
    apply_discovery(discovery_plan_);
    loop_.run();
    notify_service_manager("STOPPING=1");
    discovery_.stop();
    for (const auto& worker : workers_) worker->stop();
    log::write(log::Level::info, "server.stopped");
}

void Server::on_signal() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
            case SIGHUP: reload("SIGHUP"); break;
            case SIGUSR1: log_counters(); break;
            default: loop_.stop(); break;
        }
    }
}

void Server::reload(std::string_view why) {
    notify_reloading();
    const ShortTurns short_turns;
    const Time begin = loop_.update_now();
    LoadedSnapshot loaded = loader_.load();
    records_.complete(loaded);
    watch_files(loaded.files);
    log_problems(loaded.problems);
    retry_timer_.cancel();
    if (loaded.snapshot == nullptr) return refuse(why, loaded);
    retry_wait_ = {};
    report_needs_restart(loaded.config);
    const std::size_t zones = loaded.snapshot->answer.zones.size();
    const std::size_t records = loaded.record_count;
    apply_discovery(loaded.discovery);
    publish(std::move(loaded));
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(loop_.update_now() - begin);
    // Only now: whoever reads it may ask at once.
    log::write(log::Level::info, "config.reloaded", log::kv("why", why), log::kv("zones", zones),
               log::kv("records", records), log::kv("took_ms", took.count()));
    notify_service_manager("READY=1\nSTATUS=Serving");
}

void Server::refuse(std::string_view why, const LoadedSnapshot& loaded) {
    log::write(log::Level::error, "config.refused", log::kv("why", why),
               log::kv("effect", std::string_view("what was served before is served on")));
    notify_service_manager("READY=1\nSTATUS=Serving; the last reload was refused, see the log");
    if (!loaded.may_pass) return;
    // The edit is good: a disk that is full or locked now may have room later, and nobody would ask again.
    retry_wait_ = std::clamp(retry_wait_ * 2, reload_retry_least, reload_retry_most);
    retry_timer_.arm(loop_.update_now() + retry_wait_);
}

void Server::publish(LoadedSnapshot loaded) {
    config_ = std::move(loaded.config);
    log::threshold = config_.server.log_level;
    published_->publish(std::move(loaded.snapshot));
    for (const auto& worker : workers_) worker->snapshot_published();
    collect();
    records_.announce();
}

/// One more version of some zones. Workers see it with their next packet; those without one are woken
/// now and then.
void Server::publish_version(SnapshotPtr snapshot) {
    published_->publish(std::move(snapshot));
    if (!wake_timer_.armed()) wake_timer_.arm(loop_.now() + wake_interval);
}

bool Server::is_own(const Endpoint& endpoint) const {
    return std::ranges::any_of(endpoints_, [&endpoint](const Endpoint& own) {
        if (own.port != endpoint.port) return false;
        if (own.address == endpoint.address) return true;
        const bool wildcard =
            std::ranges::all_of(own.address.bytes(), [](std::uint8_t byte) { return byte == 0; });
        if (!wildcard) return false;
        const std::vector<IpAddress> mine = net::local_addresses();
        return std::ranges::find(mine, endpoint.address) != mine.end();
    });
}

void Server::collect() {
    if (published_->collect() != 0) collect_timer_.arm(loop_.update_now() + collect_interval);
}

void Server::watch_files(const FileStates& files) {
    watch_.set_files(config_.server.hot_reload ? files : FileStates{});
}

void Server::report_needs_restart(const config::Config& next) const {
    for (const std::string& key : config::restart_needed(config_.server, next.server)) {
        log::write(log::Level::warning, "config.restart_needed", log::kv("setting", key));
    }
}

/// Follows the config. A responder that is no longer wanted says goodbye.
void Server::apply_discovery(const std::optional<DiscoveryPlan>& plan) {
    if (!plan) return discovery_.stop();
    const std::string complaint = discovery_.apply(*plan);
    if (!complaint.empty())
        log::write(log::Level::error, "discovery.not_started", log::kv("why", complaint));
}

void Server::log_counters() {
    discovery_.log_counters();
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        workers_[i]->inspect([i](const Worker& worker) {
            const resolve::ForwarderStats& forwarder = worker.forwarder().stats();
            const cache::CacheStats& cache = worker.cache().stats();
            const answer::AnswerCounters& answers = worker.counters();
            log::write(log::Level::info, "worker.counted", log::kv("worker", i),
                       log::kv("udp", answers.queries[0].get()),
                       log::kv("tcp", answers.queries[1].get()),
                       log::kv("silent", answers.silent.get()),
                       log::kv("malformed", answers.malformed.get()),
                       log::kv("nxdomain", answers.rcodes[3].get()),
                       log::kv("servfail", answers.rcodes[2].get()),
                       log::kv("refused", answers.rcodes[5].get()),
                       log::kv("cache_entries", worker.cache().size()),
                       log::kv("cache_bytes", worker.cache().bytes()),
                       log::kv("cache_hits", cache.hits), log::kv("cache_misses", cache.misses),
                       log::kv("forwarded", forwarder.sent_udp + forwarder.sent_tcp),
                       log::kv("upstream_timeouts", forwarder.timeouts),
                       log::kv("near_misses", forwarder.near_misses),
                       log::kv("tcp_clients", worker.tcp().client_count()),
                       log::kv("tcp_evicted", worker.tcp().counters().evicted),
                       log::kv("transfers_sent", worker.transfers().counters().sent),
                       log::kv("transfers_cut", worker.transfers().counters().cut));
        });
    }
}

}  // namespace kith::server
