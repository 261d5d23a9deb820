#pragma once
// CatalogZones: catalog zones (RFC 9432) as a consumer: the members of each catalog are served as
// secondaries and go when the catalog drops them, while the server runs. Which catalog a zone belongs
// to is kept in the store, so that members are served after a restart whatever the catalog says then.
//
// Control thread only.

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "net/loop.hpp"
#include "server/zone_keeper.hpp"
#include "transfer/catalog.hpp"

namespace kith::server {

class CatalogZones {
public:
    struct Hooks {
        /// True for zones that the configuration declares: no catalog may have them.
        std::function<bool(const dns::Name& zone)> is_configured;
        /// Serve this zone as a secondary, as the catalog's settings say.
        std::function<void(const dns::Name& zone, const dns::Name& catalog)> add;
        /// Serve it no more, and forget all that was kept of it.
        std::function<void(const dns::Name& zone)> remove;
    };
    struct Counters {
        std::uint64_t added = 0, removed = 0, reset = 0, broken = 0, conflicts = 0;
    };

    /// `loop`, `keeper` and `store` must outlive it.
    CatalogZones(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Hooks hooks);

    /// These zones are catalogs, from now on. Members of new ones that are known from before are
    /// added at once; those of catalogs that are none any more are removed.
    void set_catalogs(const std::vector<dns::Name>& catalogs);
    /// A zone has a new version. A catalog is looked at with the next turn of the loop: what it brings
    /// must not happen in the middle of the change feed.
    void on_version(const dns::Name& zone);

    /// The catalog a zone belongs to; null: none.
    const dns::Name* catalog_of(const dns::Name& zone) const;
    std::vector<dns::Name> members() const;
    const Counters& counters() const { return counters_; }

private:
    void look();
    void apply(const dns::Name& catalog, const transfer::CatalogMembers& members);
    void own(const dns::Name& catalog, const transfer::CatalogMember& member,
             std::vector<store::KeyValue>& notes);
    void drop(const dns::Name& zone, std::vector<store::KeyValue>& notes);
    void load();
    void keep_notes(const std::vector<store::KeyValue>& notes);
    std::map<dns::Name, transfer::Ownership> all_owned(
        const transfer::CatalogMembers& wanted) const;

    ZoneKeeper& keeper_;
    store::Store& store_;
    Hooks hooks_;
    Counters counters_;
    std::set<dns::Name> catalogs_;
    std::map<dns::Name, transfer::Ownership> owned_;  // members, by zone
    std::set<dns::Name> changed_;                     // catalogs to look at
    bool is_loaded_ = false;
    net::Timer timer_;
    net::Loop& loop_;
};

}  // namespace kith::server
