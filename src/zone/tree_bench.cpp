// The two candidates for the zone's tree, side by side, on a thousand and a million names: the hash
// and B+tree that kith uses, and a DNS qp-trie reduced to what the comparison needs (insert, exact
// lookup, memory). Figures and choice: docs/zone-tree.md. Also what changes and orders cost.
//
//   zone_bench --benchmark_filter=1000000

#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <array>
#include <bit>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "zone/builder.hpp"
#include "zone/change.hpp"
#include "zone/slab.hpp"
#include "zone/zone_set.hpp"

namespace kith::zone {
namespace {

// As the server does it. Zones are built by the benches, so nothing is built before.
const bool huge_pages_asked = [] {
    set_huge_chunk_hook([](void* at, std::size_t bytes) { madvise(at, bytes, MADV_HUGEPAGE); });
    return true;
}();

Name parsed(const std::string& text) { return *Name::from_text(text); }

/// `count` different names: two in three hosts of random letters, one in three numbered, a quarter of
/// them in a thousand subdomains.
std::vector<Name> make_names(std::size_t count) {
    std::mt19937_64 random(count);
    std::vector<Name> names;
    names.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        std::string label = "host-" + std::to_string(i);
        if (i % 3 != 0) {
            label.clear();
            for (std::size_t left = 6 + random() % 6; left > 0; --left) {
                label += "abcdefghijklmnopqrstuvwxyz0123456789"[random() % 36];
            }
            label += std::to_string(i % 97);
        }
        if (i % 4 == 0) label += ".sub" + std::to_string(random() % 1000);
        names.push_back(parsed(label + ".example.com."));
    }
    return names;
}

const std::uint8_t soa[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5};
const std::uint8_t address[] = {10, 0, 0, 1};

ZonePtr build_zone(const std::vector<Name>& names) {
    ZoneBuilder builder(parsed("example.com."));
    benchmark::DoNotOptimize(builder.add(parsed("example.com."), RrType::SOA, 300, soa));
    for (const Name& name : names)
        benchmark::DoNotOptimize(builder.add(name, RrType::A, 300, address));
    return builder.finish().zone;
}

// ---- The other candidate ----

/// A DNS qp-trie over whole names: labels from the root, each byte mapped to one of 48 positions
/// (rare bytes to two), position 0 ends a label. 16 bytes a node.
class QpTrie {
public:
    void insert(NameView name);
    bool find(NameView name) const;
    std::size_t memory_bytes() const { return slab_.reserved_bytes(); }

private:
    struct Key {
        std::array<std::uint8_t, 600> at;
        std::size_t size = 0;
        explicit Key(NameView name);
        /// Past the end: the end of a label, as every key has it there.
        std::uint8_t operator[](std::size_t i) const { return i < size ? at[i] : 0; }
    };
    struct Node {
        std::uint64_t word;  // branch: offset << 48 | bitmap; leaf: all ones
        void* to;            // branch: its twigs; leaf: block of size, name, address
        bool is_leaf() const { return word == ~std::uint64_t{0}; }
        std::size_t offset() const { return word >> 48; }
        std::uint64_t bitmap() const { return word & 0xffffffffffffU; }
        Node* twigs() const { return static_cast<Node*>(to); }
        std::size_t twig(std::uint8_t bit) const {
            return static_cast<std::size_t>(
                std::popcount(bitmap() & ((std::uint64_t{1} << bit) - 1)));
        }
    };
    static NameView name_of(const Node& leaf) {
        const auto* block = static_cast<const std::uint8_t*>(leaf.to);
        return NameView::unchecked({block + 1, block[0]});
    }
    Node* allocate(std::size_t count) {
        return reinterpret_cast<Node*>(slab_.allocate(count * sizeof(Node), Slab::Align::page));
    }
    Node make_leaf(NameView name);

    Slab slab_;
    Node root_{~std::uint64_t{0}, nullptr};
};

/// Positions of each byte in lower case; second 0: one is enough.
struct BytePositions {
    std::array<std::array<std::uint8_t, 2>, 256> of{};
    constexpr BytePositions() {
        std::uint8_t next = 1;
        std::uint8_t second = 0;
        for (int i = 0; i < 256; ++i) {
            const std::uint8_t c = dns::lower(static_cast<std::uint8_t>(i));
            if (c != i) continue;
            const bool common =
                c == '-' || (c >= '0' && c <= '9') || c == '_' || (c >= 'a' && c <= 'z');
            if (common) {
                if (second != 0) ++next;  // the escape before it is used up
                of[c] = {next++, 0};
                second = 0;
            } else {
                if (second == 47) {
                    ++next;
                    second = 0;
                }
                of[c] = {next, ++second};
            }
        }
        for (int i = 'A'; i <= 'Z'; ++i) {
            of[static_cast<std::size_t>(i)] = of[static_cast<std::size_t>(i + 32)];
        }
    }
};
constexpr BytePositions positions;
static_assert(positions.of[255][0] < 48, "all positions fit in the bitmap");

QpTrie::Key::Key(NameView name) {
    const Bytes wire = name.wire();
    std::array<std::uint8_t, dns::labels_max> starts;
    std::size_t labels = 0;
    for (std::size_t i = 0; wire[i] != 0; i += wire[i] + 1U)
        starts[labels++] = static_cast<std::uint8_t>(i);
    while (labels > 0) {
        const std::uint8_t* label = wire.data() + starts[--labels];
        for (std::size_t left = *label++; left > 0; --left) {
            const auto& byte = positions.of[*label++];
            at[size++] = byte[0];
            if (byte[1] != 0) at[size++] = byte[1];
        }
        at[size++] = 0;
    }
}

bool QpTrie::find(NameView name) const {
    const Key key(name);
    Node node = root_;
    while (!node.is_leaf()) {
        __builtin_prefetch(node.to);
        const std::uint8_t bit = key[node.offset()];
        if ((node.bitmap() >> bit & 1) == 0) return false;
        node = node.twigs()[node.twig(bit)];
    }
    return node.to != nullptr && name_of(node) == name;
}

QpTrie::Node QpTrie::make_leaf(NameView name) {
    // As much as kith's node of the same record: head, owner, RRset head, address.
    std::uint8_t* const block = slab_.allocate(4 + name.size() - 13 + 14, Slab::Align::node);
    std::uint8_t* const whole = slab_.allocate(name.size() + 1, Slab::Align::node);
    benchmark::DoNotOptimize(block);
    whole[0] = static_cast<std::uint8_t>(name.size());
    std::memcpy(whole + 1, name.wire().data(), name.size());
    return {~std::uint64_t{0}, whole};
}

void QpTrie::insert(NameView name) {
    if (root_.is_leaf() && root_.to == nullptr) {
        root_ = make_leaf(name);
        return;
    }
    const Key key(name);
    const Node* near = &root_;
    while (!near->is_leaf()) {
        const std::uint8_t bit = key[near->offset()];
        near = near->twigs() + ((near->bitmap() >> bit & 1) != 0 ? near->twig(bit) : 0);
    }
    const Key other(name_of(*near));
    std::size_t differ = 0;
    while (differ < key.size && key[differ] == other[differ]) ++differ;
    if (differ >= key.size && differ >= other.size) return;
    Node* at = &root_;
    while (!at->is_leaf() && at->offset() < differ) at = at->twigs() + at->twig(key[at->offset()]);
    if (!at->is_leaf() && at->offset() == differ) {
        const auto count = static_cast<std::size_t>(std::popcount(at->bitmap()));
        const std::size_t place = at->twig(key[differ]);
        Node* const twigs = allocate(count + 1);
        std::copy_n(at->twigs(), place, twigs);
        twigs[place] = make_leaf(name);
        std::copy_n(at->twigs() + place, count - place, twigs + place + 1);
        slab_.free(static_cast<std::uint8_t*>(at->to), count * sizeof(Node), Slab::Align::page);
        *at = {at->word | std::uint64_t{1} << key[differ], twigs};
        return;
    }
    Node* const twigs = allocate(2);
    const bool first = key[differ] < other[differ];
    twigs[first ? 0 : 1] = make_leaf(name);
    twigs[first ? 1 : 0] = *at;
    *at = {std::uint64_t{differ} << 48 | std::uint64_t{1} << key[differ] |
               std::uint64_t{1} << other[differ],
           twigs};
}

// ---- What is measured ----

constexpr std::size_t queries_count = 16384;  // more than any cache holds of their nodes

struct Data {
    std::vector<Name> names;    // as inserted
    std::vector<Name> queries;  // 16,384 of them in random order
    std::vector<Name> misses;   // below the apex, and a quarter of them below a subdomain
    ZonePtr zone;
    std::unique_ptr<QpTrie> trie;
};

const Data& data(std::int64_t count) {
    static std::map<std::int64_t, std::unique_ptr<Data>> all;
    std::unique_ptr<Data>& entry = all[count];
    if (entry) return *entry;
    entry = std::make_unique<Data>();
    entry->names = make_names(static_cast<std::size_t>(count));
    entry->zone = build_zone(entry->names);
    entry->trie = std::make_unique<QpTrie>();
    for (const Name& name : entry->names) entry->trie->insert(name);
    std::mt19937_64 random(1);
    for (int i = 0; i < static_cast<int>(queries_count); ++i) {
        entry->queries.push_back(entry->names[random() % entry->names.size()]);
        const std::string label =
            "no" + std::to_string(random() % 100000000) + (i % 4 == 0 ? ".sub7" : "");
        entry->misses.push_back(parsed(label + ".example.com."));
    }
    return *entry;
}

void sizes(benchmark::internal::Benchmark* bench) { bench->Arg(1000)->Arg(1000000); }

void hash_only(benchmark::State& state) {
    const Data& all = data(state.range(0));
    dns::LookupName name;
    std::size_t i = 0;
    for (auto _ : state) {
        name.assign(all.queries[i++ % queries_count]);
        benchmark::DoNotOptimize(name.hash());
    }
}
BENCHMARK(hash_only)->Arg(1000);

template <auto Member>
void zone_find(benchmark::State& state) {
    const Data& all = data(state.range(0));
    const std::vector<Name>& queries = all.*Member;
    dns::LookupName name;
    std::size_t i = 0;
    for (auto _ : state) {
        name.assign(queries[i++ % queries_count]);
        benchmark::DoNotOptimize(all.zone->find(name));
    }
}
BENCHMARK(zone_find<&Data::queries>)->Apply(sizes);
BENCHMARK(zone_find<&Data::misses>)->Apply(sizes);

/// As a worker does with a batch: hash all, prefetch all, then find.
void zone_find_batch(benchmark::State& state) {
    const Data& all = data(state.range(0));
    constexpr std::size_t batch = 32;
    std::vector<dns::LookupName> names(batch);
    std::size_t i = 0;
    for (auto _ : state) {
        for (dns::LookupName& name : names) {
            name.assign(all.queries[i++ % queries_count]);
            all.zone->prefetch(name.hash());
        }
        for (const dns::LookupName& name : names) all.zone->prefetch_node(name.hash());
        for (const dns::LookupName& name : names) benchmark::DoNotOptimize(all.zone->find(name));
    }
    state.counters["per_name"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * batch,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(zone_find_batch)->Apply(sizes);

template <auto Member>
void trie_find(benchmark::State& state) {
    const Data& all = data(state.range(0));
    const std::vector<Name>& queries = all.*Member;
    std::size_t i = 0;
    for (auto _ : state) benchmark::DoNotOptimize(all.trie->find(queries[i++ % queries_count]));
}
BENCHMARK(trie_find<&Data::queries>)->Apply(sizes);
BENCHMARK(trie_find<&Data::misses>)->Apply(sizes);

void zone_predecessor(benchmark::State& state) {
    const Data& all = data(state.range(0));
    std::size_t i = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(all.zone->predecessor(all.misses[i++ % queries_count]));
}
BENCHMARK(zone_predecessor)->Apply(sizes);

void report_build(benchmark::State& state, std::size_t bytes) {
    const auto count = static_cast<double>(state.range(0));
    state.counters["ns_per_name"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * count,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["bytes_per_name"] = static_cast<double>(bytes) / count;
}

void zone_build(benchmark::State& state) {
    const Data& all = data(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(build_zone(all.names));
    report_build(state, all.zone->memory_bytes());
}
BENCHMARK(zone_build)->Apply(sizes)->Unit(benchmark::kMillisecond);

void zone_build_sorted(benchmark::State& state) {
    std::vector<Name> names;
    data(state.range(0)).zone->for_each_in_order([&](const Name& owner, NodeView node) {
        if (node.find(RrType::A)) names.push_back(owner);
    });
    for (auto _ : state) benchmark::DoNotOptimize(build_zone(names));
    report_build(state, data(state.range(0)).zone->memory_bytes());
}
BENCHMARK(zone_build_sorted)->Apply(sizes)->Unit(benchmark::kMillisecond);

void trie_build(benchmark::State& state) {
    const Data& all = data(state.range(0));
    for (auto _ : state) {
        QpTrie trie;
        for (const Name& name : all.names) trie.insert(name);
        benchmark::DoNotOptimize(trie.memory_bytes());
    }
    // Without the whole names that leaves keep here for comparing and kith's nodes do not.
    std::size_t names = 0;
    for (const Name& name : all.names) names += (name.size() + 4) & ~std::size_t{3};
    report_build(state, all.trie->memory_bytes() - names);
}
BENCHMARK(trie_build)->Apply(sizes)->Unit(benchmark::kMillisecond);

/// One address of one name changes, the version before dies: what an update costs the zone.
void zone_change(benchmark::State& state) {
    const Data& all = data(state.range(0));
    ZonePtr now = all.zone;
    std::size_t i = 0;
    for (auto _ : state) {
        const std::size_t place = i++ % queries_count;
        const Name& owner = all.queries[place];
        const auto before = now->find_node(owner).find(RrType::A).rdata(0);
        std::vector<std::uint8_t> old(before.begin(), before.end());
        std::vector<std::uint8_t> next = old;
        ++next[3];
        const ZoneChange change{now->apex(),
                                now->serial(),
                                now->serial() + 1,
                                {{owner, RrType::A, 300, std::move(old), {}}},
                                {{owner, RrType::A, 300, std::move(next), {}}}};
        now = *apply_change(now, change);
    }
    state.counters["bytes"] = static_cast<double>(now->memory_bytes());
}
BENCHMARK(zone_change)->Apply(sizes);

void zone_difference(benchmark::State& state) {
    const Data& all = data(state.range(0));
    const ZoneChange change{all.zone->apex(),
                            all.zone->serial(),
                            all.zone->serial() + 1,
                            {{all.queries[7], RrType::A, 300, {address, address + 4}, {}}},
                            {}};
    const ZonePtr next = *apply_change(all.zone, change);
    for (auto _ : state) benchmark::DoNotOptimize(difference(*all.zone, *next));
}
BENCHMARK(zone_difference)->Apply(sizes)->Unit(benchmark::kMicrosecond);

void zone_set_find(benchmark::State& state) {
    std::vector<ZonePtr> zones;
    std::vector<Name> queries;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        const std::string apex = "zone" + std::to_string(i) + ".example.com.";
        ZoneBuilder builder(parsed(apex));
        benchmark::DoNotOptimize(builder.add(parsed(apex), RrType::SOA, 300, soa));
        zones.push_back(builder.finish().zone);
        queries.push_back(parsed("www." + apex));
    }
    std::size_t bytes = 0;
    for (const ZonePtr& zone : zones) bytes += zone->memory_bytes();
    const ZoneSet set(zones);
    std::mt19937 random(1);
    std::vector<dns::LookupName> names;
    for (int i = 0; i < 1024; ++i) names.emplace_back(queries[random() % queries.size()]);
    std::size_t i = 0;
    for (auto _ : state) benchmark::DoNotOptimize(set.find(names[i++ & 1023]));
    state.counters["bytes_per_zone"] =
        static_cast<double>(bytes) / static_cast<double>(zones.size());
}
BENCHMARK(zone_set_find)->Arg(1)->Arg(10)->Arg(100000);

}  // namespace
}  // namespace kith::zone
