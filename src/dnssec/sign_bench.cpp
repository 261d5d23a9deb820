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

void BM_SignZone(benchmark::State& state) {
    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::ECDSAP256SHA256);
    SigningPolicy policy;
    policy.denial = state.range(0) == 0 ? Denial::nsec : Denial::nsec3;
    const zone::ZonePtr zone = make_zone();
    auto signer = ZoneSigner::make(zone->apex(), use_by_flags({ZoneKey(ksk_flags, *key)}), policy);
    SeededRng rng(1);
    std::size_t signatures = 0;
    for (auto _ : state) {
        signatures = 0;
        const auto change = signer->sign(*zone, now, rng);
        for (const zone::Record& record : change->added) signatures += record.type == RrType::RRSIG;
    }
    const double raw = raw_seconds(*key, signatures);
    state.counters["signatures"] = static_cast<double>(signatures);
    state.counters["raw_s"] = raw;
    state.counters["us_each"] = benchmark::Counter(
        static_cast<double>(signatures) * 1e-6,
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    state.SetLabel(policy.denial == Denial::nsec ? "nsec" : "nsec3");
}
BENCHMARK(BM_SignZone)->Arg(0)->Arg(1)->Unit(benchmark::kSecond)->Iterations(1);

void BM_ResignOneName(benchmark::State& state) {
    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::ECDSAP256SHA256);
    SigningPolicy policy;
    policy.denial = state.range(0) == 0 ? Denial::nsec : Denial::nsec3;
    const zone::ZonePtr zone = make_zone();
    auto signer = ZoneSigner::make(zone->apex(), use_by_flags({ZoneKey(ksk_flags, *key)}), policy);
    SeededRng rng(1);
    const auto served = signer->signed_zone(*zone, now, rng);
    const Name owner = *Name::from_text("new.example.");
    const zone::ZoneChange change{
        zone->apex(), 1, 2, {}, {{owner, RrType::A, 300, {10, 1, 1, 1}, {}}}};
    const auto after = zone::apply_change(*served, change);
    for (auto _ : state) benchmark::DoNotOptimize(signer->resign(**after, change, {}, now, rng));
    state.SetLabel(policy.denial == Denial::nsec ? "nsec" : "nsec3");
}
BENCHMARK(BM_ResignOneName)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

/// Names that go all at once, as with a file that was emptied: each name's cost must not depend on how many
/// others go.
void BM_ResignNamesGone(benchmark::State& state) {
    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::ECDSAP256SHA256);
    SigningPolicy policy;
    policy.denial = state.range(0) == 0 ? Denial::nsec : Denial::nsec3;
    const zone::ZonePtr zone = make_zone();
    auto signer = ZoneSigner::make(zone->apex(), use_by_flags({ZoneKey(ksk_flags, *key)}), policy);
    SeededRng rng(1);
    const auto served = signer->signed_zone(*zone, now, rng);
    zone::ZoneChange change{zone->apex(), 1, 2, {}, {}};
    for (int i = 0; i < state.range(1); ++i) {
        const std::vector<std::uint8_t> address{10, 0, static_cast<std::uint8_t>(i >> 8),
                                                static_cast<std::uint8_t>(i)};
        change.removed.push_back({*Name::from_text("host" + std::to_string(i) + ".example."),
                                  RrType::A,
                                  300,
                                  address,
                                  {}});
    }
    const auto after = zone::apply_change(*served, change);
    for (auto _ : state) benchmark::DoNotOptimize(signer->resign(**after, change, {}, now, rng));
    state.counters["us_each"] = benchmark::Counter(
        static_cast<double>(state.range(1)) * 1e-6,
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    state.SetLabel(policy.denial == Denial::nsec ? "nsec" : "nsec3");
}
BENCHMARK(BM_ResignNamesGone)
    ->Args({0, 4000})
    ->Args({1, 4000})
    ->Args({0, hosts})
    ->Args({1, hosts})
    ->Unit(benchmark::kSecond)
    ->Iterations(1);

void BM_Nsec3Hash(benchmark::State& state) {
    Nsec3Hasher hasher({static_cast<std::uint16_t>(state.range(0)), {}});
    const Name name = *Name::from_text("some.host.example.org.");
    for (auto _ : state) benchmark::DoNotOptimize(hasher.hash(name));
}
BENCHMARK(BM_Nsec3Hash)->Arg(0)->Arg(10);

}  // namespace
}  // namespace kith::dnssec
