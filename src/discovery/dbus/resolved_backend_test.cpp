#include "discovery/dbus/resolved_backend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/test_bench.hpp"

namespace kith::discovery::dbus {
namespace {

using test::name;
using test::rdata_name;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string no_such_rr = "org.freedesktop.resolve1.NoSuchRR";

/// A record in wire form.
ByteArray wire(std::string_view owner, std::uint16_t type, const ByteArray& rdata) {
    ByteArray out = rdata_name(owner);
    for (const int byte :
         {type >> 8, type & 255, 0, 1, 0, 0, 0, 120, static_cast<int>(rdata.size() >> 8),
          static_cast<int>(rdata.size() & 255)})
        out.push_back(static_cast<std::uint8_t>(byte));
    out.insert(out.end(), rdata.begin(), rdata.end());
    return out;
}

/// The reply of ResolveRecord.
Values records(const std::vector<ByteArray>& wires, std::int32_t ifindex = 2) {
    Values rows;
    for (const ByteArray& bytes : wires)
        rows.push_back({Values{{ifindex}, {std::uint16_t{1}}, {std::uint16_t{12}}, {bytes}}});
    return {{std::move(rows)}, {std::uint64_t{8}}};
}

class ResolvedBackendTest : public testing::Test {
protected:
    void appear() {
        backend.on_owner(now, ":1.3");
        ASSERT_TRUE(daemon.answer(now, "Get", {{std::string("me")}}));
        now += restart_patience;
    }
    void ask() {
        token = *backend.start_query(now, {name("_ipp._tcp.local."), dns::RrType::PTR}, {});
    }
    void next() {
        now = *backend.next_deadline();
        backend.on_timer(now);
    }
    static ByteArray printer(std::string_view instance) {
        return wire("_ipp._tcp.local.", 12,
                    rdata_name(std::string(instance) + "._ipp._tcp.local."));
    }
    dns::Text<dnssd::PublicationToken> publish(
        dnssd::Service service, dnssd::RenamePolicy policy = dnssd::RenamePolicy::rename) {
        return backend.publish(now, *dnssd::make_records(service, backend.host_name()), {}, policy);
    }
    static dnssd::Service service() {
        dnssd::Service out;
        out.instance = "100% W.b\\";
        out.type = *dnssd::ServiceType::from_text("_http._tcp");
        out.port = 80;
        out.txt = {{3, 'a', '=', '1', 1, 'b'}};
        return out;
    }

    Time now{};
    SeededRng rng{1};
    ResolvedBackend backend{rng};
    test::Daemon daemon{backend};
    dnssd::QueryToken token = 0;
};

TEST_F(ResolvedBackendTest, AsksAgainAndTellsTheDifference) {
    appear();
    EXPECT_THAT(daemon.told(), ElementsAre("host me.local."));
    ask();
    EXPECT_THAT(daemon.called(), ElementsAre("ResolveRecord 0 _ipp._tcp.local 1 12 24"));
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("A"), printer("B")})));
    EXPECT_EQ(daemon.told().size(), 2U);
    EXPECT_EQ(*backend.next_deadline(), now + poll_first);
    next();
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("B"), printer("C")})));
    const std::string id = std::to_string(token);
    EXPECT_THAT(daemon.told(), ElementsAre("-" + id + " _ipp._tcp.local. @2 A._ipp._tcp.local.",
                                           "+" + id + " _ipp._tcp.local. @2 C._ipp._tcp.local."));
    for (int i = 0; i < 8; ++i) {
        next();
        ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("B"), printer("C")})));
    }
    EXPECT_EQ(*backend.next_deadline(), now + poll_max);
    EXPECT_THAT(daemon.told(), IsEmpty());
    backend.stop_query(now, token);
    EXPECT_EQ(backend.next_deadline(), std::nullopt);
}

TEST_F(ResolvedBackendTest, WhatItPublishesItselfDoesNotHideOthers) {
    appear();
    daemon.told();
    ask();
    Values own = records({printer("Own")});
    own[1] = {std::uint64_t{1} << 21};
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", own));
    EXPECT_THAT(daemon.told(), IsEmpty());
    EXPECT_THAT(daemon.called(), ElementsAre("ResolveRecord 0 _ipp._tcp.local 1 12 8216"))
        << "8192: not from its own zone";
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("Other")})));
    EXPECT_THAT(daemon.told(), testing::UnorderedElementsAre(HasSubstr("Other"), HasSubstr("Own")));
    next();
    EXPECT_THAT(daemon.called(), ElementsAre("ResolveRecord 0 _ipp._tcp.local 1 12 24"));
}

TEST_F(ResolvedBackendTest, NoSuchRecordIsAnAnswerAndSilenceIsNone) {
    appear();
    daemon.told();
    ask();
    ASSERT_TRUE(daemon.refuse(now, "ResolveRecord", no_such_rr, "no such record"));
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("?")));
    next();
    ASSERT_TRUE(daemon.refuse(now, "ResolveRecord", "org.freedesktop.DBus.Error.Timeout", ""));
    EXPECT_THAT(daemon.told(), IsEmpty());
    for (int i = 0; i < 8; ++i) {
        next();
        ASSERT_TRUE(daemon.refuse(now, "ResolveRecord", "org.freedesktop.DBus.Error.Timeout", ""));
    }
    EXPECT_EQ(*backend.next_deadline(), now + poll_silent_max);
}

TEST_F(ResolvedBackendTest, WhyItCouldNotAskIsSaidOnce) {
    appear();
    daemon.told();
    ask();
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("A")})));
    EXPECT_EQ(daemon.told().size(), 1U);
    struct Row {
        const char* error;
        const char* text;
        std::vector<const char*> told;
        const char* why;
    };
    const Row rows[] = {
        {"org.freedesktop.DBus.Error.AccessDenied",
         "Access denied",
         {"failure: systemd-resolved: Access denied"},
         "told, and A stays"},
        {"org.freedesktop.DBus.Error.AccessDenied", "Access denied", {}, "told once"},
        {"org.freedesktop.resolve1.Aborted",
         "Aborted",
         {"failure: systemd-resolved: Aborted"},
         "another reason"},
        {"org.freedesktop.resolve1.NoNameServers",
         "No networks",
         {"A._ipp", "failure: systemd-resolved: No networks"},
         "without a link A is gone"},
        {"org.freedesktop.DBus.Error.Timeout", "", {}, "silence is no failure"},
        {"org.freedesktop.resolve1.NoNameServers",
         "No networks",
         {"failure: systemd-resolved: No networks"},
         "again, after it went"},
        {"org.freedesktop.resolve1.DnsError.NXDOMAIN", "", {}, "nor is a name nobody has"},
    };
    for (const Row& row : rows) {
        next();
        ASSERT_TRUE(daemon.refuse(now, "ResolveRecord", row.error, row.text)) << row.why;
        const auto told = daemon.told();
        ASSERT_EQ(told.size(), row.told.size()) << row.why;
        for (std::size_t i = 0; i < told.size(); ++i)
            EXPECT_THAT(told[i], HasSubstr(row.told[i])) << row.why;
    }
}

TEST_F(ResolvedBackendTest, AMissingHostNameIsSaidAndAskedForAgain) {
    backend.on_owner(now, ":1.3");
    ASSERT_TRUE(
        daemon.refuse(now, "Get", "org.freedesktop.DBus.Error.AccessDenied", "Access denied"));
    EXPECT_THAT(daemon.told(), ElementsAre("no host: systemd-resolved does not say this machine's "
                                           "name: Access denied"));
    EXPECT_EQ(backend.next_deadline(), now + refused_wait);
    next();
    ASSERT_TRUE(daemon.answer(now, "Get", {{std::string("me")}}));
    EXPECT_THAT(daemon.told(), ElementsAre("host me.local."));
    EXPECT_EQ(backend.next_deadline(), std::nullopt);
}

TEST_F(ResolvedBackendTest, AfterARestartItIsRegisteredOnceAlsoWhenAttemptsWereApart) {
    appear();
    ASSERT_TRUE(publish(service()));
    for (int i = 0; i < conflicts_max; ++i) {
        const std::string path = "/s" + std::to_string(i);
        ASSERT_TRUE(daemon.answer(now, "RegisterService", {{path}}));
        backend.on_signal(
            now, {":1.3", path, "org.freedesktop.resolve1.DnssdService", "Conflicted", {}});
    }
    EXPECT_EQ(backend.next_deadline(), now + conflict_wait);
    backend.on_owner(now, "");
    EXPECT_NE(backend.next_deadline(), now + conflict_wait) << "nobody to try it at";
    backend.on_owner(now, ":1.4");
    daemon.forget();
    now += conflict_wait;
    backend.on_timer(now);
    EXPECT_THAT(daemon.called(), IsEmpty()) << "registered when it came back";
}

TEST_F(ResolvedBackendTest, ADaemonThatStaysAwayTakesAllWithIt) {
    appear();
    ask();
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("A")})));
    daemon.told();
    backend.on_owner(now, "");
    EXPECT_THAT(daemon.told(), IsEmpty()) << "it may be back in a moment";
    EXPECT_EQ(backend.next_deadline(), now + restart_patience);
    next();
    const auto gone = HasSubstr("failure: systemd-resolved is gone");
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("-"), gone));
    EXPECT_EQ(backend.next_deadline(), std::nullopt);
    ask();
    EXPECT_THAT(daemon.told(), ElementsAre(gone)) << "who asks later is told, too";
    appear();
    backend.on_timer(now);
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("A")})));
    EXPECT_THAT(daemon.told(), testing::Contains(HasSubstr("+")));
}

TEST_F(ResolvedBackendTest, AGoodbyeSoonAfterTheStartIsTold) {
    backend.on_owner(now, ":1.3");
    ask();
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("A")})));
    daemon.told();
    next();
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("B")})));
    EXPECT_EQ(daemon.told().size(), 2U) << "patience is for restarts";
}

TEST_F(ResolvedBackendTest, WhatMakesNoSenseIsLeftOut) {
    appear();
    daemon.told();
    ask();
    ByteArray trailing = printer("A");
    trailing.push_back(0);
    ByteArray cut = printer("A");
    cut.pop_back();
    Values not_a_row{{Values{{std::string("row")}}}};
    struct Row {
        Values reply;
        const char* why;
    };
    const Row rows[] = {
        {{}, "no values"},
        {{{std::string("text")}}, "a text for an array"},
        {not_a_row, "a text for a structure"},
        {records({{}}), "no bytes"},
        {records({trailing}), "bytes after the record"},
        {records({cut}), "cut short"},
        {records({wire("_ipp._tcp.local.", 1, {192, 0, 2, 1})}), "another type"},
        {records({wire("_ipp._tcp.local.", 12, {0xc0, 0x00, 0})}), "RDATA with more behind"},
    };
    for (const Row& row : rows) {
        ASSERT_TRUE(daemon.answer(now, "ResolveRecord", row.reply)) << row.why;
        EXPECT_THAT(daemon.told(), IsEmpty()) << row.why;
        next();
    }
}

TEST_F(ResolvedBackendTest, RegistersAService) {
    appear();
    daemon.told();
    ASSERT_TRUE(publish(service()));
    const Call call = daemon.take("RegisterService");
    EXPECT_EQ(call.signature, "sssqqqaa{say}");
    EXPECT_EQ(std::get<std::string>(call.arguments[1].is), "100%% W\\.b\\\\")
        << "a name is a template";
    EXPECT_EQ(std::get<std::uint16_t>(call.arguments[3].is), 80);
    const Values txt{{Values{{Values{{std::string("a")}, {ByteArray{'1'}}}},
                             {Values{{std::string("b")}, {ByteArray{}}}}}}};
    EXPECT_EQ(std::get<Values>(call.arguments[6].is), txt);
    backend.on_reply(now, call.id, {{{std::string("/s1")}}, {}, {}});
    EXPECT_THAT(daemon.told(), IsEmpty()) << "who objects does so soon";
    next();
    EXPECT_THAT(daemon.told(), ElementsAre("established 100%\\032W\\.b\\\\._http._tcp.local."));
}

TEST_F(ResolvedBackendTest, AConflictGivesAnotherName) {
    appear();
    daemon.told();
    ASSERT_TRUE(publish(service()));
    ASSERT_TRUE(daemon.answer(now, "RegisterService", {{std::string("/s1")}}));
    backend.on_signal(now,
                      {":1.3", "/s1", "org.freedesktop.resolve1.DnssdService", "Conflicted", {}});
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("renamed 100%\\032W\\.b\\\\\\032\\(2\\)")));
    EXPECT_EQ(daemon.take("UnregisterService").signature, "o");
    EXPECT_EQ(std::get<std::string>(daemon.take("RegisterService").arguments[1].is),
              "100%% W\\.b\\\\ (2)");
}

TEST_F(ResolvedBackendTest, TxtIsChangedByRegisteringAnew) {
    appear();
    const auto id = publish(service());
    ASSERT_TRUE(id);
    ASSERT_TRUE(daemon.answer(now, "RegisterService", {{std::string("/s1")}}));
    const std::vector<std::vector<std::uint8_t>> txt = {{1, 'c'}};
    backend.update_txt(now, *id, name("x."), txt);
    EXPECT_THAT(daemon.called(),
                ElementsAre("UnregisterService /s1", HasSubstr("80 0 0 { { { c [0] } } }")));
    // Withdrawn while it is registered: taken away as soon as it is there.
    backend.withdraw(now, *id);
    EXPECT_FALSE(backend.is_quiet());
    ASSERT_TRUE(daemon.answer(now, "RegisterService", {{std::string("/s2")}}));
    EXPECT_THAT(daemon.called(), ElementsAre("UnregisterService /s2"));
}

TEST_F(ResolvedBackendTest, WhatItCannotPublishIsSaid) {
    appear();
    dnssd::Service with_subtype = service();
    with_subtype.subtypes = {"_printer"};
    dnssd::Service of_other = service();
    of_other.host = name("other.local.");
    dnssd::Service name_only = service();
    name_only.presence = dnssd::Presence::name_only;
    struct Row {
        dnssd::Service service;
        const char* said;
    };
    const Row rows[] = {{with_subtype, "subtypes"}, {of_other, "services of other hosts"}};
    for (const Row& row : rows) {
        const auto refused = publish(row.service);
        ASSERT_FALSE(refused) << row.said;
        EXPECT_THAT(refused.error().text, HasSubstr(row.said));
    }
    EXPECT_FALSE(publish(name_only));
    const std::vector<dnssd::ServiceRecord> address = {
        {name("a.local."), dns::RrType::A, 120, {192, 0, 2, 1}, dnssd::Sharing::unique}};
    EXPECT_FALSE(backend.publish(now, address, {}, dnssd::RenamePolicy::fail));
    EXPECT_FALSE(backend.publish(now, *dnssd::make_records(service(), backend.host_name()),
                                 {2, IpFamily::none}, dnssd::RenamePolicy::rename))
        << "on one interface";
    EXPECT_THAT(daemon.called(), IsEmpty());
}

TEST_F(ResolvedBackendTest, WithoutRightsItSaysSo) {
    appear();
    daemon.told();
    ASSERT_TRUE(publish(service()));
    ASSERT_TRUE(daemon.refuse(now, "RegisterService",
                              "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
                              "Interactive authentication required."));
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("it takes root, or a polkit rule")));
}

TEST_F(ResolvedBackendTest, ARestartIsFollowed) {
    appear();
    ASSERT_TRUE(publish(service()));
    ASSERT_TRUE(daemon.answer(now, "RegisterService", {{std::string("/s1")}}));
    ask();
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("A")})));
    next();
    daemon.told();
    daemon.forget();
    backend.on_owner(now, "");
    EXPECT_THAT(daemon.told(), IsEmpty()) << "it may be back in a moment";
    backend.on_owner(now, ":1.4");
    backend.on_timer(now);
    const auto calls = daemon.called();
    ASSERT_EQ(calls.size(), 3U);
    EXPECT_THAT(calls[1], HasSubstr("RegisterService"));
    EXPECT_THAT(calls[2], HasSubstr("ResolveRecord"));
    ASSERT_TRUE(daemon.answer(now, "ResolveRecord", records({printer("A")})));
    EXPECT_THAT(daemon.told(), IsEmpty()) << "nothing changed";
    next();
    ASSERT_TRUE(daemon.refuse(now, "ResolveRecord", "org.freedesktop.DBus.Error.Timeout", ""));
    EXPECT_THAT(daemon.told(), IsEmpty()) << "it has not found its links yet";
    now += restart_patience;
    backend.on_timer(now);
    ASSERT_TRUE(daemon.refuse(now, "ResolveRecord", "org.freedesktop.DBus.Error.Timeout", ""));
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("A._ipp"))) << "gone";
}

}  // namespace
}  // namespace kith::discovery::dbus
