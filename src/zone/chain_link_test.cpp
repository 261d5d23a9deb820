// The last name before another that has an NSEC or NSEC3, beside a walk over all names; and comparing
// names with keys, beside comparing keys.

#include <gtest/gtest.h>

#include <random>

#include "zone/order_key.hpp"
#include "zone/zone_testing.hpp"

namespace kith::zone::test {
namespace {

std::string owner_of(const Zone& zone, NodeView node) {
    return node ? node.owner(zone.apex()).to_text() : "-";
}

NodeView walk_to_last(const Zone& zone, const Name* before, RrType type) {
    NodeView last;
    zone.for_each_in_order([&](const Name& owner, NodeView node) {
        if (before != nullptr && owner.view() >= before->view()) return;
        if (type == RrType::NSEC && node.is_occluded()) return;
        if (node.find(type)) last = node;
    });
    return last;
}

Bytes relative(const Name& name, const Zone& zone) {
    return name.wire().first(name.size() - zone.apex().size());
}

void expect_agreement(const Zone& zone, const std::vector<Name>& names) {
    for (const Name& each : names) {
        const Name lower = each.lowered();
        EXPECT_EQ(owner_of(zone, zone.nsec_before(lower)),
                  owner_of(zone, walk_to_last(zone, &lower, RrType::NSEC)))
            << each.to_text();
        EXPECT_EQ(owner_of(zone, zone.nsec3_before(relative(lower, zone))),
                  owner_of(zone, walk_to_last(zone, &lower, RrType::NSEC3)))
            << each.to_text();
    }
    EXPECT_EQ(owner_of(zone, zone.last_nsec3()),
              owner_of(zone, walk_to_last(zone, nullptr, RrType::NSEC3)));
}

constexpr std::string_view nsec_rdata = "example. A RRSIG NSEC";
constexpr std::string_view nsec3_rdata = "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG";

Name random_name(std::mt19937& rng) {
    const auto label = [&] {
        return std::string(1, static_cast<char>('a' + rng() % 26)) + std::to_string(rng() % 60);
    };
    std::string text = label();
    while (rng() % 3 == 0) text = label() + "." + text;
    return name(text + ".example.");
}

TEST(ChainLinks, AgreeWithAWalkThroughManyChanges) {
    std::mt19937 rng(5);
    ZonePtr zone = test::zone({"@ 1 NSEC example. SOA RRSIG NSEC"});
    std::vector<Record> held;
    std::uint32_t serial = 1;
    for (int round = 0; round < 40; ++round) {
        ZoneChange change{zone->apex(), serial, serial + 1, {}, {}};
        ++serial;
        const int kind = round % 4;
        for (int i = 0; i < 60 && kind == 3 && !held.empty(); ++i) {
            const std::size_t at = rng() % held.size();
            change.removed.push_back(held[at]);
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
        }
        for (int i = 0; i < 60 && kind != 3; ++i) {
            const Name owner = random_name(rng);
            const char* const type = rng() % 4 == 0 ? "NSEC" : rng() % 8 == 0 ? "NSEC3" : "A";
            const std::string rdata = type == std::string("NSEC")    ? std::string(nsec_rdata)
                                      : type == std::string("NSEC3") ? std::string(nsec3_rdata)
                                                                     : "192.0.2.1";
            const Record add =
                record(owner.to_text() + " 1 " + type + " " + rdata, name("example."));
            if (std::ranges::find(held, add) != held.end()) continue;
            held.push_back(add);
            change.added.push_back(add);
        }
        if (round % 7 == 6) {  // hide whatever is below a name, NSEC and all
            const Record cut =
                record(random_name(rng).to_text() + " 1 NS ns.example.", name("example."));
            held.push_back(cut);
            change.added.push_back(cut);
        }
        auto next = apply_change(zone, change, file_bounds);
        ASSERT_TRUE(next.has_value()) << fault_text(next.error().fault);
        zone = *next;
        std::vector<Name> asked;
        for (int i = 0; i < 20; ++i) asked.push_back(random_name(rng));
        asked.push_back(name("zzz.example."));
        asked.push_back(name("0.example."));
        expect_agreement(*zone, asked);
    }
    EXPECT_GT(zone->node_count(), 500U) << "enough for several levels of pages";
    EXPECT_FALSE(zone->nsec_before(name("example.")));
}

TEST(ChainLinks, HashOwnersAreNoNames) {
    const ZonePtr zone = test::zone(
        {"2t7b4g4vsa5smi47k61mv5bv1a22bojr 1 NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr",
         "35mthgpgcu1qg68fab165klnsnk3dpvl 1 NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr",
         "35mthgpgcu1qg68fab165klnsnk3dpvl 1 A 192.0.2.1",
         "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 1 NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr",
         "x.0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 1 A 192.0.2.1"});
    const auto find = [&](std::string_view text) {
        return zone->find(dns::LookupName(name(text)));
    };
    EXPECT_FALSE(find("2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.").exact);
    EXPECT_EQ(find("2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.").encloser_labels, 2);
    EXPECT_EQ(find("x.y.2T7B4g4vsa5smi47k61mv5bv1a22bojr.example.").encloser_labels, 2);
    EXPECT_TRUE(find("35mthgpgcu1qg68fab165klnsnk3dpvl.example.").exact) << "it has data";
    EXPECT_TRUE(find("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.").exact) << "there is a name below";
    EXPECT_TRUE(zone->find_node(name("2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.")))
        << "the node is there";
    const auto next = apply_change(
        zone,
        {zone->apex(), 1, 2, records({"35mthgpgcu1qg68fab165klnsnk3dpvl 1 A 192.0.2.1"}), {}});
    ASSERT_TRUE(next.has_value());
    EXPECT_FALSE(
        (*next)->find(dns::LookupName(name("35mthgpgcu1qg68fab165klnsnk3dpvl.example."))).exact);
    EXPECT_GT((*next)->id(), zone->id());
}

TEST(OrderKey, ComparesNamesAsTheirKeys) {
    std::mt19937 rng(6);
    std::vector<Name> names = {name("."),        name("a."),     name("\\000."),
                               name("\\001."),   name("\\002."), name("a\\000."),
                               name("a\\001b."), name("b.a."),   name("\\000.a.")};
    for (int i = 0; i < 200; ++i) {
        dns::NameBuilder builder;
        for (std::size_t labels = rng() % 4; labels > 0; --labels) {
            std::uint8_t label[3];
            for (std::uint8_t& byte : label)
                byte = static_cast<std::uint8_t>(rng() % 2 == 0 ? rng() % 4
                                                                : 'A' + rng() % 2 * 32 + rng() % 3);
            builder.append(Bytes(label).first(1 + rng() % 3));
        }
        builder.append(NameView());
        names.push_back(builder.finish());
    }
    for (const Name& a : names) {
        for (const Name& b : names) {
            const Bytes left = a.wire().first(a.size() - 1);
            const OrderKey key(b.wire().first(b.size() - 1));
            EXPECT_EQ(OrderKey::compare(left, key), OrderKey(left) <=> key)
                << a.to_text() << " " << b.to_text();
            EXPECT_EQ(OrderKey::compare(left, key), a.view() <=> b.view());
        }
    }
}

}  // namespace
}  // namespace kith::zone::test
