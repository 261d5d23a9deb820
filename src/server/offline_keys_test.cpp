// Two years of a zone whose key signing key is in a safe: its signatures over the keys were made once, and
// keys that sign the zone come and go meanwhile. What resolvers may hold of keys and signatures must fit
// together at every moment.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"
#include "dns/rdata.hpp"
#include "dnssec/presign.hpp"
#include "dnssec/rrsig.hpp"
#include "dnssec/zone_verifier.hpp"
#include "files/key_files.hpp"
#include "server/signed_zone.hpp"
#include "server/signing_config.hpp"
#include "zone/zone_testing.hpp"

namespace kith::server {
namespace {

using dns::RrType;
using dnssec::KeyTimes;
using dnssec::ZoneKey;
using zone::Name;
using zone::ZoneChange;
using zone::ZonePtr;

constexpr UnixTime hour = 3600;
constexpr UnixTime day = 24 * hour;
constexpr UnixTime start_time = 1'800'000'000;
constexpr UnixTime two_years = 730 * day;
constexpr UnixTime step = 6 * hour;
constexpr std::uint32_t keys_ttl = 4 * hour;
constexpr std::uint32_t zone_ttl = day;
const Name apex = zone::test::name("example.");

using Tags = std::set<std::uint16_t>;

/// What was served, until no resolver holds it any more.
class Held {
public:
    explicit Held(UnixTime ttl) : ttl_(ttl) {}
    void serve(Tags tags, UnixTime at) {
        std::erase_if(old_, [at](const auto& each) { return each.first <= at; });
        if (tags == now_) return;
        old_.emplace_back(at + ttl_, std::exchange(now_, std::move(tags)));
    }
    std::vector<Tags> all() const {
        std::vector<Tags> out{now_};
        for (const auto& [until, tags] : old_) {
            if (!tags.empty()) out.push_back(tags);
        }
        return out;
    }

private:
    UnixTime ttl_;
    Tags now_;
    std::vector<std::pair<UnixTime, Tags>> old_;
};

class OfflineKeys : public testing::Test {
protected:
    OfflineKeys() {
        std::filesystem::create_directory(folder_ / "live");
        settings_.key_directory = "live";
        settings_.key_signatures = "example.rrsigs";
        settings_.dnskey_ttl = keys_ttl;
    }

    /// A key whose tag no other has; its files, with or without the private half.
    ZoneKey make_key(std::uint16_t flags, const KeyTimes& times, bool with_private_half) {
        for (;;) {
            const ZoneKey key(flags,
                              *crypto::PrivateKey::generate(crypto::Algorithm::ECDSAP256SHA256));
            if (!tags_.insert(key.tag()).second) continue;
            const ZoneKey shown = *ZoneKey::from_dnskey(key.rdata());
            const auto written = files::write_key_files(
                folder_ / "live",
                {{}, apex, keys_ttl, false, with_private_half ? key : shown, times});
            EXPECT_TRUE(written.has_value());
            return key;
        }
    }
    /// What comes out of the safe, which has the private half of `ksk` and the .key files.
    void presign(const ZoneKey& ksk, UnixTime until) {
        std::vector<dnssec::TimedKey> keys{{ksk, {}}};
        const auto stored = files::read_key_folder(folder_ / "live", apex);
        ASSERT_TRUE(stored.has_value());
        for (const files::StoredKey& each : *stored) {
            if (!each.key.is_sep())
                keys.push_back({*ZoneKey::from_dnskey(each.key.rdata()), each.times});
        }
        const auto rrsigs =
            dnssec::presign(keys, {apex, start_time, until, 7 * day, 14 * day, keys_ttl});
        ASSERT_TRUE(rrsigs.has_value()) << static_cast<int>(rrsigs.error().fault) << " on "
                                        << dnssec::format_key_time(rrsigs.error().at);
        std::string text;
        for (const auto& rdata : *rrsigs)
            text += fmt::format("example. 60 IN RRSIG {}\n",
                                dns::rdata_to_text(RrType::RRSIG, dns::RrClass::IN, rdata));
        folder_.write("example.rrsigs", text);
    }

    Result<FileKeys, std::string> read(UnixTime at) const {
        return read_file_keys(apex, settings_, folder_.path(), at);
    }

    kith::test::TemporaryFolder folder_;
    config::Dnssec settings_;
    Tags tags_;
};

Tags tags_of(const zone::Zone& zone, bool (*which)(RrType covered)) {
    Tags out;
    zone.for_each_in_order([&](const Name&, zone::NodeView node) {
        const zone::RrSetView rrsigs = node.find(RrType::RRSIG);
        for (int i = 0; rrsigs && i < rrsigs.count(); ++i) {
            const auto rrsig = dnssec::Rrsig::read(rrsigs.rdata(i));
            if (which(rrsig->covered)) out.insert(rrsig->key_tag);
        }
    });
    return out;
}

/// The server over time; signing the zone again takes it days.
class Life {
public:
    using Read = std::function<Result<FileKeys, std::string>(UnixTime at)>;
    explicit Life(Read read, const ZoneKey& ksk)
        : read_(std::move(read)),
          ds_(dnssec::make_ds(apex, ksk.rdata(), dnssec::DsDigest::sha256)) {}

    void start(UnixTime at) {
        auto files = read_(at);
        ASSERT_TRUE(files.has_value()) << files.error();
        due_ = files->next_change;
        dnssec::SigningPolicy policy;
        policy.dnskey_ttl = keys_ttl;
        const auto signer = make_signer(apex, std::move(files->keys), policy);
        ASSERT_TRUE(signer.has_value()) << signer.error();
        signer_ = *signer;
        zone_.emplace(apex, signer_, nullptr);
        if (served_ == nullptr) {
            served_ =
                zone::test::zone({"@ 86400 NS ns", "ns 86400 A 192.0.2.1", "a 600 A 192.0.2.2",
                                  "b 86400 A 192.0.2.3", "c 60 TXT x", "*.w 86400 TXT y"});
            sign(nullptr, {}, at);
        }
        serve(at);
    }
    void turn(UnixTime at) {
        if (due_ != 0 && due_ <= at) {
            auto files = read_(at);
            ASSERT_TRUE(files.has_value()) << files.error();
            due_ = files->next_change;
            ASSERT_TRUE(zone_->set_keys(std::move(files->keys)).has_value());
            sign(&nothing_, std::vector{apex}, at);
        }
        auto turn = zone_->turn(*served_, {at, Time(std::chrono::seconds(at))});
        ASSERT_TRUE(turn.has_value()) << turn.error();
        constexpr std::size_t names = 2;
        if (turn->due.size() > names) turn->due.resize(names);
        if (!turn->due.empty()) sign(&nothing_, turn->due, at);
        serve(at);
    }

private:
    void sign(const ZoneChange* change, std::span<const Name> due, UnixTime at) {
        const auto signatures = sign_with(*signer_, *served_, change, due, at, rng_);
        ASSERT_TRUE(signatures.has_value()) << signatures.error();
        const auto next = zone::apply_change(served_, *signatures, zone::file_bounds);
        ASSERT_TRUE(next.has_value());
        served_ = *next;
    }
    void serve(UnixTime at) {
        const std::string when = dnssec::format_key_time(at);
        dnssec::VerifyOptions options;
        options.ds = {ds_};
        options.valid_for = day;  // of all that is served
        const dnssec::ZoneReport report = dnssec::verify_zone(*served_, at, options);
        ASSERT_TRUE(report.is_good())
            << when << " " << report.flaws[0].owner.to_text() << ": " << report.flaws[0].text;
        Tags keys;
        for (const Bytes rdata : served_->apex_node().find(RrType::DNSKEY))
            keys.insert(dnssec::key_tag(rdata));
        keys_.serve(std::move(keys), at);
        signers_.serve(tags_of(*served_,
                               [](RrType type) {
                                   return type != RrType::DNSKEY && type != RrType::CDS &&
                                          type != RrType::CDNSKEY;
                               }),
                       at);
        for (const Tags& published : keys_.all()) {
            for (const Tags& signers : signers_.all())
                ASSERT_TRUE(std::ranges::includes(published, signers)) << when;
        }
    }

    Read read_;
    std::vector<std::uint8_t> ds_;
    ZoneSignerPtr signer_;
    std::optional<SignedZone> zone_;
    ZonePtr served_;
    ZoneChange nothing_{apex, 1, 1, {}, {}};
    UnixTime due_ = 0;
    SeededRng rng_{1};
    Held keys_{keys_ttl}, signers_{zone_ttl};
};

TEST_F(OfflineKeys, CarryAZoneThroughTwoYears) {
    const ZoneKey ksk = make_key(dnssec::ksk_flags, {}, false);
    for (const KeyTimes& times : dnssec::succession(start_time, 60 * day, 6 * day, 13))
        make_key(dnssec::zsk_flags, times, true);
    ASSERT_NO_FATAL_FAILURE(presign(ksk, start_time + two_years));
    Life life([this](UnixTime at) { return read(at); }, ksk);
    ASSERT_NO_FATAL_FAILURE(life.start(start_time));
    int turns = 0;
    for (UnixTime at = start_time + step; at < start_time + two_years; at += step) {
        ASSERT_NO_FATAL_FAILURE(++turns % 101 == 0 ? life.start(at) : life.turn(at));
    }
    const auto over = read(start_time + two_years + 15 * day);
    ASSERT_FALSE(over.has_value());
    EXPECT_THAT(over.error(), testing::HasSubstr("no RRSIG over the DNSKEY records of example."));
}

TEST_F(OfflineKeys, AreRefusedWithSignaturesOfOthers) {
    const ZoneKey ksk = make_key(dnssec::ksk_flags, {}, false);
    make_key(dnssec::zsk_flags, {}, true);
    presign(ksk, start_time + 7 * day);
    ASSERT_TRUE(read(start_time).has_value());
    make_key(dnssec::zsk_flags, {}, true);  // nobody told the safe
    const auto other = read(start_time);
    ASSERT_FALSE(other.has_value());
    EXPECT_THAT(other.error(), testing::HasSubstr("sign them again where the private key is"));
}

TEST_F(OfflineKeys, AreRefusedWithAFileThatIsNotWholeOrHasOtherThings) {
    const ZoneKey ksk = make_key(dnssec::ksk_flags, {}, false);
    make_key(dnssec::zsk_flags, {}, true);
    presign(ksk, start_time + 7 * day);
    ASSERT_TRUE(read(start_time).has_value());
    std::ifstream file(folder_ / "example.rrsigs");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line + '\n');
    ASSERT_GE(lines.size(), 3U);
    std::string whole;
    for (const std::string& line : lines) whole += line;
    const auto covering = [&](std::string_view type) {
        std::string out;
        for (const std::string& line : lines) {
            if (line.find(fmt::format("RRSIG {} ", type)) != line.npos) out += line;
        }
        return out;
    };
    const std::string first = lines[0], second = lines[1];
    const struct {
        const char* why;
        std::string text, error;
    } rows[] = {
        {"as it was made", whole, ""},
        {"with words to people", "; from the safe\n\n" + whole, ""},
        {"cut in a signature, at a whole group of base64",
         first + second.substr(0, second.size() - 5),
         fmt::format("example.rrsigs:2:{}: expected the end of the line", second.size() - 4)},
        {"cut in a word", first + second.substr(0, 30), "example.rrsigs:2:"},
        {"without the end of its last line", whole.substr(0, whole.size() - 1),
         "expected the end of the line, found that of the file"},
        {"without a kind of signatures", covering("DNSKEY") + covering("CDS"),
         "over both CDS and CDNSKEY, or over neither, found over CDS alone"},
        {"with the keys themselves", "@ 60 DNSKEY 257 3 13 AAAA\n" + whole,
         "example.rrsigs:1: expected nothing but RRSIG records of example. over DNSKEY, CDS and "
         "CDNSKEY, found example. DNSKEY"},
        {"with signatures of data",
         whole + "@ 60 RRSIG A 13 1 60 20300101000000 20200101000000 1 example. AAAA\n",
         "found example. RRSIG over A"},
        {"of another zone", "other." + whole.substr(whole.find(' ')), "found other. RRSIG over "},
        {"not text", std::string("\0\x01\x02\n", 4), "example.rrsigs:1:"},
        {"empty", "", "no RRSIG over the DNSKEY records of example."},
    };
    for (const auto& row : rows) {
        folder_.write("example.rrsigs", row.text);
        const auto keys = read(start_time);
        EXPECT_EQ(keys.has_value(), row.error.empty())
            << row.why << ": " << (keys ? "" : keys.error());
        EXPECT_THAT(keys ? "" : keys.error(), testing::HasSubstr(row.error)) << row.why;
    }
}

}  // namespace
}  // namespace kith::server
