#pragma once
// Answerer: from the bytes of a query to the bytes of its answer. One per worker, not shared.
//
//   for each message of the batch:  set query.message, client, local, transport, now, unix_now
//                                   answerer.prepare(snapshot, query)
//   for each of them:               answerer.approach(query)
//   for each of them:               answerer.respond(snapshot, query, buffer)
//
// Three steps, so that the memory a query will touch is on its way while the next one is read; the
// second may be left out. All must see the same snapshot. No allocation, no lock, no system call.
//
// A query that respond() leaves `later` is answered again from its message, from prepare() on,
// when its ForwardPort has what it waits for.

#include "answer/stage.hpp"

namespace kith::answer {

// Response buffers are at least this large: every empty response with its options fits.
inline constexpr std::size_t response_bytes_min = dns::udp_bytes_plain;

class Answerer {
public:
    /// `forward` may be null: then nothing is looked up elsewhere. It must outlive the Answerer.
    explicit Answerer(ForwardPort* forward = nullptr) { worker_.forward = forward; }

    /// Reads the message of `query`, finds the zone and prefetches what respond() will read.
    /// Requires the transport's members of `query` to be set; all others are set here.
    void prepare(const AnswerSnapshot& snapshot, Query& query);

    /// Finds the place of the name in its zone, which prepare() has called for, and prefetches
    /// what stands there.
    static void approach(Query& query);

    struct Response {
        Verdict verdict = Verdict::drop;  // answered, later or drop
        Bytes message;                    // when answered: in the buffer given
    };
    /// Answers a prepared query into `buffer`, which has at least response_bytes_min bytes; a
    /// response is at most as large as it, as the client can take, and as we want to send.
    Response respond(const AnswerSnapshot& snapshot, Query& query, MutableBytes buffer);

    const AnswerCounters& counters() const { return worker_.counters; }

private:
    Bytes finish(Exchange& exchange, MutableBytes buffer);

    Worker worker_;
};

}  // namespace kith::answer
