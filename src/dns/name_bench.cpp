// What names cost on a query's way, with the figure expected on one core of a server from 2023.

#include <vector>

#include <benchmark/benchmark.h>

#include "dns/name.hpp"
#include "dns/name_hash.hpp"

namespace kith::dns {
namespace {

const char* const names[] = {"lan.", "www.example.com.",
                             "Very-Long-Host-Name-0123456789.floor2.building7.Campus.example.com."};

// Lower-casing and hashing all suffixes of the question. Expected: below 20 ns for three labels.
void assign_lookup_name(benchmark::State& state) {
    const Name name = *Name::from_text(names[state.range(0)]);
    LookupName lookup;
    for (auto _ : state) {
        lookup.assign(name);
        benchmark::DoNotOptimize(lookup);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(assign_lookup_name)->DenseRange(0, 2);

// The owner of an answer: three labels, one pointer. Expected: below 45 ns.
void read_compressed_name(benchmark::State& state) {
    const std::vector<std::uint8_t> message = {7,   'e', 'x', 'a', 'm', 'p', 'l', 'e', 4,    'h',
                                               'o', 'm', 'e', 0,   3,   'n', 'a', 's', 0xc0, 0};
    for (auto _ : state) {
        Reader reader{message, 14};
        auto name = read_name(reader);
        benchmark::DoNotOptimize(name);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_compressed_name);

// An owner of a master file. Expected: below 60 ns.
void name_from_text(benchmark::State& state) {
    const Name origin = *Name::from_text("example.com.");
    for (auto _ : state) {
        auto name = Name::from_text("host-000123", origin);
        benchmark::DoNotOptimize(name);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(name_from_text);

// Expected: below 15 ns.
void compare_equal_names(benchmark::State& state) {
    const Name a = *Name::from_text("www.example.com."), b = *Name::from_text("WWW.example.com.");
    for (auto _ : state) benchmark::DoNotOptimize(a == b);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(compare_equal_names);

}  // namespace
}  // namespace kith::dns
