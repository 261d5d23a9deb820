#pragma once
// What a configuration says of its zones of record, read and checked; nothing of a store or of what serves.

#include <vector>

#include "auth/tsig_key.hpp"
#include "server/loader.hpp"
#include "server/transfer_policy.hpp"
#include "server/update_desk.hpp"

namespace kith::server {

struct PlannedZone {
    dns::Name apex;
    const config::Zone* settings = nullptr;  // in the loaded configuration
    zone::ZonePtr from_file;                 // null: of a secondary
    TransferPolicyPtr transfer;
    UpdateRulesPtr updates;  // null: nobody may
};

/// All zones of record that were loaded. What is wrong is added to the problems; files beside the zones'
/// own that are to be watched are added to the files.
std::vector<PlannedZone> plan_record_zones(LoadedSnapshot& loaded, const auth::KeyRing& ring);

}  // namespace kith::server
