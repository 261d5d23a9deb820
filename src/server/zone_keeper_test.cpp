#include "server/zone_keeper.hpp"

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"
#include "dns/serial.hpp"
#include "dnssec/zonemd.hpp"
#include "server/limits.hpp"
#include "store/database.hpp"
#include "zone/zone_file_load.hpp"
#include "zone/zone_testing.hpp"
#include "zone/zone_text.hpp"

namespace kith::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using zone::test::dump;
using zone::test::name;
using zone::test::records;

const Name apex = name("example.");

ZonePtr file(std::initializer_list<std::string_view> lines) { return zone::test::zone(lines); }

/// A zone as lines, without its SOA.
std::vector<std::string> content(const ZonePtr& zone) {
    std::vector<std::string> lines = dump(*zone);
    std::erase_if(lines, [](const std::string& line) { return line.find(" SOA ") != line.npos; });
    return lines;
}

/// A server's state: restart() is what a new process would find.
class World : public testing::Test {
protected:
    World() { start(); }
    ~World() override { stop(); }

    void start() {
        auto opened = store::Store::open(folder_.path(), store::Access::own);
        ASSERT_TRUE(opened.has_value()) << opened.error().text;
        store = std::make_unique<store::Store>(std::move(*opened));
        store->serve_from_now();
        keeper = std::make_unique<ZoneKeeper>(
            loop, *store,
            [this](std::span<const ZonePtr> zones) {
                for (const ZonePtr& zone : zones) published.push_back(zone->serial());
            },
            [this] { return now; });
        keeper->subscribe([this](const FeedEvent& event) { events.push_back(event); });
    }
    void stop() {
        events.clear();
        keeper.reset();
        store.reset();
    }
    void restart() {
        stop();
        start();
    }
    ZonePtr keep(const ZonePtr& zone) {
        auto kept = keeper->keep(apex, zone, settings);
        EXPECT_TRUE(kept.has_value()) << (kept ? "" : kept.error());
        return kept ? *kept : nullptr;
    }
    void stage(std::initializer_list<std::string_view> removed,
               std::initializer_list<std::string_view> added) {
        const auto staged = keeper->stage(
            {apex, 0, 0, records(removed), records(added)}, {Origin::Kind::update, "key."},
            [this](const Outcome& outcome) { outcomes.push_back(outcome); });
        EXPECT_TRUE(staged.has_value());
    }
    void change(std::initializer_list<std::string_view> removed,
                std::initializer_list<std::string_view> added) {
        stage(removed, added);
        keeper->commit();
    }
    /// The history from a version on applied to it gives the version of now.
    void expect_history(const ZonePtr& from) {
        ZonePtr zone = from;
        for (const auto& each : keeper->history(apex).since(from->serial())) {
            const auto next = zone::apply_change(zone, *each);
            ASSERT_TRUE(next.has_value());
            zone = *next;
        }
        EXPECT_EQ(dump(*zone), dump(*keeper->serving(apex)));
    }

    test::TemporaryFolder folder_;
    net::Loop loop;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<ZoneKeeper> keeper;
    KeeperSettings settings;
    UnixTime now = 1'700'000'000;
    std::vector<std::uint32_t> published;
    std::vector<FeedEvent> events;
    std::vector<Outcome> outcomes;
};

TEST_F(World, PublishesWhatIsDurable) {
    const ZonePtr first = keep(file({"a 300 A 192.0.2.1"}));
    EXPECT_EQ(first->serial(), 1U);
    stage({}, {"b 300 A 192.0.2.2"});
    EXPECT_EQ(content(keeper->working(apex)).size(), 2U) << "the next one sees it";
    EXPECT_EQ(keeper->serving(apex), first) << "clients do not";
    EXPECT_THAT(outcomes, IsEmpty());
    keeper->commit();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes[0].kind, Outcome::Kind::done);
    EXPECT_EQ(outcomes[0].serial, 2U);
    EXPECT_THAT(published, ElementsAre(2));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].change->added.size(), 2U) << "the record and the SOA";
    EXPECT_EQ(events[0].origin.who, "key.");
    EXPECT_THAT(content(keeper->serving(apex)),
                ElementsAre("a.example. 300 A 192.0.2.1", "b.example. 300 A 192.0.2.2"));
    expect_history(first);
}

TEST_F(World, CommitsWhatComesTogetherAsOne) {
    keep(file({}));
    for (int i = 0; i < 5; ++i) {
        const auto staged =
            keeper->stage({apex, 0, 0, {}, records({"h" + std::to_string(i) + " 300 A 192.0.2.1"})},
                          {}, [this](const Outcome& outcome) { outcomes.push_back(outcome); });
        ASSERT_TRUE(staged.has_value());
    }
    loop.turn(1s);  // by itself, at the end of the turn
    EXPECT_EQ(outcomes.size(), 5U);
    EXPECT_THAT(published, ElementsAre(2));
    EXPECT_EQ(keeper->counters().commits, 1U);
    EXPECT_EQ(keeper->counters().changes, 5U);
}

TEST_F(World, RefusesWhatDoesNotFitAtOnce) {
    keep(file({"a 300 A 192.0.2.1"}));
    stage({}, {"b 300 A 192.0.2.2"});
    const auto bad = keeper->stage({apex, 0, 0, records({"x 300 A 192.0.2.2"}), {}}, {},
                                   [](const Outcome&) { ADD_FAILURE(); });
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().fault, zone::ZoneFault::not_there);
    EXPECT_FALSE(keeper->stage({name("other."), 0, 0, {}, {}}, {}, {}).has_value());
    keeper->commit();
    EXPECT_EQ(outcomes.size(), 1U) << "its neighbor in the batch is done all the same";
    EXPECT_EQ(keeper->counters().refused, 1U);
}

TEST_F(World, ChangesNothingForNothing) {
    const ZonePtr first = keep(file({"a 300 A 192.0.2.1"}));
    stage({}, {"b 300 A 192.0.2.2"});
    change({"b 300 A 192.0.2.2"}, {});
    EXPECT_EQ(outcomes.size(), 2U);
    EXPECT_EQ(outcomes[1].kind, Outcome::Kind::done);
    EXPECT_EQ(keeper->serving(apex)->serial(), 1U) << "added and removed in one batch";
    EXPECT_THAT(published, IsEmpty());
    EXPECT_THAT(events, IsEmpty());
}

/// The version of `zone` with a ZONEMD that is right for it.
ZonePtr with_zonemd(const ZonePtr& zone) {
    const auto digest = dnssec::make_zonemd(*zone, dnssec::ZonemdHash::sha384);
    const ZoneChange step{zone->apex(),
                          zone->serial(),
                          zone->serial(),
                          {},
                          {{apex, dns::RrType::ZONEMD, 300, digest, {}}}};
    const auto next = zone::apply_change(zone, step);
    EXPECT_TRUE(next.has_value());
    return *next;
}

TEST_F(World, ADigestOfTheFileGoesWithTheFirstChange) {
    const ZonePtr first = keep(with_zonemd(file({"a 300 A 192.0.2.1"})));
    EXPECT_EQ(dnssec::check_zonemd(*first), dnssec::ZonemdVerdict::good) << "it is served as it is";
    change({}, {"b 300 A 192.0.2.2"});
    const ZonePtr second = keeper->serving(apex);
    EXPECT_EQ(second->serial(), 2U);
    EXPECT_EQ(dnssec::check_zonemd(*second), dnssec::ZonemdVerdict::absent)
        << "secondaries that check it would refuse the zone";
    expect_history(first);
    restart();
    EXPECT_EQ(dump(*keep(first)), dump(*second)) << "the file still has it";
    const auto later = zone::apply_change(file({"a 300 A 192.0.2.3"}), {apex, 1, 9, {}, {}});
    ASSERT_TRUE(later.has_value());
    const ZonePtr edited = with_zonemd(*later);
    EXPECT_EQ(dnssec::check_zonemd(*keep(edited)), dnssec::ZonemdVerdict::absent)
        << "b is in the zone and not in the digest";
}

TEST_F(World, KeepsTheSerialForALease) {
    keep(file({"a 300 A 192.0.2.1"}));
    ZoneChange renewed{apex, 0, 0, {}, records({"a 300 A 192.0.2.1"})};
    renewed.added[0].provenance.lease_end = 1'800'000'000;
    ASSERT_TRUE(keeper->stage(renewed, {}, {}).has_value());
    keeper->commit();
    EXPECT_EQ(keeper->serving(apex)->serial(), 1U);
    EXPECT_EQ(keeper->history(apex).size(), 0U) << "nobody else can tell";
    restart();
    const ZonePtr again = keep(file({"a 300 A 192.0.2.1"}));
    EXPECT_EQ(
        again->find_node(name("a.example.").view()).find(zone::RrType::A).provenance(0).lease_end,
        1'800'000'000U)
        << "but it is durable";
}

TEST_F(World, TakesTheSerialAClientGives) {
    keep(file({}));
    change({"@ 300 SOA ns.example. hostmaster.example. 1 2 3 4 5"},
           {"@ 300 SOA ns hostmaster 77 2 3 4 5"});
    EXPECT_EQ(keeper->serving(apex)->serial(), 77U);
    restart();
    EXPECT_EQ(keep(file({}))->serial(), 77U);
}

TEST_F(World, ComesBackAfterARestart) {
    const auto zone = [] { return file({"a 300 A 192.0.2.1", "b 300 TXT x"}); };
    const ZonePtr first = keep(zone());
    for (int i = 0; i < 10; ++i) change({}, {i % 2 == 0 ? "c 300 A 192.0.2.7" : "d 60 TXT y"});
    change({"a 300 A 192.0.2.1"}, {"@ 300 MX 5 mail"});
    const std::vector<std::string> before = dump(*keeper->serving(apex));
    restart();
    EXPECT_EQ(dump(*keep(zone())), before);
    expect_history(first);
    change({}, {"e 1 A 192.0.2.1"});
    EXPECT_EQ(keeper->serving(apex)->serial(), 5U) << "what was there already made no version";
}

TEST_F(World, TakesAnEditOfTheFileWhileItRuns) {
    const ZonePtr first =
        keep(file({"a 300 A 192.0.2.1", "gone 300 A 192.0.2.9", "both 300 A 192.0.2.1"}));
    change({"both 300 A 192.0.2.1"}, {"dynamic 300 A 192.0.2.2"});
    keep(file({"a 60 A 192.0.2.1", "new 300 A 192.0.2.3", "both 300 A 192.0.2.1"}));
    const std::vector<std::string> wanted = {"a.example. 60 A 192.0.2.1",
                                             "dynamic.example. 300 A 192.0.2.2",
                                             "new.example. 300 A 192.0.2.3"};
    EXPECT_EQ(content(keeper->serving(apex)), wanted) << "edited, and nothing acknowledged is lost";
    EXPECT_EQ(keeper->serving(apex)->serial(), 3U);
    expect_history(first);
    EXPECT_EQ(events.back().origin.kind, Origin::Kind::file);
    keep(file({"a 60 A 192.0.2.1", "new 300 A 192.0.2.3", "both 300 A 192.0.2.1"}));
    EXPECT_EQ(keeper->serving(apex)->serial(), 3U) << "the same again is no edit";
    restart();
    EXPECT_EQ(
        content(keep(file({"a 60 A 192.0.2.1", "new 300 A 192.0.2.3", "both 300 A 192.0.2.1"}))),
        wanted);
    EXPECT_EQ(keeper->serving(apex)->serial(), 3U);
    expect_history(first);
}

TEST_F(World, TakesAnEditOfTheFileWhileItIsStopped) {
    keep(file({"a 300 A 192.0.2.1", "gone 300 A 192.0.2.9"}));
    change({"a 300 A 192.0.2.1"}, {"dynamic 300 A 192.0.2.2"});
    restart();
    const ZonePtr merged = keep(file({"a 300 A 192.0.2.1", "new 300 A 192.0.2.3"}));
    EXPECT_THAT(content(merged),
                ElementsAre("dynamic.example. 300 A 192.0.2.2", "new.example. 300 A 192.0.2.3"));
    EXPECT_EQ(merged->serial(), 3U);
    EXPECT_EQ(keeper->history(apex).size(), 0U)
        << "who has an old version takes all of the new one";
    restart();
    EXPECT_EQ(dump(*keep(file({"a 300 A 192.0.2.1", "new 300 A 192.0.2.3"}))), dump(*merged));
}

TEST_F(World, KeepsTheSerialOfAnEditThatIsAhead) {
    keep(file({}));
    change({}, {"a 300 A 192.0.2.1"});
    const auto built = zone::test::build(records({"@ 300 SOA ns hostmaster 50 2 3 4 9"}));
    keep(built.zone);
    EXPECT_EQ(keeper->serving(apex)->serial(), 50U);
    const zone::RrSetView soa = keeper->serving(apex)->apex_node().find(zone::RrType::SOA);
    EXPECT_EQ(soa.rdata(0).back(), 9) << "and what else the edit says in the SOA";
}

TEST_F(World, ReplacesTheZoneOfASecondary) {
    EXPECT_EQ(keep(nullptr), nullptr);
    EXPECT_FALSE(keeper->stage({apex, 0, 0, {}, {}}, {}, {}).has_value())
        << "there is nothing to change yet";
    const auto note = [this](const Outcome& outcome) { outcomes.push_back(outcome); };
    keeper->replace(file({"a 300 A 192.0.2.1", "b 300 A 192.0.2.1", "c 300 A 192.0.2.1",
                          "d 300 A 192.0.2.1", "e 300 A 192.0.2.1"}),
                    {Origin::Kind::transfer, "192.0.2.53"}, note);
    EXPECT_EQ(outcomes.back().kind, Outcome::Kind::done);
    EXPECT_EQ(events.back().change, nullptr);
    const ZonePtr first = keeper->serving(apex);
    ZoneChange given{apex, 1, 7, records({"a 300 A 192.0.2.1"}), {}};
    ASSERT_TRUE(keeper->stage_given(given, {}, note).has_value());
    given = {apex, 7, 9, {}, records({"x 300 A 192.0.2.1"})};
    ASSERT_TRUE(keeper->stage_given(given, {}, note).has_value());
    keeper->commit();
    EXPECT_EQ(keeper->serving(apex)->serial(), 9U);
    EXPECT_EQ(keeper->history(apex).size(), 2U) << "each is a version of its own";
    expect_history(first);
    given = {apex, 8, 10, {}, {}};
    EXPECT_FALSE(keeper->stage_given(given, {}, note).has_value());
    const std::vector<std::string> before = dump(*keeper->serving(apex));
    restart();
    EXPECT_EQ(dump(*keep(nullptr)), before);
    expect_history(first);
}

TEST_F(World, SignsWhatChanges) {
    // Stands for a signer: one TXT at sig.NAME for each name with an A record.
    settings.sign = [](const Zone& after, const ZoneChange* change,
                       std::span<const Name>) -> Result<ZoneChange, std::string> {
        ZoneChange out;
        if (after.find_node(name("unsignable.example.").view()))
            return std::unexpected("no key for this name");
        const auto sign = [&](const Name& owner) {
            if (owner == apex) return;
            const Name sig = name("sig." + owner.to_text());
            const bool has = static_cast<bool>(after.find_node(sig.view()));
            const zone::NodeView node = after.find_node(owner.view());
            const bool wants = node && node.find(zone::RrType::A);
            if (has != wants)
                (wants ? out.added : out.removed)
                    .push_back(zone::test::record("sig." + owner.to_text() + " 1 TXT s", apex));
        };
        if (change == nullptr) {
            after.for_each_in_order([&](const Name& owner, zone::NodeView) { sign(owner); });
        } else {
            for (const auto& record : change->removed) sign(record.owner);
            for (const auto& record : change->added) sign(record.owner);
        }
        return out;
    };
    const ZonePtr first = keep(file({"a 300 A 192.0.2.1"}));
    EXPECT_THAT(content(first),
                ElementsAre("a.example. 300 A 192.0.2.1", "sig.a.example. 1 TXT \"s\""));
    EXPECT_EQ(first->serial(), 2U);
    change({"a 300 A 192.0.2.1"}, {"b 300 A 192.0.2.1"});
    const std::vector<std::string> wanted = {"b.example. 300 A 192.0.2.1",
                                             "sig.b.example. 1 TXT \"s\""};
    EXPECT_EQ(content(keeper->serving(apex)), wanted);
    expect_history(first);
    change({}, {"unsignable 1 A 192.0.2.1"});
    EXPECT_EQ(outcomes.back().kind, Outcome::Kind::refused);
    EXPECT_EQ(outcomes.back().text, "no key for this name");
    EXPECT_EQ(content(keeper->serving(apex)), wanted);
    restart();
    EXPECT_EQ(content(keep(file({"a 300 A 192.0.2.1"}))), wanted);
    expect_history(first);
}

TEST_F(World, ServesOnWhenTheDiskFails) {
    keep(file({"a 300 A 192.0.2.1"}));
    {
        // Another process that has the database: the write must fail, and fail clearly.
        const std::string other = folder_ / "kith.db";
        ASSERT_TRUE(std::filesystem::exists(other));
    }
    ZoneChange large{apex, 0, 0, {}, {}};
    const ZonePtr before = keeper->serving(apex);
    // What the store refuses stands for what a disk refuses: a serial that does not follow.
    ASSERT_TRUE(store->append({}, 0).has_value());
    const ZoneChange behind{apex, 1, 5, {}, {}};
    const store::Append append{&behind, {}};
    ASSERT_TRUE(store->append(std::span(&append, 1), 0).has_value());
    change({}, {"b 300 A 192.0.2.2"});
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes[0].kind, Outcome::Kind::not_kept);
    EXPECT_THAT(outcomes[0].text, HasSubstr("has serial 5"));
    EXPECT_EQ(keeper->serving(apex), before);
    EXPECT_EQ(keeper->working(apex), before);
    EXPECT_THAT(published, IsEmpty());
    EXPECT_EQ(keeper->counters().not_kept, 1U);
}

TEST_F(World, RefusesWhatWouldGoIntoADeletedFile) {
    keep(file({"a 300 A 192.0.2.1"}));
    std::filesystem::rename(folder_.path(), folder_.path() + ".away");
    change({}, {"b 300 A 192.0.2.2"});
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes[0].kind, Outcome::Kind::not_kept);
    EXPECT_THAT(outcomes[0].text, HasSubstr("kith.db: deleted or moved away"));
    EXPECT_EQ(content(keeper->serving(apex)).size(), 1U);
    std::filesystem::rename(folder_.path() + ".away", folder_.path());
    change({}, {"b 300 A 192.0.2.2"});
    EXPECT_EQ(outcomes.back().kind, Outcome::Kind::done) << "it is back";
    restart();
    EXPECT_EQ(content(keep(file({"a 300 A 192.0.2.1"}))).size(), 2U);
}

TEST_F(World, TakesUpWhatWasKeptAllTheSame) {
    const auto zone = [] { return file({"a 300 A 192.0.2.1"}); };
    const ZonePtr first = keep(zone());
    change({}, {"b 300 A 192.0.2.2"});
    // The files go while a transaction ends: it is in them, and was said to have failed.
    const ZonePtr served = keeper->serving(apex);
    const auto next = zone::apply_change(served, {apex, 2, 3, {}, records({"c 300 A 192.0.2.3"})});
    ASSERT_TRUE(next.has_value());
    const ZoneChange kept_change = zone::difference(*served, **next);
    const store::Append append{&kept_change, {Origin::Kind::update, "key."}};
    ASSERT_TRUE(store->append(std::span(&append, 1), 0).has_value());
    std::filesystem::rename(folder_.path(), folder_.path() + ".away");
    change({}, {"c 300 A 192.0.2.3"});
    EXPECT_EQ(outcomes.back().kind, Outcome::Kind::not_kept);
    EXPECT_EQ(content(keeper->serving(apex)).size(), 2U);
    std::filesystem::rename(folder_.path() + ".away", folder_.path());
    change({}, {"d 300 A 192.0.2.4"});
    EXPECT_EQ(outcomes.back().kind, Outcome::Kind::done) << outcomes.back().text;
    EXPECT_EQ(content(keeper->serving(apex)).size(), 4U);
    EXPECT_EQ(keeper->serving(apex)->serial(), 4U);
    EXPECT_EQ(events.size(), 3U) << "consumers are told of each";
    expect_history(first);
    const std::vector<std::string> before = dump(*keeper->serving(apex));
    restart();
    EXPECT_EQ(dump(*keep(zone())), before);
}

TEST_F(World, TakesUpAnEditThatWasKeptAllTheSame) {
    keep(file({"a 300 A 192.0.2.1"}));
    change({}, {"b 300 A 192.0.2.2"});
    const ZonePtr edited = file({"a 300 A 192.0.2.1", "e 300 A 192.0.2.5"});
    // As the takeover would have written it.
    const ZonePtr served = keeper->serving(apex);
    const auto next = zone::apply_change(served, {apex, 2, 3, {}, records({"e 300 A 192.0.2.5"})});
    ASSERT_TRUE(next.has_value());
    const ZoneChange change_to = zone::difference(*served, **next);
    const store::Append append{&change_to, {Origin::Kind::file, {}}};
    ASSERT_TRUE(
        store
            ->set_base(apex, {store::Base::Kind::file, store::digest_of(*edited), edited->serial()},
                       zone::difference(*edited, **next), 3, store::Store::History::keep,
                       std::span(&append, 1), now)
            .has_value());
    std::filesystem::rename(folder_.path(), folder_.path() + ".away");
    change({}, {"c 300 A 192.0.2.3"});
    EXPECT_EQ(outcomes.back().kind, Outcome::Kind::not_kept);
    std::filesystem::rename(folder_.path() + ".away", folder_.path());
    keep(edited);
    EXPECT_EQ(keeper->serving(apex)->serial(), 3U) << "it is the edit that is there";
    EXPECT_THAT(content(keeper->serving(apex)),
                ElementsAre("a.example. 300 A 192.0.2.1", "b.example. 300 A 192.0.2.2",
                            "e.example. 300 A 192.0.2.5"));
    change({}, {"c 300 A 192.0.2.3"});
    EXPECT_EQ(outcomes.back().kind, Outcome::Kind::done) << outcomes.back().text;
    const std::vector<std::string> before = dump(*keeper->serving(apex));
    restart();
    EXPECT_EQ(dump(*keep(edited)), before);
}

TEST_F(World, WaitsAWhileForWhoeverHoldsTheDatabase) {
    int signings = 0;
    settings.sign = [&](const Zone&, const ZoneChange*,
                        std::span<const Name>) -> Result<ZoneChange, std::string> {
        ++signings;
        return ZoneChange{};
    };
    keep(file({}));
    signings = 0;
    const auto other = store::Database::open(folder_ / "kith.db", store::OpenMode::write);
    ASSERT_TRUE(other.has_value());
    auto held = store::Transaction::begin(**other);
    ASSERT_TRUE(held.has_value());
    stage({}, {"a 300 A 192.0.2.1"});
    loop.turn(0s);
    EXPECT_THAT(outcomes, IsEmpty());
    stage({}, {"b 300 A 192.0.2.1"});
    loop.skip(lock_retry);
    loop.turn(0s);
    EXPECT_THAT(outcomes, IsEmpty());
    EXPECT_EQ(signings, 0) << "signed once, when it can be kept";
    ASSERT_TRUE(held->commit().has_value());
    loop.skip(lock_retry);
    loop.turn(0s);
    ASSERT_EQ(outcomes.size(), 2U) << "nobody was refused";
    EXPECT_EQ(signings, 1);
    EXPECT_EQ(outcomes[1].kind, Outcome::Kind::done);
    EXPECT_EQ(keeper->serving(apex)->serial(), 3U);

    const auto again = store::Transaction::begin(**other);
    ASSERT_TRUE(again.has_value());
    stage({}, {"c 300 A 192.0.2.1"});
    loop.turn(0s);
    loop.skip(lock_wait);
    loop.turn(0s);
    ASSERT_EQ(outcomes.size(), 3U) << "but not for ever";
    EXPECT_EQ(outcomes[2].kind, Outcome::Kind::not_kept);
    EXPECT_THAT(outcomes[2].text, HasSubstr("which other program has it open"));
}

TEST_F(World, TakesManyZonesOrNone) {
    const Name second = name("second.");
    const auto second_file = [&](std::string_view line) {
        zone::ZoneBuilder builder(second);
        for (const auto& record : records({"@ 300 SOA ns hostmaster 1 2 3 4 5", line}, "second."))
            EXPECT_TRUE(builder.add(record.owner, record.type, record.ttl, record.rdata));
        return builder.finish().zone;
    };
    keep(file({"a 300 A 192.0.2.1"}));
    ASSERT_TRUE(keeper->keep(second, second_file("a 300 A 192.0.2.1"), {}).has_value());
    const auto edit = [&] {
        std::vector<ZoneKeeper::TakeoverPtr> all;
        for (const auto& [of, zone] : {std::pair(apex, file({"b 300 A 192.0.2.1"})),
                                       std::pair(second, second_file("b 300 A 192.0.2.1"))}) {
            auto read = keeper->read(of, zone, {});
            EXPECT_TRUE(read.has_value());
            EXPECT_TRUE(keeper->prepare(**read, {}).has_value());
            all.push_back(*read);
        }
        EXPECT_EQ(keeper->serving(apex)->serial(), 1U) << "nothing has happened yet";
        return all;
    };
    const auto known = store->find(apex);
    const auto other = store::Database::open(folder_ / "kith.db", store::OpenMode::write);
    ASSERT_TRUE(other.has_value());
    {
        const auto held = store::Transaction::begin(**other);
        const auto taken = keeper->take(edit());
        ASSERT_FALSE(taken.has_value());
        EXPECT_EQ(taken.error().fault, store::StoreFault::locked);
    }
    EXPECT_EQ(keeper->serving(apex)->serial(), 1U);
    EXPECT_EQ((*store->find(apex))->serial, (*known)->serial);
    ASSERT_TRUE(keeper->take(edit()).has_value());
    EXPECT_EQ(keeper->serving(apex)->serial(), 2U);
    EXPECT_EQ(keeper->serving(second)->serial(), 2U);
    EXPECT_THAT(events, IsEmpty()) << "nobody is told before it is published";
    keeper->announce();
    EXPECT_EQ(events.size(), 2U);
    keeper->announce();
    EXPECT_EQ(events.size(), 2U);
}

TEST_F(World, RefusesOnlyThePartThatCannotBeSigned) {
    settings.sign = [](const Zone& after, const ZoneChange*,
                       std::span<const Name>) -> Result<ZoneChange, std::string> {
        if (after.find_node(name("unsignable.example.").view()))
            return std::unexpected("no key for this name");
        return ZoneChange{};
    };
    keep(file({"a 300 A 192.0.2.1"}));
    stage({}, {"first 1 A 192.0.2.1"});
    stage({}, {"unsignable 1 A 192.0.2.1", "beside 1 A 192.0.2.1"});
    stage({"beside 1 A 192.0.2.1"}, {"follows 1 A 192.0.2.1"});
    stage({"@ 300 SOA ns.example. hostmaster.example. 2 2 3 4 5"},
          {"@ 300 SOA ns hostmaster 40 2 3 4 5"});
    stage({}, {"last 1 A 192.0.2.1"});
    keeper->commit();
    std::map<std::string, int> counted;
    for (const Outcome& outcome : outcomes)
        ++counted[outcome.kind == Outcome::Kind::done ? "done" : outcome.text];
    EXPECT_EQ(
        counted,
        (std::map<std::string, int>{
            {"done", 3},
            {"no key for this name", 1},
            {"beside.example. A: a change that removes a record the zone does not have", 1}}));
    EXPECT_THAT(content(keeper->serving(apex)),
                ElementsAre("a.example. 300 A 192.0.2.1", "first.example. 1 A 192.0.2.1",
                            "last.example. 1 A 192.0.2.1"));
    EXPECT_EQ(keeper->serving(apex)->serial(), 40U);
    EXPECT_EQ(keeper->working(apex), keeper->serving(apex));
}

TEST_F(World, WritesTheFileBack) {
    settings.write_file = folder_ / "example.zone";
    const auto first = zone::zone_to_text(*file({"@ 300 NS ns", "a 300 A 192.0.2.1"}));
    std::ofstream(settings.write_file) << first;
    settings.file_state = file_state(settings.write_file);
    keep(file({"@ 300 NS ns", "a 300 A 192.0.2.1"}));
    ZoneChange leased{apex, 0, 0, {}, records({"b 300 A 192.0.2.2"})};
    leased.added[0].provenance.lease_end = 1'800'000'000;
    ASSERT_TRUE(keeper->stage(leased, {}, {}).has_value());
    keeper->commit();
    keeper->write_files_now();
    const auto read = [this] {
        std::ifstream in(settings.write_file);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const std::string written = read();
    EXPECT_THAT(written, HasSubstr("192.0.2.2"));
    settings.file_state = file_state(settings.write_file);
    restart();
    zone::LoadOptions options;
    options.apex = apex;
    const auto loaded = zone::load_zone(written, options, nullptr);
    ASSERT_NE(loaded.zone, nullptr)
        << written << (loaded.problems.empty() ? "" : loaded.problems[0].to_text());
    const ZonePtr again = keep(loaded.zone);
    EXPECT_EQ(
        again->find_node(name("b.example.").view()).find(zone::RrType::A).provenance(0).lease_end,
        1'800'000'000U)
        << "what a file cannot say is in the store";
    // Somebody edits it: what they write is not overwritten.
    change({}, {"c 300 A 192.0.2.3"});
    std::ofstream(settings.write_file) << "; being edited\n" << first;
    keeper->write_files_now();
    EXPECT_THAT(read(), testing::StartsWith("; being edited"));
}

TEST_F(World, WritesNamesThatLookLikeSyntax) {
    settings.write_file = folder_ / "example.zone";
    const ZonePtr first = file({"@ 300 NS ns"});
    std::ofstream(settings.write_file) << zone::zone_to_text(*first);
    settings.file_state = file_state(settings.write_file);
    keep(first);
    // What a client with a grant may call its records.
    change({}, {R"(\$ORIGIN 300 A 192.0.2.1)", R"(\$INCLUDE 300 TXT "/etc/passwd")",
                R"(\@ 300 A 192.0.2.2)", R"(a\"b 300 TXT "quote \" and \\ slash")",
                R"(x\;y 300 TXT "; no comment")", R"(\(open 300 A 192.0.2.3)",
                R"(line\010feed 300 TXT "\010$TTL 1\010")", R"(blank\032owner 300 A 192.0.2.4)",
                R"(dot\.dot 300 A 192.0.2.5)", R"(\255\000 300 A 192.0.2.6)",
                R"(svc 300 SVCB 1 . alpn="h2,h3" key667="a\"b ;c")"});
    ASSERT_EQ(outcomes.back().kind, Outcome::Kind::done);
    keeper->write_files_now();
    std::ifstream in(settings.write_file);
    const std::string written(std::istreambuf_iterator<char>(in), {});
    zone::LoadOptions options;
    options.apex = apex;
    const auto loaded = zone::load_zone(written, options, nullptr);
    ASSERT_NE(loaded.zone, nullptr) << written;
    EXPECT_EQ(dump(*loaded.zone), dump(*keeper->serving(apex))) << written;
    EXPECT_EQ(content(loaded.zone).size(), 12U);
}

TEST_F(World, ForgetsOldHistoryByBytes) {
    settings.history_bytes_max = 200'000;
    settings.journal_bytes_max = store::journal_bytes_max_least;
    keep(file({}));
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(
            keeper
                ->stage({apex, 0, 0, {}, records({"h" + std::to_string(i) + " 300 A 192.0.2.1"})},
                        {}, {})
                .has_value());
        keeper->commit();
    }
    EXPECT_LT(keeper->history(apex).size(), 200U);
    EXPECT_GT(keeper->history(apex).size(), 20U);
    EXPECT_EQ(keeper->history(apex)[keeper->history(apex).size() - 1].to_serial, 1001U);
    EXPECT_FALSE(keeper->history(apex).find(1).has_value());
    for (int i = 0; i < 10; ++i) loop.turn(30ms);
    const auto known = store->find(apex);
    ASSERT_TRUE(known.has_value());
    EXPECT_LT((*known)->change_bytes, store::journal_bytes_max_least) << "compacted by itself";
    const std::vector<std::string> before = dump(*keeper->serving(apex));
    restart();
    EXPECT_EQ(dump(*keep(file({}))), before);
}

TEST_F(World, MayBeStagedToByThoseItTells) {
    keep(file({}));
    int more = 3;
    std::function<void(const Outcome&)> again = [&](const Outcome& outcome) {
        outcomes.push_back(outcome);
        if (--more == 0) return;
        ASSERT_TRUE(
            keeper
                ->stage({apex, 0, 0, {}, records({"m" + std::to_string(more) + " 1 A 192.0.2.1"})},
                        {}, again)
                .has_value());
    };
    ASSERT_TRUE(
        keeper->stage({apex, 0, 0, {}, records({"m 1 A 192.0.2.1"})}, {}, again).has_value());
    for (int i = 0; i < 4; ++i) loop.turn(10ms);
    EXPECT_EQ(outcomes.size(), 3U);
    EXPECT_EQ(keeper->serving(apex)->serial(), 4U);
}

}  // namespace
}  // namespace kith::server
