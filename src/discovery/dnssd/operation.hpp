#pragma once
// Operation: one thing a Session does, from start to cancel. Internal to dnssd; the kinds are in
// pointer_operation.cpp (browse, types, domains), query_operation.cpp, resolve_operation.cpp and
// register_operation.cpp.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "discovery/dnssd/session.hpp"

namespace kith::discovery::dnssd {

class Session::Operation {
public:
    explicit Operation(Session& session) : session_(session) {}
    virtual ~Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    /// Starts what can be started; an error ends the operation.
    virtual dns::Text<void> start(Time now) = 0;
    virtual void on_record(Time, Backend&, const RecordEvent&) {}
    virtual void on_publication(Time, Backend&, const PublicationEvent&) {}
    virtual void on_host_name(Time, Backend&, const HostNameEvent&) {}
    virtual void on_failure(Time, const QueryFailure& failure);
    /// All that came together has been told: report what it makes, once.
    virtual void on_settled(Time) {}
    virtual void reconfirm(Time) {}
    virtual std::optional<Time> deadline() const { return std::nullopt; }
    virtual void on_timer(Time) {}
    /// Ends all queries; what is more than that is for the kinds to say.
    virtual void stop(Time now);

    OperationId id = 0;

protected:
    struct Query {
        Backend* backend = nullptr;
        QueryToken token = 0;
    };
    /// Asks the backend that serves the name; an error when there is none or it has no room.
    dns::Text<Query> ask(Time now, const RecordQuestion& question, Scope scope);
    void end(Time now, const Query& query);
    dns::Text<Backend*> backend_of(dns::NameView name) const;
    void know_publication(const Backend& backend, PublicationToken token);
    void forget_publication(const Backend& backend, PublicationToken token);

    template <class What>
    void emit(Change change, std::uint32_t ifindex, IpFamily family, What what) {
        session_.emit({id, change, false, ifindex, family, std::move(what)});
    }
    void count_dropped_instance() { ++session_.instances_dropped_; }
    Rng& rng() { return session_.rng_; }

private:
    Session& session_;
    std::vector<Query> queries_;
};

// Makers, so that each kind stays in its file.
std::unique_ptr<Session::Operation> make_browse(Session& session, const TypeSelector& type,
                                                dns::NameView domain, Scope scope);
std::unique_ptr<Session::Operation> make_type_enumeration(Session& session, dns::NameView domain,
                                                          Scope scope);
std::unique_ptr<Session::Operation> make_domain_enumeration(Session& session, DomainKind kind,
                                                            dns::NameView domain, Scope scope);
std::unique_ptr<Session::Operation> make_query(Session& session, const RecordQuestion& question,
                                               Scope scope);
std::unique_ptr<Session::Operation> make_resolve(Session& session, const InstanceName& name,
                                                 Scope scope);
std::unique_ptr<Session::Operation> make_publication(Session& session,
                                                     std::vector<ServiceRecord> records,
                                                     Scope scope, RenamePolicy policy);

/// What update_txt() needs of a registration.
class Registration : public Session::Operation {
public:
    using Operation::Operation;
    virtual dns::Text<void> update_txt(Time now, std::vector<std::vector<std::uint8_t>> txt) = 0;
};
std::unique_ptr<Registration> make_registration(Session& session, const Service& service,
                                                RenamePolicy policy);

}  // namespace kith::discovery::dnssd
