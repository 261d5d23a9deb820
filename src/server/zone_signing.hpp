#pragma once
// ZoneSigning: the keys of signed zones and what makes signatures with them: the signer of the change
// feed, and the clock that has signatures renewed before they end.
//
// Control thread only.

#include <map>
#include <memory>
#include <string>

#include "base/rng.hpp"
#include "config/config.hpp"
#include "dnssec/zone_signer.hpp"
#include "net/loop.hpp"
#include "server/zone_keeper.hpp"

namespace kith::server {

class ZoneSigning {
public:
    /// All must outlive it.
    ZoneSigning(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Rng& rng,
                ZoneKeeper::Clock now);
    ~ZoneSigning();

    /// What signs one zone: shared by its Signer and by whoever brings it other keys.
    struct Current;
    /// A signer that is ready, and that signs nothing that is served yet.
    struct Prepared {
        Signer sign;
        std::shared_ptr<Current> current;
        config::Dnssec settings;
    };
    /// The signer of a zone with these settings: its keys are those of `key_directory`, or are kept
    /// in the store, where they are made when there are none. `folder` is that of the configuration.
    /// Nothing of what serves changes before take(): a reload that is refused leaves no trace.
    Result<Prepared, std::string> prepare(const Name& apex, const config::Dnssec& settings,
                                          const std::string& folder);
    /// From now on the zone is signed so; the keeper has the Signer.
    void take(const Name& apex, Prepared prepared);
    /// The zone serves: its signatures are watched from now on.
    void watch(const Name& apex);
    void release(const Name& apex);

private:
    struct Entry;
    Result<dnssec::KeySet, std::string> keys(const Name& apex, const config::Dnssec& settings,
                                             const std::string& folder);
    static Result<dnssec::KeySet, std::string> keys_of_files(const config::Dnssec& settings,
                                                             const std::string& folder);
    Result<dnssec::KeySet, std::string> kept_keys(const Name& apex, const config::Dnssec& settings);
    void look(Entry& entry);

    net::Loop& loop_;
    ZoneKeeper& keeper_;
    store::Store& store_;
    Rng& rng_;
    ZoneKeeper::Clock now_;
    std::map<Name, std::shared_ptr<Entry>> entries_;
};

}  // namespace kith::server
