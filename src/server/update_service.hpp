#pragma once
// UpdateService: a worker's part of dynamic update (RFC 2136): reads the message, finds out who sent it
// (TSIG, SIG(0)), refuses what needs no zone to be refused, hands the rest to the control thread, and
// writes the answers. One per worker, on its thread.

#include <functional>
#include <memory>
#include <unordered_map>

#include "answer/query.hpp"
#include "auth/tsig.hpp"
#include "server/transfer_zones.hpp"
#include "server/update_request.hpp"
#include "zone/zone_set.hpp"

namespace kith::server {

struct UpdateCounters {
    std::uint64_t received = 0;
    std::uint64_t bad_signature = 0;  // TSIG or SIG(0) that did not verify
    std::uint64_t refused = 0;        // by a worker
    std::uint64_t busy = 0;           // over a bound: SERVFAIL
    std::uint64_t done = 0;           // NOERROR
    std::uint64_t failed = 0;         // any other answer of the control thread
    std::uint64_t sig0_operations = 0;
};

class UpdateService {
public:
    /// False: the queue is full.
    using Post = std::function<bool(UpdateRequest&& request, std::size_t cost)>;
    explicit UpdateService(Post post) : post_(std::move(post)) {}

    static bool is_for_us(const answer::Query& query);

    struct Answer {
        bool is_later = false;  // park the query under the token given
        Bytes message;          // else the answer, in the buffer given; empty: none
    };
    /// Answers a prepared query into `buffer`, of 65,535 bytes. `zones` is where KEY records for
    /// SIG(0) are found.
    Answer answer(const TransferZones& records, const zone::ZoneSet& zones,
                  const std::shared_ptr<const auth::KeyRing>& ring, const answer::Query& query,
                  std::uint64_t token, MutableBytes buffer);
    /// The answer to a query that was parked, of which this is the message.
    Bytes finish(const UpdateReply& reply, Bytes message, answer::Transport transport, UnixTime now,
                 MutableBytes buffer);

    const UpdateCounters& counters() const { return counters_; }
    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Waiting {
        auth::TsigCheck tsig;
        std::shared_ptr<const auth::KeyRing> ring;  // the check points into it
    };
    Answer forward(const dns::Name& zone, const answer::Query& query, std::uint64_t token,
                   MutableBytes buffer);
    Bytes write(const auth::TsigCheck& tsig, Bytes message, answer::Transport transport,
                const update::Refusal& refusal, const std::optional<update::Lease>& granted,
                UnixTime now, MutableBytes buffer) const;

    Post post_;
    std::unordered_map<std::uint64_t, Waiting> waiting_;  // by token
    UpdateCounters counters_;
};

}  // namespace kith::server
