#pragma once
// Key tags, by which RRSIG, SIG and DS name a key.

#include "base/bytes.hpp"

namespace kith::dns {

/// RFC 4034 appendix B: of the whole RDATA of a DNSKEY or KEY. Several keys may have the same tag.
std::uint16_t key_tag(Bytes rdata);

}  // namespace kith::dns
