// The public half for zones, from texts to texts: updates against a server in this process on loopback.

#include "client/zones.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/key_text.hpp"
#include "auth/tsig.hpp"
#include "base/temporary_folder_testing.hpp"
#include "dns/message.hpp"
#include "net/system.hpp"
#include "update/update.hpp"

namespace kith::client {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view zone_text =
    "$ORIGIN example.com.\n$TTL 300\n@ SOA ns hostmaster 7 3600 900 604800 300\n@ NS ns\n"
    "ns A 192.0.2.53\nwww A 192.0.2.80\nwww AAAA 2001:db8::80\n";

Zone some_zone() { return *Zone::from_text(zone_text); }

class ZonesOnDisk : public testing::Test {
protected:
    /// A file for its owner only.
    std::string write(const std::string& name, std::string_view text) const {
        const std::string file = folder_.write(name, text);
        fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
        return file;
    }
    test::TemporaryFolder folder_;
};

TEST(Update, SaysInTextWhatIsAsked) {
    const Record a{"www.example.com", 300, "A", "192.0.2.1"};
    const Record b{"www.example.com", 300, "A", "192.0.2.2"};
    const struct {
        const char* why;
        Update update;
        const char* text;
    } rows[] = {
        {"create", Update("example.com").create({a, b}),
         "zone example.com.\nprereq nxrrset www.example.com. A\nupdate add www.example.com. 300 A 192.0.2.1\n"
         "update add www.example.com. 300 A 192.0.2.2\n"},
        {"append", Update().append({a}), "update add www.example.com. 300 A 192.0.2.1\n"},
        {"append to some", Update().append({a}, Update::Existing::required),
         "prereq yxrrset www.example.com. A\nupdate add www.example.com. 300 A 192.0.2.1\n"},
        {"compare and swap", Update().compare_and_swap({a}, {b}),
         "prereq yxrrset www.example.com. A 192.0.2.1\nupdate delete www.example.com. A 192.0.2.1\n"
         "update add www.example.com. 300 A 192.0.2.2\n"},
        {"delete by rdata", Update().delete_by_rdata({a}),
         "update delete www.example.com. A 192.0.2.1\n"},
        {"delete an RRset", Update().delete_rrset("www.example.com", "A"),
         "update delete www.example.com. A\n"},
        {"delete all", Update().delete_all("www.example.com."), "update delete www.example.com.\n"},
        {"prerequisites",
         Update()
             .require_name("a.example")
             .require_no_name("b.example")
             .require_rrset("a.example", "MX")
             .require_no_rrset("a.example", "TXT")
             .require_record(a),
         "prereq yxdomain a.example.\nprereq nxdomain b.example.\nprereq yxrrset a.example. MX\n"
         "prereq nxrrset a.example. TXT\nprereq yxrrset www.example.com. A 192.0.2.1\n"},
        {"a lease", Update().add(a).lease(3600s, 7200s),
         "lease 3600 7200\nupdate add www.example.com. 300 A 192.0.2.1\n"},
    };
    for (const auto& row : rows) {
        std::string text = row.update.to_text();
        // The word "update" is left out or not; it means the same.
        std::string wanted = row.text;
        for (std::size_t at; (at = wanted.find("update ")) != std::string::npos;)
            wanted.erase(at, 7);
        for (std::size_t at; (at = text.find("update ")) != std::string::npos;) text.erase(at, 7);
        EXPECT_EQ(text, wanted) << row.why;
    }
}

TEST(Update, SaysWhatItCannotRead) {
    const Record good{"www.example.com", 300, "A", "192.0.2.1"};
    const struct {
        const char* why;
        Update update;
        const char* text;
    } rows[] = {
        {"a zone that is no name", Update("a..b").add(good), "zone 'a..b'"},
        {"an owner that is none", Update().delete_all("a..b"), "owner 'a..b'"},
        {"no owner", Update().delete_all(""), "owner: expected a name"},
        {"no type", Update().delete_rrset("a", "FOO"), "expected a record type, found 'FOO'"},
        {"a type of questions", Update().delete_rrset("a", "AXFR"), "found 'AXFR'"},
        {"data of another type", Update().add({"a", 1, "A", "::1"}), "a A '::1'"},
        {"more than one line", Update().add({"a", 1, "A", "192.0.2.1\nb A 192.0.2.2"}), "a A '"},
        {"a TTL of 32 bits", Update().add({"a", 0x80000000U, "A", "192.0.2.1"}), "expected a TTL"},
        {"no record", Update().create({}), "expected a record, found none"},
        {"two names", Update().create({good, {"x", 1, "A", "192.0.2.1"}}), "one name and type"},
        {"two types", Update().create({good, {"www.example.com", 1, "AAAA", "::"}}),
         "one name and type"},
        {"a swap of another name", Update().compare_and_swap({good}, {{"x", 1, "A", "192.0.2.1"}}),
         "on both sides"},
        {"a lease of the past", Update().add(good).lease(-1s), "lease: expected"},
        {"the first of two", Update("a..b").delete_all("c..d"), "zone 'a..b'"},
        {"nothing", Update("example.com"), "nothing to send"},
    };
    for (const auto& row : rows) {
        // Nobody listens there: what is wrong is told before anything is sent.
        const auto done = row.update.send({.server = "127.0.0.1:9"});
        ASSERT_FALSE(done) << row.why;
        EXPECT_EQ(done.error().kind, ErrorKind::input) << row.why;
        EXPECT_THAT(done.error().text, HasSubstr(row.text)) << row.why;
    }
}

TEST(Update, ChecksItsOptions) {
    const Update update = Update("example.com").delete_all("www.example.com");
    const struct {
        UpdateOptions options;
        ErrorKind kind;
        const char* text;
    } rows[] = {
        {{.server = "127.0.0.1:9", .timeout = 0ms}, ErrorKind::input, "timeout"},
        {{.server = "127.0.0.1:9", .timeout = 48h}, ErrorKind::input, "timeout"},
        {{.server = "127.0.0.1:9", .retry = 0ms}, ErrorKind::input, "retry"},
        {{.server = "127.0.0.1:9", .retries = -1}, ErrorKind::input, "retries"},
        {{.server = "a..b"}, ErrorKind::input, "neither an address nor a name"},
        {{.server = "127.0.0.1:9", .retry = 50ms, .retries = 0}, ErrorKind::network, "127.0.0.1:9"},
    };
    for (const auto& row : rows) {
        const auto done = update.send(row.options);
        ASSERT_FALSE(done) << row.text;
        EXPECT_EQ(done.error().kind, row.kind) << row.text;
        EXPECT_THAT(done.error().text, HasSubstr(row.text));
    }
}

/// Answers one datagram.
class OneAnswer {
public:
    using Answer = std::function<std::vector<std::uint8_t>(Bytes)>;
    explicit OneAnswer(Answer answer) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
        socklen_t size = sizeof at;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
        address_ = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
        const timeval patience{10, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        thread_ = std::thread([this, answer = std::move(answer)] {
            std::vector<std::uint8_t> buffer(65535);
            sockaddr_in from{};
            socklen_t from_size = sizeof from;
            const ssize_t got = ::recvfrom(socket_, buffer.data(), buffer.size(), 0,
                                           reinterpret_cast<sockaddr*>(&from), &from_size);
            if (got <= 0) return;
            buffer.resize(static_cast<std::size_t>(got));
            const auto reply = answer(buffer);
            ::sendto(socket_, reply.data(), reply.size(), 0,
                     reinterpret_cast<const sockaddr*>(&from), from_size);
        });
    }
    ~OneAnswer() {
        thread_.join();
        ::close(socket_);
    }
    const std::string& address() const { return address_; }

private:
    int socket_;
    std::string address_;
    std::thread thread_;
};

TEST(Update, TellsRcodeAndVerdict) {
    const struct {
        const char* why;
        const char* servers_key;
        dns::Rcode rcode;
        bool sign;
        std::optional<ErrorKind> error;
        const char* rcode_text;
        Verdict verdict;
    } rows[] = {
        {"done",
         "hmac-sha256:k.example:c2VjcmV0",
         dns::Rcode::NOERROR,
         true,
         {},
         "",
         Verdict::good},
        {"refused, and signed so", "hmac-sha256:k.example:c2VjcmV0", dns::Rcode::NXRRSET, true,
         ErrorKind::refused, "NXRRSET", Verdict::good},
        {"another secret", "hmac-sha256:k.example:b3RoZXI=", dns::Rcode::NOTAUTH, true,
         ErrorKind::signature, "", Verdict::bad_signature},
        {"no such key", "hmac-sha256:other.example:c2VjcmV0", dns::Rcode::NOTAUTH, true,
         ErrorKind::signature, "", Verdict::bad_key},
        {"somebody who cannot sign says yes", "hmac-sha256:k.example:c2VjcmV0", dns::Rcode::NOERROR,
         false, ErrorKind::signature, "", Verdict::missing},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.why);
        auth::KeyRing ring;
        ASSERT_TRUE(ring.add(*auth::parse_key_word(row.servers_key)).has_value());
        OneAnswer server([&](Bytes message) {
            const UnixTime now = net::unix_now();
            const auth::TsigCheck check = auth::check_tsig_request(message, ring, now);
            std::vector<std::uint8_t> buffer(4096);
            std::size_t size = update::write_update_response(buffer, 1232, message, row.rcode,
                                                             nullptr, {}, check.response_bytes())
                                   .size();
            if (row.sign) size = auth::sign_tsig_response(check, buffer, size, now);
            buffer.resize(size);
            return buffer;
        });
        const auto key = MessageKey::tsig("k.example", "hmac-sha256", "c2VjcmV0");
        ASSERT_TRUE(key);
        const auto done = Update("example.com")
                              .delete_rrset("www.example.com", "A")
                              .send({.server = server.address(), .key = *key, .retries = 0});
        EXPECT_EQ(done.has_value(), !row.error);
        if (done) {
            EXPECT_EQ(done->verdict, row.verdict);
            EXPECT_EQ(done->zone, "example.com.");
            EXPECT_EQ(done->server, server.address());
        } else {
            EXPECT_EQ(done.error().kind, row.error) << done.error().text;
            EXPECT_EQ(done.error().rcode, row.rcode_text);
            EXPECT_EQ(done.error().verdict, row.verdict) << done.error().text;
        }
    }
}

TEST_F(ZonesOnDisk, MessageKeysComeFromWordsAndFiles) {
    EXPECT_FALSE(MessageKey());
    EXPECT_EQ(MessageKey::tsig("k", "hmac-sha512", "c2VjcmV0")->name(), "k.");
    EXPECT_THAT(MessageKey::tsig("k", "sha3", "c2VjcmV0").error().text, HasSubstr("hmac-sha256"));
    EXPECT_THAT(MessageKey::tsig("k", "hmac-sha256", "!").error().text, HasSubstr("secret"));
    EXPECT_FALSE(MessageKey::tsig("k", "hmac-sha256", ""));
    EXPECT_THAT(MessageKey::tsig("", "hmac-sha256", "c2VjcmV0").error().text, HasSubstr("key"));
    const std::string file =
        write("k", "key \"up.example\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };\n");
    EXPECT_EQ(MessageKey::from_file(file)->name(), "up.example.");
    const auto missing = MessageKey::from_file("/nonexistent");
    EXPECT_EQ(missing.error().kind, ErrorKind::file);
    const auto host = SigningKey::generate(
        {.owner = "h.example", .algorithm = "ED25519", .role = SigningKey::Role::host});
    EXPECT_EQ(MessageKey::from_file(write("h.pem", *host->to_pem()), "h.example")->name(),
              "h.example.");
}

TEST(Transfer, ChecksWhatItIsAsked) {
    const auto host = SigningKey::generate({.owner = "h.example", .algorithm = "ED25519"});
    const struct {
        const char* zone;
        TransferOptions options;
        ErrorKind kind;
        const char* text;
    } rows[] = {
        {"a..b", {.server = "127.0.0.1"}, ErrorKind::input, "zone 'a..b'"},
        {"a", {.server = "ns.example"}, ErrorKind::input, "expected an address"},
        {"a", {.server = ""}, ErrorKind::input, "expected an address"},
        {"a", {.server = "127.0.0.1", .timeout = -1ms}, ErrorKind::input, "timeout"},
        {"a", {.server = "127.0.0.1:9"}, ErrorKind::network, "cannot reach 127.0.0.1:9"},
    };
    for (const auto& row : rows) {
        const auto done = transfer(row.zone, row.options);
        ASSERT_FALSE(done) << row.text;
        EXPECT_EQ(done.error().kind, row.kind) << row.text;
        EXPECT_THAT(done.error().text, HasSubstr(row.text));
    }
}

TEST_F(ZonesOnDisk, KeysAreWrittenAndRead) {
    const auto key = SigningKey::generate({.owner = "Example.COM"});
    ASSERT_TRUE(key);
    EXPECT_EQ(key->owner(), "example.com.");
    EXPECT_EQ(key->algorithm(), "ECDSAP256SHA256");
    EXPECT_EQ(key->flags(), 257);
    const auto stem = key->write(folder_.path());
    ASSERT_TRUE(stem);
    struct stat state {};
    ASSERT_EQ(::stat((*stem + ".private").c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 07777, 0600U);
    EXPECT_EQ(key->write(folder_.path()).error().kind, ErrorKind::file) << "nothing is overwritten";
    const auto again = SigningKey::read(*stem + ".key");
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->has_private());
    EXPECT_EQ(again->dnskey(), key->dnskey());
    EXPECT_EQ(SigningKey::read_folder(folder_.path(), "example.com")->size(), 1U);
    EXPECT_EQ(SigningKey::read_folder(folder_.path(), "example.org")->size(), 0U);
    const auto copy = SigningKey::from_pem({.owner = "example.com"}, *key->to_pem());
    EXPECT_EQ(copy->dnskey().data, key->dnskey().data) << "through PKCS#8";
    fs::permissions(*stem + ".private", fs::perms::others_read, fs::perm_options::add);
    EXPECT_THAT(SigningKey::read(*stem).error().text, HasSubstr("chmod 600"));
}

TEST_F(ZonesOnDisk, TheDsIsThatOfRfc4034) {
    // RFC 4034 §5.4.
    const std::string file = write(
        "Kdskey.example.com.+005+60485.key",
        "dskey.example.com. 86400 IN DNSKEY 256 3 5 ( AQOeiiR0GOMYkDshWoSKz9Xz fwJr1AYtsmx3TGkJaNXVbfi/ "
        "2pHm822aJ5iI9BMzNXxeYCmZ DRD99WYwYqUSdjMmmAphXdvx egXd/M5+X7OrzKBaMbCVdFLU "
        "Uh6DhweJBjEVv5f2wwjM9Xzc nOf+EPbtG9DMBmADjFDc2w/r ljwvFw== )\n");
    const auto key = SigningKey::read(file);
    ASSERT_TRUE(key) << key.error().text;
    EXPECT_FALSE(key->has_private());
    EXPECT_FALSE(key->to_pem());
    EXPECT_EQ(key->ds("sha1")->to_text(),
              "dskey.example.com. 86400 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118");
    EXPECT_THAT(key->ds("md5").error().text, HasSubstr("expected sha256"));
}

TEST(SigningKeys, SayWhatIsWrong) {
    EXPECT_THAT(SigningKey::generate({.owner = "a", .algorithm = "RSASHA1"}).error().text,
                HasSubstr("ED25519"));
    EXPECT_THAT(SigningKey::generate({.owner = "a..b"}).error().text, HasSubstr("owner 'a..b'"));
    EXPECT_FALSE(SigningKey::generate({.owner = "a", .algorithm = "RSASHA256", .rsa_bits = 100}));
    EXPECT_EQ(SigningKey::from_pem({.owner = "a"}, "no key").error().kind, ErrorKind::input);
    EXPECT_EQ(SigningKey::read_folder("/nonexistent", "a").error().kind, ErrorKind::file);
    const auto host = SigningKey::generate({.owner = "a", .role = SigningKey::Role::host});
    EXPECT_EQ(host->dnskey().type, "KEY");
    EXPECT_FALSE(host->ds());
}

TEST_F(ZonesOnDisk, ZonesAreReadAndWritten) {
    const Zone zone = some_zone();
    EXPECT_EQ(zone.name(), "example.com.");
    EXPECT_EQ(zone.serial(), 7U);
    EXPECT_EQ(zone.record_count(), 5U);
    std::vector<std::string> lines;
    zone.for_each([&](const Record& record) { lines.push_back(record.to_text()); });
    EXPECT_EQ(lines.size(), 5U);
    EXPECT_THAT(lines, testing::Contains("www.example.com. 300 IN AAAA 2001:db8::80"));
    EXPECT_THAT(zone.to_text(ZoneForm::relative), HasSubstr("\nwww 300"));
    EXPECT_THAT(zone.to_text(ZoneForm::json), HasSubstr("\"name\":\"www.example.com\""));
    EXPECT_TRUE(Zone::from_text(zone.to_text())->difference_to(zone)->is_empty());
    const std::string path = folder_ / "zone";
    ASSERT_TRUE(zone.save(path));
    EXPECT_TRUE(Zone::from_file(path)->difference_to(zone)->is_empty());
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1)
        << "no scratch file stays";
    EXPECT_EQ(zone.save("/nonexistent/zone").error().kind, ErrorKind::file);
    const auto broken = Zone::from_text("@ 1 SOA x\nb 1 A ::1\n$INCLUDE file\n", "a");
    EXPECT_EQ(broken.error().kind, ErrorKind::input);
    EXPECT_THAT(broken.error().text, testing::AllOf(HasSubstr("line 1:"), HasSubstr("\nline 2:"),
                                                    HasSubstr("\nline 3:")));
    EXPECT_FALSE(Zone::from_text(zone_text, "a..b"));
    EXPECT_FALSE(Zone::from_file(path, "a..b"));
}

TEST(Zones, DifferencesAreTold) {
    const Zone before = some_zone();
    std::string text(zone_text);
    text.replace(text.find(" 7 "), 3, " 8 ");
    text.replace(text.find("192.0.2.80"), 10, "192.0.2.81");
    const auto change = before.difference_to(*Zone::from_text(text));
    ASSERT_TRUE(change);
    EXPECT_EQ(
        change->to_text(),
        "; from serial 7 to 8\n"
        "-example.com. 300 IN SOA ns.example.com. hostmaster.example.com. 7 3600 900 604800 300\n"
        "-www.example.com. 300 IN A 192.0.2.80\n"
        "+example.com. 300 IN SOA ns.example.com. hostmaster.example.com. 8 3600 900 604800 300\n"
        "+www.example.com. 300 IN A 192.0.2.81\n");
    const auto other = Zone::from_text("$ORIGIN b.\n@ 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.example.\n");
    EXPECT_THAT(before.difference_to(*other).error().text, HasSubstr("expected one zone twice"));
}

TEST(Zones, AreSignedAndVerified) {
    const Zone zone = some_zone();
    const auto key = SigningKey::generate({.owner = "example.com"});
    const struct {
        const char* why;
        SignOptions options;
        const char* has;
    } rows[] = {
        {"NSEC", {}, " NSEC "},
        {"NSEC3", {.nsec3 = true}, " NSEC3PARAM 1 0 0 -"},
        {"NSEC3 with salt", {.nsec3 = true, .iterations = 2, .salt = "aabb"}, "1 0 2 AABB"},
        {"a digest", {.zonemd = "sha384"}, " ZONEMD 7 1 1 "},
        {"a serial", {.serial = SerialStep::increment}, " 8 3600 900"},
        {"CSYNC", {.csync = "immediate"}, " CSYNC "},
    };
    for (const auto& row : rows) {
        const auto done = zone.sign({*key}, row.options);
        ASSERT_TRUE(done) << row.why << ": " << done.error().text;
        EXPECT_THAT(done->to_text(), HasSubstr(row.has)) << row.why;
        const auto report = done->verify({.ds = {key->ds()->data}});
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->is_good()) << row.why << ": " << report->flaws.front().text;
        EXPECT_GT(report->signatures, 5U) << row.why;
        EXPECT_TRUE(report->first_expiration > std::chrono::system_clock::now() + 24h) << row.why;
        const auto late = done->verify(
            {.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) +
                    24h * 30});
        EXPECT_FALSE(late->is_good()) << row.why << ", a month later";
    }
    EXPECT_FALSE(zone.verify()->is_good()) << "not signed at all";
    EXPECT_EQ(zone.verify({.ds = {"x"}}).error().kind, ErrorKind::input);
}

TEST(Zones, SayWhySigningFails) {
    const Zone zone = some_zone();
    const auto key = SigningKey::generate({.owner = "example.com"});
    const auto other = SigningKey::generate({.owner = "example.org"});
    const auto host =
        SigningKey::generate({.owner = "example.com", .role = SigningKey::Role::host});
    const struct {
        std::vector<SigningKey> keys;
        SignOptions options;
        const char* text;
    } rows[] = {
        {{}, {}, "no key"},
        {{*other}, {}, "expected keys of the zone example.com., found example.org."},
        {{*host}, {}, "found example.com. KEY"},
        {{*key}, {.zonemd = "md5"}, "zonemd: expected"},
        {{*key}, {.csync = "x"}, "csync: expected"},
        {{*key}, {.salt = "aa"}, "NSEC3"},
        {{*key}, {.nsec3 = true, .salt = "xy"}, "salt: expected"},
        {{*key}, {.nsec3 = true, .iterations = 65535}, "iterations: expected"},
        {{*key}, {.validity = 1h}, "longer than refresh and jitter"},
    };
    for (const auto& row : rows) {
        const auto done = zone.sign(row.keys, row.options);
        ASSERT_FALSE(done) << row.text;
        EXPECT_EQ(done.error().kind, ErrorKind::input) << row.text;
        EXPECT_THAT(done.error().text, HasSubstr(row.text));
    }
}

}  // namespace
}  // namespace kith::client
