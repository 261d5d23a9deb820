#include "discovery/dnssd/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/operation.hpp"

namespace kith::discovery::dnssd {
namespace {

std::unexpected<dns::TextError> error(std::string text) {
    return std::unexpected(dns::TextError{std::move(text)});
}

}  // namespace

// ---- Operation ----

dns::Text<Backend*> Session::Operation::backend_of(dns::NameView name) const {
    Backend* const backend = session_.backend_for(name);
    if (backend == nullptr)
        return error(
            fmt::format("nobody here can be asked about '{}': no responder and no server for it",
                        name.to_text()));
    return backend;
}

dns::Text<Session::Operation::Query> Session::Operation::ask(Time now,
                                                             const RecordQuestion& question,
                                                             Scope scope) {
    KITH_TRY(Backend* const backend, backend_of(question.name));
    const auto token = backend->start_query(now, question, scope);
    if (!token) return error(fmt::format("too many questions at once for {}", backend->describe()));
    session_.by_query_[{backend, *token}] = id;
    queries_.push_back({backend, *token});
    return queries_.back();
}

void Session::Operation::end(Time now, const Query& query) {
    query.backend->stop_query(now, query.token);
    session_.by_query_.erase({query.backend, query.token});
    std::erase_if(queries_, [&](const Query& other) {
        return other.backend == query.backend && other.token == query.token;
    });
}

void Session::Operation::know_publication(const Backend& backend, PublicationToken token) {
    session_.by_publication_[{&backend, token}] = id;
}

void Session::Operation::forget_publication(const Backend& backend, PublicationToken token) {
    session_.by_publication_.erase({&backend, token});
}

void Session::Operation::on_failure(Time, const QueryFailure& failure) {
    emit(Change::added, 0, IpFamily::none, Failure{failure.text});
}

void Session::Operation::stop(Time now) {
    while (!queries_.empty()) end(now, Query(queries_.back()));
}

// ---- Session ----

Session::Session(Rng& rng) : rng_(rng) {}
Session::~Session() = default;

void Session::add_backend(Backend& backend) { backends_.push_back(&backend); }

Backend* Session::backend_for(dns::NameView name) const {
    for (Backend* const backend : backends_) {
        if (backend->serves(name)) return backend;
    }
    return nullptr;
}

Session::Started Session::begin(Time now, std::unique_ptr<Operation> operation) {
    if (operations_.size() >= operations_max)
        return error(fmt::format("{} operations are under way, which is the most; end some first",
                                 operations_max));
    const OperationId id = ++last_id_;
    operation->id = id;
    Operation& started = *operation;
    operations_.emplace(id, std::move(operation));
    if (const auto good = started.start(now); !good) {
        const dns::TextError why = good.error();
        cancel(now, id);
        return std::unexpected(why);
    }
    pump(now);
    return id;
}

Session::Started Session::start_browse(Time now, const TypeSelector& type, dns::NameView domain,
                                       Scope scope) {
    return begin(now, make_browse(*this, type, domain, scope));
}

Session::Started Session::start_resolve(Time now, const InstanceName& name, Scope scope) {
    return begin(now, make_resolve(*this, name, scope));
}

Session::Started Session::start_query(Time now, dns::NameView name, dns::RrType type, Scope scope) {
    return begin(now, make_query(*this, {dns::Name(name), type}, scope));
}

Session::Started Session::start_enumerate_types(Time now, dns::NameView domain, Scope scope) {
    return begin(now, make_type_enumeration(*this, domain, scope));
}

Session::Started Session::start_enumerate_domains(Time now, DomainKind kind, dns::NameView domain,
                                                  Scope scope) {
    return begin(now, make_domain_enumeration(*this, kind, domain, scope));
}

Session::Started Session::start_register(Time now, const Service& service, RenamePolicy policy) {
    return begin(now, make_registration(*this, service, policy));
}

Session::Started Session::start_publish(Time now, std::vector<ServiceRecord> records, Scope scope,
                                        RenamePolicy policy) {
    return begin(now, make_publication(*this, std::move(records), scope, policy));
}

dns::Text<void> Session::update_txt(Time now, OperationId registration,
                                    std::vector<std::vector<std::uint8_t>> txt) {
    const auto found = operations_.find(registration);
    auto* const operation =
        found == operations_.end() ? nullptr : dynamic_cast<Registration*>(found->second.get());
    if (operation == nullptr)
        return error(fmt::format("operation {} is no registration", registration));
    const auto done = operation->update_txt(now, std::move(txt));
    pump(now);
    return done;
}

void Session::reconfirm(Time now, OperationId operation) {
    if (const auto found = operations_.find(operation); found != operations_.end())
        found->second->reconfirm(now);
    pump(now);
}

void Session::cancel(Time now, OperationId operation) {
    const auto found = operations_.find(operation);
    if (found == operations_.end()) return;
    found->second->stop(now);
    operations_.erase(found);
    std::erase_if(events_,
                  [operation](const Event& event) { return event.operation == operation; });
    waiting_.erase(operation);
    std::erase_if(by_query_, [operation](const auto& row) { return row.second == operation; });
    std::erase_if(by_publication_,
                  [operation](const auto& row) { return row.second == operation; });
    pump(now);
}

Session::Operation* Session::find(const TokenTable& table, const Backend* backend,
                                  std::uint64_t token) const {
    const auto found = table.find({backend, token});
    if (found == table.end()) return nullptr;
    const auto operation = operations_.find(found->second);
    return operation == operations_.end() ? nullptr : operation->second.get();
}

/// Gives one event to whom it belongs; nullptr: to nobody, or to all.
Session::Operation* Session::give(Time now, Backend& backend, const BackendEvent& event) {
    Operation* to = nullptr;
    if (const auto* record = std::get_if<RecordEvent>(&event)) {
        to = find(by_query_, &backend, record->query);
        if (to != nullptr) to->on_record(now, backend, *record);
    } else if (const auto* publication = std::get_if<PublicationEvent>(&event)) {
        to = find(by_publication_, &backend, publication->publication);
        if (to != nullptr) to->on_publication(now, backend, *publication);
    } else if (const auto* failure = std::get_if<QueryFailure>(&event)) {
        to = find(by_query_, &backend, failure->query);
        if (to != nullptr) to->on_failure(now, *failure);
    } else if (const auto* host = std::get_if<HostNameEvent>(&event)) {
        for (const auto& [id, operation] : operations_)
            operation->on_host_name(now, backend, *host);
    }
    return to;
}

void Session::pump(Time now) {
    // What an operation does with an event may bring events of another backend: until all are quiet.
    std::set<OperationId> touched;
    for (bool busy = true; busy;) {
        busy = false;
        for (Backend* const backend : backends_) {
            while (const auto event = backend->poll_event()) {
                busy = true;
                if (const Operation* const to = give(now, *backend, *event)) touched.insert(to->id);
            }
        }
    }
    for (const OperationId id : touched) operations_.at(id)->on_settled(now);
}

std::optional<Time> Session::next_deadline() const {
    std::optional<Time> out;
    for (const auto& [id, operation] : operations_) {
        const auto deadline = operation->deadline();
        if (deadline && (!out || *deadline < *out)) out = deadline;
    }
    return out;
}

void Session::on_timer(Time now) {
    for (const auto& [id, operation] : operations_) {
        const auto deadline = operation->deadline();
        if (deadline && *deadline <= now) operation->on_timer(now);
    }
    pump(now);
}

void Session::emit(Event event) {
    ++waiting_[event.operation];
    events_.push_back(std::move(event));
}

std::optional<Event> Session::poll_event() {
    if (events_.empty()) return std::nullopt;
    Event out = std::move(events_.front());
    events_.pop_front();
    const auto waiting = waiting_.find(out.operation);
    out.more_coming = --waiting->second != 0;
    if (!out.more_coming) waiting_.erase(waiting);
    return out;
}

}  // namespace kith::discovery::dnssd
