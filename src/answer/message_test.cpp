// What is answered before the name matters: silence, FORMERR, NOTIMP, classes, meta types, and
// the checks of RFC 8906 §8 for servers. Messages are written by hand, byte for byte.

#include <gtest/gtest.h>

#include "answer/test_world.hpp"

namespace kith::answer {
namespace {

using B = std::vector<std::uint8_t>;

World lan() {
    AnswerOptions options;
    options.cookies.emplace();
    World world(options);
    world.zone("lan", "@ 300 SOA ns admin 1 2 3 4 300\nhost 60 A 192.0.2.1\n");
    return world;
}

#define HOST_LAN 4, 'h', 'o', 's', 't', 3, 'l', 'a', 'n', 0
#define NO_COUNTS_BUT_QUESTION 0, 1, 0, 0, 0, 0, 0, 0
#define COUNTS_WITH_OPT 0, 1, 0, 0, 0, 0, 0, 1

struct MessageRow {
    const char* why;
    B message;
    B expected;  // the whole response; empty: silence
};

const MessageRow rows[] = {
    // Silence.
    {"no bytes at all", {}, {}},
    {"shorter than a header", {0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0}, {}},
    {"a response", {0x12, 0x34, 0x80, 0, NO_COUNTS_BUT_QUESTION, HOST_LAN, 0, 1, 0, 1}, {}},
    {"a response of an unknown opcode", {0x12, 0x34, 0xf8, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {}},
    // Malformed: the header, FORMERR, RD copied.
    {"no question and no cookie",
     {0x12, 0x34, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x12, 0x34, 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"two questions (RFC 9619)",
     {0x12, 0x34, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, HOST_LAN, 0, 1, 0, 1, HOST_LAN, 0, 1, 0, 1},
     {0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"a question that ends early",
     {0x12, 0x34, 0, 0, NO_COUNTS_BUT_QUESTION, HOST_LAN, 0, 1, 0},
     {0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"a compressed question",
     {0x12, 0x34, 0, 0, NO_COUNTS_BUT_QUESTION, 0xc0, 12, 0, 1, 0, 1},
     {0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"bytes after the last record",
     {0x12, 0x34, 0, 0, NO_COUNTS_BUT_QUESTION, HOST_LAN, 0, 1, 0, 1, 0},
     {0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"counts that promise more than there is",
     {0x12, 0x34, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0, HOST_LAN, 0, 1, 0, 1},
     {0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"two OPT (RFC 6891 §6.1.1)",
     {0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0,  2, HOST_LAN, 0, 1, 0, 1, 0, 0, 41,
      4,    208,  0, 0, 0, 0, 0, 0, 0, 0, 41, 4, 208,      0, 0, 0, 0, 0, 0},
     {0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"an option longer than OPT",
     {0x12, 0x34, 0, 0, COUNTS_WITH_OPT, HOST_LAN, 0, 1, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4,
      0,    10,   0, 8},
     {0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
    // Other opcodes: NOTIMP with the opcode kept (RFC 8906 §8.1.5 and §3.1.4).
    {"an unassigned opcode without question",
     {0x12, 0x34, 0x78, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x12, 0x34, 0xf8, 4, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"STATUS",
     {0x12, 0x34, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     {0x12, 0x34, 0x90, 4, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"UPDATE keeps its zone",
     {0x12, 0x34, 0x28, 0, NO_COUNTS_BUT_QUESTION, HOST_LAN, 0, 6, 0, 1},
     {0x12, 0x34, 0xa8, 4, NO_COUNTS_BUT_QUESTION, HOST_LAN, 0, 6, 0, 1}},
    {"an opcode with nonsense behind the header",
     {0x12, 0x34, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0, 77},
     {0x12, 0x34, 0xa8, 4, 0, 0, 0, 0, 0, 0, 0, 0}},
    // RFC 8906 §8.1.1: a plain query.
    {"plain DNS, plain answer",
     {0x12, 0x34, 0, 0, NO_COUNTS_BUT_QUESTION, HOST_LAN, 0, 1, 0, 1},
     {0x12, 0x34, 0x84, 0, 0, 1, 0, 1, 0, 0,  0, 0, HOST_LAN, 0, 1, 0, 1,
      0xc0, 12,   0,    1, 0, 1, 0, 0, 0, 60, 0, 4, 192,      0, 2, 1}},
    // §8.1.3: flags that a query should not have are ignored and not echoed; CD is (RFC 4035 §3.2.2).
    {"AA, TC, RA, Z, AD and an rcode in the query",
     {0x12, 0x34, 0x06, 0xf7, NO_COUNTS_BUT_QUESTION, HOST_LAN, 0, 1, 0, 1},
     {0x12, 0x34, 0x84, 0x10, 0, 1, 0, 1, 0, 0,  0, 0, HOST_LAN, 0, 1, 0, 1,
      0xc0, 12,   0,    1,    0, 1, 0, 0, 0, 60, 0, 4, 192,      0, 2, 1}},
    {"RD is copied, RA is not ours to give",
     {0x12, 0x34, 0x01, 0, NO_COUNTS_BUT_QUESTION, HOST_LAN, 0, 1, 0, 1},
     {0x12, 0x34, 0x85, 0, 0, 1, 0, 1, 0, 0,  0, 0, HOST_LAN, 0, 1, 0, 1,
      0xc0, 12,   0,    1, 0, 1, 0, 0, 0, 60, 0, 4, 192,      0, 2, 1}},
    // §8.2.1: EDNS version 0.
    {"OPT is answered with OPT",
     {0x12, 0x34, 0, 0, COUNTS_WITH_OPT, HOST_LAN, 0, 1, 0, 1, 0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0},
     {0x12, 0x34, 0x84, 0, 0,  1, 0, 1,   0, 0, 0, 1, HOST_LAN, 0,  1, 0,   1, 0xc0, 12, 0, 1, 0,
      1,    0,    0,    0, 60, 0, 4, 192, 0, 2, 1, 0, 0,        41, 4, 208, 0, 0,    0,  0, 0, 0}},
    // §8.2.2: EDNS version 1: BADVERS (16: 1 in OPT, 0 in the header), version 0, no answer.
    {"EDNS version 1",
     {0x12, 0x34, 0, 0, COUNTS_WITH_OPT, HOST_LAN, 0, 1, 0, 1, 0, 0, 41, 16, 0, 0, 1, 0, 0, 0, 0},
     {0x12, 0x34, 0x80, 0, 0, 1,  0, 0,   0, 0, 0, 1, HOST_LAN, 0,
      1,    0,    1,    0, 0, 41, 4, 208, 1, 0, 0, 0, 0,        0}},
    // §8.2.3: an unknown option.
    {"option 100 is ignored",
     {0x12, 0x34, 0, 0, COUNTS_WITH_OPT, HOST_LAN, 0, 1, 0, 1, 0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 5, 0,
      100,  0,    1, 9},
     {0x12, 0x34, 0x84, 0, 0,  1, 0, 1,   0, 0, 0, 1, HOST_LAN, 0,  1, 0,   1, 0xc0, 12, 0, 1, 0,
      1,    0,    0,    0, 60, 0, 4, 192, 0, 2, 1, 0, 0,        41, 4, 208, 0, 0,    0,  0, 0, 0}},
    // §8.2.4: unknown flags are ignored and not echoed; §8.2.6: DO is echoed.
    {"all EDNS flags set",
     {0x12, 0x34, 0, 0, COUNTS_WITH_OPT, HOST_LAN, 0, 1, 0, 1, 0, 0, 41, 16, 0, 0, 0,
      0xff, 0xff, 0, 0},
     {0x12, 0x34, 0x84, 0,  0, 1, 0,   1, 0, 0, 0, 1, HOST_LAN, 0, 1,   0, 1, 0xc0, 12, 0, 1, 0, 1,
      0,    0,    0,    60, 0, 4, 192, 0, 2, 1, 0, 0, 41,       4, 208, 0, 0, 0x80, 0,  0, 0}},
    // §8.2.5: version 1 with an unknown option and flags.
    {"version 1, an unknown option and unknown flags",
     {0x12,     0x34, 0,    0,    COUNTS_WITH_OPT,
      HOST_LAN, 0,    1,    0,    1,
      0,        0,    41,   16,   0,
      0,        1,    0x00, 0x40, 0,
      4,        0,    100,  0,    0},
     {0x12, 0x34, 0x80, 0, 0, 1,  0, 0,   0, 0, 0, 1, HOST_LAN, 0,
      1,    0,    1,    0, 0, 41, 4, 208, 1, 0, 0, 0, 0,        0}},
    // RFC 7873 §5.2.2.
    {"a cookie of 7 bytes is malformed",
     {0x12,     0x34, 0,  0,  COUNTS_WITH_OPT,
      HOST_LAN, 0,    1,  0,  1,
      0,        0,    41, 16, 0,
      0,        0,    0,  0,  0,
      11,       0,    10, 0,  7,
      1,        2,    3,  4,  5,
      6,        7},
     {0x12, 0x34, 0x80, 1, 0, 1,  0, 0,   0, 0, 0, 1, HOST_LAN, 0,
      1,    0,    1,    0, 0, 41, 4, 208, 0, 0, 0, 0, 0,        0}},
};

TEST(Message, IsAnsweredByteForByte) {
    World world = lan();
    for (const MessageRow& row : rows) {
        SCOPED_TRACE(row.why);
        const Bytes response = world.send(row.message);
        EXPECT_EQ(B(response.begin(), response.end()), row.expected);
        EXPECT_EQ(world.verdict, row.expected.empty() ? Verdict::drop : Verdict::answered);
    }
    EXPECT_EQ(world.answerer->counters().silent.get(), 4U);
    EXPECT_EQ(world.answerer->counters().malformed.get(), 8U);
}

TEST(Message, OfPortsThatAnswerBackGetsSilence) {
    World world = lan();
    const B message = question_of("host.lan A");
    constexpr std::uint16_t ports[] = {0, 7, 13, 17, 19, 37};
    for (const std::uint16_t port : ports) {
        SCOPED_TRACE(port);
        world.query.message = message;
        world.query.client = {IpAddress::v4(192, 0, 2, 7), port, 0};
        world.query.transport = Transport::udp;
        world.answerer->prepare(world.snapshot, world.query);
        EXPECT_EQ(world.answerer->respond(world.snapshot, world.query, world.buffer).verdict,
                  Verdict::drop);
        world.query.transport = Transport::tcp;
        world.answerer->prepare(world.snapshot, world.query);
        EXPECT_EQ(world.answerer->respond(world.snapshot, world.query, world.buffer).verdict,
                  Verdict::answered)
            << "a connection has been agreed to by the other side";
    }
}

struct TypeRow {
    const char* why;
    const char* question;
    dns::RrClass klass;
    const char* expected;
};

const TypeRow type_rows[] = {
    {"not ours", "example.com A", dns::RrClass::IN, "REFUSED\n"},
    {"the root", ". NS", dns::RrClass::IN, "REFUSED\n"},
    {"class HS", "host.lan A", dns::RrClass::HS, "REFUSED\n"},
    {"class ANY", "host.lan A", dns::RrClass::ANY, "REFUSED\n"},
    {"class NONE", "host.lan A", dns::RrClass::NONE, "REFUSED\n"},
    {"no transfers", "lan AXFR", dns::RrClass::IN, "REFUSED\n"},
    {"nor differences", "lan IXFR", dns::RrClass::IN, "REFUSED\n"},
    {"mail agents are history", "host.lan MAILA", dns::RrClass::IN, "NOTIMP\n"},
    {"mailboxes too", "host.lan MAILB", dns::RrClass::IN, "NOTIMP\n"},
    {"no keys are negotiated", "host.lan TKEY", dns::RrClass::IN, "NOTIMP\n"},
    {"OPT is no data", "host.lan OPT", dns::RrClass::IN, "FORMERR\n"},
    {"TSIG is no data", "host.lan TSIG", dns::RrClass::IN, "FORMERR\n"},
    {"RFC 9824 §3.5: NXNAME", "host.lan TYPE128", dns::RrClass::IN, "FORMERR\n"},
    {"type 0", "host.lan TYPE0", dns::RrClass::IN, "FORMERR\n"},
    {"RFC 8906 §8.1.2: an unknown type is answered", "host.lan TYPE1000", dns::RrClass::IN,
     "NOERROR aa\nauthority lan. 300 SOA ns.lan. admin.lan. 1 2 3 4 300\n"},
};

TEST(Message, IsRefusedByClassAndType) {
    World world = lan();
    for (const TypeRow& row : type_rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(world.ask(row.question, {.klass = row.klass}), row.expected);
        EXPECT_EQ(world.ask(row.question, {.transport = Transport::tcp, .klass = row.klass}),
                  row.expected);
    }
    EXPECT_EQ(
        world.answerer->counters().rcodes[static_cast<std::size_t>(dns::Rcode::REFUSED)].get(),
        14U);
}

TEST(Chaos, TellsWhatTheConfigurationTells) {
    AnswerOptions options;
    options.version = "kith";
    options.hostname = "one";
    World open(options);
    World closed;
    const Asking chaos{.klass = dns::RrClass::CH};
    const std::pair<const char*, const char*> names[] = {
        {"version.bind TXT", "NOERROR aa\nversion.bind. 0 TXT \"kith\"\n"},
        {"VERSION.server TXT", "NOERROR aa\nVERSION.server. 0 TXT \"kith\"\n"},
        {"hostname.bind TXT", "NOERROR aa\nhostname.bind. 0 TXT \"one\"\n"},
        {"id.server TXT", "NOERROR aa\nid.server. 0 TXT \"one\"\n"},
        {"id.server A", "NOERROR aa\n"},
        {"authors.bind TXT", "REFUSED\n"},
        {"x.version.bind TXT", "REFUSED\n"},
    };
    for (const auto& [question, expected] : names) {
        SCOPED_TRACE(question);
        EXPECT_EQ(open.ask(question, chaos), expected);
        EXPECT_EQ(closed.ask(question, chaos), "REFUSED\n");
    }
    EXPECT_EQ(open.ask("version.bind TXT"), "REFUSED\n")
        << "in class IN it is a name like any other";
}

}  // namespace
}  // namespace kith::answer
