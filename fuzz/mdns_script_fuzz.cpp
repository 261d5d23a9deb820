// A script of everything that can happen to two engines on one link: each step is two bytes, what and
// with what. Packets travel between them, or are lost, or come twice.
//
// Oracle: no crash and no endless work; what an engine sends reads back; a record that is removed was
// added before; no table passes its bound; when it is calm both hold different names; and after both
// have shut down nothing is sent any more.

#include <deque>
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

dns::Name name(const std::string& text) { return *dns::Name::from_text(text); }

struct Host {
    explicit Host(std::uint64_t seed) : rng(seed), engine({}, rng) {}
    SeededRng rng;
    mdns::Engine engine;
    std::vector<mdns::RegistrationId> registrations;
    std::vector<mdns::QueryId> queries;
    std::map<std::string, int> holders;
    std::map<mdns::RegistrationId, dns::Name> established;
    std::map<mdns::RegistrationId, unsigned> removed;  // which of its records, as bits
    mdns::RegistrationId host = 0;
};

class Script {
public:
    Script() : hosts_{Host(1), Host(2)} {
        for (std::uint8_t i = 0; i < 2; ++i) link(i, 10);
    }

    void step(std::uint8_t what, std::uint8_t with) {
        Host& host = hosts_[what & 1];
        mdns::Engine& engine = host.engine;
        const std::size_t index = what & 1;
        switch (what >> 1 & 15) {
            case 0: run(std::chrono::milliseconds(with * 10)); break;
            case 1: run(std::chrono::seconds(with)); break;
            case 2: add(host, with); break;
            case 3:
                if (host.registrations.empty()) break;
                engine.remove_registration(now_,
                                           host.registrations[with % host.registrations.size()]);
                break;
            case 4:
                if (host.registrations.empty()) break;
                static_cast<void>(engine.update_record(
                    now_, host.registrations[with % host.registrations.size()], 1,
                    *dns::rdata_from_text(RrType::TXT, "\"v=" + std::to_string(with) + " of " +
                                                           std::to_string(index) + "\"")));
                break;
            case 5: query(host, with); break;
            case 6:
                if (host.queries.empty()) break;
                engine.stop_query(host.queries[with % host.queries.size()]);
                host.holders.clear();
                break;
            case 7: engine.remove_link(now_, 1, with % 2 == 0 ? IpFamily::v4 : IpFamily::v6); break;
            case 8: link(static_cast<std::uint8_t>(index), with); break;
            case 9: engine.on_wake(now_); break;
            case 10:
                if (host.host == 0) {
                    const auto id = engine.set_host(now_, name("box.local."));
                    must(id.has_value());
                    host.host = *id;
                }
                break;
            case 11: losing_ = with; break;
            case 12: {
                mdns::Record record{
                    name("_demo._tcp.local."), RrType::PTR, dns::RrClass::IN, 0, {}};
                const dns::Name target =
                    name("svc" + std::to_string(with % 3) + "._demo._tcp.local.");
                record.rdata.assign(target.wire().begin(), target.wire().end());
                engine.reconfirm(now_, 1, record);
                break;
            }
            case 13: doubling_ = with % 2 == 0; break;
            case 14: run(std::chrono::minutes(with)); break;
            case 15:
                if (!host.registrations.empty()) {
                    const auto id = host.registrations[with % host.registrations.size()];
                    static_cast<void>(engine.remove_record(now_, id, with % 3));
                    host.removed[id] |= 1U << with % 3;
                }
                break;
        }
        drain();
        for (Host& each : hosts_) must(each.engine.cached_records(1) < 1000);
    }

    void finish() {
        losing_ = 0;
        for (std::uint8_t i = 0; i < 2; ++i) link(i, i);
        run(5s);
        for (Host& host : hosts_) {
            host.engine.on_wake(now_);
            drain();
            run(300ms);
        }
        run(1min);
        for (const auto& [id, owned] : hosts_[0].established) {
            for (const auto& [other, theirs] : hosts_[1].established) {
                // Rivals are who have different data of one type (RFC 6762 §9); some was perhaps removed.
                const unsigned removed = hosts_[0].removed[id] | hosts_[1].removed[other];
                must(owned != theirs || (removed & 3) == 3);
            }
        }
        for (Host& host : hosts_) host.engine.shut_down(now_);
        drain();
        run(2s);
        for (Host& host : hosts_) must(host.engine.is_quiet());
    }

private:
    void link(std::uint8_t index, std::uint8_t address) {
        const auto low = static_cast<std::uint8_t>(address % 100 + index * 100 + 1);
        hosts_[index].engine.set_link(now_, 1, IpFamily::v4,
                                      {{{IpAddress::v4(192, 0, 2, low), 24}}, 1500});
        if (address % 3 == 0) {
            std::uint8_t bytes[16] = {0xfe, 0x80};
            bytes[15] = low;
            hosts_[index].engine.set_link(now_, 1, IpFamily::v6,
                                          {{{*IpAddress::from_bytes(bytes), 64}}, 1500});
        }
        drain();
    }

    void add(Host& host, std::uint8_t with) {
        if (host.registrations.size() >= 20) return;
        const dns::Name instance = name("svc" + std::to_string(with % 3) + "._demo._tcp.local.");
        mdns::RegistrationRequest request;
        request.rename = with % 5 == 0 ? mdns::RenameStyle::refuse : mdns::RenameStyle::instance;
        const auto push = [&](const dns::Name& owner, RrType type, std::vector<std::uint8_t> data,
                              mdns::Ownership ownership) {
            request.records.push_back({{owner, type, dns::RrClass::IN, 0, std::move(data)},
                                       ownership,
                                       mdns::any_interface});
        };
        const std::string port = std::to_string(&host == &hosts_[0] ? 1000 + with : 2000 + with);
        push(instance, RrType::SRV,
             *dns::rdata_from_text(RrType::SRV, "0 0 " + port + " box.local."),
             mdns::Ownership::unique);
        push(instance, RrType::TXT, {1, static_cast<std::uint8_t>(&host == &hosts_[0] ? 'a' : 'b')},
             mdns::Ownership::unique);
        push(name("_demo._tcp.local."), RrType::PTR,
             {instance.wire().begin(), instance.wire().end()}, mdns::Ownership::shared);
        if (const auto id = host.engine.add_registration(now_, request))
            host.registrations.push_back(*id);
    }

    void query(Host& host, std::uint8_t with) {
        if (host.queries.size() >= 20) return;
        mdns::QueryRequest request;
        constexpr RrType types[] = {RrType::PTR, RrType::ANY, RrType::SRV, RrType::A, RrType::AAAA};
        request.type = types[with % 5];
        request.name = name(with % 2 == 0   ? "_demo._tcp.local."
                            : with % 3 == 0 ? "box.local."
                                            : "svc1._demo._tcp.local.");
        request.mode = with % 7 == 0 ? mdns::QueryMode::one_shot : mdns::QueryMode::continuous;
        if (const auto id = host.engine.start_query(now_, request)) host.queries.push_back(id);
    }

    void drain() {
        for (std::size_t i = 0; i < 2; ++i) {
            mdns::Engine& engine = hosts_[i].engine;
            while (const auto sent = engine.poll_transmit()) {
                must(++count_ < 200'000 && packet_.read(sent->message));
                const bool is_lost = losing_ != 0 && hosts_[0].rng.below(256) < losing_ / 2U;
                if (sent->socket == mdns::SocketKind::one_shot || is_lost) continue;
                mdns::PacketInfo info;
                info.interface = 1;
                info.family = sent->family();
                info.destination = sent->destination;
                info.source = {IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(200 + i)), 5353,
                               0};
                if (info.family == IpFamily::v6)
                    info.source.address = *IpAddress::from_text(i == 0 ? "fe80::1" : "fe80::2");
                const std::vector<std::uint8_t> bytes(sent->message.begin(), sent->message.end());
                for (int copy = 0; copy < (doubling_ ? 2 : 1); ++copy)
                    in_flight_.push_back({1 - i, info, bytes});
                if (sent->destination == mdns::Destination::group)
                    in_flight_.push_back({i, info, bytes});
            }
            events(hosts_[i]);
        }
        if (is_delivering_) return;
        is_delivering_ = true;
        while (!in_flight_.empty()) {
            const Flight flight = std::move(in_flight_.front());
            in_flight_.pop_front();
            hosts_[flight.to].engine.on_packet(now_, flight.info, flight.bytes);
            drain();
        }
        is_delivering_ = false;
    }

    void events(Host& host) {
        while (const auto event = host.engine.poll_query_event()) {
            const std::string key = std::to_string(event->query) + event->record.name.to_text() +
                                    dns::type_name(event->record.type) +
                                    std::string(as_text(event->record.rdata));
            if (event->kind == mdns::QueryEvent::Kind::added) ++host.holders[key];
            if (event->kind == mdns::QueryEvent::Kind::removed && host.holders.contains(key))
                must(--host.holders[key] >= 0);
        }
        while (const auto event = host.engine.poll_registration_event()) {
            if (event->kind == mdns::RegistrationEvent::Kind::established) {
                if (!event->name.is_root()) host.established[event->registration] = event->name;
            } else if (event->kind != mdns::RegistrationEvent::Kind::troubled) {
                host.established.erase(event->registration);
            }
        }
    }

    void run(Duration duration) {
        const Time end = now_ + duration;
        while (true) {
            std::size_t first = 2;
            for (std::size_t i = 0; i < 2; ++i) {
                const auto next = hosts_[i].engine.next_timer();
                if (next && *next <= end &&
                    (first == 2 || *next < *hosts_[first].engine.next_timer()))
                    first = i;
            }
            if (first == 2) break;
            must(++steps_ < 1'000'000);
            now_ = std::max(now_, *hosts_[first].engine.next_timer());
            hosts_[first].engine.on_timer(now_);
            drain();
        }
        now_ = end;
    }

    struct Flight {
        std::size_t to;
        mdns::PacketInfo info;
        std::vector<std::uint8_t> bytes;
    };
    Host hosts_[2];
    Time now_ = Time{} + 1h;
    std::deque<Flight> in_flight_;
    mdns::Packet packet_;
    bool is_delivering_ = false;
    bool doubling_ = false;
    std::uint8_t losing_ = 0;
    int count_ = 0, steps_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 200) return 0;
    Script script;
    for (std::size_t i = 0; i + 1 < size; i += 2) script.step(data[i], data[i + 1]);
    script.finish();
    return 0;
}
