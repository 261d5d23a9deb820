#pragma once
// WorkerForwardPort: binds the answering stages of one worker to its forwarding engine, and parks
// what has to wait.

#include <functional>

#include "answer/forward_port.hpp"
#include "resolve/forwarder.hpp"
#include "server/local_lookup.hpp"
#include "server/parking.hpp"
#include "server/snapshot.hpp"

namespace kith::answer {

/// The answer that a parked query waited for.
struct FetchedAnswer {
    const cache::CachedAnswer* answer = nullptr;
};

}  // namespace kith::answer

namespace kith::server {

class WorkerForwardPort final : public answer::ForwardPort {
public:
    WorkerForwardPort(resolve::Forwarder& forwarder, Parking& parking)
        : forwarder_(forwarder), parking_(parking) {}

    /// Where the query that is answered next came in; must stay until it is answered.
    void set_arrival(const Arrival& arrival) { arrival_ = &arrival; }
    void set_snapshot(const Snapshot& snapshot) { snapshot_ = &snapshot; }
    /// Who is asked about names of the link. It must not wait, and answers each by local_answered().
    void set_local(std::function<void(LocalQuestion)> ask) { ask_local_ = std::move(ask); }
    void local_answered() { --local_waiting_; }

    answer::Verdict forward(answer::Query& query, dns::MessageBuilder& response) override;

private:
    answer::Verdict use(const cache::CachedAnswer& answer, answer::Query& query,
                        dns::MessageBuilder& response) const;
    answer::Verdict deny(answer::Query& query, dns::MessageBuilder& response) const;
    answer::Verdict ask_link(answer::Query& query);

    resolve::Forwarder& forwarder_;
    Parking& parking_;
    const Arrival* arrival_ = nullptr;
    const Snapshot* snapshot_ = nullptr;
    std::function<void(LocalQuestion)> ask_local_;
    std::size_t local_waiting_ = 0;  // questions, at most local_under_way_max
};

}  // namespace kith::server
