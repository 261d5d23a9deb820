#pragma once
// Ordinary queries with TSIG (RFC 8945): secondaries sign the SOA queries of their refreshes, and
// believe signed answers only.

#include <functional>
#include <memory>

#include "answer/query.hpp"
#include "auth/tsig.hpp"

namespace kith::server {

/// True when a prepared query may carry a TSIG; false is certain, and costs a comparison.
bool may_be_signed(const answer::Query& query);

/// What respond() does with an unsigned query, into a buffer of the size given.
using Respond = std::function<Bytes(MutableBytes buffer)>;

/// Answers a query that may_be_signed(): as `respond` does, within the size that leaves room for the
/// signature, and signed; or with the error that its TSIG deserves (RFC 8945 §5.2). `respond`
/// returning nothing means no answer. An answer that does not fit a datagram with its signature is
/// truncated. Without a ring, or without a TSIG, it is as if it were unsigned.
Bytes answer_signed(const answer::Query& query, const auth::KeyRing* ring, MutableBytes buffer,
                    const Respond& respond);

}  // namespace kith::server
