#pragma once
// TSIG for transfers and notifications: auth/ behind the interfaces of transfer/security.hpp.

#include <functional>
#include <memory>

#include "auth/tsig.hpp"
#include "auth/tsig_stream.hpp"
#include "base/time.hpp"
#include "transfer/notify.hpp"
#include "transfer/refresh.hpp"
#include "transfer/security.hpp"

namespace kith::server {

using UnixClock = std::function<UnixTime()>;

/// Signs the messages of the answer to a request whose TSIG was checked; null when the answer is not
/// signed. What `check` points to must outlive it.
std::unique_ptr<transfer::MessageSigner> make_response_signer(const auth::TsigCheck& check,
                                                              const UnixClock& now);

/// Signs one query with `key` and checks the answer to it. The ring is kept alive.
transfer::Security make_query_security(std::shared_ptr<const auth::KeyRing> ring,
                                       const auth::TsigKey& key, const UnixClock& now);

}  // namespace kith::server
