#include "discovery/dbus/avahi_backend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/test_bench.hpp"
#include "discovery/dnssd/session.hpp"

namespace kith::discovery::dbus {
namespace {

using test::name;
using test::rdata_name;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

const std::string browser_interface = "org.freedesktop.Avahi.RecordBrowser";
const std::string group_interface = "org.freedesktop.Avahi.EntryGroup";

/// One item of a record browser, with what a row of a table wants otherwise.
Values item(std::string owner, ByteArray rdata, std::int32_t ifindex = 2, std::int32_t protocol = 0,
            std::uint16_t type = 12) {
    return {{ifindex}, {protocol},         {std::move(owner)}, {std::uint16_t{1}},
            {type},    {std::move(rdata)}, {std::uint32_t{4}}};
}

class AvahiBackendTest : public testing::Test {
protected:
    void appear(std::uint32_t api = 0x0204, std::string host = "me.local",
                std::string_view owner = ":1.7") {
        backend.on_owner(now, owner);
        owner_ = owner;
        ASSERT_TRUE(daemon.answer(now, "GetAPIVersion", {{api}}));
        ASSERT_TRUE(daemon.answer(now, "GetVersionString", {{std::string("avahi 0.8")}}));
        ASSERT_TRUE(daemon.answer(now, "GetHostNameFqdn", {{std::move(host)}}));
    }
    dnssd::QueryToken ask(std::string_view what, dns::RrType type = dns::RrType::PTR,
                          std::uint32_t ifindex = 0) {
        return *backend.start_query(now, {name(what), type}, {ifindex, IpFamily::none});
    }
    void browser(std::string path = "/b1") {
        ASSERT_TRUE(daemon.answer(now, "RecordBrowserPrepare", {{std::move(path)}}));
        ASSERT_TRUE(daemon.answer(now, "Start", {}));
    }
    void say(std::string member, Values values, std::string path = "/b1",
             std::string interface = browser_interface) {
        backend.on_signal(now, {owner_, std::move(path), std::move(interface), std::move(member),
                                std::move(values)});
    }
    void say_state(std::int32_t state, std::string error = {}) {
        say("StateChanged", {{state}, {std::move(error)}}, "/g1", group_interface);
    }
    std::vector<dnssd::ServiceRecord> service() {
        dnssd::Service out;
        out.instance = "My Web";
        out.type = *dnssd::ServiceType::from_text("_http._tcp");
        out.port = 80;
        return *dnssd::make_records(out, backend.host_name());
    }
    dnssd::PublicationToken publish(dnssd::RenamePolicy policy = dnssd::RenamePolicy::rename) {
        return *backend.publish(now, service(), {}, policy);
    }
    void added() {
        while (daemon.answer(now, "AddRecord", {})) {
        }
    }
    void established() {
        ASSERT_TRUE(daemon.answer(now, "EntryGroupNew", {{std::string("/g1")}}));
        added();
        ASSERT_TRUE(daemon.answer(now, "Commit", {}));
        say_state(1);
        say_state(2);
    }

    Time now{};
    AvahiBackend backend;
    test::Daemon daemon{backend};
    std::string owner_;
};

TEST_F(AvahiBackendTest, AsksByRecordBrowserAndTellsEachRecordOnceAnInterface) {
    appear();
    EXPECT_THAT(daemon.told(), ElementsAre("host me.local."));
    EXPECT_EQ(backend.describe(), "avahi 0.8");
    const auto token = ask("_ipp._tcp.local.");
    EXPECT_THAT(daemon.called(), ElementsAre("RecordBrowserPrepare -1 -1 _ipp._tcp.local 1 12 2"));
    browser();
    const auto rdata = rdata_name("My\\ Printer._ipp._tcp.local.");
    say("ItemNew", item("_ipp._tcp.local", rdata));
    const std::string id = std::to_string(token);
    EXPECT_THAT(daemon.told(),
                ElementsAre("+" + id + " _ipp._tcp.local. @2 My\\032Printer._ipp._tcp.local."));
    say("ItemNew", item("_ipp._tcp.local", rdata, 2, 1));
    EXPECT_THAT(daemon.told(), IsEmpty()) << "the same over IPv6";
    say("ItemNew", item("_ipp._tcp.local", rdata, 3));
    EXPECT_EQ(daemon.told().size(), 1U) << "on another interface it is another";
    say("ItemRemove", item("_ipp._tcp.local", rdata));
    EXPECT_THAT(daemon.told(), IsEmpty()) << "still there over IPv6";
    say("ItemRemove", item("_ipp._tcp.local", rdata, 2, 1));
    EXPECT_THAT(daemon.told(),
                ElementsAre("-" + id + " _ipp._tcp.local. @2 My\\032Printer._ipp._tcp.local."));
    backend.stop_query(now, token);
    EXPECT_THAT(daemon.called(), ElementsAre("Free"));
}

TEST_F(AvahiBackendTest, OldAvahiHasNoPrepareAndMayTellBeforeItAnswers) {
    appear(0x0203);
    ask("_ipp._tcp.local.");
    EXPECT_THAT(daemon.called(), ElementsAre("RecordBrowserNew -1 -1 _ipp._tcp.local 1 12 2"));
    daemon.told();
    say("ItemNew", item("_ipp._tcp.local", rdata_name("A._ipp._tcp.local.")));
    EXPECT_THAT(daemon.told(), IsEmpty());
    ASSERT_TRUE(daemon.answer(now, "RecordBrowserNew", {{std::string("/b1")}}));
    EXPECT_EQ(daemon.told().size(), 1U) << "what came early is not lost";
    EXPECT_THAT(daemon.called(), IsEmpty()) << "nothing to start";
}

TEST_F(AvahiBackendTest, EarlySignalsAreBounded) {
    appear(0x0203);
    ask("_ipp._tcp.local.");
    daemon.told();
    for (std::size_t i = 0; i < early_signals_max + 10; ++i)
        say("ItemNew",
            item("_ipp._tcp.local", rdata_name("A" + std::to_string(i) + "._ipp._tcp.local.")));
    ASSERT_TRUE(daemon.answer(now, "RecordBrowserNew", {{std::string("/b1")}}));
    EXPECT_EQ(daemon.told().size(), early_signals_max);
}

TEST_F(AvahiBackendTest, EarlySignalsOfOthersAreForgotten) {
    appear();
    ask("a.local.");
    say("ItemNew", item("b.local", rdata_name("stale.local.")), "/b2");
    browser("/b1");
    ask("b.local.");
    daemon.told();
    browser("/b2");
    EXPECT_THAT(daemon.told(), IsEmpty()) << "it was of an earlier object of this path";
}

TEST_F(AvahiBackendTest, AMissingHostNameIsSaidAndAskedForAgain) {
    backend.on_owner(now, ":1.7");
    ASSERT_TRUE(daemon.refuse(now, "GetHostNameFqdn", "org.freedesktop.Avahi.Failure", "no name"));
    EXPECT_THAT(daemon.told(),
                ElementsAre("no host: Avahi does not say this machine's name: no name"));
    now = *backend.next_deadline();
    backend.on_timer(now);
    ASSERT_TRUE(daemon.answer(now, "GetHostNameFqdn", {{std::string("me.local")}}));
    EXPECT_THAT(daemon.told(), ElementsAre("host me.local."));
    EXPECT_EQ(backend.next_deadline(), std::nullopt);
}

TEST_F(AvahiBackendTest, WhoAsksTheSameLaterHearsOfTheFailureToo) {
    appear();
    ask("nas.local.", dns::RrType::ANY);
    daemon.told();
    ask("nas.local.", dns::RrType::ANY);
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("takes no questions for all types")));
}

TEST_F(AvahiBackendTest, AFailureThatIsOverIsNotTold) {
    appear();
    ask("a.local.");
    ASSERT_TRUE(daemon.refuse(now, "RecordBrowserPrepare",
                              "org.freedesktop.Avahi.TooManyObjectsError", "Too many objects"));
    daemon.told();
    ask("a.local.");
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("Too many objects")));
    now += refused_wait;
    backend.on_timer(now);
    browser();
    ask("a.local.");
    EXPECT_THAT(daemon.told(), IsEmpty());
}

TEST_F(AvahiBackendTest, TheSameQuestionSharesOneBrowser) {
    appear();
    const auto first = ask("nas.local.", dns::RrType::A);
    browser();
    say("ItemNew", item("nas.local", {192, 0, 2, 1}, 2, 0, 1));
    daemon.told();
    daemon.called();
    const auto second = ask("NAS.local.", dns::RrType::A);
    EXPECT_THAT(daemon.called(), IsEmpty());
    EXPECT_THAT(daemon.told(), ElementsAre("+" + std::to_string(second) + " nas.local. @2 4"))
        << "told what is known";
    backend.stop_query(now, first);
    EXPECT_THAT(daemon.called(), IsEmpty()) << "the other still asks";
    backend.stop_query(now, second);
    EXPECT_THAT(daemon.called(), ElementsAre("Free"));
}

TEST_F(AvahiBackendTest, WhatMakesNoSenseIsLeftOut) {
    appear();
    ask("_ipp._tcp.local.");
    browser();
    daemon.told();
    const ByteArray good = rdata_name("A._ipp._tcp.local.");
    struct Row {
        Values values;
        const char* why;
    };
    Values wrong_class = item("_ipp._tcp.local", good);
    wrong_class[3] = {std::uint16_t{3}};
    Values wrong_type = item("_ipp._tcp.local", good);
    wrong_type[0] = {std::string("2")};
    Values no_rdata = item("_ipp._tcp.local", good);
    no_rdata[5] = {std::string("text")};
    const Row rows[] = {
        {{}, "no values"},
        {{{std::int32_t{2}}}, "one value"},
        {wrong_class, "another class"},
        {wrong_type, "a text for a number"},
        {no_rdata, "a text for bytes"},
        {item("_ipp._tcp.local", {}), "a PTR without a name"},
        {item("_ipp._tcp.local", {1}), "a PTR cut short"},
        {item("_ipp._tcp.local", {0xc0, 0x0c}), "a compression pointer"},
        {item("a..local", good), "an empty label"},
        {item(std::string(64, 'a') + ".local", good), "a label of 64 bytes"},
        {item("_ipp._tcp.local", good, 2, 0, 33), "another type"},
    };
    for (const Row& row : rows) {
        say("ItemNew", row.values);
        say("ItemRemove", row.values);
        EXPECT_THAT(daemon.told(), IsEmpty()) << row.why;
    }
    say("ItemNew", item("_ipp._tcp.local", good, -1, 7));
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("@0"))) << "no interface is 0";
}

TEST_F(AvahiBackendTest, SignalsOfOthersAreIgnored) {
    appear();
    ask("_ipp._tcp.local.");
    browser();
    daemon.told();
    backend.on_signal(now, {":1.666", "/b1", browser_interface, "ItemNew",
                            item("_ipp._tcp.local", rdata_name("Evil._ipp._tcp.local."))});
    EXPECT_THAT(daemon.told(), IsEmpty());
}

TEST_F(AvahiBackendTest, RecordsOfOneQuestionAreBounded) {
    appear();
    ask("_ipp._tcp.local.");
    browser();
    daemon.told();
    for (std::size_t i = 0; i < records_per_query_max + 5; ++i)
        say("ItemNew",
            item("_ipp._tcp.local", rdata_name("A" + std::to_string(i) + "._ipp._tcp.local.")));
    EXPECT_EQ(daemon.told().size(), records_per_query_max);
}

TEST_F(AvahiBackendTest, WhatAvahiCannotAnswerIsSaid) {
    appear();
    daemon.told();
    ask("nas.local.", dns::RrType::ANY);
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("takes no questions for all types")));
    ask("a\\000.local.");
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("zero byte")));
    EXPECT_THAT(daemon.called(), IsEmpty());
}

TEST_F(AvahiBackendTest, TooManyObjectsAreAskedForAgain) {
    appear();
    const auto first = ask("a.local.");
    browser();
    ask("b.local.");
    daemon.told();
    ASSERT_TRUE(daemon.refuse(now, "RecordBrowserPrepare",
                              "org.freedesktop.Avahi.TooManyObjectsError", "Too many objects"));
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("b.local. PTR: Too many objects")));
    EXPECT_EQ(backend.next_deadline(), now + refused_wait);
    backend.stop_query(now, first);
    EXPECT_EQ(backend.next_deadline(), now) << "there is room for one more";
    daemon.called();
    backend.on_timer(now);
    EXPECT_THAT(daemon.called(), ElementsAre(HasSubstr("RecordBrowserPrepare -1 -1 b.local")));
    EXPECT_EQ(backend.next_deadline(), std::nullopt);
}

TEST_F(AvahiBackendTest, ARestartIsFollowed) {
    appear();
    const auto token = ask("_ipp._tcp.local.");
    browser();
    say("ItemNew", item("_ipp._tcp.local", rdata_name("Stays._ipp._tcp.local.")));
    say("ItemNew", item("_ipp._tcp.local", rdata_name("Goes._ipp._tcp.local.")));
    daemon.told();
    backend.on_owner(now, "");
    EXPECT_THAT(daemon.told(), IsEmpty()) << "it may be back in a moment";
    now += 2s;
    appear(0x0204, "me.local", ":1.9");
    browser("/b2");
    say("ItemNew", item("_ipp._tcp.local", rdata_name("Stays._ipp._tcp.local.")), "/b2");
    EXPECT_THAT(daemon.told(), IsEmpty()) << "nothing new";
    now = *backend.next_deadline();
    backend.on_timer(now);
    EXPECT_THAT(daemon.told(), ElementsAre("-" + std::to_string(token) +
                                           " _ipp._tcp.local. @2 Goes._ipp._tcp.local."));
    EXPECT_EQ(backend.next_deadline(), std::nullopt);
}

TEST_F(AvahiBackendTest, ADaemonThatStaysAwayTakesAllWithIt) {
    appear();
    ask("_ipp._tcp.local.");
    browser();
    say("ItemNew", item("_ipp._tcp.local", rdata_name("A._ipp._tcp.local.")));
    daemon.told();
    backend.on_owner(now, "");
    now += restart_patience;
    backend.on_timer(now);
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("A._ipp"), HasSubstr("avahi-daemon is gone")));
    ask("_ipp._tcp.local.");
    ask("other.local.");
    EXPECT_THAT(daemon.told(),
                ElementsAre(HasSubstr("avahi-daemon is gone"), HasSubstr("avahi-daemon is gone")))
        << "who asks later is told, too";
    now += 1h;
    appear(0x0204, "me.local", ":1.9");
    browser("/b2");
    say("ItemNew", item("_ipp._tcp.local", rdata_name("A._ipp._tcp.local.")), "/b2");
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("+"), HasSubstr("+")));
}

TEST_F(AvahiBackendTest, RepliesOfADaemonThatIsGoneAreIgnored) {
    appear();
    ask("_ipp._tcp.local.");
    const Call prepare = daemon.take("RecordBrowserPrepare");
    backend.on_owner(now, ":1.9");
    backend.on_reply(now, prepare.id, {{{std::string("/old")}}, {}, {}});
    EXPECT_THAT(daemon.called(),
                ElementsAre("GetAPIVersion", "GetVersionString", "GetHostNameFqdn"))
        << "no Start of the old one's object";
}

TEST_F(AvahiBackendTest, ABrowserStoppedWhileItIsMadeIsFreed) {
    appear();
    const auto token = ask("_ipp._tcp.local.");
    backend.stop_query(now, token);
    ASSERT_TRUE(daemon.answer(now, "RecordBrowserPrepare", {{std::string("/b1")}}));
    EXPECT_THAT(daemon.called(), ElementsAre("Free"));
}

TEST_F(AvahiBackendTest, PublishesAllRecordsOrNone) {
    appear();
    daemon.told();
    publish();
    EXPECT_THAT(daemon.called(), ElementsAre("EntryGroupNew"));
    ASSERT_TRUE(daemon.answer(now, "EntryGroupNew", {{std::string("/g1")}}));
    const Lines calls = daemon.called();
    // 257: unique, by multicast; 256: shared.
    EXPECT_THAT(calls, Contains("AddRecord -1 -1 257 My\\032Web._http._tcp.local 1 33 120 [16]"));
    EXPECT_THAT(calls, Contains("AddRecord -1 -1 257 My\\032Web._http._tcp.local 1 16 4500 [1]"));
    EXPECT_THAT(calls, Contains("AddRecord -1 -1 256 _http._tcp.local 1 12 4500 [25]"));
    EXPECT_THAT(calls, Contains("AddRecord -1 -1 256 _services._dns-sd._udp.local 1 12 4500 [18]"));
    EXPECT_EQ(calls.size(), 4U) << "no Commit before all are in";
    added();
    ASSERT_TRUE(daemon.answer(now, "Commit", {}));
    say_state(1);
    EXPECT_THAT(daemon.told(), IsEmpty());
    say_state(2);
    EXPECT_THAT(daemon.told(), ElementsAre("established My\\032Web._http._tcp.local."));
}

TEST_F(AvahiBackendTest, SeveralTxtRecordsAreAllowed) {
    appear();
    auto records = service();
    for (auto& record : records) {
        if (record.type != dns::RrType::TXT) continue;
        auto second = record;
        second.rdata = {3, 'b', '=', '2'};
        records.push_back(second);
        break;
    }
    ASSERT_TRUE(backend.publish(now, records, {}, dnssd::RenamePolicy::rename));
    ASSERT_TRUE(daemon.answer(now, "EntryGroupNew", {{std::string("/g1")}}));
    const Lines calls = daemon.called();
    EXPECT_THAT(calls, Contains(HasSubstr(" 265 My\\032Web._http._tcp.local 1 16 4500 [4]")));
    EXPECT_THAT(calls, Contains(HasSubstr(" 257 My\\032Web._http._tcp.local 1 33")))
        << "two programs with the same SRV are a conflict";
}

TEST_F(AvahiBackendTest, ATakenNameIsNumbered) {
    appear();
    publish();
    established();
    daemon.told();
    daemon.called();
    say_state(3, "org.freedesktop.Avahi.CollisionError");
    EXPECT_THAT(daemon.told(), ElementsAre("renamed My\\032Web\\032\\(2\\)._http._tcp.local."));
    const Lines calls = daemon.called();
    EXPECT_EQ(calls.front(), "Reset");
    EXPECT_THAT(calls, Contains(HasSubstr("257 My\\032Web\\032\\0402\\041._http._tcp.local 1 33")));
    EXPECT_THAT(calls, Contains(HasSubstr("256 _http._tcp.local 1 12 4500 [29]")))
        << "the pointer follows";
    added();
    ASSERT_TRUE(daemon.answer(now, "Commit", {}));
    say_state(2);
    EXPECT_THAT(daemon.told(), ElementsAre("established My\\032Web\\032\\(2\\)._http._tcp.local."));
}

TEST_F(AvahiBackendTest, ANameTakenOnThisMachineIsNumberedBeforeItIsCommitted) {
    appear();
    publish();
    ASSERT_TRUE(daemon.answer(now, "EntryGroupNew", {{std::string("/g1")}}));
    daemon.told();
    ASSERT_TRUE(daemon.refuse(now, "AddRecord", "org.freedesktop.Avahi.CollisionError",
                              "Local name collision"));
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("renamed My\\032Web\\032\\(2\\)")));
    added();  // old ones and new ones
    EXPECT_EQ(daemon.take("Commit").member, "Commit");
    EXPECT_EQ(daemon.take("Commit").id, 0U) << "replies to the first attempt do not count";
}

TEST_F(AvahiBackendTest, ANameThatMustNotChangeIsGivenUp) {
    appear();
    publish(dnssd::RenamePolicy::fail);
    established();
    daemon.told();
    daemon.called();
    say_state(3);
    EXPECT_THAT(daemon.told(), ElementsAre("conflict My\\032Web._http._tcp.local."));
    EXPECT_THAT(daemon.called(), ElementsAre("Free"));
}

TEST_F(AvahiBackendTest, WhereAllNamesAreTakenItSlowsDown) {
    appear();
    publish();
    ASSERT_TRUE(daemon.answer(now, "EntryGroupNew", {{std::string("/g1")}}));
    int attempts = 0;
    while (!backend.next_deadline()) {
        ASSERT_LT(++attempts, 100);
        ASSERT_TRUE(daemon.refuse(now, "AddRecord", "org.freedesktop.Avahi.CollisionError", ""));
        while (daemon.take("AddRecord").id != 0 && attempts < 0) {
        }
    }
    EXPECT_EQ(backend.next_deadline(), now + conflict_wait);
    EXPECT_THAT(daemon.told(), Contains(HasSubstr("troubled")));
    daemon.called();
    now += conflict_wait;
    backend.on_timer(now);
    EXPECT_THAT(daemon.called(), Contains("Reset"));
}

TEST_F(AvahiBackendTest, WhatAvahiRefusesIsSaid) {
    appear();
    publish();
    daemon.told();
    ASSERT_TRUE(daemon.answer(now, "EntryGroupNew", {{std::string("/g1")}}));
    ASSERT_TRUE(daemon.refuse(now, "AddRecord", "org.freedesktop.Avahi.NotPermittedError",
                              "Operation not permitted"));
    EXPECT_THAT(daemon.told(), ElementsAre(HasSubstr("failed My\\032Web._http._tcp.local.: Avahi "
                                                     "does not publish")));
    EXPECT_EQ(daemon.take("Free").path, "/g1");
}

TEST_F(AvahiBackendTest, OneTxtRecordIsUpdatedInPlace) {
    appear();
    const auto token = publish();
    established();
    daemon.called();
    const std::vector<std::vector<std::uint8_t>> one = {{3, 'a', '=', '1'}};
    backend.update_txt(now, token, name("My\\ Web._http._tcp.local."), one);
    EXPECT_THAT(daemon.called(),
                ElementsAre("AddRecord -1 -1 321 My\\032Web._http._tcp.local 1 16 4500 [4]"))
        << "321: unique, by multicast, update";
    ASSERT_TRUE(daemon.refuse(now, "AddRecord", "org.freedesktop.Avahi.NotFoundError", ""));
    EXPECT_EQ(daemon.called().front(), "Reset") << "what cannot be updated is made anew";
    added();
    ASSERT_TRUE(daemon.answer(now, "Commit", {}));
    daemon.called();
    const std::vector<std::vector<std::uint8_t>> two = {{1, 'a'}, {1, 'b'}};
    backend.update_txt(now, token, name("My\\ Web._http._tcp.local."), two);
    EXPECT_EQ(daemon.called().front(), "Reset") << "another number of records";
}

TEST_F(AvahiBackendTest, ARestartedDaemonIsGivenTheServicesAgain) {
    appear();
    publish();
    established();
    daemon.told();
    backend.on_owner(now, "");
    EXPECT_THAT(daemon.called(), IsEmpty());
    appear(0x0204, "me.local", ":1.9");
    established();
    EXPECT_THAT(daemon.told(), ElementsAre("established My\\032Web._http._tcp.local."));
}

TEST_F(AvahiBackendTest, AnotherHostNameIsFollowed) {
    appear();
    publish();
    established();
    daemon.told();
    daemon.called();
    say("StateChanged", {{std::int32_t{2}}, {std::string()}}, "/", "org.freedesktop.Avahi.Server");
    ASSERT_TRUE(daemon.answer(now, "GetHostNameFqdn", {{std::string("me-2.local")}}));
    EXPECT_THAT(daemon.told(), ElementsAre("host me-2.local."));
    const Lines calls = daemon.called();
    EXPECT_EQ(calls.front(), "Reset");
    EXPECT_THAT(calls, Contains(HasSubstr("1 33 120 [18]"))) << "SRV of the new name";
}

TEST_F(AvahiBackendTest, GoodbyeIsWaitedFor) {
    appear();
    publish();
    established();
    EXPECT_TRUE(backend.is_quiet());
    backend.shut_down(now);
    EXPECT_FALSE(backend.is_quiet());
    ASSERT_TRUE(daemon.answer(now, "Free", {}));
    EXPECT_TRUE(backend.is_quiet());
}

TEST_F(AvahiBackendTest, AServiceIsResolvedThroughASession) {
    SeededRng rng(1);
    dnssd::Session session(rng);
    session.add_backend(backend);
    appear();
    const auto id =
        session.start_resolve(now, *dnssd::InstanceName::from_text("A._ipp._tcp.local"));
    ASSERT_TRUE(id);
    const auto answer = [&](std::string path, Values values) {
        ASSERT_TRUE(daemon.answer(now, "RecordBrowserPrepare", {{path}}));
        if (!values.empty()) say("ItemNew", std::move(values), path);
        session.pump(now);
    };
    ByteArray srv = {0, 0, 0, 0, 2, 119};
    for (const std::uint8_t byte : rdata_name("nas.local.")) srv.push_back(byte);
    answer("/srv", item("A._ipp._tcp.local", srv, 2, 0, 33));
    answer("/txt", item("A._ipp._tcp.local", {3, 'a', '=', '1'}, 2, 0, 16));
    answer("/a", item("nas.local", {192, 0, 2, 1}, 2, 0, 1));
    answer("/aaaa", {});
    EXPECT_FALSE(session.has_events()) << "an AAAA record may follow";
    now = *session.next_deadline();
    session.on_timer(now);
    const auto event = session.poll_event();
    ASSERT_TRUE(event);
    const auto* result = std::get_if<dnssd::ResolveResult>(&event->what);
    ASSERT_NE(result, nullptr);
    EXPECT_EQ(result->srv.port, 631);
    ASSERT_EQ(result->addresses.size(), 1U);
    EXPECT_EQ(result->addresses[0].address.to_text(), "192.0.2.1");
    EXPECT_EQ(result->pairs().value("a"), "1");
}

}  // namespace
}  // namespace kith::discovery::dbus
