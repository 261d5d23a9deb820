// Ordinary queries with TSIG, and the zones that workers give to others.

#include "server/signed_query.hpp"

#include <gtest/gtest.h>

#include "answer/answerer.hpp"
#include "auth/key_text.hpp"
#include "server/transfer_zones.hpp"
#include "transfer/transfer_query.hpp"
#include "transfer/tsig_security.hpp"
#include "zone/zone_testing.hpp"

namespace kith::server {
namespace {

using dns::Rcode;
using zone::test::name;

constexpr UnixTime at = 1'700'000'000;

std::shared_ptr<auth::KeyRing> ring_of(std::string_view key) {
    auto ring = std::make_shared<auth::KeyRing>();
    EXPECT_TRUE(ring->add(*auth::parse_key_word(key)));
    return ring;
}

class SignedQuery : public testing::Test {
protected:
    /// Asks for a SOA, signed with the client's key if there is one, and answers with `bytes` of TXT.
    Bytes ask(const auth::KeyRing* servers, UnixTime client_time, std::size_t bytes,
              std::uint16_t payload = 1232) {
        security_ = {};
        if (client_ != nullptr)
            security_ = transfer::make_query_security({client_, client_->keys().front().get()},
                                                      [client_time] { return client_time; });
        message_ = transfer::write_soa_query(7, name("example."), dns::RrClass::IN,
                                             security_.signer.get());
        // The payload stands behind the OPT's type: the only 0x0029 in the message.
        for (std::size_t i = 12; i + 4 < message_.size(); ++i) {
            if (client_ == nullptr && load_u16(&message_[i]) == 41)
                store_u16(&message_[i + 2], payload);
        }
        query_.message = message_;
        query_.client = {IpAddress::v4(192, 0, 2, 1), 5353, 0};
        query_.transport = answer::Transport::udp;
        query_.unix_now = at;
        answerer_.prepare(snapshot_, query_);
        is_maybe_signed_ = may_be_signed(query_);
        return answer_signed(query_, servers, buffer_, [&](MutableBytes room) {
            dns::MessageBuilder builder;
            builder.start_response(room, room.size(), message_, query_.view);
            std::vector<std::uint8_t> text(bytes, 'x');
            for (std::size_t i = 0; i < bytes; i += 101)
                text[i] = static_cast<std::uint8_t>(std::min<std::size_t>(100, bytes - i - 1));
            if (bytes != 0)
                builder.add_record(dns::Section::answer, name("example."), dns::RrType::TXT,
                                   dns::RrClass::IN, 1, text);
            return builder.finish();
        });
    }

    std::shared_ptr<auth::KeyRing> client_;
    transfer::Security security_;
    std::vector<std::uint8_t> message_;
    std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(4096);
    answer::AnswerSnapshot snapshot_;
    answer::Answerer answerer_;
    answer::Query query_;
    bool is_maybe_signed_ = false;
};

constexpr std::string_view key = "hmac-sha256:move.:c2VjcmV0c2VjcmV0c2VjcmV0";

TEST_F(SignedQuery, IsAnsweredSigned) {
    const auto servers = ring_of(key);
    client_ = ring_of(key);
    const Bytes reply = ask(servers.get(), at, 50);
    EXPECT_TRUE(is_maybe_signed_);
    const auto accepted = security_.verifier->accept(reply);
    // The verifier's clock is the client's, which is right.
    EXPECT_TRUE(accepted.has_value()) << accepted.error();
    EXPECT_TRUE(security_.verifier->is_covered());
    EXPECT_EQ(dns::MessageView::parse(reply)->header().counts[1], 1);
}

TEST_F(SignedQuery, WithoutASignatureNothingIsDifferent) {
    const auto servers = ring_of(key);
    const Bytes reply = ask(servers.get(), at, 50);
    EXPECT_FALSE(is_maybe_signed_) << "an OPT alone";
    EXPECT_EQ(dns::MessageView::parse(reply)->header().counts[3], 0);
}

TEST_F(SignedQuery, SaysWhatIsWrongWithTheSignature) {
    const auto servers = ring_of(key);
    const struct {
        std::string_view key;
        UnixTime time;
        std::string_view error;
    } rows[] = {
        {"hmac-sha256:other.:c2VjcmV0c2VjcmV0c2VjcmV0", at, "BADKEY"},
        {"hmac-sha256:move.:YW5vdGhlcg==", at, "BADSIG"},
        {key, at - 1000, "BADTIME"},
    };
    for (const auto& row : rows) {
        client_ = ring_of(row.key);
        const Bytes reply = ask(servers.get(), row.time, 50);
        const auto view = dns::MessageView::parse(reply);
        ASSERT_TRUE(view.has_value()) << row.error;
        EXPECT_EQ(view->rcode(), Rcode::NOTAUTH) << row.error;
        EXPECT_EQ(view->header().counts[1], 0) << row.error;
        const auto accepted = security_.verifier->accept(reply);
        ASSERT_FALSE(accepted.has_value()) << row.error;
        EXPECT_NE(accepted.error().find(row.error), std::string::npos) << accepted.error();
    }
}

TEST_F(SignedQuery, IsTruncatedWhenTheSignatureDoesNotFit) {
    const auto servers = ring_of(key);
    client_ = ring_of(key);
    const struct {
        std::size_t bytes;
        bool truncated;
    } rows[] = {{1000, false}, {1170, true}};
    for (const auto& row : rows) {
        const Bytes reply = ask(servers.get(), at, row.bytes);
        EXPECT_LE(reply.size(), 1232U);
        EXPECT_EQ(dns::read_header(reply)->has(dns::Header::tc), row.truncated) << row.bytes;
        EXPECT_TRUE(security_.verifier->accept(reply)) << "signed all the same";
    }
}

TEST_F(SignedQuery, WithoutKeysItIsAsIfUnsigned) {
    client_ = ring_of(key);
    const Bytes reply = ask(nullptr, at, 50);
    EXPECT_EQ(dns::MessageView::parse(reply)->header().counts[1], 1);
    EXPECT_EQ(dns::MessageView::parse(reply)->header().counts[3], 0);
}

TEST(TransferZones, AreFoundReplacedAndErased) {
    const auto policy = std::make_shared<const TransferPolicy>();
    const auto entry = [&policy](std::string_view apex, std::uint32_t serial) {
        TransferZone zone;
        zone.apex = name(apex);
        zone.zone = zone::test::build(
                        {zone::test::record("@ 1 SOA ns. h. " + std::to_string(serial) + " 1 1 1 1",
                                            name(apex))},
                        apex)
                        .zone;
        zone.policy = policy;
        return zone;
    };
    std::vector<TransferZone> first;
    for (int i = 0; i < 200; ++i) first.push_back(entry("z" + std::to_string(i) + ".", 1));
    TransferZones zones(std::move(first));
    const TransferZones before = zones;
    zones.put(entry("Z7.", 2));
    zones.put(entry("new.", 1));
    zones.erase(name("z8."));
    zones.erase(name("none."));
    EXPECT_EQ(zones.find(name("z7."))->zone->serial(), 2U);
    EXPECT_EQ(before.find(name("z7."))->zone->serial(), 1U)
        << "the version before stays what it was";
    EXPECT_NE(zones.find(name("NEW.")), nullptr);
    EXPECT_EQ(before.find(name("new.")), nullptr);
    EXPECT_EQ(zones.find(name("z8.")), nullptr);
    EXPECT_NE(before.find(name("z8.")), nullptr);
    EXPECT_EQ(zones.size(), 200U);
    EXPECT_EQ(TransferZones().find(name("z1.")), nullptr);
}

}  // namespace
}  // namespace kith::server
