#pragma once
// TransferPolicy: what the configuration's texts about transfers of one zone mean.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/tsig_key.hpp"
#include "base/ip_address.hpp"
#include "base/problem.hpp"
#include "config/config.hpp"
#include "transfer/access.hpp"

namespace kith::server {

/// Another server, as in `primaries` and `notify`: "192.0.2.1", "[2001:db8::1]:5353 key NAME".
struct ServerAndKey {
    Endpoint endpoint;
    std::optional<dns::Name> key;  // of the ring

    friend bool operator==(const ServerAndKey&, const ServerAndKey&) = default;
};

/// Immutable and shared between versions of a zone; any number of threads may read it.
struct TransferPolicy {
    transfer::Access allow;               // who may take the zone
    transfer::Access allow_notify;        // who may say that there is news, the primaries included
    std::vector<ServerAndKey> primaries;  // where it is taken from; none: it is ours
    std::vector<ServerAndKey> notify;     // who is told
    bool notify_ns = true;                // and the zone's name servers
    bool requires_zonemd = false;
    bool forwards_updates = false;  // a secondary hands updates on to its primaries

    bool is_secondary() const { return !primaries.empty(); }
};
using TransferPolicyPtr = std::shared_ptr<const TransferPolicy>;

/// Reads "NETWORK", "key NAME" or "NETWORK key NAME"; the error says what is wrong.
Result<transfer::AccessRule, std::string> parse_access_rule(std::string_view text);
/// Reads "ADDRESS[:PORT] [key NAME]"; port 53 where none is given.
Result<ServerAndKey, std::string> parse_server(std::string_view text);

/// Reads all of a zone's texts. What is wrong with one, and keys that are not in `ring`, is added to
/// `problems` at its place in `config`, and left out.
TransferPolicy make_transfer_policy(const config::Transfer& texts, const auth::KeyRing& ring,
                                    const config::Config& config, Problems& problems);

}  // namespace kith::server
