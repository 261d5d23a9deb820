#pragma once
// Reconcile: a zone from what its base has and what the store knows; the base may have been edited
// since. Functions without state; they read the store and change nothing.

#include <optional>
#include <string>

#include "server/failure.hpp"
#include "store/store.hpp"
#include "zone/change.hpp"

namespace kith::server {

/// The zone that the store knows of, from the base it began with (null: none, the net has it all).
/// Fails when the store is damaged or does not fit the base.
Result<zone::ZonePtr, Failure> restore_zone(const store::Store& store, const store::KeptZone& known,
                                            dns::NameView apex, const zone::ZonePtr& base);

/// `edited` is a later form of the base: what was changed there and what the journal knows are put
/// together, so that neither loses. Where both say something of one record, the journal's removal
/// and addition hold. Of the SOA, what the edit changed holds. Serial: that of `edited`.
Result<zone::ZonePtr, Failure> merge_edit(const store::Store& store, const store::KeptZone& known,
                                          const zone::ZonePtr& edited);

}  // namespace kith::server
