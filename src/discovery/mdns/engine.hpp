#pragma once
// Engine: Multicast DNS (RFC 6762) as a state machine without I/O.
//
//   set_link(), on_packet(), on_timer()       in, from sockets, netlink and the timer
//   add_registration(), start_query() ...     in, from programs
//   poll_transmit()                           out, to the sockets
//   poll_query_event(), poll_registration_event(), next_timer()
//
// One engine serves all interfaces of a machine. Each has its own cache, its own view of what
// answers there (addresses differ by interface) and a link for IPv4, IPv6 or both; both links of an
// interface are one network, so that what is heard on one need not be asked on the other. A name is
// held on all interfaces or on none: a conflict on one renames everywhere (RFC 6762 §14).
//
// Our own packets come back, through the loopback of multicast, bridges, reflectors, a second
// interface on the same network, and containers, changed or late. A record of another host is a
// conflict only if it is none that we have, or had lately, on any interface.
//
// Every call takes the time, which must not go backwards. After every call, drain the three poll
// functions and set the timer anew: what is not polled stays in memory. Not thread-safe.

#include <memory>
#include <optional>

#include "base/result.hpp"
#include "base/rng.hpp"
#include "discovery/mdns/limits.hpp"
#include "discovery/mdns/trace.hpp"
#include "discovery/mdns/types.hpp"

namespace kith::discovery::mdns {

struct EngineConfig {
    UnicastReplies unicast_replies = UnicastReplies::reach_us;
    ReverseNames reverse_names = ReverseNames::published;
    int announcements = 2;  // 2..announcements_max
    /// Ignore packets whose hop limit is not 255 (RFC 6762 §11: optional, because peers exist that
    /// send less).
    enum class HopLimit : std::uint8_t { any, only_255 } hop_limit = HopLimit::any;
    /// Domains whose names are asked and answered besides `local` and the link-local reverse zones
    /// (RFC 6762 §3, §13). Empty: none.
    std::vector<dns::Name> extra_domains;
    std::size_t cache_records = cache_records_max;  // per interface
    std::size_t cache_bytes = cache_bytes_max;      // per interface
};

/// Counts since the start; for metrics. `*_dropped` and `*_evicted` are limits at work.
struct EngineStats {
    std::uint64_t packets_in = 0, packets_out = 0, bytes_out = 0;
    std::uint64_t malformed = 0;       // not a DNS message
    std::uint64_t ignored_header = 0;  // opcode or rcode not 0 (RFC 6762 §18)
    std::uint64_t ignored_off_link = 0;
    std::uint64_t ignored_port = 0;     // responses not from port 5353
    std::uint64_t ignored_unasked = 0;  // unicast responses nobody asked for
    std::uint64_t ignored_hop_limit = 0;
    std::uint64_t ignored_no_link = 0;
    std::uint64_t echoes = 0;  // our own packets and records
    std::uint64_t queries_in = 0, responses_in = 0, probes_in = 0;
    std::uint64_t questions_out = 0, known_answers_out = 0, answers_out = 0;
    std::uint64_t answers_suppressed = 0;    // known or sent by a peer (RFC 6762 §7.1, §7.4)
    std::uint64_t questions_suppressed = 0;  // asked by a peer (RFC 6762 §7.3)
    std::uint64_t conflicts = 0, ties_lost = 0, renames = 0;
    std::uint64_t cache_added = 0, cache_expired = 0, cache_evicted = 0, cache_refused = 0;
    std::uint64_t deferred_dropped = 0;  // TC queries answered at once, for want of room
    std::uint64_t replies_dropped = 0;   // unicast replies left out, for want of room
    std::uint64_t oversize = 0;          // records that fit in no packet
};

class Packet;

/// What is known of one record at this moment.
struct KnownRecord {
    InterfaceId interface = 0;
    const Record& record;  // ttl is the rest of it
    Endpoint source;       // no address: our own
    bool is_unique = false;
};

class Engine {
public:
    /// `rng` should be cryptographic in a server (delays and ids come from it) and outlives the
    /// engine; so does `tracer`, if there is one.
    Engine(const EngineConfig& config, Rng& rng, Tracer* tracer = nullptr);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // ---- links

    /// The link of `family` on `interface` is up and looks like this; also when it changes. Coming
    /// up starts probing, announcing and asking there anew (RFC 6762 §8); a changed set of addresses
    /// renews the host's records. False: interfaces_max are up.
    bool set_link(Time now, InterfaceId interface, IpFamily family, const LinkConfig& link);
    /// The link is gone. With the last of an interface its cache goes too (RFC 6762 §10.3).
    void remove_link(Time now, InterfaceId interface, IpFamily family);
    /// The machine woke up, or the network behind the links may be another one (RFC 6762 §8): probes
    /// and announces everything again, and asks again.
    void on_wake(Time now);
    void set_unicast_replies(UnicastReplies replies);
    /// Two programs of a machine that have different host names cannot both publish the reverse names of its
    /// addresses, and some rename themselves for ever when another does. Those published go in silence. The
    /// engine leaves them by itself when another program of this machine probes for one or publishes it.
    void set_reverse_names(Time now, ReverseNames names);

    // ---- packets and time

    void on_packet(Time now, const PacketInfo& info, Bytes message);
    /// As above, of a message that is read already, whether or not it could be, for whoever gives one to
    /// several.
    void on_packet(Time now, const PacketInfo& info, const Packet& packet, Bytes message);
    /// A packet goes out beside the engine's own, as from a reflector: it is known when it comes back.
    void note_sent(Time now, Bytes message);
    void on_timer(Time now);                 ///< call at or after next_timer()
    std::optional<Time> next_timer() const;  ///< nullopt: nothing to wait for

    std::optional<Transmit> poll_transmit();
    std::optional<QueryEvent> poll_query_event();
    std::optional<RegistrationEvent> poll_registration_event();
    bool has_events() const;  ///< of either kind: cheap, most packets bring none

    // ---- registering

    /// Announces these records and answers for them. A registration with a unique name probes for
    /// it first; its events say how that goes. Names that are not ours to use on multicast (see
    /// is_multicast_name()) are accepted: the caller knows why.
    Result<RegistrationId, RegisterFault> add_registration(Time now, RegistrationRequest request);
    /// The host's name: the engine keeps A, AAAA and reverse PTR records of it for the addresses of
    /// each interface's links, renames it with RenameStyle::host, and lets every SRV record of other
    /// registrations that points at it follow. `name` is `<label>.local`. One at a time.
    Result<RegistrationId, RegisterFault> set_host(Time now, dns::NameView name);
    /// Gives record `index` of the request this data; announces it without probing (RFC 6762 §8.4).
    /// More than updates_per_minute are held back, the last one counts.
    Result<void, RegisterFault> update_record(Time now, RegistrationId id, std::size_t index,
                                              std::vector<std::uint8_t> rdata);
    /// Adds a record to a registration, or takes it out (its index stays unused): a subtype, an alias.
    Result<std::size_t, RegisterFault> add_record(Time now, RegistrationId id,
                                                  RegisteredRecord record);
    Result<void, RegisterFault> remove_record(Time now, RegistrationId id, std::size_t index);
    /// Says goodbye (RFC 6762 §10.1); `withdrawn` comes when that is sent, a second later at most.
    void remove_registration(Time now, RegistrationId id);
    /// As remove_registration() of everything; true from is_quiet() says when the process may go.
    void shut_down(Time now);
    /// Nothing left to announce, answer or withdraw.
    bool is_quiet() const;

    /// The unique name of a registration as it is now; the root if it has none or is unknown.
    dns::Name registered_name(RegistrationId id) const;

    // ---- asking

    /// Reports what is known at once, ours included, then what comes and goes until stop_query().
    /// 0: queries_max are running, or the name is not one for multicast.
    QueryId start_query(Time now, const QueryRequest& request);
    void stop_query(QueryId id);  ///< its events not yet polled are dropped
    /// Asks again for a record that did not work for the caller, and drops it if nobody answers within
    /// ten seconds (RFC 6762 §10.4).
    void reconfirm(Time now, InterfaceId interface, const Record& record);

    /// Calls `visit` for each record known of `name` (`type` may be ANY): ours that are established,
    /// then cached ones. It must not call the engine.
    template <class Visit>
    void for_each_known(Time now, dns::NameView name, dns::RrType type, InterfaceId interface,
                        Visit visit) const {
        visit_known(
            now, name, type, interface,
            [](void* context, const KnownRecord& known) { (*static_cast<Visit*>(context))(known); },
            &visit);
    }
    /// Every cached record, for a live view.
    template <class Visit>
    void for_each_cached(Time now, InterfaceId interface, Visit visit) const {
        visit_cached(
            now, interface,
            [](void* context, const KnownRecord& known) { (*static_cast<Visit*>(context))(known); },
            &visit);
    }

    /// Names that are asked on multicast and nowhere else: under `local` and the reverse zones of
    /// link-local addresses (RFC 6762 §3, §4), and EngineConfig::extra_domains.
    bool is_multicast_name(dns::NameView name) const;

    const EngineStats& stats() const;
    std::size_t cached_records(InterfaceId interface) const;
    std::size_t cached_bytes(InterfaceId interface) const;  // heap and tables, estimated

private:
    using VisitFunction = void (*)(void* context, const KnownRecord&);
    void visit_known(Time now, dns::NameView name, dns::RrType type, InterfaceId interface,
                     VisitFunction visit, void* context) const;
    void visit_cached(Time now, InterfaceId interface, VisitFunction visit, void* context) const;

    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace kith::discovery::mdns
