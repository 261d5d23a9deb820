// TSIG of requests and single responses. The messages in hexadecimal were signed by dnspython 2.3.0
// with the secret "secret of the tests" at 1700000000.

#include "auth/tsig.hpp"

#include <gtest/gtest.h>

#include "auth/auth_testing.hpp"
#include "auth/tsig_mac.hpp"

namespace kith::auth {
namespace {

using namespace test;
using dns::Header;

constexpr std::string_view foreign_request =
    "123428000001000000010001076578616d706c65000006000104686f7374c00c000100010000012c0004c00002010"
    "34b6579c00c00fa00ff00000000003d0b686d61632d7368613235360000006553f100012c0020ad324d39a8af93a0"
    "65e26dce0aeb9aeae7fa99a11565da446a1681f34cfb11da088b00000000";
constexpr std::string_view foreign_response =
    "1234a8000001000000000001076578616d706c650000060001034b6579c00c00fa00ff00000000003d0b686d61632"
    "d7368613235360000006553f100012c0020f36e0a1253b03285f6d89828936927b63bf9cc7310667c51029e6b6c17"
    "356628123400000000";

TEST(TsigRequest, OfAnotherImplementationIsGood) {
    // dnspython gives the request another id after it was signed: the original one is 0x088b.
    const KeyRing keys = ring();
    const Message message = from_hex(foreign_request);
    const TsigCheck check = check_tsig_request(message, keys, some_time);
    EXPECT_EQ(check.verdict, TsigVerdict::good) << check.to_text(some_time);
    EXPECT_EQ(check.key, keys.find(name("KEY.example.")));
    EXPECT_EQ(check.original_id, 0x088b);
    EXPECT_EQ(check.time_signed, 1'700'000'000U);
    EXPECT_EQ(check.fudge, 300);
    EXPECT_EQ(check.message_bytes, message.size() - 77);
}

TEST(TsigResponse, OfAnotherImplementationIsGood) {
    const TsigKey shared = key(usual_key);
    const auto request = read_tsig(from_hex(foreign_request));
    ASSERT_TRUE(request.has_value() && request->has_value());
    TsigMac mac;
    const Message raw = from_hex(foreign_request);
    std::ranges::copy(Bytes(raw).subspan(raw.size() - 38, 32), mac.bytes.begin());
    mac.size = 32;
    const TsigReply reply =
        check_tsig_response(shared, mac, from_hex(foreign_response), some_time + 300);
    EXPECT_TRUE(reply.is_good());
    mac.bytes[0] ^= 1;
    EXPECT_EQ(check_tsig_response(shared, mac, from_hex(foreign_response), some_time).verdict,
              TsigVerdict::bad_sig)
        << "the request's MAC is part of what is signed";
}

struct Foreign {
    TsigAlgorithm algorithm;
    std::string_view message;
};

TEST(TsigRequest, IsSignedAsAnotherImplementationSigns) {
    const Foreign rows[] = {
        {TsigAlgorithm::hmac_md5,
         "00010000000100000000000101610000010001036b65790000fa00ff00000000003a08686d61632d6d643507736"
         "9672d616c670372656703696e740000006553f100012c0010f659391b4a590c6f8b452c649551950d0001000000"
         "00"},
        {TsigAlgorithm::hmac_sha1,
         "00010000000100000000000101610000010001036b65790000fa00ff00000000002f09686d61632d73686131000"
         "0006553f100012c0014ac141711e6cbbdbd3a83bded9339a2372c7c0d6f000100000000"},
        {TsigAlgorithm::hmac_sha224,
         "00010000000100000000000101610000010001036b65790000fa00ff0000000000390b686d61632d73686132323"
         "40000006553f100012c001c4d62b824fcc31712d2bad57654f0b8b6f85b8722634eaff9ad486265000100000000"},
        {TsigAlgorithm::hmac_sha256_128,
         "00010000000100000000000101610000010001036b65790000fa00ff0000000000310f686d61632d73686132353"
         "62d3132380000006553f100012c0010ac6f3265929a5284cd8b7bf06b23fdca000100000000"},
        {TsigAlgorithm::hmac_sha384,
         "00010000000100000000000101610000010001036b65790000fa00ff00000000004d0b686d61632d73686133383"
         "40000006553f100012c003024fe260bddee96ea1411e7d287cd51e7910f64ee0c324635ea427c53f60d5a53d6c7"
         "e6a7966d151eb826e26a8c3d11a9000100000000"},
        {TsigAlgorithm::hmac_sha384_192,
         "00010000000100000000000101610000010001036b65790000fa00ff0000000000390f686d61632d73686133383"
         "42d3139320000006553f100012c0018a7eafeb8c45051516c9f71064132077986f9976681830f88000100000000"},
        {TsigAlgorithm::hmac_sha512,
         "00010000000100000000000101610000010001036b65790000fa00ff00000000005d0b686d61632d73686135313"
         "20000006553f100012c004067720c3ac72b603a803027a1e54fe4c09f3553fb8dee6967cfeb3643d15fc9510267"
         "b262ee175ed9e7447e0822e28966d0837f8781b7d059cf62cf7b4b8595e0000100000000"},
        {TsigAlgorithm::hmac_sha512_256,
         "00010000000100000000000101610000010001036b65790000fa00ff0000000000410f686d61632d73686135313"
         "22d3235360000006553f100012c002031ebb4ce3e3a445f0b82ef37d465d25edb5946898a3743da4c43e3c22a67"
         "9a00000100000000"},
    };
    for (const Foreign& row : rows) {
        TsigKey shared = key("key:c2VjcmV0IG9mIHRoZSB0ZXN0cw==");
        shared.algorithm = row.algorithm;
        Written message;
        message.buffer.resize(512);
        dns::MessageBuilder builder;
        builder.start_query(message.buffer, 1, name("a."), dns::RrType::A, dns::RrClass::IN);
        const std::size_t plain = builder.finish().size();
        TsigMac mac;
        message.size = sign_tsig_request(shared, message.buffer, plain, some_time, mac);
        std::string expected(row.message);
        // dnspython spells HMAC-MD5's name in lower case; case is not part of what is signed.
        std::string found = to_hex(message.bytes());
        if (row.algorithm == TsigAlgorithm::hmac_md5) {
            const std::size_t at = expected.find("08686d61632d6d6435");
            found.replace(at, 52, expected.substr(at, 52));
        }
        EXPECT_EQ(found, expected) << algorithm_name(row.algorithm);
        EXPECT_EQ(message.size, plain + tsig_request_bytes(shared));
        KeyRing keys;
        ASSERT_TRUE(keys.add(std::move(shared)).has_value());
        EXPECT_TRUE(check_tsig_request(from_hex(row.message), keys, some_time).is_good());
    }
}

TEST(TsigRequest, WithoutTsigIsUnsigned) {
    const Written message = query();
    const TsigCheck check = check_tsig_request(message.bytes(), ring(), some_time);
    EXPECT_EQ(check.verdict, TsigVerdict::unsigned_);
    EXPECT_EQ(check.response_bytes(), 0U);
    EXPECT_EQ(check.answer_rcode(), Rcode::NOERROR);
    Written answer = response(message.bytes());
    EXPECT_EQ(sign_tsig_response(check, answer.buffer, answer.size, some_time), answer.size);
}

/// A request of `usual_key` and what a server that has `server_key` makes of it.
struct Refused {
    const char* why;
    std::string_view server_key;
    std::string_view client_key;
    std::int64_t clock_error;  // of the client, seconds
    int flip;                  // byte of the message to change, from its end; 0: none
    TsigVerdict verdict;
    Rcode rcode, error;
    bool is_signed;
};

TEST(TsigRequest, ThatIsWrongIsAnsweredAsTheRfcSays) {
    constexpr std::string_view ours = usual_key;
    constexpr std::string_view other_secret = "hmac-sha256:key.example:b3RoZXI=";
    const Refused rows[] = {
        {"unknown key, §5.2.1", "hmac-sha256:other.example:b3RoZXI=", ours, 0, 0,
         TsigVerdict::bad_key, Rcode::NOTAUTH, Rcode::BADKEY, false},
        {"another algorithm than the key's, §5.2.1",
         "hmac-sha512:key.example:c2VjcmV0IG9mIHRoZSB0ZXN0cw==", ours, 0, 0, TsigVerdict::bad_key,
         Rcode::NOTAUTH, Rcode::BADKEY, false},
        {"another secret, §5.2.2", other_secret, ours, 0, 0, TsigVerdict::bad_sig, Rcode::NOTAUTH,
         tsig_badsig, false},
        {"a changed MAC, §5.2.2", ours, ours, 0, 8, TsigVerdict::bad_sig, Rcode::NOTAUTH,
         tsig_badsig, false},
        {"another secret and a wrong clock: the MAC is checked first, §10.1", other_secret, ours,
         9000, 0, TsigVerdict::bad_sig, Rcode::NOTAUTH, tsig_badsig, false},
        {"the client's clock is slow, §5.2.3", ours, ours, -301, 0, TsigVerdict::bad_time,
         Rcode::NOTAUTH, Rcode::BADTIME, true},
        {"the client's clock is fast, §5.2.3", ours, ours, 301, 0, TsigVerdict::bad_time,
         Rcode::NOTAUTH, Rcode::BADTIME, true},
        {"just in time, §5.2.3", ours, ours, 300, 0, TsigVerdict::good, Rcode::NOERROR,
         Rcode::NOERROR, true},
        {"truncated, where whole MACs are demanded, §5.2.4", ours,
         "hmac-sha256-128:key.example:c2VjcmV0IG9mIHRoZSB0ZXN0cw==", 0, 0, TsigVerdict::bad_trunc,
         Rcode::NOTAUTH, Rcode::BADTRUNC, true},
        {"truncated and late: time is checked before truncation, §5.2", ours,
         "hmac-sha256-128:key.example:c2VjcmV0IG9mIHRoZSB0ZXN0cw==", -400, 0, TsigVerdict::bad_time,
         Rcode::NOTAUTH, Rcode::BADTIME, true},
        {"truncated, where that is allowed, §7",
         "hmac-sha256-128:key.example:c2VjcmV0IG9mIHRoZSB0ZXN0cw==",
         "hmac-sha256-128:key.example:c2VjcmV0IG9mIHRoZSB0ZXN0cw==", 0, 0, TsigVerdict::good,
         Rcode::NOERROR, Rcode::NOERROR, true},
        {"whole, where truncated ones are enough, §7",
         "hmac-sha256-128:key.example:c2VjcmV0IG9mIHRoZSB0ZXN0cw==", ours, 0, 0, TsigVerdict::good,
         Rcode::NOERROR, Rcode::NOERROR, true},
    };
    for (const Refused& row : rows) {
        SCOPED_TRACE(row.why);
        const KeyRing keys = ring(row.server_key);
        const TsigKey client = key(row.client_key);
        TsigMac mac;
        Written request = signed_query(client, some_time + row.clock_error, mac);
        if (row.flip != 0) request.buffer[request.size - static_cast<std::size_t>(row.flip)] ^= 1;
        const TsigCheck check = check_tsig_request(request.bytes(), keys, some_time);
        EXPECT_EQ(check.verdict, row.verdict) << check.to_text(some_time);
        EXPECT_EQ(check.answer_rcode(), row.rcode);
        EXPECT_EQ(check.error(), row.error);
        Written answer = response(request.bytes(), row.rcode);
        const std::size_t plain = answer.size;
        answer.size = sign_tsig_response(check, answer.buffer, answer.size, some_time);
        EXPECT_EQ(answer.size, plain + check.response_bytes());
        const auto tsig = read_tsig(answer.bytes());
        ASSERT_TRUE(tsig.has_value() && tsig->has_value());
        EXPECT_EQ((*tsig)->error, row.error);
        EXPECT_EQ((*tsig)->mac.empty(), !row.is_signed);
        if (!row.is_signed || row.flip != 0) continue;
        const TsigReply reply =
            check_tsig_response(client, mac, answer.bytes(), some_time + row.clock_error);
        EXPECT_EQ(reply.verdict, TsigVerdict::good);
        EXPECT_EQ(reply.error, row.error);
        EXPECT_GE((*tsig)->mac.size(), mac.size) << "never shorter than the request's, §7";
        if (row.error == Rcode::BADTIME) {
            EXPECT_EQ(reply.server_time, 1'700'000'000U) << "§5.2.3";
            EXPECT_EQ((*tsig)->time_signed,
                      static_cast<std::uint64_t>(some_time + row.clock_error));
        }
    }
}

/// A header with these counts, a question, and records.
Message message_of(std::string_view counts, std::string_view records) {
    return from_hex(std::string("12340000") + std::string(counts) + "016100" + "00060001" +
                    std::string(records));
}

TEST(ReadTsig, RefusesWhatIsMisplacedOrMalformed) {
    const std::string rdata =
        "0b686d61632d736861323536"
        "00"
        "00006553f100"
        "012c"
        "0000"
        "1234"
        "0000"
        "0000";
    const std::string good =
        "016b00"
        "00fa00ff00000000"
        "001d" +
        rdata;
    const std::string a_record =
        "016b00"
        "0001000100000000"
        "0004"
        "c0000201";
    ASSERT_TRUE(read_tsig(message_of("0001000000000001", good)).has_value());
    const struct {
        const char* why;
        Message message;
    } rows[] = {
        {"twice", message_of("0001000000000002", good + good)},
        {"not last", message_of("0001000000000002", good + a_record)},
        {"in the answer section, with something behind",
         message_of("0001000100000001", good + a_record)},
        {"class IN", message_of("0001000000000001",
                                "016b00"
                                "00fa000100000000"
                                "001d" +
                                    rdata)},
        {"a TTL", message_of("0001000000000001",
                             "016b00"
                             "00fa00ff00000001"
                             "001d" +
                                 rdata)},
        {"no RDATA", message_of("0001000000000001",
                                "016b00"
                                "00fa00ff00000000"
                                "0000")},
        {"a compressed algorithm", message_of("0001000000000001",
                                              "016b00"
                                              "00fa00ff00000000"
                                              "0012"
                                              "c00c"
                                              "00006553f100"
                                              "012c"
                                              "0000"
                                              "1234"
                                              "0000"
                                              "0000")},
        {"a MAC longer than the RDATA", message_of("0001000000000001",
                                                   "016b00"
                                                   "00fa00ff00000000"
                                                   "001d"
                                                   "0b686d61632d736861323536"
                                                   "00"
                                                   "00006553f100"
                                                   "012c"
                                                   "0001"
                                                   "1234"
                                                   "0000"
                                                   "0000")},
        {"a byte behind the other data", message_of("0001000000000001",
                                                    "016b00"
                                                    "00fa00ff00000000"
                                                    "001e" +
                                                        rdata + "00")},
        {"a byte behind the message", message_of("0001000000000001", good + "00")},
        {"a record that is cut off", message_of("0001000000000001",
                                                "016b00"
                                                "00fa00ff0000")},
    };
    for (const auto& row : rows) {
        EXPECT_FALSE(read_tsig(row.message).has_value()) << row.why;
        const TsigCheck check = check_tsig_request(row.message, ring(), some_time);
        EXPECT_EQ(check.verdict, TsigVerdict::form_error) << row.why;
        EXPECT_EQ(check.answer_rcode(), Rcode::FORMERR) << row.why;
        EXPECT_EQ(check.response_bytes(), 0U) << row.why;
    }
}

TEST(ReadTsig, DoesNotAcceptOneOutsideTheAdditionalSection) {
    const std::string rdata =
        "0b686d61632d736861323536"
        "00"
        "00006553f100"
        "012c"
        "0000"
        "1234"
        "0000"
        "0000";
    const std::string good =
        "016b00"
        "00fa00ff00000000"
        "001d" +
        rdata;
    const auto found = read_tsig(message_of("0001000000010000", good));
    EXPECT_TRUE(found.has_value() && !found->has_value())
        << "ARCOUNT is 0: there is no TSIG to look for";
}

TEST(TsigRequest, WithAMacOfAnIllegalSizeIsAFormatError) {
    // RFC 8945 §5.2.2.1: shorter than half the hash or 10 bytes, or longer than the hash.
    const TsigKey client = key(usual_key);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{9}, std::size_t{15}, std::size_t{33}}) {
        Written request = query();
        const Message mac(size, 7);
        const TsigVariables variables{.key_name = client.name,
                                      .algorithm_name = algorithm_wire_name(client.algorithm),
                                      .time_signed = 1'700'000'000,
                                      .fudge = 300,
                                      .original_id = 0x1234,
                                      .error = Rcode::NOERROR,
                                      .other = {}};
        request.size = append_tsig(request.buffer, request.size, variables, mac);
        EXPECT_EQ(check_tsig_request(request.bytes(), ring(), some_time).verdict,
                  TsigVerdict::form_error)
            << size;
    }
}

TEST(TsigRequest, IsNotGoodForLongerThanAnHourWhateverItSays) {
    TsigKey client = key(usual_key);
    client.fudge = 65535;
    TsigMac mac;
    const Written request = signed_query(client, some_time, mac);
    EXPECT_EQ(check_tsig_request(request.bytes(), ring(), some_time + 3600).verdict,
              TsigVerdict::good);
    const TsigCheck late = check_tsig_request(request.bytes(), ring(), some_time + 3601);
    EXPECT_EQ(late.verdict, TsigVerdict::bad_time);
    EXPECT_EQ(late.to_text(some_time + 3601),
              "TSIG BADTIME: key key.example., clocks differ by 3601 s, allowed are 3600 s");
}

TEST(TsigResponse, IsNotBelievedUnlessSigned) {
    const TsigKey client = key(usual_key);
    TsigMac mac;
    const Written request = signed_query(client, some_time, mac);
    EXPECT_EQ(
        check_tsig_response(client, mac, response(request.bytes()).bytes(), some_time).verdict,
        TsigVerdict::unsigned_);
    // An error without a MAC tells what the server, or somebody, complains about.
    const KeyRing strangers = ring("hmac-sha256:other:b3RoZXI=");
    const TsigCheck check = check_tsig_request(request.bytes(), strangers, some_time);
    Written answer = response(request.bytes(), Rcode::NOTAUTH);
    answer.size = sign_tsig_response(check, answer.buffer, answer.size, some_time);
    const TsigReply reply = check_tsig_response(client, mac, answer.bytes(), some_time);
    EXPECT_EQ(reply.verdict, TsigVerdict::bad_key);
    EXPECT_EQ(reply.error, Rcode::BADKEY);
    EXPECT_FALSE(reply.is_good());
}

TEST(TsigResponse, FitsIntoTheRoomThatWasReserved) {
    const KeyRing keys = ring();
    const TsigKey client = key(usual_key);
    TsigMac mac;
    const Written request = signed_query(client, some_time, mac);
    const TsigCheck check = check_tsig_request(request.bytes(), keys, some_time);
    const auto read = dns::read_query(request.bytes());
    ASSERT_TRUE(read.has_value());
    Message buffer(512);
    dns::MessageBuilder builder;
    builder.start_response(buffer, buffer.size(), request.bytes(), *read);
    builder.reserve(check.response_bytes());
    const Message rdata = from_hex("c0000201");
    while (builder.add_record(dns::Section::answer, name("host.example"), dns::RrType::A,
                              dns::RrClass::IN, 1, rdata)) {
    }
    EXPECT_LT(512 - check.response_bytes() - builder.size(), 16U) << "filled to the last record";
    const std::size_t size = sign_tsig_response(check, buffer, builder.finish().size(), some_time);
    EXPECT_LE(size, 512U);
    EXPECT_TRUE(check_tsig_response(client, mac, Bytes(buffer).first(size), some_time).is_good());
}

TEST(KeyRing, RefusesKeysThatCannotBeUsed) {
    KeyRing keys;
    EXPECT_TRUE(keys.add(key("a:c2VjcmV0")).has_value());
    const auto again = keys.add(key("hmac-sha512:A.:c2VjcmV0"));
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error(), KeyFault::duplicate_name);
    TsigKey empty;
    empty.name = name("b");
    EXPECT_EQ(keys.add(std::move(empty)).error(), KeyFault::secret_size);
    TsigKey large;
    large.name = name("b");
    large.secret = crypto::SecretBytes(tsig_secret_bytes_max + 1);
    EXPECT_EQ(keys.add(std::move(large)).error(), KeyFault::secret_size);
    TsigKey short_mac = key("b:c2VjcmV0");
    short_mac.truncated_bytes = 15;
    EXPECT_EQ(keys.add(std::move(short_mac)).error(), KeyFault::truncation);
    EXPECT_EQ(keys.size(), 1U);
    EXPECT_NE(keys.find(name("a.")), nullptr);
    EXPECT_EQ(keys.find(name("b.")), nullptr);
}

TEST(TsigAlgorithm, NamesAreTheRegisteredOnes) {
    EXPECT_EQ(parse_algorithm("HMAC-SHA256."), TsigAlgorithm::hmac_sha256);
    EXPECT_EQ(parse_algorithm("hmac-md5.sig-alg.reg.int"), TsigAlgorithm::hmac_md5);
    EXPECT_EQ(parse_algorithm("hmac-md5"), TsigAlgorithm::hmac_md5);
    EXPECT_EQ(parse_algorithm("gss-tsig"), std::nullopt);
    EXPECT_EQ(find_algorithm(name("Hmac-Sha512-256.")), TsigAlgorithm::hmac_sha512_256);
    EXPECT_EQ(find_algorithm(name("hmac-sha3.")), std::nullopt);
}

}  // namespace
}  // namespace kith::auth
