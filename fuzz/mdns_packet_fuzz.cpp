// Any bytes as a Multicast DNS packet, from a peer, a simple resolver or our own address, to a host that
// probes, holds a name, offers a service and browses. The first byte says how the packet comes:
//
//   bit 0  by unicast     bit 1  not from port 5353     bit 2  from our own address
//   bit 3  over IPv6      bit 4  from another network   bits 5-6  when: before, while and after probing
//
// Oracle: what is sent is a message that reads back, fits the link, says nothing but our own records
// in responses, never repeats a multicast record within a quarter second, and goes to no host off the
// link; everything ends; and reading a packet is the same as reading it from fresh memory.

#include <map>
#include <string>
#include <vector>

#include "discovery/mdns/engine.hpp"
#include "discovery/mdns/packet.hpp"
#include "dns/rdata.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using namespace kith::discovery;
using dns::RrType;

using fuzz::must;

dns::Name name(const char* text) { return *dns::Name::from_text(text); }

mdns::RegistrationRequest service() {
    const dns::Name instance = name("web._http._tcp.local.");
    mdns::RegistrationRequest request;
    request.rename = mdns::RenameStyle::instance;
    const auto add = [&](const dns::Name& owner, RrType type, std::vector<std::uint8_t> data,
                         mdns::Ownership ownership) {
        request.records.push_back(
            {{owner, type, dns::RrClass::IN, 0, std::move(data)}, ownership, mdns::any_interface});
    };
    add(instance, RrType::SRV, *dns::rdata_from_text(RrType::SRV, "0 0 80 box.local."),
        mdns::Ownership::unique);
    add(instance, RrType::TXT, {0}, mdns::Ownership::unique);
    add(name("_http._tcp.local."), RrType::PTR, {instance.wire().begin(), instance.wire().end()},
        mdns::Ownership::shared);
    return request;
}

class Checker {
public:
    void drain(mdns::Engine& engine, Time now) {
        while (const auto sent = engine.poll_transmit()) {
            must(++count < 20'000);
            must(sent->message.size() <= 1452);
            must(packet.read(sent->message));
            must(sent->destination == mdns::Destination::group || on_link(sent->to.address));
            if (packet.is_response()) check_response(*sent, now);
        }
        while (engine.poll_query_event()) {
        }
        while (engine.poll_registration_event()) {
        }
    }

private:
    static bool on_link(const IpAddress& address) {
        return address.is_link_local() ||
               IpPrefix{IpAddress::v4(192, 0, 2, 0), 24}.contains(address);
    }
    void check_response(const mdns::Transmit& sent, Time now) {
        for (const mdns::PacketRecord& record : packet.records()) {
            const std::string text = dns::Name(record.name).lowered().to_text();
            const bool is_ours = text.starts_with("box") || text.starts_with("web") ||
                                 text == "_http._tcp.local." || text.ends_with(".arpa.");
            must(is_ours);
            if (sent.destination != mdns::Destination::group) continue;
            std::string key =
                text + dns::type_name(record.type) + std::string(as_text(record.rdata));
            key += sent.to.address.is_v4() ? "4" : "6";
            const auto [last, is_new] = said.try_emplace(key, now);
            must(is_new || now - last->second >= 250ms);
            last->second = now;
        }
    }

    mdns::Packet packet;
    std::map<std::string, Time> said;
    int count = 0;
};

void check_reading(Bytes message) {
    static mdns::Packet used;
    mdns::Packet fresh;
    const bool is_good = used.read(message);
    must(fresh.read(message) == is_good);
    if (!is_good) return;
    must(fresh.records().size() == used.records().size() &&
         fresh.questions().size() == used.questions().size());
    for (std::size_t i = 0; i < fresh.records().size(); ++i) {
        const mdns::PacketRecord& a = fresh.records()[i];
        const mdns::PacketRecord& b = used.records()[i];
        must(a.name == b.name && a.type == b.type && a.klass == b.klass && a.ttl == b.ttl);
        must(std::equal(a.rdata.begin(), a.rdata.end(), b.rdata.begin(), b.rdata.end()));
        must(dns::check_rdata(a.type, a.klass, a.rdata).has_value());
    }
}

mdns::PacketInfo info_of(std::uint8_t how) {
    mdns::PacketInfo info;
    info.interface = 1;
    info.family = (how & 8) != 0 ? IpFamily::v6 : IpFamily::v4;
    const char* source = (how & 8) != 0 ? "fe80::20" : "192.0.2.20";
    if ((how & 4) != 0) source = (how & 8) != 0 ? "fe80::10" : "192.0.2.10";
    if ((how & 16) != 0) source = (how & 8) != 0 ? "2001:db8::1" : "198.51.100.1";
    info.source = {*IpAddress::from_text(source),
                   static_cast<std::uint16_t>((how & 2) != 0 ? 4000 : 5353), 0};
    info.destination = (how & 1) != 0 ? mdns::Destination::unicast : mdns::Destination::group;
    return info;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > 9001) return 0;
    const Bytes message(data + 1, size - 1);
    check_reading(message);

    SeededRng rng(7);
    mdns::Engine engine({}, rng);
    Checker checker;
    Time now = Time{} + 1h;
    const auto run = [&](Duration duration) {
        const Time end = now + duration;
        for (int i = 0; i < 10'000; ++i) {
            const auto next = engine.next_timer();
            if (!next || *next > end) break;
            now = std::max(now, *next);
            engine.on_timer(now);
            checker.drain(engine, now);
        }
        now = end;
    };
    engine.set_link(now, 1, IpFamily::v4, {{{IpAddress::v4(192, 0, 2, 10), 24}}, 1500});
    engine.set_link(now, 1, IpFamily::v6, {{{*IpAddress::from_text("fe80::10"), 64}}, 1500});
    must(engine.set_host(now, name("box.local.")).has_value());
    must(engine.add_registration(now, service()).has_value());
    mdns::QueryRequest browse;
    browse.name = name("_http._tcp.local.");
    browse.type = RrType::PTR;
    engine.start_query(now, browse);
    constexpr Duration moments[] = {0ms, 400ms, 5s, 100s};
    run(moments[data[0] >> 5 & 3]);
    engine.on_packet(now, info_of(data[0]), message);
    checker.drain(engine, now);
    run(10s);
    engine.shut_down(now);
    checker.drain(engine, now);
    run(2s);
    must(engine.is_quiet());
    run(25h);
    must(engine.cached_records(1) == 0);
    return 0;
}
