#include "server/record_zones.hpp"

#include <sys/stat.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files/key_files.hpp"
#include "server/record_zones_testing.hpp"
#include "store/database.hpp"

namespace kith::server {
namespace {

using testing::HasSubstr;

TEST_F(RecordConfig, IsCheckedForWhatCannotWork) {
    struct Row {
        const char* why;
        const char* zones;  // from line 3 on
        const char* problems;
    };
    const Row rows[] = {
        {"all is well",
         R"("z.": {"update": ["grant laptop. subdomain a.z.", "grant * self", "grant 192.0.2.0/24 name b A"],
    "transfer": {"primaries": []}})",
         ""},
        {"a key that is not there", R"("z.": {"update": ["grant lapdog. zonesub"]})",
         "kith.json:3:19: error: update: there is no key lapdog. under 'keys'\n"},
        {"a key that may come with a client: SIG(0)", R"("z.": {"update": ["grant host.z. self"]})",
         "kith.json:3:19: warning: update: there is no key host.z. under 'keys', and no KEY record of "
         "that name in the file, for SIG(0)\n"},
        {"a name outside", R"("z.": {"update": ["grant laptop. name www.example. A"]})",
         "kith.json:3:19: error: update: expected a name in z., found www.example.\n"},
        {"one of many names outside",
         R"("z.": {"update": ["grant laptop. acme www.z. www.example."]})",
         "kith.json:3:19: error: update: expected a name in z., found www.example.\n"},
        {"a rule that fits nothing", R"("z.": {"update": ["grant laptop. self A"]})",
         "kith.json:3:19: warning: update: the name of key laptop. is not in zone z., so that this "
         "grants nothing; see 'subdomain' and 'name'\n"},
        {"leases that nobody can have", R"("z.": {"serial": "increment", "timeout_type": 65280})",
         "kith.json:3:7: warning: timeout_type: has no effect without 'update': nobody leases records "
         "here\n"},
        {"a type that is taken",
         R"("z.": {"update": ["grant laptop. zonesub"], "timeout_type": 99})",
         "kith.json:3:7: error: timeout_type: expected a number 65280..65534, found 99\n"},
        {"a secondary of itself", R"("z.": {"transfer": {"primaries": ["127.0.0.1:5399"]}})",
         "kith.json:3:35: error: primaries: 127.0.0.1:5399 is this server itself; name the one that has "
         "the zone\n"},
        {"a folder that is not there", R"("z.": {"dnssec": {"key_directory": "none"}})",
         "kith.json:3:18: error: key_directory: none: cannot read this folder: No such file or "
         "directory\n"},
        {"a folder without keys", R"("z.": {"dnssec": {"key_directory": "empty"}})",
         "kith.json:3:18: error: key_directory: empty: expected key files of zone z., found none; `kith "
         "key generate` makes them\n"},
    };
    for (const Row& row : rows) {
        const std::string text =
            R"({"server": {"listen": ["127.0.0.1:5399"], "upstream": []}, "keys": {"laptop.": {"secret": "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="}},
"zones": {
)" + std::string(row.zones) +
            "}}";
        EXPECT_EQ(check(text), row.problems) << row.why;
    }
}

TEST_F(RecordConfig, IsCheckedForSignaturesThatCannotServe) {
    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::ECDSAP256SHA256);
    ASSERT_TRUE(key.has_value());
    fs::create_directory(folder_ / "live");
    const auto written = files::write_key_files(
        folder_ / "live", {{}, zone::test::name("z."), 60, false, {dnssec::ksk_flags, *key}, {}});
    ASSERT_TRUE(written.has_value());
    write("none.rrsigs", "");
    write("bad.rrsigs", "@ RRSIG DNSKEY\n");
    const struct {
        const char* why;
        const char* dnssec;
        std::string problem;  // its beginning
    } rows[] = {
        {"keys alone", R"("key_directory": "live")", ""},
        {"no file", R"("key_directory": "live", "key_signatures": "nosuch")",
         "kith.json:1:40: error: zone z.: cannot read nosuch: No such file"},
        {"an empty file", R"("key_directory": "live", "key_signatures": "none.rrsigs")",
         "kith.json:1:40: error: zone z.: none.rrsigs: no RRSIG over the DNSKEY records of z. is valid now"},
        {"a file with an error", R"("key_directory": "live", "key_signatures": "bad.rrsigs")",
         "kith.json:1:40: error: zone z.: bad.rrsigs:1:"},
    };
    for (const auto& row : rows) {
        const std::string found = check(fmt::format(
            R"({{"server": {{"upstream": []}}, "zones": {{"z.": {{"dnssec": {{{}}}}}}}}})",
            row.dnssec));
        EXPECT_EQ(found.empty(), row.problem.empty()) << row.why << ": " << found;
        EXPECT_TRUE(found.starts_with(row.problem)) << row.why << ": " << found;
        EXPECT_LE(std::ranges::count(found, '\n'), 1) << row.why << ": " << found;
    }
}

constexpr std::string_view both =
    R"("a.": {"file": "a.zone", "serial": "increment"}, "b.": {"file": "b.zone", "serial": "increment"})";

TEST_F(RecordConfig, WarnsOfAStateDirectoryThatOthersMayWriteTo) {
    const std::string folder = (folder_ / "kith-state").string();
    const std::string zone_of_record =
        R"({"server": {"upstream": []}, "zones": {"z.": {"serial": "increment"}}})";
    const struct {
        const char* why;
        mode_t mode;
        std::string problems;
    } rows[] = {
        {"as it is made", 0700, ""},
        {"as a service manager makes it", 0755, ""},
        {"a group may write", 0770,
         "kith.json:1:1: warning: state_directory: others than its owner may write to kith-state (mode 0770), "
         "and so put zones and keys of theirs in place of those kept there; `chmod go-w kith-state`\n"},
        {"everybody may write", 0777,
         "kith.json:1:1: warning: state_directory: others than its owner may write to kith-state (mode 0777), "
         "and so put zones and keys of theirs in place of those kept there; `chmod go-w kith-state`\n"},
    };
    EXPECT_EQ(check(zone_of_record), "") << "there is none yet";
    ASSERT_TRUE(fs::create_directory(folder));
    for (const auto& row : rows) {
        ASSERT_EQ(::chmod(folder.c_str(), row.mode), 0);
        EXPECT_EQ(check(zone_of_record), row.problems) << row.why;
    }
    EXPECT_EQ(check(R"({"server": {"upstream": []}, "zones": {"z.": {}}})"), "")
        << "nothing is kept there";
}

TEST_F(Reloads, WarnOfAStateDirectoryThatOthersMayWriteTo) {
    ASSERT_TRUE(reload(both));
    EXPECT_EQ(problems_, 0U);
    ASSERT_EQ(::chmod((folder_ / "kith-state").c_str(), 0777), 0);
    ASSERT_TRUE(reload(both));
    EXPECT_THAT(last_, HasSubstr("others than its owner may write to"));
}

TEST_F(Reloads, TakeAllOrNothing) {
    ASSERT_TRUE(reload(both));
    ASSERT_TRUE(serves("a.", "one.a."));
    write("a.zone", zone_text("a.", "two 60 A 192.0.2.1"));
    EXPECT_FALSE(reload(R"("a.": {"file": "a.zone", "serial": "increment"},
        "b.": {"file": "b.zone", "serial": "increment", "dnssec": {"key_directory": "nowhere"}})"));
    EXPECT_FALSE(serves("a.", "two.a.")) << "the first is as it was";
    EXPECT_TRUE(serves("a.", "one.a."));
    EXPECT_FALSE(may_pass_) << "nothing to be tried again: a file is to be edited";
    EXPECT_EQ(problems_, 1U) << "the keys are looked for once: " << last_;
    EXPECT_FALSE(reload(R"("a.": {"file": "a.zone", "serial": "increment"},
        "c.": {"serial": "increment", "transfer": {"primaries": ["127.0.0.1:5399"]}})"));
    EXPECT_TRUE(records_->keeper()->keeps(*dns::Name::from_text("b."))) << "nor is one let go of";
    ASSERT_TRUE(reload(both)) << last_;
    EXPECT_TRUE(serves("a.", "two.a."));
    EXPECT_EQ(records_->keeper()->serving(*dns::Name::from_text("a."))->serial(), 2U);
}

TEST_F(Reloads, MayPassWhenOnlyTheDiskRefuses) {
    ASSERT_TRUE(reload(both));
    write("a.zone", zone_text("a.", "two 60 A 192.0.2.1"));
    fs::rename(folder_ / "kith-state", folder_ / "away");
    EXPECT_FALSE(reload(both));
    EXPECT_THAT(last_, HasSubstr("state_directory: "));
    EXPECT_THAT(last_, HasSubstr("deleted or moved away"));
    EXPECT_TRUE(may_pass_);
    EXPECT_FALSE(serves("a.", "two.a."));
    EXPECT_THAT(lines(), HasSubstr("journal.failed zone=all"));
    fs::rename(folder_ / "away", folder_ / "kith-state");
    EXPECT_TRUE(reload(both));
    EXPECT_TRUE(serves("a.", "two.a."));
    EXPECT_THAT(lines(), HasSubstr("journal.recovered"));
}

TEST_F(Reloads, MayPassWhateverStepTheDatabaseRefuses) {
    ASSERT_TRUE(reload(both));
    const auto other =
        store::Database::open((folder_ / "kith-state/kith.db").string(), store::OpenMode::write);
    ASSERT_TRUE(other.has_value());
    const auto held = store::Transaction::begin(**other);
    ASSERT_TRUE(held.has_value());
    write("c.zone", zone_text("c.", "one 60 A 192.0.2.1"));
    const std::string more = std::string(both) + R"(, "c.": {"file": "c.zone", "dnssec": {}})";
    EXPECT_FALSE(reload(more)) << "no key can be kept";
    EXPECT_THAT(last_, HasSubstr("see which other program has it open"));
    EXPECT_TRUE(may_pass_);
    const std::string bad =
        std::string(both) +
        R"(, "c.": {"file": "c.zone", "dnssec": {}}, "d.": {"file": "c.zone", "dnssec": {"key_directory": "no"}})";
    write("c.zone", "@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n");
    EXPECT_FALSE(reload(bad));
    EXPECT_FALSE(may_pass_) << "one of the two needs a person";
}

TEST_F(Reloads, MakeNoKeyWhenTheDatabaseIsDamaged) {
    fs::create_directory(folder_ / "damaged");
    std::ofstream(folder_ / "damaged/kith.db") << std::string(5000, 'x');
    LoadedSnapshot loaded = load(
        R"({"server": {"listen": ["127.0.0.1:5399"], "upstream": [], "state_directory": "damaged"},
        "zones": {"a.": {"file": "a.zone", "dnssec": {}}}})");
    RecordZones other(
        loop_, rng_,
        {[] { return SnapshotPtr(); }, [](SnapshotPtr) {},
         [](std::size_t, std::vector<UpdateReply>&&) {}, [](const Endpoint&) { return false; }});
    other.complete(loaded);
    EXPECT_EQ(loaded.snapshot, nullptr);
    ASSERT_FALSE(loaded.problems.empty());
    EXPECT_THAT(loaded.problems.back().to_text(), HasSubstr("put a backup"));
}

}  // namespace
}  // namespace kith::server
