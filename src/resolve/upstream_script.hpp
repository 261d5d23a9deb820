#pragma once
// Test support: names, scripted upstream replies, and a forwarder driven in virtual time.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dns/rdata.hpp"
#include "resolve/forwarder.hpp"

namespace kith::resolve::test {

inline dns::Name name(std::string_view text) {
    const auto out = dns::Name::from_text(text);
    KITH_CHECK(out.has_value());
    return *out;
}

/// One record in presentation form; `section` as dns::Section.
struct Row {
    std::string owner;
    std::uint32_t ttl = 0;
    dns::RrType type{};
    std::string rdata;
    dns::Section section = dns::Section::answer;
};

/// What of the query a reply repeats or gets wrong.
struct ReplyShape {
    dns::Rcode rcode = dns::Rcode::NOERROR;
    std::uint16_t id_change = 0;  // xor'ed into the id
    bool truncated = false;
    bool lower_cased = false;  // the question comes back in lower case
    bool is_query = false;     // QR clear
    bool without_question = false;
    std::string other_question{};         // instead of the one asked
    std::size_t cut_bytes = 0;            // taken off the end
    std::vector<std::uint8_t> options{};  // of an OPT record; empty: no OPT
};

/// The reply to `query` with these records.
inline std::vector<std::uint8_t> make_reply(Bytes query, const std::vector<Row>& rows,
                                            const ReplyShape& shape = {}) {
    const auto view = dns::read_query(query);
    KITH_CHECK(view.has_value());
    std::vector<std::uint8_t> buffer(65535);
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.header().id = view->header.id ^ shape.id_change;
    builder.set_flag(dns::Header::rd | dns::Header::ra);
    if (!shape.is_query) builder.set_flag(dns::Header::qr);
    if (shape.truncated) builder.set_flag(dns::Header::tc);
    builder.set_rcode(shape.rcode);
    dns::Name asked = dns::NameView::unchecked(view->qname);
    if (shape.lower_cased) asked = asked.lowered();
    if (!shape.other_question.empty()) asked = name(shape.other_question);
    if (!shape.without_question) builder.add_question(asked, view->qtype, view->qclass);
    for (const Row& row : rows) {
        const auto rdata = dns::rdata_from_text(row.type, row.rdata);
        KITH_CHECK(rdata.has_value());
        builder.add_record(row.section, name(row.owner), row.type, dns::RrClass::IN, row.ttl,
                           *rdata);
    }
    if (!shape.options.empty()) builder.add_opt(1232, shape.rcode, 0, 0, shape.options);
    const Bytes done = builder.finish();
    return {done.begin(), done.end() - static_cast<std::ptrdiff_t>(shape.cut_bytes)};
}

/// "www.example. 300 A 192.0.2.1" for each record, then the rcode: `NOERROR | ...`.
inline std::string to_text(const cache::CachedAnswer& answer, Time now) {
    std::vector<std::uint8_t> buffer(65535);
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.add_question(
        answer.name(),
        static_cast<dns::RrType>(load_u16(answer.message.data() + answer.body_offset - 4)),
        dns::RrClass::IN);
    write_answer(answer, now, cache::Place::question, builder);
    const auto view = dns::MessageView::parse(builder.finish());
    KITH_CHECK(view.has_value());
    std::string out = dns::rcode_name(view->rcode());
    std::vector<std::uint8_t> scratch(65535);
    for (const dns::Section section : {dns::Section::answer, dns::Section::authority}) {
        view->for_each(section, [&](const dns::RecordView& record) {
            dns::Writer rdata(scratch);
            KITH_CHECK(dns::expand_rdata(view->bytes(), record, rdata).has_value());
            out += " | " + record.owner.to_text() + " " + std::to_string(record.ttl) + " " +
                   dns::type_name(record.type) + " " +
                   dns::rdata_to_text(record.type, record.klass, rdata.written());
        });
    }
    return out;
}

/// A message or command the forwarder gave out, kept.
struct Sent {
    Transmit::Kind kind{};
    SocketId socket = 0;
    Endpoint to;
    std::vector<std::uint8_t> message;
};

/// What a client got.
struct Got {
    std::string text;  // to_text()
    cache::Freshness freshness{};
    std::optional<dns::EdeCode> ede;
};

/// A forwarder, its cache and its clock. Everything it does is collected.
class Bench {
public:
    explicit Bench(ForwardConfig config, cache::CacheLimits limits = {}, std::uint64_t seed = 1)
        : rng(seed), cache(limits), forwarder(config, cache, rng) {}

    /// Two servers for everything: 192.0.2.1 and 192.0.2.2.
    static ForwardConfig two_servers() {
        ForwardConfig config;
        config.routes.push_back({dns::Name(), {server(1), server(2)}});
        return config;
    }
    static ForwardConfig one_server() {
        ForwardConfig config;
        config.routes.push_back({dns::Name(), {server(1)}});
        return config;
    }
    static Endpoint server(std::uint8_t last) { return {IpAddress::v4(192, 0, 2, last), 53, 0}; }

    AskResult ask(std::string_view qname, dns::RrType type = dns::RrType::A, Token token = 1,
                  ClientId client = 1, cache::KeyFlags flags = {}) {
        const dns::LookupName lookup(name(qname));
        const AskResult result =
            forwarder.ask(now, {lookup, type, dns::RrClass::IN, flags, token, client});
        if (result.state == AskResult::State::hit) last_hit = to_text(result.answer, now);
        drain();
        return result;
    }
    void advance(Duration by) {
        const Time until = now + by;
        while (const std::optional<Time> next = forwarder.next_timer()) {
            if (*next > until) break;
            now = std::max(now, *next);
            forwarder.on_timer(now);
            drain();
        }
        now = until;
    }
    /// The latest message sent, or nullptr when nothing was sent since the last call.
    const Sent* take_sent() {
        for (; next_sent < sent.size(); ++next_sent) {
            if (sent[next_sent].kind == Transmit::Kind::close) continue;
            return &sent[next_sent++];
        }
        return nullptr;
    }
    void reply_udp(const Sent& to, Bytes message) {
        forwarder.on_udp_reply(now, to.socket, to.to, message);
        drain();
    }
    void reply_tcp(SocketId socket, Bytes message) {
        forwarder.on_tcp_reply(now, socket, message);
        drain();
    }
    void connected(SocketId socket) {
        forwarder.on_tcp_connected(now, socket);
        drain();
    }
    void closed(SocketId socket) {
        forwarder.on_tcp_closed(now, socket);
        drain();
    }
    void drain() {
        while (const std::optional<Transmit> out = forwarder.poll_transmit()) {
            sent.push_back(
                {out->kind, out->socket, out->to, {out->message.begin(), out->message.end()}});
        }
        while (const std::optional<Completion> done = forwarder.poll_completion()) {
            got[done->token].push_back(
                {to_text(done->answer, now), done->answer.freshness, done->answer.ede});
        }
    }
    /// What the client with this token got, which must be exactly one thing.
    std::string only(Token token = 1) {
        const auto found = got.find(token);
        if (found == got.end()) return "nothing";
        return found->second.size() == 1 ? found->second[0].text : "several";
    }

    Time now = Time{} + 1h;
    SeededRng rng;
    cache::Cache cache;
    Forwarder forwarder;
    std::vector<Sent> sent;
    std::size_t next_sent = 0;
    std::map<Token, std::vector<Got>> got;
    std::string last_hit;
};

}  // namespace kith::resolve::test
