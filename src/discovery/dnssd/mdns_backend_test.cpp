#include "discovery/dnssd/mdns_backend.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "discovery/dnssd/session.hpp"
#include "discovery/mdns/test_bench.hpp"

namespace kith::discovery::dnssd {
namespace {

using mdns::test::Lines;
using mdns::test::query;
using mdns::test::response;

/// A session over an engine on a link that the test plays.
class MdnsBackendTest : public testing::Test {
protected:
    MdnsBackendTest() { session.add_backend(backend); }

    void send() {
        while (const auto transmit = engine.poll_transmit())
            sent.push_back(mdns::test::lines_of(transmit->message));
    }
    void up() {
        mdns::LinkConfig link;
        link.addresses = {mdns::test::prefix("192.0.2.10/24")};
        engine.set_link(now, 1, IpFamily::v4, link);
        pump();
    }
    void pump() {
        session.pump(now);
        send();
        while (const auto event = session.poll_event()) events.push_back(*event);
    }
    void run(Duration duration) {
        const Time end = now + duration;
        while (true) {
            std::optional<Time> next = engine.next_timer();
            if (const auto own = session.next_deadline(); own && (!next || *own < *next))
                next = own;
            if (!next || *next > end) break;
            now = std::max(now, *next);
            engine.on_timer(now);
            session.on_timer(now);
            pump();
        }
        now = end;
    }
    void hear(const mdns::test::Message& message) {
        mdns::PacketInfo info;
        info.interface = 1;
        info.family = IpFamily::v4;
        info.source = {*IpAddress::from_text("192.0.2.20"), mdns::port, 0};
        engine.on_packet(now, info, message);
        pump();
    }
    /// What is answered to a question, without the order of the records.
    Lines answer(const std::string& question) {
        run(5s);
        sent.clear();
        hear(query({question}));
        run(1s);
        return sent.empty() ? Lines{} : sent.front();
    }
    OperationId offer() {
        Service service;
        service.instance = "Web";
        service.type = *ServiceType::from_text("_http._tcp");
        service.subtypes = {"_printer"};
        service.port = 80;
        service.txt = {{3, 'a', '=', '1'}};
        const auto id = session.start_register(now, service);
        EXPECT_TRUE(id.has_value());
        run(10s);
        return *id;
    }
    /// True when an answer ends like this.
    static bool answers(const Lines& lines, const std::string& end) {
        return std::ranges::any_of(lines, [&](const std::string& line) {
            return line.starts_with("an ") && line.ends_with(end);
        });
    }
    static bool has(const Lines& lines, const std::string& line) {
        return std::ranges::find(lines, line) != lines.end();
    }

    Time now = Time{} + 100h;
    SeededRng rng{4};
    mdns::Engine engine{mdns::EngineConfig{}, rng};
    MdnsBackend backend{engine};
    Session session{rng};
    std::vector<Lines> sent;
    std::vector<Event> events;
};

// 6763-18: a PTR brings SRV, TXT and addresses along, an SRV the addresses, a TXT nothing.
TEST_F(MdnsBackendTest, AnswersBringAlongWhatIsAskedNext) {
    up();
    ASSERT_TRUE(backend.set_host_label(now, "nas").has_value());
    offer();
    for (const char* question :
         {"q _http._tcp.local. PTR", "q _printer._sub._http._tcp.local. PTR"}) {
        const Lines pointer = answer(question);
        ASSERT_FALSE(pointer.empty()) << question;
        EXPECT_TRUE(pointer[0].ends_with("PTR Web._http._tcp.local.")) << pointer[0];
        EXPECT_TRUE(has(pointer, "ar Web._http._tcp.local. 120! SRV 0 0 80 nas.local."))
            << question;
        EXPECT_TRUE(has(pointer, "ar Web._http._tcp.local. 4500! TXT \"a=1\"")) << question;
        EXPECT_TRUE(has(pointer, "ar nas.local. 120! A 192.0.2.10")) << question;
    }
    const Lines srv = answer("q Web._http._tcp.local. SRV");
    ASSERT_FALSE(srv.empty());
    EXPECT_EQ(srv[0], "an Web._http._tcp.local. 120! SRV 0 0 80 nas.local.");
    EXPECT_TRUE(has(srv, "ar nas.local. 120! A 192.0.2.10"));
    const Lines txt = answer("q Web._http._tcp.local. TXT");
    ASSERT_FALSE(txt.empty());
    EXPECT_EQ(txt[0], "an Web._http._tcp.local. 4500! TXT \"a=1\"");
    for (const std::string& line : txt)
        EXPECT_FALSE(line.find(" SRV ") != std::string::npos ||
                     line.find(" A ") != std::string::npos)
            << line;
}

TEST_F(MdnsBackendTest, RegistersRenamesUpdatesAndWithdraws) {
    up();
    ASSERT_TRUE(backend.set_host_label(now, "nas").has_value());
    const OperationId id = offer();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(std::get<RegisterResult>(events.back().what).name.instance, "Web");

    // Another host says that the name is its own, and says so again when we probe (RFC 6762 §9).
    const mdns::test::Message rival =
        response({"an Web._http._tcp.local. 120! SRV 0 0 81 other.local."});
    hear(rival);
    run(400ms);
    hear(rival);
    run(10s);
    const auto& renamed = std::get<RegisterResult>(events.back().what);
    EXPECT_EQ(renamed.name.instance, "Web (2)");
    EXPECT_TRUE(renamed.renamed);

    ASSERT_TRUE(session.update_txt(now, id, {{1, 'x'}, {1, 'y'}}).has_value());
    run(5s);
    const Lines two = answer("q Web\\032(2)._http._tcp.local. TXT");
    EXPECT_TRUE(answers(two, " 4500! TXT \"x\"")) << "two records now";
    EXPECT_TRUE(answers(two, " 4500! TXT \"y\""));
    ASSERT_TRUE(session.update_txt(now, id, {{1, 'z'}}).has_value());
    run(5s);
    const Lines one = answer("q Web\\032(2)._http._tcp.local. TXT");
    EXPECT_TRUE(answers(one, " 4500! TXT \"z\"")) << "and one again";
    EXPECT_FALSE(answers(one, " 4500! TXT \"y\""));

    session.cancel(now, id);
    EXPECT_TRUE(backend.is_withdrawing());
    run(5s);
    EXPECT_FALSE(backend.is_withdrawing());
    EXPECT_TRUE(answer("q Web\\032(2)._http._tcp.local. SRV").empty());
}

TEST_F(MdnsBackendTest, BrowsesAndResolvesAPeersService) {
    up();
    ASSERT_TRUE(session.start_browse(now, *TypeSelector::from_text("_ipp._tcp")).has_value());
    run(200ms);
    const mdns::test::Message said =
        response({"an _ipp._tcp.local. 4500 PTR P._ipp._tcp.local.",
                  "ar P._ipp._tcp.local. 120! SRV 0 0 631 p.local.",
                  "ar P._ipp._tcp.local. 4500! TXT \"k=v\"", "ar p.local. 120! A 192.0.2.20",
                  "ar p.local. 120! NSEC p.local. A"});
    hear(said);
    ASSERT_EQ(events.size(), 1U);
    const InstanceName found = std::get<BrowseResult>(events[0].what).name;
    EXPECT_EQ(found.to_text(), "P._ipp._tcp.local");
    events.clear();
    ASSERT_TRUE(session.start_resolve(now, found).has_value());
    pump();
    ASSERT_EQ(events.size(), 1U) << "all of it was in the packet: told once, at once";
    const auto& resolved = std::get<ResolveResult>(events[0].what);
    EXPECT_EQ(resolved.srv.port, 631);
    ASSERT_EQ(resolved.addresses.size(), 1U);
    EXPECT_EQ(resolved.addresses[0].address.to_text(), "192.0.2.20");
    EXPECT_EQ(resolved.pairs().value("k"), "v");
}

TEST_F(MdnsBackendTest, RefusesWhatIsNoHostName) {
    EXPECT_FALSE(backend.set_host_label(now, "").has_value());
    EXPECT_FALSE(backend.set_host_label(now, std::string(64, 'x')).has_value());
    EXPECT_TRUE(backend.host_name().is_root());
}

}  // namespace
}  // namespace kith::discovery::dnssd
