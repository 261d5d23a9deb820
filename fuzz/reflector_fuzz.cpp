// A script of packets to a reflector between two links, from neighbors, simple resolvers, hosts that are not on
// the link and our own addresses; messages are any bytes, or questions and records put together from a few names
// with any type, class and RDATA. The first byte chooses the policy, and whether what is sent comes back, as
// another reflector sends it.
//
// Oracle: it never ends the process; nothing leaves by the interface on which its cause came in, and nothing for
// who is not on the link; what is sent reads back, is no larger than it may be, and keeps to the rates; what crosses
// keeps to the rule; and what comes back at once from where it was sent goes no further.

#include <array>
#include <string>
#include <vector>

#include "discovery/mdns/limits.hpp"
#include "discovery/mdns/packet.hpp"
#include "discovery/reflector/reflector.hpp"
#include "dns/message_builder.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using namespace kith::discovery;
using fuzz::must;
using fuzz::ScriptBytes;

using Message = std::vector<std::uint8_t>;

dns::Name name(const char* text) { return *dns::Name::from_text(text); }

const std::array<dns::Name, 12>& names() {
    static const std::array<dns::Name, 12> all = {
        name("box.local."),
        name("printer.local."),
        name("_ipp._tcp.local."),
        name("Laser._ipp._tcp.local."),
        name("_duplex._sub._ipp._tcp.local."),
        name("_http._tcp.local."),
        name("web._http._tcp.local."),
        name("_services._dns-sd._udp.local."),
        name("20.2.0.192.in-addr.arpa."),
        name("1.1.254.169.in-addr.arpa."),
        name("example.com."),
        name("a-name-with-a-first-label-about-as-long-as-labels-can-ever-be.local."),
    };
    return all;
}

constexpr dns::RrType types[] = {
    dns::RrType::A,   dns::RrType::AAAA, dns::RrType::PTR,   dns::RrType::SRV,
    dns::RrType::TXT, dns::RrType::NSEC, dns::RrType::PX,    dns::RrType::KX,
    dns::RrType::RP,  dns::RrType::MX,   dns::RrType::ANY,   dns::RrType::OPT,
    dns::RrType::SOA, dns::RrType::RT,   dns::RrType::DNAME, dns::RrType::NSAP_PTR,
};
constexpr std::uint16_t classes[] = {1, 0x8001, 1, 0x8001, 3, 0x8003, 4, 255, 254, 0};

const reflector::Rule everything{{"vlan1"}, {"vlan2"}, {}};
const reflector::Rule everything_back{{"vlan2"}, {"vlan1"}, {}};
const reflector::Rule printers{{"vlan1"}, {"vlan2"}, {name("_ipp._tcp.local.")}};

class Script {
public:
    explicit Script(std::uint8_t how) : comes_back_((how & 4) != 0), rng_(7), reflector_({}, rng_) {
        switch (how & 3) {
            case 0: reflector_.set_policy({{everything}}); break;
            case 1: reflector_.set_policy({{everything, everything_back}}); break;
            case 2: reflector_.set_policy({{printers}}); break;
            case 3: reflector_.set_policy({{printers, everything_back}}); break;
        }
        is_one_way_ = (how & 1) == 0;
        for (mdns::InterfaceId id = 1; id <= 2; ++id) {
            const auto third = static_cast<std::uint8_t>(id);
            const auto mtu = static_cast<std::uint16_t>((how & 8) != 0 && id == 2 ? 576 : 1500);
            const std::string called = "vlan" + std::to_string(id);
            reflector_.set_link(id, called, IpFamily::v4,
                                {{{IpAddress::v4(192, 0, third, 1), 24}}, mtu});
            const std::uint8_t six[16] = {0x20, 1, 0xd, 0xb8, 0, third, 0, 0,
                                          0,    0, 0,   0,    0, 0,     0, 1};
            reflector_.set_link(id, called, IpFamily::v6,
                                {{{*IpAddress::from_bytes(six), 64}}, mtu});
        }
    }

    /// One packet, or a while.
    void step(ScriptBytes& bytes) {
        const std::uint8_t what = bytes.next();
        if ((what & 0xc0) == 0xc0) {
            now_ += std::chrono::milliseconds((what & 0x3f) * 100);
            return;
        }
        const std::uint8_t whom = bytes.next();
        mdns::PacketInfo info;
        info.interface = (what & 1) + 1U;
        const bool is_off_link = (whom & 0xf0) == 0xf0;
        const bool is_ours = (whom & 0x0f) == 1;
        const auto network = static_cast<std::uint8_t>(is_off_link ? 9 : info.interface);
        info.source.address = address((what & 2) != 0, network, whom & 0x0f);
        info.source.port =
            (what & 4) != 0 ? static_cast<std::uint16_t>(40'000 + (whom >> 4)) : mdns::port;
        info.family = info.source.address.family();
        info.destination = (what & 8) != 0 ? mdns::Destination::unicast : mdns::Destination::group;
        if ((what & 0x18) == 0x18) info.socket = mdns::SocketKind::one_shot;
        const Message message = (what & 0x20) != 0 ? any_bytes(bytes) : put_together(bytes);
        const auto sent = give(info, message);
        must(sent.empty() || !(is_off_link || is_ours));
        if (!comes_back_) return;
        for (const Sent& packet : sent) {
            if (packet.transmit.destination != mdns::Destination::group ||
                packet.transmit.socket != mdns::SocketKind::mdns)
                continue;
            mdns::PacketInfo echo;
            echo.interface = packet.transmit.interface;
            echo.family = info.family;
            echo.source.address = address(info.family == IpFamily::v6,
                                          static_cast<std::uint8_t>(echo.interface), 200);
            echo.source.port = mdns::port;
            must(give(echo, packet.message).empty());
        }
    }

private:
    struct Sent {
        mdns::Transmit transmit;
        Message message;
    };

    static IpAddress address(bool is_v6, std::uint8_t network, int host) {
        const auto low = static_cast<std::uint8_t>(host);
        if (!is_v6) return IpAddress::v4(192, 0, network, low);
        const std::uint8_t bytes[16] = {0x20, 1, 0xd, 0xb8, 0, network, 0, 0,
                                        0,    0, 0,   0,    0, 0,       0, low};
        return *IpAddress::from_bytes(bytes);
    }

    static Message any_bytes(ScriptBytes& bytes) {
        Message out(std::size_t{bytes.next()} * 4);
        for (std::uint8_t& byte : out) byte = bytes.next();
        return out;
    }

    Message put_together(ScriptBytes& bytes) {
        Message buffer(mdns::message_bytes_max);
        dns::MessageBuilder builder;
        builder.start(buffer, buffer.size());
        const std::uint8_t head = bytes.next();
        if ((head & 1) != 0) builder.set_flag(dns::Header::qr);
        if ((head & 2) != 0) builder.set_flag(dns::Header::tc);
        builder.header().id = (head & 4) != 0 ? last_id_ : head;
        const int questions = head >> 3 & 3;
        for (int i = 0; i < questions; ++i) {
            const std::uint8_t which = bytes.next();
            builder.add_question(names()[which % names().size()], types[which >> 4],
                                 static_cast<dns::RrClass>((which & 8) != 0 ? 0x8001 : 1));
        }
        // Many, so that messages are split.
        const int repeat = (head & 0x80) != 0 ? 40 : 1;
        auto section = dns::Section::answer;
        for (int left = head >> 5 & 3; left > 0; --left) {
            const std::uint8_t which = bytes.next();
            const std::uint8_t how = bytes.next();
            if ((how & 3) > static_cast<int>(section)) section = static_cast<dns::Section>(how & 3);
            const Message data = rdata(bytes, how);
            for (int i = 0; i < repeat; ++i) {
                Message each = data;
                if (repeat > 1 && !each.empty()) each.back() = static_cast<std::uint8_t>(i);
                builder.add_record(section, names()[which % names().size()], types[which >> 4],
                                   static_cast<dns::RrClass>(classes[how % std::size(classes)]),
                                   (how & 4) != 0 ? 0 : 120, each);
            }
        }
        const Bytes done = builder.finish();
        return {done.begin(), done.end()};
    }

    /// A name, an SRV record's data, an address, or any bytes.
    static Message rdata(ScriptBytes& bytes, std::uint8_t how) {
        const std::uint8_t which = bytes.next();
        const Bytes wire = names()[which % names().size()].wire();
        Message out;
        switch (how >> 5) {
            case 0: out.assign(wire.begin(), wire.end()); break;
            case 1: out = {0, 0, 0, 0, 2, 119}; break;
            case 2: out = {192, 0, 2, which}; break;
            case 3: out = {169, 254, 1, which}; break;
            case 4: out = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, which}; break;
            default:
                for (int left = which & 63; left > 0; --left) out.push_back(bytes.next());
        }
        if (how >> 5 == 1) out.insert(out.end(), wire.begin(), wire.end());
        return out;
    }

    std::vector<Sent> give(const mdns::PacketInfo& info, const Message& message) {
        packet_.read(message);
        reflector_.on_packet(now_, info, packet_);
        std::vector<Sent> out;
        while (const auto transmit = reflector_.poll_transmit()) {
            out.push_back({*transmit, {transmit->message.begin(), transmit->message.end()}});
            check(info, *transmit);
        }
        must(out.size() < 300);
        return out;
    }

    void check(const mdns::PacketInfo& info, const mdns::Transmit& sent) {
        must(sent.interface != info.interface && (sent.interface == 1 || sent.interface == 2));
        must(sent.family() == info.family);
        must(sent.message.size() <= mdns::message_bytes_max);
        must(read_back_.read(sent.message));
        const std::size_t index = sent.interface - 1;
        ++count_[index];
        const double seconds = std::chrono::duration<double>(now_ - start_).count();
        must(count_[index] <=
             reflector::packets_burst + reflector::packets_per_second * seconds + 1);
        const bool is_reply = sent.destination == mdns::Destination::unicast;
        must(!is_reply || (read_back_.is_response() && sent.to.port != mdns::port &&
                           sent.message.size() <= mdns::legacy_bytes_max));
        if (sent.socket == mdns::SocketKind::one_shot) last_id_ = read_back_.header().id;
        if (is_one_way_) must(read_back_.is_response() == (sent.interface == 2));
        for (const mdns::PacketRecord& record : read_back_.records()) {
            must(record.klass == dns::RrClass::IN);
            must(!record.name.is_under(names()[10]));
            if (!read_back_.is_response()) continue;
            must(!is_reply ||
                 (record.flush == mdns::Flush::no && record.ttl <= mdns::legacy_ttl_max));
            if (record.type == dns::RrType::A || record.type == dns::RrType::AAAA)
                must(!IpAddress::from_bytes(record.rdata)->is_link_local());
        }
        for (const mdns::PacketQuestion& question : read_back_.questions())
            must(!question.name.is_under(names()[10]));
    }

    bool comes_back_ = false, is_one_way_ = false;
    SeededRng rng_;
    reflector::Reflector reflector_;
    Time start_ = Time{} + 1h, now_ = start_;
    std::uint16_t last_id_ = 0;
    std::array<double, 2> count_{};
    mdns::Packet packet_, read_back_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > 4096) return 0;
    ScriptBytes bytes(Bytes(data + 1, size - 1));
    Script script(data[0]);
    for (int i = 0; i < 600 && !bytes.at_end(); ++i) script.step(bytes);
    return 0;
}
