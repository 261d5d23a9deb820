#pragma once
// For tests of this module: keys made once, zones signed, and what a signed zone holds but for the
// bytes and times of its signatures.

#include <algorithm>
#include <string>
#include <vector>

#include "dnssec/zone_signer.hpp"
#include "zone/zone_testing.hpp"

namespace kith::dnssec::test {

using zone::Record;
using zone::Zone;
using zone::ZoneChange;
using zone::ZonePtr;
using zone::test::name;
using zone::test::record;
using zone::test::records;

inline constexpr UnixTime now = 1800000000;  // 2027-01-15

inline crypto::PrivateKey private_key(crypto::Algorithm algorithm) {
    const auto key = crypto::PrivateKey::generate(algorithm, 1024);
    EXPECT_TRUE(key.has_value());
    return *key;
}

inline ZoneKey zone_key(std::uint16_t flags,
                        crypto::Algorithm algorithm = crypto::Algorithm::ED25519) {
    return ZoneKey(flags, private_key(algorithm));
}

/// A key that signs keys and one that signs the zone.
inline KeySet split_keys(crypto::Algorithm algorithm = crypto::Algorithm::ED25519) {
    return use_by_flags({zone_key(ksk_flags, algorithm), zone_key(zsk_flags, algorithm)});
}

/// Changes come from the signer itself here, so that nothing of them may be refused.
inline ZonePtr applied(const ZonePtr& base, const ZoneChange& change) {
    auto next = zone::apply_change(base, change, zone::file_bounds);
    EXPECT_TRUE(next.has_value()) << (next ? "" : zone::fault_text(next.error().fault)) << " at "
                                  << (next ? "" : next.error().owner.to_text()) << " "
                                  << (next ? "" : dns::type_name(next.error().type));
    return next ? *next : base;
}

inline ZonePtr signed_by(ZoneSigner& signer, const ZonePtr& zone, UnixTime at = now) {
    SeededRng rng(7);
    const auto change = signer.sign(*zone, at, rng);
    EXPECT_TRUE(change.has_value()) << (change ? "" : fault_text(change.error().fault));
    return change ? applied(zone, *change) : zone;
}

/// "owner ttl type rdata", sorted; of signatures what does not depend on when they were made.
inline std::vector<std::string> shape(const Zone& zone) {
    std::vector<std::string> lines;
    zone.for_each_in_order([&](const Name& owner, zone::NodeView node) {
        std::vector<std::string> here;
        for (const zone::RrSetView rrset : node.rrsets()) {
            for (const Bytes rdata : rrset) {
                std::string line = owner.lowered().to_text() + " " +
                                   std::to_string(rrset.record_ttl(rdata)) + " " +
                                   dns::type_name(rrset.type()) + " ";
                const auto rrsig =
                    rrset.type() == RrType::RRSIG ? Rrsig::read(rdata) : std::nullopt;
                if (rrsig) {
                    line += dns::type_name(rrsig->covered) + " " +
                            std::to_string(rrsig->algorithm) + " " + std::to_string(rrsig->labels) +
                            " " + std::to_string(rrsig->original_ttl) + " " +
                            std::to_string(rrsig->key_tag) + " " + rrsig->signer.to_text();
                } else {
                    line += dns::rdata_to_text(rrset.type(), zone.klass(), rdata);
                }
                here.push_back(std::move(line));
            }
        }
        std::ranges::sort(here);
        lines.insert(lines.end(), here.begin(), here.end());
    });
    return lines;
}

/// Lines of `shape` of this type at this owner, without owner and TTL.
inline std::vector<std::string> lines_of(const std::vector<std::string>& shape,
                                         std::string_view owner, std::string_view type) {
    std::vector<std::string> out;
    for (const std::string& line : shape) {
        const std::size_t ttl = line.find(' ') + 1;
        const std::size_t word = line.find(' ', ttl) + 1;
        if (line.substr(0, ttl - 1) != owner ||
            line.substr(word, type.size() + 1) != std::string(type) + " ")
            continue;
        out.push_back(line.substr(word));
    }
    return out;
}

}  // namespace kith::dnssec::test
