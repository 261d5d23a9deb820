#pragma once
// Simultaneous probes (RFC 6762 §8.2): who goes first.

#include <vector>

#include "discovery/mdns/types.hpp"

namespace kith::discovery::mdns {

/// What is compared of a proposed record.
struct Proposal {
    dns::RrClass klass{};  // without the top bit
    dns::RrType type{};
    Bytes rdata;  // uncompressed
};

enum class Tie : std::uint8_t { ours_wins, theirs_wins, same };

/// Sorts both lists and compares them pair by pair: class, type, RDATA as unsigned bytes; a longer
/// list, and longer RDATA, is later; the later wins (RFC 6762 §8.2.1).
Tie break_tie(std::vector<Proposal> ours, std::vector<Proposal> theirs);

}  // namespace kith::discovery::mdns
