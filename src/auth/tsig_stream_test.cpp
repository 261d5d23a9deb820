// TSIG over streams (RFC 8945 §5.3.1): what the signer writes the verifier believes, with gaps, and
// nothing else.

#include "auth/tsig_stream.hpp"

#include <gtest/gtest.h>

#include "auth/auth_testing.hpp"

namespace kith::auth {
namespace {

using namespace test;
using Verdict = TsigStreamVerifier::Verdict;

/// A server and a client in the middle of a transfer.
struct Stream {
    explicit Stream(std::string_view words = usual_key)
        : keys(ring(words)), client(key(words)), request(signed_query(client, some_time, mac)) {}

    TsigStreamSigner signer() const {
        return TsigStreamSigner(check_tsig_request(request.bytes(), keys, some_time));
    }
    TsigStreamVerifier verifier() const { return {client, mac}; }
    Written next(TsigStreamSigner& signer, UnixTime now = some_time) {
        Written out = response(request.bytes());
        out.buffer[2] |= 4;  // AA, so that a message differs from the question
        out.buffer[3] = static_cast<std::uint8_t>(++number % 16);
        out.size = signer.sign(out.buffer, out.size, now);
        return out;
    }
    /// Without a TSIG, as servers that sign only now and then send.
    Written unsigned_next() {
        Written out = response(request.bytes());
        out.buffer[3] = static_cast<std::uint8_t>(++number % 16);
        return out;
    }

    KeyRing keys;
    TsigKey client;
    TsigMac mac;
    Written request;
    int number = 0;
};

Verdict check(TsigStreamVerifier& verifier, const Written& message, UnixTime now = some_time) {
    std::size_t bytes = 0;
    return verifier.check(message.bytes(), now, bytes);
}

TEST(TsigStream, BelievesWhatIsSigned) {
    for (const std::string_view words :
         {usual_key, std::string_view("hmac-sha512-256:key.example:c2VjcmV0")}) {
        Stream stream(words);
        TsigStreamSigner signer = stream.signer();
        TsigStreamVerifier verifier = stream.verifier();
        EXPECT_FALSE(verifier.may_end());
        for (int i = 0; i < 5; ++i) {
            const Written message = stream.next(signer, some_time + i);
            std::size_t bytes = 0;
            EXPECT_EQ(verifier.check(message.bytes(), some_time + i, bytes), Verdict::verified)
                << i;
            EXPECT_EQ(bytes, message.size - signer.bytes());
            EXPECT_TRUE(verifier.may_end());
        }
    }
}

TEST(TsigStream, OfAnUnsignedRequestIsNotSigned) {
    const Written request = query();
    TsigStreamSigner signer(check_tsig_request(request.bytes(), ring(), some_time));
    Written message = response(request.bytes());
    EXPECT_EQ(signer.bytes(), 0U);
    EXPECT_EQ(signer.sign(message.buffer, message.size, some_time), message.size);
}

TEST(TsigStream, TimesNeverGoBack) {
    Stream stream;
    TsigStreamSigner signer = stream.signer();
    TsigStreamVerifier verifier = stream.verifier();
    EXPECT_EQ(check(verifier, stream.next(signer, some_time + 50)), Verdict::verified);
    const Written message = stream.next(signer, some_time);
    EXPECT_EQ((*read_tsig(message.bytes()))->time_signed, 1'700'000'050U);
    EXPECT_EQ(check(verifier, message), Verdict::verified);
}

/// A signer that leaves out some TSIGs, as RFC 8945 §5.3.1 lets old servers do: the next one covers
/// the messages between.
class SparseSigner {
public:
    explicit SparseSigner(Stream& stream) : stream_(stream) {}
    /// `unsigned_count` messages without a TSIG, then one with.
    std::vector<Written> burst(int unsigned_count) {
        std::vector<Written> out;
        crypto::Hmac hmac(crypto::HmacDigest::sha256, stream_.client.secret.bytes());
        const std::uint8_t size[2] = {0, 32};
        hmac.update(size);
        hmac.update(prior_);
        for (int i = 0; i < unsigned_count; ++i) {
            out.push_back(stream_.unsigned_next());
            hmac.update(out.back().bytes());
        }
        Written last = stream_.unsigned_next();
        hmac.update(last.bytes());
        const Message timers = from_hex("00006553f100012c");
        hmac.update(timers);
        const auto mac = hmac.finish();
        prior_.assign(mac.begin(), mac.begin() + 32);
        Message record = from_hex(
            "036b6579076578616d706c650000fa00ff00000000003d0b686d61632d7368613235360000006553f100012c"
            "0020");
        record.insert(record.end(), prior_.begin(), prior_.end());
        const Message tail = from_hex("123400000000");
        record.insert(record.end(), tail.begin(), tail.end());
        std::ranges::copy(record, last.buffer.begin() + static_cast<std::ptrdiff_t>(last.size));
        last.size += record.size();
        ++last.buffer[11];
        out.push_back(std::move(last));
        return out;
    }
    void start(const Written& first) {
        const auto tsig = read_tsig(first.bytes());
        prior_.assign((*tsig)->mac.begin(), (*tsig)->mac.end());
    }

private:
    Stream& stream_;
    Message prior_;
};

TEST(TsigStream, AcceptsGapsOf99Messages) {
    Stream stream;
    TsigStreamSigner signer = stream.signer();
    TsigStreamVerifier verifier = stream.verifier();
    const Written first = stream.next(signer);
    ASSERT_EQ(check(verifier, first), Verdict::verified);
    SparseSigner sparse(stream);
    sparse.start(first);
    for (const int gap : {1, 99}) {
        const std::vector<Written> messages = sparse.burst(gap);
        for (int i = 0; i < gap; ++i) {
            EXPECT_EQ(check(verifier, messages[static_cast<std::size_t>(i)]), Verdict::not_yet);
            EXPECT_FALSE(verifier.may_end()) << "a stream does not end with an unsigned message";
        }
        EXPECT_EQ(check(verifier, messages.back()), Verdict::verified) << gap;
        EXPECT_TRUE(verifier.may_end());
    }
    for (int i = 0; i < 99; ++i) {
        ASSERT_EQ(check(verifier, stream.unsigned_next()), Verdict::not_yet) << i;
    }
    EXPECT_EQ(check(verifier, stream.unsigned_next()), Verdict::failed) << "the hundredth";
}

TEST(TsigStream, RefusesWhatAnAttackerSends) {
    struct Row {
        const char* why;
        int tampered;  // 0: the first message is unsigned, 1: a byte differs, 2: one is left out,
                       // 3: one comes twice, 4: the unsigned gap is changed, 5: signed too late
    };
    constexpr Row rows[] = {
        {"the first is unsigned", 0},          {"a byte of the second is changed", 1},
        {"the second is left out", 2},         {"the second comes twice", 3},
        {"an unsigned message is changed", 4}, {"a message is older than its fudge", 5}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        Stream stream;
        TsigStreamSigner signer = stream.signer();
        TsigStreamVerifier verifier = stream.verifier();
        if (row.tampered == 0) {
            EXPECT_EQ(check(verifier, stream.unsigned_next()), Verdict::failed);
            EXPECT_EQ(check(verifier, stream.next(signer)), Verdict::failed) << "and stays failed";
            continue;
        }
        const Written first = stream.next(signer);
        ASSERT_EQ(check(verifier, first), Verdict::verified);
        SparseSigner sparse(stream);
        sparse.start(first);
        Written second = stream.next(signer);
        const Written third = stream.next(signer);
        switch (row.tampered) {
            case 1:
                second.buffer[3] ^= 1;
                EXPECT_EQ(check(verifier, second), Verdict::failed);
                break;
            case 2: EXPECT_EQ(check(verifier, third), Verdict::failed); break;
            case 3:
                EXPECT_EQ(check(verifier, second), Verdict::verified);
                EXPECT_EQ(check(verifier, second), Verdict::failed);
                break;
            case 4: {
                std::vector<Written> messages = sparse.burst(1);
                messages[0].buffer[3] ^= 1;
                EXPECT_EQ(check(verifier, messages[0]), Verdict::not_yet);
                EXPECT_EQ(check(verifier, messages[1]), Verdict::failed);
                break;
            }
            default: EXPECT_EQ(check(verifier, second, some_time + 301), Verdict::failed); break;
        }
        EXPECT_FALSE(verifier.may_end());
    }
}

}  // namespace
}  // namespace kith::auth
