#include "server/discovery.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/log.hpp"
#include "discovery/dnssd/limits.hpp"
#include "discovery/mdns/record.hpp"
#include "files/file_text.hpp"

namespace kith::server {
namespace {

namespace dnssd = discovery::dnssd;
namespace mdns = discovery::mdns;
namespace fs = std::filesystem;

// What is withdrawn has been said within a second (RFC 6762 §10.1).
constexpr Duration goodbye_patience = 1500ms;

bool same_but_txt(const dnssd::Service& a, const dnssd::Service& b) {
    return a.instance == b.instance && a.type == b.type && a.subtypes == b.subtypes &&
           a.domain == b.domain && a.host == b.host && a.presence == b.presence &&
           a.port == b.port && a.priority == b.priority && a.weight == b.weight &&
           a.family == b.family && a.ifindex == b.ifindex;
}

/// The first line of a small file; empty when there is none.
std::string first_line(const char* path) {
    const auto text = files::FileText::read(path);
    if (!text) return {};
    const std::string_view view = text->view();
    return std::string(view.substr(0, std::min<std::size_t>(view.find('\n'), 64)));
}

}  // namespace

DiscoveryService::DiscoveryService(net::Loop& loop)
    : loop_(loop),
      timer_(loop,
             [this] {
                 session_->on_timer(loop_.now());
                 lookups_->on_timer(loop_.now());
                 settle();
             }),
      watch_(loop, [this] { read_directories(); }) {}

DiscoveryService::~DiscoveryService() = default;

std::string DiscoveryService::apply(const DiscoveryPlan& plan) {
    plan_ = plan;
    if (driver_ != nullptr) {
        driver_->set_interfaces(plan_.interfaces);
        set_reflection();
        read_directories();
        return {};
    }
    engine_ = std::make_unique<mdns::Engine>(mdns::EngineConfig{}, rng_);
    backend_ = std::make_unique<dnssd::MdnsBackend>(*engine_);
    session_ = std::make_unique<dnssd::Session>(rng_);
    session_->add_backend(*backend_);
    lookups_ = std::make_unique<LocalLookups>(
        *session_,
        [this](Time now, dns::NameView name, dns::RrType type) { return known(now, name, type); });
    net::MdnsDriverOptions options;
    options.interfaces = plan_.interfaces;
    options.use_ipv4 = plan_.use_ipv4;
    options.use_ipv6 = plan_.use_ipv6;
    driver_ = std::make_unique<net::MdnsDriver>(loop_, *engine_, std::move(options), [this] {
        take_events();
        arm_timer();
    });
    if (const auto started = driver_->start(); !started) {
        driver_.reset();
        return started.error().text;
    }
    set_reflection();
    if (plan_.publish_host) {
        if (const auto named = backend_->set_host_label(loop_.now(), plan_.host_label); !named) {
            log::write(log::Level::error, "discovery.host_refused",
                       log::kv("why", named.error().text));
        }
        host_wanted_ = host_name_ = backend_->host_name();
    }
    log::write(log::Level::info, "discovery.started", log::kv("host", plan_.host_label),
               log::kv("interfaces", driver_->links().size()),
               log::kv("shared", driver_->is_shared()));
    read_directories();
    return {};
}

LocalKnowledge DiscoveryService::known(Time now, dns::NameView name, dns::RrType type) const {
    LocalKnowledge out;
    std::set<mdns::InterfaceId> heard;
    engine_->for_each_known(
        now, name, dns::RrType::ANY, mdns::any_interface, [&](const mdns::KnownRecord& known) {
            const bool is_ours = known.source.address.family() == IpFamily::none;
            if (is_ours && known.is_unique) out.holder = LocalKnowledge::Holder::ours;
            const bool is_asked = type == dns::RrType::ANY || known.record.type == type;
            const bool is_denied = known.is_unique && known.record.type == dns::RrType::NSEC &&
                                   mdns::nsec_denies(known.record.rdata, type);
            if (is_asked || is_denied) heard.insert(known.interface);
            if (is_asked && out.records.size() < local_records_max)
                out.records.emplace(known.record.rdata, known.record.ttl);
        });
    for (const auto& [index, link] : driver_->links())
        out.silent_links += heard.contains(index) ? 0 : 1;
    return out;
}

void DiscoveryService::set_reflection() {
    if (plan_.reflect.rules.empty()) {
        driver_->set_reflector(nullptr);
        reflector_.reset();
        return;
    }
    if (reflector_ != nullptr) return reflector_->set_policy(plan_.reflect);
    reflector_ = std::make_unique<discovery::reflector::Reflector>(plan_.reflect, rng_);
    driver_->set_reflector(reflector_.get());
    log::write(log::Level::info, "discovery.reflecting",
               log::kv("rules", plan_.reflect.rules.size()));
}

void DiscoveryService::settle() {
    if (driver_ == nullptr) return;
    take_events();
    driver_->flush();
    arm_timer();
}

void DiscoveryService::arm_timer() {
    std::optional<Time> next = session_->next_deadline();
    if (const auto lookup = lookups_->next_deadline(); lookup && (!next || *lookup < *next))
        next = lookup;
    if (next) {
        timer_.arm(*next);
    } else {
        timer_.cancel();
    }
}

void DiscoveryService::take_events() {
    if (session_ == nullptr || taking_events_) return;
    taking_events_ = true;
    note_links();
    session_->pump(loop_.now());
    note_host_name();
    while (const auto event = session_->poll_event()) {
        if (!lookups_->on_event(loop_.now(), *event)) on_register_event(*event);
    }
    lookups_->on_settled(loop_.now());
    taking_events_ = false;
}

void DiscoveryService::note_links() {
    const std::uint64_t changes = driver_ == nullptr ? 0 : driver_->link_changes();
    if (changes == links_seen_) return;
    links_seen_ = changes;
    lookups_->on_links_changed();
}

/// Tells when another host made this one take another name, or left it the one it wants.
void DiscoveryService::note_host_name() {
    const dns::Name name = backend_->host_name();
    if (name == host_name_ || host_wanted_.is_root()) return;
    host_name_ = name;
    log::write(name == host_wanted_ ? log::Level::info : log::Level::warning,
               "discovery.host_renamed", log::kv("wanted", host_wanted_.to_text()),
               log::kv("name", name.to_text()));
}

void DiscoveryService::on_register_event(const dnssd::Event& event) {
    const auto offered = std::ranges::find(offered_, event.operation, &Offered::operation);
    if (offered == offered_.end()) return;
    if (const auto* failure = std::get_if<dnssd::Failure>(&event.what)) {
        offered->registered_as.clear();
        log::write(log::Level::error, "discovery.service_failed", log::kv("why", failure->text));
        return;
    }
    const auto* registered = std::get_if<dnssd::RegisterResult>(&event.what);
    if (registered == nullptr) return;
    std::string name = registered->name.to_text();
    // It is told again whenever a link that came up, or one after a sleep, was asked for the name.
    if (name == offered->registered_as) return;
    log::write(registered->renamed ? log::Level::warning : log::Level::info,
               registered->renamed ? "discovery.service_renamed" : "discovery.service_registered",
               log::kv("name", name));
    offered->registered_as = std::move(name);
}

void DiscoveryService::look_up(const LocalQuestion& question, LocalReply reply) {
    if (driver_ == nullptr) {
        return reply(question.token, std::make_shared<const cache::Answer>(cache::Answer::failure(
                                         question.name, question.type, dns::RrClass::IN)));
    }
    loop_.update_now();
    note_links();
    lookups_->ask(loop_.now(), question, std::move(reply));
    settle();
}

dnssd::Specifiers DiscoveryService::specifiers() const {
    dnssd::Specifiers out;
    out.host = plan_.host_label;
    out.machine_id = first_line("/etc/machine-id");
    out.boot_id = first_line("/proc/sys/kernel/random/boot_id");
    std::erase(out.boot_id, '-');
    utsname system{};
    if (::uname(&system) == 0) {
        out.kernel = system.release;
        out.architecture = system.machine;
    }
    return out;
}

void DiscoveryService::read_file(const std::string& path, std::vector<Service>& services,
                                 FileStates& files) {
    files[path] = file_state(path);
    const auto text = files::FileText::read(path, dnssd::service_file_bytes_max);
    if (!text) {
        log::write(log::Level::warning, "discovery.file_unreadable", log::kv("why", text.error()));
        return;
    }
    dnssd::ServiceFile read = dnssd::read_service_file(text->view(), path, specifiers());
    for (const Problem& problem : read.problems) {
        const bool error = problem.severity == Severity::error;
        log::write(error ? log::Level::error : log::Level::warning,
                   error ? "discovery.file_refused" : "discovery.file_warning",
                   log::kv("text", problem.to_text()));
    }
    services.insert(services.end(), std::make_move_iterator(read.services.begin()),
                    std::make_move_iterator(read.services.end()));
}

void DiscoveryService::read_directories() {
    std::vector<Service> services = plan_.services;
    FileStates files;
    for (const std::string& directory : plan_.directories) {
        files[directory] = file_state(directory);  // its time of change tells of new files
        std::vector<std::string> paths;
        std::error_code ignored;
        for (fs::directory_iterator at(directory, ignored), end; !ignored && at != end;
             at.increment(ignored)) {
            const std::string path = at->path().string();
            if (path.ends_with(".service") || path.ends_with(".dnssd")) paths.push_back(path);
        }
        std::ranges::sort(
            paths);  // the same order at every start: who gets a name and who "name (2)"
        if (paths.size() > dnssd::service_files_max) {
            log::write(log::Level::warning, "discovery.too_many_files",
                       log::kv("folder", directory), log::kv("read", dnssd::service_files_max));
            paths.resize(dnssd::service_files_max);
        }
        for (const std::string& path : paths) read_file(path, services, files);
    }
    watch_.set_files(std::move(files));
    offer(std::move(services));
}

void DiscoveryService::offer(std::vector<Service> wanted) {
    const Time now = loop_.update_now();
    std::vector<Offered> next;
    for (Service& service : wanted) {
        const auto same = std::ranges::find_if(offered_, [&](const Offered& old) {
            return old.operation != 0 && same_but_txt(old.service, service);
        });
        if (same == offered_.end()) {
            next.push_back({std::move(service), 0, {}});
            continue;
        }
        if (same->service.txt != service.txt) {
            [[maybe_unused]] const auto done =
                session_->update_txt(now, same->operation, service.txt);
        }
        next.push_back({std::move(service), std::exchange(same->operation, 0),
                        std::move(same->registered_as)});
    }
    for (const Offered& old : offered_) {
        if (old.operation != 0) session_->cancel(now, old.operation);
    }
    offered_ = std::move(next);
    for (Offered& offered : offered_) {
        if (offered.operation != 0) continue;
        const auto started = session_->start_register(now, offered.service);
        if (started) {
            offered.operation = *started;
        } else {
            log::write(log::Level::error, "discovery.service_refused",
                       log::kv("why", started.error().text));
        }
    }
    settle();
}

void DiscoveryService::stop() {
    if (driver_ == nullptr) return;
    watch_.set_files({});
    lookups_->fail_all(loop_.update_now());
    engine_->shut_down(loop_.now());
    driver_->flush();
    const Time deadline = loop_.now() + goodbye_patience;
    while (!engine_->is_quiet() && loop_.now() < deadline) loop_.turn(deadline - loop_.now());
    timer_.cancel();
    offered_.clear();
    driver_.reset();
    reflector_.reset();
}

void DiscoveryService::log_counters() const {
    if (driver_ == nullptr) return;
    const mdns::EngineStats& stats = engine_->stats();
    const net::MdnsDriverStats sockets = driver_->stats();
    log::write(log::Level::info, "discovery.counted", log::kv("packets_in", stats.packets_in),
               log::kv("packets_out", stats.packets_out), log::kv("malformed", stats.malformed),
               log::kv("off_link", stats.ignored_off_link), log::kv("echoes", stats.echoes),
               log::kv("conflicts", stats.conflicts), log::kv("renames", stats.renames),
               log::kv("cache_added", stats.cache_added),
               log::kv("cache_evicted", stats.cache_evicted), log::kv("lookups", lookups_->size()),
               log::kv("send_failures", sockets.send_failures),
               log::kv("dropped", sockets.packets_dropped));
    if (reflector_ == nullptr) return;
    const discovery::reflector::ReflectorStats& reflected = reflector_->stats();
    log::write(log::Level::info, "discovery.reflected", log::kv("packets_in", reflected.packets_in),
               log::kv("packets_out", reflected.packets_out),
               log::kv("malformed", reflected.malformed), log::kv("off_link", reflected.off_link),
               log::kv("echoes", reflected.echoes), log::kv("filtered", reflected.filtered),
               log::kv("link_local", reflected.link_local), log::kv("limited", reflected.limited),
               log::kv("unasked", reflected.unasked), log::kv("oversize", reflected.oversize),
               log::kv("legacy_queries", reflected.legacy_queries),
               log::kv("legacy_replies", reflected.legacy_replies),
               log::kv("legacy_dropped", reflected.legacy_dropped));
}

}  // namespace kith::server
