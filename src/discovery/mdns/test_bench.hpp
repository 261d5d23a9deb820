#pragma once
// For tests: an engine in virtual time, and messages written and read as text.
//
// A message is a list of lines, one for each question or record, in the order of the sections:
//
//   q  printer.local. A            a question; `QU` at the end asks for unicast answers
//   an printer.local. 120! A 192.0.2.1     an answer; `!` after the TTL is the cache-flush bit
//   ns ...   ar ...                authority and additional records

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "discovery/mdns/engine.hpp"
#include "discovery/mdns/record.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"

namespace kith::discovery::mdns::test {

using Lines = std::vector<std::string>;
using Message = std::vector<std::uint8_t>;

inline dns::Name name(std::string_view text) {
    const auto parsed = dns::Name::from_text(text);
    KITH_CHECK(parsed.has_value());
    return *parsed;
}

inline std::vector<std::uint8_t> rdata(dns::RrType type, std::string_view text) {
    const auto parsed = dns::rdata_from_text(type, text);
    KITH_CHECK(parsed.has_value());
    return *parsed;
}

/// `host.local. 120 A 192.0.2.1`; with `!` after the TTL it is unique.
inline RegisteredRecord record(std::string_view line, InterfaceId interface = any_interface) {
    std::istringstream in{std::string(line)};
    std::string owner, ttl, type, rest;
    in >> owner >> ttl >> type;
    std::getline(in >> std::ws, rest);
    const auto number = dns::parse_type(type);
    KITH_CHECK(number.has_value());
    const Ownership ownership = ttl.ends_with('!') ? Ownership::unique : Ownership::shared;
    return {{name(owner), *number, dns::RrClass::IN, static_cast<std::uint32_t>(std::stoul(ttl)),
             rdata(*number, rest)},
            ownership,
            interface};
}

inline RegistrationRequest registration(const Lines& lines,
                                        RenameStyle rename = RenameStyle::refuse) {
    RegistrationRequest request;
    for (const std::string& line : lines) request.records.push_back(record(line));
    request.rename = rename;
    return request;
}

struct Head {
    std::uint16_t flags = 0;
    std::uint16_t id = 0;
};
inline constexpr Head query_head{};
inline constexpr Head response_head{dns::Header::qr | dns::Header::aa, 0};

inline Message message(const Head& head, const Lines& lines) {
    Message buffer(message_bytes_max);
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.set_compression(dns::Compression::multicast);
    builder.header().id = head.id;
    builder.set_flag(head.flags);
    for (const std::string& line : lines) {
        std::istringstream in(line);
        std::string section;
        in >> section;
        if (section == "q") {
            std::string owner, type, wants;
            in >> owner >> type >> wants;
            builder.add_question(
                name(owner), *dns::parse_type(type),
                wire_class(dns::RrClass::IN, wants == "QU" ? Flush::yes : Flush::no));
            continue;
        }
        const dns::Section where = section == "an"   ? dns::Section::answer
                                   : section == "ns" ? dns::Section::authority
                                                     : dns::Section::additional;
        std::string rest;
        std::getline(in >> std::ws, rest);
        const RegisteredRecord rr = record(rest);
        const Flush flush = rr.ownership == Ownership::unique ? Flush::yes : Flush::no;
        KITH_CHECK(builder.add_record(where, rr.record.name, rr.record.type,
                                      wire_class(rr.record.klass, flush), rr.record.ttl,
                                      rr.record.rdata));
    }
    const Bytes done = builder.finish();
    return {done.begin(), done.end()};
}
inline Message query(const Lines& lines) { return message(query_head, lines); }
inline Message response(const Lines& lines) { return message(response_head, lines); }

inline Lines lines_of(Bytes bytes) {
    Lines out;
    const auto view = dns::MessageView::parse(bytes);
    if (!view) return {"not a message: " + view.error().to_text()};
    dns::Reader reader(bytes, dns::header_bytes);
    for (int i = 0; i < view->header().counts[0]; ++i) {
        const auto question = dns::read_question(reader);
        const auto klass = static_cast<std::uint16_t>(question->klass);
        out.push_back("q " + question->name.to_text() + " " + dns::type_name(question->type) +
                      ((klass & class_top_bit) != 0 ? " QU" : ""));
    }
    constexpr const char* sections[] = {"q", "an", "ns", "ar"};
    for (const dns::Section section :
         {dns::Section::answer, dns::Section::authority, dns::Section::additional}) {
        view->for_each(section, [&](const dns::RecordView& rr) {
            Message buffer(dns::rdata_bytes_max);
            dns::Writer writer(buffer);
            std::string data = "?";
            if (rr.type == dns::RrType::NSEC) {
                // The next name may be a pointer, which unicast DNS forbids.
                dns::Reader at(bytes, rr.rdata_offset);
                const auto next = dns::read_name(at);
                writer.bytes(next->wire());
                writer.bytes(rr.rdata.subspan(at.offset() - rr.rdata_offset));
                data = dns::rdata_to_text(rr.type, dns::RrClass::IN, writer.written());
            } else if (dns::expand_rdata(bytes, rr, writer)) {
                data = dns::rdata_to_text(rr.type, dns::RrClass::IN, writer.written());
            }
            const bool flush = (static_cast<std::uint16_t>(rr.klass) & class_top_bit) != 0;
            out.push_back(std::string(sections[static_cast<std::size_t>(section)]) + " " +
                          rr.owner.to_text() + " " + std::to_string(rr.ttl) + (flush ? "! " : " ") +
                          dns::type_name(rr.type) + " " + data);
        });
    }
    return out;
}

/// Something the engine sent.
struct Sent {
    Duration at{};  // since the start of the bench
    InterfaceId interface = 0;
    Endpoint to;
    Destination destination{};
    SocketKind socket{};
    Message bytes;
    Lines lines;

    dns::Header header() const { return *dns::read_header(bytes); }
    bool is_response() const { return header().has(dns::Header::qr); }
    bool is_group() const { return destination == Destination::group; }
    bool has(std::string_view line) const {
        for (const std::string& own : lines) {
            if (own == line) return true;
        }
        return false;
    }
    bool mentions(std::string_view text) const {
        for (const std::string& own : lines) {
            if (own.find(text) != std::string::npos) return true;
        }
        return false;
    }
};

inline IpPrefix prefix(std::string_view text) {
    // IpPrefix::from_text() drops host bits; the address itself is wanted here.
    const std::size_t slash = text.find('/');
    return {*IpAddress::from_text(text.substr(0, slash)),
            static_cast<std::uint8_t>(std::stoi(std::string(text.substr(slash + 1))))};
}

/// How a packet that this sender multicasts comes in.
inline PacketInfo from(InterfaceId interface, std::string_view address,
                       std::uint16_t source_port = port) {
    const IpAddress ip = *IpAddress::from_text(address);
    PacketInfo info;
    info.interface = interface;
    info.family = ip.family();
    info.source = {ip, source_port, ip.is_v6() ? interface : 0};
    return info;
}

/// One engine on interface 1 at 192.0.2.10/24, unless told otherwise; the peer is 192.0.2.20.
class Bench {
public:
    struct Options {
        std::uint64_t seed = 1;
        EngineConfig config{};
        std::vector<std::string> addresses = {"192.0.2.10/24"};
        Tracer* tracer = nullptr;
    };

    Bench() : Bench(Options{}) {}
    explicit Bench(const Options& options)
        : rng(options.seed), engine(options.config, rng, options.tracer) {
        up(1, options.addresses);
    }

    void up(InterfaceId interface, const std::vector<std::string>& addresses,
            std::uint16_t mtu = 1500) {
        for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
            LinkConfig link;
            link.mtu = mtu;
            for (const std::string& text : addresses) {
                const IpPrefix own = prefix(text);
                if (own.address.family() == family) link.addresses.push_back(own);
            }
            if (!link.addresses.empty()) engine.set_link(now, interface, family, link);
        }
        drain();
    }
    void down(InterfaceId interface, IpFamily family = IpFamily::v4) {
        engine.remove_link(now, interface, family);
        drain();
    }

    /// Lets time pass.
    void run(Duration duration) {
        const Time end = now + duration;
        for (auto next = engine.next_timer(); next && *next <= end; next = engine.next_timer()) {
            now = std::max(now, *next);
            engine.on_timer(now);
            drain();
        }
        now = end;
    }
    /// As run(); returns what was sent meanwhile.
    std::vector<Sent> sent_in(Duration duration) {
        const std::size_t before = sent.size();
        run(duration);
        return {sent.begin() + static_cast<std::ptrdiff_t>(before), sent.end()};
    }

    PacketInfo from(std::string_view address, std::uint16_t source_port = port,
                    InterfaceId interface = 1) const {
        return test::from(interface, address, source_port);
    }
    void receive(const PacketInfo& info, const Message& bytes) {
        engine.on_packet(now, info, bytes);
        drain();
    }
    /// From the peer to the group.
    void hear(const Message& bytes) { receive(from(peer), bytes); }
    void hear_unicast(const Message& bytes) {
        PacketInfo info = from(peer);
        info.destination = Destination::unicast;
        receive(info, bytes);
    }

    RegistrationId add(const Lines& lines, RenameStyle rename = RenameStyle::refuse) {
        const auto id = engine.add_registration(now, registration(lines, rename));
        KITH_CHECK(id.has_value());
        drain();
        return *id;
    }
    /// Registers and waits until that is announced and quiet.
    RegistrationId establish(const Lines& lines, RenameStyle rename = RenameStyle::refuse) {
        const RegistrationId id = add(lines, rename);
        run(10s);
        sent.clear();
        return id;
    }
    RegistrationId host(std::string_view text) {
        const auto id = engine.set_host(now, name(text));
        KITH_CHECK(id.has_value());
        drain();
        return *id;
    }
    QueryId ask(std::string_view owner, dns::RrType type, QueryMode mode = QueryMode::continuous) {
        QueryRequest request;
        request.name = name(owner);
        request.type = type;
        request.mode = mode;
        const QueryId id = engine.start_query(now, request);
        drain();
        return id;
    }

    void drain() {
        while (const auto transmit = engine.poll_transmit()) {
            sent.push_back({now - start,
                            transmit->interface,
                            transmit->to,
                            transmit->destination,
                            transmit->socket,
                            {transmit->message.begin(), transmit->message.end()},
                            lines_of(transmit->message)});
        }
        while (auto event = engine.poll_query_event()) events.push_back(*event);
        while (auto event = engine.poll_registration_event()) registrations.push_back(*event);
    }

    /// The events of queries as text: `+ host.local. A 192.0.2.1`, `- ... goodbye`.
    Lines told() const {
        Lines out;
        for (const QueryEvent& event : events) {
            std::string line = event.kind == QueryEvent::Kind::added     ? "+ "
                               : event.kind == QueryEvent::Kind::removed ? "- "
                               : event.kind == QueryEvent::Kind::absent  ? "0 "
                                                                         : "finished";
            if (event.kind != QueryEvent::Kind::finished)
                line += event.record.name.to_text() + " " + dns::type_name(event.record.type);
            if (event.kind == QueryEvent::Kind::added || event.kind == QueryEvent::Kind::removed)
                line += " " +
                        dns::rdata_to_text(event.record.type, dns::RrClass::IN, event.record.rdata);
            out.push_back(line);
        }
        return out;
    }
    std::vector<RegistrationEvent::Kind> kinds() const {
        std::vector<RegistrationEvent::Kind> out;
        for (const RegistrationEvent& event : registrations) out.push_back(event.kind);
        return out;
    }

    static constexpr std::string_view peer = "192.0.2.20";
    const Time start = Time{} + 100h;
    Time now = start;
    SeededRng rng;
    Engine engine;
    std::vector<Sent> sent;
    std::vector<QueryEvent> events;
    std::vector<RegistrationEvent> registrations;
};

}  // namespace kith::discovery::mdns::test
