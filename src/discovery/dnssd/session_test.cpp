#include "discovery/dnssd/session.hpp"

#include <gtest/gtest.h>

#include "discovery/dnssd/limits.hpp"

namespace kith::discovery::dnssd {
namespace {

using dns::RrType;
using Rdata = std::vector<std::uint8_t>;

dns::Name name(std::string_view text) { return *dns::Name::from_text(text); }
Rdata name_data(std::string_view text) {
    const dns::Name out = name(text);
    return {out.wire().begin(), out.wire().end()};
}
Rdata srv_data(std::uint16_t priority, std::uint16_t port, std::string_view target) {
    return Srv{priority, 0, port, name(target)}.to_rdata();
}

/// A backend that the test plays by hand.
class Script final : public Backend {
public:
    struct Published {
        std::vector<ServiceRecord> records;
        RenamePolicy policy;
    };
    std::string describe() const override { return "script"; }
    bool serves(dns::NameView asked) const override { return asked.is_under(domain); }
    std::optional<QueryToken> start_query(Time, const RecordQuestion& question, Scope) override {
        if (queries.size() >= room) return std::nullopt;
        queries[++last] = question;
        return last;
    }
    void stop_query(Time, QueryToken query) override { queries.erase(query); }
    void reconfirm(Time, const RecordEvent& record) override { reconfirmed.push_back(record); }
    dns::Text<PublicationToken> publish(Time, std::span<const ServiceRecord> records, Scope,
                                        RenamePolicy policy) override {
        published[++last] = {{records.begin(), records.end()}, policy};
        return last;
    }
    void update_txt(Time, PublicationToken, dns::NameView, std::span<const Rdata> txt) override {
        txt_updates.push_back({txt.begin(), txt.end()});
    }
    void withdraw(Time, PublicationToken publication) override { published.erase(publication); }
    dns::Name host_name() const override { return host; }
    std::optional<BackendEvent> poll_event() override {
        if (events.empty()) return std::nullopt;
        BackendEvent out = events.front();
        events.pop_front();
        return out;
    }

    /// The token of the running query for this; 0: nobody asks.
    QueryToken asking(std::string_view what, RrType type) const {
        for (const auto& [token, question] : queries) {
            if (question.name == name(what) && question.type == type) return token;
        }
        return 0;
    }
    void say(RecordChange change, std::string_view owner, RrType type, Rdata rdata,
             std::uint32_t ifindex = 2, IpFamily family = IpFamily::none) {
        const QueryToken token = asking(owner, type);
        ASSERT_NE(token, 0U) << "nobody asks for " << owner;
        events.push_back(
            RecordEvent{token, change, ifindex, family, name(owner), type, 120, std::move(rdata)});
    }

    dns::Name domain = name("local.");
    dns::Name host = name("me.local.");
    std::size_t room = 100'000;
    std::uint64_t last = 0;
    std::map<QueryToken, RecordQuestion> queries;
    std::map<PublicationToken, Published> published;
    std::vector<std::vector<Rdata>> txt_updates;
    std::vector<RecordEvent> reconfirmed;
    std::deque<BackendEvent> events;
};

class SessionTest : public testing::Test {
protected:
    SessionTest() { session.add_backend(backend); }

    /// What has happened, a line each: `+`, `~` or `-`, `...` when more is coming.
    std::vector<std::string> happened() {
        session.pump(now);
        std::vector<std::string> out;
        while (const auto event = session.poll_event()) {
            std::string line = event->change == Change::added     ? "+"
                               : event->change == Change::changed ? "~"
                                                                  : "-";
            line += std::visit([](const auto& what) { return text(what); }, event->what);
            if (event->ifindex != 2) line += " @" + std::to_string(event->ifindex);
            if (event->more_coming) line += " ...";
            out.push_back(line);
        }
        return out;
    }
    static std::string text(const BrowseResult& result) { return result.name.to_text(); }
    static std::string text(const TypeResult& result) {
        return result.type.to_text() + " in " + result.domain.to_text();
    }
    static std::string text(const DomainResult& result) { return result.domain.to_text(); }
    static std::string text(const RecordResult& result) {
        return result.owner.to_text() + " " + dns::type_name(result.type);
    }
    static std::string text(const NoRecordResult& result) {
        return "no " + result.owner.to_text() + " " + dns::type_name(result.type);
    }
    static std::string text(const RegisterResult& result) {
        return result.name.to_text() + (result.renamed ? " renamed" : "");
    }
    static std::string text(const PublishResult& result) {
        return result.name.to_text() + (result.renamed ? " renamed" : "");
    }
    static std::string text(const Failure& failure) { return "failed: " + failure.text; }
    static std::string text(const ResolveResult& result) {
        std::string out = result.srv.target.to_text() + ":" + std::to_string(result.srv.port);
        for (const ScopedAddress& at : result.addresses) out += " " + at.address.to_text();
        const Txt pairs = result.pairs();
        for (const TxtEntry& entry : pairs.entries())
            out += " " + entry.key + "=" + entry.value.value_or("");
        for (const Srv& srv : result.alternatives) out += " or " + srv.target.to_text();
        return out;
    }
    InstanceName instance(std::string_view text) { return *InstanceName::from_text(text); }
    void later(Duration duration) {
        now += duration;
        session.on_timer(now);
    }
    using Lines = std::vector<std::string>;

    SeededRng rng{1};
    Script backend;
    Session session{rng};
    Time now{};
};

// 6763-03: the type and domain of an instance are its own.
TEST_F(SessionTest, BrowseReportsInstancesAsTheyAreNamed6763_03) {
    ASSERT_TRUE(session.start_browse(now, *TypeSelector::from_text("_http._tcp")).has_value());
    backend.say(RecordChange::added, "_http._tcp.local.", RrType::PTR,
                name_data("Web._http._tcp.local."));
    backend.say(RecordChange::added, "_http._tcp.local.", RrType::PTR,
                name_data("Far._ipp._tcp.example."));
    backend.say(RecordChange::added, "_http._tcp.local.", RrType::PTR,
                name_data("not-an-instance.local."));
    EXPECT_EQ(happened(), (Lines{"+Web._http._tcp.local ...", "+Far._ipp._tcp.example"}));
    backend.say(RecordChange::removed, "_http._tcp.local.", RrType::PTR,
                name_data("WEB._http._tcp.local."));
    EXPECT_EQ(happened(), (Lines{"-WEB._http._tcp.local"}));
}

TEST_F(SessionTest, BrowseReportsAnInterfaceOnceForBothFamilies) {
    ASSERT_TRUE(session.start_browse(now, *TypeSelector::from_text("_http._tcp")).has_value());
    const auto say = [&](RecordChange change, std::uint32_t ifindex, IpFamily family) {
        backend.say(change, "_http._tcp.local.", RrType::PTR, name_data("Web._http._tcp.local."),
                    ifindex, family);
    };
    say(RecordChange::added, 2, IpFamily::v4);
    say(RecordChange::added, 2, IpFamily::v6);
    say(RecordChange::added, 3, IpFamily::v4);
    EXPECT_EQ(happened(), (Lines{"+Web._http._tcp.local ...", "+Web._http._tcp.local @3"}));
    say(RecordChange::removed, 2, IpFamily::v4);
    EXPECT_EQ(happened(), Lines{}) << "still heard over IPv6";
    say(RecordChange::removed, 2, IpFamily::v6);
    EXPECT_EQ(happened(), (Lines{"-Web._http._tcp.local"}));
}

// 6763-13: a subtype is asked for by its own name; what it finds has no subtype in its name.
TEST_F(SessionTest, BrowseBySubtype6763_13) {
    ASSERT_TRUE(session.start_browse(now, *TypeSelector::from_text("_printer._sub._http._tcp"))
                    .has_value());
    backend.say(RecordChange::added, "_printer._sub._http._tcp.local.", RrType::PTR,
                name_data("Web._http._tcp.local."));
    EXPECT_EQ(happened(), (Lines{"+Web._http._tcp.local"}));
}

TEST_F(SessionTest, BrowseStopsAtItsLimit) {
    ASSERT_TRUE(session.start_browse(now, *TypeSelector::from_text("_http._tcp")).has_value());
    for (std::size_t i = 0; i < instances_per_browse_max + 5; ++i) {
        backend.say(RecordChange::added, "_http._tcp.local.", RrType::PTR,
                    name_data("x" + std::to_string(i) + "._http._tcp.local."));
    }
    EXPECT_EQ(happened().size(), instances_per_browse_max);
    EXPECT_EQ(session.instances_dropped(), 5U);
}

// 6763-15, -16: types have two labels before the domain; domains are any names.
TEST_F(SessionTest, EnumeratesTypesAndDomains6763_15_16) {
    ASSERT_TRUE(session.start_enumerate_types(now).has_value());
    backend.say(RecordChange::added, "_services._dns-sd._udp.local.", RrType::PTR,
                name_data("_ipp._tcp.local."));
    backend.say(RecordChange::added, "_services._dns-sd._udp.local.", RrType::PTR,
                name_data("nonsense.local."));
    EXPECT_EQ(happened(), (Lines{"+_ipp._tcp in local."}));
    ASSERT_TRUE(session.start_enumerate_domains(now, DomainKind::browse).has_value());
    backend.say(RecordChange::added, "b._dns-sd._udp.local.", RrType::PTR,
                name_data("example.com."));
    EXPECT_EQ(happened(), (Lines{"+example.com."}));
}

// 6763-19: SRV, TXT and addresses are asked for one by one; nothing is expected to come along.
TEST_F(SessionTest, ResolveAsksForEverything6763_19) {
    ASSERT_TRUE(session.start_resolve(now, instance("Web._http._tcp.local")).has_value());
    backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::SRV,
                srv_data(0, 80, "nas.local."));
    EXPECT_EQ(happened(), Lines{});
    backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::TXT, Rdata{3, 'a', '=', '1'});
    backend.say(RecordChange::added, "nas.local.", RrType::A, Rdata{192, 0, 2, 1});
    EXPECT_EQ(happened(), Lines{}) << "IPv6 may follow";
    backend.say(RecordChange::absent, "nas.local.", RrType::AAAA, {});
    EXPECT_EQ(happened(), (Lines{"+nas.local.:80 192.0.2.1 a=1"}));
}

TEST_F(SessionTest, ResolveReportsChangesAndTheEnd) {
    ASSERT_TRUE(session.start_resolve(now, instance("Web._http._tcp.local")).has_value());
    backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::SRV,
                srv_data(0, 80, "nas.local."));
    backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::TXT, Rdata{0});
    session.pump(now);
    backend.say(RecordChange::added, "nas.local.", RrType::A, Rdata{192, 0, 2, 1});
    backend.say(RecordChange::added, "nas.local.", RrType::AAAA,
                Rdata{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    EXPECT_EQ(happened(), (Lines{"+nas.local.:80 192.0.2.1 fe80::1"})) << "link-local last";
    backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::TXT, Rdata{3, 'a', '=', '2'});
    backend.say(RecordChange::removed, "Web._http._tcp.local.", RrType::TXT, Rdata{0});
    EXPECT_EQ(happened().back(), "~nas.local.:80 192.0.2.1 fe80::1 a=2");
    backend.say(RecordChange::removed, "Web._http._tcp.local.", RrType::SRV,
                srv_data(0, 80, "nas.local."));
    EXPECT_EQ(happened(), (Lines{"-nas.local.:80 192.0.2.1 fe80::1 a=2"}));
}

// 6763-06: a missing TXT is no reason to wait for ever.
TEST_F(SessionTest, ResolveReportsWithoutTxtAfterASecond6763_06) {
    ASSERT_TRUE(session.start_resolve(now, instance("Web._http._tcp.local")).has_value());
    backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::SRV,
                srv_data(0, 80, "nas.local."));
    session.pump(now);
    backend.say(RecordChange::added, "nas.local.", RrType::A, Rdata{192, 0, 2, 1});
    EXPECT_EQ(happened(), Lines{});
    ASSERT_EQ(session.next_deadline(), now + resolve_patience);
    later(resolve_patience);
    EXPECT_EQ(happened(), (Lines{"+nas.local.:80 192.0.2.1"}));
    EXPECT_EQ(session.next_deadline(), std::nullopt);
}

// 6763-04: the record of the best priority is the one; others are told as alternatives.
TEST_F(SessionTest, ResolveChoosesAmongSeveralSrv6763_04) {
    ASSERT_TRUE(session.start_resolve(now, instance("Web._http._tcp.local")).has_value());
    backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::SRV,
                srv_data(10, 81, "b.local."));
    backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::SRV,
                srv_data(5, 80, "a.local."));
    backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::TXT, Rdata{0});
    session.pump(now);
    for (const char* host : {"a.local.", "b.local."}) {
        backend.say(RecordChange::absent, host, RrType::AAAA, {});
        backend.say(RecordChange::added, host, RrType::A,
                    Rdata{192, 0, 2, static_cast<std::uint8_t>(host[0])});
    }
    EXPECT_EQ(happened(), (Lines{"+a.local.:80 192.0.2.97 or b.local."}));
    backend.say(RecordChange::removed, "Web._http._tcp.local.", RrType::SRV,
                srv_data(5, 80, "a.local."));
    EXPECT_EQ(happened(), (Lines{"~b.local.:81 192.0.2.98"}));
    EXPECT_EQ(backend.asking("a.local.", RrType::A), 0U) << "nobody needs it any more";
}

TEST_F(SessionTest, ResolveKeepsInterfacesApart) {
    ASSERT_TRUE(session.start_resolve(now, instance("Web._http._tcp.local")).has_value());
    for (const std::uint32_t ifindex : {2U, 3U}) {
        backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::SRV,
                    srv_data(0, 80, "nas.local."), ifindex);
        backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::TXT, Rdata{0}, ifindex);
    }
    session.pump(now);
    for (const std::uint32_t ifindex : {2U, 3U}) {
        backend.say(RecordChange::absent, "nas.local.", RrType::AAAA, {}, ifindex);
        backend.say(RecordChange::added, "nas.local.", RrType::A,
                    Rdata{10, 0, 0, static_cast<std::uint8_t>(ifindex)}, ifindex);
    }
    EXPECT_EQ(happened(), (Lines{"+nas.local.:80 10.0.0.2 ...", "+nas.local.:80 10.0.0.3 @3"}));
}

TEST_F(SessionTest, ResolveBoundsWhatPeersSay) {
    ASSERT_TRUE(session.start_resolve(now, instance("Web._http._tcp.local")).has_value());
    for (std::uint16_t i = 0; i < 200; ++i) {
        backend.say(RecordChange::added, "Web._http._tcp.local.", RrType::SRV,
                    srv_data(0, i, "h" + std::to_string(i) + ".local."));
    }
    session.pump(now);
    EXPECT_LE(backend.queries.size(), 2 + 2 * srv_per_instance_max);
    EXPECT_EQ(happened(), Lines{});
}

// 6763-14 and the ways of a registration.
TEST_F(SessionTest, RegistersAndRenames) {
    Service service;
    service.instance = "Web";
    service.type = *ServiceType::from_text("_http._tcp");
    service.port = 80;
    const auto id = session.start_register(now, service);
    ASSERT_TRUE(id.has_value());
    ASSERT_EQ(backend.published.size(), 1U);
    PublicationToken token = backend.published.begin()->first;
    backend.events.push_back(PublicationEvent{token, PublicationState::established, {}, {}});
    EXPECT_EQ(happened(), (Lines{"+Web._http._tcp.local @0"}));

    // A backend that leaves renaming to us ...
    backend.published.erase(token);
    backend.events.push_back(PublicationEvent{token, PublicationState::conflict, {}, {}});
    EXPECT_EQ(happened(), Lines{});
    ASSERT_EQ(backend.published.size(), 1U);
    token = backend.published.begin()->first;
    EXPECT_EQ(backend.published[token].records[0].owner, name("Web\\032(2)._http._tcp.local."));
    backend.events.push_back(PublicationEvent{token, PublicationState::established, {}, {}});
    EXPECT_EQ(happened(), (Lines{"~Web (2)._http._tcp.local renamed @0"}));

    // ... and one that renames itself.
    backend.events.push_back(PublicationEvent{
        token, PublicationState::renamed, name("Web\\032(3)._http._tcp.local."), {}});
    backend.events.push_back(PublicationEvent{token, PublicationState::established, {}, {}});
    EXPECT_EQ(happened(), (Lines{"~Web (3)._http._tcp.local renamed @0"}));

    EXPECT_TRUE(session.update_txt(now, *id, {{1, 'a'}}).has_value());
    EXPECT_EQ(backend.txt_updates.size(), 1U);
    EXPECT_FALSE(session.update_txt(now, *id, {{}}).has_value()) << "6763-06";
    session.cancel(now, *id);
    EXPECT_TRUE(backend.published.empty()) << "goodbye";
    EXPECT_FALSE(session.update_txt(now, *id, {{0}}).has_value()) << "it is over";
}

TEST_F(SessionTest, RegistrationMayRefuseToBeRenamed) {
    Service service;
    service.instance = "Web";
    service.type = *ServiceType::from_text("_http._tcp");
    service.port = 80;
    ASSERT_TRUE(session.start_register(now, service, RenamePolicy::fail).has_value());
    backend.events.push_back(
        PublicationEvent{backend.published.begin()->first, PublicationState::conflict, {}, {}});
    EXPECT_EQ(happened(), (Lines{"-failed: 'Web._http._tcp.local' is another's on this link @0"}));
}

TEST_F(SessionTest, RegistrationWaitsForTheHostsName) {
    backend.host = dns::Name();
    Service service;
    service.instance = "Web";
    service.type = *ServiceType::from_text("_http._tcp");
    service.port = 80;
    ASSERT_TRUE(session.start_register(now, service).has_value());
    EXPECT_TRUE(backend.published.empty());
    backend.events.push_back(HostNameEvent{{}, "no name"});
    EXPECT_EQ(happened(), (Lines{"~failed: no name @0"})) << "why nothing happens";
    backend.host = name("me.local.");
    backend.events.push_back(HostNameEvent{backend.host});
    happened();
    ASSERT_EQ(backend.published.size(), 1U);
    backend.events.push_back(HostNameEvent{name("me-2.local.")});
    happened();
    EXPECT_EQ(backend.published.size(), 1U) << "publications follow the host's name by themselves";
}

TEST_F(SessionTest, PublishesRecordsAsTheyAre) {
    const ServiceRecord address{
        name("cam.local."), RrType::A, host_ttl, {192, 0, 2, 9}, Sharing::unique};
    const auto id = session.start_publish(now, {address});
    ASSERT_TRUE(id.has_value());
    ASSERT_EQ(backend.published.size(), 1U);
    const PublicationToken token = backend.published.begin()->first;
    EXPECT_EQ(backend.published[token].records, (std::vector{address}));
    backend.events.push_back(
        PublicationEvent{token, PublicationState::established, address.owner, {}});
    EXPECT_EQ(happened(), (Lines{"+cam.local. @0"}));
    backend.events.push_back(
        PublicationEvent{token, PublicationState::conflict, address.owner, {}});
    EXPECT_EQ(happened(), (Lines{"-failed: 'cam.local.' is another's on this link @0"}));
    EXPECT_FALSE(session.start_publish(now, {}).has_value());
    session.cancel(now, *id);
    EXPECT_TRUE(backend.published.empty());
}

TEST_F(SessionTest, RenamingEnds) {
    Service service;
    service.instance = "Web";
    service.type = *ServiceType::from_text("_http._tcp");
    service.port = 80;
    ASSERT_TRUE(session.start_register(now, service).has_value());
    for (int i = 0; i <= rename_tries_max; ++i) {
        ASSERT_FALSE(backend.published.empty()) << i;
        const PublicationToken token = backend.published.begin()->first;
        backend.published.clear();
        backend.events.push_back(PublicationEvent{token, PublicationState::conflict, {}, {}});
        session.pump(now);
    }
    EXPECT_TRUE(backend.published.empty());
    ASSERT_EQ(happened().size(), 1U) << "one failure, told";
}

TEST_F(SessionTest, CancelledOperationsSayNothing) {
    const auto id = session.start_browse(now, *TypeSelector::from_text("_http._tcp"));
    backend.say(RecordChange::added, "_http._tcp.local.", RrType::PTR,
                name_data("Web._http._tcp.local."));
    session.pump(now);
    backend.say(RecordChange::added, "_http._tcp.local.", RrType::PTR,
                name_data("Two._http._tcp.local."));
    session.cancel(now, *id);
    EXPECT_EQ(happened(), Lines{});
    EXPECT_TRUE(backend.queries.empty());
    EXPECT_EQ(session.operations(), 0U);
}

TEST_F(SessionTest, SaysWhyNothingStarts) {
    EXPECT_FALSE(session.start_browse(now, *TypeSelector::from_text("_http._tcp"), name("example."))
                     .has_value())
        << "no backend for the domain";
    backend.room = 0;
    EXPECT_FALSE(session.start_browse(now, *TypeSelector::from_text("_http._tcp")).has_value())
        << "the backend is full";
    EXPECT_EQ(session.operations(), 0U);
}

TEST_F(SessionTest, QueryReportsRecordsAndTheirAbsence) {
    const auto id = session.start_query(now, name("nas.local."), RrType::A);
    backend.say(RecordChange::added, "nas.local.", RrType::A, Rdata{10, 0, 0, 1});
    backend.say(RecordChange::removed, "nas.local.", RrType::A, Rdata{10, 0, 0, 1});
    backend.say(RecordChange::absent, "nas.local.", RrType::A, {});
    EXPECT_EQ(happened(), (Lines{"+nas.local. A ...", "-nas.local. A ...", "+no nas.local. A"}));
    session.reconfirm(now, *id);
    EXPECT_EQ(backend.reconfirmed.size(), 1U);
}

}  // namespace
}  // namespace kith::discovery::dnssd
