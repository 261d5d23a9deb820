#pragma once
// ResolvedBackend: discovery through systemd-resolved (org.freedesktop.resolve1), as an engine without
// I/O.
//
// resolved's bus answers single questions and tells nothing by itself (as of version 252): each question
// is asked again and again, soon at first and later every poll_max; the difference is what is
// reported. Its cache, where most answers come from, hears announcements and goodbyes.
//
// For a name of which resolved publishes records itself it gives these alone: what others have is asked
// for with a second question.
//
// It registers services of this machine, nothing else: no subtypes, no other hosts, no addresses; a TXT
// record is changed by registering anew. A service stays when its program dies without withdrawing it.

#include <map>
#include <set>

#include "base/rng.hpp"
#include "discovery/dbus/bus_backend.hpp"
#include "discovery/dbus/record_key.hpp"

namespace kith::discovery::dbus {

class ResolvedBackend final : public BusBackend {
public:
    /// `rng` makes the ids of services, and outlives the backend.
    explicit ResolvedBackend(Rng& rng, std::vector<dns::Name> extra_domains = {});

    std::string describe() const override { return "systemd-resolved"; }
    std::string_view service() const override { return "org.freedesktop.resolve1"; }
    std::vector<std::string> match_rules() const override;

    std::optional<dnssd::QueryToken> start_query(Time now, const dnssd::RecordQuestion& question,
                                                 dnssd::Scope scope) override;
    void stop_query(Time now, dnssd::QueryToken query) override;
    /// Asks again at once.
    void reconfirm(Time now, const dnssd::RecordEvent& record) override;
    dns::Text<dnssd::PublicationToken> publish(Time now,
                                               std::span<const dnssd::ServiceRecord> records,
                                               dnssd::Scope scope,
                                               dnssd::RenamePolicy policy) override;
    void update_txt(Time now, dnssd::PublicationToken publication, dns::NameView owner,
                    std::span<const std::vector<std::uint8_t>> txt) override;
    void withdraw(Time now, dnssd::PublicationToken publication) override;
    dns::Name host_name() const override { return host_name_; }

    void on_owner(Time now, std::string_view unique_name) override;
    void on_reply(Time now, std::uint64_t call, const Reply& reply) override;
    void on_signal(Time now, const Signal& signal) override;
    std::optional<Time> next_deadline() const override;
    void on_timer(Time now) override;
    void shut_down(Time now) override;
    bool is_quiet() const override;

private:
    using Records = std::map<RecordKey, dnssd::RecordEvent>;
    struct Query {
        dnssd::RecordQuestion question;
        dnssd::Scope scope;
        bool is_asking = false;
        bool past_zone = false;  // asking for what others have, besides `own`
        Records own;             // of services that resolved itself publishes
        bool said_absent = false;
        std::string failure;     // the error that was told last; empty: none since the last answer
        Duration wait{};         // between the last answer and the next question
        std::optional<Time> at;  // of the next question
        Records known;
    };
    /// A service as RegisterService takes it.
    struct Published {
        dns::Name name;  // of the instance
        std::string type;
        std::uint16_t port = 0, priority = 0, weight = 0;
        std::vector<std::vector<std::uint8_t>> txt;
        dnssd::RenamePolicy policy{};
        std::string path;           // empty: resolved has none
        std::uint64_t attempt = 0;  // replies to earlier ones are of no interest
        int conflicts = 0;
        bool said_troubled = false;
        std::optional<Time> retry_at;
        std::optional<Time> settles_at;  // probing is over then, if nobody objects
    };
    struct Pending {
        enum class Kind : std::uint8_t { host_name, record, add, remove };
        Kind kind{};
        std::uint64_t id = 0;
        std::uint64_t attempt = 0;
    };
    using Kind = Pending::Kind;

    void ask(Kind kind, std::uint64_t id, std::uint64_t attempt, std::string path,
             std::string interface, std::string member, std::string signature, Values arguments);
    void ask_host_name();
    void ask_records(dnssd::QueryToken token, Query& query);
    void on_host_name(Time now, const Reply& reply);
    void without_host_name(Time now, const Reply& reply);
    void on_records(Time now, dnssd::QueryToken token, const Reply& reply);
    Records read_records(const Query& query, const Reply& reply);
    void take(Time now, dnssd::QueryToken token, Query& query, Records records, const Reply& reply);
    void lose_all();
    void add(std::uint64_t id, Published& published);
    void remove(Published& published);
    void on_added(Time now, const Pending& pending, const Reply& reply);
    void on_conflict(Time now, std::uint64_t id);

    Rng& rng_;
    std::string owner_;
    dns::Name host_name_;
    std::optional<Time> host_name_at_;   // when it is asked for again, which failed
    std::optional<Time> patience_ends_;  // of a restart: until then nothing is gone
    bool is_gone_ = false;               // for longer than that
    std::map<std::uint64_t, Pending> pending_;
    std::map<dnssd::QueryToken, Query> queries_;
    std::map<std::uint64_t, Published> published_;
    std::uint64_t last_id_ = 0;
};

}  // namespace kith::discovery::dbus
