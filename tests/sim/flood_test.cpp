// A host that sends whatever hurts: the others stay within their bounds and keep working.

#include <gtest/gtest.h>

#include "discovery/mdns/limits.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"
#include "world.hpp"

namespace kith::sim {
namespace {

using dns::RrType;
using dns::Section;

dns::Name name(const std::string& text) { return *dns::Name::from_text(text); }

class Flood {
public:
    explicit Flood(SeededRng& rng) : rng_(rng) {}

    std::vector<std::uint8_t> next() {
        builder_.start(buffer_, 1400);
        builder_.header().flags = flags();
        while (builder_.room() > 300 && add()) {
        }
        const Bytes done = builder_.finish();
        std::vector<std::uint8_t> out(done.begin(), done.end());
        // Some are broken on top.
        if (rng_.below(4) == 0)
            out[rng_.below(static_cast<std::uint32_t>(out.size()))] ^=
                static_cast<std::uint8_t>(1U << rng_.below(8));
        return out;
    }

private:
    std::uint16_t flags() {
        switch (rng_.below(4)) {
            case 0: return dns::Header::qr | dns::Header::aa;
            case 1: return dns::Header::tc;
            case 2: return 0;
            default: return dns::Header::qr;
        }
    }
    dns::Name some_name() {
        switch (rng_.below(5)) {
            case 0: return name("box.local.");
            case 1: return name("_http._tcp.local.");
            case 2: return name("web._http._tcp.local.");
            default: return name("f" + std::to_string(rng_.next()) + ".local.");
        }
    }
    bool add() {
        const auto flush = static_cast<dns::RrClass>(rng_.below(2) == 0 ? 0x8001 : 1);
        const bool wants_question = rng_.below(3) == 0;
        if (wants_question && builder_.header().counts[1] == 0 && builder_.header().counts[2] == 0)
            return builder_.add_question(some_name(),
                                         rng_.below(2) == 0 ? RrType::ANY : RrType::PTR, flush);
        const auto section = builder_.header().counts[2] == 0 && rng_.below(8) != 0
                                 ? Section::answer
                                 : Section::authority;
        if (rng_.below(2) == 0) {
            const dns::Name target = some_name();
            return builder_.add_record(section, some_name(), RrType::PTR, flush, rng_.below(5000),
                                       target.wire());
        }
        const std::uint8_t address[4] = {10, 0, 6, static_cast<std::uint8_t>(rng_.below(256))};
        return builder_.add_record(section, some_name(), RrType::A, flush, rng_.below(5000),
                                   address);
    }

    SeededRng& rng_;
    std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(1400);
    dns::MessageBuilder builder_;
};

TEST(Flood, LeavesEverythingBoundedAndWorking) {
    for (const std::uint64_t seed : seeds(2)) {
        SCOPED_TRACE("KITH_SEED=" + std::to_string(seed));
        World world(seed);
        world.add_segment();
        for (std::size_t i = 0; i < 2; ++i) {
            world.add_host();
            world.plug(i, 0, Families::v4);
        }
        world.with(0, [](mdns::Engine& engine, Time now) {
            return engine.set_host(now, name("box.local.")).has_value();
        });
        const mdns::QueryId query = world.with(1, [](mdns::Engine& engine, Time now) {
            mdns::QueryRequest request;
            request.name = name("honest.local.");
            request.type = RrType::A;
            return engine.start_query(now, request);
        });
        world.run(5s);
        Flood flood(world.rng());
        const std::uint64_t before = world.packets();
        for (int i = 0; i < 6000; ++i) {
            const auto low = static_cast<std::uint8_t>(world.rng().below(250));
            const auto high = static_cast<std::uint8_t>(100 + world.rng().below(8));
            const auto port = static_cast<std::uint16_t>(world.rng().below(4) == 0 ? 40000 : 5353);
            world.inject(0, {IpAddress::v4(10, 0, high, low), port, 0}, flood.next());
            world.run(1ms);
            for (std::size_t host = 0; host < 2; ++host) {
                ASSERT_LE(world.host(host).engine.cached_records(1), mdns::cache_records_max);
                ASSERT_LE(world.host(host).engine.cached_bytes(1),
                          mdns::cache_bytes_max + (1U << 16));
            }
        }
        // Six seconds of it: what is multicast stays bounded by the rule of one second, whatever is asked.
        EXPECT_LT(world.packets() - before, 6000U);
        world.run(2min);
        world.with(0, [](mdns::Engine& engine, Time now) {
            const std::uint8_t address[4] = {10, 0, 0, 99};
            mdns::RegistrationRequest request;
            request.records = {{{name("honest.local."),
                                 RrType::A,
                                 dns::RrClass::IN,
                                 0,
                                 {std::begin(address), std::end(address)}},
                                mdns::Ownership::unique,
                                mdns::any_interface}};
            return engine.add_registration(now, request).has_value();
        });
        world.run(5s);
        EXPECT_EQ(world.host(1).found[query].size(), 1U) << "who is honest is still found";
        EXPECT_EQ(world.host(0).established.size(), 2U);
        for (const std::string& complaint : world.complaints()) ADD_FAILURE() << complaint;
        world.run(24h);
        EXPECT_EQ(world.host(0).engine.cached_records(1), 0U)
            << "and everything false is forgotten";
    }
}

}  // namespace
}  // namespace kith::sim
