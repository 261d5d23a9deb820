// Random changes to a zone and to a slow model of it (a std::map), compared after every step; old
// versions, let go in random order, must stay what they were. Names are few, so that empty
// non-terminals, wildcards, cuts and DNAMEs come and go above and below each other.

#include <algorithm>
#include <map>
#include <random>

#include "zone/zone_testing.hpp"

namespace kith::zone::test {
namespace {

struct Less {
    bool operator()(const Name& a, const Name& b) const { return a.view() < b.view(); }
};
using RrSets = std::map<RrType, std::vector<Record>>;
using Model = std::map<Name, RrSets, Less>;

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t bound) { return engine_() % bound; }
    bool one_in(std::size_t n) { return below(n) == 0; }

private:
    std::mt19937 engine_;
};

constexpr std::string_view labels[] = {"a", "B", "c", "*", "x1", "x2"};
constexpr std::string_view contents[] = {
    "1 A 10.0.0.1", "2 A 10.0.0.2", "2 A 10.0.0.3",
    "3 TXT a",      "3 TXT longer", "4 NS n1",
    "4 NS N2",      "5 DNAME d.",   "6 CNAME c.",
    "7 MX 1 m",     "8 AAAA ::1",   "1 RRSIG A 8 1 1 20300101000000 20200101000000 1 example. AAAA",
};

std::string random_owner(Random& random) {
    std::string owner;
    for (std::size_t depth = random.below(4); depth > 0; --depth) {
        owner += std::string(labels[random.below(std::size(labels))]) + ".";
    }
    return owner + "example.";
}

Record random_record(Random& random) {
    Record out = record(
        random_owner(random) + " " + std::string(contents[random.below(std::size(contents))]),
        name("example."));
    if (random.one_in(4)) out.provenance = {1, 2, static_cast<std::uint32_t>(random.below(3))};
    return out;
}

/// What a name may not hold, as prose says it: the model's own judgement.
bool is_legal(const Name& owner, const RrSets& rrsets) {
    const bool is_apex = owner == name("example.");
    const bool has_cname = rrsets.contains(RrType::CNAME);
    for (const auto& [type, set] : rrsets) {
        if (has_cname && type != RrType::CNAME && type != RrType::RRSIG) return false;
    }
    return is_apex || !(rrsets.contains(RrType::DNAME) && rrsets.contains(RrType::NS));
}

std::vector<std::string> model_dump(const Model& model) {
    Model all = model;  // with its empty non-terminals
    for (const auto& [owner, rrsets] : model) {
        for (NameView at = owner.view(); at.label_count() > 2; at = at.parent())
            all.try_emplace(Name(at));
    }
    std::vector<std::string> lines;
    for (const auto& [owner, rrsets] : all) {
        std::string flags;
        if (owner.label_count() > 2 && rrsets.contains(RrType::NS)) flags += 'c';
        if (rrsets.contains(RrType::DNAME)) flags += 'd';
        for (NameView at = owner.view(); at.label_count() > 2;) {
            at = at.parent();
            const RrSets& above = all.at(Name(at));
            if ((above.contains(RrType::NS) && at.label_count() > 2) ||
                above.contains(RrType::DNAME)) {
                flags += 'o';
                break;
            }
        }
        dns::NameBuilder wildcard;
        wildcard.append(as_bytes("*"));
        wildcard.append(owner.view());
        if (all.contains(wildcard.finish())) flags += 'w';
        if (!flags.empty()) flags = " [" + flags + "]";
        if (rrsets.empty()) lines.push_back(owner.lowered().to_text() + " -" + flags);
        for (const auto& [type, set] : rrsets) {
            std::vector<std::string> rrset;
            for (const Record& each : set) {
                rrset.push_back(owner.lowered().to_text() + " " + std::to_string(each.ttl) + " " +
                                dns::type_name(type) + " " +
                                dns::rdata_to_text(type, dns::RrClass::IN, each.rdata) + " " +
                                std::to_string(each.provenance.lease_end) + flags);
            }
            std::ranges::sort(rrset);
            lines.insert(lines.end(), rrset.begin(), rrset.end());
        }
    }
    return lines;
}

/// As model_dump(): lower-case owners, RRsets sorted, since order inside one means nothing.
std::vector<std::string> zone_dump(const Zone& zone) {
    std::vector<std::string> lines;
    zone.for_each_in_order([&](const Name& owner, NodeView node) {
        std::string flags;
        if (node.is_cut()) flags += 'c';
        if (node.has_dname()) flags += 'd';
        if (node.is_occluded()) flags += 'o';
        if (node.has_wildcard_child()) flags += 'w';
        if (!flags.empty()) flags = " [" + flags + "]";
        if (node.is_empty()) lines.push_back(owner.lowered().to_text() + " -" + flags);
        for (const RrSetView set : node.rrsets()) {
            std::vector<std::string> rrset;
            for (int i = 0; i < set.count(); ++i) {
                rrset.push_back(owner.lowered().to_text() + " " + std::to_string(set.ttl()) + " " +
                                dns::type_name(set.type()) + " " +
                                dns::rdata_to_text(set.type(), zone.klass(), set.rdata(i)) + " " +
                                std::to_string(set.provenance(i).lease_end) + flags);
            }
            std::ranges::sort(rrset);
            lines.insert(lines.end(), rrset.begin(), rrset.end());
        }
        // Whatever is walked is found, by its hash too.
        EXPECT_EQ(zone.find_node(owner), node) << owner.to_text();
    });
    return lines;
}

/// A change that the model accepts, applied to the model; only what is new to it.
ZoneChange random_change(Random& random, Model& model, std::uint32_t serial) {
    ZoneChange change{name("example."), serial, serial + 1, {}, {}};
    for (std::size_t left = 1 + random.below(6); left > 0; --left) {
        Record one = random_record(random);
        Model next = model;
        RrSets& rrsets = next[one.owner];
        std::vector<Record>& set = rrsets[one.type];
        const auto there = std::ranges::find_if(
            set, [&](const Record& other) { return other.rdata == one.rdata; });
        if (there != set.end()) {
            // Removing after adding in one change would be another change: removals come first.
            if (std::ranges::any_of(change.added,
                                    [&](const Record& other) { return other.owner == one.owner; }))
                continue;
            set.erase(there);
            if (set.empty()) rrsets.erase(one.type);
            if (rrsets.empty()) next.erase(one.owner);
            change.removed.push_back(one);
        } else {
            if (!set.empty() && (one.type == RrType::CNAME || one.type == RrType::DNAME)) continue;
            for (Record& other : set) other.ttl = one.ttl;
            set.push_back(one);
            if (!is_legal(one.owner, rrsets)) continue;
            change.added.push_back(one);
        }
        model = std::move(next);
    }
    Model::mapped_type& apex = model[name("example.")];
    apex[RrType::SOA] = records(
        {"@ 300 SOA ns.example. hostmaster.example. " + std::to_string(serial + 1) + " 2 3 4 5"});
    return change;
}

/// Spoils a copy of `change` so that it must be refused after much of it has been done.
ZoneChange spoiled(ZoneChange change) {
    change.removed.push_back(record("zzz 1 TXT not-there", name("example.")));
    return change;
}

void run(unsigned seed, int steps) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Model model;
    std::uint32_t serial = 1;
    model[name("example.")][RrType::SOA] = records({soa_1});
    struct Kept {
        ZonePtr zone;
        std::vector<std::string> lines;
    };
    std::vector<Kept> kept{{zone({}), model_dump(model)}};
    for (int step = 0; step < steps; ++step, ++serial) {
        // By value: kept may grow.
        const ZonePtr base = kept.back().zone;
        const ZoneChange change = random_change(random, model, serial);
        if (random.one_in(4)) {
            const auto refused = apply_change(base, spoiled(change));
            ASSERT_FALSE(refused.has_value());
            ASSERT_EQ(refused.error().fault, ZoneFault::not_there);
        }
        auto next = apply_change(base, change);
        ASSERT_TRUE(next.has_value())
            << fault_text(next.error().fault) << " " << next.error().owner.to_text();
        std::vector<std::string> lines = model_dump(model);
        ASSERT_EQ(zone_dump(**next), lines) << "step " << step;
        const ZoneChange back = difference(**next, *base);
        kept.push_back({std::move(*next), std::move(lines)});
        if (random.one_in(8)) {
            // There and back again, in a branch of its own.
            const auto undone = apply_change(kept.back().zone, back);
            ASSERT_TRUE(undone.has_value()) << fault_text(undone.error().fault);
            ASSERT_EQ(zone_dump(**undone), zone_dump(*base));
        }
        while (kept.size() > 1 && random.one_in(2)) {
            const auto victim =
                kept.begin() + static_cast<std::ptrdiff_t>(random.below(kept.size() - 1));
            ASSERT_EQ(zone_dump(*victim->zone), victim->lines);
            kept.erase(victim);
        }
    }
    for (const Kept& each : kept) ASSERT_EQ(zone_dump(*each.zone), each.lines);
}

TEST(ChangeModel, AgreesWithASlowModel) {
    for (unsigned seed = 1; seed <= 40; ++seed) run(seed, 60);
}

TEST(ChangeModel, ReusesWhatOldVersionsLeave) {
    // A thousand changes of one name with only the newest version alive take no more memory than ten.
    ZonePtr now = zone({"a 1 A 10.0.0.1"});
    std::size_t early = 0;
    for (std::uint32_t serial = 1; serial <= 1000; ++serial) {
        const std::string address = "a 1 A 10.0.0." + std::to_string(1 + serial % 2);
        const std::string before = "a 1 A 10.0.0." + std::to_string(2 - serial % 2);
        const ZoneChange change{name("example."), serial, serial + 1,
                                serial == 1 ? std::vector<Record>() : records({before}),
                                records({address})};
        if (serial == 1) {
            ZoneChange first = change;
            first.removed = records({"a 1 A 10.0.0.1"});
            auto next = apply_change(now, first);
            ASSERT_TRUE(next.has_value());
            now = *next;
            continue;
        }
        auto next = apply_change(now, change);
        ASSERT_TRUE(next.has_value()) << serial << fault_text(next.error().fault);
        now = *next;
        if (serial == 10) early = now->memory_bytes();
    }
    EXPECT_EQ(now->memory_bytes(), early);
}

TEST(ChangeModel, KeepsAnOldVersionAtTheCostOfWhatChanged) {
    // One long-lived reader while versions come and go: what only dead versions saw is reused.
    const ZonePtr old = zone({"a 1 A 10.0.0.1", "b 1 TXT 1"});
    ZonePtr now = old;
    std::size_t early = 0;
    for (std::uint32_t serial = 1; serial <= 1000; ++serial) {
        const ZoneChange change{name("example."), serial, serial + 1,
                                records({"b 1 TXT " + std::to_string(serial)}),
                                records({"b 1 TXT " + std::to_string(serial + 1)})};
        auto next = apply_change(now, change);
        ASSERT_TRUE(next.has_value());
        now = *next;
        if (serial == 10) early = now->memory_bytes();
    }
    EXPECT_LE(now->memory_bytes(), early + 4096);
    EXPECT_EQ(dump(*old).size(), 3U);
}

TEST(ChangeModel, GrowsAndShrinksByManyPages) {
    ZonePtr now = zone({});
    const auto owners = [](std::uint32_t from, std::uint32_t to) {
        std::vector<Record> out;
        for (std::uint32_t i = from; i < to; ++i) {
            out.push_back({name("n" + std::to_string(i * 7919 % 20000) + ".example."),
                           RrType::A,
                           1,
                           {10, 0, 0, 1},
                           {}});
        }
        return out;
    };
    std::uint32_t serial = 1;
    for (std::uint32_t at = 0; at < 20000; at += 2000, ++serial) {
        auto next =
            apply_change(now, {name("example."), serial, serial + 1, {}, owners(at, at + 2000)});
        ASSERT_TRUE(next.has_value());
        now = *next;
        EXPECT_EQ(now->node_count(), at + 2001U);
    }
    const std::size_t grown = now->memory_bytes();
    ASSERT_EQ(zone_dump(*now).size(), 20001U);
    for (std::uint32_t at = 0; at < 20000; at += 2000, ++serial) {
        auto next =
            apply_change(now, {name("example."), serial, serial + 1, owners(at, at + 2000), {}});
        ASSERT_TRUE(next.has_value());
        now = *next;
        ASSERT_EQ(zone_dump(*now).size(), 20001U - at - 2000U);
    }
    EXPECT_EQ(now->node_count(), 1U);
    EXPECT_LT(now->memory_bytes(), grown / 2);  // a worn lineage is left behind
}

}  // namespace
}  // namespace kith::zone::test
