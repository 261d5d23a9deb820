#pragma once
// Reflector: shows services of one link on another, as a policy says: a state machine without I/O.
//
//   set_link(), on_packet()     in: what the mDNS sockets receive
//   poll_transmit()             out: to the same sockets
//
// A packet is taken apart and written anew for each link it may go to, with what the policy lets
// through. Responses cross from where services are to where they are shown, questions the other way, and
// probes with them, so that a name is one host's on all links that see each other. What crosses loses the
// unicast bit (answers must cross, too) and addresses that are valid on one link only.
//
// Nothing goes in circles: not to the link it came from, nothing from our own addresses, nothing that we
// sent to the link it comes from, in whatever packet and from whomever (recent.hpp). The rest of a list of
// known answers goes only where its question went. Nothing is kept to answer with. A question of a simple
// resolver is asked from a port of our own, and each record of the replies is handed on to whoever asked once.
//
// Not thread-safe. Time must not go backwards. There are no timers.

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "discovery/mdns/link.hpp"
#include "discovery/mdns/packet.hpp"
#include "discovery/reflector/budget.hpp"
#include "discovery/reflector/hosts.hpp"
#include "discovery/reflector/legacy.hpp"
#include "discovery/reflector/policy.hpp"
#include "discovery/reflector/recent.hpp"
#include "dns/message_builder.hpp"

namespace kith::discovery::reflector {

/// Counts since the start.
struct ReflectorStats {
    std::uint64_t packets_in = 0;   // that a rule is about
    std::uint64_t packets_out = 0;  // copies sent
    std::uint64_t malformed = 0;
    std::uint64_t off_link = 0;    // not from a host of the link
    std::uint64_t echoes = 0;      // records and questions that we sent to where they come from
    std::uint64_t filtered = 0;    // records and questions that no rule lets through
    std::uint64_t link_local = 0;  // records that mean nothing on another link
    std::uint64_t limited = 0;     // packets above a rate
    std::uint64_t unasked = 0;     // known answers whose question did not cross
    std::uint64_t oversize = 0;    // records and questions that fit in no packet
    std::uint64_t legacy_queries = 0, legacy_replies = 0;
    std::uint64_t legacy_dropped = 0;  // questions and replies above a limit
};

class Reflector {
public:
    /// `rng` should be cryptographic in a server: ids come from it. It outlives the reflector.
    Reflector(Policy policy, Rng& rng);
    Reflector(const Reflector&) = delete;
    Reflector& operator=(const Reflector&) = delete;

    void set_policy(Policy policy);

    /// The link of `family` on `interface`, which is called `name`, is up and looks like this.
    void set_link(mdns::InterfaceId interface, std::string_view name, IpFamily family,
                  const mdns::LinkConfig& config);
    void remove_link(mdns::InterfaceId interface, IpFamily family);

    /// ours: a reply to a question that we passed on, so nobody else's to look at.
    enum class Taken : std::uint8_t { copied, ours };
    /// `packet`: what Packet::read() made of the message, whether or not it could be read.
    Taken on_packet(Time now, const mdns::PacketInfo& info, const mdns::Packet& packet);
    /// `message` is valid until the next call that is not const.
    std::optional<mdns::Transmit> poll_transmit();

    const ReflectorStats& stats() const { return stats_; }

private:
    struct Interface {
        std::string name;
        std::array<mdns::Link, 2> links;
        std::vector<bool> is_from, is_to;  // by rule
        Budget budget{packets_per_second, packets_burst};
    };
    /// What a link's services may show on another one.
    struct View {
        bool is_any = false;
        bool is_everything = false;
        std::vector<const dns::Name*> types;
    };
    struct Outgoing {
        mdns::Transmit transmit;
        std::vector<std::uint8_t> message;
    };
    using InterfaceId = mdns::InterfaceId;
    /// Where messages go that are being written, and with which flags they begin.
    struct Way {
        InterfaceId target = 0;
        IpFamily family = IpFamily::none;
        std::uint16_t flags = 0;
    };
    /// Which of the packet's questions, by index.
    using Indexes = std::vector<std::size_t>;

    void match_rules(Interface& interface) const;
    bool is_concerned(const Interface& interface) const;
    bool is_own_address(const IpAddress& address) const;
    View view(const Interface& services, const Interface& viewers) const;
    bool is_shown(Time now, const View& view, InterfaceId services, dns::NameView name,
                  std::uint64_t name_hash) const;
    bool is_shown(Time now, const View& view, InterfaceId services,
                  const mdns::PacketRecord& record) const;
    bool may_send(Time now, Interface& target);
    /// Calls `use(id, interface)` for each other interface with a link of the family that is up.
    template <class Use>
    void for_each_other(const mdns::PacketInfo& info, Use use) {
        for (auto& [id, interface] : interfaces_) {
            if (id != info.interface && interface.links[mdns::at(mdns::link_of(info.family))].is_up)
                use(id, interface);
        }
    }

    // reflector.cpp: responses
    void hash_records();
    void on_response(Time now, const mdns::PacketInfo& info);
    void note_hosts(Time now, InterfaceId services, const View& view);
    void note_heard(Time now, const mdns::PacketInfo& info);
    enum class Fate : std::uint8_t { crosses, filtered, link_local, echo, there_already };
    Fate fate_of(Time now, const mdns::PacketInfo& info, InterfaceId target, const View& view,
                 std::size_t index) const;
    void judge(Time now, const mdns::PacketInfo& info, InterfaceId target, const View& view);
    bool is_bound_to_link(Time now, InterfaceId services, const mdns::PacketRecord& record) const;
    void reflect_response(Time now, const mdns::PacketInfo& info, InterfaceId target,
                          const View& view);

    // reflector_queries.cpp
    void hash_questions();
    void on_query(Time now, const mdns::PacketInfo& info);
    void note_asked(Time now, const mdns::PacketInfo& info);
    bool question_crosses(Time now, const mdns::PacketInfo& info, InterfaceId target,
                          std::size_t index);
    void reflect_query(Time now, const mdns::PacketInfo& info, InterfaceId target,
                       const View& view);
    void continue_list(Time now, const mdns::PacketInfo& info, InterfaceId target,
                       const View& view);
    void ask(Time now, const Way& way, const Indexes& questions, const Indexes& known);
    void probe(Time now, const Way& way, std::span<const std::size_t> questions);
    bool write_probe(const Way& way, std::span<const std::size_t> questions, std::size_t limit);

    // reflector_legacy.cpp
    void on_legacy(Time now, const mdns::PacketInfo& info);
    void reflect_legacy(Time now, const mdns::PacketInfo& info, InterfaceId target,
                        const View& view);
    Taken on_reply(Time now, const mdns::PacketInfo& info);
    void pass_reply(Time now, const mdns::PacketInfo& info, const LegacyQuery& query,
                    const LegacyClient& client, const View& view);

    // Writing: messages of one kind to one interface.
    void start_message(const Way& way);
    void start_message(const Way& way, std::size_t limit);
    void add_record(Time now, const Way& way, dns::Section section,
                    const mdns::PacketRecord& record);
    void send_to_group(Time now, const Way& way);
    void send(Time now, const mdns::Transmit& transmit);

    Policy policy_;
    Rng& rng_;
    mdns::Hasher hasher_;
    std::map<InterfaceId, Interface> interfaces_;
    Recent heard_, sent_;  // records and questions, by link
    Recent lists_{
        sources_max};  // hosts that ask with a list of known answers, by the link that goes to
    Hosts hosts_;
    SourceBudgets sources_;
    LegacyQueries legacy_;
    dns::MessageBuilder builder_;
    std::vector<std::uint8_t> buffer_;
    std::deque<Outgoing> outgoing_;
    Outgoing polled_;
    ReflectorStats stats_;

    // Of the packet that on_packet() looks at; reckoned once, for all links that it goes to.
    const mdns::Packet* packet_ = nullptr;
    std::uint64_t source_ = 0;  // a hash of its address
    std::vector<std::uint64_t> record_hashes_, set_hashes_, question_hashes_;
    std::vector<bool> is_probed_;  // by question: a record is proposed for its name
    std::vector<Fate> fates_;      // by record, on the link it is about to go to
};

}  // namespace kith::discovery::reflector
