#pragma once
// Record types by number (IANA "Resource Record (RR) TYPEs"). What a type's RDATA looks like is
// its row in the table of rdata.hpp; this header is only the numbers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kith::dns {

enum class RrType : std::uint16_t {
    A = 1,
    NS = 2,
    MD = 3,
    MF = 4,
    CNAME = 5,
    SOA = 6,
    MB = 7,
    MG = 8,
    MR = 9,
    NULL_ = 10,
    WKS = 11,
    PTR = 12,
    HINFO = 13,
    MINFO = 14,
    MX = 15,
    TXT = 16,
    RP = 17,
    AFSDB = 18,
    X25 = 19,
    ISDN = 20,
    RT = 21,
    NSAP = 22,
    NSAP_PTR = 23,
    SIG = 24,
    KEY = 25,
    PX = 26,
    GPOS = 27,
    AAAA = 28,
    LOC = 29,
    NXT = 30,
    EID = 31,
    NIMLOC = 32,
    SRV = 33,
    ATMA = 34,
    NAPTR = 35,
    KX = 36,
    CERT = 37,
    A6 = 38,
    DNAME = 39,
    SINK = 40,
    OPT = 41,
    APL = 42,
    DS = 43,
    SSHFP = 44,
    IPSECKEY = 45,
    RRSIG = 46,
    NSEC = 47,
    DNSKEY = 48,
    DHCID = 49,
    NSEC3 = 50,
    NSEC3PARAM = 51,
    TLSA = 52,
    SMIMEA = 53,
    HIP = 55,
    NINFO = 56,
    RKEY = 57,
    TALINK = 58,
    CDS = 59,
    CDNSKEY = 60,
    OPENPGPKEY = 61,
    CSYNC = 62,
    ZONEMD = 63,
    SVCB = 64,
    HTTPS = 65,
    DSYNC = 66,
    HHIT = 67,
    BRID = 68,
    SPF = 99,
    NID = 104,
    L32 = 105,
    L64 = 106,
    LP = 107,
    EUI48 = 108,
    EUI64 = 109,
    NXNAME = 128,
    TKEY = 249,
    TSIG = 250,
    IXFR = 251,
    AXFR = 252,
    MAILB = 253,
    MAILA = 254,
    ANY = 255,
    URI = 256,
    CAA = 257,
    AVC = 258,
    DOA = 259,
    AMTRELAY = 260,
    RESINFO = 261,
    WALLET = 262,
    CLA = 263,
    IPN = 264,
    TA = 32768,
    DLV = 32769,
};

/// Mnemonic ("AAAA", "NSAP-PTR"), or TYPE123 (RFC 3597 §5). ANY prints as ANY.
std::string type_name(RrType type);

/// A mnemonic in any case, TYPE123, or `*` for ANY; nullopt otherwise.
std::optional<RrType> parse_type(std::string_view text);

/// Types that stand only in queries or messages and are never stored: OPT, TKEY, TSIG, IXFR,
/// AXFR, MAILB, MAILA, ANY, NXNAME and the rest of 128..255 (RFC 6895 §3.1).
constexpr bool is_meta_type(RrType type) {
    const auto value = static_cast<std::uint16_t>(type);
    return type == RrType::OPT || (value >= 128 && value <= 255) || value == 0;
}

}  // namespace kith::dns
