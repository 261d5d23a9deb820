#pragma once
// The table of record types: one row per type, one entry per field of its RDATA.
//
// Everything that depends on the shape of RDATA is a loop over a row's fields (rdata.hpp,
// json.hpp); what a field of some kind looks like on the wire and in text is in rdata/codec.hpp.
// A type is added by adding a row.

#include <cstdint>
#include <span>
#include <string_view>

#include "dns/rr_type.hpp"

namespace kith::dns {

enum class FieldKind : std::uint8_t {
    u8,
    u16,
    u32,
    u48,
    u64,          // decimal
    ttl,          // u32 seconds; text also with units, "1h30m"
    type,         // u16 record type, by mnemonic
    time,         // u32 seconds since 1970 modulo 2^32, YYYYMMDDHHmmSS (RFC 4034 §3.2)
    algorithm,    // u8 DNSSEC algorithm, number or mnemonic (RFC 4034 §A.1)
    certificate,  // u16 type of certificate (RFC 4398 §2.1)
    rcode,        // u16 extended RCODE (RFC 8945 §3)
    scheme,       // u8 DSYNC scheme (RFC 9859 §2.2)
    protocol,     // u8 IP protocol
    ipv4,
    ipv6,
    name,
    names,            // zero or more names up to the end
    string,           // character-string (RFC 1035 §3.3)
    optional_string,  // character-string or nothing
    strings,          // one or more character-strings up to the end
    tag,              // character-string of letters and digits, unquoted (RFC 8659 §4.1)
    rest_string,      // bytes up to the end, as one quoted string without a length
    base64,           // bytes up to the end
    base64_or_dash,   // the same, "-" when there are none
    hex,              // bytes up to the end
    salt,             // u8 length and bytes, hexadecimal, "-" when empty (RFC 5155 §3.3)
    hash,             // u8 length and bytes, base32hex without padding (RFC 5155 §3.3)
    sized_base64,     // u16 length and bytes; the length is a word of the text (RFC 8945)
    types,            // type bitmap up to the end (RFC 4034 §4.1.2)
    ports,            // bitmap of ports up to the end (RFC 1035 §3.4.2)
    eui48,
    eui64,          // RFC 7043 §3.2, §4.2
    locator64,      // four groups of hexadecimal (RFC 6742 §2.1.2)
    nsap,           // 0x and hexadecimal up to the end (RFC 1706 §7)
    atm,            // ATM address: format and value up to the end
    location,       // the whole of LOC (RFC 1876 §2, §3)
    prefixes,       // address prefixes up to the end (RFC 3123 §4, §5)
    params,         // service parameters up to the end (RFC 9460 §2.1, §2.2)
    gateway,        // none, address or name, as the low bits of RDATA's byte 1 say (RFC 4025 §2.5)
    discovery_bit,  // top bit of the next byte (RFC 8777 §4.2.2)
    relay_type,     // low seven bits of it (RFC 8777 §4.2.3)
    hip_algorithm,  // the fixed part of HIP, whose lengths are not in the text (RFC 8005 §5)
    hip_tag,
    hip_key,
};

/// What may be done to a name in RDATA.
struct NameRole {
    bool compress = false;    // when sending (RFC 1035 types only, RFC 3597 §4)
    bool decompress = false;  // when receiving (RFC 3597 §4, RFC 6762 §18.14 for NSEC)
    bool lowercase = false;   // in canonical form (RFC 4034 §6.2, RFC 6840 §5.1)
    bool additional = false;  // its addresses belong into the additional section
};

/// How the byte before a digest fixes its length.
enum class DigestRule : std::uint8_t { none, ds, sshfp, zonemd };

struct Field {
    FieldKind kind;
    std::string_view key;  // in JSON, and in messages about it
    NameRole role = {};
    std::uint32_t least = 0;  // of a number, or of the count of bytes up to the end
    std::uint32_t most = 0xffffffff;
    DigestRule digest = DigestRule::none;
};

/// Types of class IN only are opaque in CH and HS, whose A record differs.
enum class RowScope : std::uint8_t { any_class, internet };

struct TypeRow {
    RrType type;
    std::string_view mnemonic;
    std::span<const Field> fields = {};  // empty: RFC 3597 opaque
    RowScope scope = RowScope::any_class;
};

/// The row of a type; nullptr when there is none.
const TypeRow* find_type(RrType type);
/// The row with this mnemonic in any case; nullptr when there is none.
const TypeRow* find_type(std::string_view mnemonic);
/// All rows, by number.
std::span<const TypeRow> all_types();

}  // namespace kith::dns
