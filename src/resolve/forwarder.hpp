#pragma once
// Forwarder: asks other servers what this one does not know, and keeps what they say.
//
// An engine without I/O: no socket, clock, thread or randomness of its own. The caller brings the
// time, carries messages and sets one timer; a test plays years of loss and forgery in a second.
//
//   ask() ----> cache: hit, stale or failed, at once
//          \--> question in flight --> poll_transmit() ... on_udp_reply() --> poll_completion()
//
// Clients that ask the same question while it is in flight wait together: one message upstream.
// Every waiting client gets exactly one completion, at the latest total_timeout after its ask().
//
// What an upstream says is believed only if socket, address, id, question and the question's
// random case are right (RFC 5452); of that, only records that follow from the question are kept
// (scrub.hpp). A packet that does not match never ends a question and never makes a server look
// dead; it moves the question to TCP. One Forwarder per worker; not thread-safe.

#include <array>
#include <deque>
#include <memory>
#include <optional>

#include "base/deadline_heap.hpp"
#include "base/rng.hpp"
#include "cache/cache.hpp"
#include "resolve/forward_config.hpp"
#include "resolve/reply_match.hpp"
#include "resolve/route_table.hpp"
#include "resolve/scrub.hpp"
#include "resolve/server_table.hpp"
#include "resolve/waiter_pool.hpp"

namespace kith::resolve {

/// What the caller knows its waiting client by. Never interpreted here.
using Token = std::uint64_t;
/// Who is waiting, for the limit per client: any hash of the client's address or prefix.
using ClientId = std::uint64_t;
/// A socket that the caller opens when told and closes when told. Never used twice.
using SocketId = std::uint64_t;

struct Ask {
    const dns::LookupName& name;
    dns::RrType type{};
    dns::RrClass klass{};
    cache::KeyFlags flags{};
    Token token = 0;
    ClientId client = 0;
    /// The question's name as the client wrote it, when `name` is the question's name: finds our own
    /// queries coming back to us. The root: unknown.
    dns::NameView name_as_sent{};
};

struct AskResult {
    enum class State : std::uint8_t {
        hit,      // `answer` is the reply
        parked,   // a completion with the token will come
        failed,   // SERVFAIL: upstream failed a moment ago, a loop, or no room; `ede` says which
        refused,  // these names are not forwarded, or not in this class or type; `ede` may say why
    };
    State state = State::refused;
    cache::CachedAnswer answer{};  // `hit`; valid until the next non-const call
    std::optional<dns::EdeCode> ede{};
};

/// The end of waiting for one client.
struct Completion {
    Token token = 0;
    /// Fresh, stale or failed (SERVFAIL, no records); carries its extended error. Valid until the next
    /// non-const call.
    cache::CachedAnswer answer;
};

struct Transmit {
    enum class Kind : std::uint8_t {
        send_udp,  // open a new UDP socket on a random port, connect it to `to`, send `message`
        open_tcp,  // open a connection to `to`; report on_tcp_connected() or on_tcp_closed()
        send_tcp,  // send `message` on the connection, length prefix added by the caller
        close,     // close the socket or connection; nothing more of it is to be reported
    };
    Kind kind = Kind::close;
    SocketId socket = 0;
    Endpoint to{};    // send_udp, open_tcp
    Bytes message{};  // valid until the next non-const call
};

struct ForwarderStats {
    std::uint64_t asked = 0, hits = 0, stale = 0, parked = 0, joined = 0;
    std::uint64_t failed_from_cache = 0, never_forwarded = 0, loops = 0;
    std::uint64_t full_refused = 0, full_evicted = 0, client_limited = 0;
    std::uint64_t sent_udp = 0, sent_tcp = 0, timeouts = 0, replies = 0;
    std::uint64_t late = 0;  // for a socket that is no longer waited on
    std::uint64_t wrong_source = 0;
    std::uint64_t near_misses = 0;  // wrong id, question or case
    std::uint64_t malformed = 0;
    std::uint64_t truncated = 0;             // TC: asked again over TCP
    std::uint64_t refused_answers = 0;       // a reply that does not answer the question
    std::uint64_t upstream_errors = 0;       // SERVFAIL, REFUSED and others
    std::uint64_t answered = 0, failed = 0;  // questions, by their end
    std::uint64_t prefetches = 0;
};

class Forwarder {
public:
    /// `rng` must be cryptographic in a server: ids and case come from it. `cache` and `rng` outlive
    /// the forwarder. Routes that check_config() refuses are left out.
    Forwarder(const ForwardConfig& config, cache::Cache& cache, Rng& rng);
    Forwarder(const Forwarder&) = delete;
    Forwarder& operator=(const Forwarder&) = delete;

    /// Takes a new configuration and empties the cache. Clients that wait are still answered, by the
    /// servers of the old configuration; what those say is not cached. Known servers keep what was
    /// measured about them.
    void reconfigure(const ForwardConfig& config);

    AskResult ask(Time now, const Ask& ask);
    /// The client no longer waits (its connection closed): no completion will come for the token.
    /// The question itself goes on, for the cache.
    void cancel(Token token);

    /// Anything received on a UDP socket; `from` is its sender.
    void on_udp_reply(Time now, SocketId socket, const Endpoint& from, Bytes message);
    void on_tcp_connected(Time now, SocketId socket);
    /// One whole message, without its length prefix.
    void on_tcp_reply(Time now, SocketId socket, Bytes message);
    /// Closed by the other side, or it could not be opened.
    void on_tcp_closed(Time now, SocketId socket);
    /// What poll_transmit() asked for could not be done: no socket, no route, refused (ICMP).
    void on_send_failed(Time now, SocketId socket);
    void on_timer(Time now);  ///< call at or after next_timer()

    /// nullopt: nothing to wait for.
    std::optional<Time> next_timer() const;
    std::optional<Transmit> poll_transmit();      ///< drain after every call above
    std::optional<Completion> poll_completion();  ///< drain after every call above

    const ForwarderStats& stats() const { return stats_; }
    std::size_t questions() const { return question_count_; }  ///< in flight
    std::size_t waiters() const {
        return waiters_.size();
    }  ///< clients waiting, completions not yet polled included
    std::size_t connections() const;

    /// What is known of a server, for metrics.
    struct ServerView {
        Endpoint endpoint;
        Duration round_trip{};  // smoothed; 0: unknown
        int timeouts = 0;       // in a row
        bool backed_off = false;
        std::uint64_t sent = 0, answered = 0;
    };
    std::vector<ServerView> servers(Time now) const;

private:
    static constexpr std::uint32_t none = HashIndex::none;
    static constexpr Time never = Time::max();

    /// One message sent upstream for a question.
    struct Attempt {
        SocketId socket = 0;  // 0: over
        Time sent{};
        Time give_up{};
        ServerIndex server = 0;
        std::uint16_t id = 0;
        bool over_tcp = false;
        bool with_edns = false;
        bool case_kept = false;  // sent in random case (0x20)
    };
    /// A question in flight.
    struct Question {
        dns::Name name;       // lower case
        dns::Name sent_name;  // random case
        std::uint64_t hash = 0;
        dns::RrType type{};
        dns::RrClass klass{};
        cache::KeyFlags flags;
        Time started{};
        Time retry_at = never;  // when to ask another server as well
        Time stale_at = never;  // when to answer waiting clients with stale data
        std::uint32_t epoch = 0;
        WaiterList waiters;
        std::array<Attempt, attempts_max> attempts{};
        std::size_t attempt_count = 0;
        std::array<ServerIndex, route_upstreams_max> servers{};
        std::array<std::uint8_t, route_upstreams_max> tries{};
        std::array<bool, route_upstreams_max> failed{};  // it said so: not asked again
        std::array<bool, route_upstreams_max> plain{};   // ask it without EDNS
        std::array<std::uint8_t, route_upstreams_max>
            losses{};  // sockets and connections that failed
        std::size_t server_count = 0;
        int near_misses = 0;
        bool tcp_only = false;
        bool near_misses_borne = false;  // TCP was tried and cannot be had
        int case_misses = 0;             // near misses in nothing but case
        bool stale_sent = false;
        bool is_found_by_key = false;
        bool is_in_flight = false;
        std::optional<dns::EdeCode> ede;
        std::uint32_t newer = none, older = none;  // by start
        std::uint32_t index = none;
    };
    struct Connection {
        SocketId socket = 0;  // 0: free
        ServerIndex server = 0;
        bool is_open = false;
        bool has_answered = false;
        bool is_suspect = false;  // a reply on it is overdue: no further questions
        Time idle_until = never;
        struct Use {
            std::uint32_t question;
            std::size_t slot;
        };
        std::vector<Use> uses;
    };
    /// An answer and who is to get it.
    struct Delivery {
        cache::Answer answer;
        Time stored{};
        cache::Freshness freshness{};
        std::optional<dns::EdeCode> ede;
        WaiterList waiters;
    };
    struct Outgoing {
        Transmit::Kind kind{};
        SocketId socket = 0;
        Endpoint to;
        std::array<std::uint8_t, 300> message{};  // header, longest question, OPT: 282 bytes
        std::size_t size = 0;
    };
    enum class Transport : std::uint8_t { udp, tcp };
    enum class Verdict : std::uint8_t { answered, failed, again_plain, again_tcp };
    /// How an attempt ended that got no reply.
    enum class Loss : std::uint8_t {
        refused,  // no socket, no route, connection refused
        timed_out,
        cut_off,  // the connection had answered others before
    };

    // forwarder.cpp: questions from ask() to completion
    cache::Key key_of(const Question& question);
    std::uint32_t find_question(const cache::Key& key) const;
    AskResult park(Time now, const Ask& ask, const cache::Found& found);
    std::uint32_t start(Time now, const cache::Key& key, std::span<const ServerIndex> servers);
    void prefetch(Time now, const cache::Key& key);
    bool make_room(Time now);
    bool is_our_own(const Question& question, const Ask& ask) const;
    void proceed(Time now, std::uint32_t index);
    void step(Time now, std::uint32_t index);
    void reschedule(std::uint32_t index);
    void answer_stale(Time now, Question& question);
    void finish_answered(Time now, std::uint32_t index, const cache::Answer& answer,
                         bool is_cacheable);
    void finish_failed(Time now, std::uint32_t index);
    void deliver(Question& question, cache::Answer answer, Time stored, cache::Freshness freshness,
                 std::optional<dns::EdeCode> ede);
    void release(Time now, std::uint32_t index);
    void unlink(std::uint32_t index);

    // forwarder_attempts.cpp: messages out, verdicts on messages in
    std::optional<std::size_t> choose_server(Time now, const Question& question);
    bool send_next(Time now, std::uint32_t index);
    bool send_to(Time now, std::uint32_t index, std::size_t place, Transport transport);
    void send_udp(std::uint32_t index, std::size_t slot);
    void write(const Question& question, const Attempt& attempt, Outgoing& out) const;
    void end_attempt(Time now, Question& question, std::size_t slot);
    void lose_attempt(Question& question, const Attempt& attempt, Loss loss);
    bool has_open_attempt(const Question& question) const;
    std::size_t place_of(const Question& question, ServerIndex server) const;
    ReplyMatch match(const Question& question, const Attempt& attempt, Bytes message) const;
    void on_near_miss(Time now, std::uint32_t index, std::size_t slot, ReplyMatch how);
    void on_matching_reply(Time now, std::uint32_t index, std::size_t slot, Bytes message);
    Verdict judge(const Question& question, const Attempt& attempt, Bytes message, Scrubbed& out);
    void note_quirks(Time now, const Question& question, const Attempt& attempt);

    // forwarder_tcp.cpp: connections
    bool send_tcp(Time now, std::uint32_t index, std::size_t slot);
    std::uint32_t connection_to(Time now, ServerIndex server);
    std::uint32_t free_connection(Time now);
    Connection* find_connection(SocketId socket);
    void transmit(const Connection& connection, Connection::Use use);
    void leave_connection(Time now, SocketId socket, std::uint32_t question, std::size_t slot);
    void close_connection(Time now, Connection& connection, Loss loss);
    void close_idle_connections(Time now);

    SocketId new_socket(std::uint32_t index, std::size_t slot);
    void push(Transmit::Kind kind, SocketId socket, const Endpoint& to = {});

    ForwardConfig config_;
    cache::Cache& cache_;
    Rng& rng_;
    ServerTable servers_;
    RouteTable routes_;
    Scrubber scrubber_;
    WaiterPool waiters_;
    ForwarderStats stats_;
    std::uint32_t epoch_ = 0;  // of the configuration
    std::uint64_t socket_serial_ = 0;
    std::vector<std::unique_ptr<Question>> questions_;
    std::vector<std::uint32_t> free_questions_;
    std::uint32_t newest_ = none, oldest_ = none;
    std::size_t question_count_ = 0;
    HashIndex by_key_;
    DeadlineHeap deadlines_;
    std::vector<Connection> connections_;
    dns::LookupName scratch_name_;
    std::deque<Outgoing> outgoing_;
    Outgoing sent_;  // what poll_transmit() gave out last
    std::deque<Delivery> deliveries_;
    Delivery delivered_;  // keeps what poll_completion() gave out last
};

}  // namespace kith::resolve
