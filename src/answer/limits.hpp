#pragma once
// Bounds of answering. What happens at each bound is defined, counted and tested.

#include <cstddef>

#include "dns/limits.hpp"

namespace kith::answer {

// CNAME and DNAME steps one query may take. Real chains have one to four; each step costs a
// lookup and a record. At the bound the answer ends with the CNAMEs found so far and EDE 0, as
// for a loop: the client can go on from the last one.
inline constexpr int chain_steps_max = 16;

// Targets whose addresses one answer looks up for its additional section. What comes after is
// left out: additional data is a courtesy (RFC 2181 §9), and glue is not counted here.
inline constexpr std::size_t additional_targets_max = 32;

// Iterations of NSEC3 that a denial may cost: up to three hashes, each a tenth of a microsecond per
// iteration. Validators take zones with more than 50 to 150 for unsigned or broken (RFC 9276 §3.2) and
// signers refuse to make them, so that nobody who checks proofs misses any. Above it denials have none.
inline constexpr int nsec3_iterations_max = 150;
// NSEC3 of other chains passed in search of one of ours. With two chains in a zone every other record
// is ours; at the bound the chain is taken for broken.
inline constexpr int nsec3_foreign_max = 64;
// Names a worker keeps the NSEC3 and the covered wildcard of: 24 kB. Denials cluster below the names of
// few zones; others cost two hashes more.
inline constexpr std::size_t denial_cache_entries = 512;
// Records of proofs in one answer: one for each alias made from a wildcard, three for its end.
inline constexpr std::size_t proofs_max = chain_steps_max + 4;

inline constexpr std::size_t nsid_bytes_max = 128;        // room set aside in every OPT that asks
inline constexpr std::size_t chaos_text_bytes_max = 255;  // one character-string, RFC 1035 §3.3
inline constexpr std::size_t ede_text_bytes_max = 80;     // ours are constants; longer ones are cut

// RFC 8467 §4.1: responses are padded to a multiple of 468 bytes.
inline constexpr std::size_t padding_block_bytes = 468;

// The largest set of options we ever write: cookie, NSID, keepalive, expire, extended error, padding.
inline constexpr std::size_t opt_options_bytes_max = (4 + 24) + (4 + nsid_bytes_max) + (4 + 2) +
                                                     (4 + 4) + (4 + 2 + ede_text_bytes_max) +
                                                     (4 + padding_block_bytes);

// Fixed part of OPT: root owner, type, class, TTL, RDLENGTH.
inline constexpr std::size_t opt_fixed_bytes = 11;

// The smallest response must fit any legal limit: header, question and OPT with all but padding.
static_assert(12 + dns::name_bytes_max + 4 + opt_fixed_bytes + opt_options_bytes_max -
                      (4 + padding_block_bytes) - (4 + 2 + ede_text_bytes_max) <=
                  dns::udp_bytes_plain,
              "an empty response with its options fits 512 bytes");

}  // namespace kith::answer
