#pragma once
// Every key the configuration has: the one place that names them.

#include <array>

#include "config/field.hpp"
#include "config/limits.hpp"

namespace kith::config {

using enum Reload;
using enum Origin;
using enum Nested::Shape;

// clang-format off
// One row a key: what, where to, bounds, when, whose; then its sentence.

/// The top level.
struct Document {};

inline constexpr std::array document_fields{
    Field<Document>{"server", Nested{object, "server"}, {}, live, nanodns,
        "What the server does; see below which keys need a restart."},
    Field<Document>{"discovery", Nested{object, "discovery"}, {}, live, ours,
        "Be the responder of this machine on its links (Multicast DNS); {} takes the defaults, nothing "
        "is off."},
    Field<Document>{"keys", Nested{map, "key"}, {}, live, ours,
        "TSIG keys (RFC 8945), by name: who updates or transfers a zone."},
    Field<Document>{"zones", Nested{map, "zone"}, {}, live, nanodns,
        "Zones answered here with authority, by name; nothing in them is ever forwarded."},
    Field<Document>{"records", Nested{list, "record"}, {}, live, nanodns,
        "Records, each in the zone its name is in; outside every zone they add to what "
        "upstream knows."},
    Field<Document>{"rewrites", Nested{list, "rewrite"}, {}, live, nanodns,
        "Rules looked at before records; the first that matches wins."},
};

using Server = ServerSection;

inline constexpr std::array server_fields{
    Field<Server>{"host", &Server::host, {}, restart, nanodns,
        "Address to serve, where `listen` is not given."},
    Field<Server>{"port", &Server::port, {}, restart, nanodns,
        "UDP and TCP port of `host`; 0 takes any free one."},
    Field<Server>{"listen", &Server::listen, {53, 65'535}, restart, ours,
        "Addresses to serve, each with its port (53 where none is given); used in place of "
        "`host` and `port`."},
    Field<Server>{"workers", &Server::workers, {0, workers_max}, restart, ours,
        "Threads that answer; 0 is one for each processor."},
    Field<Server>{"upstream", &Server::upstream, {}, live, nanodns,
        "Servers that are asked for what is not known here; [] forwards nothing."},
    Field<Server>{"upstream_timeout", &Server::upstream_timeout, {1, 3'600'000}, live, nanodns,
        "How long one upstream may take for one try."},
    Field<Server>{"upstream_port", &Server::upstream_port, {1, 65'535}, live, nanodns,
        "Port of upstreams that are given without one."},
    Field<Server>{"resolv_conf", &Server::resolv_conf, {0, 4096}, live, ours,
        "Path of a resolv.conf to follow as it changes; its name servers are used in place of "
        "`upstream` while it names any."},
    Field<Server>{"forward", Nested{map, ""}, {}, live, ours,
        "Upstreams by domain, the longest match first; [] answers NXDOMAIN here and forwards "
        "nothing."},
    Field<Server>{"forward_clients", &Server::forward_clients, {}, live, ours,
        "Networks whose clients may ask for names that are not known here; [] is this machine's own "
        "networks and private ones, [\"0.0.0.0/0\", \"::/0\"] is everybody."},
    Field<Server>{"cache_enabled", &Server::cache_enabled, {}, live, nanodns,
        "Keep answers of upstreams."},
    Field<Server>{"cache_ttl", &Server::cache_ttl, {0, 31'536'000'000}, live, nanodns,
        "Longest time an answer is kept, whatever its TTL."},
    Field<Server>{"cache_size", &Server::cache_size, {}, live, nanodns,
        "Most answers kept."},
    Field<Server>{"cache_bytes", &Server::cache_bytes, {64U << 10U, 1ULL << 40U}, live, ours,
        "Most memory for kept answers; the smaller of this and `cache_size` holds."},
    Field<Server>{"serve_stale", &Server::serve_stale, {0, 604'800'000}, live, ours,
        "How long an expired answer may still serve while no upstream replies (RFC 8767); 0 "
        "is never."},
    Field<Server>{"prefetch", &Server::prefetch, {}, live, ours,
        "Renew answers that are asked for again shortly before they expire."},
    Field<Server>{"log_level", &Server::log_level, {}, live, nanodns,
        "Least important messages that are logged."},
    Field<Server>{"log_queries", &Server::log_queries, {}, live, nanodns,
        "Log one line for each query."},
    Field<Server>{"hot_reload", &Server::hot_reload, {}, live, nanodns,
        "Load the configuration and its zone files again when they change."},
    Field<Server>{"mgmt_host", &Server::mgmt_host, {}, restart, nanodns,
        "Address of the management API; not served yet."},
    Field<Server>{"mgmt_port", &Server::mgmt_port, {}, restart, nanodns,
        "Port of the management API, 0 is off; not served yet."},
    Field<Server>{"peers", &Server::peers, {}, live, nanodns,
        "Management addresses of the other servers that share this configuration; not served "
        "yet."},
    Field<Server>{"config_version", &Server::config_version, {}, live, nanodns,
        "Version of the file, kept by NanoDNS; read and not changed."},
    Field<Server>{"udp_payload_max", &Server::udp_payload_max, {512, 4096}, live, ours,
        "Largest UDP answer, in bytes; longer ones are truncated and asked for again over "
        "TCP."},
    Field<Server>{"tcp_clients_max", &Server::tcp_clients_max, {1, 65'536}, live, ours,
        "TCP clients that each worker serves at once."},
    Field<Server>{"tcp_idle_timeout", &Server::tcp_idle_timeout, {100, 3'600'000}, live, ours,
        "How long a TCP client may stay silent."},
    Field<Server>{"nsid", &Server::nsid, {0, 128}, live, ours,
        "Name of this server in answers to the NSID option (RFC 5001); empty sends none."},
    Field<Server>{"version", &Server::version, {0, 255}, live, ours,
        "Text that `version.bind CH TXT` is answered with; empty is the program's own, "
        "\"none\" refuses."},
    Field<Server>{"rewrite_depth", &Server::rewrite_depth, {}, live, ours,
        "How deep a rewrite `*.x` reaches: x and one label below it, or any number of labels."},
    Field<Server>{"auto_ptr", &Server::auto_ptr, {}, live, ours,
        "Answer reverse queries for the addresses of A and AAAA records."},
    Field<Server>{"state_directory", &Server::state_directory, {0, 4096}, restart, ours,
        "Folder for what zones of record must not lose, relative to this file; empty is the service "
        "manager's, or else `kith-state` beside this file."},
};

inline constexpr std::array discovery_fields{
    Field<Discovery>{"host_name", &Discovery::host_name, {0, 63}, restart, ours,
        "This machine's name on the link, without .local; empty is its host name. One that is taken "
        "gets a number."},
    Field<Discovery>{"publish_host", &Discovery::publish_host, {}, restart, ours,
        "Answer for this machine's name and addresses."},
    Field<Discovery>{"resolve_local", &Discovery::resolve_local, {}, live, ours,
        "Answer clients in `forward_clients` that ask for names in .local by asking the link; without it "
        "they are told that there are none (RFC 6762 §22.1)."},
    Field<Discovery>{"ipv4", &Discovery::ipv4, {}, restart, ours,
        "Use IPv4."},
    Field<Discovery>{"ipv6", &Discovery::ipv6, {}, restart, ours,
        "Use IPv6."},
    Field<Discovery>{"interfaces", &Discovery::interfaces, {1, 64}, live, ours,
        "Interfaces to use, by name pattern such as \"eth*\"; [] is all but loopback, tunnels and the "
        "ports of bridges."},
    Field<Discovery>{"ignore_interfaces", &Discovery::ignore_interfaces, {1, 64}, live, ours,
        "Interfaces to leave alone, by name pattern; wins over `interfaces`."},
    Field<Discovery>{"service_directories", &Discovery::service_directories, {1, 4096}, live, ours,
        "Folders with service files of Avahi (*.service) and systemd (*.dnssd), relative to this file, "
        "such as \"/etc/avahi/services\"; they are watched."},
    Field<Discovery>{"services", Nested{list, "service"}, {}, live, ours,
        "Services to offer."},
    Field<Discovery>{"reflect", Nested{list, "reflect"}, {}, live, ours,
        "Services of some interfaces that are shown on others, for networks (VLANs) between which multicast "
        "does not pass; [] is none."},
};

inline constexpr std::array reflection_fields{
    Field<Reflection>{"from", &Reflection::from, {1, 64}, live, ours,
        "Interfaces whose services are shown, by name pattern.", Need::required},
    Field<Reflection>{"to", &Reflection::to, {1, 64}, live, ours,
        "Interfaces they are shown on, by name pattern; another rule is needed for the way back.",
        Need::required},
    Field<Reflection>{"types", &Reflection::types, {1, 256}, live, ours,
        "Types that are shown, such as \"_ipp._tcp\", with the names of their hosts; [] is everything."},
};

inline constexpr std::array service_fields{
    Field<OfferedService>{"name", &OfferedService::name, {0, 63}, live, ours,
        "Name of the instance, for people; without it the host's. One that is taken gets a number."},
    Field<OfferedService>{"type", &OfferedService::type, {1, 256}, live, ours,
        "Type such as \"_http._tcp\".", Need::required},
    Field<OfferedService>{"port", &OfferedService::port, {0, 65'535}, live, ours,
        "Its port.", Need::required},
    Field<OfferedService>{"txt", &OfferedService::txt, {1, 255}, live, ours,
        "What its TXT record says: \"key=value\" or \"key\"."},
    Field<OfferedService>{"subtypes", &OfferedService::subtypes, {1, 63}, live, ours,
        "Subtypes it is found by as well, such as \"_printer\"."},
    Field<OfferedService>{"host", &OfferedService::host, {0, key_bytes_max}, live, ours,
        "Host it runs on, if not this one."},
    Field<OfferedService>{"priority", &OfferedService::priority, {}, live, ours,
        "Smaller is tried first (RFC 2782)."},
    Field<OfferedService>{"weight", &OfferedService::weight, {}, live, ours,
        "Share among those of equal priority."},
};

inline constexpr std::array key_fields{
    Field<Key>{"algorithm", &Key::algorithm, {1, 64}, live, ours,
        "hmac-sha256 (without this), hmac-sha512, hmac-sha384, hmac-sha224, hmac-sha1 or hmac-md5."},
    Field<Key>{"secret", &Key::secret, {1, 1024}, live, ours,
        "The secret both sides know, in base64."},
    Field<Key>{"file", &Key::file, {1, 4096}, live, ours,
        "Path of a file with the key, as tsig-keygen and keymgr write it, relative to this file; in "
        "place of `secret`. A name without a folder is looked for among the service manager's "
        "credentials first."},
};

inline constexpr std::array zone_fields{
    Field<Zone>{"soa", Nested{object, "soa"}, {}, live, nanodns,
        "The SOA record; without it one is made from the defaults below."},
    Field<Zone>{"ns", &Zone::ns, {}, live, nanodns,
        "Names of the zone's name servers; without them and without NS records it is the "
        "SOA's mname."},
    Field<Zone>{"file", &Zone::file, {1, 4096}, live, ours,
        "Path of a master file (RFC 1035 §5) with the zone's records, relative to this file; "
        "records given here add to it."},
    Field<Zone>{"update", &Zone::update, {1, 4096}, live, ours,
        "Who may change the zone by UPDATE (RFC 2136), one grant each, such as \"grant laptop. self "
        "A AAAA\" or \"grant certbot. acme www\"; nobody without."},
    Field<Zone>{"transfer", Nested{object, "transfer"}, {}, live, ours,
        "To whom the zone goes, and where it comes from."},
    Field<Zone>{"dnssec", Nested{object, "dnssec"}, {}, live, ours,
        "Sign the zone; {} takes the defaults."},
    Field<Zone>{"serial", &Zone::serial, {}, live, ours,
        "How the serial of the next version is chosen: one more (without this), seconds since 1970, "
        "or YYYYMMDDnn."},
    Field<Zone>{"write_file", &Zone::write_file, {}, live, ours,
        "Write changes back to `file`, which loses its comments."},
    Field<Zone>{"journal_size", &Zone::journal_size, {64U << 10U, 1ULL << 40U}, live, ours,
        "Most bytes of changes that are kept for secondaries; older ones are folded into the zone."},
    Field<Zone>{"lease_max", &Zone::lease_max, {30'000, 31'536'000'000}, live, ours,
        "Longest time that clients may lease records for (RFC 9664)."},
    Field<Zone>{"timeout_type", &Zone::timeout_type, {0, 65'534}, live, ours,
        "Type number of TIMEOUT records, 65280..65534, which tell secondaries when leases end; 0 is "
        "none."},
};

inline constexpr std::array transfer_fields{
    Field<Transfer>{"allow", &Transfer::allow, {1, 1024}, live, ours,
        "Who may take the zone by AXFR or IXFR: networks, \"key NAME\", or both as \"192.0.2.0/24 "
        "key NAME\"; nobody without."},
    Field<Transfer>{"notify", &Transfer::notify, {1, 1024}, live, ours,
        "Servers that are told of new versions (RFC 1996), such as \"192.0.2.2\" or "
        "\"[2001:db8::2]:5353 key NAME\"."},
    Field<Transfer>{"notify_ns", &Transfer::notify_ns, {}, live, ours,
        "Also tell the zone's name servers, where their addresses are known here."},
    Field<Transfer>{"primaries", &Transfer::primaries, {1, 1024}, live, ours,
        "Servers the zone is taken from, such as \"192.0.2.1 key NAME\", tried in order; makes this "
        "server a secondary of the zone."},
    Field<Transfer>{"allow_notify", &Transfer::allow_notify, {1, 1024}, live, ours,
        "Who besides the primaries may say that there is a new version; written as in `allow`."},
    Field<Transfer>{"forward_updates", &Transfer::forward_updates, {}, live, ours,
        "As a secondary, hand updates on to the primary (RFC 2136 §6)."},
    Field<Transfer>{"catalog", &Transfer::catalog, {}, live, ours,
        "The zone is a catalog (RFC 9432): as a secondary, serve the zones it lists, taken from the "
        "same primaries; as a primary, list the zones that name it in `member_of`."},
    Field<Transfer>{"member_of", &Transfer::member_of, {1, 1024}, live, ours,
        "The catalog of this server that lists the zone."},
    Field<Transfer>{"group", &Transfer::group, {0, 255}, live, ours,
        "The group it has there, which tells consumers how to treat it."},
    Field<Transfer>{"zonemd", &Transfer::zonemd, {}, live, ours,
        "As a secondary, refuse versions whose ZONEMD (RFC 8976) is wrong or missing; a wrong one is "
        "always refused."},
};

inline constexpr std::array dnssec_fields{
    Field<Dnssec>{"algorithm", &Dnssec::algorithm, {}, live, ours,
        "Algorithm of the keys; another one is rolled to step by step."},
    Field<Dnssec>{"keys", &Dnssec::keys, {}, live, ours,
        "One key for all, or one for the DNSKEY records and one for the rest."},
    Field<Dnssec>{"denial", &Dnssec::denial, {}, live, ours,
        "How it is proven that a name does not exist."},
    Field<Dnssec>{"nsec3_iterations", &Dnssec::nsec3_iterations, {0, 100}, live, ours,
        "Additional hash rounds; leave it 0 (RFC 9276)."},
    Field<Dnssec>{"nsec3_salt", &Dnssec::nsec3_salt, {0, 64}, live, ours,
        "Salt in hexadecimal; leave it empty (RFC 9276)."},
    Field<Dnssec>{"nsec3_opt_out", &Dnssec::nsec3_opt_out, {}, live, ours,
        "Leave delegations without DS out of the chain; for zones of nothing else."},
    Field<Dnssec>{"signature_validity", &Dnssec::signature_validity, {3'600'000, 31'536'000'000}, live, ours,
        "How long a signature is good for."},
    Field<Dnssec>{"signature_refresh", &Dnssec::signature_refresh, {60'000, 31'536'000'000}, live, ours,
        "How long before its end it is renewed."},
    Field<Dnssec>{"signature_jitter", &Dnssec::signature_jitter, {0, 31'536'000'000}, live, ours,
        "By how much ends are spread, so that not all are renewed at once."},
    Field<Dnssec>{"ksk_lifetime", &Dnssec::ksk_lifetime, {0, 315'360'000'000}, live, ours,
        "How long a key that the parent knows is used before the next one; 0 is until `kith key roll`."},
    Field<Dnssec>{"zsk_lifetime", &Dnssec::zsk_lifetime, {0, 315'360'000'000}, live, ours,
        "How long a key that only the zone knows is used before the next one; 0 is for ever."},
    Field<Dnssec>{"dnskey_ttl", &Dnssec::dnskey_ttl, {0, 604'800}, live, ours,
        "Seconds that others may keep the keys."},
    Field<Dnssec>{"zonemd", &Dnssec::zonemd, {}, live, ours,
        "Keep a digest of the zone in it (RFC 8976)."},
    Field<Dnssec>{"csync", &Dnssec::csync, {}, live, ours,
        "The record by which the parent takes NS and glue from the zone (RFC 7477): kept as the zone has it, "
        "none, or made here, for the parent to act on at once or when somebody there agrees."},
    Field<Dnssec>{"zone_ttl_max", &Dnssec::zone_ttl_max, {0, 31'536'000'000}, live, ours,
        "Largest TTL in the zone, which rolls of keys wait for; larger ones that are seen count."},
    Field<Dnssec>{"ds_ttl", &Dnssec::ds_ttl, {0, 31'536'000'000}, live, ours,
        "TTL of the DS records at the parent; larger ones that are seen there count."},
    Field<Dnssec>{"propagation", &Dnssec::propagation, {0, 31'536'000'000}, live, ours,
        "How long until every secondary has a new version of the zone."},
    Field<Dnssec>{"parent_propagation", &Dnssec::parent_propagation, {0, 31'536'000'000}, live, ours,
        "How long until every server of the parent has it."},
    Field<Dnssec>{"rollover_margin", &Dnssec::rollover_margin, {0, 31'536'000'000}, live, ours,
        "Added to every wait of a roll, for clocks and surprises."},
    Field<Dnssec>{"parent_servers", &Dnssec::parent_servers, {53, 65'535}, live, ours,
        "Servers of the parent zone, all of which are asked for the DS records that a roll waits for; "
        "without them `kith key ds-seen` tells."},
    Field<Dnssec>{"remove_ds", &Dnssec::remove_ds, {}, live, ours,
        "Ask the parent to remove its DS records (RFC 8078), so that signing can be ended after that."},
    Field<Dnssec>{"foreign_keys", &Dnssec::foreign_keys, {1, 4096}, live, ours,
        "DNSKEY records of other signers of the same zone (RFC 8901), as \"257 3 13 BASE64\", to publish "
        "beside our own."},
    Field<Dnssec>{"authorizes_updates", &Dnssec::authorizes_updates, {}, live, ours,
        "Let who signs an update with a key of the zone (SIG(0)) speak for the zone's name in `update`, as "
        "trust-dns did."},
    Field<Dnssec>{"key_signatures", &Dnssec::key_signatures, {0, 4096}, live, ours,
        "File with RRSIG records over DNSKEY, CDS and CDNSKEY that were made where the key signing key "
        "is, relative to this file; read again when it changes."},
    Field<Dnssec>{"key_directory", &Dnssec::key_directory, {0, 4096}, live, ours,
        "Folder with keys made elsewhere (K*.private and K*.key), relative to this file; without it "
        "keys are made and kept in the state directory."},
};

inline constexpr std::array soa_fields{
    Field<Soa>{"mname", &Soa::mname, {}, live, nanodns,
        "Primary name server; without it ns1.<zone>."},
    Field<Soa>{"rname", &Soa::rname, {}, live, nanodns,
        "Mailbox of who is responsible, with a dot for the @; without it admin.<zone>."},
    Field<Soa>{"serial", &Soa::serial, {}, live, nanodns,
        "Version of the zone for its secondaries."},
    Field<Soa>{"refresh", &Soa::refresh, {0, 2'147'483'647}, live, nanodns,
        "Seconds after which a secondary looks for a new version."},
    Field<Soa>{"retry", &Soa::retry, {0, 2'147'483'647}, live, nanodns,
        "Seconds after which it tries again when that failed."},
    Field<Soa>{"expire", &Soa::expire, {0, 2'147'483'647}, live, nanodns,
        "Seconds after which it stops answering without news."},
    Field<Soa>{"minimum", &Soa::minimum, {0, 2'147'483'647}, live, nanodns,
        "Seconds that others may remember that a name does not exist; also the SOA's TTL."},
};

inline constexpr std::array record_fields{
    Field<Record>{"name", &Record::name, {1, key_bytes_max}, live, nanodns,
        "Whole name of the record, with or without the final dot.",
        Need::required, &Record::name_at},
    Field<Record>{"type", &Record::type, {}, live, nanodns,
        "Any record type, in any case: A, AAAA, CNAME, MX, TXT, SRV, CAA, HTTPS, TYPE65280 "
        "...",
        Need::required, &Record::type_at},
    Field<Record>{"value", &Record::value, {0, text_bytes_max}, live, nanodns,
        "Its data as in a master file; of TXT the text itself, without quotes.",
        Need::required, &Record::value_at},
    Field<Record>{"ttl", &Record::ttl, {0, 2'147'483'647}, live, nanodns,
        "Seconds that others may keep it."},
    Field<Record>{"priority", &Record::priority, {}, live, nanodns,
        "Preference of an MX record (10 without it), priority of SRV, SVCB and HTTPS when the "
        "value leaves it out."},
    Field<Record>{"wildcard", &Record::wildcard, {}, live, nanodns,
        "Also answer for every name one label below."},
    Field<Record>{"auto_ptr", &Record::auto_ptr, {}, live, ours,
        "The server's `auto_ptr` for this record."},
};

inline constexpr std::array rewrite_fields{
    Field<Rewrite>{"match", &Rewrite::match, {1, key_bytes_max}, live, nanodns,
        "A name, or *.name for it and what is below it.",
        Need::required},
    Field<Rewrite>{"action", &Rewrite::action, {}, live, nanodns,
        "What to answer: that the name does not exist, or the addresses in `value`.",
        Need::required},
    Field<Rewrite>{"value", &Rewrite::value, {}, live, nanodns,
        "An address, or a list of them, to redirect to."},
};

// clang-format on

/// Keys that may stand in any object and mean nothing: notes of people and of their editors.
constexpr bool is_note(std::string_view key) {
    return key == "comment" || key == "$schema" || key.starts_with('_') || key.starts_with("//");
}

}  // namespace kith::config
