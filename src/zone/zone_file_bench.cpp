// What loading a large zone costs: a million A and AAAA lines, as an address plan or an export of
// a registry has them. Reference figures: reading alone below 0.1 s on one core, with building the
// zone below 0.5 s.

#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "zone/zone_file_load.hpp"

namespace kith::zone {
namespace {

constexpr int lines = 1'000'000;

/// Names of varying length under 1,000 subdomains, every third an AAAA.
std::string make_file() {
    std::string out =
        "$TTL 3600\n"
        "@ IN SOA ns hostmaster 1 7200 600 3600000 60\n"
        "@ IN NS ns\n"
        "ns IN A 192.0.2.1\n";
    out.reserve(std::size_t{50} * lines);
    const auto to = std::back_inserter(out);
    for (int i = 0; i < lines; ++i) {
        if (i % 3 == 2) {
            fmt::format_to(to, "host-{}.net-{} 3600 IN AAAA 2001:db8:{:x}::{:x}\n", i, i % 1000,
                           i >> 16, i & 0xffff);
        } else {
            fmt::format_to(to, "host-{}.net-{} 3600 IN A 10.{}.{}.{}\n", i, i % 1000, i >> 16,
                           i >> 8 & 255, i & 255);
        }
    }
    return out;
}

const std::string& file() {
    static const std::string text = make_file();
    return text;
}

const dns::Name& apex() {
    static const dns::Name name = *dns::Name::from_text("example.com.");
    return name;
}

void read_lines(benchmark::State& state, AddressLines way) {
    const ZoneFileOptions options{.file = "bench",
                                  .origin = apex(),
                                  .klass = dns::RrClass::IN,
                                  .default_ttl = {},
                                  .address_lines = way};
    std::size_t bytes = 0;
    for (auto _ : state) {
        ProblemList problems;
        read_zone_file(
            file(), options, {},
            [&](const FileRecord& record) {
                bytes += record.rdata.size();
                return Reading::go_on;
            },
            problems);
        if (problems.errors() != 0) state.SkipWithError("the file has errors");
    }
    benchmark::DoNotOptimize(bytes);
    state.SetItemsProcessed(state.iterations() * lines);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(file().size()));
}

void read_address_lines(benchmark::State& state) { read_lines(state, AddressLines::fast); }
BENCHMARK(read_address_lines)->Unit(benchmark::kMillisecond);

// The same lines by the way all other types take.
void read_lines_carefully(benchmark::State& state) { read_lines(state, AddressLines::careful); }
BENCHMARK(read_lines_carefully)->Unit(benchmark::kMillisecond);

void load_million(benchmark::State& state) {
    for (auto _ : state) {
        LoadResult loaded =
            load_zone(file(), {.file = "bench",
                               .apex = apex(),
                               .advice = state.range(0) == 0 ? Advice::omit : Advice::give});
        if (!loaded.zone) state.SkipWithError("the zone does not load");
        state.PauseTiming();
        loaded.zone.reset();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * lines);
}
BENCHMARK(load_million)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kith::zone
