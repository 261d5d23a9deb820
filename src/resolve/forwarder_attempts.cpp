// One question's messages: to whom the next goes and how, and what a reply means.

#include <algorithm>
#include <utility>

#include "resolve/forwarder.hpp"
#include "resolve/query_writer.hpp"

namespace kith::resolve {
namespace {

constexpr std::size_t slot_bits = 4;
constexpr std::size_t index_bits = 20;
static_assert(attempts_max < (1U << slot_bits), "the last slot number stands for connections");

std::uint32_t index_in(SocketId socket) {
    return static_cast<std::uint32_t>(socket >> slot_bits & ((1U << index_bits) - 1));
}
std::size_t slot_in(SocketId socket) {
    return static_cast<std::size_t>(socket & ((1U << slot_bits) - 1));
}

/// The extended error an upstream gave with its failure, if any (RFC 8914 §2).
std::optional<dns::EdeCode> ede_of(const dns::MessageView& reply) {
    if (!reply.edns()) return std::nullopt;
    const std::optional<Bytes> option = reply.edns()->option(dns::OptionCode::EDE);
    if (!option || option->size() < 2) return std::nullopt;
    return static_cast<dns::EdeCode>(load_u16(option->data()));
}

/// The server did not understand EDNS (RFC 6891 §7): its error says so by having no OPT itself.
bool dislikes_edns(const dns::MessageView& reply) {
    const dns::Rcode rcode = reply.rcode();
    if (rcode == dns::Rcode::BADVERS) return true;
    return (rcode == dns::Rcode::FORMERR || rcode == dns::Rcode::NOTIMP) && !reply.edns();
}

}  // namespace

SocketId Forwarder::new_socket(std::uint32_t index, std::size_t slot) {
    return ++socket_serial_ << (slot_bits + index_bits) | SocketId{index} << slot_bits | slot;
}

bool Forwarder::has_open_attempt(const Question& question) const {
    return std::ranges::any_of(question.attempts,
                               [](const Attempt& attempt) { return attempt.socket != 0; });
}

/// Where `server` stands among the question's servers; server_count when it is not one.
std::size_t Forwarder::place_of(const Question& question, ServerIndex server) const {
    const auto servers = std::span(question.servers).first(question.server_count);
    return static_cast<std::size_t>(std::ranges::find(servers, server) - servers.begin());
}

/// Among the servers asked least often for this question, the best; nullopt: all have failed.
std::optional<std::size_t> Forwarder::choose_server(Time now, const Question& question) {
    std::array<ServerIndex, route_upstreams_max> candidates{};
    std::size_t count = 0;
    int least = attempts_max;
    for (std::size_t i = 0; i < question.server_count; ++i) {
        if (!question.failed[i]) least = std::min<int>(least, question.tries[i]);
    }
    for (std::size_t i = 0; i < question.server_count; ++i) {
        if (!question.failed[i] && question.tries[i] == least)
            candidates[count++] = question.servers[i];
    }
    if (count == 0) return std::nullopt;
    return place_of(question, servers_.pick(now, std::span(candidates).first(count), rng_));
}

/// Sends to the next server. False: attempts or servers are used up.
bool Forwarder::send_next(Time now, std::uint32_t index) {
    Question& question = *questions_[index];
    while (question.attempt_count < attempts_max) {
        const std::optional<std::size_t> place = choose_server(now, question);
        if (!place) return false;
        if (send_to(now, index, *place, question.tcp_only ? Transport::tcp : Transport::udp))
            return true;
        question.failed[*place] = true;
    }
    return false;
}

/// Sends to one server. False: attempts are used up, or there is no connection to be had.
bool Forwarder::send_to(Time now, std::uint32_t index, std::size_t place, Transport transport) {
    Question& question = *questions_[index];
    if (question.attempt_count == attempts_max) return false;
    const std::size_t slot = question.attempt_count++;
    Server& server = servers_[question.servers[place]];
    Attempt& attempt = question.attempts[slot];
    attempt.server = question.servers[place];
    attempt.sent = now;
    attempt.give_up = now + config_.attempt_timeout;
    attempt.over_tcp = transport == Transport::tcp;
    attempt.with_edns = !question.plain[place] && now >= server.plain_until;
    attempt.case_kept = config_.case_randomized && now >= server.lower_case_until &&
                        !(question.near_misses_borne && question.case_misses >= 2);
    attempt.id = static_cast<std::uint16_t>(rng_.next() >> 48);
    if (attempt.over_tcp && !send_tcp(now, index, slot)) return false;
    if (!attempt.over_tcp) {
        send_udp(index, slot);
        question.retry_at =
            now + server.retry_after(question.tries[place], config_.attempt_timeout);
    }
    ++question.tries[place];
    ++server.sent;
    return true;
}

void Forwarder::send_udp(std::uint32_t index, std::size_t slot) {
    const Question& question = *questions_[index];
    Attempt& attempt = questions_[index]->attempts[slot];
    attempt.socket = new_socket(index, slot);
    push(Transmit::Kind::send_udp, attempt.socket, servers_[attempt.server].endpoint);
    write(question, attempt, outgoing_.back());
    ++stats_.sent_udp;
}

void Forwarder::write(const Question& question, const Attempt& attempt, Outgoing& out) const {
    const QueryFields fields{
        attempt.id,     attempt.case_kept ? question.sent_name : question.name,
        question.type,  question.klass,
        question.flags, attempt.with_edns ? config_.udp_payload_bytes : std::uint16_t{0}};
    out.size = write_query(fields, out.message);
}

void Forwarder::push(Transmit::Kind kind, SocketId socket, const Endpoint& to) {
    Outgoing& out = outgoing_.emplace_back();
    out.kind = kind;
    out.socket = socket;
    out.to = to;
}

std::optional<Transmit> Forwarder::poll_transmit() {
    if (outgoing_.empty()) return std::nullopt;
    sent_ = outgoing_.front();
    outgoing_.pop_front();
    return Transmit{sent_.kind, sent_.socket, sent_.to, Bytes(sent_.message).first(sent_.size)};
}

/// Closes the attempt's socket or leaves its connection; nothing happens when it is over.
void Forwarder::end_attempt(Time now, Question& question, std::size_t slot) {
    Attempt& attempt = question.attempts[slot];
    const SocketId socket = std::exchange(attempt.socket, 0);
    if (socket == 0) return;
    if (attempt.over_tcp) {
        leave_connection(now, socket, question.index, slot);
    } else {
        push(Transmit::Kind::close, socket);
    }
}

/// An attempt ends without a reply: what that says about its server, for this question only.
void Forwarder::lose_attempt(Question& question, const Attempt& attempt, Loss loss) {
    const std::size_t place = place_of(question, attempt.server);
    question.ede = question.ede.value_or(dns::EdeCode::network_error);
    if (attempt.over_tcp && question.tcp_only) {
        // TCP was our wish because of near misses, and this server has none to offer. Each new UDP
        // attempt has a new port and id, so a forger starts again each time.
        question.tcp_only = false;
        question.near_misses_borne = true;
        return;
    }
    // Once may be an accident, or an error message someone forged.
    if (loss == Loss::timed_out || ++question.losses[place] >= 2) question.failed[place] = true;
}

void Forwarder::on_udp_reply(Time now, SocketId socket, const Endpoint& from, Bytes message) {
    const std::uint32_t index = index_in(socket);
    const std::size_t slot = slot_in(socket);
    if (index >= questions_.size() || slot >= attempts_max ||
        questions_[index]->attempts[slot].socket != socket) {
        ++stats_.late;
        return;
    }
    const Question& question = *questions_[index];
    const Attempt& attempt = question.attempts[slot];
    if (from.address != servers_[attempt.server].endpoint.address ||
        from.port != servers_[attempt.server].endpoint.port) {
        ++stats_.wrong_source;
        return;
    }
    const ReplyMatch how = match(question, attempt, message);
    if (how != ReplyMatch::match) {
        on_near_miss(now, index, slot, how);
        return;
    }
    servers_[attempt.server].on_reply(now - attempt.sent);
    on_matching_reply(now, index, slot, message);
}

ReplyMatch Forwarder::match(const Question& question, const Attempt& attempt, Bytes message) const {
    const dns::NameView name = attempt.case_kept ? question.sent_name : question.name;
    const ReplyMatch how = match_reply(message, {attempt.id, name, question.type, question.klass});
    // Only a random case carries a secret.
    return how == ReplyMatch::wrong_case && !attempt.case_kept ? ReplyMatch::match : how;
}

/// Someone guesses, or a box on the way rewrites: over TCP neither is as easy.
void Forwarder::on_near_miss(Time now, std::uint32_t index, std::size_t slot, ReplyMatch how) {
    ++stats_.near_misses;
    Question& question = *questions_[index];
    if (question.tcp_only || question.attempt_count == attempts_max) return;
    const std::size_t place = place_of(question, question.attempts[slot].server);
    if (how == ReplyMatch::wrong_case) ++question.case_misses;
    if (question.near_misses_borne) {
        // Twice the right id on the right port: no forger, but a server that changes the case and
        // offers no TCP. The next message does without the case.
        if (how != ReplyMatch::wrong_case || question.case_misses != 2) return;
        end_attempt(now, question, slot);
        if (!send_to(now, index, place, Transport::udp)) question.failed[place] = true;
        proceed(now, index);
        return;
    }
    if (++question.near_misses < near_misses_max) return;
    question.tcp_only = true;
    question.retry_at = never;
    for (std::size_t i = 0; i < question.attempt_count; ++i) end_attempt(now, question, i);
    if (!send_to(now, index, place, Transport::tcp)) {
        question.tcp_only = false;
        question.near_misses_borne = true;
    }
    proceed(now, index);
}

void Forwarder::on_matching_reply(Time now, std::uint32_t index, std::size_t slot, Bytes message) {
    ++stats_.replies;
    Question& question = *questions_[index];
    const Attempt attempt = question.attempts[slot];
    const std::size_t place = place_of(question, attempt.server);
    Scrubbed scrubbed;
    const Verdict verdict = judge(question, attempt, message, scrubbed);
    if (const auto parsed = dns::MessageView::parse(message);
        verdict == Verdict::failed && parsed) {
        const std::optional<dns::EdeCode> ede = ede_of(*parsed);
        if (ede || !question.ede) question.ede = ede.value_or(dns::EdeCode::network_error);
    }
    end_attempt(now, question, slot);
    bool is_sent = false;
    switch (verdict) {
        case Verdict::answered:
            note_quirks(now, question, attempt);
            finish_answered(now, index, scrubbed.answer, scrubbed.is_cacheable);
            return;
        case Verdict::failed: break;
        case Verdict::again_plain:
            question.plain[place] = true;
            is_sent =
                send_to(now, index, place, attempt.over_tcp ? Transport::tcp : Transport::udp);
            break;
        case Verdict::again_tcp:
            question.retry_at = never;
            is_sent = send_to(now, index, place, Transport::tcp);
            break;
    }
    if (!is_sent) question.failed[place] = true;
    proceed(now, index);
}

Forwarder::Verdict Forwarder::judge(const Question& question, const Attempt& attempt, Bytes message,
                                    Scrubbed& out) {
    // What cannot be read may have been forged blindly: only TCP's word is final.
    const Verdict unreadable = attempt.over_tcp ? Verdict::failed : Verdict::again_tcp;
    const dns::Wire<dns::MessageView> reply = dns::MessageView::parse(message);
    if (!reply) {
        ++stats_.malformed;
        // A server that truncates may cut records in half (RFC 2181 §9).
        return unreadable;
    }
    if (reply->header().has(dns::Header::tc)) {
        ++stats_.truncated;
        return unreadable;
    }
    if (reply->rcode() != dns::Rcode::NOERROR && reply->rcode() != dns::Rcode::NXDOMAIN) {
        ++stats_.upstream_errors;
        return attempt.with_edns && dislikes_edns(*reply) ? Verdict::again_plain : Verdict::failed;
    }
    const TtlRules rules{config_.ttl_seconds_min, config_.ttl_seconds_max,
                         config_.negative_ttl_seconds_max};
    Result<Scrubbed, ScrubFault> scrubbed = scrubber_.scrub(
        *reply, {question.name, question.type, question.klass, question.flags.dnssec_ok}, rules);
    if (!scrubbed) {
        ++stats_.refused_answers;
        return scrubbed.error() == ScrubFault::malformed ? unreadable : Verdict::failed;
    }
    out = std::move(*scrubbed);
    return Verdict::answered;
}

/// An answer came only after we did without something: the server is spared that for a while.
void Forwarder::note_quirks(Time now, const Question& question, const Attempt& attempt) {
    Server& server = servers_[attempt.server];
    if (question.plain[place_of(question, attempt.server)] && !attempt.with_edns)
        server.plain_until = now + memory_of_quirks;
    if (question.case_misses >= 2 && question.near_misses_borne && !attempt.case_kept) {
        server.lower_case_until = now + memory_of_quirks;
    }
}

void Forwarder::on_send_failed(Time now, SocketId socket) {
    if (slot_in(socket) >= attempts_max) {
        on_tcp_closed(now, socket);
        return;
    }
    const std::uint32_t index = index_in(socket);
    if (index >= questions_.size() || questions_[index]->attempts[slot_in(socket)].socket != socket)
        return;
    Question& question = *questions_[index];
    lose_attempt(question, question.attempts[slot_in(socket)], Loss::refused);
    end_attempt(now, question, slot_in(socket));
    proceed(now, index);
}

}  // namespace kith::resolve
