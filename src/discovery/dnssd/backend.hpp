#pragma once
// Backend: where DNS-SD gets records from and puts them to. One interface over multicast (our own
// engine), a DNS server anywhere, and other responders, so that a program which browses moves from
// one link to the Internet without change.
//
// A backend is driven by its owner (sockets, timers, D-Bus); Session only asks, and takes events.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "discovery/dnssd/service.hpp"
#include "dns/name.hpp"
#include "dns/rr_type.hpp"
#include "dns/wire_error.hpp"

namespace kith::discovery::dnssd {

using QueryToken = std::uint64_t;        // never 0
using PublicationToken = std::uint64_t;  // never 0

/// On which links; all and both by default.
struct Scope {
    std::uint32_t ifindex = 0;
    IpFamily family = IpFamily::none;
    friend bool operator==(const Scope&, const Scope&) = default;
};

struct RecordQuestion {
    dns::Name name;
    dns::RrType type{};
};

/// What became known of a query's answer.
enum class RecordChange : std::uint8_t {
    added,    // a record that was not there
    removed,  // it was withdrawn or ran out
    absent,   // it is known that there is none of the type (NSEC, NODATA); no rdata
};

struct RecordEvent {
    QueryToken query = 0;
    RecordChange change{};
    std::uint32_t ifindex = 0;         // 0: not of one interface (unicast)
    IpFamily family = IpFamily::none;  // of the packet, when known
    dns::Name owner;
    dns::RrType type{};
    std::uint32_t ttl = 0;            // seconds left
    std::vector<std::uint8_t> rdata;  // uncompressed
};

/// What to do when the unique name of a publication is another's.
enum class RenamePolicy : std::uint8_t {
    rename,  // a name that is taken becomes "Name (2)" (RFC 6762 §9)
    fail,
};

/// What became of something published.
enum class PublicationState : std::uint8_t {
    established,  // the names are ours, and announced
    renamed,      // another owns the name: now trying `name`; `established` follows
    conflict,  // another owns the name, and the backend does not rename; the publication is withdrawn
    troubled,  // no name could be had for a minute; goes on trying (RFC 6762 §9)
    failed,    // it cannot be done; `text` says why
};

struct PublicationEvent {
    PublicationToken publication = 0;
    PublicationState state{};
    dns::Name name;    // the unique name as it is now
    std::string text;  // failed; for the others who has the name, when that is known
};

/// The host's own name became known or changed. Publications that name it follow by themselves.
struct HostNameEvent {
    dns::Name name;
    std::string
        why_not{};  // not empty: no name could be had, as it says; the backend goes on trying
};

/// A query cannot be answered at all now, such as a server that refuses; it goes on.
struct QueryFailure {
    QueryToken query = 0;
    std::string text;
};

using BackendEvent = std::variant<RecordEvent, PublicationEvent, HostNameEvent, QueryFailure>;

class Backend {
public:
    virtual ~Backend() = default;

    /// A name for people: "mdns", "dns 192.0.2.1:53".
    virtual std::string describe() const = 0;
    /// True when names of this domain are asked here.
    virtual bool serves(dns::NameView name) const = 0;

    /// Asks until stop_query(): what is known comes as events at once, changes as they happen. nullopt: too
    /// many queries.
    virtual std::optional<QueryToken> start_query(Time now, const RecordQuestion& question,
                                                  Scope scope) = 0;
    virtual void stop_query(Time now, QueryToken query) = 0;
    /// "This did not work": the record is verified and dropped if nobody confirms it (RFC 6762 §10.4).
    virtual void reconfirm(Time now, const RecordEvent& record) = 0;

    /// Publishes all or nothing. Error: this backend cannot publish, has no room, or has the name already.
    virtual dns::Text<PublicationToken> publish(Time now, std::span<const ServiceRecord> records,
                                                Scope scope, RenamePolicy policy) = 0;
    /// Replaces the TXT records (all of one owner) of a publication without probing (RFC 6762 §8.4).
    virtual void update_txt(Time now, PublicationToken publication, dns::NameView owner,
                            std::span<const std::vector<std::uint8_t>> txt) = 0;
    /// Says goodbye. No event follows.
    virtual void withdraw(Time now, PublicationToken publication) = 0;

    /// This machine's name in the backend's domain; the root while it has none.
    virtual dns::Name host_name() const = 0;

    /// The next event; drain after every call and after everything its owner did with it.
    virtual std::optional<BackendEvent> poll_event() = 0;
};

}  // namespace kith::discovery::dnssd
