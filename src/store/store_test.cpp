#include "store/store.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/database.hpp"
#include "store/limits.hpp"
#include "store/store_testing.hpp"

namespace kith::store {
namespace {

using kith::test::TemporaryFolder;
using test::change;
using test::lines;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using zone::test::name;

const std::string soa_before = "@ 300 SOA ns hostmaster 1 2 3 4 5";

Store open(const TemporaryFolder& folder, Access access = Access::own) {
    auto store = Store::open(folder.path(), access);
    EXPECT_TRUE(store.has_value()) << (store ? "" : store.error().text);
    return std::move(*store);
}
template <class T>
T good(Stored<T> result) {
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().text);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

const Base file_base{Base::Kind::file, 0xfeed'face'dead'beefU, 1};

/// A zone with a file of serial 1 and these changes.
void fill(Store& store, const std::vector<ZoneChange>& changes) {
    good(store.set_base(name("example."), file_base, change(1, 1, {}, {}), 1,
                        Store::History::forget, {}, 0));
    for (const ZoneChange& each : changes) {
        const Append append{&each, {Origin::Kind::update, "laptop."}};
        good(store.append(std::span(&append, 1), 1'700'000'000));
    }
}

std::vector<std::string> net_of(const Store& store) {
    std::vector<std::string> out;
    good(store.read_net(name("example."), [&out](ZoneChange&& piece) {
        for (const std::string& line : lines(piece)) out.push_back(line);
    }));
    return out;
}

std::vector<std::uint64_t> numbers_of(const Store& store, std::uint64_t first = 0) {
    std::vector<std::uint64_t> out;
    good(store.read_changes(name("example."), first, [&out](JournalEntry&& entry) {
        out.push_back(entry.number);
        return true;
    }));
    return out;
}

TEST(Store, MakesItsFilesForOneUserOnly) {
    const TemporaryFolder folder;
    const std::string path = folder / "state";
    {
        const auto store = Store::open(path, Access::own);
        ASSERT_TRUE(store.has_value()) << store.error().text;
        for (const char* const each :
             {"", "/kith.db", "/kith.lock", "/kith.db-wal", "/kith.db-shm"}) {
            struct stat info {};
            ASSERT_EQ(::stat((path + each).c_str(), &info), 0) << each;
            EXPECT_EQ(info.st_mode & 077, 0U) << each;
        }
        EXPECT_EQ(store->file(), path + "/kith.db");
    }
}

TEST(Store, KeepsChangesOverARestart) {
    const TemporaryFolder folder;
    {
        Store store = open(folder);
        fill(store,
             {change(1, 2, {}, {"a 300 A 192.0.2.1"}), change(2, 5, {"a 300 A 192.0.2.1"}, {})});
    }
    const Store store = open(folder);
    const auto zones = good(store.zones());
    ASSERT_EQ(zones.size(), 1U);
    EXPECT_EQ(zones[0].apex, name("example."));
    EXPECT_EQ(zones[0].base, file_base);
    EXPECT_EQ(zones[0].serial, 5U);
    EXPECT_EQ(zones[0].folded, 0U);
    EXPECT_EQ(zones[0].first_change, 1U);
    EXPECT_EQ(zones[0].last_change, 2U);
    std::vector<JournalEntry> entries;
    good(store.read_changes(name("EXAMPLE."), 0, [&entries](JournalEntry&& entry) {
        entries.push_back(std::move(entry));
        return true;
    }));
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].at, 1'700'000'000);
    EXPECT_EQ(entries[0].origin.kind, Origin::Kind::update);
    EXPECT_EQ(entries[0].origin.who, "laptop.");
    EXPECT_THAT(lines(entries[0].change), ElementsAre("+ a.example. 300 A 192.0.2.1"));
    EXPECT_THAT(lines(entries[1].change), ElementsAre("- a.example. 300 A 192.0.2.1"));
    EXPECT_FALSE(good(store.find(name("other."))).has_value());
}

TEST(Store, AppendsAllOrNothing) {
    const TemporaryFolder folder;
    Store store = open(folder);
    fill(store, {});
    const ZoneChange first = change(1, 2, {}, {"a 300 A 192.0.2.1"});
    const ZoneChange gap = change(3, 4, {}, {"b 300 A 192.0.2.1"});
    const Append both[] = {{&first, {}}, {&gap, {}}};
    const auto appended = store.append(both, 0);
    ASSERT_FALSE(appended.has_value());
    EXPECT_EQ(appended.error().fault, StoreFault::not_whole);
    EXPECT_THAT(appended.error().text, HasSubstr("zone example. has serial 2, a change from 3"));
    EXPECT_THAT(numbers_of(store), IsEmpty());
    ZoneChange unknown = first;
    unknown.apex = name("other.");
    const Append other{&unknown, {}};
    EXPECT_EQ(store.append(std::span(&other, 1), 0).error().fault, StoreFault::not_whole);
}

TEST(Store, FoldsToWhatIsLeft) {
    struct Row {
        const char* why;
        std::vector<ZoneChange> changes;
        std::vector<std::string> net;
    };
    const Row rows[] = {
        {"added, and removed again",
         {change(1, 2, {}, {"a 300 A 192.0.2.1"}), change(2, 3, {"a 300 A 192.0.2.1"}, {})},
         {}},
        {"removed, and added again",
         {change(1, 2, {"a 300 A 192.0.2.1"}, {}), change(2, 3, {}, {"a 300 A 192.0.2.1"})},
         {}},
        {"removed, and added with another TTL",
         {change(1, 2, {"a 300 A 192.0.2.1"}, {}), change(2, 3, {}, {"a 60 A 192.0.2.1"})},
         {"- a.example. 300 A 192.0.2.1", "+ a.example. 60 A 192.0.2.1"}},
        {"a TTL there and back",
         {change(1, 2, {"a 300 A 192.0.2.1"}, {"a 60 A 192.0.2.1"}),
          change(2, 3, {"a 60 A 192.0.2.1"}, {"a 300 A 192.0.2.1"})},
         {}},
        {"the SOA of every version is the last one",
         {change(1, 2, {soa_before}, {"@ 300 SOA ns hostmaster 2 2 3 4 5"}),
          change(2, 3, {"@ 300 SOA ns hostmaster 2 2 3 4 5"},
                 {"@ 300 SOA ns hostmaster 3 2 3 4 5"})},
         {"- example. 300 SOA ns.example. hostmaster.example. 1 2 3 4 5",
          "+ example. 300 SOA ns.example. hostmaster.example. 3 2 3 4 5"}},
        {"in canonical order, and by type",
         {change(1, 2, {}, {"b 1 A 192.0.2.1", "a.b 1 A 192.0.2.1"}),
          change(2, 3, {}, {"a 1 TXT x", "a 1 A 192.0.2.1"})},
         {"+ a.example. 1 A 192.0.2.1", "+ a.example. 1 TXT \"x\"", "+ b.example. 1 A 192.0.2.1",
          "+ a.b.example. 1 A 192.0.2.1"}},
        {"names in RDATA compare without case",
         {change(1, 2, {}, {"a 1 MX 1 Mail.example."}),
          change(2, 3, {"a 1 MX 1 mail.example."}, {})},
         {}},
    };
    for (const Row& row : rows) {
        const TemporaryFolder folder;
        Store store = open(folder);
        fill(store, row.changes);
        EXPECT_FALSE(good(store.compact(name("example."), 0))) << row.why;
        EXPECT_EQ(net_of(store), row.net) << row.why;
        EXPECT_THAT(numbers_of(store), IsEmpty()) << row.why;
        const KeptZone zone = *good(store.find(name("example.")));
        EXPECT_EQ(zone.serial, 3U) << row.why;
        EXPECT_EQ(zone.folded, 2U) << row.why;
    }
}

TEST(Store, CompactsTheOldestAndGoesOnNumbering) {
    const TemporaryFolder folder;
    Store store = open(folder);
    std::vector<ZoneChange> changes;
    for (std::uint32_t i = 1; i <= 40; ++i) {
        changes.push_back(
            {name("example."),
             i,
             i + 1,
             {},
             zone::test::records({"h" + std::to_string(100 + i) + " 300 A 192.0.2.1"})});
    }
    fill(store, changes);
    const std::uint64_t bytes = good(store.find(name("example.")))->change_bytes;
    EXPECT_FALSE(good(store.compact(name("example."), bytes))) << "not over the bound";
    EXPECT_EQ(numbers_of(store).size(), 40U);
    EXPECT_FALSE(good(store.compact(name("example."), bytes - 1)));
    const std::vector<std::uint64_t> left = numbers_of(store);
    EXPECT_EQ(left.front(), 22U) << "at most half of the bound is left";
    EXPECT_EQ(left.back(), 40U);
    EXPECT_EQ(net_of(store).size(), 21U);
    const ZoneChange next = change(41, 42, {}, {"x 300 A 192.0.2.1"});
    const Append append{&next, {}};
    good(store.append(std::span(&append, 1), 0));
    EXPECT_EQ(good(store.find(name("example.")))->last_change, 41U);
    const auto newest = good(store.newest_changes(name("example."), bytes / 40 * 3));
    ASSERT_EQ(newest.size(), 3U);
    EXPECT_EQ(newest[0].number, 39U);
    EXPECT_EQ(newest[2].change.to_serial, 42U);
}

TEST(Store, TakesAnotherBase) {
    const TemporaryFolder folder;
    Store store = open(folder);
    fill(store, {change(1, 2, {}, {"a 300 A 192.0.2.1"})});
    const ZoneChange edit = change(2, 3, {}, {"b 300 A 192.0.2.1"});
    const Append append{&edit, {Origin::Kind::file, "example.zone"}};
    const Base next{Base::Kind::file, 77, 10};
    good(store.set_base(name("example."), next, change(10, 3, {}, {"a 300 A 192.0.2.1"}), 3,
                        Store::History::keep, std::span(&append, 1), 5));
    KeptZone zone = *good(store.find(name("example.")));
    EXPECT_EQ(zone.base, next);
    EXPECT_EQ(zone.serial, 3U);
    EXPECT_EQ(zone.folded, 2U) << "all of it is in the net";
    EXPECT_THAT(numbers_of(store), ElementsAre(1, 2)) << "and still history";
    EXPECT_THAT(net_of(store), ElementsAre("+ a.example. 300 A 192.0.2.1"));
    good(store.set_base(name("example."), next, change(10, 9, {}, {}), 9, Store::History::forget,
                        {}, 5));
    zone = *good(store.find(name("example.")));
    EXPECT_EQ(zone.serial, 9U);
    EXPECT_THAT(numbers_of(store), IsEmpty());
    EXPECT_THAT(net_of(store), IsEmpty());
    const ZoneChange after = change(9, 11, {}, {});
    const Append more{&after, {}};
    good(store.append(std::span(&more, 1), 0));
    EXPECT_THAT(numbers_of(store), ElementsAre(3)) << "numbers go on";
}

TEST(Store, KeepsAWholeZone) {
    const TemporaryFolder folder;
    const zone::ZonePtr zone =
        zone::test::zone({"@ 300 NS ns", "B 60 A 192.0.2.1", "b 60 A 192.0.2.2", "a.x 60 TXT t"});
    {
        Store store = open(folder);
        good(store.set_whole(*zone, Store::History::forget, {}, 0));
    }
    const Store store = open(folder);
    EXPECT_EQ(good(store.find(name("example.")))->base, Base());
    EXPECT_EQ(good(store.find(name("example.")))->serial, 1U);
    std::vector<zone::Record> records;
    good(store.read_net(name("example."), [&records](ZoneChange&& piece) {
        EXPECT_TRUE(piece.removed.empty());
        std::ranges::move(piece.added, std::back_inserter(records));
    }));
    const auto built = zone::test::build(records);
    ASSERT_NE(built.zone, nullptr);
    EXPECT_EQ(zone::test::dump(*built.zone), zone::test::dump(*zone));
    EXPECT_EQ(digest_of(*built.zone), digest_of(*zone));
}

TEST(Store, DigestTellsZonesApart) {
    const auto digest = [](std::initializer_list<std::string_view> lines) {
        return digest_of(*zone::test::zone(lines));
    };
    const std::uint64_t first = digest({"a 60 A 192.0.2.1", "b 60 A 192.0.2.2"});
    EXPECT_EQ(digest({"B 60 A 192.0.2.2", "A 60 A 192.0.2.1"}), first)
        << "neither order nor case of owners";
    EXPECT_NE(digest({"a 60 A 192.0.2.2", "b 60 A 192.0.2.1"}), first);
    EXPECT_NE(digest({"a 61 A 192.0.2.1", "b 60 A 192.0.2.2"}), first);
    EXPECT_NE(digest({"a 60 A 192.0.2.1"}), first);
}

TEST(Store, ForgetsAZone) {
    const TemporaryFolder folder;
    Store store = open(folder);
    fill(store, {change(1, 2, {}, {"a 300 A 192.0.2.1"})});
    good(store.forget(name("Example.")));
    EXPECT_THAT(good(store.zones()), IsEmpty());
    good(store.forget(name("example.")));
    good(store.vacuum());
}

TEST(Store, KeepsKeysAndValues) {
    const TemporaryFolder folder;
    {
        Store store = open(folder);
        const KeyValue values[] = {{"b", {1, 2}}, {"a", {3}}};
        good(store.put("keys", values));
        const KeyValue others[] = {{"a", {9}}};
        good(store.put("leases", others));
    }
    Store store = open(folder);
    EXPECT_THAT(*good(store.get("keys", "a")), ElementsAre(3));
    EXPECT_FALSE(good(store.get("keys", "c")).has_value());
    const KeyValue change[] = {{"a", {}}, {"b", {7}}};
    good(store.put("keys", change));
    const auto all = good(store.list("keys"));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].key, "b");
    EXPECT_THAT(all[0].value, ElementsAre(7));
    const KeyValue more[] = {{"ba", {1}}, {"bb", {2}}, {"c", {3}}};
    good(store.put("keys", more));
    EXPECT_THAT(good(store.keys("keys")), ElementsAre("b", "ba", "bb", "c"));
    EXPECT_EQ(good(store.list("keys", "b")).size(), 3U);
    EXPECT_EQ(good(store.list("keys", "bb")).size(), 1U);
    EXPECT_THAT(good(store.list("keys", "d")), IsEmpty());
    const KeyValue large[] = {{"x", std::vector<std::uint8_t>(value_bytes_max + 1)}};
    EXPECT_EQ(store.put("keys", large).error().fault, StoreFault::too_large);
}

TEST(Store, LetsOneServerIn) {
    const TemporaryFolder folder;
    Store store = open(folder);
    const auto second = Store::open(folder.path(), Access::own);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().fault, StoreFault::in_use);
    EXPECT_THAT(second.error().text, HasSubstr("another server keeps its state here"));
    fill(store, {change(1, 2, {}, {"a 300 A 192.0.2.1"})});
    const Store reader = open(folder, Access::read);
    EXPECT_EQ(good(reader.zones()).size(), 1U) << "tools read beside it";
}

TEST(Store, WritesNothingIntoFilesThatAreGone) {
    struct Row {
        const char* why;
        std::function<void(const std::string& folder)> act;
        bool comes_back;  // when `undo` is done
        std::function<void(const std::string& folder)> undo;
        const char* text;
    };
    namespace fs = std::filesystem;
    const auto remove = [](const char* file) {
        return [file](const std::string& folder) { fs::remove(folder + file); };
    };
    const auto move = [](std::string from, std::string to) {
        return [from, to](const std::string& folder) { fs::rename(folder + from, folder + to); };
    };
    const auto nothing = [](const std::string&) {};
    const Row rows[] = {
        {"the database deleted", remove("/kith.db"), false, nothing, "kith.db: deleted or moved"},
        {"its log deleted", remove("/kith.db-wal"), false, nothing, "kith.db-wal: deleted"},
        {"the index of the log", remove("/kith.db-shm"), false, nothing, "kith.db-shm: deleted"},
        {"the lock: another server could come", remove("/kith.lock"), false, nothing,
         "kith.lock: deleted"},
        {"the database replaced by a copy of itself",
         [](const std::string& folder) {
             fs::copy_file(folder + "/kith.db", folder + "/copy");
             fs::rename(folder + "/copy", folder + "/kith.db");
         },
         false, nothing, "kith.db: replaced by another file"},
        {"the folder deleted", [](const std::string& folder) { fs::remove_all(folder); }, false,
         nothing, "kith.db: deleted or moved"},
        {"the folder moved away, and back", move("", ".away"), true, move(".away", ""),
         "put the state directory back"},
    };
    for (const Row& row : rows) {
        const TemporaryFolder parent;
        const std::string folder = parent / "state";
        auto store = Store::open(folder, Access::own);
        ASSERT_TRUE(store.has_value()) << row.why;
        fill(*store, {change(1, 2, {}, {"a 300 A 192.0.2.1"})});
        row.act(folder);
        const ZoneChange next = change(2, 3, {}, {"b 300 A 192.0.2.1"});
        const Append append{&next, {}};
        const auto appended = store->append(std::span(&append, 1), 0);
        ASSERT_FALSE(appended.has_value()) << row.why;
        EXPECT_EQ(appended.error().fault, StoreFault::moved) << row.why;
        EXPECT_THAT(appended.error().text, HasSubstr(row.text)) << row.why;
        const KeyValue key{"example. 13 1", {1, 2, 3}};
        EXPECT_FALSE(store->put("keys", std::span(&key, 1)).has_value()) << row.why;
        row.undo(folder);
        EXPECT_EQ(store->append(std::span(&append, 1), 0).has_value(), row.comes_back) << row.why;
    }
}

TEST(Store, WaitsNoLongerThanItsClientsCan) {
    const TemporaryFolder folder;
    Store store = open(folder);
    store.serve_from_now();
    fill(store, {});
    const auto other = good(Database::open(store.file(), OpenMode::write));
    const ZoneChange next = change(1, 2, {}, {"a 300 A 192.0.2.1"});
    const Append append{&next, {}};
    {
        const Transaction held = good(Transaction::begin(*other));
        const auto start = std::chrono::steady_clock::now();
        const auto appended = store.append(std::span(&append, 1), 0);
        ASSERT_FALSE(appended.has_value());
        EXPECT_EQ(appended.error().fault, StoreFault::locked) << appended.error().text;
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(busy_wait_ms))
            << "not as long as at the start";
    }
    good(store.append(std::span(&append, 1), 0));
}

TEST(Store, KeepsABatchWholeOrNotAtAll) {
    const TemporaryFolder folder;
    Store store = open(folder);
    fill(store, {});
    const ZoneChange next = change(1, 2, {}, {"a 300 A 192.0.2.1"});
    const Append append{&next, {}};
    const KeyValue key{"a", {1}};
    {
        const Store::Batch batch = good(store.begin_batch());
        good(store.append(std::span(&append, 1), 0));
        good(store.put("keys", std::span(&key, 1)));
    }
    EXPECT_THAT(numbers_of(store), IsEmpty());
    EXPECT_THAT(good(store.list("keys")), IsEmpty());
    Store::Batch batch = good(store.begin_batch());
    good(store.append(std::span(&append, 1), 0));
    good(store.put("keys", std::span(&key, 1)));
    good(batch.commit());
    EXPECT_THAT(numbers_of(store), ElementsAre(1));
    EXPECT_EQ(good(store.list("keys")).size(), 1U);
    good(store.put("keys", std::span(&key, 1)));
}

TEST(Store, SaysWhatIsWrongWithADisk) {
    struct Row {
        const char* why;
        std::string content;
        StoreFault fault;
        const char* text;
    };
    std::string newer;
    {
        const TemporaryFolder folder;
        { const Store store = open(folder); }
        std::ifstream in(folder / "kith.db", std::ios::binary);
        newer.assign(std::istreambuf_iterator<char>(in), {});
        newer[63] = 99;  // the last byte of user_version
    }
    std::string torn(newer);
    torn[63] = 1;
    torn.resize(5000);
    const Row rows[] = {
        {"not a database", std::string(5000, 'x'), StoreFault::corrupt, "not a database"},
        {"a later version", newer, StoreFault::too_new,
         "made by a later version of kith (form 99, expected at most 1)"},
        {"cut off", torn, StoreFault::corrupt, "put a backup"},
    };
    for (const Row& row : rows) {
        const TemporaryFolder folder;
        std::ofstream(folder / "kith.db", std::ios::binary) << row.content;
        auto store = Store::open(folder.path(), Access::own);
        std::optional<StoreError> error;
        if (!store) {
            error = store.error();
        } else if (const auto zones = store->zones(); !zones) {
            error = zones.error();
        }
        ASSERT_TRUE(error.has_value()) << row.why;
        EXPECT_EQ(error->fault, row.fault) << row.why << ": " << error->text;
        EXPECT_THAT(error->text, HasSubstr(row.text)) << row.why;
    }
    EXPECT_EQ(Store::open("/nowhere/at/all", Access::own).error().fault, StoreFault::cannot_open);
    EXPECT_EQ(Store::open("/nowhere/at/all", Access::read).error().fault, StoreFault::cannot_open);
}

TEST(Store, NoticesDamagedContent) {
    const TemporaryFolder folder;
    {
        Store store = open(folder);
        fill(store, {change(1, 2, {}, {"findme 300 A 192.0.2.1"})});
        good(store.vacuum());
    }
    const std::string file = folder / "kith.db";
    std::string content;
    {
        std::ifstream in(file, std::ios::binary);
        content.assign(std::istreambuf_iterator<char>(in), {});
    }
    const std::size_t at = content.find("findme");
    ASSERT_NE(at, content.npos);
    content[at] = 'F';
    std::ofstream(file, std::ios::binary) << content;
    const Store store = open(folder);
    const auto read = store.read_changes(name("example."), 0, [](JournalEntry&&) { return true; });
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().fault, StoreFault::corrupt);
    EXPECT_THAT(read.error().text,
                HasSubstr("change 1 of zone example. cannot be read: its checksum is wrong"));
}

}  // namespace
}  // namespace kith::store
