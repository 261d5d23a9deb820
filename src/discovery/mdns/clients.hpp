#pragma once
// Clients: the queries of this machine's programs, on all the interfaces they are for, and what
// is to be told to them.

#include <deque>
#include <unordered_set>

#include "discovery/mdns/registrar.hpp"

namespace kith::discovery::mdns {

class Clients {
public:
    Clients(Context& context, InterfaceSet& interfaces)
        : context_(context), interfaces_(interfaces) {}

    // As in Engine.
    QueryId start(Time now, const QueryRequest& request);
    void stop(QueryId id);
    std::optional<QueryEvent> poll_event();
    bool has_events() const { return !events_.empty(); }

    void on_interface_up(Time now, Interface& interface);
    void on_event(InterfaceId interface, QueryId query, QueryEvent::Kind kind,
                  QueryEvent::Reason reason, const CachedRecord& record);
    /// A packet on the socket of one-shot queries.
    void on_one_shot(const PacketInfo& info, const Packet& packet);

    void on_timer(Time now);
    std::optional<Time> next_timer() const;

private:
    struct OneShot {
        QueryId id = 0;
        QueryRequest request;
        std::uint64_t name_hash = 0;
        std::uint16_t message_id = 0;
        Time send_at{};
        Duration gap = query_interval_first;
        Time finish_at{};
        bool is_answered = false;
        std::unordered_set<std::uint64_t> told;  // hashes of records
    };

    void send(Time now, const OneShot& query);
    void push(QueryEvent event);

    Context& context_;
    InterfaceSet& interfaces_;
    std::map<QueryId, QueryRequest> queries_;  // one-shot ones left out
    std::vector<OneShot> one_shots_;
    std::deque<QueryEvent> events_;
    std::unordered_map<QueryId, std::size_t> waiting_;  // events of each query not yet polled
    QueryId next_id_ = 1;
};

}  // namespace kith::discovery::mdns
