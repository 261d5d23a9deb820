#pragma once
// For tests of signed answers: zones whose signatures say what they cover and nothing else, answers
// printed without RDATA, and the zones of RFC 4035 and RFC 5155.

#include "answer/test_world.hpp"

namespace kith::answer {

/// Lines as zone_of() reads them, for a zone below the root of names with final dots. A line that
/// begins with "+" is the first of its RRset, which is signed: with `signature_bytes` zeros.
inline zone::ZonePtr signed_zone_of(std::string_view apex_text, std::string_view lines,
                                    std::size_t signature_bytes = 64) {
    const dns::Name apex = name_of(apex_text);
    zone::ZoneBuilder builder(apex);
    std::istringstream in{std::string(lines)};
    for (std::string line; std::getline(in, line);) {
        const bool is_signed = line.starts_with('+');
        std::istringstream words(line.substr(is_signed ? 1 : 0));
        std::string owner_text;
        std::string type_text;
        std::string rdata_text;
        std::uint32_t ttl = 0;
        if (!(words >> owner_text >> ttl >> type_text)) continue;
        std::getline(words >> std::ws, rdata_text);
        const dns::Name owner = name_of(owner_text, apex);
        const dns::RrType type = *dns::parse_type(type_text);
        const auto rdata = dns::rdata_from_text(type, rdata_text, apex);
        KITH_CHECK(rdata.has_value());
        KITH_CHECK(builder.add(owner, type, ttl, *rdata).has_value());
        if (!is_signed) continue;
        std::vector<std::uint8_t> rrsig(18);
        const int labels = owner.label_count() - (owner.is_wildcard() ? 2 : 1);
        store_u16(rrsig.data(), static_cast<std::uint16_t>(type));
        rrsig[2] = 13;
        rrsig[3] = static_cast<std::uint8_t>(labels);
        store_u32(rrsig.data() + 4, ttl);
        rrsig.insert(rrsig.end(), apex.wire().begin(), apex.wire().end());
        rrsig.insert(rrsig.end(), signature_bytes, 0);
        KITH_CHECK(builder.add(owner, dns::RrType::RRSIG, ttl, rrsig).has_value());
    }
    zone::BuiltZone built = builder.finish();
    KITH_CHECK(built.zone != nullptr);
    return std::move(built.zone);
}

/// A response as text: rcode, flags and the extended error; then owner and type of each record, with the
/// section in front and, of signatures, what they cover.
inline std::string brief_of(Bytes message) {
    const auto view = dns::MessageView::parse(message);
    if (!view) return "unreadable";
    std::string out = dns::rcode_name(view->rcode());
    const std::pair<std::uint16_t, const char*> flags[] = {{dns::Header::aa, " aa"},
                                                           {dns::Header::tc, " tc"},
                                                           {dns::Header::ad, " ad"},
                                                           {dns::Header::cd, " cd"}};
    for (const auto& [flag, text] : flags) {
        if (view->header().has(flag)) out += text;
    }
    if (view->edns()) {
        if (const auto error = view->edns()->option(dns::OptionCode::EDE)) {
            out += " ede" + std::to_string(load_u16(error->data()));
        }
    }
    out += '\n';
    const std::pair<dns::Section, const char*> sections[] = {{dns::Section::answer, ""},
                                                             {dns::Section::authority, "- "},
                                                             {dns::Section::additional, "+ "}};
    for (const auto& [section, text] : sections) {
        view->for_each(section, [&](const dns::RecordView& record) {
            out += text + record.owner.to_text() + ' ' + dns::type_name(record.type);
            if (record.type == dns::RrType::RRSIG) {
                const auto covered = static_cast<dns::RrType>(load_u16(record.rdata.data()));
                out += "(" + dns::type_name(covered) + ")";
            }
            out += '\n';
        });
    }
    return out;
}

inline const Asking with_do{.edns = true, .dnssec_ok = true};

inline std::string brief(World& world, std::string_view question, const Asking& asking = with_do) {
    const std::vector<std::uint8_t> message = question_of(question, asking);
    return brief_of(world.send(message, asking));
}

inline World signed_world(std::string_view apex, std::string_view lines,
                          std::size_t signature_bytes = 64) {
    World world;
    world.snapshot.zones = zone::ZoneSet({signed_zone_of(apex, lines, signature_bytes)});
    return world;
}

/// RFC 4035 Appendix A; keys are shorter here.
inline constexpr std::string_view rfc4035_zone = R"(
+ example. 3600 SOA ns1.example. bugs.x.w.example. 1081539377 3600 300 3600000 3600
+ example. 3600 NS ns1.example.
  example. 3600 NS ns2.example.
+ example. 3600 MX 1 xx.example.
+ example. 3600 NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY
+ example. 3600 DNSKEY 256 3 5 AQOy1bZVvpPqhg4j7EJoM9rI3ZmyEx2O
  example. 3600 DNSKEY 257 3 5 AQOeX7+baTmvpVHb2CcLnL1dMRWbuscR
  a.example. 3600 NS ns1.a.example.
  a.example. 3600 NS ns2.a.example.
+ a.example. 3600 DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B
+ a.example. 3600 NSEC ai.example. NS DS RRSIG NSEC
  ns1.a.example. 3600 A 192.0.2.5
  ns2.a.example. 3600 A 192.0.2.6
+ ai.example. 3600 A 192.0.2.9
+ ai.example. 3600 HINFO "KLH-10" "ITS"
+ ai.example. 3600 AAAA 2001:db8::f00:baa9
+ ai.example. 3600 NSEC b.example. A HINFO AAAA RRSIG NSEC
  b.example. 3600 NS ns1.b.example.
  b.example. 3600 NS ns2.b.example.
+ b.example. 3600 NSEC ns1.example. NS RRSIG NSEC
  ns1.b.example. 3600 A 192.0.2.7
  ns2.b.example. 3600 A 192.0.2.8
+ ns1.example. 3600 A 192.0.2.1
+ ns1.example. 3600 NSEC ns2.example. A RRSIG NSEC
+ ns2.example. 3600 A 192.0.2.2
+ ns2.example. 3600 NSEC *.w.example. A RRSIG NSEC
+ *.w.example. 3600 MX 1 ai.example.
+ *.w.example. 3600 NSEC x.w.example. MX RRSIG NSEC
+ x.w.example. 3600 MX 1 xx.example.
+ x.w.example. 3600 NSEC x.y.w.example. MX RRSIG NSEC
+ x.y.w.example. 3600 MX 1 xx.example.
+ x.y.w.example. 3600 NSEC xx.example. MX RRSIG NSEC
+ xx.example. 3600 A 192.0.2.10
+ xx.example. 3600 HINFO "KLH-10" "TOPS-20"
+ xx.example. 3600 AAAA 2001:db8::f00:baaa
+ xx.example. 3600 NSEC example. A HINFO AAAA RRSIG NSEC
)";

/// RFC 5155 Appendix A.
inline constexpr std::string_view rfc5155_zone = R"(
+ example. 3600 SOA ns1.example. bugs.x.w.example. 1 3600 300 3600000 3600
+ example. 3600 NS ns1.example.
  example. 3600 NS ns2.example.
+ example. 3600 MX 1 xx.example.
+ example. 3600 DNSKEY 256 3 7 AwEAAaetidLzsKWUt4swWR8yu0wPHPiUi8LU
  example. 3600 DNSKEY 257 3 7 AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJ
+ example. 3600 NSEC3PARAM 1 0 12 aabbccdd
+ 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 3600 NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG
+ 2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. 3600 A 192.0.2.127
+ 2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. 3600 NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG
+ 2vptu5timamqttgl4luu9kg21e0aor3s.example. 3600 NSEC3 1 1 12 aabbccdd 35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG
+ 35mthgpgcu1qg68fab165klnsnk3dpvl.example. 3600 NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG
  a.example. 3600 NS ns1.a.example.
  a.example. 3600 NS ns2.a.example.
+ a.example. 3600 DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C
  ns1.a.example. 3600 A 192.0.2.5
  ns2.a.example. 3600 A 192.0.2.6
+ ai.example. 3600 A 192.0.2.9
+ ai.example. 3600 HINFO "KLH-10" "ITS"
+ ai.example. 3600 AAAA 2001:db8:0:0:0:0:f00:baa9
+ b4um86eghhds6nea196smvmlo4ors995.example. 3600 NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG
  c.example. 3600 NS ns1.c.example.
  c.example. 3600 NS ns2.c.example.
  ns1.c.example. 3600 A 192.0.2.7
  ns2.c.example. 3600 A 192.0.2.8
+ gjeqe526plbf1g8mklp59enfd789njgi.example. 3600 NSEC3 1 1 12 aabbccdd ji6neoaepv8b5o6k4ev33abha8ht9fgc HINFO A AAAA RRSIG
+ ji6neoaepv8b5o6k4ev33abha8ht9fgc.example. 3600 NSEC3 1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h
+ k8udemvp1j2f7eg6jebps17vp3n8i58h.example. 3600 NSEC3 1 1 12 aabbccdd kohar7mbb8dc2ce8a9qvl8hon4k53uhi
+ kohar7mbb8dc2ce8a9qvl8hon4k53uhi.example. 3600 NSEC3 1 1 12 aabbccdd q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG
+ ns1.example. 3600 A 192.0.2.1
+ ns2.example. 3600 A 192.0.2.2
+ q04jkcevqvmu85r014c7dkba38o0ji5r.example. 3600 NSEC3 1 1 12 aabbccdd r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG
+ r53bq7cc2uvmubfu5ocmm6pers9tk9en.example. 3600 NSEC3 1 1 12 aabbccdd t644ebqk9bibcna874givr6joj62mlhv MX RRSIG
+ t644ebqk9bibcna874givr6joj62mlhv.example. 3600 NSEC3 1 1 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom HINFO A AAAA RRSIG
+ *.w.example. 3600 MX 1 ai.example.
+ x.w.example. 3600 MX 1 xx.example.
+ x.y.w.example. 3600 MX 1 xx.example.
+ xx.example. 3600 A 192.0.2.10
+ xx.example. 3600 HINFO "KLH-10" "TOPS-20"
+ xx.example. 3600 AAAA 2001:db8:0:0:0:0:f00:baaa
)";

}  // namespace kith::answer
