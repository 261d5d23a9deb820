// Signing a zone of 75,000 RRsets with P-256, and in `raw_s` the seconds of as many signatures that do
// nothing else (crypto_bench has them beside the library's own calls).
//
//   build/release/dnssec_bench

#include <array>
#include <chrono>

#include <benchmark/benchmark.h>

#include "dnssec/zone_signer.hpp"
#include "zone/builder.hpp"

namespace kith::dnssec {
namespace {

constexpr UnixTime now = 1800000000;
constexpr int hosts = 37485;  // two RRsets each, A and NSEC; with the apex 75,000 or so

zone::ZonePtr make_zone() {
    const Name apex = *Name::from_text("example.");
    zone::ZoneBuilder builder(apex);
    const std::uint8_t soa[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5};
    (void)builder.add(apex, RrType::SOA, 300, soa);
    for (int i = 0; i < hosts; ++i) {
        const std::uint8_t address[] = {10, 0, static_cast<std::uint8_t>(i >> 8),
                                        static_cast<std::uint8_t>(i)};
        (void)builder.add(*Name::from_text("host" + std::to_string(i) + ".example."), RrType::A,
                          300, address);
    }
    return builder.finish().zone;
}

/// Seconds that `count` signatures of one byte take, into the same place.
double raw_seconds(const crypto::PrivateKey& key, std::size_t count) {
    crypto::Signer signer(key);
    std::array<std::uint8_t, crypto::signature_bytes_max> out;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i)
        benchmark::DoNotOptimize(signer.sign(as_bytes("x"), out));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// A zone and its signer; the benchmark's first argument is the denial.
struct Bench {
    explicit Bench(benchmark::State& state)
        : zone(make_zone()), signer(*ZoneSigner::make(zone->apex(), keys(key), policy(state))) {}
    static KeySet keys(const crypto::PrivateKey& key) {
        return use_by_flags({ZoneKey(ksk_flags, key)});
    }
    static SigningPolicy policy(benchmark::State& state) {
        SigningPolicy out;
        out.denial = state.range(0) == 0 ? Denial::nsec : Denial::nsec3;
        state.SetLabel(out.denial == Denial::nsec ? "nsec" : "nsec3");
        return out;
    }
    zone::ZonePtr served() { return *signer.signed_zone(*zone, now, rng); }

    crypto::PrivateKey key = *crypto::PrivateKey::generate(crypto::Algorithm::ECDSAP256SHA256);
    zone::ZonePtr zone;
    ZoneSigner signer;
    SeededRng rng{1};
};

benchmark::Counter us_each(double count) {
    return {count * 1e-6,
            benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert};
}

void BM_SignZone(benchmark::State& state) {
    Bench bench(state);
    std::size_t signatures = 0;
    for (auto _ : state) {
        signatures = 0;
        const auto change = bench.signer.sign(*bench.zone, now, bench.rng);
        for (const zone::Record& record : change->added) signatures += record.type == RrType::RRSIG;
    }
    state.counters["signatures"] = static_cast<double>(signatures);
    state.counters["raw_s"] = raw_seconds(bench.key, signatures);
    state.counters["us_each"] = us_each(static_cast<double>(signatures));
}
BENCHMARK(BM_SignZone)->Arg(0)->Arg(1)->Unit(benchmark::kSecond)->Iterations(1);

void BM_ResignOneName(benchmark::State& state) {
    Bench bench(state);
    const Name owner = *Name::from_text("new.example.");
    const zone::ZoneChange change{
        bench.zone->apex(), 1, 2, {}, {{owner, RrType::A, 300, {10, 1, 1, 1}, {}}}};
    const auto after = zone::apply_change(bench.served(), change);
    for (auto _ : state)
        benchmark::DoNotOptimize(bench.signer.resign(**after, change, {}, now, bench.rng));
}
BENCHMARK(BM_ResignOneName)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

/// Names that go all at once, as with a file that was emptied: each name's cost must not depend on how many
/// others go.
void BM_ResignNamesGone(benchmark::State& state) {
    Bench bench(state);
    zone::ZoneChange change{bench.zone->apex(), 1, 2, {}, {}};
    for (int i = 0; i < state.range(1); ++i) {
        const std::vector<std::uint8_t> address{10, 0, static_cast<std::uint8_t>(i >> 8),
                                                static_cast<std::uint8_t>(i)};
        change.removed.push_back({*Name::from_text("host" + std::to_string(i) + ".example."),
                                  RrType::A,
                                  300,
                                  address,
                                  {}});
    }
    const auto after = zone::apply_change(bench.served(), change);
    for (auto _ : state)
        benchmark::DoNotOptimize(bench.signer.resign(**after, change, {}, now, bench.rng));
    state.counters["us_each"] = us_each(static_cast<double>(state.range(1)));
}
BENCHMARK(BM_ResignNamesGone)
    ->Args({0, 4000})
    ->Args({1, 4000})
    ->Args({0, hosts})
    ->Args({1, hosts})
    ->Unit(benchmark::kSecond)
    ->Iterations(1);

/// The look for what is due over a zone in which nothing is: what each pass costs.
void BM_FindNothingDue(benchmark::State& state) {
    Bench bench(state);
    const zone::ZonePtr served = bench.served();
    for (auto _ : state)
        benchmark::DoNotOptimize(
            bench.signer.find_due(*served, served->apex(), now, {hosts * 3, 1}));
    state.counters["us_each"] = us_each(hosts);
}
BENCHMARK(BM_FindNothingDue)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_Nsec3Hash(benchmark::State& state) {
    Nsec3Hasher hasher({static_cast<std::uint16_t>(state.range(0)), {}});
    const Name name = *Name::from_text("some.host.example.org.");
    for (auto _ : state) benchmark::DoNotOptimize(hasher.hash(name));
}
BENCHMARK(BM_Nsec3Hash)->Arg(0)->Arg(10);

}  // namespace
}  // namespace kith::dnssec
