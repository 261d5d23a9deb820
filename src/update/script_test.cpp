#include "update/script.hpp"

#include <gtest/gtest.h>

#include "update/update_testing.hpp"

namespace kith::update {
namespace {

using namespace test;
using Kind = ScriptCommand::Kind;

/// A command in words.
std::string shown(const ScriptCommand& command) {
    const std::string number = command.number ? " " + std::to_string(*command.number) : "";
    switch (command.kind) {
        case Kind::nothing: return "nothing";
        case Kind::server: return "server " + command.text + number;
        case Kind::local: return "local " + command.text + number;
        case Kind::zone: return "zone " + command.name.to_text();
        case Kind::origin: return "origin " + command.name.to_text();
        case Kind::klass: return "class " + dns::class_name(command.klass);
        case Kind::ttl: return "ttl" + number;
        case Kind::key: return "key " + command.text;
        case Kind::lease:
            return "lease " + std::to_string(command.lease.seconds) +
                   (command.lease.key_seconds ? " " + std::to_string(*command.lease.key_seconds)
                                              : "");
        case Kind::prerequisite: return prerequisite_text(command.record, RrClass::IN);
        case Kind::update: return update_text(command.record, RrClass::IN);
        case Kind::show: return "show";
        case Kind::send: return "send";
        case Kind::answer: return "answer";
        case Kind::debug: return "debug";
        case Kind::version: return "version";
        case Kind::help: return "help";
        case Kind::quit: return "quit";
    }
    return {};
}

struct Line {
    std::string_view line, command;
};

TEST(ScriptLine, IsReadAsNsupdateReadsIt) {
    constexpr Line rows[] = {
        {"", "send"},
        {"   ", "send"},
        {"; a comment", "nothing"},
        {"show\r", "show"},
        {"send ; now", "send"},
        {"zone example. ; ours", "zone example."},
        {"key k. c2VjcmV0 ; a secret", "key k.:c2VjcmV0"},
        {"add a 60 TXT v=DMARC1; p=none", "add a. 60 TXT \"v=DMARC1;\" \"p=none\""},
        {"add a 60 TXT a \\; ;b \"c ; d\"", "add a. 60 TXT \"a\" \";\" \";b\" \"c ; d\""},
        {"SEND", "send"},
        {"answer", "answer"},
        {"debug", "debug"},
        {"version", "version"},
        {"help", "help"},
        {"?", "help"},
        {"quit", "quit"},
        {"server ns1.example.com", "server ns1.example.com"},
        {"server 192.0.2.1 5353", "server 192.0.2.1 5353"},
        {"local 2001:db8::1 0", "local 2001:db8::1 0"},
        {"zone example.com", "zone example.com."},
        {"origin example.com", "origin example.com."},
        {"class ch", "class CH"},
        {"ttl 300", "ttl 300"},
        {"ttl 1h30m", "ttl 5400"},
        {"ttl none", "ttl"},
        {"key k.example c2VjcmV0", "key k.example:c2VjcmV0"},
        {"key hmac-sha512:k.example c2Vj cmV0", "key hmac-sha512:k.example:c2VjcmV0"},
        {"lease 3600", "lease 3600"},
        {"lease 1h 2d", "lease 3600 172800"},
        {"check-names off", "nothing"},
        {"prereq nxdomain a", "prereq nxdomain a."},
        {"nxdomain a", "prereq nxdomain a."},
        {"prereq yxdomain a.example.", "prereq yxdomain a.example."},
        {"prereq nxrrset a CNAME", "prereq nxrrset a. CNAME"},
        {"prereq nxrrset a IN CNAME", "prereq nxrrset a. CNAME"},
        {"prereq yxrrset a IN A", "prereq yxrrset a. A"},
        {"prereq yxrrset a in A 192.0.2.1", "prereq yxrrset a. A 192.0.2.1"},
        {"yxrrset a TXT \"x ; y\"", "prereq yxrrset a. TXT \"x ; y\""},
        {"update add a 300 A 192.0.2.1", "add a. 300 A 192.0.2.1"},
        {"add a 300 IN A 192.0.2.1", "add a. 300 A 192.0.2.1"},
        {"add a 1d MX 10 b", "add a. 86400 MX 10 b."},
        {"add a 0 TXT one \"two words\"", "add a. 0 TXT \"one\" \"two words\""},
        {"add a 300 TYPE65300 \\# 2 abcd", "add a. 300 TYPE65300 \\# 2 ABCD"},
        {"add a 300 NULL \\# 0", "add a. 300 NULL \\# 0"},
        {"update delete a", "delete a."},
        {"del a", "delete a."},
        {"del a ANY", "delete a."},
        {"del a IN ANY", "delete a."},
        {"delete a A", "delete a. A"},
        {"delete a 300 IN A", "delete a. A"},
        {"delete a NONE A 192.0.2.1", "delete a. A 192.0.2.1"},
        {"update del a A 192.0.2.1", "delete a. A 192.0.2.1"},
        {"del a.b\\.c.example. TXT \"q\\\"q\"", "delete a.b\\.c.example. TXT \"q\\\"q\""},
    };
    for (const Line& row : rows) {
        const auto command = parse_script_line(row.line, {});
        ASSERT_TRUE(command.has_value()) << row.line << ": " << command.error().text;
        EXPECT_EQ(shown(*command), row.command) << row.line;
    }
}

TEST(ScriptLine, DependsOnWhatWasSet) {
    ScriptDefaults defaults;
    defaults.ttl = 60;
    defaults.origin = name("example.");
    EXPECT_EQ(shown(*parse_script_line("add a MX 10 b", defaults)),
              "add a.example. 60 MX 10 b.example.");
    EXPECT_EQ(shown(*parse_script_line("add @ 5 A 192.0.2.1", defaults)),
              "add example. 5 A 192.0.2.1");
    defaults.klass = RrClass::CH;
    EXPECT_EQ(parse_script_line("add a CH TXT x", defaults)->record.klass, RrClass::CH);
    EXPECT_EQ(parse_script_line("prereq yxrrset a CH TXT x", defaults)->record.klass, RrClass::CH);
}

struct Wrong {
    std::string_view line;
    std::size_t position;
    std::string_view text;
};

TEST(ScriptLine, SaysWhatIsWrongAndWhere) {
    constexpr Wrong rows[] = {
        {"hello", 0, "expected a command (`help` lists them), found 'hello'"},
        {"gsstsig", 0, "GSS-TSIG"},
        {"oldgsstsig", 0, "GSS-TSIG"},
        {"realm X", 0, "GSS-TSIG"},
        {"server", 6, "expected a server's name or address, found nothing"},
        {"server a 70000", 9, "expected a port"},
        {"server a 53 x", 12, "expected the end of the line, found 'x'"},
        {"zone", 4, "expected a name"},
        {"zone a..b", 5, "label"},
        {"class ANY", 6, "expected a class such as IN"},
        {"ttl soon", 4, "expected a TTL"},
        {"ttl 99999999999", 4, "expected a TTL"},
        {"key k", 5, "expected a secret"},
        {"lease", 5, "expected a lease"},
        {"lease 1 soon", 8, "expected the lease of keys"},
        {"prereq", 6, "expected nxdomain, yxdomain"},
        {"prereq add a", 7, "expected nxdomain, yxdomain"},
        {"prereq nxdomain", 15, "expected a name, found nothing"},
        {"prereq nxrrset a", 16, "expected a record type, found nothing"},
        {"prereq nxrrset a ANY", 17, "expected a record type that is stored"},
        {"prereq nxrrset a A 192.0.2.1", 19, "expected the end of the line"},
        {"prereq nxrrset a CH A", 17, "expected class IN"},
        {"add", 3, "expected a name"},
        {"add a A 192.0.2.1", 6, "expected a TTL in seconds (or set one with `ttl`), found 'A'"},
        {"add a 300", 9, "expected a record type, found nothing"},
        {"add a 300 ANY", 10, "expected a record type that is stored"},
        {"add a 300 FOO x", 10, "expected a record type, found 'FOO'"},
        {"add a 300 A", 11, "A data"},
        {"add a 300 A 192.0.2.256", 12, "A data"},
        {"add a 300 A 192.0.2.1 x", 22, "A data"},
        {"add a 300 TXT \"open", 14, "closing quote"},
        {"delete a A 1", 11, "A data"},
        {"delete a AXFR", 9, "expected a record type that is stored"},
        {"add a 300 A 192.0.2.1 ; x", 22, "A data"},
        {"delete a A ; old", 11, "A data"},
        {"add a 300 TXT ;x; \"open", 18, "closing quote"},
        {"check-names", 11, "expected on or off, found nothing"},
        {"check-names perhaps", 12, "expected on or off, found 'perhaps'"},
        {"send now", 5, "expected the end of the line, found 'now'"},
        {"update a", 7, "expected a command"},
    };
    for (const Wrong& row : rows) {
        const auto command = parse_script_line(row.line, {});
        ASSERT_FALSE(command.has_value()) << row.line << ": " << shown(*command);
        EXPECT_EQ(command.error().position, row.position)
            << row.line << ": " << command.error().text;
        EXPECT_NE(command.error().text.find(row.text), std::string::npos)
            << row.line << ": " << command.error().text;
    }
    const std::string large(200'000, 'x');
    EXPECT_FALSE(parse_script_line(large, {}).has_value());
}

}  // namespace
}  // namespace kith::update
