#pragma once
// What a configuration may say of zones of record that is well formed and cannot work: grants to keys that
// nobody has, a secondary that asks itself. For `kith check`, starts and reloads alike.

#include <span>

#include "auth/tsig_key.hpp"
#include "server/failure.hpp"
#include "server/loader.hpp"
#include "server/transfer_policy.hpp"
#include "update/policy.hpp"

namespace kith::server {

/// One grant that could be read: its key must be among `ring`, or a KEY record of ours (SIG(0)).
void check_grant(const update::Grant& grant, config::Offset at, const dns::Name& apex,
                 const auth::KeyRing& ring, LoadedSnapshot& loaded);

/// What does not go together in one zone's settings. Without loaded.snapshot it is not known which
/// addresses are this server's, and primaries are not looked at.
void check_record_zone(const config::Zone& zone, const TransferPolicy& transfer,
                       LoadedSnapshot& loaded);

/// Whether the zone could be signed at `now` with the keys and signatures that the settings name. Makes no
/// files. For `kith check` alone: who signs reads them anyway.
void check_signing(const config::Zone& zone, const dns::Name& apex, UnixTime now,
                   LoadedSnapshot& loaded);

/// Whether only its owner may write to the state directory, if there is one.
void check_state_folder(LoadedSnapshot& loaded);

/// Adds an error to the problems; what was loaded may pass later when all that is wrong may.
void complain(LoadedSnapshot& loaded, config::Offset at, std::string_view where,
              const Failure& failure);
/// The same of a zone, at its name.
void complain(LoadedSnapshot& loaded, const config::Zone& zone, const dns::Name& apex,
              const Failure& failure);
/// The same of the state directory.
void complain_of_state(LoadedSnapshot& loaded, const Failure& failure);

}  // namespace kith::server
