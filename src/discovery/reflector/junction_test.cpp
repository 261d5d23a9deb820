#include "discovery/reflector/junction.hpp"

#include <gtest/gtest.h>

#include "discovery/mdns/test_bench.hpp"

namespace kith::discovery::reflector {
namespace {

using mdns::test::from;
using mdns::test::message;
using mdns::test::Message;
using mdns::test::query;
using mdns::test::response;

/// vlan1 (1) is 192.0.2.0/24, vlan2 (2) 198.51.100.0/24; services of each are shown on the other.
class JunctionTest : public testing::Test {
protected:
    JunctionTest() {
        junction.set_reflector(&reflector);
        const char* const networks[] = {"192.0.2.1/24", "198.51.100.1/24"};
        for (mdns::InterfaceId id = 1; id <= 2; ++id) {
            const mdns::LinkConfig link{{mdns::test::prefix(networks[id - 1])}, 1500};
            engine.set_link(now, id, IpFamily::v4, link);
            reflector.set_link(id, "vlan" + std::to_string(id), IpFamily::v4, link);
        }
    }
    std::vector<Message> hear(const mdns::PacketInfo& info, const Message& bytes) {
        junction.on_packet(now, info, bytes);
        std::vector<Message> out;
        while (const auto transmit = junction.poll_transmit(now))
            out.emplace_back(transmit->message.begin(), transmit->message.end());
        return out;
    }

    SeededRng rng{7};
    Time now = Time{} + 1h;
    mdns::Engine engine{{}, rng};
    Reflector reflector{{{{{"vlan1"}, {"vlan2"}, {}}, {{"vlan2"}, {"vlan1"}, {}}}}, rng};
    Junction junction{engine};
};

TEST_F(JunctionTest, GivesAPacketToBoth) {
    EXPECT_EQ(hear(from(1, "192.0.2.20"), response({"an a.local. 120! A 192.0.2.20"})).size(), 1U);
    EXPECT_EQ(engine.stats().responses_in, 1U);
    EXPECT_EQ(reflector.stats().packets_in, 1U);
    hear(from(1, "192.0.2.20"), {1, 2, 3});
    EXPECT_EQ(engine.stats().malformed, 1U);
    EXPECT_EQ(reflector.stats().malformed, 1U);
    junction.set_reflector(nullptr);
    EXPECT_TRUE(hear(from(1, "192.0.2.20"), response({"an b.local. 120! A 192.0.2.20"})).empty());
    EXPECT_EQ(engine.stats().responses_in, 2U);
}

TEST_F(JunctionTest, KeepsRepliesToTheReflectorFromTheEngine) {
    const auto asked = hear(from(2, "198.51.100.20", 40000), query({"q a.local. A"}));
    ASSERT_EQ(asked.size(), 1U);
    mdns::PacketInfo reply = from(1, "192.0.2.20");
    reply.destination = mdns::Destination::unicast;
    reply.socket = mdns::SocketKind::one_shot;
    const std::uint64_t before = engine.stats().packets_in;
    const std::uint16_t id = dns::read_header(asked[0])->id;
    EXPECT_EQ(hear(reply, message({dns::Header::qr, id}, {"an a.local. 120 A 192.0.2.20"})).size(),
              1U);
    EXPECT_EQ(engine.stats().packets_in, before);
    hear(reply, message({dns::Header::qr, 0}, {"an a.local. 120 A 192.0.2.20"}));
    EXPECT_EQ(engine.stats().packets_in, before + 1) << "perhaps a reply to the engine's";
}

// At the reflector's full rate on both links, until it is over.
TEST_F(JunctionTest, KnowsWhatIsReflectedWhenItComesBack) {
    Message first;
    int number = 0;
    const auto flood = [&](mdns::InterfaceId id, const std::string& network) {
        for (int host = 2; host < 12; ++host) {
            const auto sent =
                hear(from(id, network + std::to_string(host)),
                     response({"an x" + std::to_string(number++) + ".local. 120 A 192.0.2.20"}));
            if (first.empty() && !sent.empty()) first = sent[0];
        }
    };
    hear(from(1, "192.0.2.20"), response({"an a.local. 120 A 192.0.2.20"}));
    const Time start = now;
    while (now < start + mdns::sent_digest_life - 200ms) {
        flood(1, "192.0.2.");
        flood(2, "198.51.100.");
        now += 50ms;
    }
    ASSERT_GT(reflector.stats().packets_out, 3500U);
    const std::uint64_t before = engine.stats().echoes;
    hear(from(2, "198.51.100.99"), first);
    EXPECT_EQ(engine.stats().echoes, before + 1);
}

}  // namespace
}  // namespace kith::discovery::reflector
