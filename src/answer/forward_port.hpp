#pragma once
// ForwardPort: how answering reaches the cache and the upstreams without knowing them. Declared
// here by the caller, implemented in server/, one per worker.

#include "answer/query.hpp"
#include "dns/message_builder.hpp"

namespace kith::answer {

class ForwardPort {
public:
    virtual ~ForwardPort() = default;

    /// Answers `query.target()` (type query.type(), class IN) from the cache, from
    /// `query.fetched`, or by asking elsewhere. Called only for clients that asked for recursion
    /// and may have it. Returns
    ///
    ///   answered  the records are in the answer and authority sections behind what stood there,
    ///             whole RRsets only; query.rcode says how it went (SERVFAIL if it did not), with
    ///             query.error if there is something to explain. What did not fit sets TC.
    ///   later     the query is parked: the port has copied what it needs of it. When the answer
    ///             is there the server prepares and answers the same message again from the
    ///             start, with `fetched` set; then the port must not return `later` for the
    ///             same target.
    ///   drop      say nothing, for example because too many wait
    ///   next      this port does not look up such names: the client gets REFUSED
    ///
    /// The owner of the first record is query.target(): it stands in the message already, and
    /// MessageBuilder finds it.
    virtual Verdict forward(Query& query, dns::MessageBuilder& response) = 0;
};

}  // namespace kith::answer
