#include "discovery/mdns/clients.hpp"

#include <algorithm>

#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {
namespace {

constexpr std::size_t one_shot_answers_max = 1024;  // told to one one-shot query

}  // namespace

QueryId Clients::start(Time now, const QueryRequest& request) {
    if (request.mode == QueryMode::one_shot) {
        if (one_shots_.size() >= one_shots_max) return 0;
        OneShot query;
        query.id = next_id_++;
        query.request = request;
        query.name_hash = dns::name_hash(request.name);
        query.message_id = static_cast<std::uint16_t>(context_.rng.next());
        query.send_at = now;
        query.finish_at = now + request.timeout;
        one_shots_.push_back(std::move(query));
        return one_shots_.back().id;
    }
    if (queries_.size() >= queries_max) return 0;
    const QueryId id = next_id_++;
    queries_[id] = request;
    for (const auto& [index, interface] : interfaces_) {
        if (request.interface == any_interface || request.interface == index)
            interface->start_query(now, id, request);
    }
    return id;
}

void Clients::stop(QueryId id) {
    std::erase_if(one_shots_, [&](const OneShot& query) { return query.id == id; });
    if (queries_.erase(id) > 0) {
        for (const auto& [index, interface] : interfaces_) interface->stop_query(id);
    }
    if (waiting_.erase(id) > 0)
        std::erase_if(events_, [&](const QueryEvent& event) { return event.query == id; });
}

void Clients::on_interface_up(Time now, Interface& interface) {
    for (const auto& [id, request] : queries_) {
        if (request.interface == any_interface || request.interface == interface.id())
            interface.start_query(now, id, request);
    }
}

// ---------------------------------------------------------------- events

void Clients::push(QueryEvent event) {
    ++waiting_[event.query];
    events_.push_back(std::move(event));
}

std::optional<QueryEvent> Clients::poll_event() {
    if (events_.empty()) return std::nullopt;
    QueryEvent event = std::move(events_.front());
    events_.pop_front();
    const auto waiting = waiting_.find(event.query);
    if (--waiting->second == 0) {
        waiting_.erase(waiting);
    } else {
        event.more = QueryEvent::More::coming;
    }
    return event;
}

void Clients::on_event(InterfaceId interface, QueryId query, QueryEvent::Kind kind,
                       QueryEvent::Reason reason, const CachedRecord& record) {
    QueryEvent event;
    event.query = query;
    event.kind = kind;
    event.reason = reason;
    event.interface = interface;
    event.source = record.source;
    event.is_unique = record.is_unique;
    event.record.name = record.name;
    event.record.type = record.type;
    event.record.klass = record.klass;
    event.record.ttl = record.ttl_left;
    if (kind == QueryEvent::Kind::absent) {
        const auto request = queries_.find(query);
        if (request == queries_.end()) return;
        event.record.type = request->second.type;
    } else {
        event.record.rdata.assign(record.rdata.begin(), record.rdata.end());
    }
    push(std::move(event));
}

// ---------------------------------------------------------------- one-shot queries

void Clients::send(Time now, const OneShot& query) {
    dns::MessageBuilder& builder = context_.builder;
    builder.start_query(context_.buffer, query.message_id, query.request.name, query.request.type,
                        query.request.klass);
    const Bytes message = builder.finish();
    for (const auto& [index, interface] : interfaces_) {
        if (query.request.interface != any_interface && query.request.interface != index) continue;
        for (const LinkIndex link : both_links) {
            if (interface->links()[at(link)].is_up)
                context_.send(now, index, group(family_of(link), index), Destination::group,
                              SocketKind::one_shot, message);
        }
    }
}

void Clients::on_one_shot(const PacketInfo& info, const Packet& packet) {
    for (OneShot& query : one_shots_) {
        if (query.message_id != packet.header().id) continue;
        for (const PacketRecord& record : packet.records()) {
            const bool is_type = query.request.type == dns::RrType::ANY ||
                                 record.type == query.request.type ||
                                 record.type == dns::RrType::CNAME;
            if (record.section != dns::Section::answer || !is_type ||
                record.name != query.request.name.view())
                continue;
            query.is_answered = true;
            if (query.told.size() >= one_shot_answers_max) continue;
            const std::uint64_t hash = context_.hasher.of_record(record.key()) + info.interface;
            if (!query.told.insert(hash).second) continue;
            const bool is_unique = record.flush == Flush::yes;
            on_event(info.interface, query.id, QueryEvent::Kind::added, QueryEvent::Reason::none,
                     {record.name, record.name_hash, record.type, record.klass, record.rdata,
                      record.ttl, record.ttl, info.source, is_unique});
        }
    }
}

void Clients::on_timer(Time now) {
    for (std::size_t i = 0; i < one_shots_.size();) {
        OneShot& query = one_shots_[i];
        if (query.finish_at <= now) {
            QueryEvent event;
            event.query = query.id;
            event.kind = QueryEvent::Kind::finished;
            push(std::move(event));
            one_shots_.erase(one_shots_.begin() + static_cast<std::ptrdiff_t>(i));
            continue;
        }
        if (query.send_at <= now) {
            if (!query.is_answered) send(now, query);
            query.send_at = now + query.gap;
            query.gap *= 2;
        }
        ++i;
    }
}

std::optional<Time> Clients::next_timer() const {
    std::optional<Time> next;
    for (const OneShot& query : one_shots_) {
        const Time due = std::min(query.send_at, query.finish_at);
        next = next ? std::min(*next, due) : due;
    }
    return next;
}

}  // namespace kith::discovery::mdns
