#pragma once
// Service discovery for programs: browse, resolve, register, query, on the link (Multicast DNS) and
// beyond it (any DNS server), by one interface. This header stands alone; see docs/library.md.
//
//   auto discovery = kith::client::Discovery::open();
//   auto browsing = discovery->browse("_ipp._tcp", [](const kith::client::BrowseEvent& event) { ... });
//   while (running) { poll(discovery->fd(), discovery->timeout_ms()); discovery->process(); }
//
// No threads, no waiting: everything happens inside process(), on the thread that calls it. What an
// operation finds is told by its callback; the Operation that each call returns ends it when it is
// destroyed. A callback may start and end operations, its own included. Not thread-safe.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr_storage;

namespace kith::client {

enum class Change : std::uint8_t {
    added,
    changed,
    removed,
};

enum class Family : std::uint8_t { any, ipv4, ipv6 };

/// Where something was found. Index 0: not on one interface (a DNS server said so).
struct Interface {
    std::uint32_t index = 0;
    std::string name;
};

/// What all events have in common. `error` not empty: a failure told in a sentence; nothing else is
/// set. A registration is over when it is `removed` by that, all else goes on trying.
struct EventHead {
    Change change = Change::added;
    bool more_coming = false;  // another event of this operation follows at once: redraw later
    Interface interface;
    std::string error;
};

/// An instance of a service, as three texts. `instance` is raw UTF-8 and may hold dots and blanks.
struct ServiceName {
    std::string instance;  // "My Printer"
    std::string type;      // "_ipp._tcp"
    std::string domain;    // "local"; no final dot

    /// One text with dots and backslashes of the instance escaped: `My Printer._ipp._tcp.local`.
    std::string to_text() const;
    /// The reverse; nullopt when it is no such text.
    static std::optional<ServiceName> from_text(std::string_view text);
    friend bool operator==(const ServiceName&, const ServiceName&) = default;
};

/// An address to connect to. Link-local IPv6 addresses need their interface, and carry it.
struct Address {
    Family family = Family::ipv4;
    std::array<std::uint8_t, 16> bytes{};  // 4 or 16 of them, in network order
    std::uint32_t interface = 0;           // of link-local IPv6; else 0
    /// `192.0.2.1`, `2001:db8::1`, `fe80::1%2`.
    std::string to_text() const;
    /// Fills in what connect() takes; the size of it.
    std::uint32_t to_sockaddr(std::uint16_t port, sockaddr_storage& out) const;
    friend bool operator==(const Address&, const Address&) = default;
};

/// One pair of a TXT record (RFC 6763 §6.4). No value and an empty value are not the same.
struct TxtPair {
    std::string key;
    std::optional<std::string> value;  // bytes
    friend bool operator==(const TxtPair&, const TxtPair&) = default;
};

struct BrowseEvent : EventHead {
    ServiceName name;
};

/// A type of service that somebody offers: `_ipp._tcp` in `local`.
struct TypeEvent : EventHead {
    std::string type, domain;
};

/// A domain that is recommended for browsing or registering.
struct DomainEvent : EventHead {
    std::string domain;
};

/// Where a service is to be had, in order of preference.
struct Target {
    std::string host;  // "nas.local"
    std::uint16_t port = 0, priority = 0, weight = 0;
};

struct ResolveEvent : EventHead {
    ServiceName name;
    Target target;                   // the one to try first
    std::vector<Address> addresses;  // of target.host; empty: not known (yet)
    std::vector<TxtPair> txt;
    std::vector<std::uint8_t>
        txt_raw;  // RDATA of the first TXT record, for programs with their own rules
    std::vector<Target> alternatives;  // to try next, in this order (RFC 2782)
};

struct RecordEvent : EventHead {
    bool is_absent = false;        // its owner says that there is no such record
    std::string name, type, text;  // in master file form: "nas.local.", "A", "192.0.2.1"
    std::uint32_t ttl = 0;         // seconds left
    std::vector<std::uint8_t> rdata;
};

struct RegisterEvent : EventHead {
    ServiceName name;      // it stands under this name now
    bool renamed = false;  // which is not the one asked for: that was another's
};

/// Who said what on the link, and what was made of it.
struct MonitorEvent {
    std::string kind;  // "received", "sent", "conflict", "renamed" ...: docs/discovery.md has all
    Interface interface;
    std::string peer;  // "192.0.2.7:5353"; empty: nobody
    std::string name, type;
    std::string why;
    std::vector<std::uint8_t> message;  // received, sent: the packet
};

/// What to register.
struct Service {
    std::string instance;               // empty: the host's name
    std::string type;                   // "_http._tcp"
    std::vector<std::string> subtypes;  // "_printer"
    std::string domain;                 // empty: local
    std::string host;                   // empty: this machine
    std::uint16_t port = 0;
    bool name_only = false;  // claims the name, is found by nobody (RFC 6763 §8)
    std::uint16_t priority = 0, weight = 0;
    std::vector<TxtPair> txt;
    bool may_rename = true;  // a name that is taken becomes "name (2)"
};

/// On which interface; and of which family the addresses are that resolve() asks for and tells. What else
/// is told of a link does not depend on the family it was heard over. All and both by default.
struct Scope {
    std::uint32_t interface = 0;
    Family family = Family::any;
};

/// One operation under way; its destruction ends it, and says goodbye for a registration. Must not
/// outlive its Discovery.
class [[nodiscard]] Operation {
public:
    Operation() = default;  ///< none
    Operation(Operation&& other) noexcept;
    Operation& operator=(Operation&& other) noexcept;
    ~Operation() { end(); }

    /// False: it could not be started, error() says why.
    explicit operator bool() const { return id_ != 0; }
    const std::string& error() const { return error_; }
    void end();
    std::uint64_t id() const { return id_; }

private:
    friend class Discovery;
    class Discovery* owner_ = nullptr;
    std::uint64_t id_ = 0;
    std::string error_;
};

/// Who does Multicast DNS for us.
enum class Backend : std::uint8_t {
    automatic,  ///< avahi-daemon where it runs, else this library; resolved where the port is not to be had
    mdns,      ///< this library
    avahi,     ///< avahi-daemon, over the system bus
    resolved,  ///< systemd-resolved, over the system bus
    none,      ///< nobody: DNS servers only
};

struct Options {
    std::vector<std::string> interfaces;         // name patterns (`eth*`); empty: all that are fit
    std::vector<std::string> ignore_interfaces;  // wins
    Family family = Family::any;
    /// DNS servers for domains other than `local`: `192.0.2.53`, `[2001:db8::1]:5353`. Empty: those of
    /// /etc/resolv.conf.
    std::vector<std::string> servers;
    Backend backend = Backend::automatic;
    /// Domains asked on the link besides `local`, such as the reverse name of an address there.
    std::vector<std::string> multicast_domains;
    /// First label of this machine's name for registrations; empty: its host name. It is claimed when
    /// the first service is registered, or at once by publish_host.
    std::string host_name;
    bool publish_host = false;
};

class Discovery {
public:
    /// Opens sockets, or a connection to the system bus, which is waited for a quarter of a second at most.
    /// Null: `error` says what to do. Multicast and no interface to use it on is fine: they may come. Backends
    /// avahi and resolved: the daemon must run; it may be restarted later.
    static std::unique_ptr<Discovery> open(const Options& options = {},
                                           std::string* error = nullptr);
    ~Discovery();
    Discovery(const Discovery&) = delete;
    Discovery& operator=(const Discovery&) = delete;

    // ---- to be driven by any event loop
    /// Readable when process() has work. Stays the same.
    int fd() const;
    /// When process() is to be called at the latest, if fd() stays silent; nullopt: no hurry.
    std::optional<std::chrono::steady_clock::time_point> next_deadline() const;
    /// The same for poll(): -1 for no hurry.
    int timeout_ms() const;
    /// Does what is due and calls the callbacks. Never blocks.
    void process();
    /// For programs without a loop: waits and processes until `until` says true or `limit` is over.
    /// Returns what `until` said last.
    bool run_until(const std::function<bool()>& until,
                   std::chrono::milliseconds limit = std::chrono::hours(24 * 365));

    // ---- operations
    /// `type`: `_http._tcp`, with a subtype `_printer._sub._http._tcp` or `_http._tcp,_printer`.
    Operation browse(std::string_view type, std::function<void(const BrowseEvent&)> on_event,
                     std::string_view domain = "local", Scope scope = {});
    Operation resolve(const ServiceName& name, std::function<void(const ResolveEvent&)> on_event,
                      Scope scope = {});
    Operation browse_types(std::function<void(const TypeEvent&)> on_event,
                           std::string_view domain = "local", Scope scope = {});
    /// `kind`: b (browse), db, r (register), dr, lb (RFC 6763 §11).
    Operation browse_domains(std::string_view kind,
                             std::function<void(const DomainEvent&)> on_event,
                             std::string_view domain = "local", Scope scope = {});
    /// `type`: `A`, `PTR`, `TYPE65`, `ANY`.
    Operation query(std::string_view name, std::string_view type,
                    std::function<void(const RecordEvent&)> on_event, Scope scope = {});
    Operation register_service(const Service& service,
                               std::function<void(const RegisterEvent&)> on_event,
                               Scope scope = {});
    /// Claims further addresses under a name of its own, as `avahi-publish -a` does: `name` in local.
    Operation register_address(std::string_view name, std::string_view address,
                               std::function<void(const RegisterEvent&)> on_event,
                               bool with_reverse = true);

    /// Replaces the pairs of a registration. Empty: done; else why not.
    std::string update_txt(const Operation& registration, const std::vector<TxtPair>& txt);
    /// "I could not connect": what the operation found is verified and dropped if nobody confirms it. Avahi
    /// has nothing of the kind on its bus: nothing happens there.
    void reconfirm(const Operation& operation);
    /// Everything that goes over the link; one at a time, an empty function ends it. Empty: done; else why
    /// not: only Backend::mdns sees packets.
    std::string monitor(std::function<void(const MonitorEvent&)> on_event);

    /// Who is asked about the link: `mdns`, `avahi 0.8` (`avahi` until the daemon has answered),
    /// `systemd-resolved`; empty: nobody.
    std::string backend() const;
    /// False: no interface is up, fit and allowed now; operations wait for one. A daemon has its own idea of
    /// that, and true is said.
    bool has_link() const;
    /// This machine's name on the link (`nas.local`); empty while it has none.
    std::string host_name() const;
    /// Says goodbye for everything registered; run until is_quiet(), then destroy. A program that just ends
    /// leaves its services in others' caches for up to 75 minutes.
    void shut_down();
    bool is_quiet() const;

    class State;

private:
    friend class Operation;
    Discovery();
    std::unique_ptr<State> state_;
};

/// `key=value` and `key` as pairs; nullopt when one has no key or does not fit.
std::optional<std::vector<TxtPair>> parse_txt(const std::vector<std::string>& strings);

/// `bytes` for a terminal: control characters and broken UTF-8 as \DDD, backslashes doubled.
std::string printable(std::string_view bytes);

}  // namespace kith::client
