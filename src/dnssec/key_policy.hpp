#pragma once
// KeyManager: which keys a zone has and what each does, over the years: first signing, rolls of keys that
// sign keys, the zone or both, changes of algorithm (RFC 6781 §4.1, RFC 7583), CDS and CDNSKEY.
//
// It knows no sequences of steps. It remembers every version of three things that a validator may still
// hold: the DS records, the DNSKEY RRset with its signers, and the signatures of other RRsets. A step
// towards the goal is taken when every combination of those versions validates after it, and
// otherwise waited for. So rolls may overlap, be started, and change their goal at any time.
//
// While no parent vouches for the zone, nobody checks its signatures: then it is signed and published at
// once, and only the announcement waits until nobody holds the zone as it was before.
//
//   validates: there is no DS; or for every algorithm of the DS records one of their keys is in the DNSKEY
//   RRset and signs it, and for every algorithm of the DNSKEY RRset one of its keys signs the RRset
//
// That is stricter than RFC 6840 §5.11 asks of validators and what RFC 6781 §4.1.4 calls conservative.
//
// Takes the time as an argument, does no I/O; one thread at a time.

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/algorithm.hpp"
#include "dnssec/zone_key.hpp"

namespace kith::dnssec {

enum class KeyRole : std::uint8_t { csk, ksk, zsk };
std::string_view role_name(KeyRole role);
std::optional<KeyRole> parse_role(std::string_view name);
constexpr bool signs_keys(KeyRole role) { return role != KeyRole::zsk; }
constexpr bool signs_zone(KeyRole role) { return role != KeyRole::ksk; }

enum class KeyLayout : std::uint8_t { csk, split };

/// What an operator wants. Seconds; a lifetime of 0 never ends by itself.
struct KeyPolicy {
    KeyLayout layout = KeyLayout::csk;
    crypto::Algorithm algorithm = crypto::Algorithm::ECDSAP256SHA256;
    UnixTime ksk_lifetime = 0;  // of csk too: each roll needs the parent
    UnixTime zsk_lifetime = 90 * 86400;
    UnixTime dnskey_ttl = 3600;
    UnixTime zone_ttl_max = 86400;       // largest TTL in the zone
    UnixTime ds_ttl = 86400;             // of the DS at the parent
    UnixTime propagation = 3600;         // until every secondary has a new version
    UnixTime parent_propagation = 3600;  // until every server of the parent has it
    UnixTime safety = 3600;              // added to each wait
    bool leaves =
        false;  // ask the parent to remove its DS records, so that signing can end (RFC 8078)
};

/// A key of a zone; the manager's caller sees to it that no two have the same.
struct KeyId {
    std::uint8_t algorithm = 0;
    std::uint16_t tag = 0;

    friend auto operator<=>(const KeyId&, const KeyId&) = default;
    /// "13/04711".
    std::string to_text() const;
    static std::optional<KeyId> from_text(std::string_view text);
};
using KeyIds = std::set<KeyId>;

struct ManagedKey {
    KeyId id;
    KeyRole role{};
    UnixTime since = 0;        // when it was added
    bool is_retiring = false;  // it is to go; else it is to be in use
};

/// A key that the caller is to make and add.
struct WantedKey {
    KeyRole role{};
    crypto::Algorithm algorithm{};
    friend bool operator==(const WantedKey&, const WantedKey&) = default;
};

class KeyManager {
public:
    /// A zone without keys. `now` is needed because validators may hold it as it is.
    explicit KeyManager(KeyPolicy policy) : policy_(policy) {}
    /// As to_text() wrote it. The error says which line is wrong.
    static Result<KeyManager, std::string> from_text(std::string_view text, KeyPolicy policy);
    std::string to_text() const;

    const KeyPolicy& policy() const { return policy_; }
    /// A new policy: what does not fit it any more is rolled at the next step().
    void set_policy(const KeyPolicy& policy) { policy_ = policy; }

    const std::vector<ManagedKey>& keys() const { return keys_; }
    /// Adds a key; those of its role that are in use, and those a change of algorithm or layout leaves
    /// without work, begin to retire. False when there is one of this id, or keys_max of them.
    bool add_key(KeyId id, KeyRole role, UnixTime now);
    /// A key of this role is to be replaced now, whatever its age.
    void roll(KeyRole role);

    /// What is to be done next. Call it at `next_due`, and after any other call here.
    struct Step {
        bool has_changed = false;       // use() is not what it was: sign accordingly
        std::vector<WantedKey> wanted;  // make these and add them
        std::vector<KeyId> gone;        // these are not used any more; their files may go
        UnixTime next_due = 0;          // 0: only when something happens
    };
    Step step(UnixTime now);

    /// What a key does now.
    KeyUse use(KeyId id) const;
    /// CDS and CDNSKEY ask the parent to remove its DS records (RFC 8078 §4).
    bool announces_removal() const { return policy_.leaves && wanted_ds_.empty(); }
    /// The DNSKEY, CDS and CDNSKEY RRsets that use() asks for are durable and served; the ones before
    /// them age from here on. Call it again whenever that is seen. True: something has changed by it.
    bool on_served(UnixTime now);
    /// Changes whenever the keys that sign the zone do.
    std::uint32_t signing_generation() const { return generation_; }
    /// Every RRset of the zone has been signed as of this generation and is served so; others are
    /// ignored. True: something has changed by it.
    bool on_signed(std::uint32_t generation, UnixTime now);

    /// The DS records that the parent should have: what CDS asks for (RFC 7344).
    const KeyIds& wanted_ds() const { return wanted_ds_; }
    /// All servers of the parent have exactly these DS records of the zone's keys. Keys that are not
    /// the manager's are passed over. True: something has changed by it.
    bool on_ds_seen(KeyIds keys, UnixTime now);
    /// The DS records that were seen last.
    const KeyIds& seen_ds() const { return held_.ds.back().keys; }
    /// Whether a validator may hold a DS of one of these keys: the zone must stay signed.
    bool is_vouched_for() const;
    /// Whether time must pass before the next move.
    bool is_waiting() const { return held_.ds.size() + held_.keys.size() + held_.zone.size() > 3; }
    /// When the next key is to be made because the one before it is old; 0: never.
    UnixTime next_roll() const;

    /// What is waited for, in words, one line each; for `kith key status`.
    std::vector<std::string> waiting_for(UnixTime now) const;

private:
    static constexpr UnixTime for_now = 0;  // `gone` of a version that is there
    struct DsVersion {
        KeyIds keys;
        UnixTime gone = for_now;
    };
    struct KeysVersion {
        KeyIds published;
        KeyIds signers;
        UnixTime ttl = 0;
        UnixTime gone = for_now;  // also until on_served() says that it is replaced
    };
    struct ZoneVersion {
        KeyIds signers;
        UnixTime gone = for_now;  // also until on_signed() says that it is replaced everywhere
    };
    /// All that a validator may hold; the current version stands last in each.
    struct Held {
        std::vector<DsVersion> ds{{}};
        std::vector<KeysVersion> keys{{}};
        std::vector<ZoneVersion> zone{{}};
    };
    using KeyFilter = bool (*)(const ManagedKey& key);

    static bool validates(const KeyIds& ds, const KeysVersion& keys, const KeyIds& zone);
    bool is_safe(const Held& held, const KeyIds& wanted_ds) const;
    static bool has_ds(const Held& held);
    bool take(Held next);
    void forget_old(UnixTime now);
    void set_keys(Held& held, KeyIds published, KeyIds signers) const;
    void set_zone(Held& held, KeyIds signers) const;

    bool try_moves();
    bool try_ttl();
    bool try_sign_new_algorithm();
    bool try_publish();
    bool try_swap_zone_signers();
    bool try_announce();
    bool try_withdraw();
    bool try_stop_signing();
    bool publish(const std::vector<const ManagedKey*>& keys);
    bool withdraw(const std::vector<const ManagedKey*>& keys);

    std::vector<WantedKey> find_wanted(UnixTime now) const;
    void want_role(KeyRole role, UnixTime now, std::vector<WantedKey>& out) const;
    std::vector<KeyId> drop_gone();
    UnixTime next_due(UnixTime now) const;
    UnixTime lifetime(KeyRole role) const {
        return role == KeyRole::zsk ? policy_.zsk_lifetime : policy_.ksk_lifetime;
    }
    bool is_used(KeyId id) const;
    bool has_role(KeyRole role) const;
    void settle_layout();

    KeyPolicy policy_;
    std::vector<ManagedKey> keys_;
    std::set<KeyRole> to_roll_;
    Held held_;
    KeyIds wanted_ds_;
    std::uint32_t generation_ = 0;
    bool has_changed_ = false;
};

}  // namespace kith::dnssec
