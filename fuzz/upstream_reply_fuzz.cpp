// Any bytes as an upstream's reply to a question in flight. The first byte says how the rest is
// used, so that the fuzzer gets past id and question without having to guess them:
//
//   bit 0  header and question are right, the rest follows as records (counts from two bytes)
//   bit 1  over TCP          bit 2  asked with DO          bits 3-5  the asked type
//   bit 6  but the id is wrong in one bit     bit 7  but one letter of the question has the other case
//
// Oracle: what does not match the question never ends it over UDP and is never cached; what is
// given out is a whole message whose every record follows from the question, checked here by a
// second, slower implementation; lifetimes keep to the bounds; and in the end all is closed.

#include <string>
#include <vector>

#include "cache/cache.hpp"
#include "dns/rdata.hpp"
#include "resolve/forwarder.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using dns::RrType;
using dns::Section;

using fuzz::must;

constexpr std::uint32_t ttl_most = 1000;
constexpr RrType types[] = {RrType::A,   RrType::CNAME, RrType::MX, RrType::ANY,
                            RrType::SOA, RrType::TXT,   RrType::NS, RrType::RRSIG};

dns::Name target_of(Bytes message, const dns::RecordView& record) {
    std::vector<std::uint8_t> buffer(65535);
    dns::Writer rdata(buffer);
    must(dns::expand_rdata(message, record, rdata).has_value());
    const auto name = dns::NameView::from_wire(rdata.written());
    must(name.has_value());
    return *name;
}

/// Every answer record stands at a name that the chain from the question has reached so far, or is
/// a DNAME above one; every authority record is of a kind that proves a negative.
void check_answer(const cache::CachedAnswer& answer, const dns::Name& asked, RrType type,
                  bool dnssec_ok) {
    const auto view = dns::MessageView::parse(answer.message);
    must(view.has_value());
    must(view->header().counts[0] == 1 && view->header().counts[3] == 0);
    must(view->question()->name == asked && view->question()->type == type);
    std::vector<dns::Name> reached{asked};
    view->for_each(Section::answer, [&](const dns::RecordView& record) {
        must(record.klass == dns::RrClass::IN && record.ttl <= ttl_most);
        std::vector<std::uint8_t> buffer(65535);
        dns::Writer rdata(buffer);
        must(dns::expand_rdata(answer.message, record, rdata).has_value());
        bool is_above = false;
        bool is_reached = false;
        for (const dns::Name& name : reached) {
            is_reached = is_reached || name == record.owner;
            is_above = is_above || name.is_under(record.owner);
        }
        const bool is_dname =
            record.type == RrType::DNAME || (record.type == RrType::RRSIG && dnssec_ok);
        must(is_reached || (is_dname && is_above));
        if (record.type == RrType::CNAME) reached.push_back(target_of(answer.message, record));
        must(record.type == type || type == RrType::ANY || record.type == RrType::CNAME ||
             is_dname);
    });
    must(reached.size() <= 18);
    view->for_each(Section::authority, [&](const dns::RecordView& record) {
        must(record.klass == dns::RrClass::IN && record.ttl <= ttl_most);
        const bool is_proof = record.type == RrType::NSEC || record.type == RrType::NSEC3 ||
                              record.type == RrType::RRSIG;
        must(record.type == RrType::SOA || (dnssec_ok && is_proof));
        if (record.type == RrType::SOA) must(reached.back().is_under(record.owner));
    });
}

/// The bytes the forwarder is given.
std::vector<std::uint8_t> make_reply(Bytes query, Bytes input, std::uint8_t how) {
    if ((how & 1) == 0 || input.size() < 4) return {input.begin(), input.end()};
    const auto view = dns::read_query(query);
    must(view.has_value());
    std::vector<std::uint8_t> reply(query.begin(), query.begin() + view->question_end);
    reply[2] = static_cast<std::uint8_t>(0x80 | (input[0] & 0x07));
    reply[3] = input[1];
    const std::uint8_t counts[6] = {
        0, input[2], 0, input[3], 0, static_cast<std::uint8_t>(input[0] >> 3 & 3)};
    std::copy(std::begin(counts), std::end(counts), reply.begin() + 6);
    reply.insert(reply.end(), input.begin() + 4, input.end());
    if ((how & 0x40) != 0) reply[1] ^= 1;
    if ((how & 0x80) != 0) reply[13] ^= 0x20;
    return reply;
}

/// Slow and plain: the reply's id and question are those of the query, to the bit.
bool matches(Bytes query, Bytes reply) {
    const auto asked = dns::read_query(query);
    if (reply.size() < asked->question_end || reply[0] != query[0] || reply[1] != query[1])
        return false;
    if ((reply[2] & 0xf8) != 0x80 || reply[4] != 0 || reply[5] != 1) return false;
    return std::equal(query.begin() + 12, query.begin() + asked->question_end, reply.begin() + 12);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > 65535) return 0;
    const bool over_tcp = (data[0] & 2) != 0;
    const bool dnssec_ok = (data[0] & 4) != 0;
    const RrType type = types[data[0] >> 3 & 7];

    resolve::ForwardConfig config;
    const Endpoint server{IpAddress::v4(192, 0, 2, 1), 53, 0};
    config.routes.push_back({dns::Name(), {server}});
    config.ttl_seconds_max = ttl_most;
    cache::Cache cache({.bytes_max = 1 << 20, .entries_max = 100});
    SeededRng rng(7);
    resolve::Forwarder forwarder(config, cache, rng);
    Time now = Time{} + 1h;
    const dns::Name asked = *dns::Name::from_text("www.sub.example");
    const dns::LookupName lookup(asked);
    must(forwarder.ask(now, {lookup, type, dns::RrClass::IN, {dnssec_ok, false}, 1, 1}).state ==
         resolve::AskResult::State::parked);

    int completions = 0;
    const auto drain = [&] {
        while (const auto done = forwarder.poll_completion()) {
            ++completions;
            must(done->token == 1);
            check_answer(done->answer, asked, type, dnssec_ok);
        }
    };
    auto sent = forwarder.poll_transmit();
    must(sent && sent->kind == resolve::Transmit::Kind::send_udp);
    std::vector<std::uint8_t> query(sent->message.begin(), sent->message.end());
    resolve::SocketId socket = sent->socket;
    if (over_tcp) {
        std::vector<std::uint8_t> truncated = query;
        truncated[2] = 0x82;  // QR, TC
        truncated[11] = 0;    // without OPT
        truncated.resize(truncated.size() - 11);
        forwarder.on_udp_reply(now, socket, server, truncated);
        while ((sent = forwarder.poll_transmit()) &&
               sent->kind != resolve::Transmit::Kind::open_tcp) {
        }
        must(sent.has_value());
        socket = sent->socket;
        forwarder.on_tcp_connected(now, socket);
        sent = forwarder.poll_transmit();
        must(sent && sent->kind == resolve::Transmit::Kind::send_tcp);
        query.assign(sent->message.begin(), sent->message.end());
    }
    const std::vector<std::uint8_t> reply = make_reply(query, Bytes(data + 1, size - 1), data[0]);
    if (over_tcp) {
        forwarder.on_tcp_reply(now, socket, reply);
    } else {
        forwarder.on_udp_reply(now, socket, server, reply);
    }
    drain();
    if (!over_tcp && !matches(query, reply)) must(completions == 0 && cache.size() == 0);
    must(cache.size() <= 1);
    const cache::Found found =
        cache.peek(now, {lookup, type, dns::RrClass::IN, {dnssec_ok, false}});
    if (found.state == cache::Found::State::fresh)
        check_answer(found.answer, asked, type, dnssec_ok);

    now += 1min;
    for (int i = 0; i < 100 && forwarder.next_timer(); ++i) {
        forwarder.on_timer(now);
        while (forwarder.poll_transmit()) {
        }
        drain();
        now += 10s;
    }
    must(completions == 1);
    must(forwarder.questions() == 0 && forwarder.waiters() == 0 && forwarder.connections() == 0);
    return 0;
}
