#pragma once
// Catalog zones (RFC 9432): a zone that lists the zones a secondary serves. Reading one, finding
// what changed, and writing one.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "transfer/limits.hpp"
#include "zone/change.hpp"
#include "zone/zone.hpp"

namespace kith::transfer {

/// One member of a catalog.
struct CatalogMember {
    dns::Name zone;
    std::string id;  // the unique label, lower case, as bytes: a new one means start afresh (§5.4)
    std::vector<std::string> groups;  // §4.3.2: RDATA of each TXT record, sorted; see group_rdata()
    std::optional<dns::Name> new_owner;  // `coo` (§4.3.1): the catalog that may take the member

    friend bool operator==(const CatalogMember&, const CatalogMember&) = default;
};

/// A group as catalogs hold it: `text` as one character-string. Requires at most 255 bytes.
std::string group_rdata(std::string_view text);

/// Members by zone name.
using CatalogMembers = std::map<dns::Name, CatalogMember>;

struct CatalogError {
    dns::Name owner;
    std::string text;  // what was expected and what was found; the catalog changes nothing
};

/// Reads a catalog of schema version 2. A broken one (§5.1: no version, another version, a member
/// twice, a PTR that is not alone, ...) is refused as a whole. Properties that are not understood
/// are passed over (§4.2).
Result<CatalogMembers, CatalogError> read_catalog(const zone::Zone& catalog);

/// What a new version of a catalog asks for.
struct CatalogPlan {
    std::vector<CatalogMember> add;      // not served yet
    std::vector<dns::Name> remove;       // with its state
    std::vector<CatalogMember> reset;    // same name, new unique label: drop its state, begin anew
    std::vector<CatalogMember> take;     // from another catalog that gave it away (coo)
    std::vector<CatalogMember> regroup;  // only groups or coo changed
    std::vector<dns::Name> conflicts;  // members another catalog or the configuration has: left out

    bool is_empty() const {
        return add.empty() && remove.empty() && reset.empty() && take.empty() && regroup.empty();
    }
};

/// Which catalog a zone belongs to, as a server knows it.
struct Ownership {
    dns::Name catalog;  // the catalog that has the zone; the root: the configuration has it
    CatalogMember member;
};

/// The step from what `catalog` (its apex) has now to `next`. `owned` are all zones the server
/// serves, this catalog's members included.
CatalogPlan plan_catalog(const dns::Name& catalog, const CatalogMembers& next,
                         const std::map<dns::Name, Ownership>& owned);

/// Whether the owners of a catalog's records fit into names below this one.
bool may_be_catalog(dns::NameView apex);
/// The records of a catalog, for a producer: SOA with `serial`, NS invalid. (§4.1), version, members.
/// Requires may_be_catalog().
std::vector<zone::Record> write_catalog(const dns::Name& apex, std::uint32_t serial,
                                        const CatalogMembers& members);
/// A unique label for a member: 16 hex digits, from the name and `salt` (new for a member that
/// must start afresh).
std::string member_id(const dns::Name& zone, std::uint64_t salt);

}  // namespace kith::transfer
