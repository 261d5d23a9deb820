#pragma once
// One transfer in over one connection, waiting for it: a secondary for one moment. Below transfer() of
// zones.hpp and below `kith transfer`.

#include <optional>

#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "client/zones.hpp"
#include "dns/name.hpp"
#include "transfer/transfer_in.hpp"

namespace kith::client {

struct FetchRequest {
    dns::Name zone;
    Endpoint server;
    MessageKey key;                       // TSIG or none; SIG(0) is an error
    std::optional<std::uint32_t> serial;  // IXFR from this one
    Duration timeout = 30s;               // without anything coming
    std::size_t bytes_max = transfer::in_bytes_max;
};

/// The result, once all of it was in order as a secondary checks it; else what was not.
Expected<transfer::InResult> fetch_zone(const FetchRequest& request);

}  // namespace kith::client
