#pragma once
// Responder: which records of one interface are multicast on its links and when (RFC 6762 §6), what
// is announced and withdrawn (§8.3, §10.1), and what is answered by unicast.
//
// Everything to be multicast waits in one heap per link, with the moment from which it may go (a
// record at most once a second) and the moment at which it must. When the first must, all that may
// go with it: so answers are aggregated without any of them going earlier than RFC 6762 lets it.

#include "base/deadline_heap.hpp"
#include "discovery/mdns/response_writer.hpp"
#include "discovery/mdns/send_history.hpp"

namespace kith::discovery::mdns {

/// Told by a Responder.
class ResponderListener {
public:
    virtual ~ResponderListener() = default;
    /// The goodbye of a record is sent, and the record is about to be erased.
    virtual void on_withdrawn(Time now, const OwnRecord& record) = 0;
};

class Responder {
public:
    Responder(Context& context, OwnRecords& own, std::array<Link, 2>& links, InterfaceId interface,
              ResponderListener& listener)
        : context_(context),
          own_(own),
          links_(links),
          interface_(interface),
          listener_(listener),
          writer_(context, own) {}

    /// Multicasts a live record at `first` and `config.announcements` times in all (RFC 6762 §8.3).
    void announce(Time first, std::uint32_t record);
    /// Stops answering with a record and says goodbye where it was heard, then erases it. Returns when
    /// the last goodbye goes; now, if nobody has heard of the record.
    Time withdraw(Time now, std::uint32_t record);
    /// Takes a record out of everything that waits, without goodbye, and erases it.
    void forget(Time now, std::uint32_t record);
    /// A record is live now: it goes on from when it, or one that said the same, was multicast last. A
    /// goodbye to the same that is not said yet is not said any more.
    void resume(Time now, std::uint32_t record);
    /// `heir`, a twin of the live `record`, speaks from now on, and what waits to be said of it.
    void inherit(std::uint32_t record, std::uint32_t heir);
    /// `other` says the same as `record` and has been heard when that was.
    void share_history(std::uint32_t record, std::uint32_t other);
    /// Keeps a record that must not be answered with any more out of everything that waits.
    void silence(Time now, std::uint32_t record);

    void on_query(Time now, const PacketInfo& info, const Packet& packet);
    /// A peer multicast what we have too (RFC 6762 §6.6, §7.4).
    void on_same_record(Time now, LinkIndex link, std::uint32_t record, std::uint32_t ttl);
    /// A record of ours from another interface came in here with the cache-flush bit: what we have
    /// here is said again, so that peers keep it (RFC 6762 §14).
    void on_echo_of_other_interface(Time now, LinkIndex link, std::uint32_t name, dns::RrType type);

    void on_timer(Time now);
    std::optional<Time> next_timer() const;
    /// The link went down: nothing waits for it any more.
    void on_link_down(Time now, LinkIndex link);
    bool is_quiet() const;
    std::size_t deferred_count() const { return deferred_.size(); }
    std::size_t reply_count() const { return replies_.size(); }

private:
    /// An answer that is kept: `check` tells whether the index still means the same.
    struct Kept {
        Answer answer;
        std::uint64_t check = 0;
    };
    /// A query that is being answered.
    struct Query {
        Endpoint source;
        LinkIndex link{};
        enum class From : std::uint8_t { group, direct, off_link, legacy } from = From::group;
        std::uint16_t id = 0;
        std::size_t legacy_limit = 0;
        enum class Delay : std::uint8_t { as_due, none } delay = Delay::as_due;
        std::span<const StoredQuestion> questions;
        const Packet* probe = nullptr;  // with its authority section
    };
    /// A query with TC set: the rest of its known answers is to come (RFC 6762 §7.2).
    struct Deferred {
        Endpoint source;
        LinkIndex link{};
        Query::From from{};
        Time first{};
        Time due{};
        std::vector<StoredQuestion> questions;
        std::vector<Kept> known;
    };
    struct Reply {
        Time due{};
        Endpoint to;
        LinkIndex link{};
        ResponseWriter::Form form{};
        std::uint16_t id = 0;
        std::size_t limit = 0;
        std::vector<StoredQuestion> questions;
        std::vector<Kept> answers;
    };
    struct Found {
        std::vector<Answer> multicast, unicast;
        bool all_unique = true;
        bool defends = false;
    };

    static std::uint32_t item(const Answer& answer) {
        return answer.index * 2 + static_cast<std::uint32_t>(answer.kind);
    }
    static Answer answer_of(std::uint32_t item) {
        return {item / 2, item % 2 == 0 ? Answer::Kind::record : Answer::Kind::nsec};
    }

    // responder.cpp: what is multicast when
    Sending& sending(const Answer& answer, LinkIndex link);
    void schedule(Time now, LinkIndex link, const Answer& answer, Time due, Duration interval);
    void schedule_set(Time now, LinkIndex link, const Answer& answer, Time due, Duration interval);
    void unschedule(LinkIndex link, const Answer& answer);
    void take_out(std::uint32_t record);
    bool is_scheduled(const Answer& answer) const;
    void flush(Time now, LinkIndex link);
    void on_multicast(Time now, LinkIndex link, std::span<const Answer> written);
    void finish_leaving(Time now, std::uint32_t record);
    void erase(Time now, std::uint32_t record);
    std::uint64_t nsec_hash(const OwnName& name) const;
    void announce_due(Time now);
    Kept keep(const Answer& answer) const;
    bool is_valid(const Kept& kept) const;

    // responder_queries.cpp: what is answered to whom
    bool concerns_us(const Packet& packet) const;
    void mark_known(const Packet& packet);
    void mark_known(std::uint32_t record);
    bool is_known(std::uint32_t record) const;
    void store_questions(const Packet& packet);
    bool defer(Time now, const Query& query, const Packet& packet);
    void continue_deferred(Time now, const Query& query, const Packet& packet);
    void keep_known(Deferred& deferred, const Packet& packet) const;
    void answer(Time now, const Query& query);
    void answer_question(Time now, const Query& query, const StoredQuestion& question,
                         Found& found);
    void place(Time now, const Query& query, const StoredQuestion& question, const Answer& answer,
               Found& found);
    bool is_fresh(Time now, LinkIndex link, const Answer& answer);
    std::uint32_t ttl_of(const Answer& answer) const;
    void reply(Time now, const Query& query, const std::vector<Answer>& answers, Time due);
    void send_reply(Time now, const Reply& reply);
    void replies_due(Time now);
    void deferred_due(Time now);

    Context& context_;
    OwnRecords& own_;
    std::array<Link, 2>& links_;
    InterfaceId interface_;
    ResponderListener& listener_;
    ResponseWriter writer_;
    std::array<DeadlineHeap, 2> waiting_;  // of item(), per link
    DeadlineHeap announcing_;              // of records
    SendHistory history_;
    std::vector<Deferred> deferred_;
    std::vector<Reply> replies_;
    std::vector<StoredQuestion> questions_;  // of the query being answered
    std::vector<std::uint32_t> reinsert_;
    std::uint32_t query_stamp_ = 0;
};

}  // namespace kith::discovery::mdns
