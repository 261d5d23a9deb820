#pragma once
// LegacyQueries: questions of simple resolvers (RFC 6762 §6.7) that are under way on other links, and
// who waits for their replies. Found by the id that we asked with, which is random.

#include <optional>
#include <unordered_set>
#include <vector>

#include "base/rng.hpp"
#include "discovery/mdns/types.hpp"

namespace kith::discovery::reflector {

struct LegacyQuestion {
    dns::Name name;
    dns::RrType type{};
    dns::RrClass wire_class{};  // as it was asked, the unicast bit included
};

struct LegacyClient {
    mdns::InterfaceId interface = 0;
    Endpoint endpoint;
    std::uint16_t id = 0;         // it asked with
    std::size_t reply_bytes = 0;  // that it takes

    friend bool operator==(const LegacyClient&, const LegacyClient&) = default;
};

struct LegacyQuery {
    std::uint16_t id = 0;             // we ask with
    mdns::InterfaceId interface = 0;  // we ask there, and replies come from there
    IpFamily family = IpFamily::none;
    Time until{};
    std::uint64_t key = 0;  // of questions and link, for others who ask the same
    std::vector<LegacyQuestion> questions;
    std::vector<LegacyClient> clients;
    std::unordered_set<std::uint64_t> records;  // handed on, by hash
    int replies_left = 0;

    /// Lets `client` wait, too, if it does not yet. False: too many do, or too many of its host.
    bool add_client(const LegacyClient& client);
    /// Whether a record with this hash was not handed on yet; it counts as handed on from now. False at
    /// legacy_records_max.
    bool is_new(std::uint64_t record);
};

class LegacyQueries {
public:
    /// The youngest query with this key, if it is younger than question_echo_life.
    LegacyQuery* find_same(Time now, std::uint64_t key);
    LegacyQuery* find_id(Time now, std::uint16_t id);
    /// A fresh one for `client`; nullptr at legacy_max, or at legacy_per_host_max of its host.
    LegacyQuery* add(Time now, Rng& rng, const LegacyClient& client);
    std::size_t size() const { return queries_.size(); }

private:
    void prune(Time now);
    std::vector<LegacyQuery> queries_;  // oldest first
};

}  // namespace kith::discovery::reflector
