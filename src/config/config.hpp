#pragma once
// The configuration as written: plain values with the place each stands at. What the file means
// for answering (names, RDATA, which zone) is the plan made from it, plan.hpp.
//
// NanoDNS's keys keep their names, types and defaults; ours are marked in settings.hpp. A value is
// copied and compared freely, and never changes once loaded.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/log.hpp"
#include "base/problem.hpp"
#include "base/time.hpp"
#include "config/lines.hpp"
#include "dns/rr_type.hpp"

namespace kith::config {

using std::chrono::milliseconds;

/// A number of bytes, written as a number or with a unit ("64MiB").
struct ByteSize {
    std::uint64_t bytes = 0;
    friend auto operator<=>(const ByteSize&, const ByteSize&) = default;
};

/// `host:port`, where the host may be a name: another server's management address.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
    std::string to_text() const;
    friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// Text and where it stands.
struct TextAt {
    std::string text;
    Offset at = 0;
};

/// How the serial of a zone's next version is chosen; never one that is not after the last.
enum class SerialRule : std::uint8_t { increment, unixtime, dateserial };

/// Algorithms that zones are signed with (RFC 8624 §3.1).
enum class SigningAlgorithm : std::uint8_t {
    rsasha256,
    rsasha512,
    ecdsap256sha256,
    ecdsap384sha384,
    ed25519,
    ed448,
};
enum class DenialRule : std::uint8_t { nsec, nsec3 };
/// Which keys sign a zone: one for all, or one for the DNSKEY RRset and one for the rest.
enum class KeyScheme : std::uint8_t { csk, ksk_zsk };
enum class ZonemdRule : std::uint8_t { off, sha384, sha512 };
enum class CsyncRule : std::uint8_t { keep, none, approval, immediate };

/// How deep a rewrite `*.x` reaches below x; x itself always matches.
enum class RewriteDepth : std::uint8_t {
    one,  // one label, as NanoDNS
    any,
};

/// Upstream servers for one domain and what is below it. None: answered here, never forwarded.
struct ForwardRule {
    TextAt name;                     // the domain
    std::vector<Endpoint> upstream;  // port 0: ServerSection::upstream_port
};

struct ServerSection {
    std::vector<Endpoint> listen;  // empty: host and port
    IpAddress host = IpAddress::v4(0, 0, 0, 0);
    std::uint16_t port = 53;
    std::uint32_t workers = 0;  // 0: one for each processor

    std::vector<Endpoint> upstream;  // port 0: upstream_port; see upstream_given()
    milliseconds upstream_timeout = 3s;
    std::uint16_t upstream_port = 53;
    std::string resolv_conf;  // path; empty: none is followed
    std::vector<ForwardRule> forward;
    std::vector<IpPrefix> forward_clients;  // empty: neighbors only

    bool cache_enabled = true;
    milliseconds cache_ttl = 300s;
    std::uint32_t cache_size = 1000;
    ByteSize cache_bytes = {8U << 20U};
    milliseconds serve_stale = 24h;
    bool prefetch = true;

    log::Level log_level = log::Level::info;
    bool log_queries = false;
    bool hot_reload = true;

    IpAddress mgmt_host = IpAddress::v4(0, 0, 0, 0);
    std::uint16_t mgmt_port = 0;  // 0: off
    std::vector<HostPort> peers;
    std::uint64_t config_version = 1;

    std::uint16_t udp_payload_max = 1232;
    std::uint32_t tcp_clients_max = 1000;
    milliseconds tcp_idle_timeout = 10s;
    std::string nsid;
    std::string version;  // empty: the program's own name and version; "none": not told
    RewriteDepth rewrite_depth = RewriteDepth::one;
    bool auto_ptr = false;
    std::string state_directory;  // empty: see Config::state_directory()

    /// Where each key stands, by its row in server_fields; 0: not in the file.
    std::vector<Offset> key_at;

    ServerSection();
    /// Where `key` stands in the file; 0 when it is not there.
    Offset place_of(std::string_view key) const;
    /// The addresses to serve: `listen`, or else host and port.
    std::vector<Endpoint> listen_endpoints() const;
    /// `upstream` with its ports filled in.
    std::vector<Endpoint> upstream_endpoints() const;
};

/// Numbers of a synthesized SOA; names empty where the file leaves them out.
struct Soa {
    TextAt mname, rname;
    std::uint32_t serial = 2024010101;
    std::uint32_t refresh = 3600, retry = 900, expire = 604'800, minimum = 300;  // seconds
    Offset at = 0;
};

/// A TSIG key: its secret is here or in a file.
struct Key {
    TextAt name;
    TextAt algorithm;  // empty: hmac-sha256, or what the file says
    TextAt secret;     // base64
    TextAt file;       // path, relative to the config's folder
    Offset at = 0;
};

/// To whom a zone goes and where it comes from. The texts are read by whoever serves them.
struct Transfer {
    std::vector<TextAt> allow;         // who may take the zone: networks and `key NAME`
    std::vector<TextAt> notify;        // who is told besides the NS: addresses, with `key NAME`
    bool notify_ns = true;             // tell the zone's name servers
    std::vector<TextAt> primaries;     // where it is taken from; none: it is ours
    std::vector<TextAt> allow_notify;  // who may say that there is news, besides the primaries
    bool forward_updates = true;       // a secondary hands updates on to its primary
    bool zonemd = false;               // a zone without a ZONEMD that is right is refused
    bool catalog = false;              // it lists zones (RFC 9432): of its primaries, or of ours
    TextAt member_of;                  // the catalog of ours that lists this zone
    std::string group;                 // and in which group
    Offset at = 0;
};

/// A private key in a file of its own, PEM or DER; one that is not there is made.
struct KeyFile {
    std::string file;  // path
    SigningAlgorithm algorithm{};
    Offset at = 0;
};

/// How a zone is signed.
struct Dnssec {
    SigningAlgorithm algorithm = SigningAlgorithm::ecdsap256sha256;
    KeyScheme keys = KeyScheme::csk;
    DenialRule denial = DenialRule::nsec;
    std::uint16_t nsec3_iterations = 0;
    std::string nsec3_salt;  // hexadecimal
    bool nsec3_opt_out = false;
    milliseconds signature_validity = std::chrono::days(14);
    milliseconds signature_refresh = std::chrono::days(5);
    milliseconds signature_jitter = std::chrono::days(1);
    milliseconds ksk_lifetime{0};  // 0: never rolled by itself
    milliseconds zsk_lifetime = std::chrono::days(90);
    std::uint32_t dnskey_ttl = 3600;
    ZonemdRule zonemd = ZonemdRule::off;
    CsyncRule csync = CsyncRule::keep;
    // What rolls of keys wait for (RFC 7583).
    milliseconds zone_ttl_max = std::chrono::days(1);
    milliseconds ds_ttl = std::chrono::days(1);
    milliseconds propagation = std::chrono::hours(1);
    milliseconds parent_propagation = std::chrono::hours(1);
    milliseconds rollover_margin = std::chrono::hours(1);
    std::vector<Endpoint> parent_servers;  // asked for the DS
    bool remove_ds = false;                // RFC 8078 §4
    std::vector<TextAt> foreign_keys;      // DNSKEY of other signers (RFC 8901)
    bool authorizes_updates = false;       // SIG(0) by these keys
    std::string key_directory;       // of imported keys; empty: keys are made and kept in the state
    std::string key_signatures;      // RRSIGs of keys whose private half is elsewhere
    std::vector<KeyFile> key_files;  // in place of both; only trust-dns's configuration has them
    Offset at = 0;
};

struct Zone {
    TextAt name;
    std::optional<Soa> soa;
    std::vector<TextAt> ns;
    TextAt file;  // master file, relative to the config's folder; empty: records only
    Offset at = 0;

    // A zone with any of these is a zone of record: it changes while it serves, and its changes are
    // kept in the state directory.
    std::vector<TextAt> update;  // grants, one a text
    std::optional<Transfer> transfer;
    std::optional<Dnssec> dnssec;
    std::optional<SerialRule> serial;
    bool write_file = false;
    ByteSize journal_size = {64U << 20U};
    milliseconds lease_max = std::chrono::days(1);
    std::uint16_t timeout_type = 0;  // of TIMEOUT records; 0: none
    TextAt import_journal;           // trust-dns's, taken over once; only its configuration has one

    bool is_of_record() const {
        return !update.empty() || transfer || dnssec || serial || write_file;
    }
    bool is_secondary() const { return transfer && !transfer->primaries.empty(); }
};

struct Record {
    std::string name;
    std::string value;
    std::uint32_t ttl = 300;  // seconds
    Offset name_at = 0, type_at = 0, value_at = 0;
    dns::RrType type{};
    std::optional<std::uint16_t> priority;
    std::optional<bool> auto_ptr;  // unset: as ServerSection::auto_ptr
    bool wildcard = false;
};

/// A service this machine offers on its links.
struct OfferedService {
    TextAt name;  // empty: the host's
    TextAt type;
    std::uint16_t port = 0;
    std::vector<TextAt> txt, subtypes;
    TextAt host;  // empty: this machine
    std::uint16_t priority = 0, weight = 0;
    Offset at = 0;
};

/// Services of some links are shown on others.
struct Reflection {
    std::vector<TextAt> from, to;  // patterns of interface names
    std::vector<TextAt> types;     // empty: everything
    Offset at = 0;
};

/// Service discovery on the machine's links (RFC 6762, RFC 6763).
struct Discovery {
    std::string host_name;  // first label; empty: the machine's
    bool publish_host = true;
    bool resolve_local = true;
    bool ipv4 = true, ipv6 = true;
    std::vector<TextAt> interfaces, ignore_interfaces;  // name patterns
    std::vector<TextAt> service_directories;
    std::vector<OfferedService> services;
    std::vector<Reflection> reflect;  // none: nothing crosses
    Offset at = 0;
};

enum class RewriteAction : std::uint8_t { nxdomain, redirect };

struct Rewrite {
    TextAt match;
    RewriteAction action = RewriteAction::nxdomain;
    std::vector<TextAt> value;  // addresses
    Offset at = 0;
};

struct Config {
    std::string file;  // as the user named it
    ServerSection server;
    std::optional<Discovery> discovery;  // none: nothing is said or heard on links
    std::vector<Key> keys;               // in the order of the file, as everything here
    std::vector<Zone> zones;
    std::vector<Record> records;
    std::vector<Rewrite> rewrites;
    Lines lines;

    /// A problem at `at` of this file.
    Problem problem(Offset at, std::string text, Severity severity = Severity::error) const;
};

}  // namespace kith::config
