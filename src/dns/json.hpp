#pragma once
// Messages and records as JSON, out and in: the form of the npm package dns-packet, so that its
// users' files and tools work unchanged.
//
//   {"type": "response", "id": 1, "flags": 384, "opcode": "QUERY", "rcode": "NOERROR", "flag_qr": true, ...,
//    "questions": [{"name": "a.lan", "type": "MX", "class": "IN"}],
//    "answers": [{"name": "a.lan", "type": "MX", "class": "IN", "ttl": 60,
//                 "data": {"preference": 10, "exchange": "b.lan"}}], "authorities": [], "additionals": []}
//
// `data` follows the type's row (rdata_table.hpp): an object with the fields' keys, or the value
// alone when the row has one field. Bytes that are no text, and RDATA without fields, are
// {"type": "Buffer", "data": [1, 2]}; a Buffer is also read wherever base64 or hexadecimal stands.
// Names stand without their final dot. Types and classes without a mnemonic are TYPE731, CLASS7
// (RFC 3597); dns-packet's UNKNOWN_731 is read too. What is written is read back to the same bytes.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dns/message.hpp"
#include "dns/name.hpp"
#include "dns/rr_type.hpp"
#include "dns/wire.hpp"

namespace kith::dns {

/// A record that owns its parts.
struct Record {
    Name owner;
    RrType type{};
    RrClass klass = RrClass::IN;
    std::uint32_t ttl = 0;
    std::vector<std::uint8_t> rdata;  // uncompressed wire form
};

/// One line, no line break at its end. RDATA that does not fit its type becomes a Buffer.
std::string to_json(const MessageView& message);
/// One record; `rdata` is uncompressed.
std::string to_json(NameView owner, RrType type, RrClass klass, std::uint32_t ttl, Bytes rdata);

/// The wire form of a message; names are compressed. Missing members have dns-packet's defaults:
/// type "query", id 0, class IN, ttl 0, numbers in `data` 0. `flags` gives all bits but QR, and
/// `opcode`, `rcode` and `flag_...` overrule it. Unknown members are errors. An error's text names
/// the member ("answers[0].data.exchange: ..."); its position is exact for broken JSON, else 0.
Text<std::vector<std::uint8_t>> message_from_json(std::string_view text);
/// One record, not OPT; errors as above.
Text<Record> record_from_json(std::string_view text);

}  // namespace kith::dns
