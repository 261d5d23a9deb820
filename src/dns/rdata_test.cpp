// Every type in text and on the wire: what goes in comes out again, and what no RFC allows is
// refused where it goes wrong.

#include "dns/rdata.hpp"

#include <gtest/gtest.h>

#include "dns/encoding.hpp"
#include "dns/rdata_table.hpp"
#include "dns/registry.hpp"

namespace kith::dns {
namespace {

std::string hex(Bytes bytes) {
    std::string out;
    append_hex(out, bytes);
    return out;
}

std::vector<std::uint8_t> from_hex(std::string_view text) {
    std::vector<std::uint8_t> out(text.size() / 2);
    Writer writer(out);
    Decoder decoder(Decoder::Base::base16, writer);
    EXPECT_TRUE(decoder.feed(text) && decoder.finish()) << text;
    return out;
}

struct GoodText {
    const char* why;
    RrType type;
    const char* text;
    const char* wire;               // hexadecimal
    const char* printed = nullptr;  // when not as `text`
};

const GoodText good_texts[] = {
    {"RFC 1035 §3.4.1", RrType::A, "192.0.2.1", "C0000201"},
    {"RFC 3596 §2.2", RrType::AAAA, "2001:db8::1", "20010DB8000000000000000000000001"},
    {"long form", RrType::AAAA, "2001:0DB8:0:0:0:0:0:1", "20010DB8000000000000000000000001",
     "2001:db8::1"},
    {"absolute name", RrType::NS, "ns.example.", "026E73076578616D706C6500"},
    {"relative name", RrType::CNAME, "www", "03777777046C616E3100", "www.lan1."},
    {"origin", RrType::PTR, "@", "046C616E3100", "lan1."},
    {"RFC 1035 §3.3.13", RrType::SOA, "ns. root. 1 2 3 4 5",
     "026E730004726F6F74000000000100000002000000030000000400000005"},
    {"units of time", RrType::SOA, ". . 1 1h 15m30s 2d 1w",
     "00000000000100000E10000003A20002A30000093A80", ". . 1 3600 930 172800 604800"},
    {"RFC 1035 §3.4.2", RrType::WKS, "10.0.0.1 tcp 0 25 53",
     "0A00000106800000400000"
     "04",
     "10.0.0.1 6 0 25 53"},
    {"no ports", RrType::WKS, "10.0.0.1 17", "0A00000111"},
    {"RFC 1035 §3.3.2", RrType::HINFO, "\"PC\" \"a b\"",
     "0250430361"
     "2062"},
    {"RFC 1035 §3.3.7", RrType::MINFO, "a. b.", "016100016200"},
    {"RFC 1035 §3.3.9", RrType::MX, "10 mail.", "000A046D61696C00"},
    {"several strings", RrType::TXT, "\"a\" \"\" \"b\"", "0161000162"},
    {"escapes", RrType::TXT, R"("a\"b\\c\200;")",
     "0761"
     "22625C63C83B",
     R"("a\"b\\c\200;")"},
    {"unquoted", RrType::TXT, "abc", "03616263", "\"abc\""},
    {"RFC 1183 §2.2", RrType::RP, "a. .", "01610000"},
    {"RFC 1183 §1", RrType::AFSDB, "1 a.", "0001016100"},
    {"RFC 1183 §3.1", RrType::X25, "\"311061700956\"", "0C333131303631373030393536"},
    {"RFC 1183 §3.2", RrType::ISDN, "\"150862028003217\" \"004\"",
     "0F31353038363230323830303332313703303034"},
    {"no subaddress", RrType::ISDN, "\"1\"", "0131"},
    {"RFC 1183 §3.3", RrType::RT, "2 a.", "0002016100"},
    {"RFC 1706 §7", RrType::NSAP, "0x47.0005.80", "47000580", "0x47000580"},
    {"RFC 1706 §6", RrType::NSAP_PTR, "a.", "016100"},
    {"RFC 2535 §3", RrType::KEY, "256 3 5 AQID", "01000305010203"},
    {"RFC 2163 §4", RrType::PX, "10 a. b.", "000A016100016200"},
    {"RFC 1712 §3", RrType::GPOS, "\"-32.6882\" \"116.8652\" \"10.0\"",
     "082D33322E36383832083131362E383635320431302E30"},
    {"RFC 1876 §4", RrType::LOC, "42 21 54 N 71 06 18 W -24m 30m",
     "0033161389172DD070BE15F000988D20", "42 21 54.000 N 71 6 18.000 W -24m 30m 10000m 10m"},
    {"degrees only, all defaults", RrType::LOC, "0 N 0 E 0",
     "0012161380000000800000000098"
     "9680",
     "0 0 0.000 N 0 0 0.000 E 0m 1m 10000m 10m"},
    {"poles and fractions", RrType::LOC, "90 S 180 E 42849672.95m 0.09m 0.01m 0m",
     "009010006CB02700A69FB200FFFFFFFF", "90 0 0.000 S 180 0 0.000 E 42849672.95m 0.09m 0.01m 0m"},
    {"opaque by design", RrType::EID, "E32C6F78163A9348", "E32C6F78163A9348"},
    {"RFC 2782", RrType::SRV, "0 5 5060 a.", "0000000513C4016100"},
    {"ATM end system address", RrType::ATMA, "39.246f.00", "0039246F00", "39246F00"},
    {"E.164", RrType::ATMA, "+358400", "01333538343030"},
    {"RFC 3403 §4.1", RrType::NAPTR, R"(100 50 "s" "z3950+I2L" "" _z._tcp.)",
     "006400320173097A333935302B49324C00025F7A045F74637000"},
    {"RFC 2230 §3.1", RrType::KX, "10 a.", "000A016100"},
    {"mnemonics", RrType::CERT, "PGP 0 RSASHA256 AQID", "0003000008010203", "PGP 0 8 AQID"},
    {"no mnemonic", RrType::CERT, "9 0 0 AQ==", "000900000001"},
    {"DNAME", RrType::DNAME, "a.", "016100"},
    {"RFC 3123 §5", RrType::APL, "1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8",
     "00011503C0A8200001"
     "1C83C0A826"
     "00020801FF"},
    {"no prefix at all", RrType::APL, "", ""},
    {"an address of zeros", RrType::APL, "1:0.0.0.0/0", "00010000"},
    {"RFC 4034 §5.4", RrType::DS, "60485 5 1 ( 2BB183AF5F22588179A53B0A\n 98631FAD1A292118 )",
     "EC4505012BB183AF5F22588179A53B0A98631FAD1A292118",
     "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"},
    {"RFC 8078 §4: deletion", RrType::CDS, "0 0 0 00", "0000000000"},
    {"RFC 8078 §4: deletion", RrType::CDNSKEY, "0 3 0 AA==", "0000030000"},
    {"RFC 4255 §3.2", RrType::SSHFP, "2 1 123456789abcdef67890123456789abcdef67890",
     "0201123456789ABCDEF67890123456789ABCDEF67890",
     "2 1 123456789ABCDEF67890123456789ABCDEF67890"},
    {"RFC 4025 §3: address", RrType::IPSECKEY, "10 1 2 192.0.2.38 AQID", "0A0102C0000226010203"},
    {"RFC 4025 §3: none", RrType::IPSECKEY, "10 0 2 . AQID", "0A0002010203"},
    {"RFC 4025 §3: name", RrType::IPSECKEY, "10 3 2 a. AQID", "0A0302016100010203"},
    {"RFC 4025 §3: IPv6", RrType::IPSECKEY, "10 2 2 2001:db8::1 AQID",
     "0A020220010DB8000000000000000000000001010203"},
    {"no key", RrType::IPSECKEY, "10 0 0 .", "0A0000"},
    {"RFC 4034 §3.3", RrType::RRSIG,
     "A 5 3 86400 20030322173103 20030220173103 2642 example.com. AQID",
     "00010503000151803E7C9DD73E5510D7"
     "0A52076578616D706C6503636F6D00010203"},
    {"RFC 4034 §4.3", RrType::NSEC, "host.example.com. A MX RRSIG NSEC TYPE1234",
     "04686F7374076578616D706C6503636F6D000006400100000003041B0000000000000000000000000000000000000"
     "00000000000000020"},
    {"RFC 4034 §2.3", RrType::DNSKEY, "256 3 RSASHA1 AQID", "01000305010203", "256 3 5 AQID"},
    {"RFC 4701 §3.6", RrType::DHCID, "AAEBAQ==", "00010101"},
    {"RFC 5155 §3.3", RrType::NSEC3, "1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG",
     "0101000C04AABBCCDD1417F3DF17B2B2ADAEF615257DE4D2020B80AC6C7C0006400000000002",
     "1 1 12 AABBCCDD 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S A RRSIG"},
    {"no salt", RrType::NSEC3PARAM, "1 0 0 -", "0100000000"},
    {"RFC 6698 §2.3", RrType::TLSA, "3 1 1 D2ABDE", "030101D2ABDE"},
    {"RFC 8005 §5", RrType::HIP, "2 200100107B1A74DF AQID a. b.",
     "08020003200100107B1A74DF010203016100016200"},
    {"two names", RrType::TALINK, "a. .", "01610000"},
    {"RFC 7929", RrType::OPENPGPKEY, "AQID", "010203"},
    {"RFC 7477 §2.1.1", RrType::CSYNC, "66 3 A NS AAAA", "000000420003000460000008"},
    {"RFC 9460 §A.2: alias", RrType::SVCB, "0 foo.example.com.",
     "000003666F6F076578616D706C6503636F6D00"},
    {"RFC 9460 §A.2: generic key", RrType::SVCB, "1 a. key667=hello",
     "0001016100029B000568656C6C6F", "1 a. key667=\"hello\""},
    {"RFC 9460 §A.2: escapes", RrType::SVCB, R"(1 a. key667="hello\210qoo")",
     "0001016100029B000968656C6C6FD2716F6F"},
    {"RFC 9460 §A.2: IPv6 hints", RrType::HTTPS, "1 . ipv6hint=\"2001:db8::1,2001:db8::53:1\"",
     "00010000060020"
     "20010DB8000000000000000000000001"
     "20010DB8000000000000000000530001",
     "1 . ipv6hint=2001:db8::1,2001:db8::53:1"},
    {"RFC 9460 §A.2: any order", RrType::SVCB,
     "16 foo. ipv4hint=192.0.2.1 mandatory=ipv4hint,alpn alpn=h2,h3-19",
     "001003666F6F00"
     "0000000400010004"
     "000100090268320568332D3139"
     "00040004C0000201",
     "16 foo. mandatory=alpn,ipv4hint alpn=\"h2,h3-19\" ipv4hint=192.0.2.1"},
    {"RFC 9460 §A.2: commas in a protocol", RrType::SVCB, R"(16 foo. alpn="f\\\\oo\\,bar,h2")",
     "001003666F6F000001000C08665C6F6F2C626172026832"},
    {"parameters without value", RrType::HTTPS, "1 . alpn=h2 no-default-alpn ohttp",
     "0001000001000302683200020000"
     "00080000",
     "1 . alpn=\"h2\" no-default-alpn ohttp"},
    {"port and path", RrType::SVCB, "1 . port=853 dohpath=/dns-query{?dns}",
     "000100000300020355"
     "000700102F646E732D71756572797B3F646E737D",
     "1 . port=853 dohpath=\"/dns-query{?dns}\""},
    {"RFC 9859 §2.2", RrType::DSYNC, "CDS NOTIFY 5359 a.", "003B0114EF016100"},
    {"RFC 6742 §2.1", RrType::NID, "10 0014:4fff:ff20:ee64", "000A00144FFFFF20EE64",
     "10 14:4fff:ff20:ee64"},
    {"RFC 6742 §2.2", RrType::L32, "10 10.1.2.0", "000A0A010200"},
    {"RFC 6742 §2.3", RrType::L64, "10 2001:db8:1140:1000", "000A20010DB811401000"},
    {"RFC 6742 §2.4", RrType::LP, "10 a.", "000A016100"},
    {"RFC 7043 §3.2", RrType::EUI48, "00-00-5e-00-53-2a", "00005E00532A"},
    {"RFC 7043 §4.2", RrType::EUI64, "00-00-5E-ef-10-00-00-2a", "00005EEF1000002A",
     "00-00-5e-ef-10-00-00-2a"},
    {"RFC 2930 §2", RrType::TKEY, "a. 20030220173103 20030322173103 3 NOERROR 3 AQID 0",
     "0161003E5510D73E7C9DD70003000000030102030000"},
    {"RFC 8945 §4.2", RrType::TSIG, "a. 281474976710655 300 3 AQID 4660 BADTIME 6 AAAAAAAB",
     "016100FFFFFFFFFFFF012C00030102031234001200060000000000"
     "01"},
    {"RFC 8945 §3: 16 is BADSIG", RrType::TSIG, "a. 0 0 0 0 BADSIG 0",
     "01610000000000000000000000000000100000"},
    {"RFC 7553 §5", RrType::URI, "10 1 \"ftp://a/\"", "000A00016674703A2F2F612F"},
    {"RFC 8659 §4.1", RrType::CAA, "0 issue \"ca1.example.net\"",
     "000569737375656361312E6578616D706C652E6E6574"},
    {"no value", RrType::CAA, "128 tbs \"\"", "8003746273"},
    {"data left out", RrType::DOA, "0 1 2 \"\" -", "00000000000000010200"},
    {"RFC 8777 §4.3: no relay", RrType::AMTRELAY, "10 0 0 .", "0A00"},
    {"RFC 8777 §4.3: name and bit", RrType::AMTRELAY, "128 1 3 a.", "8083016100"},
    {"RFC 8777 §4.3: address", RrType::AMTRELAY, "10 1 1 203.0.113.15", "0A81CB00710F"},
    {"RFC 9606 §5", RrType::RESINFO, "\"qnamemin\" \"exterr=15-17\"",
     "08716E616D656D696E0C6578746572723D31352D3137"},
    {"64 bits", RrType::IPN, "18446744073709551615", "FFFFFFFFFFFFFFFF"},
    {"CBOR", RrType::BRID, "AQID", "010203"},
    {"RFC 8976 §2.3", RrType::ZONEMD, "1 1 240 AABBCCDDEEFF001122334455",
     "0000000101F0AABBCCDDEEFF001122334455"},
    {"RFC 3597 §5 for an unknown type", RrType{731}, "\\# 6 abcd ( ef 01 23 45 )", "ABCDEF012345",
     "\\# 6 ABCDEF012345"},
    {"RFC 3597 §5 for a known type", RrType::A, "\\# 4 0A000001", "0A000001", "10.0.0.1"},
    {"RFC 3597 §5: nothing", RrType{731}, "\\# 0", ""},
    {"NULL has no text of its own", RrType::NULL_, "\\# 1 00", "00"},
};

TEST(RdataText, GoesInAndOutAgain) {
    const Name origin = *Name::from_text("lan1.");
    for (const GoodText& row : good_texts) {
        SCOPED_TRACE(type_name(row.type) + ": " + row.why + ": " + row.text);
        const auto wire = rdata_from_text(row.type, row.text, origin);
        if (!wire) {
            ADD_FAILURE() << wire.error().text;
            continue;
        }
        EXPECT_EQ(hex(*wire), row.wire);
        EXPECT_TRUE(check_rdata(row.type, RrClass::IN, *wire).has_value());
        EXPECT_EQ(rdata_to_text(row.type, RrClass::IN, *wire),
                  row.printed != nullptr ? row.printed : row.text);
    }
}

struct BadWire {
    const char* why;
    RrType type;
    const char* wire;  // hexadecimal
    WireError expected;
};

const BadWire bad_wires[] = {
    {"three bytes", RrType::A, "0A0000", {WireFault::truncated, 0}},
    {"five bytes", RrType::A, "0A00000101", {WireFault::trailing_bytes, 4}},
    {"fifteen bytes", RrType::AAAA, "20010DB80000000000000000000000", {WireFault::truncated, 0}},
    {"no name", RrType::NS, "", {WireFault::truncated, 0}},
    {"a pointer in stored RDATA", RrType::NS, "C00C", {WireFault::pointer_refused, 0}},
    {"no root label", RrType::MX, "000A0161", {WireFault::truncated, 4}},
    {"SOA without its minimum",
     RrType::SOA,
     "00000000000100000002000000030000000400",
     {WireFault::truncated, 18}},
    {"TXT without a string", RrType::TXT, "", {WireFault::truncated, 0}},
    {"string past the end",
     RrType::TXT,
     "0161"
     "0561",
     {WireFault::truncated, 3}},
    {"third string", RrType::ISDN, "016101610161", {WireFault::trailing_bytes, 4}},
    {"LOC version 1", RrType::LOC, "01121613800000008000000000989680", {WireFault::bad_value, 0}},
    {"LOC size digit 10",
     RrType::LOC,
     "00A21613800000008000000000989680",
     {WireFault::bad_value, 1}},
    {"LOC size of zero with an exponent",
     RrType::LOC,
     "00120513800000008000000000989680",
     {WireFault::bad_value, 2}},
    {"LOC beyond the pole",
     RrType::LOC,
     "0012161393"
     "4FD901"
     "8000000000989680",
     {WireFault::bad_value, 4}},
    {"LOC beyond 180 degrees",
     RrType::LOC,
     "0012161380000000A69FB20100989680",
     {WireFault::bad_value, 8}},
    {"APL family 3", RrType::APL, "00030000", {WireFault::bad_value, 0}},
    {"APL prefix over 32 bits", RrType::APL, "00012100", {WireFault::bad_value, 0}},
    {"APL of five bytes", RrType::APL, "000120050102030405", {WireFault::bad_value, 0}},
    {"APL with a trailing zero byte", RrType::APL, "000108020A00", {WireFault::bad_value, 0}},
    {"APL item cut off", RrType::APL, "000100000001", {WireFault::truncated, 6}},
    {"DS without a digest", RrType::DS, "EC450501", {WireFault::truncated, 4}},
    {"DS of SHA-1 with 19 bytes",
     RrType::DS,
     "EC4505012BB183AF5F22588179A53B0A98631FAD1A2921",
     {WireFault::bad_value, 4}},
    {"SSHFP of SHA-256 with 3 bytes", RrType::SSHFP, "0102AABBCC", {WireFault::bad_value, 2}},
    {"ZONEMD of SHA-384 with 12 bytes",
     RrType::ZONEMD,
     "000000010101AABBCCDDEEFF001122334455",
     {WireFault::bad_value, 6}},
    {"ZONEMD under 12 bytes",
     RrType::ZONEMD,
     "0000000101F0AABBCCDDEEFF0011223344",
     {WireFault::truncated, 6}},
    {"IPSECKEY gateway type 4", RrType::IPSECKEY, "0A040001", {WireFault::bad_value, 1}},
    {"IPSECKEY without its gateway", RrType::IPSECKEY, "0A0102C00002", {WireFault::truncated, 3}},
    {"IPSECKEY without an algorithm", RrType::IPSECKEY, "0A00", {WireFault::truncated, 2}},
    {"AMTRELAY of one byte", RrType::AMTRELAY, "0A", {WireFault::truncated, 1}},
    {"AMTRELAY type 5", RrType::AMTRELAY, "0A85", {WireFault::bad_value, 1}},
    {"AMTRELAY: no relay, but bytes", RrType::AMTRELAY, "0A0001", {WireFault::trailing_bytes, 2}},
    {"bitmap window twice",
     RrType::NSEC,
     "0000014000"
     "0140",
     {WireFault::bad_value, 4}},
    {"bitmap windows descending",
     RrType::NSEC,
     "000101400001"
     "40",
     {WireFault::bad_value, 4}},
    {"bitmap window of no bytes", RrType::NSEC, "000000", {WireFault::bad_value, 1}},
    {"bitmap window of 33 bytes",
     RrType::NSEC,
     "000021010101010101010101010101010101010101010101010101010101010101010101",
     {WireFault::bad_value, 1}},
    {"bitmap with a trailing zero", RrType::NSEC, "0000024000", {WireFault::bad_value, 1}},
    {"bitmap cut off", RrType::NSEC, "00000240", {WireFault::truncated, 3}},
    {"NSEC3 without a hash", RrType::NSEC3, "0100000C0000", {WireFault::bad_value, 5}},
    {"NSEC3 salt past the end", RrType::NSEC3, "0100000C05AABB", {WireFault::truncated, 5}},
    {"HIP without a tag", RrType::HIP, "0002000301", {WireFault::bad_value, 0}},
    {"HIP key past the end", RrType::HIP, "01020003AA0102", {WireFault::truncated, 5}},
    {"CAA without a tag", RrType::CAA, "0000", {WireFault::bad_value, 1}},
    {"CAA tag with a dash", RrType::CAA, "0003612D62", {WireFault::bad_value, 3}},
    {"URI without a target", RrType::URI, "000A0001", {WireFault::truncated, 4}},
    {"SVCB keys descending",
     RrType::SVCB,
     "000100"
     "0003000201BB"
     "0002000000",
     {WireFault::bad_value, 9}},
    {"SVCB key twice",
     RrType::SVCB,
     "000100"
     "0003000201BB"
     "0003000201BB",
     {WireFault::bad_value, 9}},
    {"SVCB value past the end",
     RrType::SVCB,
     "000100"
     "0003000501BB",
     {WireFault::truncated, 7}},
    {"SVCB port of one byte",
     RrType::SVCB,
     "000100"
     "0003000101",
     {WireFault::bad_value, 3}},
    {"SVCB without protocols",
     RrType::SVCB,
     "000100"
     "00010000",
     {WireFault::bad_value, 3}},
    {"SVCB with an empty protocol",
     RrType::SVCB,
     "000100"
     "0001000100",
     {WireFault::bad_value, 3}},
    {"SVCB protocol past its value",
     RrType::SVCB,
     "000100"
     "000100020568",
     {WireFault::bad_value, 3}},
    {"SVCB hint of 5 bytes",
     RrType::HTTPS,
     "000100"
     "000400050A00000101",
     {WireFault::bad_value, 3}},
    {"SVCB mandatory lists itself",
     RrType::SVCB,
     "000100"
     "000000020000",
     {WireFault::bad_value, 3}},
    {"SVCB mandatory key missing",
     RrType::SVCB,
     "000100"
     "000000020001"
     "0003000201BB",
     {WireFault::bad_value, 9}},
    {"SVCB mandatory key missing at the end",
     RrType::SVCB,
     "000100"
     "000000020003",
     {WireFault::bad_value, 9}},
    {"SVCB no-default-alpn alone",
     RrType::SVCB,
     "000100"
     "00020000",
     {WireFault::bad_value, 3}},
    {"SVCB key 65535",
     RrType::SVCB,
     "000100"
     "FFFF0000",
     {WireFault::bad_value, 3}},
    {"WKS with a trailing zero", RrType::WKS, "0A000001068000", {WireFault::bad_value, 5}},
    {"TSIG code past the end",
     RrType::TSIG,
     "0000000000000000000005AA",
     {WireFault::truncated, 11}},
};

TEST(CheckRdata, RefusesBadWire) {
    for (const BadWire& row : bad_wires) {
        SCOPED_TRACE(row.why);
        const auto wire = from_hex(row.wire);
        const auto done = check_rdata(row.type, RrClass::IN, wire);
        if (done) {
            ADD_FAILURE() << rdata_to_text(row.type, RrClass::IN, wire);
            continue;
        }
        EXPECT_EQ(done.error().to_text(), row.expected.to_text());
        EXPECT_TRUE(rdata_to_text(row.type, RrClass::IN, wire).starts_with("\\# "));
    }
}

struct BadText {
    const char* why;
    RrType type;
    const char* text;
    const char* error;
    std::size_t position;
};

const BadText bad_texts[] = {
    {"leading zero", RrType::A, "10.0.0.01", "address: expected an IPv4 address, found '10.0.0.01'",
     0},
    {"nothing", RrType::A, "", "address: expected an IPv4 address, found the end", 0},
    {"two addresses", RrType::A, "10.0.0.1 10.0.0.2", "address: expected the end, found '10.0.0.2'",
     9},
    {"number too large", RrType::MX, "65536 a.",
     "preference: expected a number 0..65535, found '65536'", 0},
    {"number with a sign", RrType::MX, "-1 a.",
     "preference: expected a number 0..65535, found '-1'", 0},
    {"missing name", RrType::MX, "10", "exchange: expected a name, found the end", 2},
    {"empty label", RrType::NS, "a..b.",
     "name: empty label (two dots or a leading dot) in name 'a..b.'", 0},
    {"over 4294967295 s", RrType::SOA, ". . 1 7102w 1 1 1",
     "refresh: expected seconds or a time such as 1h30m, up to 4294967295 s, found '7102w'", 6},
    {"escape over 255", RrType::TXT, "\"a\\256\"",
     "text: expected a string of at most 255 bytes with escapes \\X or \\DDD (000..255), found "
     "'a\\\\256'",
     1},
    {"no closing quote", RrType::TXT, "\"a", "expected a closing quote", 0},
    {"parenthesis not closed", RrType::TXT, "( a", "expected \")\" before the end", 3},
    {"parenthesis not opened", RrType::TXT, "a )", "expected \"(\" before this \")\"", 2},
    {"base64 without padding", RrType::DNSKEY, "256 3 5 AQ", "key: expected base64, found the end",
     10},
    {"base64 with stray bits", RrType::DNSKEY,
     "256 3 5 AR==", "key: expected base64, found the end", 12},
    {"half a byte", RrType::TLSA, "3 1 1 ABC",
     "certificate: expected an even number of hexadecimal digits, found the end", 9},
    {"digest of the wrong length", RrType::DS, "1 8 2 ABCD",
     "digest: expected 32 bytes for its type, found 2", 10},
    {"31 June", RrType::RRSIG, "A 5 3 1 20030631000000 20030220173103 1 . AQID",
     "expiration: expected a time as YYYYMMDDHHmmSS or in seconds since 1970, found "
     "'20030631000000'",
     8},
    {"unknown type", RrType::NSEC, "a. A FOO", "rrtypes: expected a record type, found 'FOO'", 5},
    {"91 degrees", RrType::LOC, "91 N 0 E 0",
     "location: expected degrees 0..90 [minutes [seconds]] N or S, found '91'", 0},
    {"90 degrees and a second", RrType::LOC, "90 0 1 N 0 E 0",
     "location: expected degrees 0..90 [minutes [seconds]] N or S, found 'N'", 7},
    {"prefix without a family", RrType::APL, "192.0.2.0/24",
     "prefixes: expected an address prefix such as 1:192.0.2.0/24 or !2:2001:db8::/32, found "
     "'192.0.2.0/24'",
     0},
    {"RFC 9460 §D.3: key twice", RrType::SVCB, "1 . key123=abc key123=def",
     "params: expected each parameter once, found 'key123=abc'", 4},
    {"RFC 9460 §D.3: no value", RrType::SVCB, "1 . mandatory",
     "params: expected a value that this parameter allows (RFC 9460 §7), found 'mandatory'", 4},
    {"RFC 9460 §D.3: value where none may be", RrType::SVCB, "1 . no-default-alpn=abc",
     "params: expected a value that this parameter allows (RFC 9460 §7), found "
     "'no-default-alpn=abc'",
     4},
    {"RFC 9460 §D.3: mandatory key missing", RrType::SVCB, "1 . mandatory=key123",
     "params: expected every mandatory parameter to be given (RFC 9460 §8), found "
     "'mandatory=key123'",
     4},
    {"RFC 9460 §D.3: mandatory lists itself", RrType::SVCB, "1 . mandatory=mandatory",
     "params: expected a value that this parameter allows (RFC 9460 §7), found "
     "'mandatory=mandatory'",
     4},
    {"RFC 9460 §D.3: mandatory key twice", RrType::SVCB, "1 . mandatory=port,port port=1",
     "params: expected a value that this parameter allows (RFC 9460 §7), found "
     "'mandatory=port,port'",
     4},
    {"key 65535", RrType::SVCB, "1 . key65535=a",
     "params: expected a parameter key such as alpn or key123 (0..65534), found 'key65535=a'", 4},
    {"wrong count of opaque bytes", RrType{731}, "\\# 3 AABB",
     "expected 3 bytes in hexadecimal, found 2", 9},
    {"opaque count missing", RrType{731}, "\\#",
     "expected the number of bytes, 0..65535, after \\# (RFC 3597 §5)", 2},
    {"words for an unknown type", RrType{731}, "abc",
     "expected \\# and hexadecimal digits (RFC 3597 §5): TYPE731 has no text form of its own", 0},
    {"opaque, but not an address", RrType::A, "\\# 3 AABBCC",
     "not the RDATA of A: truncated at byte 0", 0},
    {"group of five digits", RrType::NID, "1 0:0:0:00000",
     "nodeId: expected four groups of hexadecimal digits joined by \":\", found '0:0:0:00000'", 2},
    {"gateway where none may be", RrType::IPSECKEY, "1 0 1 a.",
     "gateway: expected \".\" for no gateway, found 'a.'", 6},
    {"tag with a dash", RrType::CAA, "0 a-b \"\"",
     "tag: expected a tag of 1..255 letters and digits (RFC 8659 §4.1), found 'a-b'", 2},
};

TEST(RdataText, RefusesBadText) {
    for (const BadText& row : bad_texts) {
        SCOPED_TRACE(row.why);
        const auto wire = rdata_from_text(row.type, row.text);
        if (wire) {
            ADD_FAILURE() << hex(*wire);
            continue;
        }
        EXPECT_EQ(wire.error().text, row.error);
        EXPECT_EQ(wire.error().position, row.position);
    }
}

TEST(RdataText, RefusesRdataOverItsBuffer) {
    std::uint8_t small[5];
    Writer out(small);
    const Token words[] = {{"10", false}, {"mail.example.", false}};
    const auto done = parse_rdata(RrType::MX, RrClass::IN, words, NameView(), out);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().text, "RDATA is too long: more than 2 bytes");
    EXPECT_EQ(out.size(), 0U);
    EXPECT_FALSE(out.overflow());
}

// Every cut of every good RDATA either still is RDATA of the type or is refused inside its bytes.
TEST(CheckRdata, SurvivesEveryCut) {
    for (const GoodText& row : good_texts) {
        const auto wire = from_hex(row.wire);
        for (std::size_t size = 0; size < wire.size(); ++size) {
            const Bytes cut = Bytes(wire).first(size);
            const auto done = check_rdata(row.type, RrClass::IN, cut);
            if (!done) {
                EXPECT_LE(done.error().offset, size) << row.text;
            }
            EXPECT_FALSE(rdata_to_text(row.type, RrClass::IN, cut).empty() && size > 0) << row.text;
            EXPECT_TRUE(check_rdata(row.type, RrClass::CH, cut).has_value() ||
                        find_type(row.type)->scope == RowScope::any_class);
        }
    }
}

TEST(CheckRdata, OtherClassesHaveOtherAddresses) {
    const auto chaos = from_hex("0161000001");  // a name and a Chaosnet address
    EXPECT_TRUE(check_rdata(RrType::A, RrClass::CH, chaos).has_value());
    EXPECT_FALSE(check_rdata(RrType::A, RrClass::IN, chaos).has_value());
    EXPECT_EQ(rdata_to_text(RrType::A, RrClass::CH, chaos), "\\# 5 0161000001");
}

TEST(CheckRdata, UpdateRecordsMayBeEmpty) {
    EXPECT_TRUE(check_rdata(RrType::A, RrClass::ANY, {}).has_value());
    EXPECT_TRUE(check_rdata(RrType::A, RrClass::NONE, {}).has_value());
    EXPECT_FALSE(check_rdata(RrType::A, RrClass::IN, {}).has_value());
    EXPECT_EQ(rdata_to_text(RrType::A, RrClass::ANY, {}), "\\# 0");
}

struct Expansion {
    const char* why;
    RrType type;
    const char* rdata;     // stands at byte 16
    const char* expanded;  // nullptr: refused
    WireError error = {};
};

TEST(ExpandRdata, FollowsPointersWhereTheyMayStand) {
    // Twelve bytes of header, then the name "ab." at 12.
    const std::string front =
        "000000000000000000000000"
        "02616200";
    const Expansion rows[] = {
        {"whole name", RrType::NS, "C00C", "02616200"},
        {"label and pointer", RrType::MX, "000A0163C00C", "000A016302616200"},
        {"two names", RrType::SOA, "C00C0161C00C0000000100000002000000030000000400000005",
         "0261620001610261620000000001"
         "00000002000000030000000400000005"},
        {"SRV, as RFC 3597 §4 asks of receivers", RrType::SRV, "000000000000C00C",
         "00000000000002616200"},
        {"NSEC, as multicast DNS sends it", RrType::NSEC, "C00C000140", "02616200000140"},
        {"pointer to itself", RrType::NS, "C010", nullptr, {WireFault::pointer_forward, 16}},
        {"pointer to the record behind",
         RrType::NS,
         "C012",
         nullptr,
         {WireFault::pointer_forward, 16}},
        {"half a pointer", RrType::NS, "C0", nullptr, {WireFault::truncated, 17}},
        {"bytes after the name", RrType::NS, "C00C00", nullptr, {WireFault::trailing_bytes, 18}},
        {"DNAME may not be compressed",
         RrType::DNAME,
         "C00C",
         nullptr,
         {WireFault::pointer_refused, 16}},
        {"SVCB may not be compressed",
         RrType::SVCB,
         "0001C00C",
         nullptr,
         {WireFault::pointer_refused, 18}},
        {"no room for an address", RrType::A, "0A0000", nullptr, {WireFault::truncated, 16}},
        {"unknown types are taken as they are", RrType{731}, "C00C", "C00C"},
    };
    for (const Expansion& row : rows) {
        SCOPED_TRACE(row.why);
        const auto message = from_hex(front + row.rdata + "00000000");
        RecordView record;
        record.type = row.type;
        record.klass = RrClass::IN;
        record.rdata_offset = 16;
        record.rdata = Bytes(message).subspan(16, std::string_view(row.rdata).size() / 2);
        std::uint8_t buffer[600];
        Writer out(buffer);
        const auto done = expand_rdata(message, record, out);
        ASSERT_EQ(done.has_value(), row.expanded != nullptr);
        if (done) {
            EXPECT_EQ(hex(out.written()), row.expanded);
        } else {
            EXPECT_EQ(done.error().to_text(), row.error.to_text());
        }
    }
}

TEST(ExpandRdata, RefusesMoreThanTheBufferHolds) {
    const auto message = from_hex("00000000000000000000000002616200C00C");
    RecordView record;
    record.type = RrType::NS;
    record.klass = RrClass::IN;
    record.rdata_offset = 16;
    record.rdata = Bytes(message).subspan(16);
    std::uint8_t buffer[3];
    Writer out(buffer);
    const auto done = expand_rdata(message, record, out);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().fault, WireFault::too_large);
}

TEST(AdditionalTarget, IsTheHostNamed) {
    struct Row {
        const char* why;
        RrType type;
        const char* text;
        const char* target;
    };
    const Row rows[] = {
        {"delegation", RrType::NS, "ns.a.", "ns.a."},
        {"mail host", RrType::MX, "10 mail.a.", "mail.a."},
        {"service host", RrType::SRV, "0 0 1 host.a.", "host.a."},
        {"RFC 2782: no service", RrType::SRV, "0 0 0 .", nullptr},
        {"RFC 9460 §4.2", RrType::HTTPS, "1 svc.a. alpn=h2", "svc.a."},
        {"RFC 9460 §2.5: the owner itself", RrType::HTTPS, "1 . alpn=h2", nullptr},
        {"after three strings", RrType::NAPTR, "1 2 \"s\" \"\" \"\" host.a.", "host.a."},
        {"aliases are followed elsewhere", RrType::CNAME, "b.", nullptr},
        {"SOA names no host to reach", RrType::SOA, "ns.a. b. 1 2 3 4 5", nullptr},
        {"no name at all", RrType::A, "10.0.0.1", nullptr},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const auto wire = rdata_from_text(row.type, row.text);
        ASSERT_TRUE(wire.has_value());
        const auto target = additional_target(row.type, *wire);
        ASSERT_EQ(target.has_value(), row.target != nullptr);
        if (target) {
            EXPECT_EQ(target->to_text(), row.target);
        }
    }
}

TEST(CanonicalizeRdata, LowersNamesOfRfc4034Types) {
    struct Row {
        const char* why;
        RrType type;
        const char* text;
        const char* canonical;
    };
    const Row rows[] = {
        {"first name", RrType::NS, "A.B.", "a.b."},
        {"both names, not the numbers", RrType::SOA, "A. B. 65 66 67 68 69",
         "a. b. 65 66 67 68 69"},
        {"behind a number that looks like letters", RrType::MX, "16705 A.", "16705 a."},
        {"strings keep their case", RrType::NAPTR, R"(1 2 "S" "E2U" "!A!B!" C.)",
         R"(1 2 "S" "E2U" "!A!B!" c.)"},
        {"the signer", RrType::RRSIG, "A 8 2 60 20200101000000 20200101000000 1 EXAMPLE. QUJD",
         "A 8 2 60 20200101000000 20200101000000 1 example. QUJD"},
        {"RFC 6840 §5.1: not NSEC", RrType::NSEC, "A. NS", "A. NS"},
        {"RFC 6840 §5.1: not HINFO", RrType::HINFO, "\"A\" \"B\"", "\"A\" \"B\""},
        {"later types keep their case", RrType::SVCB, "1 A.", "1 A."},
        {"DNAME", RrType::DNAME, "A.", "a."},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        auto wire = rdata_from_text(row.type, row.text);
        ASSERT_TRUE(wire.has_value());
        canonicalize_rdata(row.type, *wire);
        EXPECT_EQ(rdata_to_text(row.type, RrClass::IN, *wire), row.canonical);
    }
}

// The builder's fast table says what the rows say.
TEST(CompressibleNames, AgreeWithTheTable) {
    for (const TypeRow& row : all_types()) {
        CompressibleNames expected;
        bool after_names = false;
        for (const Field& field : row.fields) {
            if (field.role.compress) {
                EXPECT_FALSE(after_names) << row.mnemonic;
                ++expected.names;
            } else if (expected.names == 0) {
                expected.prefix = static_cast<std::uint8_t>(expected.prefix +
                                                            (field.kind == FieldKind::u16 ? 2 : 0));
            } else {
                after_names = true;
            }
        }
        if (expected.names == 0) expected.prefix = 0;
        EXPECT_EQ(compressible_names(row.type).names, expected.names) << row.mnemonic;
        EXPECT_EQ(compressible_names(row.type).prefix, expected.prefix) << row.mnemonic;
    }
    EXPECT_EQ(compressible_names(RrType{65535}).names, 0);
}

TEST(RrTypeText, NamesEveryTypeAndReadsItBack) {
    for (unsigned number = 0; number <= 65535; ++number) {
        const auto type = static_cast<RrType>(number);
        ASSERT_EQ(parse_type(type_name(type)), type) << number;
    }
    EXPECT_EQ(type_name(RrType::NSAP_PTR), "NSAP-PTR");
    EXPECT_EQ(type_name(RrType::NULL_), "NULL");
    EXPECT_EQ(type_name(RrType{731}), "TYPE731");
    EXPECT_EQ(parse_type("aAaA"), RrType::AAAA);
    EXPECT_EQ(parse_type("type1"), RrType::A);
    EXPECT_EQ(parse_type("*"), RrType::ANY);
    for (const char* bad :
         {"", "TYPE", "TYPE65536", "TYPE1x", "TYPE-1", "TYPE+1", "AA", "NSAP_PTR"}) {
        EXPECT_EQ(parse_type(bad), std::nullopt) << bad;
    }
}

// The table is sorted and every row is found by number and by mnemonic.
TEST(TypeTable, RowsAreFound) {
    unsigned last = 0;
    for (const TypeRow& row : all_types()) {
        EXPECT_GT(static_cast<unsigned>(row.type), last) << row.mnemonic;
        last = static_cast<unsigned>(row.type);
        EXPECT_EQ(find_type(row.type), &row);
        EXPECT_EQ(find_type(row.mnemonic), &row);
    }
}

}  // namespace
}  // namespace kith::dns
