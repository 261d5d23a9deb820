// Our own voice, by every way it comes back: two interfaces on one network, bridges (also two of
// them), reflectors that copy or rewrite, cloned interfaces, changed addresses. No host here has the
// name of another one: so nobody may ever be renamed.

#include <algorithm>
#include <string_view>

#include <gtest/gtest.h>

#include "dns/rdata.hpp"
#include "world.hpp"

namespace kith::sim {
namespace {

using dns::RrType;

dns::Name name(const std::string& text) { return *dns::Name::from_text(text); }

struct Scene {
    const char* what;
    void (*build)(World& world);
};

void add_plain_host(World& world, std::size_t segment) {
    const std::size_t other = world.add_host();
    world.plug(other, segment, Families::v4_and_v6);
}

constexpr Scene scenes[] = {
    {"two interfaces on one segment",
     [](World& world) {
         world.plug(0, 0, Families::v4_and_v6);
         world.plug(0, 0, Families::v4_and_v6);
     }},
    {"two segments, bridged",
     [](World& world) {
         world.plug(0, 0, Families::v4_and_v6);
         world.plug(0, 1, Families::v4_and_v6);
         world.bridge(0, 1);
     }},
    {"two segments, bridged twice",
     [](World& world) {
         world.plug(0, 0);
         world.plug(0, 1);
         world.bridge(0, 1);
         world.bridge(0, 1);
     }},
    {"a reflector that copies",
     [](World& world) {
         world.plug(0, 0);
         world.plug(0, 1);
         world.reflect(0, 1, Copies::same_bytes, 50ms);
     }},
    {"a slow reflector that rewrites",
     [](World& world) {
         world.plug(0, 0, Families::v4_and_v6);
         world.plug(0, 1, Families::v4_and_v6);
         world.reflect(0, 1, Copies::rewritten, 3s);
     }},
    {"two reflectors side by side",
     [](World& world) {
         world.plug(0, 0);
         world.plug(0, 1);
         world.reflect(0, 1, Copies::rewritten, 20ms);
         world.reflect(0, 1, Copies::same_bytes, 20ms);
     }},
    {"a reflector that sends back where it came from, as a container network does",
     [](World& world) {
         world.plug(0, 0);
         world.reflect(0, 0, Copies::rewritten, 500ms);
     }},
    {"a cloned interface with the same addresses",
     [](World& world) {
         world.plug(0, 0, Families::v4, 77);
         world.plug(0, 0, Families::v4, 77);
     }},
    {"a bridge and a reflector",
     [](World& world) {
         world.plug(0, 0);
         world.plug(0, 1);
         world.bridge(0, 1);
         world.reflect(0, 1, Copies::rewritten, 200ms);
     }},
};

void register_service(World& world) {
    world.with(0, [&](mdns::Engine& engine, Time now) {
        const dns::Name instance = name("web._http._tcp.local.");
        mdns::RegistrationRequest request;
        request.rename = mdns::RenameStyle::instance;
        request.records = {{{instance, RrType::SRV, dns::RrClass::IN, 0,
                             *dns::rdata_from_text(RrType::SRV, "0 0 80 box.local.")},
                            mdns::Ownership::unique,
                            mdns::any_interface},
                           {{instance, RrType::TXT, dns::RrClass::IN, 0, {0}},
                            mdns::Ownership::unique,
                            mdns::any_interface},
                           {{name("_http._tcp.local."),
                             RrType::PTR,
                             dns::RrClass::IN,
                             0,
                             {instance.wire().begin(), instance.wire().end()}},
                            mdns::Ownership::shared,
                            mdns::any_interface}};
        return engine.add_registration(now, request).has_value() &&
               engine.set_host(now, name("box.local.")).has_value();
    });
}

void play(const Scene& scene, std::uint64_t seed) {
    SCOPED_TRACE(std::string(scene.what) + ", KITH_SEED=" + std::to_string(seed));
    World world(seed);
    world.add_segment();
    world.add_segment();
    world.add_host();
    scene.build(world);
    add_plain_host(world, 0);
    world.set_weather({.loss_percent = world.rng().below(20),
                       .repeat_percent = 10,
                       .delay_min = 0ms,
                       .delay_max = std::chrono::milliseconds(1 + world.rng().below(50))});
    register_service(world);
    for (int i = 0; i < 25; ++i) {
        world.run(std::chrono::milliseconds(world.rng().below(4000)));
        const auto interface = static_cast<mdns::InterfaceId>(
            1 + world.rng().below(static_cast<std::uint32_t>(world.host(0).plugs.size())));
        switch (world.rng().below(5)) {
            case 0: world.renumber(0, interface); break;
            case 1:
                world.host(0).plugs[interface - 1].is_in ? world.unplug(0, interface)
                                                         : world.replug(0, interface);
                break;
            case 2:
                world.with(0, [](mdns::Engine& engine, Time now) { engine.on_wake(now); });
                break;
            case 3:
                world.with(0, [&](mdns::Engine& engine, Time now) {
                    const std::string text = "\"v=" + std::to_string(i) + "\"";
                    return engine.update_record(now, 1, 1, *dns::rdata_from_text(RrType::TXT, text))
                        .has_value();
                });
                break;
            default: break;
        }
    }
    for (std::size_t i = 0; i < world.host(0).plugs.size(); ++i) {
        if (!world.host(0).plugs[i].is_in) world.replug(0, static_cast<mdns::InterfaceId>(i + 1));
    }
    world.run(3min);  // updates that were held back for a minute, too
    EXPECT_TRUE(world.host(0).renames.empty());
    EXPECT_EQ(world.host(0).engine.stats().conflicts, 0U);
    EXPECT_EQ(world.host(0).established.size(), 2U);
    for (const std::string& complaint : world.complaints()) ADD_FAILURE() << complaint;
    const std::uint64_t before = world.packets();
    world.run(3h);
    EXPECT_EQ(world.packets(), before) << "the echo dies away";
}

TEST(Echo, NeverRenamesAnybody) {
    for (const Scene& scene : scenes) {
        for (const std::uint64_t seed : seeds(8)) {
            play(scene, seed);
            if (HasFailure()) return;
        }
    }
}

// Two interfaces said their records again and again, each for the other one's echo three seconds late.
TEST(Echo, DiesAwayThroughASlowReflector) {
    const auto scene =
        std::ranges::find(scenes, std::string_view("a slow reflector that rewrites"),
                          [](const Scene& one) { return std::string_view(one.what); });
    ASSERT_NE(scene, std::end(scenes));
    play(*scene, 555);
}

// The other side of it: a real rival is found, even between two echoes.
TEST(Echo, DoesNotHideARival) {
    for (const std::uint64_t seed : seeds(20)) {
        SCOPED_TRACE("KITH_SEED=" + std::to_string(seed));
        World world(seed);
        world.add_segment();
        world.add_segment();
        world.bridge(0, 1);
        for (std::size_t i = 0; i < 2; ++i) {
            world.add_host();
            world.plug(i, 0);
            world.plug(i, 1);
            world.with(i, [](mdns::Engine& engine, Time now) {
                return engine.set_host(now, name("box.local.")).has_value();
            });
            world.run(std::chrono::milliseconds(world.rng().below(2000)));
        }
        world.run(1min);
        ASSERT_EQ(world.host(0).established.size(), 1U);
        ASSERT_EQ(world.host(1).established.size(), 1U);
        EXPECT_NE(world.host(0).established.begin()->second,
                  world.host(1).established.begin()->second);
        EXPECT_EQ(world.host(0).renames.size() + world.host(1).renames.size(), 1U);
    }
}

}  // namespace
}  // namespace kith::sim
