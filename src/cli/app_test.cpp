// What a person is told whose command line does not fit: for every command, with words that are
// missing, wrong, or too many.

#include "cli/app.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <sstream>

namespace kith::cli {
namespace {

/// Words of a command line as a shell splits them; '...' is one word.
std::vector<std::string> split(std::string_view line) {
    std::vector<std::string> words(1);
    bool quoted = false;
    for (const char c : line) {
        if (c == '\'') {
            quoted = !quoted;
        } else if (c == ' ' && !quoted) {
            words.emplace_back();
        } else {
            words.back() += c;
        }
    }
    return words;
}

struct Said {
    int code = 0;
    std::string out, err;
};
Said run(std::string_view line) {
    std::ostringstream out, err;
    std::streambuf* const old_out = std::cout.rdbuf(out.rdbuf());
    std::streambuf* const old_err = std::cerr.rdbuf(err.rdbuf());
    const int code = run_app(split(line));
    std::cout.rdbuf(old_out);
    std::cerr.rdbuf(old_err);
    return {code, out.str(), err.str()};
}

struct Row {
    const char* why;
    std::string_view line;
    int code;
    std::string_view err;  // its first line; the whole of it is never empty
};

constexpr Row rows[] = {
    // Commands.
    {"no command", "kith", 2,
     "kith: expected a command: serve, init, check, query, config, zone, key, journal, transfer, "
     "browse, resolve, register, enumerate, monitor, mdns, update or bench; found none"},
    {"a slip", "kith srve", 2, "kith: unknown command 'srve'; did you mean 'serve'?"},
    {"no command at all", "kith nosuch", 2,
     "kith: unknown command 'nosuch'; expected serve, init, check, query, config, zone, key, "
     "journal, transfer, browse, resolve, register, enumerate, monitor, mdns, update or bench"},
    {"an option of none", "kith --verison", 2,
     "kith: unknown option '--verison'; did you mean '--version'?"},
    {"a group", "kith key", 2,
     "kith key: expected a command: generate, list, ds, import, export, presign, status, roll, "
     "ds-seen or check-parent; found none"},
    {"a group", "kith zone", 2,
     "kith zone: expected a command: check, print, sign, verify, diff or convert; found none"},
    {"a group", "kith config", 2, "kith config: expected a command: doc or schema; found none"},
    {"a group", "kith journal", 2,
     "kith journal: expected a command: list, show or compact; found none"},
    {"a slip in a group", "kith key lst", 2,
     "kith key: unknown command 'lst'; did you mean 'list'?"},
    {"a slip in a group", "kith zone chek a.zone", 2,
     "kith zone: unknown command 'chek'; did you mean 'check'?"},
    {"none of a group", "kith config nosuch", 2,
     "kith config: unknown command 'nosuch'; expected doc or schema"},

    // Words.
    {"nothing to resolve", "kith resolve", 2,
     "kith resolve: expected name ('My Printer._ipp._tcp.local', or instance, type and domain; "
     "nas.local; 192.0.2.7), found none"},
    {"nothing to register", "kith register", 2,
     "kith register: expected name (Name of the instance, for people), found none"},
    {"no type", "kith register Web", 2,
     "kith register: expected type (Such as _http._tcp), found none"},
    {"no zone", "kith transfer", 2,
     "kith transfer: which zone? expected its name, such as example.com"},
    {"no server", "kith transfer example", 2,
     "kith transfer: which server? expected @ADDRESS, such as @192.0.2.1 or @[2001:db8::1]:5353"},
    {"two zones", "kith transfer a b @127.0.0.1", 2,
     "kith transfer: expected one zone, found another one: 'b'"},
    {"an operation that is none, with its words", "kith update bogus x y", 2,
     "kith update: unknown command 'bogus'; expected create, append, compare-and-swap, "
     "delete-by-rdata, delete-rrset, delete-all or notify"},
    {"a slip in an operation", "kith update crate x A", 2,
     "kith update: unknown command 'crate'; did you mean 'create'?"},
    {"no name", "kith update create", 2,
     "kith update create: expected name (Owner of the records), found none"},
    {"no data", "kith update create a A 300", 2,
     "kith update create: expected data (Data of the records, one word each: 192.0.2.1 or '10 "
     "mail.example.'), found none"},
    {"no zone to tell of", "kith update notify", 2,
     "kith update notify: expected zone-name (Zone), found none"},
    {"what is there now", "kith update compare-and-swap a A 300 192.0.2.1", 2,
     "kith update compare-and-swap: expected --current (Data of a record that is there now; as "
     "often as there are records), found none"},
    {"no key file", "kith key ds", 2,
     "kith key ds: expected file (Key files (K<zone>+<algorithm>+<tag>)), found none"},
    {"a required option", "kith key import nosuch", 2,
     "kith key import: expected --zone (Name of the zone), found none"},
    {"no zone file", "kith zone diff a", 2, "kith zone diff: expected to (Zone file), found none"},
    {"nowhere to write", "kith zone sign a", 2,
     "kith zone sign: expected --output (File to write, replaced in one step; - for standard "
     "output), found none"},
    {"no zone to show", "kith journal show", 2,
     "kith journal show: expected the name of a zone, found none; `kith journal list` names those "
     "that are kept"},
    {"nothing to ask with", "kith bench 127.0.0.1", 2,
     "kith bench: which queries? expected -q 'nas.example.lan A', or a file of such lines: -f "
     "FILE"},
    {"one word too many", "kith check a b", 2, "kith check: expected no more words, found 'b'"},
    {"an unknown option hides what is missing", "kith register --subtipe Web", 2,
     "kith register: unknown option '--subtipe'; did you mean '--subtype'?"},
    {"an option of another command", "kith init --workers=2", 2,
     "kith init: unknown option '--workers'"},

    // Values of options.
    {"no value", "kith serve --port", 2, "kith serve: --port: expected a value, found none"},
    {"twice", "kith query -p 1 -p 2 a", 2, "kith query: --port: expected once, found 2 times"},
    {"both", "kith browse -4 -6", 2, "kith browse: expected one of --ipv4 and --ipv6, found both"},
    {"a value of a flag", "kith check --json=yes,please a", 2,
     "kith check: --json: expected no value, found 'yes,please'"},
    {"a port that is none", "kith serve --port 99999", 2,
     "kith serve: --port: expected a whole number from 0 to 65535, found '99999'"},
    {"a port with a slip", "kith query -p 53o a", 2,
     "kith query: --port: expected a whole number from 0 to 65535, found '53o'"},
    {"a port below none", "kith register Web _http._tcp -1", 2,
     "kith register: port: expected a whole number from 0 to 65535, found '-1'"},
    {"a port of a service", "kith register Web _http._tcp 70000", 2,
     "kith register: port: expected a whole number from 0 to 65535, found '70000'"},
    {"threads", "kith serve --workers 0", 2,
     "kith serve: --workers: expected a whole number from 1 to 256, found '0'"},
    {"an address", "kith serve --host nosuch", 2,
     "kith serve: --host: expected an IP address, found 'nosuch'"},
    {"a level", "kith serve --log-level loud", 2,
     "kith serve: --log-level: expected trace, debug, info, warn, error or off, found 'loud'"},
    {"seconds", "kith browse -t soon", 2,
     "kith browse: --time: expected a number from 0 to 1000000000, found 'soon'"},
    {"seconds below none", "kith browse -t -1", 2,
     "kith browse: --time: expected a number from 0 to 1000000000, found '-1'"},
    {"seconds without end", "kith query --timeout nan a", 2,
     "kith query: --timeout: expected a number from 0.001 to 3600, found 'nan'"},
    {"one of some words", "kith browse --backend nosuch", 2,
     "kith browse: --backend: expected auto, mdns, avahi, resolved or unicast, found 'nosuch'"},
    {"one of some words", "kith enumerate nosuch", 2,
     "kith enumerate: what: expected types, domains, b, db, r, dr or lb, found 'nosuch'"},
    {"one of some words", "kith zone convert a --to nosuch", 2,
     "kith zone convert: --to: expected zone, relative or json, found 'nosuch'"},
    {"a serial", "kith transfer a @127.0.0.1 --ixfr 4294967296", 2,
     "kith transfer: --ixfr: expected a whole number from 0 to 4294967295, found '4294967296'"},
    {"too often", "kith update -r 1000 a", 2,
     "kith update: --retries: expected a whole number from 0 to 100, found '1000'"},
    {"Kerberos", "kith update -g", 2,
     "kith update: GSS-TSIG (Kerberos) is not supported: use -y or -k with a TSIG key or SIG(0)"},
    {"a key that is too small", "kith key generate example -b 512", 2,
     "kith key generate: --bits: expected a whole number from 1024 to 4096, found '512'"},
    {"no signatures", "kith key presign example --periods 0", 2,
     "kith key presign: --periods: expected a whole number from 1 to 1000, found '0'"},
    {"a TTL", "kith update create a A 4294967296 192.0.2.1", 2,
     "kith update create: ttl: expected a whole number from 0 to 2147483647, found '4294967296'"},
    {"a size", "kith journal compact --keep much", 2,
     "kith journal compact: --keep: expected a size such as 64KiB or 1MiB, found 'much'"},
    {"how many", "kith journal show a -n x", 2,
     "kith journal show: --count: expected a whole number from 0 to 18446744073709551615, found "
     "'x'"},
    {"how many under way", "kith bench 127.0.0.1 -q 'a A' -w 0", 2,
     "kith bench: --window: expected a whole number from 1 to 32768, found '0'"},

    // Names, types, servers, keys, times: the same words in every command.
    {"a type that is none", "kith query example.com TYPE99999", 2,
     "kith query: expected a record type such as A, MX or TYPE65280 (up to TYPE65535), found "
     "'TYPE99999'"},
    {"a slip in a type", "kith mdns nas.local AAA", 2,
     "kith mdns: expected a record type such as A, MX or TYPE65280 (up to TYPE65535), found "
     "'AAA'; did you mean 'AAAA'?"},
    {"a type that is none", "kith update create a NOSUCH 300 1", 2,
     "kith update: expected a record type such as A, MX or TYPE65280 (up to TYPE65535), found "
     "'NOSUCH'"},
    {"a type of questions", "kith update create a ANY 300 1", 2,
     "kith update: expected a type of records, found ANY, which only questions and messages have"},
    {"data that does not fit", "kith update create a A 300 192.0.2", 2,
     "kith update: data '192.0.2': address: expected an IPv4 address, found '192.0.2'"},
    {"a name", "kith query a..b", 2,
     "kith query: name: empty label (two dots or a leading dot) in name 'a..b'"},
    {"a zone", "kith transfer a..b @127.0.0.1", 2,
     "kith transfer: zone: empty label (two dots or a leading dot) in name 'a..b'"},
    {"a zone", "kith key roll a..b --csk", 2,
     "kith key roll: zone: empty label (two dots or a leading dot) in name 'a..b'"},
    {"a zone", "kith update -z a..b /dev/null", 2,
     "kith update: -z: empty label (two dots or a leading dot) in name 'a..b'"},
    {"a server's port", "kith query @127.0.0.1:99999 a", 2,
     "kith query: expected a server's address such as 192.0.2.1 or [2001:db8::1]:5353 (ports up "
     "to 65535), found '127.0.0.1:99999'"},
    {"a server's name", "kith transfer example @ns.example", 2,
     "kith transfer: expected a server's address such as 192.0.2.1 or [2001:db8::1]:5353 (ports "
     "up to 65535), found 'ns.example'"},
    {"a server's name", "kith bench ns.example -q 'a A'", 2,
     "kith bench: expected a server's address such as 192.0.2.1 or [2001:db8::1]:5353 (ports up "
     "to 65535), found 'ns.example'"},
    {"an address to look up", "kith query -x nosuch", 2,
     "kith query: -x: expected an IP address, found 'nosuch'"},
    {"a flag of dig that is none here", "kith query +nosuch a", 2,
     "kith query: unknown flag '+nosuch'; expected one of +bufsize=N +tries=N +time=N +tcp +vc "
     "+notcp +json +short +dnssec +do +noedns +norecurse +norec +recurse +nsid +cookie +ignore"},
    {"tries as dig has them", "kith query +tries=0 a", 2,
     "kith query: +tries: expected 1 to 100, found 0"},
    {"a key", "kith query -y secret a", 2,
     "kith query: -y: expected [algorithm:]name:secret, found no ':'"},
    {"a key", "kith transfer example @127.0.0.1 -y secret", 2,
     "kith transfer: -y: expected [algorithm:]name:secret, found no ':'"},
    {"two keys", "kith update -y a:b -k c /dev/null", 2,
     "kith update: expected one of -y and -k, found both"},
    {"a key's file", "kith update -k /nosuch /dev/null", 2,
     "kith update: cannot read /nosuch: No such file or directory"},
    {"a time", "kith key generate example --ttl long", 2,
     "kith key generate: --ttl: expected seconds, or a time such as 1h or 7d, found 'long'"},
    {"a time", "kith zone sign /nosuch -o - --validity long", 2,
     "kith zone sign: --validity: expected seconds, or a time such as 1h or 7d, found 'long'"},
    {"a time", "kith zone verify /nosuch --valid-for long", 2,
     "kith zone verify: --valid-for: expected seconds, or a time such as 1h or 7d, found 'long'"},
    {"a moment", "kith zone verify /nosuch --at noon", 2,
     "kith zone verify: --at: expected YYYYMMDDHHMMSS in UTC, found 'noon'"},
    {"a moment", "kith key presign example --from noon", 2,
     "kith key presign: --from: expected YYYYMMDDHHMMSS in UTC, found 'noon'"},
    {"a role", "kith key generate example -r boss", 2,
     "kith key generate: --role: expected csk, ksk, zsk or host, found 'boss'"},
    {"an algorithm", "kith key generate example -a DSA", 2,
     "kith key generate: --algorithm: expected ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448, "
     "RSASHA256 or RSASHA512, found 'DSA'"},
    {"which key", "kith key roll example", 2,
     "kith key roll: expected one of --csk, --ksk, --zsk and --algorithm, found 0"},
    {"NSEC3 without NSEC3", "kith zone sign /nosuch -o - --opt-out", 2,
     "kith zone sign: --opt-out, --iterations and --salt are of NSEC3; say --nsec3 too"},
    {"a type of service", "kith browse nosuch", 2,
     "kith browse: expected a type such as _http._tcp, found 'nosuch'"},

    // Files and servers that are not there: the command line is fine.
    {"a setting", "kith config doc nosuch", 1,
     "kith config doc: no setting is called 'nosuch'; `kith config doc` lists them"},
    {"a slip in a setting", "kith config doc transfer.primary", 1,
     "kith config doc: no setting is called 'transfer.primary'; did you mean "
     "'transfer.primaries'?"},
    {"a slip in an operation", "kith update creat", 1,
     "kith update: cannot read creat: No such file or directory; did you mean 'create'?"},
    {"a server where a file is expected", "kith update /nosuch/server", 1,
     "kith update: cannot read /nosuch/server: No such file or directory; expected a file of "
     "commands, or an operation: see `kith update --help`; -s names a server"},
    {"a configuration", "kith serve /nosuch.json", 1,
     "/nosuch.json: error: cannot read /nosuch.json: No such file or directory"},
    {"a zone file", "kith zone check /nosuch", 1,
     "/nosuch: error: cannot read /nosuch: No such file or directory"},
    {"a key file", "kith key list /nosuch", 1,
     "kith key list: cannot read /nosuch.key: No such file or directory"},
    {"a key file", "kith key ds /nosuch", 1,
     "kith key ds: cannot read /nosuch.key: No such file or directory"},
    {"a key file", "kith key export /nosuch", 1,
     "kith key export: cannot read /nosuch.key: No such file or directory"},
    {"a private key", "kith key import /nosuch -z example", 1,
     "kith key import: cannot read /nosuch: No such file or directory"},
    {"a folder of keys", "kith key list -K /nosuch", 1,
     "kith key list: /nosuch: cannot read this folder: No such file or directory"},
    {"a server that runs", "kith key status -d /nosuch", 1,
     "kith key status: no server runs with the state directory /nosuch, or it has no zone of "
     "record; start it, or name another with -d or -c"},
    {"a journal", "kith journal list -d /nosuch", 1,
     "kith journal list: /nosuch/kith.db: unable to open database file: No such file or "
     "directory; check that the folder exists and who owns it"},
    {"a file of queries", "kith bench 127.0.0.1 -f /nosuch", 1,
     "kith bench: cannot read /nosuch: No such file or directory"},
    {"a place to write", "kith init /nosuch/kith.json", 1,
     "kith init: cannot write /nosuch/kith.json: No such file or directory"},
};

TEST(CommandLine, SaysWhatWasExpectedWhatWasFoundAndWhere) {
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.line) + " (" + row.why + ')');
        const Said said = run(row.line);
        EXPECT_EQ(said.code, row.code);
        EXPECT_EQ(said.err.substr(0, said.err.find('\n')), row.err);
        EXPECT_EQ(said.out, "");
    }
}

TEST(CommandLine, ShowsTheUsageWhereSomethingIsMissing) {
    EXPECT_EQ(run("kith zone check").err,
              "kith zone check: expected file (Zone files (RFC 1035 §5)), found none\n"
              "Usage: kith zone check [OPTIONS] file...\n"
              "`kith zone check --help` says more\n");
    EXPECT_EQ(run("kith zone").err,
              "kith zone: expected a command: check, print, sign, verify, diff or convert; found "
              "none\n`kith zone --help` says more\n");
}

TEST(CommandLine, NumbersAreDecimal) {
    // 010 is ten, not eight: a port that the help would call 8 is another one.
    EXPECT_EQ(run("kith query @127.0.0.1 -p 0x35 a").err,
              "kith query: --port: expected a whole number from 0 to 65535, found '0x35'\n"
              "`kith query --help` says more\n");
    EXPECT_NE(run("kith transfer example @127.0.0.1 -p 01 --timeout 0.1").err.find("127.0.0.1:1:"),
              std::string::npos);
}

TEST(CommandLine, HelpAndVersionAreNoErrors) {
    for (const char* line : {"kith --help", "kith zone check --help", "kith --version"}) {
        const Said said = run(line);
        EXPECT_EQ(said.code, 0) << line;
        EXPECT_NE(said.out, "") << line;
        EXPECT_EQ(said.err, "") << line;
    }
}

}  // namespace
}  // namespace kith::cli
