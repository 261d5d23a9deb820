#pragma once
// A message as text for people: the layout that users know from dig, records as in a master file,
// so that what is printed can be pasted into one.

#include <string>

#include "dns/message.hpp"

namespace kith::dns {

/// Header, EDNS with its options in words, and every section that is not empty; lines end with \n.
/// Nothing from the message is printed unescaped: terminals are safe.
std::string to_text(const MessageView& message);

/// One record as a line of a master file, without the line break; `rdata` is uncompressed.
std::string to_text(NameView owner, RrType type, RrClass klass, std::uint32_t ttl, Bytes rdata);

/// The value of an EDNS option in words: an address prefix, an error with its text, hexadecimal.
std::string option_text(const Option& option);

}  // namespace kith::dns
