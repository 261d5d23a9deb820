#include "client/discovery.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "client/conversions.hpp"
#include "client/discovery_state.hpp"
#include "dns/rdata.hpp"

namespace kith::client {

namespace dnssd = discovery::dnssd;

Operation::Operation(Operation&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      id_(std::exchange(other.id_, 0)),
      error_(std::move(other.error_)) {}

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

std::optional<std::chrono::steady_clock::time_point> Discovery::next_deadline() const {
    return state_->loop.next_timer();
}

int Discovery::timeout_ms() const {
    const auto deadline = next_deadline();
    if (!deadline) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now())
            .count();
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
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                              deadline - std::chrono::steady_clock::now())
                              .count();
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
Discovery::State::Callback make_callback(Discovery::State& state,
                                         std::function<void(const Out&)> on_event, Fill fill) {
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

Operation Discovery::browse(std::string_view type, std::function<void(const BrowseEvent&)> on_event,
                            std::string_view domain, Scope scope) {
    const auto selector = dnssd::TypeSelector::from_text(type);
    if (!selector) return State::refuse(selector.error().text);
    const auto where = read_domain(domain);
    if (!where) return State::refuse(where.error().text);
    return state_->finish(
        *this, state_->session.start_browse(state_->now(), *selector, *where, from(scope)),
        (make_callback<dnssd::BrowseResult>(*state_, std::move(on_event),
                                            [](const dnssd::BrowseResult& what, BrowseEvent& out) {
                                                out.name = from(what.name);
                                            })));
}

Operation Discovery::resolve(const ServiceName& name,
                             std::function<void(const ResolveEvent&)> on_event, Scope scope) {
    const auto instance = read_name(name);
    if (!instance) return State::refuse(instance.error().text);
    return state_->finish(
        *this, state_->session.start_resolve(state_->now(), *instance, from(scope)),
        (make_callback<dnssd::ResolveResult>(
            *state_, std::move(on_event), [](const dnssd::ResolveResult& what, ResolveEvent& out) {
                out.name = from(what.name);
                out.target = from(what.srv);
                for (const auto& at : what.addresses) out.addresses.push_back(from(at));
                out.txt = from(what.pairs());
                if (!what.txt.empty()) out.txt_raw = what.txt.front();
                for (const auto& srv : what.alternatives) out.alternatives.push_back(from(srv));
            })));
}

Operation Discovery::browse_types(std::function<void(const TypeEvent&)> on_event,
                                  std::string_view domain, Scope scope) {
    const auto where = read_domain(domain);
    if (!where) return State::refuse(where.error().text);
    return state_->finish(
        *this, state_->session.start_enumerate_types(state_->now(), *where, from(scope)),
        (make_callback<dnssd::TypeResult>(*state_, std::move(on_event),
                                          [](const dnssd::TypeResult& what, TypeEvent& out) {
                                              out.type = what.type.to_text();
                                              out.domain = without_dot(what.domain.to_text());
                                          })));
}

Operation Discovery::browse_domains(std::string_view kind,
                                    std::function<void(const DomainEvent&)> on_event,
                                    std::string_view domain, Scope scope) {
    const auto which = dnssd::parse_domain_kind(kind);
    if (!which)
        return State::refuse(
            fmt::format("expected b, db, r, dr or lb, found '{}'", printable(kind)));
    const auto where = read_domain(domain);
    if (!where) return State::refuse(where.error().text);
    return state_->finish(
        *this, state_->session.start_enumerate_domains(state_->now(), *which, *where, from(scope)),
        (make_callback<dnssd::DomainResult>(*state_, std::move(on_event),
                                            [](const dnssd::DomainResult& what, DomainEvent& out) {
                                                out.domain = without_dot(what.domain.to_text());
                                            })));
}

Operation Discovery::query(std::string_view name, std::string_view type,
                           std::function<void(const RecordEvent&)> on_event, Scope scope) {
    const auto asked = dns::Name::from_text(name);
    if (!asked)
        return State::refuse(
            fmt::format("'{}' is no name: {}", printable(name), asked.error().text));
    const auto rr_type = dns::parse_type(type);
    if (!rr_type)
        return State::refuse(fmt::format(
            "'{}' is no record type; expected one such as A, PTR or TYPE65", printable(type)));
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
    return state_->finish(*this,
                          state_->session.start_query(state_->now(), *asked, *rr_type, from(scope)),
                          std::move(callback));
}

Operation Discovery::register_service(const Service& service,
                                      std::function<void(const RegisterEvent&)> on_event,
                                      Scope scope) {
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
        if (!host)
            return State::refuse(fmt::format("'{}' is no host name: {}", printable(service.host),
                                             host.error().text));
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
    const auto policy =
        service.may_rename ? dnssd::RenamePolicy::rename : dnssd::RenamePolicy::fail;
    return state_->finish(*this, state_->session.start_register(state_->now(), wanted, policy),
                          (make_callback<dnssd::RegisterResult>(
                              *state_, std::move(on_event),
                              [](const dnssd::RegisterResult& what, RegisterEvent& event) {
                                  event.name = from(what.name);
                                  event.renamed = what.renamed;
                              })));
}

Operation Discovery::register_address(std::string_view name, std::string_view address,
                                      std::function<void(const RegisterEvent&)> on_event,
                                      bool with_reverse) {
    const auto owner = dns::Name::from_text(name);
    if (!owner)
        return State::refuse(
            fmt::format("'{}' is no name: {}", printable(name), owner.error().text));
    const auto ip = IpAddress::from_text(address);
    if (!ip) return State::refuse(fmt::format("'{}' is no IP address", printable(address)));
    const Bytes bytes = ip->bytes();
    std::vector<dnssd::ServiceRecord> records;
    records.push_back({*owner,
                       ip->is_v4() ? dns::RrType::A : dns::RrType::AAAA,
                       dnssd::host_ttl,
                       {bytes.begin(), bytes.end()},
                       dnssd::Sharing::unique});
    if (with_reverse) {
        // Shared: another address record of the host may stand at the same reverse name.
        records.push_back({dnssd::reverse_name(*ip),
                           dns::RrType::PTR,
                           dnssd::host_ttl,
                           {owner->wire().begin(), owner->wire().end()},
                           dnssd::Sharing::shared});
    }
    return state_->finish(*this, state_->session.start_publish(state_->now(), std::move(records)),
                          (make_callback<dnssd::PublishResult>(
                              *state_, std::move(on_event),
                              [](const dnssd::PublishResult& what, RegisterEvent& event) {
                                  event.name.instance = without_dot(what.name.to_text());
                                  event.renamed = what.renamed;
                              })));
}

std::string Discovery::update_txt(const Operation& registration, const std::vector<TxtPair>& txt) {
    auto rdata = txt_rdata(txt);
    if (!rdata) return rdata.error().text;
    const auto done =
        state_->session.update_txt(state_->now(), registration.id(), {std::move(*rdata)});
    state_->settle();
    return done ? std::string() : done.error().text;
}

void Discovery::reconfirm(const Operation& operation) {
    state_->session.reconfirm(state_->now(), operation.id());
    state_->settle();
}

std::string Discovery::monitor(std::function<void(const MonitorEvent&)> on_event) {
    if (on_event && state_->engine == nullptr)
        return fmt::format("packets are seen by mdns only, and {} is used here",
                           backend().empty() ? "no multicast" : backend());
    state_->monitor = std::move(on_event);
    return {};
}

bool Discovery::has_link() const { return state_->driver == nullptr || state_->driver->has_link(); }
std::string Discovery::backend() const {
    const dnssd::Backend* const link = state_->link();
    return link == nullptr ? std::string() : link->describe();
}

std::string Discovery::host_name() const {
    const dnssd::Backend* const link = state_->link();
    if (link == nullptr || link->host_name().is_root()) return {};
    return without_dot(link->host_name().to_text());
}

void Discovery::shut_down() { state_->shut_down(); }

bool Discovery::is_quiet() const { return state_->is_quiet(); }

}  // namespace kith::client
