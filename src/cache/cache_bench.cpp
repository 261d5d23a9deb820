// What a worker pays for a cached answer: read the query, hash the name, look it up, copy the
// answer, age it. Names
// are asked in random order; among 100,000 the table does not fit the processor's cache, and the
// misses are part of the figure. Expected: below 150 ns for 1,000 names.

#include <benchmark/benchmark.h>

#include <string>

#include "base/rng.hpp"
#include "cache/cache.hpp"
#include "dns/rdata.hpp"

namespace {

using namespace kith;

struct World {
    cache::Cache cache{{}};
    std::vector<std::uint8_t> wire;  // all queries, end to end
    std::vector<std::uint32_t> starts;
    Time now = Time{} + 1h;

    explicit World(std::size_t count) {
        std::vector<std::uint8_t> buffer(65535);
        dns::MessageBuilder builder;
        for (std::size_t i = 0; i < count; ++i) {
            const dns::Name name =
                *dns::Name::from_text("host" + std::to_string(i) + ".example.com");
            const dns::LookupName lookup(name);
            builder.start(buffer, buffer.size());
            builder.add_question(name, dns::RrType::A, dns::RrClass::IN);
            const Bytes query = builder.finish();
            starts.push_back(static_cast<std::uint32_t>(wire.size()));
            wire.insert(wire.end(), query.begin(), query.end());
            const std::uint8_t rdata[4] = {192, 0, 2, 1};
            builder.add_record(dns::Section::answer, name, dns::RrType::A, dns::RrClass::IN, 300,
                               rdata);
            cache.store(now, {lookup, dns::RrType::A, dns::RrClass::IN, {}},
                        *cache::Answer::from_message(builder.finish()));
        }
        starts.push_back(static_cast<std::uint32_t>(wire.size()));
    }
    Bytes pick(kith::SeededRng& rng) const {
        const std::uint32_t i = rng.below(static_cast<std::uint32_t>(starts.size() - 1));
        return Bytes(wire).subspan(starts[i], starts[i + 1] - starts[i]);
    }
};

void answer_from_cache(benchmark::State& state) {
    World world(static_cast<std::size_t>(state.range(0)));
    std::vector<std::uint8_t> buffer(1232);
    dns::MessageBuilder builder;
    SeededRng rng(1);
    dns::LookupName name;
    for (auto _ : state) {
        const Bytes message = world.pick(rng);
        const auto query = dns::read_query(message);
        name.assign(dns::NameView::unchecked(query->qname));
        builder.start_response(buffer, buffer.size(), message, *query);
        const cache::Found found =
            world.cache.find(world.now + 7s, {name, query->qtype, query->qclass, {}});
        cache::write_answer(found.answer, world.now + 7s, cache::Place::question, builder);
        benchmark::DoNotOptimize(builder.finish().data());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(answer_from_cache)->Arg(1000)->Arg(100'000);

void read_and_find_only(benchmark::State& state) {
    World world(static_cast<std::size_t>(state.range(0)));
    SeededRng rng(1);
    dns::LookupName name;
    for (auto _ : state) {
        const auto query = dns::read_query(world.pick(rng));
        name.assign(dns::NameView::unchecked(query->qname));
        benchmark::DoNotOptimize(
            world.cache.find(world.now, {name, dns::RrType::A, dns::RrClass::IN, {}}));
    }
}
BENCHMARK(read_and_find_only)->Arg(1000)->Arg(100'000);

}  // namespace
