#include "server/loader.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "config/limits.hpp"
#include "discovery/dnssd/enumeration.hpp"
#include "files/file_text.hpp"
#include "net/interfaces.hpp"
#include "resolve/limits.hpp"
#include "resolve/resolv_conf.hpp"
#include "zone/change.hpp"
#include "zone/zone_file_load.hpp"

namespace kith::server {
namespace {

using config::Plan;
using config::PlannedRecord;
using config::PlannedZone;
using config::RecordList;
namespace fs = std::filesystem;

void append(Problems& to, Problems&& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// Problems of zones built from the config, at the places of their records.
void report(const config::Config& config, const RecordList& records, const zone::BuiltZone& built,
            Problems& problems) {
    for (const zone::ZoneProblem& problem : built.problems) {
        const config::Offset at = problem.tag < records.size() ? records[problem.tag].at : 0;
        const Severity severity =
            zone::is_harmless(problem.fault) ? Severity::warning : Severity::error;
        problems.push_back(config.problem(
            at,
            fmt::format("{} {}: {}", problem.owner.to_text(), dns::type_name(problem.type),
                        zone::fault_text(problem.fault)),
            severity));
    }
    if (built.problems_left_out != 0) {
        problems.push_back(
            config.problem(0, fmt::format("and {} more of the same kind", built.problems_left_out),
                           Severity::warning));
    }
}

void add_records(zone::ZoneBuilder& builder, const RecordList& records,
                 const config::Config& config, Problems& problems) {
    for (std::size_t i = 0; i < records.size(); ++i) {
        const PlannedRecord record = records[i];
        const auto added = builder.add(record.owner, record.type, record.ttl, record.rdata,
                                       static_cast<std::uint32_t>(i));
        if (!added) {
            problems.push_back(config.problem(
                record.at,
                fmt::format("{} {}: {}", record.owner.to_text(), dns::type_name(record.type),
                            zone::fault_text(added.error()))));
        } else if (record.match == config::Match::one_label) {
            builder.set_one_label_wildcard(record.owner);
        }
    }
}

/// The records that lie in no zone, held together by a root that owns nothing.
zone::ZonePtr build_overlay(const Plan& plan, const config::Config& config, Problems& problems) {
    if (plan.overlay.empty()) return nullptr;
    static constexpr std::array<std::uint8_t, 22> soa{};  // two root names and five zeros
    zone::ZoneBuilder builder{dns::NameView()};
    add_records(builder, plan.overlay, config, problems);
    const auto added = builder.add(dns::NameView(), dns::RrType::SOA, 0, soa);
    KITH_CHECK(added.has_value());
    zone::BuiltZone built = builder.finish();
    report(config, plan.overlay, built, problems);
    return std::move(built.zone);
}

answer::RewriteRule rewrite_rule(const config::PlannedRewrite& planned) {
    answer::RewriteRule rule;
    switch (planned.action) {
        case config::RewriteAction::nxdomain: rule.action = answer::RewriteAction::nxdomain; break;
        case config::RewriteAction::redirect: rule.action = answer::RewriteAction::redirect; break;
    }
    switch (planned.reach) {
        case config::Reach::name: rule.reach = answer::RewriteReach::exact; break;
        case config::Reach::one_label: rule.reach = answer::RewriteReach::one_label; break;
        case config::Reach::any_depth: rule.reach = answer::RewriteReach::any_depth; break;
    }
    for (const IpAddress& address : planned.addresses) {
        if (address.is_v4() && !rule.v4)
            std::ranges::copy(address.bytes(), rule.v4.emplace().begin());
        if (address.is_v6() && !rule.v6)
            std::ranges::copy(address.bytes(), rule.v6.emplace().begin());
    }
    return rule;
}

std::string hostname() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string next_to(const std::string& file, const std::string& path) {
    return (fs::path(file).parent_path() / path).string();
}

}  // namespace

/// One load under way.
struct Loader::Work {
    LoadedSnapshot out;
    Plan plan;
    std::vector<zone::ZonePtr> zones;
    std::map<std::string, ZoneFile> kept;
};

Loader::Loader(ConfigSource source, Overrides overrides, Rng& rng)
    : source_(std::move(source)), overrides_(std::move(overrides)) {
    for (std::uint8_t& byte : cookies_.current) byte = static_cast<std::uint8_t>(rng.next());
}

LoadedSnapshot Loader::load() {
    Work work;
    const auto take = [&work](config::Checked&& checked) {
        work.out.config = std::move(checked.config);
        work.plan = std::move(checked.plan);
        work.out.problems = std::move(checked.problems);
    };
    if (!source_.embedded) {
        work.out.files[source_.file] = file_state(source_.file);
        auto text = files::FileText::read(source_.file, config::config_bytes_max);
        if (!text) {
            work.out.problems.push_back({source_.file, 0, 0, text.error(), Severity::error});
            return std::move(work.out);
        }
        take(config::check_config(text->view(), source_.file, source_.hickory));
    } else {
        take(config::check_config(source_.text, source_.file, source_.hickory));
    }
    apply_overrides(work.out.config);
    for (const PlannedZone& planned : work.plan.zones) {
        if (work.out.config.zones[planned.index].is_secondary()) {
            work.out.zones.push_back({planned.apex, planned.index, nullptr});
        } else if (zone::ZonePtr zone = load_zone(work, planned)) {
            work.zones.push_back(zone);
            work.out.zones.push_back({planned.apex, planned.index, std::move(zone)});
        }
    }
    work.out.discovery = plan_discovery(work.out.config, work.out.problems);
    zone::ZonePtr overlay = build_overlay(work.plan, work.out.config, work.out.problems);
    const resolve::ForwardConfig forward = forward_config(work);
    if (has_errors(work.out.problems)) return std::move(work.out);

    auto snapshot = std::make_shared<Snapshot>(answer_options(work));
    snapshot->forward = std::make_shared<const resolve::ForwardConfig>(forward);
    for (const zone::ZonePtr& zone : work.zones) work.out.record_count += zone->record_count();
    work.out.record_count += work.plan.overlay.size();
    snapshot->answer.zones = zone::ZoneSet(std::move(work.zones));
    snapshot->answer.settings().records = std::move(overlay);
    for (const config::PlannedRewrite& planned : work.plan.rewrites) {
        snapshot->answer.settings().rewrites.add(planned.name(), rewrite_rule(planned));
    }
    const config::ServerSection& server = work.out.config.server;
    snapshot->tcp = {server.tcp_clients_max, server.tcp_idle_timeout};
    snapshot->log_queries = server.log_queries;
    snapshot->resolve_local = work.out.discovery && work.out.discovery->resolve_local;
    snapshot->cache = {
        server.cache_enabled ? server.cache_bytes.bytes : 0, server.cache_size,
        static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::seconds>(server.serve_stale).count())};
    if (!(forward == last_forward_ && snapshot->cache == last_cache_)) ++forwarding_version_;
    last_forward_ = forward;
    last_cache_ = snapshot->cache;
    snapshot->forwarding_version = forwarding_version_;
    work.out.snapshot = std::move(snapshot);
    zones_ = std::move(work.kept);
    return std::move(work.out);
}

void Loader::apply_overrides(config::Config& config) const {
    config::ServerSection& server = config.server;
    if (overrides_.host || overrides_.port) {
        // The command line names one address: what `listen` says is set aside.
        const std::vector<Endpoint> listen = server.listen_endpoints();
        if (overrides_.host) {
            server.host = *overrides_.host;
            if (!listen.empty()) server.port = listen.front().port;
            server.listen.clear();
        }
        if (overrides_.port) {
            server.port = *overrides_.port;
            for (Endpoint& endpoint : server.listen) endpoint.port = *overrides_.port;
        }
    }
    if (overrides_.workers) server.workers = *overrides_.workers;
    if (overrides_.log_level) server.log_level = *overrides_.log_level;
    if (overrides_.nsid) server.nsid = *overrides_.nsid;
    if (overrides_.no_cache) server.cache_enabled = false;
}

zone::ZonePtr Loader::load_zone(Work& work, const PlannedZone& planned) {
    const std::string apex = planned.apex.to_text();
    if (planned.file.empty()) {
        zone::ZoneBuilder builder(planned.apex);
        add_records(builder, planned.records, work.out.config, work.out.problems);
        zone::BuiltZone built = builder.finish();
        report(work.out.config, planned.records, built, work.out.problems);
        return std::move(built.zone);
    }
    const auto before = zones_.find(apex);
    const auto unchanged = [](const auto& entry) {
        return file_state(entry.first) == entry.second;
    };
    const bool same = before != zones_.end() &&
                      before->second.files.contains(next_to(source_.file, planned.file)) &&
                      std::ranges::all_of(before->second.files, unchanged);
    ZoneFile loaded = same ? before->second : load_zone_file(work, planned);
    work.out.files.insert(loaded.files.begin(), loaded.files.end());
    Problems problems = loaded.problems;
    append(work.out.problems, std::move(problems));
    if (!loaded.zone) return nullptr;
    work.kept[apex] = loaded;
    if (planned.records.empty()) return loaded.zone;
    zone::ZoneChange change{planned.apex, loaded.zone->serial(), loaded.zone->serial(), {}, {}};
    for (std::size_t i = 0; i < planned.records.size(); ++i) {
        const PlannedRecord record = planned.records[i];
        change.added.push_back({record.owner,
                                record.type,
                                record.ttl,
                                {record.rdata.begin(), record.rdata.end()},
                                {}});
    }
    auto merged = zone::apply_change(loaded.zone, change, zone::file_bounds);
    if (merged) return std::move(*merged);
    const zone::ChangeError& error = merged.error();
    work.out.problems.push_back(work.out.config.problem(
        planned.at,
        fmt::format("zone {}: the records given here do not fit the zone file: {} {}: {}", apex,
                    error.owner.to_text(), dns::type_name(error.type),
                    zone::fault_text(error.fault))));
    return nullptr;
}

Loader::ZoneFile Loader::load_zone_file(Work& work, const PlannedZone& planned) {
    ZoneFile loaded;
    const std::string file = next_to(source_.file, planned.file);
    loaded.files[file] = file_state(file);
    auto text = files::FileText::read(file);
    if (!text) {
        loaded.problems.push_back(work.out.config.problem(
            planned.at, fmt::format("zone {}: {}", planned.apex.to_text(), text.error())));
        return loaded;
    }
    const auto include = [&loaded](
                             std::string_view path,
                             std::string_view from) -> Result<zone::IncludedFile, std::string> {
        const std::string name = next_to(std::string(from), std::string(path));
        loaded.files[name] = file_state(name);
        auto included = files::FileText::read(name);
        if (!included) return std::unexpected(included.error());
        return zone::IncludedFile{name, std::string(included->view())};
    };
    zone::LoadOptions options;
    options.file = file;
    options.apex = planned.apex;
    zone::LoadResult result = zone::load_zone(text->view(), options, include);
    loaded.zone = std::move(result.zone);
    append(loaded.problems, std::move(result.problems));
    return loaded;
}

std::vector<Endpoint> Loader::upstreams(Work& work) const {
    const config::ServerSection& server = work.out.config.server;
    if (server.resolv_conf.empty()) return server.upstream_endpoints();
    const std::string file = next_to(source_.file, server.resolv_conf);
    work.out.files[file] = file_state(file);
    const auto text = files::FileText::read(file, resolve::resolv_conf_bytes_max);
    if (!text) {
        // Often it only appears later, with the network; it is watched.
        work.out.problems.push_back(work.out.config.problem(server.place_of("resolv_conf"),
                                                            text.error(), Severity::warning));
        return server.upstream_endpoints();
    }
    const std::vector<Endpoint> found = resolve::parse_resolv_conf(text->view()).upstreams;
    return found.empty() ? server.upstream_endpoints() : found;
}

resolve::ForwardConfig Loader::forward_config(Work& work) const {
    const config::ServerSection& server = work.out.config.server;
    resolve::ForwardConfig forward;
    forward.own_endpoints = server.listen_endpoints();
    forward.local_addresses = net::local_addresses();
    if (std::vector<Endpoint> upstream = upstreams(work); !upstream.empty()) {
        // Following resolv.conf on a machine that uses us as its resolver would ask ourselves.
        if (!server.resolv_conf.empty()) {
            std::erase_if(upstream, [&](const Endpoint& endpoint) {
                return resolve::is_own_endpoint(forward, endpoint);
            });
        }
        if (!upstream.empty()) forward.routes.push_back({dns::Name(), std::move(upstream)});
    }
    for (const config::PlannedForward& planned : work.plan.forward) {
        forward.routes.push_back({planned.domain, planned.upstream});
    }
    const auto seconds = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(server.cache_ttl).count());
    forward.attempt_timeout = server.upstream_timeout;
    forward.ttl_seconds_max = seconds;
    forward.negative_ttl_seconds_max = std::min(forward.negative_ttl_seconds_max, seconds);
    forward.stale_served = server.serve_stale.count() > 0;
    forward.prefetched = server.prefetch;
    for (Problem& problem : resolve::check_config(forward)) {
        work.out.problems.push_back(
            work.out.config.problem(server.place_of("upstream"), problem.text, problem.severity));
    }
    return forward;
}

answer::AnswerOptions Loader::answer_options(const Work& work) const {
    const config::ServerSection& server = work.out.config.server;
    answer::AnswerOptions options;
    options.nsid = server.nsid;
    options.version = server.version.empty()     ? "kith " KITH_VERSION
                      : server.version == "none" ? ""
                                                 : server.version;
    options.hostname = hostname();
    options.udp_payload_bytes_max = server.udp_payload_max;
    options.cookies = cookies_;
    options.tcp_idle_timeout = server.tcp_idle_timeout;
    options.forwarding =
        !server.upstream.empty() || !server.resolv_conf.empty() || !work.plan.forward.empty();
    // Who asks for names elsewhere through us: never the whole Internet unless told so.
    options.forward_clients =
        server.forward_clients.empty() ? net::on_link_prefixes() : server.forward_clients;
    for (const config::PlannedForward& planned : work.plan.forward)
        options.forward_names.push_back(planned.domain);
    if (work.out.discovery && work.out.discovery->resolve_local) {
        // The forwarding stage hands them to the link (WorkerForwardPort), never to a server.
        options.forwarding = true;
        for (const dns::NameView name : discovery::dnssd::link_local_domains())
            options.forward_names.push_back(dns::Name(name));
    }
    return options;
}

}  // namespace kith::server
