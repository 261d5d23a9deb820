#pragma once
// Interface: all of Multicast DNS on one network interface. It takes packets apart and hands each
// part to whom it concerns; which records exist under which names is the engine's matter.

#include "discovery/mdns/cache.hpp"
#include "discovery/mdns/prober.hpp"
#include "discovery/mdns/querier.hpp"
#include "discovery/mdns/responder.hpp"

namespace kith::discovery::mdns {

class InterfaceListener {
public:
    virtual ~InterfaceListener() = default;
    virtual void on_query_event(InterfaceId interface, QueryId query, QueryEvent::Kind kind,
                                QueryEvent::Reason reason, const CachedRecord& record) = 0;
    /// Nobody objected to the registration's name here.
    virtual void on_claimed(Time now, InterfaceId interface, RegistrationId registration) = 0;
    enum class Stage : std::uint8_t { probing, held };
    /// `rival` has a record of the registration's name that we never had.
    virtual void on_conflict(Time now, InterfaceId interface, RegistrationId registration,
                             Stage stage, const Endpoint& rival) = 0;
    /// All goodbyes of the registration are sent here.
    virtual void on_withdrawn(Time now, RegistrationId registration) = 0;
    /// Another program of this machine has, or is about to have, a reverse name that we publish.
    virtual void on_reverse_rival(Time now) = 0;
};

class Interface final : CacheListener, QuerierListener, ProberListener, ResponderListener {
public:
    Interface(Context& context, InterfaceId id, InterfaceListener& listener);
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;

    InterfaceId id() const { return id_; }
    bool is_up() const { return links_[0].is_up || links_[1].is_up; }
    const std::array<Link, 2>& links() const { return links_; }
    enum class Change : std::uint8_t { none, addresses, came_up };
    Change set_link(LinkIndex link, const LinkConfig& config);
    void remove_link(Time now, LinkIndex link);
    /// Asks everything again; what was heard before must be heard again.
    void restart_queries(Time now);
    void doubt_cache(Time now) { cache_.doubt_all(now); }

    // ---- records of ours

    /// Adds a record that is not answered with yet.
    void add_record(RegistrationId registration, std::uint32_t slot,
                    const RegisteredRecord& record);
    bool has_probed_records(RegistrationId registration) const;
    void claim(Time now, RegistrationId registration, dns::NameView name, Time earliest);
    bool is_held(RegistrationId registration) const;
    bool is_attached(RegistrationId registration) const { return own_of_.contains(registration); }
    /// Answers with all its records from now on, and announces them.
    void make_live(Time now, RegistrationId registration);
    /// As make_live() for one record added later.
    void make_live(Time now, RegistrationId registration, std::uint32_t slot,
                   Time first_announcement);
    /// Answers with none of them until make_live().
    void silence(Time now, RegistrationId registration);
    /// Gives up a name that another host has: goodbye to what is shared, silence about the rest.
    void abandon(Time now, RegistrationId registration);
    /// Says goodbye to everything; on_withdrawn() for each record.
    void withdraw(Time now, RegistrationId registration);
    /// Takes one record out, with a goodbye if its RRset goes with it. Returns when that is said.
    Time remove_record(Time now, RegistrationId registration, std::uint32_t slot);
    /// Gives a record other data and announces it (RFC 6762 §8.4).
    void replace_record(Time now, RegistrationId registration, std::uint32_t slot,
                        const RegisteredRecord& record);
    /// Ends a claim that has no records left.
    void drop_empty_claim(RegistrationId registration);
    /// Goodbyes of the registration still wait to be sent.
    bool is_leaving(RegistrationId registration) const { return leaving_.contains(registration); }

    // ---- questions

    void start_query(Time now, QueryId id, const QueryRequest& request);
    void stop_query(QueryId id) { querier_.stop(id); }
    void reconfirm(Time now, const Record& record);
    template <class Visit>
    void for_each_own(dns::NameView name, std::uint64_t hash, dns::RrType type, Visit visit) const {
        const std::uint32_t index = own_.find_name(name, hash);
        if (index == OwnRecords::none) return;
        for (const std::uint32_t record : own_.name(index).records) {
            const OwnRecord& own = own_.record(record);
            if (own.state == OwnRecord::State::live &&
                (type == dns::RrType::ANY || own.type == type))
                visit(view(own));
        }
    }
    const Cache& cache() const { return cache_; }

    // ---- packets and time

    void on_packet(Time now, const PacketInfo& info, const Packet& packet, Bytes message);
    void on_timer(Time now);
    std::optional<Time> next_timer() const;
    bool is_quiet() const { return responder_.is_quiet() && !prober_.is_probing(); }
    const Responder& responder() const { return responder_; }  ///< for the tests of its bounds

private:
    enum class Echo : std::uint8_t { no, yes };

    void on_query(Time now, const PacketInfo& info, const Packet& packet, Bytes message);
    void on_peer_query(Time now, const PacketInfo& info, const Packet& packet);
    void on_response(Time now, const PacketInfo& info, const Packet& packet, Bytes message);
    bool accepts_unicast(Time now, const Packet& packet) const;
    void on_response_record(Time now, const PacketInfo& info, const PacketRecord& record,
                            Echo echo);
    bool is_reverse_rival(const PacketInfo& info, const PacketRecord& record) const;
    void check_conflict(Time now, const PacketInfo& info, const PacketRecord& record,
                        std::uint32_t name);
    bool is_probe_answer(const PacketRecord& record) const;
    bool is_own_address(const IpAddress& address) const;
    CachedRecord view(const OwnRecord& own) const;
    void tell(Time now, const OwnRecord& own, QueryEvent::Kind kind, QueryEvent::Reason reason);
    void release(Time now, const OwnRecord& own);
    void go_live(Time now, std::uint32_t index, Time first_announcement);
    bool hand_over(std::uint32_t index);
    void forget(Time now, std::uint32_t index);
    Time say_goodbye(Time now, std::uint32_t index);
    Time end_record(Time now, std::uint32_t index);
    std::uint32_t place_of(RegistrationId registration, std::uint32_t slot) const;
    bool has_set_members(std::uint32_t index) const;

    // CacheListener
    void on_added(Time now, const CachedRecord& record) override;
    void on_removed(Time now, const CachedRecord& record, QueryEvent::Reason reason) override;
    bool is_wanted(dns::NameView name, std::uint64_t hash, dns::RrType type,
                   dns::RrClass klass) override;
    void on_refresh_due(Time now, const CachedRecord& record) override;
    // QuerierListener
    void on_query_event(QueryId query, QueryEvent::Kind kind, QueryEvent::Reason reason,
                        const CachedRecord& record) override;
    // ProberListener, ResponderListener
    void on_claimed(Time now, RegistrationId registration) override;
    void on_withdrawn(Time now, const OwnRecord& record) override;

    Context& context_;
    InterfaceId id_;
    InterfaceListener& listener_;
    std::array<Link, 2> links_;
    OwnRecords own_;
    Cache cache_;
    Responder responder_;
    Prober prober_;
    Querier querier_;
    std::unordered_map<RegistrationId, std::vector<std::uint32_t>>
        own_of_;                                       // records, leaving ones left out
    std::unordered_map<RegistrationId, int> leaving_;  // records whose goodbye waits
};

}  // namespace kith::discovery::mdns
