#pragma once
// AvahiBackend: discovery through avahi-daemon (org.freedesktop.Avahi), as an engine without I/O.
//
// A question is a RecordBrowser, which gives RDATA record by record; those that ask the same share one.
// What is published is an EntryGroup of records. Both are made anew when the daemon was restarted: what
// it told stays for restart_patience, and only what it does not tell again is reported as removed.
//
// Not to be had by Avahi's bus, and so not here: TTLs (0 in events), "there is no such record", the
// type ANY, and reconfirm().

#include <map>
#include <set>

#include "discovery/dbus/bus_backend.hpp"
#include "discovery/dbus/record_key.hpp"

namespace kith::discovery::dbus {

class AvahiBackend final : public BusBackend {
public:
    explicit AvahiBackend(std::vector<dns::Name> extra_domains = {});

    std::string describe() const override { return version_.empty() ? "avahi" : version_; }
    std::string_view service() const override { return "org.freedesktop.Avahi"; }
    std::vector<std::string> match_rules() const override;

    std::optional<dnssd::QueryToken> start_query(Time now, const dnssd::RecordQuestion& question,
                                                 dnssd::Scope scope) override;
    void stop_query(Time now, dnssd::QueryToken query) override;
    void reconfirm(Time, const dnssd::RecordEvent&) override {}
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
    using BrowserId = std::uint64_t;
    /// Who asks the same shares the daemon's object.
    struct QuestionKey {
        dns::Name name;  // lower case
        dns::RrType type{};
        std::uint32_t ifindex = 0;
        auto operator<=>(const QuestionKey&) const = default;
    };
    struct Item {
        std::set<IpFamily> families;  // it was told for; none: of a daemon that is gone
        dnssd::RecordEvent record;
    };
    struct Browser {
        QuestionKey key;
        dns::Name name;  // as asked
        std::set<dnssd::QueryToken> askers;
        std::string path;  // empty: the daemon has none
        std::map<RecordKey, Item> items;
        std::string failure;  // what askers were told last; empty: it works
    };
    struct Group {
        std::vector<dnssd::ServiceRecord> records;
        dnssd::Scope scope;
        dnssd::RenamePolicy policy{};
        dns::Name unique;
        std::string path;           // empty: the daemon has none
        std::uint64_t attempt = 0;  // replies to earlier ones are of no interest
        std::size_t adds_left = 0;
        bool is_committed = false;
        int conflicts = 0;  // in a row
        bool said_troubled = false;
        std::optional<Time> retry_at;
    };
    /// What a reply is to.
    struct Pending {
        enum class Kind : std::uint8_t {
            api_version,
            version,
            host_name,
            browser_new,
            browser_start,
            browser_free,
            group_new,
            group_add,
            group_update,
            group_commit,
            group_free,
        };
        Kind kind{};
        std::uint64_t id = 0;       // of the browser or group
        std::uint64_t attempt = 0;  // of the group
    };
    using Kind = Pending::Kind;

    void ask(Kind kind, std::uint64_t id, std::uint64_t attempt, std::string path,
             std::string interface, std::string member, std::string signature = {},
             Values arguments = {});
    void ask_server(Kind kind, std::string member);
    void on_api_version(const Reply& reply);
    void on_host_name(Time now, const Reply& reply);
    void without_host_name(Time now, const Reply& reply);
    void on_object_signal(Time now, const Signal& signal);
    void keep_early(const Signal& signal);
    void replay_early(Time now, const std::string& path);
    bool is_path_awaited() const;

    void open(BrowserId id, Browser& browser);
    void free_object(const std::string& path, std::string interface, Kind kind);
    void on_browser_new(Time now, BrowserId id, const Reply& reply);
    void on_browser_start(Time now, BrowserId id, const Reply& reply);
    void on_browser_signal(Browser& browser, const Signal& signal);
    void refuse(Time now, BrowserId id, Browser& browser, const std::string& why);
    std::optional<dnssd::RecordEvent> read_item(const Browser& browser, const Values& values) const;
    void add_item(Browser& browser, dnssd::RecordEvent record);
    void remove_item(Browser& browser, const dnssd::RecordEvent& record);
    void tell_askers(const Browser& browser, dnssd::RecordEvent record);
    void tell_failure(Browser& browser, std::string text);
    void lose_browsers();
    void drop_stale(Browser& browser);
    void ask_again_first_refused(Time now);

    void open(std::uint64_t id, Group& group);
    void add_records(std::uint64_t id);
    void restart(std::uint64_t id);
    void on_group_new(Time now, std::uint64_t id, const Reply& reply);
    void on_group_reply(Time now, const Pending& pending, const Reply& reply);
    void on_group_signal(Time now, std::uint64_t id, const Signal& signal);
    void on_conflict(Time now, std::uint64_t id);
    void fail(std::uint64_t id, std::string text);
    void follow_host(dns::NameView from, dns::NameView to);
    void lose_groups();

    std::string owner_;  // unique name of the daemon; empty: not there
    std::string version_;
    std::uint32_t api_ = 0;  // 0: not known yet, nothing is asked
    dns::Name host_name_;
    std::map<std::uint64_t, Pending> pending_;
    std::map<BrowserId, Browser> browsers_;
    std::map<QuestionKey, BrowserId> by_question_;
    std::map<dnssd::QueryToken, BrowserId> by_token_;
    std::map<BrowserId, Time> refused_;  // and when they are asked again
    std::map<std::uint64_t, Group> groups_;
    std::map<std::string, BrowserId> browser_paths_;
    std::map<std::string, std::uint64_t> group_paths_;
    std::deque<Signal> early_;
    std::optional<Time> host_name_at_;   // when it is asked for again, which failed
    std::optional<Time> patience_ends_;  // of a restart of the daemon
    bool is_gone_ = false;               // for longer than that
    std::uint64_t last_id_ = 0;
};

}  // namespace kith::discovery::dbus
