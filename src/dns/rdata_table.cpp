#include "dns/rdata_table.hpp"

#include <array>

#include "dns/name.hpp"

namespace kith::dns {
namespace {

using enum FieldKind;

// A name of an RFC 1035 type; one that receivers decompress and signers lower-case; one that
// signers lower-case; one that is taken as it is.
constexpr NameRole classic{.compress = true, .decompress = true, .lowercase = true};
constexpr NameRole classic_target{
    .compress = true, .decompress = true, .lowercase = true, .additional = true};
constexpr NameRole old{.decompress = true, .lowercase = true};
constexpr NameRole old_target{.decompress = true, .lowercase = true, .additional = true};
constexpr NameRole folded{.lowercase = true};
constexpr NameRole folded_target{.lowercase = true, .additional = true};
constexpr NameRole target{.additional = true};
constexpr NameRole received{.decompress = true};

constexpr Field a_fields[] = {{ipv4, "address"}};
constexpr Field aaaa_fields[] = {{ipv6, "address"}};
constexpr Field classic_fields[] = {{name, "name", classic}};
constexpr Field host_fields[] = {{name, "name", classic_target}};
constexpr Field dname_fields[] = {{name, "name", folded}};
constexpr Field soa_fields[] = {{name, "mname", classic}, {name, "rname", classic}, {u32, "serial"},
                                {ttl, "refresh"},         {ttl, "retry"},           {ttl, "expire"},
                                {ttl, "minimum"}};
constexpr Field wks_fields[] = {{ipv4, "address"}, {protocol, "protocol"}, {ports, "ports"}};
constexpr Field hinfo_fields[] = {{string, "cpu"}, {string, "os"}};
constexpr Field minfo_fields[] = {{name, "rmailbx", classic}, {name, "emailbx", classic}};
constexpr Field mx_fields[] = {{u16, "preference"}, {name, "exchange", classic_target}};
constexpr Field text_fields[] = {{strings, "text"}};
constexpr Field rp_fields[] = {{name, "mbox", old}, {name, "txt", old}};
constexpr Field afsdb_fields[] = {{u16, "subtype"}, {name, "hostname", old_target}};
constexpr Field x25_fields[] = {{string, "address"}};
constexpr Field isdn_fields[] = {{string, "address"}, {optional_string, "subaddress"}};
constexpr Field rt_fields[] = {{u16, "preference"}, {name, "host", old_target}};
constexpr Field nsap_fields[] = {{nsap, "address"}};
constexpr Field nsap_ptr_fields[] = {{name, "name"}};
constexpr Field sig_fields[] = {
    {type, "typeCovered"}, {algorithm, "algorithm"},   {u8, "labels"},
    {ttl, "originalTTL"},  {time, "expiration"},       {time, "inception"},
    {u16, "keyTag"},       {name, "signersName", old}, {base64, "signature"}};
constexpr Field key_fields[] = {
    {u16, "flags"}, {u8, "protocol"}, {algorithm, "algorithm"}, {base64, "key"}};
constexpr Field px_fields[] = {{u16, "preference"}, {name, "map822", old}, {name, "mapx400", old}};
constexpr Field gpos_fields[] = {{string, "longitude"}, {string, "latitude"}, {string, "altitude"}};
constexpr Field loc_fields[] = {{location, "location"}};
constexpr Field hex_fields[] = {{hex, "data", {}, 1}};
constexpr Field srv_fields[] = {
    {u16, "priority"}, {u16, "weight"}, {u16, "port"}, {name, "target", old_target}};
constexpr Field atma_fields[] = {{atm, "address"}};
constexpr Field naptr_fields[] = {{u16, "order"},     {u16, "preference"},
                                  {string, "flags"},  {string, "services"},
                                  {string, "regexp"}, {name, "replacement", old_target}};
constexpr Field kx_fields[] = {{u16, "preference"}, {name, "exchanger", folded_target}};
constexpr Field cert_fields[] = {
    {certificate, "type"}, {u16, "keyTag"}, {algorithm, "algorithm"}, {base64, "certificate"}};
constexpr Field sink_fields[] = {
    {u8, "meaning"}, {u8, "coding"}, {u8, "subcoding"}, {base64, "data"}};
constexpr Field apl_fields[] = {{prefixes, "prefixes"}};
constexpr Field ds_fields[] = {{u16, "keyTag"},
                               {algorithm, "algorithm"},
                               {u8, "digestType"},
                               {hex, "digest", {}, 1, 0xffff, DigestRule::ds}};
constexpr Field sshfp_fields[] = {
    {u8, "algorithm"}, {u8, "hash"}, {hex, "fingerprint", {}, 1, 0xffff, DigestRule::sshfp}};
constexpr Field ipseckey_fields[] = {{u8, "precedence"},
                                     {u8, "gatewayType", {}, 0, 3},
                                     {u8, "algorithm"},
                                     {gateway, "gateway"},
                                     {base64, "publicKey"}};
constexpr Field rrsig_fields[] = {
    {type, "typeCovered"}, {algorithm, "algorithm"},      {u8, "labels"},
    {ttl, "originalTTL"},  {time, "expiration"},          {time, "inception"},
    {u16, "keyTag"},       {name, "signersName", folded}, {base64, "signature"}};
constexpr Field nsec_fields[] = {{name, "nextDomain", received}, {types, "rrtypes"}};
constexpr Field dhcid_fields[] = {{base64, "data", {}, 1}};
constexpr Field nsec3_fields[] = {{u8, "algorithm"}, {u8, "flags"},        {u16, "iterations"},
                                  {salt, "salt"},    {hash, "nextDomain"}, {types, "rrtypes"}};
constexpr Field nsec3param_fields[] = {
    {u8, "algorithm"}, {u8, "flags"}, {u16, "iterations"}, {salt, "salt"}};
constexpr Field tlsa_fields[] = {
    {u8, "usage"}, {u8, "selector"}, {u8, "matchingType"}, {hex, "certificate", {}, 1}};
constexpr Field hip_fields[] = {
    {hip_algorithm, "algorithm"}, {hip_tag, "hit"}, {hip_key, "publicKey"}, {names, "servers"}};
constexpr Field talink_fields[] = {{name, "startName"}, {name, "endName"}};
constexpr Field openpgpkey_fields[] = {{base64, "key", {}, 1}};
constexpr Field csync_fields[] = {{u32, "serial"}, {u16, "flags"}, {types, "rrtypes"}};
// RFC 8976 §2.2.4: a digest is at least 12 bytes.
constexpr Field zonemd_fields[] = {{u32, "serial"},
                                   {u8, "scheme"},
                                   {u8, "hashAlgorithm"},
                                   {hex, "digest", {}, 12, 0xffff, DigestRule::zonemd}};
constexpr Field svcb_fields[] = {{u16, "priority"}, {name, "target", target}, {params, "params"}};
constexpr Field dsync_fields[] = {
    {type, "type"}, {scheme, "scheme"}, {u16, "port"}, {name, "target"}};
constexpr Field cbor_fields[] = {{base64, "data", {}, 1}};
constexpr Field nid_fields[] = {{u16, "preference"}, {locator64, "nodeId"}};
constexpr Field l32_fields[] = {{u16, "preference"}, {ipv4, "locator"}};
constexpr Field l64_fields[] = {{u16, "preference"}, {locator64, "locator"}};
constexpr Field lp_fields[] = {{u16, "preference"}, {name, "fqdn", target}};
constexpr Field eui48_fields[] = {{eui48, "address"}};
constexpr Field eui64_fields[] = {{eui64, "address"}};
constexpr Field tkey_fields[] = {
    {name, "algorithm"}, {time, "inception"},   {time, "expiration"},       {u16, "mode"},
    {rcode, "error"},    {sized_base64, "key"}, {sized_base64, "otherData"}};
constexpr Field tsig_fields[] = {{name, "algorithm"},        {u48, "timeSigned"}, {u16, "fudge"},
                                 {sized_base64, "mac"},      {u16, "originalId"}, {rcode, "error"},
                                 {sized_base64, "otherData"}};
// RFC 7553 §4.4: the target is the rest of the RDATA, without a length, and not empty.
constexpr Field uri_fields[] = {{u16, "priority"}, {u16, "weight"}, {rest_string, "target", {}, 1}};
constexpr Field caa_fields[] = {{u8, "flags"}, {tag, "tag"}, {rest_string, "value"}};
constexpr Field doa_fields[] = {{u32, "enterprise"},
                                {u32, "type"},
                                {u8, "location"},
                                {string, "mediaType"},
                                {base64_or_dash, "data"}};
constexpr Field amtrelay_fields[] = {{u8, "precedence"},
                                     {discovery_bit, "discoveryOptional"},
                                     {relay_type, "relayType"},
                                     {gateway, "relay"}};
constexpr Field ipn_fields[] = {{u64, "cbheNode"}};

constexpr TypeRow rows[] = {
    {RrType::A, "A", a_fields, RowScope::internet},
    {RrType::NS, "NS", host_fields},
    {RrType::MD, "MD", host_fields},
    {RrType::MF, "MF", host_fields},
    {RrType::CNAME, "CNAME", classic_fields},
    {RrType::SOA, "SOA", soa_fields},
    {RrType::MB, "MB", host_fields},
    {RrType::MG, "MG", classic_fields},
    {RrType::MR, "MR", classic_fields},
    {RrType::NULL_, "NULL"},
    {RrType::WKS, "WKS", wks_fields, RowScope::internet},
    {RrType::PTR, "PTR", classic_fields},
    {RrType::HINFO, "HINFO", hinfo_fields},
    {RrType::MINFO, "MINFO", minfo_fields},
    {RrType::MX, "MX", mx_fields},
    {RrType::TXT, "TXT", text_fields},
    {RrType::RP, "RP", rp_fields},
    {RrType::AFSDB, "AFSDB", afsdb_fields},
    {RrType::X25, "X25", x25_fields},
    {RrType::ISDN, "ISDN", isdn_fields},
    {RrType::RT, "RT", rt_fields},
    {RrType::NSAP, "NSAP", nsap_fields, RowScope::internet},
    {RrType::NSAP_PTR, "NSAP-PTR", nsap_ptr_fields, RowScope::internet},
    {RrType::SIG, "SIG", sig_fields},
    {RrType::KEY, "KEY", key_fields},
    {RrType::PX, "PX", px_fields, RowScope::internet},
    {RrType::GPOS, "GPOS", gpos_fields},
    {RrType::AAAA, "AAAA", aaaa_fields, RowScope::internet},
    {RrType::LOC, "LOC", loc_fields},
    {RrType::NXT, "NXT"},  // obsolete: RFC 3755
    {RrType::EID, "EID", hex_fields, RowScope::internet},
    {RrType::NIMLOC, "NIMLOC", hex_fields, RowScope::internet},
    {RrType::SRV, "SRV", srv_fields},
    {RrType::ATMA, "ATMA", atma_fields, RowScope::internet},
    {RrType::NAPTR, "NAPTR", naptr_fields},
    {RrType::KX, "KX", kx_fields, RowScope::internet},
    {RrType::CERT, "CERT", cert_fields},
    {RrType::A6, "A6"},  // historic: RFC 6563
    {RrType::DNAME, "DNAME", dname_fields},
    {RrType::SINK, "SINK", sink_fields},
    {RrType::OPT, "OPT"},
    {RrType::APL, "APL", apl_fields, RowScope::internet},
    {RrType::DS, "DS", ds_fields},
    {RrType::SSHFP, "SSHFP", sshfp_fields},
    {RrType::IPSECKEY, "IPSECKEY", ipseckey_fields},
    {RrType::RRSIG, "RRSIG", rrsig_fields},
    {RrType::NSEC, "NSEC", nsec_fields},
    {RrType::DNSKEY, "DNSKEY", key_fields},
    {RrType::DHCID, "DHCID", dhcid_fields, RowScope::internet},
    {RrType::NSEC3, "NSEC3", nsec3_fields},
    {RrType::NSEC3PARAM, "NSEC3PARAM", nsec3param_fields},
    {RrType::TLSA, "TLSA", tlsa_fields},
    {RrType::SMIMEA, "SMIMEA", tlsa_fields},
    {RrType::HIP, "HIP", hip_fields},
    {RrType::NINFO, "NINFO", text_fields},
    {RrType::RKEY, "RKEY", key_fields},
    {RrType::TALINK, "TALINK", talink_fields},
    {RrType::CDS, "CDS", ds_fields},
    {RrType::CDNSKEY, "CDNSKEY", key_fields},
    {RrType::OPENPGPKEY, "OPENPGPKEY", openpgpkey_fields},
    {RrType::CSYNC, "CSYNC", csync_fields},
    {RrType::ZONEMD, "ZONEMD", zonemd_fields},
    {RrType::SVCB, "SVCB", svcb_fields, RowScope::internet},
    {RrType::HTTPS, "HTTPS", svcb_fields, RowScope::internet},
    {RrType::DSYNC, "DSYNC", dsync_fields},
    {RrType::HHIT, "HHIT", cbor_fields},
    {RrType::BRID, "BRID", cbor_fields},
    {RrType::SPF, "SPF", text_fields},
    {RrType::NID, "NID", nid_fields},
    {RrType::L32, "L32", l32_fields},
    {RrType::L64, "L64", l64_fields},
    {RrType::LP, "LP", lp_fields},
    {RrType::EUI48, "EUI48", eui48_fields},
    {RrType::EUI64, "EUI64", eui64_fields},
    {RrType::NXNAME, "NXNAME"},
    {RrType::TKEY, "TKEY", tkey_fields},
    {RrType::TSIG, "TSIG", tsig_fields},
    {RrType::IXFR, "IXFR"},
    {RrType::AXFR, "AXFR"},
    {RrType::MAILB, "MAILB"},
    {RrType::MAILA, "MAILA"},
    {RrType::ANY, "ANY"},
    {RrType::URI, "URI", uri_fields},
    {RrType::CAA, "CAA", caa_fields},
    {RrType::AVC, "AVC", text_fields},
    {RrType::DOA, "DOA", doa_fields},
    {RrType::AMTRELAY, "AMTRELAY", amtrelay_fields},
    {RrType::RESINFO, "RESINFO", text_fields},
    {RrType::WALLET, "WALLET", text_fields},
    {RrType::CLA, "CLA", text_fields},
    {RrType::IPN, "IPN", ipn_fields},
    {RrType::TA, "TA", ds_fields},
    {RrType::DLV, "DLV", ds_fields},
};

constexpr std::size_t dense_types = 272;  // all rows below this are found by one load
constexpr std::size_t mnemonic_slots = 512;
constexpr std::uint8_t no_row = 0xff;
static_assert(std::size(rows) < no_row);

constexpr auto make_dense() {
    std::array<std::uint8_t, dense_types> index{};
    index.fill(no_row);
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        const auto number = static_cast<std::size_t>(rows[i].type);
        if (number < dense_types) index[number] = static_cast<std::uint8_t>(i);
    }
    return index;
}
constexpr auto dense = make_dense();

constexpr std::size_t mnemonic_slot(std::string_view text) {
    std::uint32_t hash =
        2166136261U;  // FNV-1a: the table is fixed, no client can choose collisions
    for (const char c : text) hash = (hash ^ lower(static_cast<std::uint8_t>(c))) * 16777619U;
    return (hash ^ hash >> 15) % mnemonic_slots;
}

constexpr auto make_mnemonics() {
    std::array<std::uint8_t, mnemonic_slots> index{};
    index.fill(no_row);
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        std::size_t slot = mnemonic_slot(rows[i].mnemonic);
        while (index[slot] != no_row) slot = (slot + 1) % mnemonic_slots;
        index[slot] = static_cast<std::uint8_t>(i);
    }
    return index;
}
constexpr auto mnemonics = make_mnemonics();

constexpr bool same_text(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(static_cast<std::uint8_t>(a[i])) != lower(static_cast<std::uint8_t>(b[i])))
            return false;
    }
    return true;
}

}  // namespace

const TypeRow* find_type(RrType type) {
    const auto number = static_cast<std::size_t>(type);
    if (number < dense_types) return dense[number] == no_row ? nullptr : &rows[dense[number]];
    for (const TypeRow& row : rows) {
        if (row.type == type) return &row;
    }
    return nullptr;
}

const TypeRow* find_type(std::string_view mnemonic) {
    constexpr std::size_t longest = 10;
    if (mnemonic.size() > longest) return nullptr;
    for (std::size_t slot = mnemonic_slot(mnemonic); mnemonics[slot] != no_row;
         slot = (slot + 1) % mnemonic_slots) {
        const TypeRow& row = rows[mnemonics[slot]];
        if (same_text(row.mnemonic, mnemonic)) return &row;
    }
    return nullptr;
}

std::span<const TypeRow> all_types() { return rows; }

}  // namespace kith::dns
