#pragma once
// The keys of a zone that the server makes and keeps: private keys and the state of their lives, in the
// state directory's database (mode 0600), which is durable before anything that follows from it is
// served. Keys that come or go and the state that names them are one transaction.

#include <set>
#include <span>
#include <string>
#include <vector>

#include "dnssec/key_policy.hpp"
#include "server/failure.hpp"
#include "store/store.hpp"

namespace kith::server {

struct KeptKeys {
    std::vector<dnssec::ZoneKey> keys;  // with their private halves
    std::string state;                  // empty: there is none yet
};

/// All there is of a zone. The error says what cannot be read.
Result<KeptKeys, Failure> read_kept_keys(const store::Store& store, zone::NameView apex);
/// The zones whose keys have a state: they are signed with keys that are kept here.
Result<std::set<zone::Name>, Failure> zones_with_key_state(const store::Store& store);
/// Writes the state, adds keys and removes others, all or nothing, and durable when it returns.
Result<void, Failure> write_kept_keys(store::Store& store, zone::NameView apex,
                                      std::string_view state,
                                      std::span<const dnssec::ZoneKey> added,
                                      std::span<const dnssec::KeyId> removed, UnixTime now);
/// Forgets the state of a zone that is not signed any more. Its keys stay, so that nobody loses what a
/// parent may still point to; should it be signed again, its life begins anew with them.
Result<void, Failure> forget_key_state(store::Store& store, zone::NameView apex);

inline dnssec::KeyId id_of(const dnssec::ZoneKey& key) { return {key.algorithm(), key.tag()}; }

}  // namespace kith::server
