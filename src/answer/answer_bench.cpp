// What a worker pays for a query from its bytes to the bytes of its answer, in batches of 64 as
// the UDP loop hands them over. Expected on the reference machine: hosts below 140 ns.

#include <benchmark/benchmark.h>

#include "answer/signed_world.hpp"

namespace kith::answer {
namespace {

constexpr std::size_t batch_size = 64;

std::string hosts_zone() {
    std::string lines =
        "@ 300 SOA ns admin 1 2 3 4 300\n@ 300 NS ns\nns 300 A 192.0.2.53\n*.wild 300 A 192.0.2.9\n"
        "cut 300 NS ns.cut\nns.cut 300 A 192.0.2.54\n";
    for (int i = 0; i < 1000; ++i) {
        const std::string number = std::to_string(i);
        lines += "host" + number + " 300 A 192.0.2." + std::to_string(i % 250) + "\n";
        lines += "www" + number + " 300 CNAME host" + number + "\n";
        lines += "_sip._udp.host" + number + " 300 SRV 0 0 5060 host" + number + "\n";
    }
    return lines;
}

/// Answers the questions again and again, a batch at a time.
void answer_batches(benchmark::State& state, World& world,
                    const std::vector<std::vector<std::uint8_t>>& messages) {
    const auto queries = std::make_unique<Query[]>(batch_size);
    std::size_t at = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i < batch_size; ++i) {
            queries[i].message = messages[at + i];
            queries[i].client = {IpAddress::v4(192, 0, 2, 7), 40000, 0};
            world.answerer->prepare(world.snapshot, queries[i]);
        }
        for (std::size_t i = 0; i < batch_size; ++i) Answerer::approach(queries[i]);
        for (std::size_t i = 0; i < batch_size; ++i) {
            benchmark::DoNotOptimize(
                world.answerer->respond(world.snapshot, queries[i], world.buffer));
        }
        at = (at + batch_size) % messages.size();
    }
    const auto answered = state.iterations() * static_cast<std::int64_t>(batch_size);
    state.SetItemsProcessed(answered);
    state.counters["ns_per_query"] =
        benchmark::Counter(static_cast<double>(answered),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Answers the same 64 questions, "%d" in them replaced by a number, again and again.
void answer(benchmark::State& state, const std::string& pattern, const Asking& asking) {
    World world;
    world.zone("example.lan", hosts_zone());
    std::vector<std::vector<std::uint8_t>> messages;
    for (std::size_t i = 0; i < batch_size; ++i) {
        std::string question = pattern;
        if (const auto at = question.find("%d"); at != std::string::npos) {
            question.replace(at, 2, std::to_string(i * 15));
        }
        messages.push_back(question_of(question, asking));
    }
    answer_batches(state, world, messages);
}

/// Every record of a zone of half a million hosts, each once, in no order: what missing caches costs.
void answer_million(benchmark::State& state) {
    constexpr std::size_t hosts = 500'000;
    World world;
    std::string lines = "@ 300 SOA ns admin 1 2 3 4 300\n@ 300 NS ns\nns 300 A 192.0.2.53\n";
    for (std::size_t i = 0; i < hosts; ++i) {
        const std::string number = std::to_string(i);
        lines += "host" + number + " 300 A 192.0.2.1\nhost" + number + " 300 AAAA 2001:db8::1\n";
    }
    world.zone("example.lan", lines);
    std::vector<std::vector<std::uint8_t>> messages;
    std::uint64_t next = 1;
    for (std::size_t i = 0; i < 512 * batch_size; ++i) {
        next = next * 6364136223846793005U + 1442695040888963407U;
        const std::string number = std::to_string((next >> 33) % hosts);
        messages.push_back(
            question_of("host" + number + ".example.lan " + (i % 2 == 0 ? "A" : "AAAA")));
    }
    answer_batches(state, world, messages);
}
BENCHMARK(answer_million);

const Asking plain;
const Asking with_edns{.edns = true};

BENCHMARK_CAPTURE(answer, host, "host%d.example.lan A", plain);
BENCHMARK_CAPTURE(answer, host_edns, "host%d.example.lan A", with_edns);
BENCHMARK_CAPTURE(answer, nodata, "host%d.example.lan AAAA", plain);
BENCHMARK_CAPTURE(answer, nxdomain, "nothing%d.example.lan A", plain);
BENCHMARK_CAPTURE(answer, wildcard, "x%d.wild.example.lan A", plain);
BENCHMARK_CAPTURE(answer, cname, "www%d.example.lan A", plain);
BENCHMARK_CAPTURE(answer, srv, "_sip._udp.host%d.example.lan SRV", plain);
BENCHMARK_CAPTURE(answer, referral, "x%d.cut.example.lan A", plain);
BENCHMARK_CAPTURE(answer, refused, "www%d.example.com A", plain);

/// Zones of `hosts` names, signed: what signatures and proofs cost.
enum class SignedBy : std::uint8_t { nsec, nsec3 };

std::string signed_lines(SignedBy by, std::size_t hosts) {
    std::vector<std::pair<std::string, std::string>> names = {{"@", "SOA"}};
    std::string lines = "+ @ 300 SOA ns admin 1 2 3 4 300\n";
    for (std::size_t i = 0; i < hosts; ++i) {
        std::string number = std::to_string(i);
        number.insert(0, 7 - number.size(), '0');
        names.emplace_back("host" + number, "A");
        lines += "+ host" + number + " 300 A 192.0.2.1\n";
    }
    if (by == SignedBy::nsec) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            lines += "+ " + names[i].first + " 300 NSEC " + names[(i + 1) % names.size()].first +
                     " " + names[i].second + " RRSIG NSEC\n";
        }
        return lines;
    }
    Nsec3Hasher hasher;
    HashedName hashed;
    std::vector<std::pair<std::string, std::string>> hashes;
    for (const auto& [owner, type] : names) {
        const dns::Name apex = name_of("example.lan");
        hasher.hash(owner == "@" ? apex : name_of(owner, apex), {}, 0, hashed);
        hashes.emplace_back(std::string(reinterpret_cast<const char*>(hashed.label.data()) + 1, 32),
                            type);
    }
    std::ranges::sort(hashes);
    lines += "+ @ 300 NSEC3PARAM 1 0 0 -\n";
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        lines += "+ " + hashes[i].first + " 300 NSEC3 1 0 0 - " +
                 hashes[(i + 1) % hashes.size()].first + " " + hashes[i].second + " RRSIG\n";
    }
    return lines;
}

/// 64 times 256 questions, "%d" in them replaced by numbers in no order.
void answer_signed(benchmark::State& state, SignedBy by, const std::string& pattern) {
    const auto hosts = static_cast<std::size_t>(state.range(0));
    World world = signed_world("example.lan", signed_lines(by, hosts));
    std::vector<std::vector<std::uint8_t>> messages;
    std::uint64_t next = 1;
    for (std::size_t i = 0; i < 256 * batch_size; ++i) {
        next = next * 6364136223846793005U + 1442695040888963407U;
        std::string number = std::to_string((next >> 33) % hosts);
        number.insert(0, 7 - number.size(), '0');
        std::string question = pattern;
        question.replace(question.find("%d"), 2, number);
        messages.push_back(question_of(question, with_do));
    }
    answer_batches(state, world, messages);
}

BENCHMARK_CAPTURE(answer_signed, host, SignedBy::nsec, "host%d.example.lan A")
    ->Arg(1000)
    ->Arg(200000);
BENCHMARK_CAPTURE(answer_signed, nodata_nsec, SignedBy::nsec, "host%d.example.lan MX")
    ->Arg(1000)
    ->Arg(200000);
BENCHMARK_CAPTURE(answer_signed, nxdomain_nsec, SignedBy::nsec, "host%dx.example.lan A")
    ->Arg(1000)
    ->Arg(200000);
BENCHMARK_CAPTURE(answer_signed, nodata_nsec3, SignedBy::nsec3, "host%d.example.lan MX")
    ->Arg(1000)
    ->Arg(200000);
BENCHMARK_CAPTURE(answer_signed, nxdomain_nsec3, SignedBy::nsec3, "host%dx.example.lan A")
    ->Arg(1000)
    ->Arg(200000);

}  // namespace
}  // namespace kith::answer
