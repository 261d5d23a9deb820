#pragma once
// TSIG for transfers and notifications: auth/ behind the interfaces of security.hpp.

#include <functional>
#include <memory>

#include "auth/tsig.hpp"
#include "auth/tsig_stream.hpp"
#include "base/time.hpp"
#include "transfer/notify.hpp"
#include "transfer/refresh.hpp"
#include "transfer/security.hpp"

namespace kith::transfer {

using UnixClock = std::function<UnixTime()>;

/// Signs the messages of the answer to a request whose TSIG was checked; null when the answer is not
/// signed. What `check` points to must outlive it.
std::unique_ptr<MessageSigner> make_response_signer(const auth::TsigCheck& check,
                                                    const UnixClock& now);

/// Signs one query with `key`, which is kept, and checks the answer to it.
struct QuerySecurity : Security {
    /// What the message of the answer that came last was worth.
    std::shared_ptr<const auth::TsigReply> reply;
};
QuerySecurity make_query_security(std::shared_ptr<const auth::TsigKey> key, UnixClock now);

}  // namespace kith::transfer
