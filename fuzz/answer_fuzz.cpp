// Any bytes as a query, over UDP and over TCP, against a world that has every kind of name: what
// comes back can be read, is the answer to that query and fits; a response is never answered; an
// answer holds no record twice; and both transports say the same unless UDP says TC.
// The first byte chooses the client and the policies, the rest is the message.
// Corpus: fuzz/corpus/answer.

#include <algorithm>
#include <set>
#include <tuple>

#include "answer/test_world.hpp"
#include "base/bytes.hpp"
#include "dns/message.hpp"
#include "support.hpp"
#include "zone/zone.hpp"

namespace {

using namespace kith;
using namespace kith::answer;

using fuzz::must;

/// Says each thing a port may say, by the name it is asked for.
class AnyPort final : public ForwardPort {
public:
    Verdict forward(Query& query, dns::MessageBuilder& response) override {
        constexpr std::uint8_t address[] = {192, 0, 2, 1};
        switch (query.target().view().wire()[0] % 4) {
            case 0: return query.fetched == nullptr ? Verdict::later : Verdict::next;
            case 1: return Verdict::next;
            case 2:
                query.rcode = dns::Rcode::SERVFAIL;
                query.explain(dns::EdeCode::network_error, "no upstream answers");
                return Verdict::answered;
            default:
                if (!response.add_record(dns::Section::answer, query.target().view(),
                                         dns::RrType::A, dns::RrClass::IN, 30, address)) {
                    response.set_flag(dns::Header::tc);
                }
                return Verdict::answered;
        }
    }
};

AnswerOptions options_of(std::uint8_t choice) {
    AnswerOptions options;
    options.nsid = "nsid";
    options.version = "kith";
    options.hostname = "host";
    options.any = (choice & 1) != 0 ? AnyPolicy::all : AnyPolicy::one_rrset;
    options.cookie_policy = (choice & 2) != 0 ? CookiePolicy::require : CookiePolicy::offer;
    options.forwarding = (choice & 4) != 0;
    options.cookies.emplace();
    options.forward_names = {name_of("up.lan"), name_of("10.in-addr.arpa")};
    return options;
}

struct FuzzWorld {
    explicit FuzzWorld(std::uint8_t choice)
        : udp(options_of(choice), &port), tcp(options_of(choice), &port) {
        std::string lines =
            "@ 300 SOA ns admin 1 2 3 4 300\n@ 300 NS ns\nns 60 A 192.0.2.53\nc 60 CNAME a\na 60 A "
            "192.0.2.1\n"
            "a 60 A 192.0.2.2\na 60 MX 1 a\na 60 SRV 0 0 1 c\n*.w 60 TXT w\n*.w 60 MX 1 x.w\n~*.o "
            "60 A 192.0.2.3\n"
            "x.e 60 A 192.0.2.4\nd 60 NS ns.d\nns.d 60 AAAA 2001:db8::1\nd 60 DS 1 8 1 "
            "0123456789012345678901234567890123456789\nm 60 DNAME lan.\n"
            "l 60 DNAME l.l\np 60 DNAME q\nq 60 DNAME p\nk 60 CNAME k\nr 60 CNAME x.d\ns 60 CNAME "
            "x.onion.\n"
            "t 60 CNAME t.example.\nup 60 NS ns.up\n*.f 60 CNAME y.x.f\n";
        for (int i = 0; i < 30; ++i) {
            lines += "b 60 TXT " + std::string(100, 'b') + std::to_string(i) + "\n";
            lines += "g 60 NS n" + std::to_string(i) + ".g\nn" + std::to_string(i) +
                     ".g 60 A 192.0.2.9\n";
        }
        for (World* world : {&udp, &tcp}) {
            world->zone("lan", lines);
            world->zone("d.lan",
                        "@ 300 SOA ns admin 1 2 3 4 300\n@ 60 NS ns\nns 60 A 192.0.2.60\n");
            world->records(
                "n.home 60 A 192.0.2.70\nw.home 60 CNAME a.lan.\n~*.v.home 60 A 192.0.2.71\n");
            world->rewrite("z.lan",
                           {.action = RewriteAction::nxdomain, .reach = RewriteReach::any_depth});
            world->rewrite("y.lan", {.action = RewriteAction::redirect, .v4 = {{192, 0, 2, 80}}});
            world->rewrite("x.lan",
                           {.action = RewriteAction::refuse, .reach = RewriteReach::one_label});
        }
    }
    AnyPort port;
    World udp;
    World tcp;
};

std::size_t udp_limit(Bytes message) {
    const auto query = dns::read_query(message);
    if (query)
        return query->edns ? std::clamp<std::size_t>(query->edns->payload_bytes, 512, 1232) : 512;
    const auto view = dns::MessageView::parse(message);  // no question, or an opcode of its own
    return view && view->edns() ? std::clamp<std::size_t>(view->edns()->payload_bytes, 512, 1232)
                                : 512;
}

void check_response(Bytes message, Bytes response) {
    must(message.size() >= dns::header_bytes && (message[2] & 0x80) == 0);
    const auto view = dns::MessageView::parse(response);
    must(view.has_value());
    const dns::Header& header = view->header();
    must(header.has(dns::Header::qr) && !header.has(dns::Header::z) &&
         !header.has(dns::Header::ad));
    must(header.id == load_u16(message.data()));
    must(((response[2] ^ message[2]) & 0x79) == 0);  // opcode and RD
    must(header.counts[0] <= 1);
    if (const auto question = view->question()) {
        const std::size_t size = question->name.size() + 4;
        must(message.size() >= 12 + size);
        must(std::memcmp(message.data() + 12, response.data() + 12, size) == 0);
    }
    const auto query = dns::read_query(message);
    if (query) must(view->edns().has_value() == query->edns.has_value());
    std::set<std::tuple<std::string, int, std::string>> seen;
    for (const dns::Section section :
         {dns::Section::answer, dns::Section::authority, dns::Section::additional}) {
        view->for_each(section, [&](const dns::RecordView& record) {
            std::vector<std::uint8_t> rdata(dns::rdata_bytes_max);
            dns::Writer writer(rdata);
            must(dns::expand_rdata(response, record, writer).has_value());
            const std::string owner(as_text(record.owner.lowered().wire()));
            must(section == dns::Section::additional ||
                 seen.emplace(owner, static_cast<int>(record.type), as_text(writer.written()))
                     .second);
        });
    }
}

/// What both transports must agree on.
std::tuple<dns::Rcode, bool, int, int> gist(Bytes response) {
    const auto view = dns::MessageView::parse(response);
    return {view->rcode(), view->header().has(dns::Header::aa), view->header().counts[1],
            view->header().counts[2]};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > dns::message_bytes_max) return 0;
    static FuzzWorld worlds[8] = {FuzzWorld(0), FuzzWorld(1), FuzzWorld(2), FuzzWorld(3),
                                  FuzzWorld(4), FuzzWorld(5), FuzzWorld(6), FuzzWorld(7)};
    FuzzWorld& world = worlds[data[0] & 7];
    const std::vector<std::uint8_t> message(data + 1,
                                            data + size);  // its own block: over-reads are seen
    int anything = 0;
    Asking asking;
    asking.client = (data[0] & 16) != 0 ? "2001:db8::7" : "192.0.2.7";
    asking.fetched =
        (data[0] & 8) != 0 ? reinterpret_cast<const FetchedAnswer*>(&anything) : nullptr;
    const Bytes over_udp = world.udp.send(message, asking);
    asking.transport = Transport::tcp;
    const Bytes over_tcp = world.tcp.send(message, asking);
    if (!over_udp.empty()) {
        check_response(message, over_udp);
        must(over_udp.size() <= udp_limit(message));
    }
    if (!over_tcp.empty()) {
        check_response(message, over_tcp);
        must((over_tcp[2] & 2) == 0);
    }
    // Over UDP a cookie may be wanted first, over TCP a keepalive may be malformed.
    const bool cookie_wanted =
        !over_udp.empty() && std::get<0>(gist(over_udp)) == dns::Rcode::BADCOOKIE;
    const bool malformed = !over_tcp.empty() && std::get<0>(gist(over_tcp)) == dns::Rcode::FORMERR;
    if (cookie_wanted || malformed) return 0;
    must(world.udp.verdict == world.tcp.verdict);
    const bool truncated = !over_udp.empty() && (over_udp[2] & 2) != 0;
    if (!over_udp.empty() && !truncated) must(gist(over_udp) == gist(over_tcp));
    return 0;
}
