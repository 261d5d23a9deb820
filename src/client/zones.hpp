#pragma once
// Zones for programs: dynamic update, transfers, keys, signing and checking; what `kith update`, `transfer`,
// `key` and `zone` do. This header stands alone and is C++23; see docs/library.md.
//
//   const auto key = kith::client::MessageKey::from_file("acme.key");
//   kith::client::Update update;
//   update.create({{"_acme-challenge.example.com", 60, "TXT", "token"}});
//   const auto done = update.send({.server = "192.0.2.53", .key = *key});
//   if (!done) complain(done.error().text);
//
// Names and records are texts as in a master file; names are absolute, with or without their final dot.
// What fails says so by its result: nothing here throws. Calls that reach a server wait for it, at most as
// long as their `timeout` says: a program with a loop makes them on a thread of its own. Objects are values;
// one may be read by many threads, and used by one while it changes.

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kith::client {

enum class ErrorKind : std::uint8_t {
    input,      ///< a name, record, key, option or zone given by the program
    file,       ///< a file that cannot be read or written, or may be read by others
    network,    ///< no server was found or reached, or none answered in time
    refused,    ///< the server said no: `rcode` says how
    signature,  ///< the reply's signature, or what the server says of ours: `verdict`
    protocol,   ///< the reply is no reply to what was asked, or not whole
    library,    ///< the crypto library failed: no memory, or no randomness
};

/// What a signature on a reply (TSIG, RFC 8945) is worth.
enum class Verdict : std::uint8_t {
    not_asked,      ///< the request was not signed with TSIG; nobody vouches for the reply
    good,           ///< from a holder of the key, and in time
    missing,        ///< not signed, though the request was
    bad_signature,  ///< another secret: theirs says so (BADSIG), or ours
    bad_key,        ///< the server has no such key or another algorithm (BADKEY)
    bad_time,       ///< clocks differ by more than five minutes (BADTIME)
};

struct Error {
    ErrorKind kind{};
    std::string
        text{};  // what was expected, what was found, what to do; of a zone's text a line each
    std::string rcode{};  // refused: "NXRRSET", "REFUSED" ...
    Verdict verdict = Verdict::not_asked;
};

template <class T>
using Expected = std::expected<T, Error>;

/// One record, of class IN.
struct Record {
    std::string owner{};  // "www.example.com"; what the library gives ends with a dot
    std::uint32_t ttl = 0;
    std::string type{};  // "A", "TYPE65280"
    std::string data{};  // "192.0.2.1", "10 mail.example.com.": names in it are absolute

    /// `www.example.com. 300 IN A 192.0.2.1`.
    std::string to_text() const;
    friend bool operator==(const Record&, const Record&) = default;
};

/// What requests are signed with: TSIG (RFC 8945), whose replies are checked, or SIG(0) (RFC 2931), whose
/// replies nobody signs. Copies share one key.
class MessageKey {
public:
    MessageKey() = default;  ///< none
    /// `algorithm`: "hmac-sha256" and the like; `secret`: base64.
    static Expected<MessageKey> tsig(const std::string& name, const std::string& algorithm,
                                     const std::string& secret);
    /// Whatever file holds one: a `key` statement (tsig-keygen), a line `algorithm:name:secret`, a K*.private of
    /// TSIG or SIG(0), or a private key in PEM, of which `signer` is the owner of the KEY record.
    static Expected<MessageKey> from_file(const std::string& path, const std::string& signer = {});

    /// Of the key, or of the KEY record; empty: none.
    std::string name() const;
    explicit operator bool() const { return key_ != nullptr; }

    struct Material;  // of the library
    const std::shared_ptr<const Material>& material() const { return key_; }
    explicit MessageKey(std::shared_ptr<const Material> key) : key_(std::move(key)) {}

private:
    std::shared_ptr<const Material> key_;
};

// ---- dynamic update

struct UpdateOptions {
    /// Address with :port if not 53, or a name. Empty: the zone's primary, as the resolver of /etc/resolv.conf says.
    std::string server{};
    MessageKey key{};
    std::chrono::milliseconds timeout{30'000};  // of all that send() does
    std::chrono::milliseconds retry{3'000};     // over UDP: until it is sent again
    int retries = 3;
    bool tcp_only =
        false;  // what is over 1,232 bytes, or is answered truncated, goes over TCP anyway
};

struct UpdateReply {
    std::string zone{};    // that was changed
    std::string server{};  // "192.0.2.53:53"
    Verdict verdict{};     // good, or not_asked
    std::optional<std::uint32_t>
        lease{};  // granted, in seconds; none: not asked for, or not known there
};

/// An UPDATE (RFC 2136): what must be so, and what changes then. All of it is done or nothing. A value: keep
/// it, change it, send it again.
///
/// A text that cannot be read is told by send(), which then sends nothing.
class Update {
public:
    /// Empty: the zone that the first name is in, found by asking.
    explicit Update(const std::string& zone = {});
    ~Update();
    Update(const Update&);
    Update& operator=(const Update&);

    // Prerequisites (RFC 2136 §2.4). Those of require_record() together are the whole RRset.
    Update& require_name(const std::string& owner);
    Update& require_no_name(const std::string& owner);
    Update& require_rrset(const std::string& owner, const std::string& type);
    Update& require_no_rrset(const std::string& owner, const std::string& type);
    Update& require_record(const Record& record);  ///< its TTL does not matter

    /// Adds a record; one that is there takes the TTL.
    Update& add(const Record& record);

    // The operations of trust-dns's client, each with the prerequisites that it needs. All records of one call
    // have one owner and type, and there is at least one.
    Update& create(const std::vector<Record>& rrset);  ///< refused when there are some of this type
    enum class Existing : std::uint8_t { any, required };
    Update& append(const std::vector<Record>& rrset, Existing existing = Existing::any);
    /// Refused when there are not exactly the records of `current`.
    Update& compare_and_swap(const std::vector<Record>& current, const std::vector<Record>& next);
    Update& delete_by_rdata(const std::vector<Record>& rrset);  ///< TTLs do not matter
    Update& delete_rrset(const std::string& owner, const std::string& type);
    Update& delete_all(const std::string& owner);

    /// Asks that what is added goes by itself after this time (RFC 9664); KEY records after `keys`.
    Update& lease(std::chrono::seconds records, std::optional<std::chrono::seconds> keys = {});

    /// As `kith update` reads it, a line each.
    std::string to_text() const;
    Expected<UpdateReply> send(const UpdateOptions& options) const;

private:
    struct State;
    Update& note(Expected<void> done);
    std::unique_ptr<State> state_;
};

/// Tells a secondary that a zone has changed (RFC 1996).
Expected<UpdateReply> notify(const std::string& zone, const UpdateOptions& options);

// ---- keys of signed zones

class SigningKey {
public:
    enum class Role : std::uint8_t { csk, ksk, zsk, host };  // host: a KEY record, for SIG(0)
    struct Request {
        std::string owner{};  // the zone; of a host key the host
        std::string algorithm = "ECDSAP256SHA256";
        Role role = Role::csk;
        int rsa_bits = 2048;
        std::uint32_t ttl = 3600;  // of the DNSKEY
    };

    /// A new key, active from now on. RSA takes a tenth of a second, others under a millisecond.
    /// It gets another tag than those `beside` it have.
    static Expected<SigningKey> generate(const Request& request,
                                         const std::vector<SigningKey>& beside = {});
    /// One made elsewhere: PEM of PKCS#8, PKCS#1 or RFC 5915, not encrypted.
    static Expected<SigningKey> from_pem(const Request& request, std::string_view pem);
    /// BIND's files: K<zone>+<algorithm>+<tag>, .key or .private. A private file that others may read is refused; when
    /// there is none, the key is only published.
    static Expected<SigningKey> read(const std::string& path);
    /// All keys of the zone in a folder.
    static Expected<std::vector<SigningKey>> read_folder(const std::string& folder,
                                                         const std::string& zone);

    std::string owner() const;
    std::string algorithm() const;
    std::uint16_t tag() const;
    std::uint16_t flags() const;
    bool has_private() const;
    Record dnskey() const;  ///< or KEY
    /// What the parent publishes. `digest`: "sha256", "sha384", "sha1".
    Expected<Record> ds(const std::string& digest = "sha256") const;
    /// Both files, the private one for its owner alone; their path without its ending. Existing ones stay, and are
    /// an error.
    Expected<std::string> write(const std::string& folder) const;
    /// The private key as PKCS#8, not encrypted.
    Expected<std::string> to_pem() const;

    struct Material;
    const Material& material() const { return *key_; }
    explicit SigningKey(std::shared_ptr<const Material> key) : key_(std::move(key)) {}

private:
    std::shared_ptr<const Material> key_;
};

// ---- zones

enum class ZoneForm : std::uint8_t {
    absolute,  ///< a master file, every owner in full
    relative,  ///< a master file, owners below $ORIGIN
    json,      ///< one JSON object a line and record
};

enum class SerialStep : std::uint8_t { keep, increment, unixtime, date };  // date: YYYYMMDDnn

struct SignOptions {
    bool nsec3 = false;  // else NSEC
    bool opt_out = false;
    std::uint16_t iterations = 0;  // RFC 9276 says 0
    std::string salt{};            // hexadecimal; RFC 9276 says none
    std::string zonemd = "none";   // none, sha384, sha512
    std::string csync = "keep";    // keep, none, approval, immediate
    SerialStep serial = SerialStep::keep;
    std::chrono::seconds validity = std::chrono::days(14);
    std::chrono::seconds jitter =
        std::chrono::days(1);  // by how much ends differ; below validity - refresh
    std::chrono::seconds refresh = std::chrono::days(5);
    std::chrono::seconds skew = std::chrono::hours(1);  // signatures begin so long ago
    std::optional<std::uint32_t> dnskey_ttl{};          // none: of the keys
    bool publish_cds = true;                            // CDS and CDNSKEY (RFC 7344)
    std::optional<std::chrono::sys_seconds> now{};      // none: the clock
};

struct VerifyOptions {
    std::vector<std::string>
        ds{};  // data of DS records that must lead to the zone; none: any key with SEP
    std::chrono::seconds valid_for{0};              // signatures are good for so much longer
    std::optional<std::chrono::sys_seconds> now{};  // none: the clock
};

struct ZoneFlaw {
    std::string owner{}, type{}, text{};
};

struct VerifyReport {
    std::vector<ZoneFlaw> flaws{};  // the first 100 or so
    std::size_t flaws_left_out = 0;
    std::size_t rrsets = 0, signatures = 0;  // that are to be signed; that were checked
    std::optional<std::chrono::sys_seconds> first_expiration{};
    bool is_good() const { return flaws.empty(); }
};

/// What leads from one version of a zone to another.
struct ZoneDifference {
    std::uint32_t from_serial = 0, to_serial = 0;
    std::vector<Record> removed{}, added{};  // in canonical order; of the SOA both
    bool is_empty() const { return removed.empty() && added.empty(); }
    /// `; from serial 1 to 2`, then a line a record, - or +.
    std::string to_text() const;
};

/// A whole zone, immutable; copies share it.
class Zone {
public:
    /// `origin` empty: the owner of the SOA. Without files: $INCLUDE is an error.
    static Expected<Zone> from_text(std::string_view text, const std::string& origin = {});
    static Expected<Zone> from_file(const std::string& path, const std::string& origin = {});

    std::string name() const;  ///< "example.com."
    std::uint32_t serial() const;
    std::size_t record_count() const;
    /// In canonical order, the apex first.
    void for_each(const std::function<void(const Record&)>& visit) const;
    std::string to_text(ZoneForm form = ZoneForm::absolute) const;
    /// Replaces `path` in one step.
    Expected<void> save(const std::string& path, ZoneForm form = ZoneForm::absolute) const;

    /// The zone signed with these keys as their times and flags say. What was signed before is signed anew.
    Expected<Zone> sign(const std::vector<SigningKey>& keys, const SignOptions& options = {}) const;
    /// Whether all of it is signed as it should be: signatures, chain, digest.
    Expected<VerifyReport> verify(const VerifyOptions& options = {}) const;
    /// Fails for another zone.
    Expected<ZoneDifference> difference_to(const Zone& later) const;

    struct Material;
    const Material& material() const { return *zone_; }
    explicit Zone(std::shared_ptr<const Material> zone) : zone_(std::move(zone)) {}

private:
    std::shared_ptr<const Material> zone_;
};

// ---- transfers

struct TransferOptions {
    std::string server{};  // an address, with :port if not 53
    MessageKey key{};      // TSIG
    std::optional<std::uint32_t>
        serial{};  // what has changed since (IXFR); none: the whole zone (AXFR)
    std::chrono::milliseconds timeout{30'000};  // without anything coming
    std::uint64_t bytes_max = 0;                // 0: 4 GiB
};

/// Either is set, or neither: there is nothing newer.
struct Transferred {
    std::uint32_t serial = 0;
    std::optional<Zone> zone{};
    std::vector<ZoneDifference> differences{};  // in order
    Verdict verdict{};                          // good, or not_asked
    bool is_up_to_date() const { return !zone && differences.empty(); }
};

/// AXFR or IXFR over TCP, checked as a secondary checks it: there is a result only when all of it was in
/// order. A server may answer a question for changes with the whole zone.
Expected<Transferred> transfer(const std::string& zone, const TransferOptions& options);

}  // namespace kith::client
