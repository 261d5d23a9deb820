// EDNS options: cookies (RFC 7873, 9018), NSID (RFC 5001), TCP keepalive (RFC 7828), padding
// (RFC 7830, 8467), extended errors (RFC 8914).

#include <gtest/gtest.h>

#include "answer/test_world.hpp"

namespace kith::answer {
namespace {

using B = std::vector<std::uint8_t>;

B hex(std::string_view text) {
    B out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(
            static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

B option(dns::OptionCode code, const B& value) {
    B out(4);
    store_u16(out.data(), static_cast<std::uint16_t>(code));
    store_u16(out.data() + 2, static_cast<std::uint16_t>(value.size()));
    out.insert(out.end(), value.begin(), value.end());
    return out;
}

/// The options of a response, or an option that cannot be, so that a missing OPT is seen.
std::string options_of(Bytes message) {
    const auto view = dns::MessageView::parse(message);
    if (!view) return "unreadable";
    if (!view->edns()) return "no OPT";
    std::string out;
    view->edns()->for_each([&](const dns::Option& found) {
        out += std::to_string(static_cast<int>(found.code)) + ':';
        for (const std::uint8_t byte : found.value) {
            out += "0123456789abcdef"[byte >> 4];
            out += "0123456789abcdef"[byte & 15];
        }
        out += ' ';
    });
    return out;
}

World with(const AnswerOptions& options) {
    World world(options);
    world.zone("lan", "@ 300 SOA ns admin 1 2 3 4 300\nhost 60 A 192.0.2.1\n");
    return world;
}

std::string options_for(World& world, const Asking& asking, const char* question = "host.lan A") {
    const B message = question_of(question, asking);
    return options_of(world.send(message, asking));
}

struct CookieRow {
    const char* why;
    const char* client;
    UnixTime now;
    const char* sent;
    CookieState state;
    const char* expected;
};

// The vectors of RFC 9018 Appendix A, and what they imply.
const CookieRow cookie_rows[] = {
    {"A.1: a client cookie only", "198.51.100.100", 1559731985, "2464c4abcf10c957",
     CookieState::client_only, "10:2464c4abcf10c957010000005cf79f111f8130c3eee29480 "},
    {"a fresh cookie is sent back", "198.51.100.100", 1559731985 + 1800,
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480", CookieState::valid,
     "10:2464c4abcf10c957010000005cf79f111f8130c3eee29480 "},
    {"A.2: after 40 minutes it is valid, and replaced", "198.51.100.100", 1559734385,
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480", CookieState::valid,
     "10:2464c4abcf10c957010000005cf7a871d4a564a1442aca77 "},
    {"A.3: reserved bytes are hashed as they come; one of us answers with zero", "203.0.113.203",
     1559727985 + 1801, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", CookieState::valid,
     nullptr},
    {"A.3: two hours later it is too old, and replaced", "203.0.113.203", 1559734700,
     "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", CookieState::invalid,
     "10:fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e "},
    {"from another address it is not ours", "198.51.100.101", 1559731985,
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480", CookieState::invalid, nullptr},
    {"from five minutes ahead it is good", "198.51.100.100", 1559731985 - 300,
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480", CookieState::valid,
     "10:2464c4abcf10c957010000005cf79f111f8130c3eee29480 "},
    {"from further ahead it is not", "198.51.100.100", 1559731985 - 301,
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480", CookieState::invalid, nullptr},
    {"a changed bit", "198.51.100.100", 1559731985,
     "2464c4abcf10c957010000005cf79f111f8130c3eee29481", CookieState::invalid, nullptr},
    {"another version", "198.51.100.100", 1559731985,
     "2464c4abcf10c957020000005cf79f111f8130c3eee29480", CookieState::invalid, nullptr},
    {"another length", "198.51.100.100", 1559731985,
     "2464c4abcf10c957010000005cf79f111f8130c3eee2948000", CookieState::invalid, nullptr},
};

CookieSecrets rfc_secrets() {
    CookieSecrets secrets;
    std::ranges::copy(hex("e5e973e5a6b2a43f48e7dc849e37bfcf"), secrets.current.begin());
    return secrets;
}

TEST(Cookie, IsThatOfRfc9018) {
    AnswerOptions options;
    options.cookies = rfc_secrets();
    World world = with(options);
    for (const CookieRow& row : cookie_rows) {
        SCOPED_TRACE(row.why);
        world.unix_now = row.now;
        const Asking asking{.edns = true,
                            .options = option(dns::OptionCode::COOKIE, hex(row.sent)),
                            .client = row.client};
        const std::string answer = options_for(world, asking);
        EXPECT_EQ(world.query.cookie, row.state);
        if (row.expected != nullptr) {
            EXPECT_EQ(answer, row.expected);
        } else {
            EXPECT_TRUE(answer.starts_with("10:" + std::string(row.sent, 16) + "01000000"))
                << answer;
        }
    }
}

TEST(Cookie, OfIpv6IsThatOfRfc9018) {
    // Appendix A.4: a rollover; the cookie was made with the secret before.
    AnswerOptions options;
    CookieSecrets secrets;
    std::ranges::copy(hex("445536bcd2513298075a5d379663c962"), secrets.current.begin());
    std::ranges::copy(hex("dd3bdf9344b678b185a6f5cb60fca715"), secrets.other.emplace().begin());
    options.cookies = secrets;
    World world = with(options);
    world.unix_now = 1559741961;
    const Asking asking{.edns = true,
                        .options = option(dns::OptionCode::COOKIE,
                                          hex("22681ab97d52c298010000005cf7c57926556bd0934c72f8")),
                        .client = "2001:db8:220:1:59de:d0f4:8769:82b8"};
    EXPECT_EQ(options_for(world, asking), "10:22681ab97d52c298010000005cf7c609a6bb79d16625507a ");
    EXPECT_EQ(world.query.cookie, CookieState::valid);
}

TEST(Cookie, IsRequiredByPolicyOverUdpOnly) {
    AnswerOptions options;
    options.cookies = rfc_secrets();
    options.cookie_policy = CookiePolicy::require;
    World world = with(options);
    world.unix_now = 1559731985;
    Asking asking{.edns = true,
                  .options = option(dns::OptionCode::COOKIE, hex("2464c4abcf10c957")),
                  .client = "198.51.100.100"};
    EXPECT_EQ(world.ask("host.lan A", asking), "BADCOOKIE\n");
    EXPECT_EQ(options_for(world, asking), "10:2464c4abcf10c957010000005cf79f111f8130c3eee29480 ")
        << "with the cookie that will do";
    asking.options =
        option(dns::OptionCode::COOKIE, hex("2464c4abcf10c957010000005cf79f111f8130c3eee29480"));
    EXPECT_EQ(world.ask("host.lan A", asking), "NOERROR aa\nhost.lan. 60 A 192.0.2.1\n");
    asking.options = option(dns::OptionCode::COOKIE, hex("2464c4abcf10c957"));
    asking.transport = Transport::tcp;
    EXPECT_EQ(world.ask("host.lan A", asking), "NOERROR aa\nhost.lan. 60 A 192.0.2.1\n");
    EXPECT_EQ(world.ask("host.lan A"), "NOERROR aa\nhost.lan. 60 A 192.0.2.1\n")
        << "who knows no cookies is answered";
}

TEST(Cookie, CanBeAskedForWithoutQuestion) {
    AnswerOptions options;
    options.cookies = rfc_secrets();
    World world = with(options);
    world.unix_now = 1559731985;
    const auto ask = [&](std::string_view cookie) {
        B message =
            hex("123400000000000000000001"
                "000029"
                "04d0"
                "00000000");
        const B value = option(dns::OptionCode::COOKIE, hex(cookie));
        message.push_back(0);
        message.push_back(static_cast<std::uint8_t>(value.size()));
        message.insert(message.end(), value.begin(), value.end());
        const Asking asking{.client = "198.51.100.100"};
        return text_of(world.send(message, asking)) + options_of(world.send(message, asking));
    };
    const std::string good = "10:2464c4abcf10c957010000005cf79f111f8130c3eee29480 ";
    EXPECT_EQ(ask("2464c4abcf10c957"), "NOERROR\n" + good);
    EXPECT_EQ(ask("2464c4abcf10c957010000005cf79f111f8130c3eee29480"), "NOERROR\n" + good);
    EXPECT_EQ(ask("2464c4abcf10c957010000005cf79f111f8130c3eee29400"), "BADCOOKIE\n" + good);
    EXPECT_EQ(ask("2464c4"), "FORMERR\n");
}

TEST(Expire, IsToldWithTheSoa) {
    World world = with({});
    world.unix_now = 1'700'000'000;
    world.zone("copy.lan", "@ 300 SOA ns admin 1 2 3 4000 300\nhost 60 A 192.0.2.1\n");
    auto expires = std::make_shared<NameTable<AnswerSnapshot::ExpiresAt>>();
    const auto at = std::make_shared<std::atomic<UnixTime>>(world.unix_now + 258);
    (*expires)[name_of("copy.lan.")] = at;
    world.snapshot.expires = std::move(expires);
    const Asking asking{.edns = true, .options = option(dns::OptionCode::EXPIRE, {})};
    struct Row {
        const char* why;
        const char* question;
        const char* options;
    };
    const Row rows[] = {
        {"RFC 7314 §3.2: a primary says what its SOA says", "lan SOA", "9:00000004 "},
        {"§3.2: a secondary what is left", "copy.lan SOA", "9:00000102 "},
        {"without case", "COPY.Lan SOA", "9:00000102 "},
        {"§3.1: with questions for the SOA only", "copy.lan NS", ""},
        {"and only where there is one", "host.copy.lan SOA", ""},
        {"not of a zone that is not ours", "example SOA", "15:0014 "},
    };
    for (const Row& row : rows)
        EXPECT_EQ(options_for(world, asking, row.question), row.options) << row.why;
    at->store(world.unix_now - 5);
    EXPECT_EQ(options_for(world, asking, "copy.lan SOA"), "9:00000000 ") << "over is over";
    EXPECT_EQ(options_for(world, {.edns = true}, "lan SOA"), "") << "nobody asked";
    EXPECT_EQ(options_for(world, asking, "host.lan A"), "");
}

TEST(Options, AreAnsweredAsTheirRfcsSay) {
    AnswerOptions options;
    options.nsid = "ns1";
    World world = with(options);
    const B nsid = option(dns::OptionCode::NSID, {});
    const B keepalive = option(dns::OptionCode::TCP_KEEPALIVE, {});
    const B padding = option(dns::OptionCode::PADDING, {0, 0, 0});
    B twice = nsid;
    twice.insert(twice.end(), nsid.begin(), nsid.end());
    struct Row {
        const char* why;
        Asking asking;
        const char* expected;
    };
    const Row rows[] = {
        {"no OPT, no OPT", {}, "no OPT"},
        {"OPT without options", {.edns = true}, ""},
        {"RFC 5001 §2.2: NSID", {.edns = true, .options = nsid}, "3:6e7331 "},
        {"NSID asked for twice", {.edns = true, .options = twice}, "3:6e7331 "},
        {"RFC 7828 §3.3.1: keepalive over UDP is ignored",
         {.edns = true, .options = keepalive},
         ""},
        {"over TCP it is answered in tenths of a second",
         {.transport = Transport::tcp, .edns = true, .options = keepalive},
         "11:0064 "},
        {"RFC 7871 §7.1.2: client subnet is not echoed by who does not use it",
         {.edns = true,
          .options = option(dns::OptionCode::CLIENT_SUBNET, {0, 1, 24, 0, 192, 0, 2})},
         ""},
        {"RFC 7873 §5.2: without secrets cookies are ignored",
         {.edns = true, .options = option(dns::OptionCode::COOKIE, {1, 2, 3, 4, 5, 6, 7, 8})},
         ""},
        {"RFC 7830 §4: padding is answered; in cleartext there is nothing to hide",
         {.edns = true, .options = padding},
         "12: "},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(options_for(world, row.asking), row.expected);
    }
    const Asking timed{.transport = Transport::tcp,
                       .edns = true,
                       .options = option(dns::OptionCode::TCP_KEEPALIVE, {0, 9})};
    EXPECT_EQ(world.ask("host.lan A", timed), "FORMERR\n")
        << "RFC 7828 §3.2.1: a client sends no timeout";
}

TEST(Options, PadEncryptedResponsesToWholeBlocks) {
    World world = with({});
    const Asking asking{
        .transport = Transport::tls, .edns = true, .options = option(dns::OptionCode::PADDING, {})};
    const B message = question_of("host.lan A", asking);
    EXPECT_EQ(world.send(message, asking).size(), 468U) << "RFC 8467 §4.1";
    EXPECT_EQ(world.send(question_of("host.lan A", {.edns = true}), asking).size(), 53U)
        << "not asked for";
}

struct ErrorRow {
    const char* why;
    const char* question;
    Asking asking;
    const char* expected;
};

TEST(Options, ExplainErrors) {
    AnswerOptions options;
    options.forwarding = true;
    options.forward_clients = {*IpPrefix::from_text("192.0.2.0/24")};
    World world = with(options);
    world.rewrite("ads.example", {.action = RewriteAction::nxdomain});
    world.rewrite("portal.example", {.action = RewriteAction::redirect, .v4 = {{192, 0, 2, 5}}});
    const ErrorRow rows[] = {
        {"nothing to explain", "host.lan A", {.edns = true}, ""},
        {"RFC 8914 §4.16: blocked", "ads.example A", {.edns = true}, "15:000f "},
        {"§4.5: forged", "portal.example A", {.edns = true}, "15:0004 "},
        {"§4.21: not ours, and recursion was not asked for",
         "example.com A",
         {.edns = true},
         "15:0014 "},
        {"§4.19: this client may not",
         "example.com A",
         {.rd = true, .edns = true, .client = "198.51.100.1"},
         "15:0012 "},
        {"only in OPT", "example.com A", {}, "no OPT"},
    };
    for (const ErrorRow& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(options_for(world, row.asking, row.question), row.expected);
    }
}

}  // namespace
}  // namespace kith::answer
