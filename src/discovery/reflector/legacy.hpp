#pragma once
// LegacyQueries: questions of simple resolvers (RFC 6762 §6.7) that are under way on other links, and
// who waits for their replies. Found by the id that we asked with, which is random.

#include <optional>
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
    std::uint16_t id = 0;  // it asked with

    friend bool operator==(const LegacyClient&, const LegacyClient&) = default;
};

struct LegacyQuery {
    std::uint16_t id = 0;  // we ask with
    IpFamily family = IpFamily::none;
    Time until{};
    std::uint64_t key = 0;  // of questions and link, for others who ask the same
    std::vector<LegacyQuestion> questions;
    std::vector<LegacyClient> clients;
    int replies_left = 0;
};

class LegacyQueries {
public:
    /// The query with this key, if one is under way that is younger than `life`.
    LegacyQuery* find_same(Time now, std::uint64_t key);
    LegacyQuery* find_id(Time now, std::uint16_t id);
    /// A fresh one; nullptr at legacy_max.
    LegacyQuery* add(Time now, Rng& rng);
    std::size_t size() const { return queries_.size(); }

private:
    void prune(Time now);
    std::vector<LegacyQuery> queries_;
};

}  // namespace kith::discovery::reflector
