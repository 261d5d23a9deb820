// A script of changes to a zone. After each one the zone must be what a builder makes of the same
// records, found and ordered alike; refused changes must leave it alone; and versions that are kept
// must stay what they were while others come and go.

#include <algorithm>
#include <string>
#include <vector>

#include "support.hpp"
#include "zone/builder.hpp"
#include "zone/change.hpp"

namespace {

using namespace kith;
using namespace kith::zone;

using fuzz::must;

class Script : public fuzz::ScriptBytes {
public:
    using ScriptBytes::ScriptBytes;

    /// Few labels, so that names stand above and below each other.
    Name name(NameView apex) {
        dns::NameBuilder builder;
        constexpr std::string_view labels[] = {
            "a", "A", "*", std::string_view("\0", 1), "\1", "longlabel", "longlabex", "z"};
        const std::uint8_t choice = next();
        for (int left = choice >> 6; left > 0; --left)
            must(builder.append(as_bytes(labels[next() % 8U])));
        must(builder.append(apex));
        return builder.finish();
    }
    Record record(NameView apex) {
        constexpr RrType types[] = {RrType::A,   RrType::NS, RrType::DNAME, RrType::CNAME,
                                    RrType::TXT, RrType::MX, RrType::RRSIG, RrType::NULL_};
        Record out{name(apex), types[next() % 8U], next() % 4U, {}, {}};
        const std::uint8_t value = next();
        const std::uint8_t letter = (value & 1) != 0 ? 'm' : 'M';
        switch (out.type) {
            case RrType::A: out.rdata = {10, 0, 0, static_cast<std::uint8_t>(value % 4)}; break;
            case RrType::NS:
            case RrType::DNAME:
            case RrType::CNAME: out.rdata = {1, letter, 0}; break;
            case RrType::MX:
                out.rdata = {0, static_cast<std::uint8_t>(value % 3), 1, letter, 0};
                break;
            case RrType::TXT:
                out.rdata.assign(2U + value % 3U, 'x');
                out.rdata[0] = static_cast<std::uint8_t>(1 + value % 3);
                break;
            default: out.rdata.assign(value, letter); break;
        }
        if (out.type == RrType::RRSIG) out.rdata.assign(24, letter);
        if (value > 200) out.provenance = {1, value, 3};
        return out;
    }
};

/// All there is to see of a zone, in order. RRsets are sorted: order inside one means nothing.
std::string picture(const Zone& zone) {
    std::string out;
    zone.for_each_in_order([&](const Name& owner, NodeView node) {
        out += owner.lowered().to_text();
        out += static_cast<char>(node.flags() & ~unsigned{node_from_change});
        for (const RrSetView set : node.rrsets()) {
            std::vector<std::string> rrset;
            for (int i = 0; i < set.count(); ++i) {
                rrset.push_back(std::string(as_text(set.rdata(i))) +
                                std::to_string(set.provenance(i).owner));
            }
            std::ranges::sort(rrset);
            out += dns::type_name(set.type()) + std::to_string(set.ttl());
            for (const std::string& rdata : rrset) out += "|" + rdata;
        }
        must(zone.find_node(owner) == node);
    });
    return out + std::to_string(zone.node_count()) + "/" + std::to_string(zone.record_count());
}

ZonePtr rebuilt(const Zone& zone) {
    ZoneBuilder builder(zone.apex());
    zone.for_each_in_order([&](const Name& owner, NodeView node) {
        for (const RrSetView set : node.rrsets()) {
            for (int i = 0; i < set.count(); ++i) {
                must(builder.add(owner, set.type(), set.ttl(), set.rdata(i), 1, set.provenance(i))
                         .has_value());
            }
        }
    });
    BuiltZone built = builder.finish();
    must(built.problems.empty() && built.zone != nullptr);
    return built.zone;
}

std::string seen(const Zone& zone, const dns::LookupName& name) {
    const Lookup found = zone.find(name);
    std::string out;
    for (const NodeView node :
         {found.exact, found.encloser, found.cut, found.dname, found.wildcard}) {
        out += node ? node.owner(zone.apex()).lowered().to_text() : "-";
        out += ' ';
    }
    const NodeView before = zone.predecessor(name.view());
    out += before ? before.owner(zone.apex()).lowered().to_text() : "-";
    return out + std::to_string(found.encloser_labels) + "," + std::to_string(found.cut_labels) +
           "," + std::to_string(found.dname_labels);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 2048) return 0;
    Script script(Bytes(data, size));
    const Name apex = *Name::from_text("example.");
    ZoneBuilder builder(apex);
    const std::uint8_t soa[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5};
    must(builder.add(apex, RrType::SOA, 300, soa).has_value());
    struct Kept {
        ZonePtr zone;
        std::string picture;
    };
    std::vector<Kept> kept;
    kept.push_back({builder.finish().zone, {}});
    kept.back().picture = picture(*kept.back().zone);
    while (!script.at_end()) {
        const ZonePtr base = kept.back().zone;
        ZoneChange change{apex, base->serial(), base->serial() + 1, {}, {}};
        const std::uint8_t plan = script.next();
        for (int left = plan % 4; left > 0; --left) change.added.push_back(script.record(apex));
        for (int left = plan / 4 % 4; left > 0; --left)
            change.removed.push_back(script.record(apex));
        const auto next = apply_change(base, change);
        if (!next) {
            must(picture(*base) == kept.back().picture);
            continue;
        }
        const ZonePtr fresh = rebuilt(**next);
        const std::string now = picture(**next);
        must(now == picture(*fresh));
        const dns::LookupName query(script.name(apex));
        must(seen(**next, query) == seen(*fresh, query));
        const ZoneChange none = difference(**next, *fresh);
        must(none.removed.empty() && none.added.empty());
        const auto again = apply_change(base, difference(*base, **next), file_bounds);
        must(again.has_value() && picture(**again) == now);
        kept.push_back({*next, now});
        if (kept.size() > 1U + plan / 16U % 4U)
            kept.erase(kept.begin() + plan / 64 % static_cast<int>(kept.size() - 1));
        for (const Kept& each : kept) must(picture(*each.zone) == each.picture);
    }
    return 0;
}
