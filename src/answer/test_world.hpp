#pragma once
// For tests, benches and fuzz targets of this module: a small world of zones written as text,
// questions written as text, and answers printed as text. Not part of the program.

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "answer/answerer.hpp"
#include "dns/rdata.hpp"
#include "zone/builder.hpp"

namespace kith::answer {

inline dns::Name name_of(std::string_view text, dns::NameView origin = {}) {
    const auto name = dns::Name::from_text(text, origin);
    KITH_CHECK(name.has_value());
    return *name;
}

/// A zone from lines `owner ttl type rdata`; owners and names without a final dot are relative to
/// the apex, empty lines are skipped. Owners behind a `~` are one-label wildcards.
inline zone::ZonePtr zone_of(std::string_view apex_text, std::string_view lines) {
    const dns::Name apex = name_of(apex_text);
    zone::ZoneBuilder builder(apex);
    std::istringstream in{std::string(lines)};
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string owner_text;
        std::string type_text;
        std::string rdata_text;
        std::uint32_t ttl = 0;
        if (!(words >> owner_text >> ttl >> type_text)) continue;
        std::getline(words >> std::ws, rdata_text);
        const bool one_label = owner_text.starts_with('~');
        const dns::Name owner = name_of(owner_text.substr(one_label ? 1 : 0), apex);
        const auto type = dns::parse_type(type_text);
        KITH_CHECK(type.has_value());
        const auto rdata = dns::rdata_from_text(*type, rdata_text, apex);
        KITH_CHECK(rdata.has_value());
        KITH_CHECK(builder.add(owner, *type, ttl, *rdata).has_value());
        if (one_label) builder.set_one_label_wildcard(owner);
    }
    zone::BuiltZone built = builder.finish();
    KITH_CHECK(built.zone != nullptr);
    return std::move(built.zone);
}

/// The records of a configuration that lie in no zone.
inline zone::ZonePtr records_of(std::string_view lines) {
    return zone_of(".", ". 0 SOA . . 0 0 0 0 0\n" + std::string(lines));
}

/// What a client sends besides its question.
struct Asking {
    Transport transport = Transport::udp;
    bool rd = false;
    bool edns = false;
    bool dnssec_ok = false;
    std::uint16_t payload_bytes = 1232;
    std::uint8_t version = 0;
    std::vector<std::uint8_t> options{};  // of OPT, whole
    dns::RrClass klass = dns::RrClass::IN;
    std::string_view client = "192.0.2.7";
    const FetchedAnswer* fetched = nullptr;
};

/// The message of `name type`.
inline std::vector<std::uint8_t> question_of(std::string_view question, const Asking& asking = {}) {
    std::istringstream words{std::string(question)};
    std::string name;
    std::string type;
    words >> name >> type;
    std::vector<std::uint8_t> buffer(dns::message_bytes_max);
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.header().id = 0x4b1d;
    if (asking.rd) builder.set_flag(dns::Header::rd);
    KITH_CHECK(builder.add_question(name_of(name), *dns::parse_type(type), asking.klass));
    if (asking.edns) {
        KITH_CHECK(builder.add_opt(asking.payload_bytes, dns::Rcode::NOERROR, asking.version,
                                   asking.dnssec_ok ? 0x8000 : 0, asking.options));
    }
    const Bytes message = builder.finish();
    return {message.begin(), message.end()};
}

/// A response as text: a line with rcode and flags (of aa, tc, ra, ad), a line per record with
/// its section in front, without class. OPT is left out. Empty for no response.
inline std::string text_of(Bytes message) {
    if (message.empty()) return "";
    const auto view = dns::MessageView::parse(message);
    if (!view) return "unreadable: " + view.error().to_text();
    std::string out = dns::rcode_name(view->rcode());
    const std::pair<std::uint16_t, const char*> flags[] = {{dns::Header::aa, " aa"},
                                                           {dns::Header::tc, " tc"},
                                                           {dns::Header::ra, " ra"},
                                                           {dns::Header::ad, " ad"}};
    for (const auto& [flag, text] : flags) {
        if (view->header().has(flag)) out += text;
    }
    out += '\n';
    const std::pair<dns::Section, const char*> sections[] = {
        {dns::Section::answer, ""},
        {dns::Section::authority, "authority "},
        {dns::Section::additional, "additional "}};
    for (const auto& [section, text] : sections) {
        view->for_each(section, [&](const dns::RecordView& record) {
            std::vector<std::uint8_t> rdata(dns::rdata_bytes_max);
            dns::Writer writer(rdata);
            KITH_CHECK(dns::expand_rdata(message, record, writer).has_value());
            out += text + record.owner.to_text() + ' ' + std::to_string(record.ttl) + ' ' +
                   dns::type_name(record.type) + ' ' +
                   dns::rdata_to_text(record.type, record.klass, writer.written()) + '\n';
        });
    }
    return out;
}

/// A question and what is answered, as question_of() and text_of() have them.
struct Row {
    const char* why;
    const char* question;
    const char* expected;
};

/// A snapshot with one worker that asks it.
struct World {
    explicit World(AnswerOptions options = {}, ForwardPort* forward = nullptr)
        : snapshot(std::move(options)), answerer(std::make_unique<Answerer>(forward)) {}

    World& zone(std::string_view apex, std::string_view lines) {
        std::vector<zone::ZonePtr> zones = snapshot.zones.zones();
        zones.push_back(zone_of(apex, lines));
        snapshot.zones = zone::ZoneSet(std::move(zones));
        return *this;
    }
    World& records(std::string_view lines) {
        snapshot.settings().records = records_of(lines);
        return *this;
    }
    World& rewrite(std::string_view name, const RewriteRule& rule) {
        snapshot.settings().rewrites.add(name_of(name), rule);
        return *this;
    }

    /// The response to `message`; good until the next one. Empty: none.
    Bytes send(Bytes message, const Asking& asking = {}) {
        query.message = message;
        query.client = {*IpAddress::from_text(asking.client), 40000, 0};
        query.local = {IpAddress::v4(192, 0, 2, 53), 53, 0};
        query.transport = asking.transport;
        query.unix_now = unix_now;
        query.fetched = asking.fetched;
        answerer->prepare(snapshot, query);
        const Answerer::Response response = answerer->respond(snapshot, query, buffer);
        verdict = response.verdict;
        return response.message;
    }
    /// The answer to `name type` as text_of() prints it.
    std::string ask(std::string_view question, const Asking& asking = {}) {
        const std::vector<std::uint8_t> message = question_of(question, asking);
        return text_of(send(message, asking));
    }

    AnswerSnapshot snapshot;
    std::unique_ptr<Answerer> answerer;
    Query query;
    UnixTime unix_now = 1'700'000'000;
    Verdict verdict = Verdict::drop;
    std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(dns::message_bytes_max);
};

}  // namespace kith::answer
