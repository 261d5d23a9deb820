#pragma once
// The TSIG keys that a configuration names, with their secrets read from where they are.

#include <memory>

#include "auth/tsig_key.hpp"
#include "base/problem.hpp"
#include "config/config.hpp"
#include "server/file_state.hpp"

namespace kith::server {

/// Never null. Every key with a problem is left out and the problem added; files read, or looked for,
/// are added to `files`. No message shows a secret.
std::shared_ptr<const auth::KeyRing> make_key_ring(const config::Config& config, FileStates& files,
                                                   Problems& problems);

/// Whether `keys` has a key of this name, be it left out of the ring for what is wrong with it: of
/// that people have been told.
bool is_named(const config::Config& config, const dns::Name& key);

}  // namespace kith::server
