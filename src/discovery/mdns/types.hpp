#pragma once
// What goes into and comes out of the Multicast DNS engine (engine.hpp), as values.

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "dns/name.hpp"
#include "dns/registry.hpp"
#include "dns/rr_type.hpp"

namespace kith::discovery::mdns {

inline constexpr std::uint16_t port = 5353;  // RFC 6762 §2

/// 224.0.0.251 or ff02::fb with port 5353; `interface` becomes the scope of the IPv6 one.
Endpoint group(IpFamily family, std::uint32_t interface = 0);

/// An interface by its kernel index. `any_interface` in a call means all that are up.
using InterfaceId = std::uint32_t;
inline constexpr InterfaceId any_interface = 0;

/// Never used twice in the life of an engine; 0 is none.
using QueryId = std::uint64_t;
using RegistrationId = std::uint64_t;

// ---------------------------------------------------------------- records

/// Who may answer with records of this name and type (RFC 6762 §2).
enum class Ownership : std::uint8_t {
    shared,  ///< others may have such records too, as PTRs of a service type
    unique,  ///< ours alone: probed for before it is announced
    known_unique,  ///< ours alone by construction, not probed (RFC 6762 §8.1): a reverse PTR of our address
};

/// Whether the reverse PTR records of the host's addresses are published.
enum class ReverseNames : std::uint8_t {
    published,
    left_to_others,  ///< another program of this machine has a host name and publishes its own
};

/// One record. `rdata` is uncompressed and checked (dns::check_rdata()).
struct Record {
    dns::Name name;
    dns::RrType type{};
    dns::RrClass klass = dns::RrClass::IN;  // without the cache-flush bit
    std::uint32_t ttl = 0;                  // seconds; to register, 0 means default_ttl()
    std::vector<std::uint8_t> rdata;

    friend bool operator==(const Record&, const Record&) = default;
};

/// 120 s for records that name or point at a host, 75 minutes for others (RFC 6762 §10).
std::uint32_t default_ttl(dns::RrType type, dns::NameView name);

// ---------------------------------------------------------------- links and packets

/// What is to be known of one family of one interface. An interface is up while it has a link.
struct LinkConfig {
    /// Addresses with the lengths of their prefixes: what is on-link (RFC 6762 §11) and what our
    /// host name resolves to on this interface.
    std::vector<IpPrefix> addresses;
    std::uint16_t mtu = 1500;  // bytes
};

/// Whether unicast answers reach us: another program on port 5353 may get them instead, and then
/// no question asks for them (RFC 6762 §15.1).
enum class UnicastReplies : std::uint8_t { reach_us, may_not_reach_us };

enum class Destination : std::uint8_t { group, unicast };

/// Which socket: the one bound to port 5353, or one on a port of its own for one-shot queries
/// (RFC 6762 §5.1), which `one_shot` of the packet names.
enum class SocketKind : std::uint8_t { mdns, one_shot };

/// A datagram as received.
struct PacketInfo {
    InterfaceId interface = 0;  // it came in on (IP_PKTINFO), not what it was sent to
    IpFamily family = IpFamily::none;
    Endpoint source;
    Destination destination = Destination::group;
    SocketKind socket = SocketKind::mdns;
    std::uint8_t hop_limit = 255;  // 0: unknown
};

/// A datagram to send.
struct Transmit {
    InterfaceId interface = 0;
    Endpoint to;  // the group's or one host's
    Destination destination = Destination::group;
    SocketKind socket = SocketKind::mdns;
    Bytes message;  // valid until the next call that is not const

    IpFamily family() const { return to.address.family(); }
};

// ---------------------------------------------------------------- questions

enum class QueryMode : std::uint8_t {
    continuous,   ///< asks with back-off and keeps the answers fresh until stopped (RFC 6762 §5.2)
    cached_only,  ///< reports what is known and heard, sends nothing
    one_shot,  ///< asks from a port of its own as a simple resolver does (RFC 6762 §5.1), no cache
};

struct QueryRequest {
    dns::Name name;
    dns::RrType type{};  // ANY is allowed
    dns::RrClass klass = dns::RrClass::IN;
    InterfaceId interface = any_interface;
    QueryMode mode = QueryMode::continuous;
    /// one_shot: when `finished` comes. Others: ignored.
    Duration timeout = 3s;
};

/// Something happened to what a query asks for.
struct QueryEvent {
    enum class Kind : std::uint8_t {
        added,
        removed,
        absent,  ///< the owner says that there is no such record (NSEC, RFC 6762 §6.1); `record` is the question
        finished,  ///< a one-shot query is over; its id is free
    };
    enum class Reason : std::uint8_t {
        none,
        goodbye,  ///< its owner withdrew it (RFC 6762 §10.1)
        flushed,  ///< its owner replaced it (RFC 6762 §10.2)
        expired,  ///< its TTL ran out
        unconfirmed,  ///< nobody answered for it: reconfirm(), or other hosts' questions (RFC 6762 §10.4, §10.5)
        evicted,  ///< the cache was full
        link_down,
    };
    /// Whether more events for the same query can be polled at once: draw the list when not.
    enum class More : std::uint8_t { all_for_now, coming };

    QueryId query = 0;
    Kind kind = Kind::added;
    Reason reason = Reason::none;
    More more = More::all_for_now;
    InterfaceId interface = 0;
    Record record;           // ttl is the rest of it
    Endpoint source;         // who said so; no address for our own records
    bool is_unique = false;  // came with the cache-flush bit, or is ours and unique
};

// ---------------------------------------------------------------- registrations

/// What to do when another host has the name.
enum class RenameStyle : std::uint8_t {
    refuse,    ///< give it up and say `lost`
    host,      ///< first label: `name-2`, `name-3`
    instance,  ///< first label: `name (2)`, `name (3)`
};

struct RegisteredRecord {
    Record record;
    Ownership ownership = Ownership::unique;
    InterfaceId interface = any_interface;  // where it is valid
};

/// Records that live and are renamed together. All unique ones have the same name. Shared ones
/// (the PTRs that point at that name) are announced once the name is ours.
struct RegistrationRequest {
    std::vector<RegisteredRecord> records;
    RenameStyle rename = RenameStyle::refuse;
    InterfaceId interface = any_interface;
};

struct RegistrationEvent {
    enum class Kind : std::uint8_t {
        probing,      ///< asking whether the name is free; also again after a conflict
        established,  ///< ours on every interface that is up; announced
        renamed,  ///< another host has `previous`: now probing for `name`. Keep `name` for the next start.
        lost,       ///< another host has the name and RenameStyle is refuse: nothing is served
        troubled,   ///< no name held for a minute (RFC 6762 §9): tell the operator; goes on trying
        withdrawn,  ///< unregister() is done, goodbyes sent; the id is free
    };
    RegistrationId registration = 0;
    Kind kind = Kind::probing;
    dns::Name name;             // as it is now; root when the registration has no unique name
    dns::Name previous;         // renamed: as it was
    InterfaceId interface = 0;  // renamed, lost: where the other host was heard
    Endpoint rival;             // renamed, lost: the other host
};

/// Why a registration or an update was refused.
enum class RegisterFault : std::uint8_t {
    no_records,
    several_unique_names,
    bad_rdata,   ///< does not fit its type, or is too large for a packet
    bad_type,    ///< a type that only stands in queries or is made by the engine (NSEC)
    name_taken,  ///< registered here already
    too_many,    ///< at a limit of limits.hpp
    unknown_id,  ///< no such registration or record
};

/// A lower-case sentence for people, without the name: "another registration here has this name".
std::string_view describe(RegisterFault fault);

}  // namespace kith::discovery::mdns
