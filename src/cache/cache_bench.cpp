// What a worker pays for a cached answer: look up, copy, age. The question is parsed and hashed
// already. Expected: below 150 ns for each, misses of the processor's cache included.

#include <benchmark/benchmark.h>

#include <string>

#include "base/rng.hpp"
#include "cache/cache.hpp"
#include "dns/rdata.hpp"

namespace {

using namespace kith;

struct World {
    cache::Cache cache{{}};
    std::vector<dns::LookupName> names;
    Time now = Time{} + 1h;

    explicit World(std::size_t count) : names(count) {
        std::vector<std::uint8_t> buffer(65535);
        dns::MessageBuilder builder;
        for (std::size_t i = 0; i < count; ++i) {
            const dns::Name name = *dns::Name::from_text("host" + std::to_string(i) + ".example.com");
            names[i].assign(name);
            builder.start(buffer, buffer.size());
            builder.add_question(name, dns::RrType::A, dns::RrClass::IN);
            const std::uint8_t rdata[4] = {192, 0, 2, 1};
            builder.add_record(dns::Section::answer, name, dns::RrType::A, dns::RrClass::IN, 300, rdata);
            cache.store(now, {names[i], dns::RrType::A, dns::RrClass::IN, {}}, *cache::Answer::from_message(builder.finish()));
        }
    }
};

void answer_from_cache(benchmark::State& state) {
    World world(static_cast<std::size_t>(state.range(0)));
    std::vector<std::uint8_t> buffer(1232);
    dns::MessageBuilder builder;
    SeededRng rng(1);
    const auto count = static_cast<std::uint32_t>(world.names.size());
    for (auto _ : state) {
        const dns::LookupName& name = world.names[rng.below(count)];
        builder.start(buffer, buffer.size());
        builder.add_question(name.view(), dns::RrType::A, dns::RrClass::IN);
        const cache::Found found = world.cache.find(world.now + 7s, {name, dns::RrType::A, dns::RrClass::IN, {}});
        cache::write_answer(found.answer, world.now + 7s, cache::Place::question, builder);
        benchmark::DoNotOptimize(builder.finish().data());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(answer_from_cache)->Arg(1000)->Arg(100'000);

void find_only(benchmark::State& state) {
    World world(static_cast<std::size_t>(state.range(0)));
    SeededRng rng(1);
    const auto count = static_cast<std::uint32_t>(world.names.size());
    for (auto _ : state) {
        const dns::LookupName& name = world.names[rng.below(count)];
        benchmark::DoNotOptimize(world.cache.find(world.now, {name, dns::RrType::A, dns::RrClass::IN, {}}));
    }
}
BENCHMARK(find_only)->Arg(1000)->Arg(100'000);

}  // namespace
