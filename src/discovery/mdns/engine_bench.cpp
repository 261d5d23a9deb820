// What one packet of a neighbor costs the engine, without sockets, with the figure expected on one core of a server
// from 2023. bench/discovery.py measures the whole way; most of what it measures is the kernel.

#include <vector>

#include <benchmark/benchmark.h>

#include "discovery/mdns/engine.hpp"
#include "discovery/mdns/test_bench.hpp"

namespace kith::discovery::mdns::test {
namespace {

void hear(benchmark::State& state, const Message& packet, std::uint16_t source_port) {
    Bench bench;
    bench.establish({"responder.local. 120! A 192.0.2.10"});
    const PacketInfo info = bench.from("192.0.2.20", source_port);
    for (auto _ : state) {
        bench.engine.on_packet(bench.now, info, packet);
        auto sent = bench.engine.poll_transmit();
        benchmark::DoNotOptimize(sent);
    }
    state.SetItemsProcessed(state.iterations());
}

/// The question of a simple resolver for our one address, and the reply to it. Expected: below 1 us.
void answer_simple_resolver(benchmark::State& state) {
    hear(state, query({"q responder.local. A"}), 40000);
}
BENCHMARK(answer_simple_resolver);

/// What most packets of a link are: about names that are not ours. Expected: below 0.5 us.
void pass_over_question(benchmark::State& state) {
    hear(state, query({"q printer.local. A"}), port);
}
BENCHMARK(pass_over_question);

}  // namespace
}  // namespace kith::discovery::mdns::test
