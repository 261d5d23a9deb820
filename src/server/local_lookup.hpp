#pragma once
// LocalLookups: questions of unicast clients about names of the link, answered by asking it. One
// question for all who wait for the same; every one of them gets an answer in time.

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "cache/answer.hpp"
#include "discovery/dnssd/session.hpp"

namespace kith::server {

/// A client's question, and what its worker knows it by.
struct LocalQuestion {
    std::uint64_t token = 0;
    dns::Name name;  // lower case
    dns::RrType type{};
    std::uint64_t client = 0;  // who asks; clients share the room for lookups
};

/// What is known already of what is asked.
struct LocalKnowledge {
    std::map<std::vector<std::uint8_t>, std::uint32_t> records;  // RDATA, with TTL
    /// ours: nobody else has records of the name, so what is missing is missing.
    enum class Holder : std::uint8_t { others, ours } holder = Holder::others;
    /// Links in use that have said nothing of it: a host on several has other addresses on each.
    std::size_t silent_links = 0;
};

/// Hands an answer to the worker that asked; called once for each question, on the control thread.
using LocalReply =
    std::function<void(std::uint64_t token, std::shared_ptr<const cache::Answer> answer)>;

// Different questions that are under way at once; more are answered SERVFAIL. A link of five hundred
// hosts is asked for less.
inline constexpr std::size_t local_questions_max = 256;
// Clients that wait for one of them.
inline constexpr std::size_t local_waiters_max = 256;
// Questions of one client that wait. A browser that starts asks for a dozen names; a program that asks for
// names nobody has must not keep others from asking.
inline constexpr std::size_t local_client_share = 32;
// Questions of one worker that are on their way; the shares bound them long before.
inline constexpr std::size_t local_under_way_max = 1024;
// Records of one answer.
inline constexpr std::size_t local_records_max = 128;
// How long nothing may come before the name is said not to exist. The first question goes out within
// 120 ms, the second a second later (RFC 6762 §5.2); stub resolvers wait five seconds.
inline constexpr Duration local_patience = 2s;
// How long answers are gathered that several hosts give, as to PTR.
inline constexpr Duration local_gathering = 500ms;
// How long the other links are waited for when one has answered. Each is asked within 140 ms, and who
// owns a name alone answers at once (RFC 6762 §6).
inline constexpr Duration local_links_patience = 300ms;
// How long links that had nothing to say are not waited for again: as long as addresses are kept
// (RFC 6762 §10). Most hosts are on one link only.
inline constexpr Duration local_links_asked_for = 120s;
// Names and types of which that is remembered; at the limit the oldest is forgotten, and costs a wait.
inline constexpr std::size_t local_links_asked_max = 1024;
// TTLs are capped as in RFC 6762 §6.7: a unicast client hears of no goodbye.
inline constexpr std::uint32_t local_ttl_max = 10;

class LocalLookups {
public:
    /// What is known of a name and type (ANY: of anything) without asking.
    using Know = std::function<LocalKnowledge(Time now, dns::NameView name, dns::RrType type)>;
    LocalLookups(discovery::dnssd::Session& session, Know know)
        : session_(session), know_(std::move(know)) {}

    /// Asks, or answers at once: what is known needs no room. Without room the question of who has most
    /// of them gives way, or this one fails.
    void ask(Time now, const LocalQuestion& question, LocalReply reply);
    /// An event of the session; false: not of a lookup.
    bool on_event(Time now, const discovery::dnssd::Event& event);
    /// A link came, went or changed: what links did not know they may know now.
    void on_links_changed() { all_asked_.clear(); }
    /// All that could be told was: those that have what they want are answered.
    void on_settled(Time now);
    std::optional<Time> next_deadline() const;
    void on_timer(Time now);
    /// Answers all SERVFAIL.
    void fail_all(Time now);
    std::size_t size() const { return lookups_.size(); }

private:
    using Rdata = std::vector<std::uint8_t>;
    struct Waiter {
        std::uint64_t token;
        std::uint64_t client;
        LocalReply reply;
    };
    struct Lookup {
        dns::Name name;
        dns::RrType type{};
        std::map<Rdata, std::uint32_t> records;  // with TTL
        bool is_absent = false;                  // its owner says so
        Time links_by{};                         // every link has been asked, and could answer
        Time ends{};
        std::vector<Waiter> waiters;
    };
    using Key = std::pair<dns::Name, dns::RrType>;
    bool answer_known(Time now, const LocalQuestion& question, const LocalReply& reply) const;
    bool have_all_said(Time now, const dns::Name& name, dns::RrType type) const;
    void note_all_asked(Time now, const Lookup& lookup, const LocalKnowledge& known);
    bool make_room(Time now, std::uint64_t client);
    void finish(Time now, discovery::dnssd::OperationId id);
    void fail(Time now, discovery::dnssd::OperationId id);
    Lookup take(Time now, discovery::dnssd::OperationId id);
    void reply_all(const Lookup& lookup, const std::shared_ptr<const cache::Answer>& answer);
    void leave(std::uint64_t client);

    discovery::dnssd::Session& session_;
    Know know_;
    std::map<discovery::dnssd::OperationId, Lookup> lookups_;
    std::map<std::uint64_t, std::size_t> waiting_;  // questions of each client
    std::map<Key, Time> all_asked_;                 // until when links are not waited for
};

/// The answer in the form that parked queries take. Exported for its test.
cache::Answer make_local_answer(const dns::Name& name, dns::RrType type,
                                const std::map<std::vector<std::uint8_t>, std::uint32_t>& records,
                                dns::Rcode rcode);

}  // namespace kith::server
