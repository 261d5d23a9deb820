// Connections to upstreams: shared by questions, pipelined, kept for a few idle seconds
// (RFC 7766 §6.2). A connection that closes gives its questions back, and they go on.

#include <algorithm>
#include <utility>

#include "resolve/forwarder.hpp"

namespace kith::resolve {
namespace {

// Marks a socket id as a connection's; attempts have lower slot numbers.
constexpr std::size_t connection_slot = 15;

}  // namespace

/// Takes the attempt onto a connection to its server. False: there is none to be had.
bool Forwarder::send_tcp(Time now, std::uint32_t index, std::size_t slot) {
    Attempt& attempt = questions_[index]->attempts[slot];
    const std::uint32_t at = connection_to(now, attempt.server);
    if (at == none) return false;
    Connection& connection = connections_[at];
    const auto id_is_used = [&](const Connection::Use& use) {
        return questions_[use.question]->attempts[use.slot].id == attempt.id;
    };
    // Ids tell the replies on one connection apart; 64 of 65,536 are in use at most.
    while (std::ranges::any_of(connection.uses, id_is_used))
        attempt.id = static_cast<std::uint16_t>(rng_.next() >> 48);
    attempt.socket = connection.socket;
    connection.uses.push_back({index, slot});
    connection.idle_until = never;
    ++stats_.sent_tcp;
    if (connection.is_open) transmit(connection, connection.uses.back());
    return true;
}

/// A connection with room, opened if need be; `none` when all are busy.
std::uint32_t Forwarder::connection_to(Time now, ServerIndex server) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        const Connection& connection = connections_[i];
        if (connection.socket == 0 || connection.server != server || connection.is_suspect)
            continue;
        if (connection.uses.size() < connection_queries_max) return static_cast<std::uint32_t>(i);
    }
    const std::uint32_t at = free_connection(now);
    if (at == none) return none;
    connections_[at] = Connection{};
    connections_[at].socket = new_socket(at, connection_slot);
    connections_[at].server = server;
    push(Transmit::Kind::open_tcp, connections_[at].socket, servers_[server].endpoint);
    return at;
}

std::uint32_t Forwarder::free_connection(Time now) {
    const auto index_of = [this](auto found) {
        return static_cast<std::uint32_t>(found - connections_.begin());
    };
    const auto free = std::ranges::find(connections_, SocketId{0}, &Connection::socket);
    if (free != connections_.end()) return index_of(free);
    if (connections_.size() < connections_max) {
        connections_.emplace_back();
        return static_cast<std::uint32_t>(connections_.size() - 1);
    }
    const auto idle = std::ranges::find_if(
        connections_, [](const Connection& connection) { return connection.uses.empty(); });
    if (idle == connections_.end()) return none;
    close_connection(now, *idle, Loss::cut_off);
    return index_of(idle);
}

Forwarder::Connection* Forwarder::find_connection(SocketId socket) {
    const std::size_t at = socket >> 4 & 0xfffffU;
    if ((socket & 15U) != connection_slot || at >= connections_.size()) return nullptr;
    return connections_[at].socket == socket ? &connections_[at] : nullptr;
}

void Forwarder::transmit(const Connection& connection, Connection::Use use) {
    const Question& question = *questions_[use.question];
    push(Transmit::Kind::send_tcp, connection.socket);
    write(question, question.attempts[use.slot], outgoing_.back());
}

void Forwarder::on_tcp_connected(Time now, SocketId socket) {
    static_cast<void>(now);
    Connection* const connection = find_connection(socket);
    if (connection == nullptr || connection->is_open) return;
    connection->is_open = true;
    for (const Connection::Use use : connection->uses) transmit(*connection, use);
}

void Forwarder::on_tcp_reply(Time now, SocketId socket, Bytes message) {
    Connection* const connection = find_connection(socket);
    const dns::Wire<dns::Header> header = dns::read_header(message);
    if (connection == nullptr || !header) {
        ++stats_.late;
        return;
    }
    const auto use = std::ranges::find_if(connection->uses, [&](const Connection::Use& each) {
        return questions_[each.question]->attempts[each.slot].id == header->id;
    });
    if (use == connection->uses.end()) {
        ++stats_.late;
        return;
    }
    const auto [index, slot] = *use;
    Question& question = *questions_[index];
    const Attempt& attempt = question.attempts[slot];
    const ReplyMatch how = match(question, attempt, message);
    if (how == ReplyMatch::not_a_reply || how == ReplyMatch::wrong_question) {
        ++stats_.malformed;
        lose_attempt(question, attempt, Loss::timed_out);
        end_attempt(now, question, slot);
        proceed(now, index);
        return;
    }
    connection->has_answered = true;
    // Nobody forges this, so the server itself changes the case.
    if (how == ReplyMatch::wrong_case)
        servers_[attempt.server].lower_case_until = now + memory_of_quirks;
    servers_[attempt.server].on_sign_of_life();
    on_matching_reply(now, index, slot, message);
}

void Forwarder::on_tcp_closed(Time now, SocketId socket) {
    Connection* const connection = find_connection(socket);
    if (connection == nullptr) return;
    close_connection(now, *connection, connection->has_answered ? Loss::cut_off : Loss::refused);
}

/// The attempt needs the connection no more.
void Forwarder::leave_connection(Time now, SocketId socket, std::uint32_t question,
                                 std::size_t slot) {
    Connection* const connection = find_connection(socket);
    if (connection == nullptr) return;
    std::erase_if(connection->uses, [&](const Connection::Use& use) {
        return use.question == question && use.slot == slot;
    });
    if (!connection->uses.empty()) return;
    const bool is_of_use = connection->is_open && !connection->is_suspect;
    connection->idle_until = is_of_use ? now + connection_idle : now;
}

/// Frees the connection; its questions go on elsewhere. References to connections end here.
void Forwarder::close_connection(Time now, Connection& connection, Loss loss) {
    push(Transmit::Kind::close, connection.socket);
    const std::vector<Connection::Use> uses = std::move(connection.uses);
    connection = Connection{};
    // First all of them let go, so that none can meet a half-closed one.
    for (const Connection::Use use : uses) {
        Question& question = *questions_[use.question];
        lose_attempt(question, question.attempts[use.slot], loss);
        question.attempts[use.slot].socket = 0;
    }
    for (const Connection::Use use : uses) proceed(now, use.question);
}

void Forwarder::close_idle_connections(Time now) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        Connection& connection = connections_[i];
        if (connection.socket == 0 || now < connection.idle_until) continue;
        close_connection(now, connection, Loss::cut_off);
    }
}

std::size_t Forwarder::connections() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        connections_, [](const Connection& connection) { return connection.socket != 0; }));
}

}  // namespace kith::resolve
