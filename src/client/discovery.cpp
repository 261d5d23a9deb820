#include "client/discovery.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "client/limits.hpp"
#include "client/unicast_driver.hpp"
#include "discovery/dnssd/mdns_backend.hpp"
#include "discovery/dnssd/session.hpp"
#include "dns/rdata.hpp"
#include "net/mdns_driver.hpp"
#include "net/socket_address.hpp"
#include "net/system.hpp"

namespace kith::client {

namespace dnssd = discovery::dnssd;
namespace mdns = discovery::mdns;

namespace {

std::string without_dot(std::string text) {
    if (text.size() > 1 && text.ends_with('.')) text.pop_back();
    return text;
}

dns::Text<dns::Name> read_domain(std::string_view text) {
    if (text.empty()) return dns::Name(dnssd::local_domain());
    auto name = dns::Name::from_text(text);
    if (!name) return std::unexpected(dns::TextError{fmt::format("'{}' is no domain: {}", printable(text), name.error().text), name.error().position});
    return *name;
}

ServiceName from(const dnssd::InstanceName& name) { return {name.instance, name.type.to_text(), without_dot(name.domain.to_text())}; }

dns::Text<dnssd::InstanceName> read_name(const ServiceName& name) {
    dnssd::InstanceName out;
    out.instance = name.instance;
    KITH_TRY(out.type, dnssd::ServiceType::from_text(name.type));
    KITH_TRY(out.domain, read_domain(name.domain));
    return out;
}

Address from(const dnssd::ScopedAddress& at) {
    Address out;
    out.family = at.address.is_v4() ? Family::ipv4 : Family::ipv6;
    std::ranges::copy(at.address.bytes(), out.bytes.begin());
    if (at.address.is_v6() && at.address.is_link_local()) out.interface = at.ifindex;
    return out;
}

IpAddress to_ip(const Address& address) {
    return *IpAddress::from_bytes({address.bytes.data(), address.family == Family::ipv4 ? 4U : 16U});
}

Target from(const dnssd::Srv& srv) { return {without_dot(srv.target.to_text()), srv.port, srv.priority, srv.weight}; }

std::vector<TxtPair> from(const dnssd::Txt& txt) {
    std::vector<TxtPair> out;
    for (const dnssd::TxtEntry& entry : txt.entries()) out.push_back({entry.key, entry.value});
    return out;
}

dns::Text<std::vector<std::uint8_t>> txt_rdata(const std::vector<TxtPair>& pairs) {
    dnssd::Txt txt;
    for (const TxtPair& pair : pairs) {
        std::optional<std::string_view> value;
        if (pair.value) value = *pair.value;
        KITH_TRY_VOID(txt.set(pair.key, value));
    }
    return txt.to_rdata();
}

dnssd::Scope from(Scope scope) {
    const IpFamily family = scope.family == Family::ipv4 ? IpFamily::v4 : scope.family == Family::ipv6 ? IpFamily::v6 : IpFamily::none;
    return {scope.interface, family};
}

Change from(dnssd::Change change) {
    switch (change) {
        case dnssd::Change::added: return Change::added;
        case dnssd::Change::changed: return Change::changed;
        case dnssd::Change::removed: return Change::removed;
    }
    return Change::added;
}

/// The first label of the machine's host name.
std::string this_host() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0) return "host";
    const std::string_view text(name);
    const std::string label(text.substr(0, text.find('.')));
    return label.empty() ? "host" : label.substr(0, dns::label_bytes_max);
}

/// The first name server of a resolv.conf (resolv.conf(5)).
std::optional<Endpoint> first_server(const char* file) {
    std::ifstream in(file);
    std::string line;
    for (std::size_t read = 0; read < resolv_conf_bytes_max && std::getline(in, line); read += line.size() + 1) {
        std::string_view text = line;
        constexpr std::string_view key = "nameserver";
        if (!text.starts_with(key)) continue;
        text.remove_prefix(key.size());
        const std::size_t begin = text.find_first_not_of(" \t");
        if (begin == 0 || begin == std::string_view::npos) continue;
        text = text.substr(begin, text.find_first_of(" \t#;", begin) - begin);
        if (const auto endpoint = Endpoint::from_text(text, 53)) return endpoint;
    }
    return std::nullopt;
}

std::string_view kind_word(mdns::Trace::Kind kind) {
    using Kind = mdns::Trace::Kind;
    switch (kind) {
        case Kind::received: return "received";
        case Kind::sent: return "sent";
        case Kind::ignored: return "ignored";
        case Kind::echo: return "echo";
        case Kind::conflict: return "conflict";
        case Kind::tie_lost: return "tie-lost";
        case Kind::tie_won: return "tie-won";
        case Kind::renamed: return "renamed";
        case Kind::record_added: return "record-added";
        case Kind::record_removed: return "record-removed";
        case Kind::suppressed: return "suppressed";
        case Kind::limited: return "limited";
    }
    return "";
}

}  // namespace

// ---------------------------------------------------------------- values

std::string ServiceName::to_text() const {
    const auto name = read_name(*this);
    if (name) return name->to_text();
    return fmt::format("{}.{}.{}", dnssd::escape_instance(instance), type, domain);
}

std::optional<ServiceName> ServiceName::from_text(std::string_view text) {
    const auto name = dnssd::InstanceName::from_text(text);
    if (!name) return std::nullopt;
    return from(*name);
}

std::string Address::to_text() const {
    const std::string text = to_ip(*this).to_text();
    return interface == 0 ? text : fmt::format("{}%{}", text, interface);
}

std::uint32_t Address::to_sockaddr(std::uint16_t port, sockaddr_storage& out) const {
    const net::SocketAddress address(Endpoint{to_ip(*this), port, interface});
    std::memset(&out, 0, sizeof out);
    std::memcpy(&out, &address, address.size());
    return address.size();
}

std::optional<std::vector<TxtPair>> parse_txt(const std::vector<std::string>& strings) {
    const auto txt = dnssd::Txt::from_strings(strings);
    if (!txt) return std::nullopt;
    return from(*txt);
}

std::string printable(std::string_view bytes) { return dnssd::printable(bytes); }

// ---------------------------------------------------------------- State

class Discovery::State final : public mdns::Tracer {
public:
    explicit State(const Options& options) : session_timer(loop, [this] { session.on_timer(loop.now()); }) {
        host_label = options.host_name.empty() ? this_host() : options.host_name;
    }

    std::string start(const Options& options);
    void on_trace(const mdns::Trace& trace) override;
    /// After anything was asked of the session: what is to be sent goes out, what is due is noted.
    void settle();
    void dispatch();
    std::string interface_name(std::uint32_t index) const;
    EventHead head_of(const dnssd::Event& event) const;
    /// The time now, also outside of process().
    Time now() { return loop.update_now(); }
    std::string claim_host();

    using Callback = std::function<void(const dnssd::Event&)>;
    static Operation refuse(std::string why);
    /// Takes what a start_...() of the session said, and keeps the callback.
    Operation finish(Discovery& owner, dnssd::Session::Started started, Callback callback);

    net::Loop loop;
    net::SystemRng rng;
    std::unique_ptr<mdns::Engine> engine;
    std::unique_ptr<dnssd::MdnsBackend> multicast;
    std::unique_ptr<net::MdnsDriver> driver;
    std::unique_ptr<dnssd::UnicastBackend> unicast;
    std::unique_ptr<UnicastDriver> unicast_driver;
    dnssd::Session session{rng};
    net::Timer session_timer;
    std::map<std::uint64_t, std::shared_ptr<Callback>> callbacks;
    std::function<void(const MonitorEvent&)> monitor;
    std::vector<MonitorEvent> traces;  // of this turn
    std::string host_label;
    bool host_claimed = false;
    bool dispatching = false;
};

std::string Discovery::State::start(const Options& options) {
    if (options.use_multicast) {
        mdns::EngineConfig config;
        for (const std::string& text : options.multicast_domains) {
            const auto domain = dns::Name::from_text(text);
            if (!domain) return fmt::format("'{}' is no domain: {}", printable(text), domain.error().text);
            config.extra_domains.push_back(*domain);
        }
        engine = std::make_unique<mdns::Engine>(config, rng, this);
        multicast = std::make_unique<dnssd::MdnsBackend>(*engine);
        net::MdnsDriverOptions how;
        how.interfaces = {options.interfaces, options.ignore_interfaces};
        how.use_ipv4 = options.family != Family::ipv6;
        how.use_ipv6 = options.family != Family::ipv4;
        driver = std::make_unique<net::MdnsDriver>(loop, *engine, std::move(how), [this] { session.pump(loop.now()); });
        session.add_backend(*multicast);
        if (const auto started = driver->start(); !started) return started.error().text;
    }
    std::optional<Endpoint> server;
    if (!options.servers.empty()) {
        server = Endpoint::from_text(options.servers.front(), 53);
        if (!server) return fmt::format("'{}' is not a server: expected an IP address, with :port if not 53", printable(options.servers.front()));
    } else {
        server = first_server("/etc/resolv.conf");
    }
    if (server) {
        unicast = std::make_unique<dnssd::UnicastBackend>(*server, std::vector<dns::Name>(), rng);
        unicast_driver = std::make_unique<UnicastDriver>(loop, *unicast, [this] { session.pump(loop.now()); });
        session.add_backend(*unicast);
    }
    if (options.publish_host) return claim_host();
    return {};
}

std::string Discovery::State::claim_host() {
    if (host_claimed || multicast == nullptr) return {};
    const auto done = multicast->set_host_label(now(), host_label);
    if (!done) return done.error().text;
    host_claimed = true;
    return {};
}

void Discovery::State::settle() {
    session.pump(loop.now());
    if (driver) driver->flush();
    if (unicast_driver) unicast_driver->flush();
    const auto next = session.next_deadline();
    if (session.has_events() || !traces.empty()) {
        session_timer.arm(loop.now());  // process() has something to tell
    } else if (next) {
        session_timer.arm(*next);
    } else {
        session_timer.cancel();
    }
}

std::string Discovery::State::interface_name(std::uint32_t index) const {
    if (index == 0) return {};
    if (driver) {
        if (std::string name = driver->interface_name(index); !name.empty()) return name;
    }
    char name[IF_NAMESIZE] = {};
    return ::if_indextoname(index, name) != nullptr ? name : fmt::format("{}", index);
}

EventHead Discovery::State::head_of(const dnssd::Event& event) const {
    EventHead out;
    out.change = from(event.change);
    out.more_coming = event.more_coming;
    out.interface = {event.ifindex, interface_name(event.ifindex)};
    if (const auto* failure = std::get_if<dnssd::Failure>(&event.what)) out.error = failure->text;
    return out;
}

void Discovery::State::on_trace(const mdns::Trace& trace) {
    if (!monitor) return;
    MonitorEvent event;
    event.kind = kind_word(trace.kind);
    event.interface = {trace.interface, interface_name(trace.interface)};
    if (trace.peer.address.family() != IpFamily::none) event.peer = trace.peer.to_text();
    if (!trace.name.is_root()) event.name = trace.name.to_text();
    if (trace.type != dns::RrType{}) event.type = dns::type_name(trace.type);
    event.why = trace.why;
    event.message.assign(trace.message.begin(), trace.message.end());
    traces.push_back(std::move(event));
}

Operation Discovery::State::refuse(std::string why) {
    Operation out;
    out.error_ = std::move(why);
    return out;
}

Operation Discovery::State::finish(Discovery& owner, dnssd::Session::Started started, Callback callback) {
    if (!started) return refuse(started.error().text);
    Operation out;
    out.owner_ = &owner;
    out.id_ = *started;
    callbacks[out.id_] = std::make_shared<Callback>(std::move(callback));
    settle();
    return out;
}

void Discovery::State::dispatch() {
    if (dispatching) return;  // process() inside a callback
    dispatching = true;
    while (true) {
        // The tracer is called inside the engine, where nobody may call it: told here.
        for (const MonitorEvent& event : std::exchange(traces, {})) {
            const auto tell = monitor;
            if (tell) tell(event);
        }
        const auto event = session.poll_event();
        if (!event) break;
        const auto found = callbacks.find(event->operation);
        if (found == callbacks.end()) continue;
        const std::shared_ptr<Callback> callback = found->second;  // it may end its own operation
        (*callback)(*event);
    }
    dispatching = false;
}

// ---------------------------------------------------------------- Operation

Operation::Operation(Operation&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), id_(std::exchange(other.id_, 0)), error_(std::move(other.error_)) {}

Operation& Operation::operator=(Operation&& other) noexcept {
    if (this != &other) {
        end();
        owner_ = std::exchange(other.owner_, nullptr);
        id_ = std::exchange(other.id_, 0);
        error_ = std::move(other.error_);
    }
    return *this;
}

void Operation::end() {
    if (id_ == 0) return;
    Discovery::State& state = *owner_->state_;
    state.callbacks.erase(id_);
    state.session.cancel(state.now(), std::exchange(id_, 0));
    state.settle();
}

// ---------------------------------------------------------------- Discovery

Discovery::Discovery() = default;
Discovery::~Discovery() = default;

std::unique_ptr<Discovery> Discovery::open(const Options& options, std::string* error) {
    std::unique_ptr<Discovery> out(new Discovery());
    out->state_ = std::make_unique<State>(options);
    const std::string complaint = out->state_->start(options);
    if (complaint.empty()) {
        out->state_->settle();
        return out;
    }
    if (error != nullptr) *error = complaint;
    return nullptr;
}

int Discovery::fd() const { return state_->loop.poll_fd(); }

std::optional<std::chrono::steady_clock::time_point> Discovery::next_deadline() const { return state_->loop.next_timer(); }

int Discovery::timeout_ms() const {
    const auto deadline = next_deadline();
    if (!deadline) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Discovery::process() {
    if (state_->dispatching) return;
    state_->loop.turn(Duration::zero());
    state_->dispatch();
    state_->settle();
}

bool Discovery::run_until(const std::function<bool()>& until, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!until()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        if (left <= 0) return false;
        int wait = static_cast<int>(std::min<std::int64_t>(left, 60'000));
        if (const int due = timeout_ms(); due >= 0) wait = std::min(wait, due);
        pollfd poll{fd(), POLLIN, 0};
        ::poll(&poll, 1, wait);
        process();
    }
    return true;
}

namespace {

/// The callback of an operation, fed with events of one kind.
template <class What, class Out, class Fill>
Discovery::State::Callback make_callback(Discovery::State& state, std::function<void(const Out&)> on_event, Fill fill) {
    return [&state, on_event = std::move(on_event), fill](const dnssd::Event& event) {
        Out out;
        static_cast<EventHead&>(out) = state.head_of(event);
        if (const auto* what = std::get_if<What>(&event.what)) {
            fill(*what, out);
        } else if (out.error.empty()) {
            return;
        }
        if (on_event) on_event(out);
    };
}

}  // namespace

Operation Discovery::browse(std::string_view type, std::function<void(const BrowseEvent&)> on_event, std::string_view domain, Scope scope) {
    const auto selector = dnssd::TypeSelector::from_text(type);
    if (!selector) return State::refuse(selector.error().text);
    const auto where = read_domain(domain);
    if (!where) return State::refuse(where.error().text);
    return state_->finish(*this, state_->session.start_browse(state_->now(), *selector, *where, from(scope)),
                (make_callback<dnssd::BrowseResult>(*state_, std::move(on_event),
                                                    [](const dnssd::BrowseResult& what, BrowseEvent& out) { out.name = from(what.name); })));
}

Operation Discovery::resolve(const ServiceName& name, std::function<void(const ResolveEvent&)> on_event, Scope scope) {
    const auto instance = read_name(name);
    if (!instance) return State::refuse(instance.error().text);
    return state_->finish(*this, state_->session.start_resolve(state_->now(), *instance, from(scope)),
                (make_callback<dnssd::ResolveResult>(*state_, std::move(on_event), [](const dnssd::ResolveResult& what, ResolveEvent& out) {
                    out.name = from(what.name);
                    out.target = from(what.srv);
                    for (const auto& at : what.addresses) out.addresses.push_back(from(at));
                    out.txt = from(what.pairs());
                    if (!what.txt.empty()) out.txt_raw = what.txt.front();
                    for (const auto& srv : what.alternatives) out.alternatives.push_back(from(srv));
                })));
}

Operation Discovery::browse_types(std::function<void(const TypeEvent&)> on_event, std::string_view domain, Scope scope) {
    const auto where = read_domain(domain);
    if (!where) return State::refuse(where.error().text);
    return state_->finish(*this, state_->session.start_enumerate_types(state_->now(), *where, from(scope)),
                (make_callback<dnssd::TypeResult>(*state_, std::move(on_event), [](const dnssd::TypeResult& what, TypeEvent& out) {
                    out.type = what.type.to_text();
                    out.domain = without_dot(what.domain.to_text());
                })));
}

Operation Discovery::browse_domains(std::string_view kind, std::function<void(const DomainEvent&)> on_event, std::string_view domain, Scope scope) {
    const auto which = dnssd::parse_domain_kind(kind);
    if (!which) return State::refuse(fmt::format("expected b, db, r, dr or lb, found '{}'", printable(kind)));
    const auto where = read_domain(domain);
    if (!where) return State::refuse(where.error().text);
    return state_->finish(*this, state_->session.start_enumerate_domains(state_->now(), *which, *where, from(scope)),
                (make_callback<dnssd::DomainResult>(*state_, std::move(on_event), [](const dnssd::DomainResult& what, DomainEvent& out) {
                    out.domain = without_dot(what.domain.to_text());
                })));
}

Operation Discovery::query(std::string_view name, std::string_view type, std::function<void(const RecordEvent&)> on_event, Scope scope) {
    const auto asked = dns::Name::from_text(name);
    if (!asked) return State::refuse(fmt::format("'{}' is no name: {}", printable(name), asked.error().text));
    const auto rr_type = dns::parse_type(type);
    if (!rr_type) return State::refuse(fmt::format("'{}' is no record type; expected one such as A, PTR or TYPE65", printable(type)));
    State& state = *state_;
    State::Callback callback = [&state, on_event = std::move(on_event)](const dnssd::Event& event) {
        RecordEvent out;
        static_cast<EventHead&>(out) = state.head_of(event);
        if (const auto* record = std::get_if<dnssd::RecordResult>(&event.what)) {
            out.name = record->owner.to_text();
            out.type = dns::type_name(record->type);
            out.ttl = record->ttl;
            out.rdata = record->rdata;
            out.text = dns::rdata_to_text(record->type, dns::RrClass::IN, record->rdata);
        } else if (const auto* none = std::get_if<dnssd::NoRecordResult>(&event.what)) {
            out.is_absent = true;
            out.name = none->owner.to_text();
            out.type = dns::type_name(none->type);
        }
        if (on_event) on_event(out);
    };
    return state_->finish(*this, state_->session.start_query(state_->now(), *asked, *rr_type, from(scope)), std::move(callback));
}

Operation Discovery::register_service(const Service& service, std::function<void(const RegisterEvent&)> on_event, Scope scope) {
    dnssd::Service wanted;
    wanted.instance = service.instance.empty() ? state_->host_label : service.instance;
    const auto selector = dnssd::TypeSelector::from_text(service.type);
    if (!selector) return State::refuse(selector.error().text);
    wanted.type = selector->type;
    wanted.subtypes = service.subtypes;
    if (!selector->subtype.empty()) wanted.subtypes.push_back(selector->subtype);
    const auto domain = read_domain(service.domain);
    if (!domain) return State::refuse(domain.error().text);
    wanted.domain = *domain;
    if (!service.host.empty()) {
        const auto host = dns::Name::from_text(service.host);
        if (!host) return State::refuse(fmt::format("'{}' is no host name: {}", printable(service.host), host.error().text));
        wanted.host = *host;
    } else if (std::string complaint = state_->claim_host(); !complaint.empty()) {
        return State::refuse(std::move(complaint));
    }
    wanted.port = service.port;
    if (service.name_only) wanted.presence = dnssd::Presence::name_only;
    wanted.priority = service.priority;
    wanted.weight = service.weight;
    const auto txt = txt_rdata(service.txt);
    if (!txt) return State::refuse(txt.error().text);
    wanted.txt = {*txt};
    wanted.ifindex = scope.interface;
    wanted.family = from(scope).family;
    const auto policy = service.may_rename ? dnssd::RenamePolicy::rename : dnssd::RenamePolicy::fail;
    return state_->finish(*this, state_->session.start_register(state_->now(), wanted, policy),
                (make_callback<dnssd::RegisterResult>(*state_, std::move(on_event), [](const dnssd::RegisterResult& what, RegisterEvent& event) {
                    event.name = from(what.name);
                    event.renamed = what.renamed;
                })));
}

Operation Discovery::register_address(std::string_view name, std::string_view address, std::function<void(const RegisterEvent&)> on_event, bool with_reverse) {
    const auto owner = dns::Name::from_text(name);
    if (!owner) return State::refuse(fmt::format("'{}' is no name: {}", printable(name), owner.error().text));
    const auto ip = IpAddress::from_text(address);
    if (!ip) return State::refuse(fmt::format("'{}' is no IP address", printable(address)));
    const Bytes bytes = ip->bytes();
    std::vector<dnssd::ServiceRecord> records;
    records.push_back({*owner, ip->is_v4() ? dns::RrType::A : dns::RrType::AAAA, dnssd::host_ttl, {bytes.begin(), bytes.end()}, dnssd::Sharing::unique});
    if (with_reverse) {
        // Shared: another address record of the host may stand at the same reverse name.
        records.push_back({dnssd::reverse_name(*ip), dns::RrType::PTR, dnssd::host_ttl, {owner->wire().begin(), owner->wire().end()}, dnssd::Sharing::shared});
    }
    return state_->finish(*this, state_->session.start_publish(state_->now(), std::move(records)),
                (make_callback<dnssd::PublishResult>(*state_, std::move(on_event), [](const dnssd::PublishResult& what, RegisterEvent& event) {
                    event.name.instance = without_dot(what.name.to_text());
                    event.renamed = what.renamed;
                })));
}

std::string Discovery::update_txt(const Operation& registration, const std::vector<TxtPair>& txt) {
    auto rdata = txt_rdata(txt);
    if (!rdata) return rdata.error().text;
    const auto done = state_->session.update_txt(state_->now(), registration.id(), {std::move(*rdata)});
    state_->settle();
    return done ? std::string() : done.error().text;
}

void Discovery::reconfirm(const Operation& operation) {
    state_->session.reconfirm(state_->now(), operation.id());
    state_->settle();
}

void Discovery::monitor(std::function<void(const MonitorEvent&)> on_event) { state_->monitor = std::move(on_event); }

std::string Discovery::host_name() const {
    if (state_->multicast == nullptr || state_->multicast->host_name().is_root()) return {};
    return without_dot(state_->multicast->host_name().to_text());
}

void Discovery::shut_down() {
    if (state_->engine) state_->engine->shut_down(state_->now());
    state_->settle();
}

bool Discovery::is_quiet() const { return state_->engine == nullptr || state_->engine->is_quiet(); }

}  // namespace kith::client
