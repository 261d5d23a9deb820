#pragma once
// ManagedKeys: the keys of one zone that the server makes, keeps and rolls by itself: KeyManager
// (dnssec/key_policy.hpp) with its private keys, its clock and its place in the database.
//
// What it says of keys is durable before it says it: the state names a key set as one that may be held
// before the zone is signed with it, and the set before it ages only from when the new one is served.
// So a process that ends between any two steps goes on where it was.
//
// No loop and no clock: both times are arguments. Control thread only.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnssec/key_clock.hpp"
#include "dnssec/key_policy.hpp"
#include "server/failure.hpp"
#include "store/store.hpp"

namespace kith::server {

/// What the configuration says of the keys of a zone.
struct KeyWishes {
    dnssec::KeyPolicy policy;
    std::vector<dnssec::ZoneKey> foreign;  // of other signers (RFC 8901)
};

/// Both clocks, read at one moment.
struct Clocks {
    UnixTime wall = 0;
    Time now{};
};

class ManagedKeys {
public:
    /// Takes up what is kept of the zone, or begins anew; keys are made by advance(). `store` must
    /// outlive it.
    static Result<std::unique_ptr<ManagedKeys>, Failure> open(store::Store& store,
                                                              zone::NameView apex,
                                                              KeyWishes wishes);
    /// New wishes of the configuration; followed with the next advance().
    void set_wishes(KeyWishes wishes);

    /// Takes the steps that are due, making keys as it needs them. True: key_set() has changed. An
    /// error says what could not be kept; nothing has changed then, and it is to be tried again.
    Result<bool, Failure> advance(const Clocks& clocks);
    /// The keys and what they do now, other signers' among them.
    dnssec::KeySet key_set() const { return key_set(wishes_.foreign); }
    /// The same with other signers' keys that are not yet among the wishes.
    dnssec::KeySet key_set(std::span<const dnssec::ZoneKey> foreign) const;
    /// When advance() is next worth a call, in seconds; nullopt: not before something happens.
    std::optional<UnixTime> due_in() const;

    // What happened; an error as with advance().
    Result<void, Failure> on_served(const Clocks& clocks);
    Result<void, Failure> on_signed(std::uint32_t generation, const Clocks& clocks);
    Result<void, Failure> on_ds_seen(dnssec::KeyIds keys, const Clocks& clocks);
    /// The zone has, or had while something waits, records with this TTL.
    void see_ttl(std::uint32_t ttl);
    /// The parent's DS records of the zone have this TTL: tell it before on_ds_seen().
    void see_ds_ttl(std::uint32_t ttl);

    /// What an operator asks for; an error as with advance(), or what stands against it.
    Result<void, Failure> roll(dnssec::KeyRole role, const Clocks& clocks);
    /// Rolls to another algorithm than the configuration's, until that is changed.
    Result<void, Failure> roll_to(crypto::Algorithm algorithm, const Clocks& clocks);

    const dnssec::KeyManager& manager() const { return manager_; }
    /// The time the manager goes by, as of the last call.
    UnixTime time() const { return time_; }
    const zone::Name& apex() const { return apex_; }
    /// The private key of an id, or nullptr.
    const dnssec::ZoneKey* find(dnssec::KeyId id) const;

    /// Validators may hold a DS of these keys, or a parent may give them one any time: the zone must
    /// stay signed by them.
    bool is_bound() const { return manager_.is_vouched_for() || !manager_.wanted_ds().empty(); }

private:
    using KeyManager = dnssec::KeyManager;
    /// An algorithm that an operator chose over the configuration's.
    struct Chosen {
        crypto::Algorithm instead_of{};
        crypto::Algorithm algorithm{};
    };
    ManagedKeys(store::Store& store, zone::NameView apex);
    Result<void, Failure> restore(std::string_view state);
    void adopt_keys();
    dnssec::KeyPolicy policy() const;
    UnixTime tell(const Clocks& clocks);
    std::string to_text(const KeyManager& manager) const;
    Result<void, Failure> keep(KeyManager next, std::span<const dnssec::ZoneKey> added,
                               std::span<const dnssec::KeyId> removed);
    Result<void, Failure> keep_time();
    Result<dnssec::ZoneKey, Failure> make_key(const dnssec::WantedKey& wanted,
                                              std::span<const dnssec::ZoneKey> others) const;
    bool is_tag_taken(std::uint16_t tag, std::span<const dnssec::ZoneKey> others) const;

    store::Store& store_;
    zone::Name apex_;
    KeyWishes wishes_;
    std::optional<Chosen> chosen_;
    dnssec::KeyClock clock_;
    UnixTime time_ = 0;
    UnixTime kept_time_ = 0;
    std::uint32_t ttl_max_ = 0;     // of the zone
    std::uint32_t ds_ttl_max_ = 0;  // of its DS
    KeyManager manager_;
    std::vector<dnssec::ZoneKey> keys_;
    UnixTime next_due_ = 0;
    bool has_changed_ = true;  // nobody has asked for key_set() yet
    bool is_adopting_ = false;
};

}  // namespace kith::server
