// What a hostile neighbor may try: each leaves the engine bounded, and honest neighbors served.

#include <algorithm>

#include <gtest/gtest.h>

#include "discovery/mdns/packet.hpp"
#include "discovery/mdns/test_bench.hpp"

namespace kith::discovery::mdns::test {
namespace {

std::size_t multicasts(const Bench& bench) {
    return static_cast<std::size_t>(std::ranges::count_if(bench.sent, &Sent::is_group));
}

// 6762-40: what defends a name goes four times a second at most, whoever probes and how often.
TEST(Hostile, AStormOfProbesIsAnsweredFourTimesASecond) {
    Bench bench;
    bench.establish({"box.local. 120! A 192.0.2.10"});
    SeededRng rng(3);
    for (int i = 0; i < 4000; ++i) {
        const std::string rival = "192.0.2." + std::to_string(20 + rng.below(200));
        bench.receive(bench.from(rival),
                      query({"q box.local. ANY", "ns box.local. 120 A " + rival}));
        bench.run(1ms);
    }
    EXPECT_LE(multicasts(bench), 4 * 4 + 1U);
    EXPECT_GE(multicasts(bench), 4U) << "and it is defended";
    EXPECT_EQ(bench.engine.stats().renames, 0U) << "a probe takes no name away";
    EXPECT_EQ(bench.engine.stats().conflicts, 0U);
}

// What we multicast is known when it comes back, however many simple resolvers are answered meanwhile.
TEST(Hostile, RepliesToSimpleResolversPushNothingOutOfMemory) {
    Bench bench;
    bench.establish({"box.local. 120! A 192.0.2.10"});
    bench.hear(query({"q box.local. A"}));
    ASSERT_EQ(multicasts(bench), 1U);
    const Message said = bench.sent.front().bytes;
    for (std::size_t i = 0; i < sent_digests_max; ++i)
        bench.receive(bench.from("192.0.2.30", 40'000),
                      message({0, static_cast<std::uint16_t>(i)}, {"q box.local. A"}));
    EXPECT_EQ(bench.sent.size(), 1 + sent_digests_max);
    const std::uint64_t before = bench.engine.stats().echoes;
    bench.receive(bench.from("192.0.2.77"), said);
    EXPECT_EQ(bench.engine.stats().echoes, before + 1);
}

// Who wins every tie keeps us waiting and no longer: we ask once a second, and have the name after it.
TEST(Hostile, LostTiesPutANameOffAndNoMore) {
    Bench bench;
    bench.add({"box.local. 120! A 192.0.2.10"});
    for (int i = 0; i < 10'000; ++i) {
        bench.hear(query({"q box.local. ANY QU", "ns box.local. 120 A 255.255.255.255"}));
        bench.run(1ms);
    }
    EXPECT_LE(bench.sent.size(), 12U) << "one probe a second";
    bench.run(5s);
    EXPECT_EQ(bench.kinds().back(), RegistrationEvent::Kind::established);
}

// Conflicts without end: attempts slow down (RFC 6762 §8.1), and packets with them.
TEST(Hostile, AHostThatHasEveryNameSlowsUsDown) {
    Bench bench;
    const RegistrationId id = bench.add({"box.local. 120! A 192.0.2.10"}, RenameStyle::host);
    const auto has_every_name = [&] {
        const std::string owner = bench.engine.registered_name(id).to_text();
        bench.hear(response({"an " + owner + " 120! A 192.0.2.66"}));
    };
    for (int i = 0; i < 60'000; ++i) {
        has_every_name();
        bench.run(1ms);
    }
    EXPECT_LE(bench.engine.stats().renames, 15 + 60 / 5 + 2U);
    EXPECT_LE(bench.sent.size(), 100U) << "in a minute";
    bench.run(30s);
    EXPECT_EQ(bench.kinds().back(), RegistrationEvent::Kind::established);
}

// Names that are pointers to pointers, as far back as a packet reaches.
TEST(Hostile, ChainsOfPointersEnd) {
    Message bytes(8000, 0);
    bytes[2] = 0x84;
    bytes[7] = 200;  // answers
    bytes[12] = 0;   // the root, which the first pointer points at
    std::size_t at = 13;
    std::size_t target = 12;
    for (; at + 2 < 4000; at += 2) {
        bytes[at] = static_cast<std::uint8_t>(0xc0 | target >> 8);
        bytes[at + 1] = static_cast<std::uint8_t>(target);
        target = at;
    }
    Bench bench;
    bench.establish({"box.local. 120! A 192.0.2.10"});
    for (int i = 0; i < 100; ++i) bench.hear(bytes);
    EXPECT_EQ(bench.engine.stats().malformed, 100U);
    Message loop = query({"q box.local. A"});
    loop[12] = 0xc0;
    loop[13] = 12;  // at itself
    bench.hear(loop);
    EXPECT_EQ(bench.engine.stats().malformed, 101U);
    bench.hear(query({"q box.local. A"}));
    EXPECT_EQ(multicasts(bench), 1U) << "who is honest is answered";
}

// RDATA of a type that only the Internet class defines is anything in another class; a link has the
// Internet class alone, with or without the top bit.
TEST(Hostile, RecordsOfOtherClassesAreLeftOut) {
    struct Row {
        dns::RrType type;
        std::uint16_t klass;
        Message rdata;
        bool is_read;
    };
    const Row rows[] = {
        {dns::RrType::A, 1, {192, 0, 2, 1}, true}, {dns::RrType::A, 0x8001, {192, 0, 2, 1}, true},
        {dns::RrType::A, 1, {192, 0, 2}, false},   {dns::RrType::A, 3, {1}, false},
        {dns::RrType::A, 0x8003, {1}, false},      {dns::RrType::A, 4, {192, 0, 2, 1}, false},
        {dns::RrType::PX, 3, {1}, false},          {dns::RrType::PX, 0x8004, {0, 1, 0xff}, false},
        {dns::RrType::KX, 3, {0, 1, 0, 9}, false}, {dns::RrType::TXT, 255, {0}, false},
        {dns::RrType::TXT, 254, {}, false},        {dns::RrType::TXT, 0, {0}, false},
    };
    for (const Row& row : rows) {
        Message buffer(512);
        dns::MessageBuilder builder;
        builder.start(buffer, buffer.size());
        builder.add_record(dns::Section::answer, name("x.local."), row.type,
                           static_cast<dns::RrClass>(row.klass), 120, row.rdata);
        Packet packet;
        ASSERT_TRUE(packet.read(builder.finish()));
        EXPECT_EQ(packet.records().size(), row.is_read ? 1U : 0U)
            << dns::type_name(row.type) << " in class " << row.klass;
    }
}

// Off the link, or forged to be from us: no answer to a unicast query, and no rename.
TEST(Hostile, ForgedAddressesGetNothing) {
    Bench bench;
    bench.establish({"box.local. 120! A 192.0.2.10"});
    bench.receive(bench.from("203.0.113.9", 40000), query({"q box.local. A"}));
    PacketInfo direct = bench.from("203.0.113.9");
    direct.destination = Destination::unicast;
    bench.receive(direct, query({"q box.local. A"}));
    bench.receive(direct, response({"an box.local. 120! A 203.0.113.9"}));
    bench.run(1s);
    EXPECT_TRUE(bench.sent.empty());
    EXPECT_EQ(bench.engine.stats().ignored_off_link, 3U);
    EXPECT_EQ(bench.engine.stats().conflicts, 0U);
}

}  // namespace
}  // namespace kith::discovery::mdns::test
