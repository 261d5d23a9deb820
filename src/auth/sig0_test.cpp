#include "auth/sig0.hpp"

#include <gtest/gtest.h>

#include "auth/auth_testing.hpp"
#include "crypto/key.hpp"

namespace kith::auth {
namespace {

using namespace test;

/// A host with a key, and its KEY record.
struct Host {
    explicit Host(crypto::Algorithm algorithm = crypto::Algorithm::ED25519)
        : key(*crypto::PrivateKey::generate(algorithm)) {
        signer.name = name("Host.example.");
        signer.key = &key;
    }
    Message key_record(std::uint16_t flags = 512, std::uint8_t protocol = 3) const {
        Message out{static_cast<std::uint8_t>(flags >> 8), static_cast<std::uint8_t>(flags),
                    protocol, static_cast<std::uint8_t>(key.algorithm())};
        const Bytes wire = key.public_key().wire();
        out.insert(out.end(), wire.begin(), wire.end());
        return out;
    }
    Written request(UnixTime now = some_time) const {
        Written out = query();
        const auto size = sign_sig0_request(signer, out.buffer, out.size, now);
        EXPECT_TRUE(size.has_value());
        EXPECT_LE(*size, out.size + sig0_request_bytes(signer));
        out.size = *size;
        return out;
    }

    crypto::PrivateKey key;
    Sig0Signer signer;
};

KeyLookup lookup_of(const std::vector<Message>& keys) {
    return [&keys](NameView signer) {
        std::vector<Bytes> out;
        if (signer == name("host.example.").view()) out.assign(keys.begin(), keys.end());
        return out;
    };
}

TEST(Sig0Request, IsGoodWithEveryAlgorithm) {
    for (const auto algorithm : {crypto::Algorithm::RSASHA256, crypto::Algorithm::ECDSAP256SHA256,
                                 crypto::Algorithm::ECDSAP384SHA384, crypto::Algorithm::ED25519,
                                 crypto::Algorithm::ED448}) {
        const Host host(algorithm);
        const std::vector<Message> keys{host.key_record()};
        const Written request = host.request();
        const Sig0Check check = check_sig0_request(request.bytes(), lookup_of(keys), some_time);
        EXPECT_TRUE(check.is_good()) << check.to_text();
        EXPECT_EQ(check.signer, name("host.example."));
        EXPECT_EQ(check.message_bytes, query().size);
        EXPECT_EQ(check.keys_tried, 1);
        EXPECT_EQ(check.key_tag, sig0_key_tag(host.signer));
    }
}

TEST(Sig0Request, WithoutSignatureIsUnsigned) {
    const Written request = query();
    const Sig0Check check = check_sig0_request(request.bytes(), lookup_of({}), some_time);
    EXPECT_EQ(check.verdict, Sig0Verdict::unsigned_);
    EXPECT_EQ(check.answer_rcode(), Rcode::NOERROR);
}

TEST(Sig0Request, IsRefusedForWhatIsWrong) {
    const Host host, other;
    const std::vector<Message> good{host.key_record()}, stranger{other.key_record()},
        confidential{host.key_record(0x8000 | 512)}, email{host.key_record(512, 2)}, none;
    Message other_protocol = host.key_record(512, 255);
    struct Row {
        const char* why;
        const std::vector<Message>* keys;
        std::int64_t clock_error;
        int flip;  // byte from the end of the message, 0: none
        Sig0Verdict verdict;
        int tried;
    };
    const Row rows[] = {
        {"no KEY there", &none, 0, 0, Sig0Verdict::unknown_key, 0},
        {"another key there, with another tag", &stranger, 0, 0, Sig0Verdict::unknown_key, 0},
        {"a key that may not authenticate (RFC 2535 §3.1.2)", &confidential, 0, 0,
         Sig0Verdict::unknown_key, 0},
        {"a key for email (RFC 2931 §2.3)", &email, 0, 0, Sig0Verdict::unknown_key, 0},
        {"expired", &good, 301, 0, Sig0Verdict::bad_time, 0},
        {"not yet", &good, -301, 0, Sig0Verdict::bad_time, 0},
        {"just in time", &good, 300, 0, Sig0Verdict::good, 1},
        {"a bit of the signature", &good, 0, 1, Sig0Verdict::bad_signature, 1},
    };
    for (const Row& row : rows) {
        Written request = host.request();
        if (row.flip != 0) request.buffer[request.size - static_cast<std::size_t>(row.flip)] ^= 1;
        const Sig0Check check =
            check_sig0_request(request.bytes(), lookup_of(*row.keys), some_time + row.clock_error);
        EXPECT_EQ(check.verdict, row.verdict) << row.why << ": " << check.to_text();
        EXPECT_EQ(check.keys_tried, row.tried) << row.why;
        EXPECT_EQ(check.answer_rcode(),
                  row.verdict == Sig0Verdict::good ? Rcode::NOERROR : Rcode::NOTAUTH);
    }
    Written changed = host.request();
    changed.buffer[2] ^= 1;  // RD, in the header
    EXPECT_EQ(check_sig0_request(changed.bytes(), lookup_of(good), some_time).verdict,
              Sig0Verdict::bad_signature);
}

TEST(Sig0Request, ThatIsValidForTooLongIsRefused) {
    Host host;
    host.signer.validity_seconds = 1801;
    const std::vector<Message> keys{host.key_record()};
    EXPECT_EQ(check_sig0_request(host.request().bytes(), lookup_of(keys), some_time).verdict,
              Sig0Verdict::bad_time);
    host.signer.validity_seconds = 1800;
    EXPECT_TRUE(check_sig0_request(host.request().bytes(), lookup_of(keys), some_time).is_good());
}

TEST(Sig0Request, CostsABoundedNumberOfSignatureChecks) {
    // CVE-2024-1975: many KEY records of one name, all with the tag that the signature names. Two
    // bytes that are added to one word and taken from another leave the tag as it is.
    const Host host;
    std::vector<Message> keys;
    for (int i = 0; i < 100; ++i) {
        Message forged = host.key_record();
        std::swap(forged[4], forged[6]);
        std::swap(forged[8 + 2 * (i % 10)], forged[10 + 2 * (i % 10)]);
        keys.push_back(forged);
    }
    keys.push_back(host.key_record());
    Sig0Check check = check_sig0_request(host.request().bytes(), lookup_of(keys), some_time);
    EXPECT_EQ(check.verdict, Sig0Verdict::bad_signature);
    EXPECT_EQ(check.keys_tried, 2);
    // Keys of other tags cost a sum each, and of those no more than 16 are looked at.
    keys.assign(16, Host().key_record());
    keys.push_back(host.key_record());
    check = check_sig0_request(host.request().bytes(), lookup_of(keys), some_time);
    EXPECT_EQ(check.verdict, Sig0Verdict::unknown_key);
    EXPECT_EQ(check.keys_tried, 0);
    // Of two keys with the same tag the right one is found.
    keys.assign({keys.front(), host.key_record()});
    EXPECT_TRUE(check_sig0_request(host.request().bytes(), lookup_of(keys), some_time).is_good());
}

TEST(ReadSig0, RefusesWhatIsMisplacedOrMalformed) {
    const std::string question =
        "016100"
        "00060001";
    // covers 0, algorithm 15, times, tag 7, signer k., four bytes of signature
    const std::string rdata =
        "0000"
        "0f"
        "00"
        "00000000"
        "6553f200"
        "6553f000"
        "0007"
        "016b00"
        "01020304";
    const std::string sig =
        "00"
        "001800ff00000000"
        "0019" +
        rdata;
    const std::string data_sig =
        "00"
        "001800ff00000000"
        "0019"
        "0001" +
        rdata.substr(4);
    const std::string tsig =
        "016b00"
        "00fa00ff00000000"
        "001d"
        "0b686d61632d736861323536"
        "00"
        "00006553f100"
        "012c"
        "0000"
        "1234"
        "0000"
        "0000";
    const auto message = [&](std::string_view counts, std::string_view records) {
        return from_hex("12340000" + std::string(counts) + question + std::string(records));
    };
    const auto good = message("0001000000000001", sig);
    ASSERT_TRUE(read_sig0(good).has_value() && read_sig0(good)->has_value());
    const auto data = message("0001000000000001", data_sig);
    EXPECT_TRUE(read_sig0(data).has_value() && !read_sig0(data)->has_value())
        << "SIG over A is data";
    const struct {
        const char* why;
        Message message;
    } rows[] = {
        {"twice", message("0001000000000002", sig + sig)},
        {"not last", message("0001000000000002", sig + data_sig)},
        {"before a TSIG", message("0001000000000002", sig + tsig)},
        {"behind a TSIG (RFC 2931 §3.1: one of both)", message("0001000000000002", tsig + sig)},
        {"cut off", message("0001000000000001",
                            "00"
                            "001800ff00000000"
                            "000a" +
                                rdata.substr(0, 20))},
        {"a compressed signer", message("0001000000000001",
                                        "00"
                                        "001800ff00000000"
                                        "0018" +
                                            rdata.substr(0, 36) +
                                            "c00c"
                                            "01020304")},
    };
    for (const auto& row : rows) {
        EXPECT_FALSE(read_sig0(row.message).has_value()) << row.why;
        EXPECT_EQ(check_sig0_request(row.message, lookup_of({}), some_time).verdict,
                  Sig0Verdict::form_error)
            << row.why;
    }
    const auto empty = message("0001000000000001",
                               "00"
                               "001800ff00000000"
                               "0015" +
                                   rdata.substr(0, 42));
    EXPECT_EQ(check_sig0_request(empty, lookup_of({}), some_time).verdict, Sig0Verdict::form_error)
        << "no signature";
}

}  // namespace
}  // namespace kith::auth
