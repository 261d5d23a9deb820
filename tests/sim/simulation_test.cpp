// Many hosts that come, go, sleep, change and clash, in bad weather; then calm. Under every seed:
//
//   unique names are unique once it is calm           whoever browses sees what is there
//   nothing is multicast more than once a second      nothing is said once nobody asks

#include <algorithm>

#include <gtest/gtest.h>

#include "dns/rdata.hpp"
#include "world.hpp"

namespace kith::sim {
namespace {

using dns::RrType;

dns::Name name(const std::string& text) { return *dns::Name::from_text(text); }
std::vector<std::uint8_t> rdata(RrType type, const std::string& text) {
    return *dns::rdata_from_text(type, text);
}
std::vector<std::uint8_t> wire(dns::NameView of) { return {of.wire().begin(), of.wire().end()}; }

constexpr const char* service_type = "_demo._tcp.local.";

/// What one host does in a simulation.
struct Actor {
    mdns::RegistrationId host = 0;
    std::vector<mdns::RegistrationId> services;
    std::vector<mdns::QueryId> browses;
    int generation = 0;
};

class Simulation {
public:
    Simulation(std::uint64_t seed, std::size_t hosts) : world_(seed), actors_(hosts) {
        const std::size_t segments = 1 + world_.rng().below(2);
        for (std::size_t i = 0; i < segments; ++i) world_.add_segment();
        if (segments > 1) world_.bridge(0, 1);
        world_.set_weather({.loss_percent = world_.rng().below(25),
                            .repeat_percent = world_.rng().below(10),
                            .delay_min = 0ms,
                            .delay_max = std::chrono::milliseconds(1 + world_.rng().below(60))});
        for (std::size_t i = 0; i < hosts; ++i) {
            world_.add_host();
            const auto families = world_.rng().below(3) == 0 ? Families::v4_and_v6 : Families::v4;
            world_.plug(i, world_.rng().below(static_cast<std::uint32_t>(segments)), families);
            set_host(i);
            if (world_.rng().below(2) == 0) add_service(i);
            if (world_.rng().below(3) == 0) browse(i);
        }
    }

    void chaos(int steps) {
        for (int i = 0; i < steps; ++i) {
            world_.run(std::chrono::milliseconds(world_.rng().below(3000)));
            disturb(world_.rng().below(static_cast<std::uint32_t>(actors_.size())));
        }
    }

    /// Good weather, everything plugged in, and a reason to look again for everybody.
    void calm() {
        world_.run(2s);
        world_.set_weather({});
        for (std::size_t i = 0; i < actors_.size(); ++i) {
            world_.set_group(i, 0);
            if (!world_.host(i).plugs[0].is_in) world_.replug(i, 1);
        }
        world_.run(3s);
        for (std::size_t i = 0; i < actors_.size(); ++i) {
            wake(i);
            world_.run(std::chrono::milliseconds(world_.rng().below(400)));
        }
        world_.run(3min);
    }

    void check() {
        std::map<dns::Name, std::size_t> owners;
        std::set<std::string> services;
        for (std::size_t i = 0; i < actors_.size(); ++i) {
            const World::Host& host = world_.host(i);
            EXPECT_EQ(host.established.size(), 1 + actors_[i].services.size())
                << "host " << i << " holds its names";
            for (const auto& [id, owned] : host.established) {
                const auto [other, is_new] = owners.emplace(owned.lowered(), i);
                EXPECT_TRUE(is_new)
                    << owned.to_text() << " is held by host " << i << " and host " << other->second;
                if (id != actors_[i].host) services.insert(std::string(as_text(owned.wire())));
            }
        }
        for (std::size_t i = 0; i < actors_.size(); ++i) {
            for (const mdns::QueryId query : actors_[i].browses) check_found(i, query, services);
        }
        for (const std::string& complaint : world_.complaints()) ADD_FAILURE() << complaint;
    }

    void check_silence() {
        for (std::size_t i = 0; i < actors_.size(); ++i) {
            for (const mdns::QueryId query : actors_[i].browses)
                world_.with(i, [&](mdns::Engine& engine, Time) { engine.stop_query(query); });
        }
        world_.run(2s);
        const std::uint64_t before = world_.packets();
        world_.run(3h);
        EXPECT_EQ(world_.packets(), before) << "nobody asks, nothing changes: nothing is said";
        for (std::size_t i = 0; i < actors_.size(); ++i)
            EXPECT_EQ(world_.host(i).engine.cached_records(1), 0U) << i;
    }

    World& world() { return world_; }

private:
    void check_found(std::size_t i, mdns::QueryId query, const std::set<std::string>& services) {
        const std::set<std::string>& found = world_.host(i).found[query];
        for (const std::string& service : services)
            EXPECT_TRUE(found.contains(service))
                << "host " << i << " does not see "
                << dns::NameView::unchecked(as_bytes(service)).to_text();
        for (const std::string& service : found)
            EXPECT_TRUE(services.contains(service))
                << "host " << i << " still sees "
                << dns::NameView::unchecked(as_bytes(service)).to_text();
    }

    void set_host(std::size_t i) {
        // A few names for many hosts: they clash.
        const std::string label =
            "box" +
            std::to_string(world_.rng().below(1 + static_cast<std::uint32_t>(actors_.size()) / 3));
        actors_[i].host = world_.with(i, [&](mdns::Engine& engine, Time now) {
            return *engine.set_host(now, name(label + ".local."));
        });
    }

    void add_service(std::size_t i) {
        const std::string instance =
            "svc" +
            std::to_string(world_.rng().below(1 + static_cast<std::uint32_t>(actors_.size()) / 3)) +
            "." + service_type;
        const std::string port = std::to_string(1000 + i * 10 + actors_[i].services.size());
        mdns::RegistrationRequest request;
        request.rename = mdns::RenameStyle::instance;
        const auto add = [&](const std::string& owner, RrType type, std::vector<std::uint8_t> data,
                             mdns::Ownership ownership) {
            request.records.push_back({{name(owner), type, dns::RrClass::IN, 0, std::move(data)},
                                       ownership,
                                       mdns::any_interface});
        };
        world_.with(i, [&](mdns::Engine& engine, Time now) {
            const dns::Name host = engine.registered_name(actors_[i].host);
            add(instance, RrType::SRV, rdata(RrType::SRV, "0 0 " + port + " " + host.to_text()),
                mdns::Ownership::unique);
            add(instance, RrType::TXT, rdata(RrType::TXT, "\"v=0\""), mdns::Ownership::unique);
            add(service_type, RrType::PTR, wire(name(instance)), mdns::Ownership::shared);
            add("_services._dns-sd._udp.local.", RrType::PTR, wire(name(service_type)),
                mdns::Ownership::shared);
            const auto id = engine.add_registration(now, request);
            if (id) actors_[i].services.push_back(*id);
        });
    }

    void browse(std::size_t i) {
        mdns::QueryRequest request;
        request.name = name(service_type);
        request.type = RrType::PTR;
        actors_[i].browses.push_back(world_.with(
            i, [&](mdns::Engine& engine, Time now) { return engine.start_query(now, request); }));
    }

    void wake(std::size_t i) {
        world_.with(i, [&](mdns::Engine& engine, Time now) { engine.on_wake(now); });
    }

    void disturb(std::size_t i) {
        Actor& actor = actors_[i];
        const bool is_in = world_.host(i).plugs[0].is_in;
        switch (world_.rng().below(9)) {
            case 0: is_in ? world_.unplug(i, 1) : world_.replug(i, 1); break;
            case 1: wake(i); break;
            case 2: add_service(i); break;
            case 3:
                if (actor.services.empty()) break;
                world_.with(i, [&](mdns::Engine& engine, Time now) {
                    engine.remove_registration(now, actor.services.back());
                });
                actor.services.pop_back();
                break;
            case 4:
                if (actor.services.empty()) break;
                world_.with(i, [&](mdns::Engine& engine, Time now) {
                    const std::string text = "\"v=" + std::to_string(++actor.generation) + "\"";
                    return engine.update_record(now, actor.services[0], 1, rdata(RrType::TXT, text))
                        .has_value();
                });
                break;
            case 5: world_.set_group(i, static_cast<int>(world_.rng().below(2))); break;
            case 6: world_.renumber(i, 1); break;
            case 7:
                if (actor.browses.size() < 2) browse(i);
                break;
            case 8: world_.set_group(i, 0); break;
        }
    }

    World world_;
    std::vector<Actor> actors_;
};

void simulate(std::uint64_t seed, std::size_t hosts, int steps) {
    SCOPED_TRACE("KITH_SEED=" + std::to_string(seed));
    Simulation simulation(seed, hosts);
    simulation.chaos(steps);
    simulation.calm();
    simulation.check();
    simulation.check_silence();
}

TEST(Simulation, HoldsItsPromisesUnderEverySeed) {
    for (const std::uint64_t seed : seeds(200)) {
        SeededRng rng(seed);
        simulate(seed, 2 + rng.below(9), 30);
        if (HasFailure()) return;  // the first one is the one to look at
    }
}

struct Failed {
    std::uint64_t seed;
    const char* why;
};
constexpr Failed failed_once[] = {
    {173, "a record withdrawn and registered again within a second was said twice in it"},
    {253, "a service that lost its name said goodbye to the type of two others"},
    {555, "two that lost their names said goodbye to their type twice"},
    {2041, "one that lost its name said goodbye to the type of one that was asking for its own"},
};

TEST(Simulation, HoldsThemUnderSeedsThatFailedOnce) {
    for (const Failed& failed : failed_once) {
        SCOPED_TRACE(failed.why);
        SeededRng rng(failed.seed);
        simulate(failed.seed, 2 + rng.below(9), 30);
    }
}

TEST(Simulation, HoldsThemAmongManyHosts) { simulate(4711, 60, 60); }

// All of them start at once with one name, as a shelf of new devices does.
TEST(Simulation, TwoHundredHostsOfOneNameFindTwoHundredNames) {
    World world(1);
    world.add_segment();
    for (std::size_t i = 0; i < 200; ++i) {
        world.add_host();
        world.plug(i, 0);
        world.with(i, [&](mdns::Engine& engine, Time now) {
            return engine.set_host(now, name("device.local.")).has_value();
        });
    }
    world.run(20min);
    std::set<dns::Name> names;
    for (std::size_t i = 0; i < 200; ++i) {
        ASSERT_EQ(world.host(i).established.size(), 1U) << i;
        names.insert(world.host(i).established.begin()->second);
    }
    EXPECT_EQ(names.size(), 200U);
    for (const std::string& complaint : world.complaints()) ADD_FAILURE() << complaint;
}

}  // namespace
}  // namespace kith::sim
