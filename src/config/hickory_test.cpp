#include "config/hickory.hpp"

#include <gtest/gtest.h>

#include "config/text.hpp"

namespace kith::config {
namespace {

Loaded load(std::string_view text) { return load_hickory_config(text, "named.toml"); }

std::string first_problem(const Problems& problems) {
    return problems.empty() ? "" : problems.front().to_text();
}

TEST(HickoryConfig, ReadsThatOf2016) {
    const Loaded loaded = load(R"(
listen_addrs_ipv4 = ["127.0.0.1"]
listen_addrs_ipv6 = ["::1"]
listen_port = 5353
directory = "/srv/named"
log_level = "Info"

[[zones]]
zone = "example.com"
zone_type = "Master"
file = "example.com.zone"
allow_update = true
enable_dnssec = true

[[zones]]
zone = "."
zone_type = "Hint"
file = "named.root"
)");
    EXPECT_FALSE(has_errors(loaded.problems)) << first_problem(loaded.problems);
    const Config& config = loaded.config;
    ASSERT_EQ(config.server.listen.size(), 2U);
    EXPECT_EQ(config.server.listen[0].to_text(), "127.0.0.1:5353");
    EXPECT_EQ(config.server.listen[1].to_text(), "[::1]:5353");
    ASSERT_EQ(config.zones.size(), 1U) << "hints were never served";
    const Zone& zone = config.zones.front();
    EXPECT_EQ(zone.name.text, "example.com");
    EXPECT_EQ(zone.file.text, "/srv/named/example.com.zone");
    EXPECT_EQ(zone.import_journal.text, "/srv/named/example.com.jrnl");
    ASSERT_EQ(zone.update.size(), 1U);
    EXPECT_EQ(zone.update.front().text, "grant * zonesub ANY");
    ASSERT_TRUE(zone.dnssec.has_value());
    EXPECT_EQ(zone.dnssec->algorithm, SigningAlgorithm::rsasha256);
    EXPECT_EQ(zone.dnssec->signature_validity, std::chrono::weeks(52));
    ASSERT_EQ(zone.dnssec->key_files.size(), 1U);
    EXPECT_EQ(zone.dnssec->key_files.front().file, "/srv/named/example.com.key");
}

TEST(HickoryConfig, ListensEverywhereWithoutAddresses) {
    EXPECT_EQ(load("[[zones]]\nzone='a'\nzone_type='Master'\nfile='a.zone'\n")
                  .config.server.listen.size(),
              1U)
        << "in 2016 on IPv4 only";
    const Config today = load("[[zones]]\nzone='a'\nzone_type='Primary'\nfile='a.zone'\n").config;
    ASSERT_EQ(today.server.listen.size(), 2U);
    EXPECT_EQ(today.server.listen[0].to_text(), "0.0.0.0:53");
    EXPECT_EQ(today.server.listen[1].to_text(), "[::]:53");
    EXPECT_EQ(today.zones.front().file.text, "/var/named/a.zone");
}

TEST(HickoryConfig, ReadsTodays) {
    const Loaded loaded = load(R"(
directory = "/srv/named"
tcp_request_timeout = 7

[[zones]]
zone = "example.com"
zone_type = "Primary"
axfr_policy = "AllowSigned"
nx_proof_kind = { nsec3 = { iterations = 1, salt = "ab", opt_out = true } }

[[zones.stores]]
type = "sqlite"
zone_path = "example.com.zone"
journal_path = "example.com_dnssec_update.jrnl"
allow_update = true
tsig_keys = [{ name = "ddns.", key_file = "ddns.raw", algorithm = "hmac-sha512" }]

[[zones.keys]]
key_path = "/etc/keys/example.pem"
algorithm = "ED25519"

[[zones]]
zone = "corp"
zone_type = "External"
stores = [{ type = "forward", name_servers = [{ ip = "192.0.2.1", connections = [{ protocol = { type = "udp" }, port = 5300 }] }] }]

[[zones]]
zone = "."
zone_type = "External"
[[zones.stores]]
type = "forward"
name_servers = [{ ip = "2001:db8::1" }]
)");
    EXPECT_TRUE(loaded.problems.empty()) << first_problem(loaded.problems);
    const Config& config = loaded.config;
    EXPECT_EQ(config.server.tcp_idle_timeout, std::chrono::seconds(7));
    ASSERT_EQ(config.zones.size(), 1U);
    const Zone& zone = config.zones.front();
    EXPECT_EQ(zone.file.text, "/srv/named/example.com.zone");
    EXPECT_EQ(zone.import_journal.text, "/srv/named/example.com_dnssec_update.jrnl");
    ASSERT_EQ(zone.update.size(), 1U);
    EXPECT_EQ(zone.update.front().text, "grant ddns. zonesub ANY");
    ASSERT_TRUE(zone.transfer.has_value());
    EXPECT_EQ(zone.transfer->allow.front().text, "key ddns.");
    ASSERT_TRUE(zone.dnssec.has_value());
    EXPECT_EQ(zone.dnssec->algorithm, SigningAlgorithm::ed25519);
    EXPECT_EQ(zone.dnssec->key_files.front().file, "/etc/keys/example.pem");
    EXPECT_EQ(zone.dnssec->denial, DenialRule::nsec3);
    EXPECT_EQ(zone.dnssec->nsec3_salt, "6162");
    EXPECT_TRUE(zone.dnssec->nsec3_opt_out);
    ASSERT_EQ(config.keys.size(), 1U);
    EXPECT_EQ(config.keys.front().file.text, "/srv/named/ddns.raw");
    EXPECT_EQ(config.keys.front().algorithm.text, "hmac-sha512");
    ASSERT_EQ(config.server.forward.size(), 1U);
    EXPECT_EQ(config.server.forward.front().name.text, "corp");
    EXPECT_EQ(config.server.forward.front().upstream.front().to_text(), "192.0.2.1:5300");
    ASSERT_EQ(config.server.upstream.size(), 1U);
    EXPECT_EQ(config.server.upstream.front().to_text(), "[2001:db8::1]:53");
}

TEST(HickoryConfig, SaysWhatIsWrongAndWhere) {
    struct Row {
        const char* why;
        const char* text;
        const char* problem;
    };
    const Row rows[] = {
        {"not TOML", "listen_port = = 1\n", "named.toml:1:15: error: not TOML: "},
        {"unknown key", "listen_prot = 1\n",
         "named.toml:1:1: error: the configuration has no key 'listen_prot'; did you mean 'listen_port'?"},
        {"wrong type", "listen_port = \"53\"\n",
         "named.toml:1:15: error: 'listen_port' of the configuration: expected a number, found a text"},
        {"out of range", "listen_port = 65536\n",
         "named.toml:1:15: error: 'listen_port' of the configuration: expected 1 to 65535, found 65536"},
        {"wrong family", "listen_addrs_ipv4 = [\"::1\"]\n",
         "named.toml:1:22: error: 'listen_addrs_ipv4': expected an IPv4 address, found '::1'"},
        {"what kith cannot do yet", "\ndeny_networks = [\"10.0.0.0/8\"]\n",
         "named.toml:2:1: error: 'deny_networks': kith cannot do this yet: who may ask is not limited by network"},
        {"what means nothing here", "user = \"nobody\"\n",
         "named.toml:1:1: warning: 'user' has no effect: kith keeps the user it is started as: let the service manager choose it"},
        {"zone without a name", "[[zones]]\nzone_type = \"Primary\"\n",
         "named.toml:1:1: error: a zone: expected 'zone', its name"},
        {"zone without a file", "[[zones]]\nzone = \"a\"\nzone_type = \"Primary\"\n",
         "named.toml:1:1: error: zone 'a': expected 'file', or a store with a 'zone_path'"},
        {"unknown zone type", "[[zones]]\nzone = \"a\"\nzone_type = \"Primry\"\n",
         "named.toml:3:13: error: zone 'a': expected 'zone_type' Primary, Secondary or External, found 'Primry'; did you mean 'Primary'?"},
        {"a store kith does not have",
         "[[zones]]\nzone = \"a\"\nzone_type = \"External\"\nstores = [{ type = \"recursor\" }]\n",
         "named.toml:4:20: error: kith cannot do this yet: a store of type 'recursor'; it forwards (type forward)"},
        {"an encrypted upstream",
         "[[zones]]\nzone = \".\"\nzone_type = \"External\"\nstores = { type = \"forward\", name_servers = [{ ip = \"9.9.9.9\", connections = [{ protocol = { type = \"tls\" } }] }] }\n",
         "named.toml:4:92: error: kith cannot do this yet: upstreams over 'tls'; expected udp or tcp"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const std::string found = first_problem(load(row.text).problems);
        EXPECT_EQ(found.substr(0, std::string(row.problem).size()), row.problem);
    }
}

TEST(HickoryConfig, IsKnownByItsName) {
    EXPECT_TRUE(is_hickory_config("/etc/named.toml"));
    EXPECT_FALSE(is_hickory_config("kith.json"));
    EXPECT_TRUE(is_hickory_config("x.toml"));
}

TEST(ReplaceExtension, KeepsFolders) {
    struct Row {
        const char* why;
        const char* path;
        const char* expected;
    };
    const Row rows[] = {
        {"usual", "/a/example.com.zone", "/a/example.com.jrnl"},
        {"none", "/a.b/zone", "/a.b/zone.jrnl"},
        {"hidden file", "/a/.zone", "/a/.zone.jrnl"},
        {"bare", "example.zone", "example.jrnl"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(replace_extension(row.path, ".jrnl"), row.expected) << row.why;
}

}  // namespace
}  // namespace kith::config
