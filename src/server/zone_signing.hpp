#pragma once
// ZoneSigning: all zones that are signed here: makes their signers, turns each zone now and then so that
// signatures are renewed and keys rolled, asks parents for DS records, and does what operators ask.
//
// Control thread only.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/rng.hpp"
#include "config/config.hpp"
#include "net/loop.hpp"
#include "server/parent_check.hpp"
#include "server/signed_zone.hpp"
#include "server/signing_config.hpp"
#include "server/zone_keeper.hpp"

namespace kith::server {

/// As ZoneSigning::check_end(), of a store nobody signs with now: for configurations without zones of
/// record.
Result<void, Failure> check_signing_end(store::Store& store, const Name& apex);

class ZoneSigning {
public:
    /// All must outlive it.
    ZoneSigning(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Rng& rng,
                ZoneKeeper::Clock now);
    ~ZoneSigning();

    /// A signer that is ready, and that signs nothing that is served yet.
    struct Prepared {
        Signer sign;
        ZoneSignerPtr signer;
        config::Dnssec settings;
        std::string folder;
        KeyWishes wishes;
        std::unique_ptr<ManagedKeys> managed;  // null: files, or those that are managed already
        UnixTime files_due = 0;                // when key files say something else; 0: never
    };
    /// The signer of a zone with these settings: its keys are those of files, or are kept in the store,
    /// where they are made when there are none. `folder` is that of the configuration. Nothing of what
    /// serves changes before take(); keys that were made stay, for the next try.
    Result<Prepared, Failure> prepare(const Name& apex, const config::Dnssec& settings,
                                      const std::string& folder);
    /// From now on the zone is signed so; the keeper has the Signer.
    void take(const Name& apex, Prepared prepared);
    /// The zone serves: it is watched from now on.
    void watch(const Name& apex);
    /// What stands against signing no more with keys that are kept here: validators that expect their
    /// signatures. Of a zone that is signed now, or was when the server ran last.
    Result<void, Failure> check_end(const Name& apex);
    /// The zone is not served any more, or not signed. `ends`: its settings say so.
    enum class Release : std::uint8_t { stays, ends };
    void release(const Name& apex, Release how = Release::stays);

    // --- what operators ask -------------------------------------------------------------------

    std::vector<Name> zones() const;
    struct Status {
        const config::Dnssec* settings = nullptr;
        const ManagedKeys* managed = nullptr;  // null: keys in files
        const dnssec::KeySet* keys = nullptr;  // of now
        std::string parent;                    // what the last check of the parent said
        std::string trouble;                   // what could not be done last; empty: nothing
    };
    /// nullopt: no such zone is signed here. Good until the next call of anything.
    std::optional<Status> status(const Name& apex) const;
    Result<void, std::string> roll(const Name& apex, dnssec::KeyRole role);
    Result<void, std::string> roll_to(const Name& apex, crypto::Algorithm algorithm);
    /// The operator has seen that the parent has DS of exactly these keys.
    Result<void, std::string> ds_seen(const Name& apex, dnssec::KeyIds keys);
    /// Asks the parent's servers now.
    Result<void, std::string> check_parent(const Name& apex);

private:
    struct Entry;
    Entry* find(const Name& apex) const;
    Result<ManagedKeys*, std::string> managed(const Name& apex) const;
    Clocks clocks() const { return {now_(), loop_.update_now()}; }
    Result<bool, Failure> was_signed(const Name& apex);
    void end_signing(const Name& apex);
    void forget(const Name& apex);
    void look(Entry& entry);
    void look_again(Entry& entry, Duration wait);
    void resign(Entry& entry, std::vector<Name> due);
    void on_resigned(Entry& entry, const Outcome& outcome);
    void read_files_again(Entry& entry);
    void follow_parent(Entry& entry);
    void ask_parent(Entry& entry);
    void on_parent(Entry& entry, const Result<DsSet, std::string>& found);
    static void note(Entry& entry, std::string trouble);

    net::Loop& loop_;
    ZoneKeeper& keeper_;
    store::Store& store_;
    Rng& rng_;
    ZoneKeeper::Clock now_;
    std::map<Name, std::unique_ptr<Entry>> entries_;
    // Zones with keys that are kept here, signed now or not; nullopt: not read yet.
    std::optional<std::set<Name>> with_state_;
};

}  // namespace kith::server
