#pragma once
// Querier: what is asked on one interface, and when (RFC 6762 §5).
//
// All queries of this machine for the same name, type and class are one question. A question is
// sent after 20..120 ms, 1 s, 2 s, 4 s ... up to an hour. It rests while the unique answer it got is
// good, and is asked again when the cache says that an answer nears its end. Questions that are due
// together share packets; their known answers follow (RFC 6762 §7.1, §7.2).

#include <unordered_map>

#include "discovery/mdns/cache.hpp"
#include "discovery/mdns/own_records.hpp"

namespace kith::discovery::mdns {

class QuerierListener {
public:
    virtual ~QuerierListener() = default;
    virtual void on_query_event(QueryId query, QueryEvent::Kind kind, QueryEvent::Reason reason,
                                const CachedRecord& record) = 0;
};

class Querier {
public:
    Querier(Context& context, const OwnRecords& own, const Cache& cache, std::array<Link, 2>& links,
            InterfaceId interface, QuerierListener& listener)
        : context_(context),
          own_(own),
          cache_(cache),
          links_(links),
          interface_(interface),
          listener_(listener) {}

    /// Reports what the cache has and asks, if the query is QueryMode::continuous.
    void start(Time now, QueryId id, const QueryRequest& request);
    void stop(QueryId id);
    /// Everything is asked again from the beginning, the first time as QU (RFC 6762 §5.4).
    void restart(Time now);
    /// Asks twice for a record that is in doubt (RFC 6762 §10.4).
    void reconfirm(Time now, const RecordKey& key);

    /// A record came or went: from the cache, or one of our own.
    void tell(Time now, QueryEvent::Kind kind, QueryEvent::Reason reason,
              const CachedRecord& record);
    bool is_wanted(dns::NameView name, std::uint64_t name_hash, dns::RrType type,
                   dns::RrClass klass) const;
    void on_refresh_due(Time now, const CachedRecord& record);

    /// A peer multicast this question: ours counts as sent if it tells us as much (RFC 6762 §7.3).
    void on_peer_question(Time now, const PacketQuestion& question, const Packet& packet,
                          const Endpoint& peer);
    /// Whether a unicast response answers what we asked for by QU within two seconds (RFC 6762 §6).
    bool has_asked_for(Time now, const Packet& response) const;

    void on_timer(Time now);
    std::optional<Time> next_timer() const;
    std::size_t size() const { return count_; }

private:
    static constexpr std::uint32_t none = HashIndex::none;
    static constexpr Time never = Time::max();

    struct Client {
        QueryId id = 0;
        QueryMode mode{};
    };
    struct Question {
        std::string name;  // empty: free
        std::uint64_t name_hash = 0;
        dns::RrType type{};
        dns::RrClass klass{};
        std::uint32_t next_at_name = none;
        std::vector<Client> clients;
        std::size_t active = 0;  // of clients: those that ask
        Time next = never;       // of the series
        Time refresh = never;    // besides the series
        Duration interval = query_interval_first;
        Time last_sent = Time::min();
        Time unicast_asked = Time::min();
        int doubts = 0;           // further questions for reconfirm()
        bool is_first = true;     // of its series
        bool is_resting = false;  // it has its whole answer
        Wants wants = Wants::multicast;

        dns::NameView view() const { return dns::NameView::unchecked(as_bytes(name)); }
    };

    // querier.cpp
    std::uint32_t first_at(dns::NameView name, std::uint64_t name_hash) const;
    std::uint32_t find(dns::NameView name, std::uint64_t name_hash, dns::RrType type,
                       dns::RrClass klass) const;
    std::uint32_t make(dns::NameView name, std::uint64_t name_hash, dns::RrType type,
                       dns::RrClass klass);
    void drop_if_unused(std::uint32_t index);
    void begin_series(Time now, Question& question);
    void set_deadline(std::uint32_t index);
    static bool answers(const CachedRecord& record, const Question& question);
    static bool denies(const CachedRecord& record, const Question& question);
    void report(const Question& question, QueryEvent::Kind kind, QueryEvent::Reason reason,
                const CachedRecord& record);

    // querier_send.cpp
    template <class Visit>
    void for_each_known_answer(Time now, const Question& question, Visit visit) const;
    bool needs_asking(Time now, Question& question);
    void mark_sent(Time now, Question& question);
    void send(Time now, std::span<const std::uint32_t> due);
    void start_message();
    void send_message(Time now);
    bool add_question(Time now, std::uint32_t index);
    std::size_t add_questions(Time now, std::span<const std::uint32_t> questions);
    void add_known_answers(Time now, std::span<const std::uint32_t> questions);
    bool add_all_of(Time now, std::span<const std::uint32_t> questions);

    Context& context_;
    const OwnRecords& own_;
    const Cache& cache_;
    std::array<Link, 2>& links_;
    InterfaceId interface_;
    QuerierListener& listener_;
    std::vector<Question> questions_;
    std::vector<std::uint32_t> free_;
    HashIndex by_name_;       // the first question of a name
    DeadlineHeap deadlines_;  // of questions
    std::unordered_map<QueryId, std::uint32_t> by_client_;
    std::size_t count_ = 0;
    Time next_start_{};  // of series begun at about the same time, so that they share packets
    enum class Batch : std::uint8_t { first_of_link, later } batch_ = Batch::first_of_link;
};

}  // namespace kith::discovery::mdns
