#pragma once
// Session: browse, resolve, register, query, enumerate over back-ends. What programs use, without I/O.
//
// Each start_...() gives an operation that lives until cancel(). What it finds comes out of
// poll_event() as added, changed and removed; `more_coming` says that another event of the same
// operation waits already, so that a window is redrawn once. Not thread-safe.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/rng.hpp"
#include "discovery/dnssd/backend.hpp"
#include "discovery/dnssd/enumeration.hpp"
#include "discovery/dnssd/service.hpp"
#include "discovery/dnssd/srv.hpp"
#include "discovery/dnssd/txt.hpp"

namespace kith::discovery::dnssd {

using OperationId = std::uint64_t;  // never 0, never used twice

enum class Change : std::uint8_t { added, changed, removed };

/// An instance was found or went.
struct BrowseResult {
    InstanceName name;
};

/// A type of service was found or went.
struct TypeResult {
    ServiceType type;
    dns::Name domain;
};

struct DomainResult {
    DomainKind kind{};
    dns::Name domain;
};

/// An address as it can be connected to: link-local IPv6 carries its interface.
struct ScopedAddress {
    IpAddress address;
    std::uint32_t ifindex = 0;
    friend bool operator==(const ScopedAddress&, const ScopedAddress&) = default;
};

/// Where an instance is, on one interface.
struct ResolveResult {
    InstanceName name;
    Srv srv;                                     // the one to use
    std::vector<ScopedAddress> addresses;        // of srv.target; empty: not known (yet)
    std::vector<std::vector<std::uint8_t>> txt;  // RDATA of each TXT record; none: no pairs
    std::vector<Srv> alternatives;               // those to try next, in order (RFC 2782)
    Txt pairs() const { return Txt::from_rdata(std::span(txt)); }
};

/// A record of a plain query.
struct RecordResult {
    dns::Name owner;
    dns::RrType type{};
    std::uint32_t ttl = 0;
    std::vector<std::uint8_t> rdata;
};

/// There is no record of the type asked for: said by its owner.
struct NoRecordResult {
    dns::Name owner;
    dns::RrType type{};
};

/// A registration stands under this name; the owner's, unless it had to be renamed.
struct RegisterResult {
    InstanceName name;
    bool renamed = false;
};

/// Records published as they are stand under this name.
struct PublishResult {
    dns::Name name;
    bool renamed = false;
};

/// The operation cannot go on (register), or has not succeeded so far (others).
struct Failure {
    std::string text;
};

struct Event {
    OperationId operation = 0;
    Change change = Change::added;
    bool more_coming = false;
    std::uint32_t ifindex = 0;         // where; 0: not of one interface
    IpFamily family = IpFamily::none;  // when it came by one only
    std::variant<BrowseResult, TypeResult, DomainResult, ResolveResult, RecordResult,
                 NoRecordResult, RegisterResult, PublishResult, Failure>
        what;
};

class Session {
public:
    /// `rng` chooses among SRV records of equal priority. It outlives the session.
    explicit Session(Rng& rng);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// The first backend that serves a name is asked; add them in order of preference. They outlive the
    /// session.
    void add_backend(Backend& backend);

    // Each returns the operation, or why it cannot be started: a name that is too long, nobody who could
    // answer for the domain, too many operations.
    using Started = dns::Text<OperationId>;
    Started start_browse(Time now, const TypeSelector& type, dns::NameView domain = local_domain(),
                         Scope scope = {});
    Started start_resolve(Time now, const InstanceName& name, Scope scope = {});
    Started start_query(Time now, dns::NameView name, dns::RrType type, Scope scope = {});
    Started start_enumerate_types(Time now, dns::NameView domain = local_domain(),
                                  Scope scope = {});
    Started start_enumerate_domains(Time now, DomainKind kind,
                                    dns::NameView domain = local_domain(), Scope scope = {});
    Started start_register(Time now, const Service& service,
                           RenamePolicy policy = RenamePolicy::rename);
    /// Publishes records that are no service, all unique ones under one name.
    Started start_publish(Time now, std::vector<ServiceRecord> records, Scope scope = {},
                          RenamePolicy policy = RenamePolicy::fail);

    /// Replaces the TXT records of a registration. Error: not a registration, or TXT that cannot be.
    dns::Text<void> update_txt(Time now, OperationId registration,
                               std::vector<std::vector<std::uint8_t>> txt);
    /// What a resolve found did not work: verify it (RFC 6762 §10.4). Ignored for other operations.
    void reconfirm(Time now, OperationId operation);
    /// Ends an operation; registrations say goodbye. No event of it follows. Unknown ones are ignored.
    void cancel(Time now, OperationId operation);

    /// Takes the events of the back-ends; call after anything was done with them.
    void pump(Time now);
    std::optional<Time> next_deadline() const;
    void on_timer(Time now);  ///< call at or after next_deadline()
    std::optional<Event> poll_event();
    bool has_events() const { return !events_.empty(); }

    std::size_t operations() const { return operations_.size(); }
    /// Instances that were not reported because a browse has too many.
    std::uint64_t instances_dropped() const { return instances_dropped_; }

    class Operation;  // of session.cpp and its neighbors

private:
    friend class Operation;
    using TokenTable = std::map<std::pair<const Backend*, std::uint64_t>, OperationId>;

    Backend* backend_for(dns::NameView name) const;
    Operation* find(const TokenTable& table, const Backend* backend, std::uint64_t token) const;
    Operation* give(Time now, Backend& backend, const BackendEvent& event);
    Started begin(Time now, std::unique_ptr<Operation> operation);
    void emit(Event event);

    Rng& rng_;
    std::vector<Backend*> backends_;
    std::map<OperationId, std::unique_ptr<Operation>> operations_;
    TokenTable by_query_, by_publication_;
    std::deque<Event> events_;
    std::map<OperationId, std::size_t> waiting_;  // events of each operation in events_
    OperationId last_id_ = 0;
    std::uint64_t instances_dropped_ = 0;
};

}  // namespace kith::discovery::dnssd
