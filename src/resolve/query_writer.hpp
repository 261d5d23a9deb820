#pragma once
// The message that goes upstream.

#include "base/rng.hpp"
#include "cache/cache.hpp"

namespace kith::resolve {

/// Gives each letter a random case: bits an off-path forger has to guess (0x20).
void randomize_case(dns::Name& name, Rng& rng);

struct QueryFields {
    std::uint16_t id = 0;
    dns::NameView name;
    dns::RrType type{};
    dns::RrClass klass{};
    cache::KeyFlags flags{};
    std::uint16_t edns_payload_bytes = 0;  // 0: without EDNS
};

/// Writes the query (RD set, no client data in it) into `buffer`, at least 300 bytes; returns its size.
std::size_t write_query(const QueryFields& fields, MutableBytes buffer);

}  // namespace kith::resolve
