#pragma once
// Small IANA registries: classes, opcodes, rcodes, EDNS options, extended errors. Their spelling
// is the registered one. Record types have a table of their own (rr_type.hpp).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kith::dns {

enum class RrClass : std::uint16_t { IN = 1, CS = 2, CH = 3, HS = 4, NONE = 254, ANY = 255 };

enum class Opcode : std::uint8_t {
    QUERY = 0,
    IQUERY = 1,
    STATUS = 2,
    NOTIFY = 4,
    UPDATE = 5,
    DSO = 6
};

/// 12 bits: the low four stand in the header, the rest in OPT (RFC 6891 §6.1.3).
enum class Rcode : std::uint16_t {
    NOERROR = 0,
    FORMERR = 1,
    SERVFAIL = 2,
    NXDOMAIN = 3,
    NOTIMP = 4,
    REFUSED = 5,
    YXDOMAIN = 6,
    YXRRSET = 7,
    NXRRSET = 8,
    NOTAUTH = 9,
    NOTZONE = 10,
    DSOTYPENI = 11,
    BADVERS = 16,
    BADKEY = 17,
    BADTIME = 18,
    BADMODE = 19,
    BADNAME = 20,
    BADALG = 21,
    BADTRUNC = 22,
    BADCOOKIE = 23,
};

enum class OptionCode : std::uint16_t {
    LLQ = 1,
    UL = 2,
    NSID = 3,
    DAU = 5,
    DHU = 6,
    N3U = 7,
    CLIENT_SUBNET = 8,
    EXPIRE = 9,
    COOKIE = 10,
    TCP_KEEPALIVE = 11,
    PADDING = 12,
    CHAIN = 13,
    KEY_TAG = 14,
    EDE = 15,
    REPORT_CHANNEL = 18,
    ZONEVERSION = 19,
};

/// INFO-CODE of an Extended DNS Error (RFC 8914 §4).
enum class EdeCode : std::uint16_t {
    other = 0,
    unsupported_dnskey_algorithm = 1,
    unsupported_ds_digest = 2,
    stale_answer = 3,
    forged_answer = 4,
    dnssec_indeterminate = 5,
    dnssec_bogus = 6,
    signature_expired = 7,
    signature_not_yet_valid = 8,
    dnskey_missing = 9,
    rrsigs_missing = 10,
    no_zone_key_bit = 11,
    nsec_missing = 12,
    cached_error = 13,
    not_ready = 14,
    blocked = 15,
    censored = 16,
    filtered = 17,
    prohibited = 18,
    stale_nxdomain_answer = 19,
    not_authoritative = 20,
    not_supported = 21,
    no_reachable_authority = 22,
    network_error = 23,
    invalid_data = 24,
    signature_expired_before_valid = 25,
    too_early = 26,
    unsupported_nsec3_iterations = 27,
    unable_to_conform_to_policy = 28,
    synthesized = 29,
};

/// Registered mnemonic, or CLASS123, OPCODE12, RCODE99, OPT123, EDE99 for the rest.
std::string class_name(RrClass value);
std::string opcode_name(Opcode value);
std::string rcode_name(Rcode value);
std::string option_name(OptionCode value);
/// Registered purpose of an extended error in words ("Stale Answer"), or "EDE99".
std::string ede_name(EdeCode value);

/// Reads a mnemonic in any case, or the generic form (RFC 3597 §5: CLASS123); nullopt otherwise.
std::optional<RrClass> parse_class(std::string_view text);
std::optional<Opcode> parse_opcode(std::string_view text);
std::optional<Rcode> parse_rcode(std::string_view text);
std::optional<OptionCode> parse_option(std::string_view text);

/// True when `a` and `b` are equal ignoring ASCII case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace kith::dns
