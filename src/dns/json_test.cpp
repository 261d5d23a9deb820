#include "dns/json.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"

namespace kith::dns {
namespace {

using B = std::vector<std::uint8_t>;

struct GoodRecord {
    const char* why;
    RrType type;
    const char* rdata;
    const char* json;
};

// The shapes of dns-packet's README, and ours in its spirit.
const GoodRecord good_records[] = {
    {"address", RrType::A, "192.0.2.1", R"("192.0.2.1")"},
    {"address", RrType::AAAA, "2001:db8::1", R"("2001:db8::1")"},
    {"name without final dot", RrType::NS, "ns.a.", R"("ns.a")"},
    {"the root", RrType::DNAME, ".", R"(".")"},
    {"CAA", RrType::CAA, "128 issue \"ca.a\"",
     R"({"flags":128,"tag":"issue","value":"ca.a","issuerCritical":true})"},
    {"DNSKEY", RrType::DNSKEY, "257 3 8 AQID",
     R"({"flags":257,"protocol":3,"algorithm":8,"key":"AQID"})"},
    {"DS", RrType::DS, "1 8 9 ABCD",
     R"({"keyTag":1,"algorithm":8,"digestType":9,"digest":"ABCD"})"},
    {"HINFO", RrType::HINFO, "\"a\" \"b\"", R"({"cpu":"a","os":"b"})"},
    {"MX", RrType::MX, "10 b.", R"({"preference":10,"exchange":"b"})"},
    {"NAPTR", RrType::NAPTR, R"(1 2 "s" "E2U" "!^.*$!x!" .)",
     R"({"order":1,"preference":2,"flags":"s","services":"E2U","regexp":"!^.*$!x!","replacement":"."})"},
    {"NSEC", RrType::NSEC, "b. A TYPE731", R"({"nextDomain":"b","rrtypes":["A","TYPE731"]})"},
    {"NSEC3 without salt", RrType::NSEC3, "1 0 0 - 2VPTU5TI A",
     R"({"algorithm":1,"flags":0,"iterations":0,"salt":"","nextDomain":"2VPTU5TI","rrtypes":["A"]})"},
    {"RP", RrType::RP, "a. b.", R"({"mbox":"a","txt":"b"})"},
    {"RRSIG", RrType::RRSIG, "A 8 2 60 19700101000002 19700101000001 3 a. AQID",
     R"({"typeCovered":"A","algorithm":8,"labels":2,"originalTTL":60,"expiration":2,"inception":1,"keyTag":3,"signersName":"a","signature":"AQID"})"},
    {"SOA", RrType::SOA, "a. b\\.c. 1 2 3 4 5",
     R"({"mname":"a","rname":"b\\.c","serial":1,"refresh":2,"retry":3,"expire":4,"minimum":5})"},
    {"SRV", RrType::SRV, "1 2 3 a.", R"({"priority":1,"weight":2,"port":3,"target":"a"})"},
    {"SSHFP", RrType::SSHFP, "1 3 ABCD", R"({"algorithm":1,"hash":3,"fingerprint":"ABCD"})"},
    {"TLSA", RrType::TLSA, "3 1 1 ABCD",
     R"({"usage":3,"selector":1,"matchingType":1,"certificate":"ABCD"})"},
    {"TXT is a list", RrType::TXT, "\"a\"", R"(["a"])"},
    {"escapes of JSON", RrType::TXT, R"("\"\\\001\010\127")", R"(["\"\\\u0001\u000a\u007f"])"},
    {"UTF-8", RrType::TXT, R"("\195\169\240\159\152\128")", "[\"\xc3\xa9\xf0\x9f\x98\x80\"]"},
    {"not UTF-8", RrType::TXT, R"("\255" "\192\128" "\237\160\128" "\244\144\128\128")",
     R"([{"type":"Buffer","data":[255]},{"type":"Buffer","data":[192,128]},{"type":"Buffer","data":[237,160,128]},{"type":"Buffer","data":[244,144,128,128]}])"},
    {"NULL", RrType::NULL_, "\\# 2 0102", R"({"type":"Buffer","data":[1,2]})"},
    {"unknown type", RrType{731}, "\\# 0", R"({"type":"Buffer","data":[]})"},
    {"one field is the value alone", RrType::OPENPGPKEY, "AQID", R"("AQID")"},
    {"several words in one value", RrType::LOC, "1 2 3.000 N 4 5 6.000 E 0m 1m 10000m 10m",
     R"("1 2 3.000 N 4 5 6.000 E 0m 1m 10000m 10m")"},
    {"SVCB", RrType::HTTPS, "1 . alpn=\"h2\" port=443 key667=\"a b\"",
     R"({"priority":1,"target":".","params":["alpn=\"h2\"","port=443","key667=\"a b\""]})"},
    {"lists of names", RrType::HIP, "2 AB AQID a. b.",
     R"({"algorithm":2,"hit":"AB","publicKey":"AQID","servers":["a","b"]})"},
    {"bits of a byte", RrType::AMTRELAY, "10 1 3 a.",
     R"({"precedence":10,"discoveryOptional":1,"relayType":3,"relay":"a."})"},
    {"optional member", RrType::ISDN, "\"1\"", R"({"address":"1"})"},
    {"prefixes", RrType::APL, "1:10.0.0.0/8 !2:2001:db8::/32",
     R"(["1:10.0.0.0/8","!2:2001:db8::/32"])"},
    {"64 bits", RrType::IPN, "18446744073709551615", R"("18446744073709551615")"},
};

TEST(RecordJson, GoesOutAndInAgain) {
    for (const GoodRecord& row : good_records) {
        SCOPED_TRACE(type_name(row.type) + ": " + row.why);
        const auto rdata = rdata_from_text(row.type, row.rdata);
        ASSERT_TRUE(rdata.has_value()) << rdata.error().text;
        const std::string json =
            to_json(*Name::from_text("A.lan."), row.type, RrClass::IN, 60, *rdata);
        EXPECT_EQ(json, "{\"name\":\"A.lan\",\"type\":\"" + type_name(row.type) +
                            "\",\"class\":\"IN\",\"ttl\":60,\"data\":" + row.json + "}");
        const auto record = record_from_json(json);
        ASSERT_TRUE(record.has_value()) << record.error().text;
        EXPECT_EQ(record->rdata, *rdata);
        EXPECT_EQ(record->type, row.type);
        EXPECT_EQ(record->ttl, 60U);
        EXPECT_EQ(record->owner.to_text(), "A.lan.");
    }
}

struct Input {
    const char* why;
    const char* json;
    RrType type;
    const char* rdata;
};

TEST(RecordJson, ReadsWhatDnsPacketTakes) {
    const Input rows[] = {
        {"final dots", R"({"name":"a.","type":"NS","data":"b."})", RrType::NS, "b."},
        {"TXT as one string", R"({"name":"a","type":"TXT","data":"x y"})", RrType::TXT, "\"x y\""},
        {"TXT as one Buffer", R"({"name":"a","type":"TXT","data":{"type":"Buffer","data":[0,34]}})",
         RrType::TXT, "\"\\000\\\"\""},
        {"key as a Buffer",
         R"({"name":"a","type":"DNSKEY","data":{"flags":1,"protocol":3,"algorithm":8,"key":{"type":"Buffer","data":[1,2,3]}}})",
         RrType::DNSKEY, "1 3 8 AQID"},
        {"digest as a Buffer",
         R"({"name":"a","type":"DS","data":{"keyTag":1,"algorithm":8,"digestType":9,"digest":{"type":"Buffer","data":[171]}}})",
         RrType::DS, "1 8 9 AB"},
        {"numbers left out are 0", R"({"name":"a","type":"MX","data":{"exchange":"b"}})",
         RrType::MX, "0 b."},
        {"whole RDATA as a Buffer",
         R"({"name":"a","type":"A","data":{"type":"Buffer","data":[10,0,0,1]}})", RrType::A,
         "10.0.0.1"},
        {"presentation form", R"({"name":"a","type":"MX","data":"10 b."})", RrType::MX, "10 b."},
        {"UNKNOWN_731",
         R"({"name":"a","type":"UNKNOWN_731","class":"UNKNOWN_1","data":{"type":"Buffer","data":[]}})",
         RrType{731}, "\\# 0"},
    };
    for (const Input& row : rows) {
        SCOPED_TRACE(row.why);
        const auto record = record_from_json(row.json);
        ASSERT_TRUE(record.has_value()) << record.error().text;
        EXPECT_EQ(record->type, row.type);
        EXPECT_EQ(record->klass, RrClass::IN);
        EXPECT_EQ(rdata_to_text(record->type, RrClass::IN, record->rdata), row.rdata);
    }
}

struct Bad {
    const char* why;
    const char* json;
    const char* error;
};

TEST(RecordJson, RefusesWithThePlace) {
    const Bad rows[] = {
        {"not JSON", "{\"name\": }", "expected JSON: syntax error"},
        {"cut off", "{\"name\"", "expected JSON: incomplete JSON"},
        {"more behind", "{} {}", "expected JSON: extra data"},
        {"no object", "[]", "expected a JSON object"},
        {"no type", R"({"name":"a"})", "type: expected a record type, found \"\""},
        {"unknown member", R"({"name":"a","type":"A","dat":1})",
         "dat: unknown member, expected one of name, type, class, ttl, flush, data"},
        {"bad name", R"({"name":"a..b","type":"A"})", "name: empty label"},
        {"TTL too large", R"({"name":"a","type":"A","ttl":4294967296})",
         "ttl: expected a number 0..4294967295, found 4294967296"},
        {"TTL negative", R"({"name":"a","type":"A","ttl":-1})", "ttl: expected a number, found -1"},
        {"address", R"({"name":"a","type":"A","data":"10.0.0"})",
         "data: address: expected an IPv4 address, found '10.0.0'"},
        {"number for a string", R"({"name":"a","type":"TXT","data":[1]})",
         "data[0]: expected a string or a Buffer, found 1"},
        {"byte over 255", R"({"name":"a","type":"TXT","data":{"type":"Buffer","data":[256]}})",
         "data.data: expected a number 0..255, found 256"},
        {"field missing", R"({"name":"a","type":"MX","data":{}})", "data.exchange: missing"},
        {"field unknown", R"({"name":"a","type":"MX","data":{"exchange":"b","prio":1}})",
         "data.prio: unknown member"},
        {"field of the wrong kind", R"({"name":"a","type":"MX","data":{"exchange":1}})",
         "data.exchange: expected a name, found 1"},
        {"words hidden in a number",
         R"({"name":"a","type":"MX","data":{"preference":"1 b.","exchange":"c"}})",
         "data: exchange: "},
    };
    for (const Bad& row : rows) {
        SCOPED_TRACE(row.why);
        const auto record = record_from_json(row.json);
        if (record) {
            ADD_FAILURE() << rdata_to_text(record->type, RrClass::IN, record->rdata);
            continue;
        }
        EXPECT_TRUE(record.error().text.starts_with(row.error)) << record.error().text;
    }
}

TEST(RecordJson, DepthAndSizeAreBounded) {
    EXPECT_FALSE(record_from_json(std::string(100000, '[')).has_value());
    EXPECT_FALSE(record_from_json(std::string(json_bytes_max + 1, ' ')).has_value());
}

B example() {
    B buffer(512);
    MessageBuilder builder;
    builder.start_query(buffer, 7, *Name::from_text("a.lan."), RrType::MX, RrClass::IN);
    builder.header().flags = 0x8583;
    EXPECT_TRUE(builder.add_record(Section::answer, *Name::from_text("a.lan."), RrType::MX,
                                   RrClass{0x8001}, 60, *rdata_from_text(RrType::MX, "10 b.lan.")));
    EXPECT_TRUE(builder.add_opt(1232, Rcode{0x13}, 1, 0x8001,
                                B{0, 10, 0, 2, 1, 2, 0, 8, 0, 7, 0, 1, 24, 0, 10, 0, 0}));
    const Bytes message = builder.finish();
    return {message.begin(), message.end()};
}

constexpr const char* example_json =
    R"({"type":"response","id":7,"flags":1411,"opcode":"QUERY","rcode":"BADMODE","flag_qr":true,"flag_aa":true,)"
    R"("flag_tc":false,"flag_rd":true,"flag_ra":true,"flag_z":false,"flag_ad":false,"flag_cd":false,)"
    R"("questions":[{"name":"a.lan","type":"MX","class":"IN"}],)"
    R"("answers":[{"name":"a.lan","type":"MX","class":"IN","flush":true,"ttl":60,"data":{"preference":10,"exchange":"b.lan"}}],)"
    R"("authorities":[],"additionals":[{"name":".","type":"OPT","udpPayloadSize":1232,"extendedRcode":1,"ednsVersion":1,)"
    R"("flags":32769,"flag_do":true,"options":[{"code":10,"type":"COOKIE","data":{"type":"Buffer","data":[1,2]}},)"
    R"({"code":8,"type":"CLIENT_SUBNET","data":{"type":"Buffer","data":[0,1,24,0,10,0,0]},"family":1,)"
    R"("sourcePrefixLength":24,"scopePrefixLength":0,"ip":"10.0.0.0"}]}]})";

TEST(MessageJson, GoesOutAndInAgain) {
    const B message = example();
    const auto view = MessageView::parse(message);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->rcode(), Rcode::BADMODE);
    const std::string json = to_json(*view);
    EXPECT_EQ(json, example_json);
    const auto back = message_from_json(json);
    ASSERT_TRUE(back.has_value()) << back.error().text;
    EXPECT_EQ(*back, message);
}

TEST(MessageJson, ReadsAQueryAsPeopleWriteIt) {
    const auto message = message_from_json(R"({
        "type": "query", "id": 1, "flags": 256,
        "questions": [{"type": "A", "name": "google.com"}],
        "additionals": [{"name": ".", "type": "OPT", "udpPayloadSize": 4096, "flag_do": true, "options": [
            {"type": "CLIENT_SUBNET", "ip": "10.1.255.3", "sourcePrefixLength": 20},
            {"code": 12, "length": 3}, {"type": "KEY_TAG", "tags": [1, 2]}, {"code": "OPTION_26946"}]}]})");
    EXPECT_FALSE(message.has_value());
    EXPECT_EQ(message.error().text,
              "additionals[0].options[3].code: expected a number, found \"OPTION_26946\"");
    const auto good =
        message_from_json(R"({"flags": 256, "questions": [{"type": "A", "name": "google.com"}],
        "additionals": [{"type": "OPT", "flag_do": true, "options": [
            {"type": "CLIENT_SUBNET", "ip": "10.1.255.3", "sourcePrefixLength": 20},
            {"code": 12, "length": 3}, {"type": "KEY_TAG", "tags": [1, 2]}]}]})");
    ASSERT_TRUE(good.has_value()) << good.error().text;
    const auto view = MessageView::parse(*good);
    ASSERT_TRUE(view.has_value());
    EXPECT_TRUE(view->header().has(Header::rd));
    EXPECT_EQ(view->edns()->payload_bytes, 4096);
    EXPECT_TRUE(view->edns()->dnssec_ok);
    const Bytes options = view->edns()->options;
    EXPECT_EQ(B(options.begin(), options.end()), (B{0, 8, 0, 7, 0, 1, 20, 0, 10, 1, 240, 0, 12,
                                                    0, 3, 0, 0, 0, 0, 14, 0, 4,  0, 1,   0, 2}));
}

TEST(MessageJson, RefusesWithThePlace) {
    const Bad rows[] = {
        {"kind of message", R"({"type":"answer"})",
         "type: expected query or response, found \"answer\""},
        {"no array", R"({"answers":{}})", "answers: expected an array, found {}"},
        {"no object", R"({"answers":[1]})", "answers[0]: expected a record object, found 1"},
        {"deep inside", R"({"answers":[{"name":"a","type":"A","data":"::"}]})",
         "answers[0].data: address: expected an IPv4 address, found '::'"},
        {"OPT among the answers", R"({"answers":[{"type":"OPT"}]})",
         "answers[0]: OPT stands among the additionals only"},
        {"OPT twice", R"({"additionals":[{"type":"OPT"},{"type":"OPT"}]})",
         "not a DNS message: opt_twice at byte 23"},
        {"unknown opcode", R"({"opcode":"FOO"})", "opcode: expected an opcode, found \"FOO\""},
    };
    for (const Bad& row : rows) {
        SCOPED_TRACE(row.why);
        const auto message = message_from_json(row.json);
        ASSERT_FALSE(message.has_value());
        EXPECT_EQ(message.error().text, row.error);
    }
}

TEST(MessageJson, RefusesMoreThanAMessageHolds) {
    std::string json = "{\"answers\":[";
    for (int i = 0; i < 4; ++i) {
        json += R"({"name":"a","type":"NULL","data":{"type":"Buffer","data":[0)";
        for (int j = 0; j < 20000; ++j) json += ",0";
        json += i < 3 ? "]}}," : "]}}";
    }
    const auto message = message_from_json(json + "]}");
    ASSERT_FALSE(message.has_value());
    EXPECT_EQ(message.error().text, "answers[3]: the message is over 65535 bytes");
}

}  // namespace
}  // namespace kith::dns
