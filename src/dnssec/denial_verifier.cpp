// The chains of NSEC and NSEC3, checked against the names of the zone. It shares with signing only what
// a name is (standing.hpp): how the chain is made is done anew here, the other way around.

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "dnssec/flaw_list.hpp"
#include "dnssec/nsec3.hpp"
#include "dnssec/standing.hpp"
#include "dnssec/type_bitmap.hpp"

namespace kith::dnssec {
namespace {

using zone::NodeView;
using zone::RrSetView;
using zone::Zone;
using Types = std::vector<RrType>;

std::string types_text(const Types& types) {
    std::string text;
    for (const RrType type : types) text += (text.empty() ? "" : " ") + dns::type_name(type);
    return text.empty() ? "no types" : text;
}

Types types_of_data(NodeView node, Standing standing) {
    Types types;
    for (const RrSetView rrset : node.rrsets()) {
        if (is_shown_here(standing, rrset.type())) types.push_back(rrset.type());
    }
    return types;
}

class NsecCheck {
public:
    NsecCheck(const Zone& zone, FlawList& flaws) : zone_(zone), flaws_(flaws) {}

    void run() {
        std::optional<Name> expected;  // what the NSEC before says comes next
        Name last = zone_.apex();
        zone_.for_each_in_order([&](const Name& owner, NodeView node) {
            const Standing standing = standing_of(zone_, node);
            const RrSetView nsec = node.find(RrType::NSEC);
            if (!has_nsec(standing)) {
                if (nsec)
                    flaws_.add(owner, RrType::NSEC, "an NSEC at a name that is not the zone's own");
                return;
            }
            if (expected && *expected != owner) wrong_next(last, *expected, owner);
            expected.reset();
            last = owner;
            if (!nsec)
                return flaws_.add(owner, RrType::NSEC, "expected an NSEC record, found none");
            if (nsec.count() > 1) {
                return flaws_.add(owner, RrType::NSEC, "expected one NSEC record, found several");
            }
            expected = check_one(owner, node, standing, nsec.rdata(0));
        });
        if (expected && *expected != Name(zone_.apex())) wrong_next(last, *expected, zone_.apex());
    }

private:
    void wrong_next(NameView owner, NameView found, NameView next) {
        flaws_.add(
            owner, RrType::NSEC,
            fmt::format("expected the next name {}, found {}", next.to_text(), found.to_text()));
    }
    std::optional<Name> check_one(const Name& owner, NodeView node, Standing standing,
                                  Bytes rdata) {
        const auto next = NameView::from_wire(rdata);
        if (!next) {
            flaws_.add(owner, RrType::NSEC, "the NSEC record is not well-formed");
            return std::nullopt;
        }
        Types types = types_of_data(node, standing);
        types.push_back(RrType::RRSIG);
        types.push_back(RrType::NSEC);
        std::ranges::sort(types);
        const Types shown = read_type_bitmap(rdata.subspan(next->size()));
        if (types != shown) {
            flaws_.add(owner, RrType::NSEC,
                       fmt::format("expected a bitmap of {}, found {}", types_text(types),
                                   types_text(shown)));
        }
        return Name(*next);
    }

    const Zone& zone_;
    FlawList& flaws_;
};

class Nsec3Check {
public:
    Nsec3Check(const Zone& zone, Nsec3Parameters parameters, FlawList& flaws)
        : zone_(zone), flaws_(flaws), hasher_(std::move(parameters)) {}

    void run() {
        read_names();
        read_records();
        check_order();
        for (const auto& [hash, expected] : names_) check_name(hash, expected);
    }

private:
    struct Expected {
        Name owner;
        Types types;
        bool is_required;
    };
    struct Found {
        std::uint8_t flags;
        Nsec3Hash next;
        Types types;
    };

    void read_names();
    void read_records();
    void read_record(const Name& owner, Bytes rdata);
    void check_order();
    void check_name(const Nsec3Hash& hash, const Expected& expected);
    bool is_opted_out(const Nsec3Hash& hash) const;

    const Zone& zone_;
    FlawList& flaws_;
    Nsec3Hasher hasher_;
    std::map<Nsec3Hash, Expected> names_;
    std::map<Nsec3Hash, Found> records_;
};

void Nsec3Check::read_names() {
    // Empty non-terminals above the present name: required if a required name stands below.
    std::vector<std::pair<Name, Nsec3Hash>> above;
    zone_.for_each_in_order([&](const Name& owner, NodeView node) {
        const Standing standing = standing_of(zone_, node);
        if (standing == Standing::absent) return;
        while (!above.empty() && !owner.is_under(above.back().first)) above.pop_back();
        const Nsec3Hash hash = hasher_.hash(owner);
        Types types = types_of_data(node, standing);
        const bool is_signed =
            std::ranges::any_of(types, [&](RrType type) { return is_signed_here(standing, type); });
        if (is_signed) types.push_back(RrType::RRSIG);
        std::ranges::sort(types);
        const bool is_required =
            standing != Standing::insecure_delegation && standing != Standing::empty;
        names_.emplace(hash, Expected{owner, std::move(types), is_required});
        if (standing == Standing::empty) above.emplace_back(owner, hash);
        if (!is_required) return;
        for (const auto& [name, its_hash] : above) names_.at(its_hash).is_required = true;
    });
}

void Nsec3Check::read_records() {
    zone_.for_each_in_order([this](const Name& owner, NodeView node) {
        const RrSetView nsec3s = node.find(RrType::NSEC3);
        if (!nsec3s) return;
        for (const Bytes rdata : nsec3s) read_record(owner, rdata);
    });
}

void Nsec3Check::read_record(const Name& owner, Bytes rdata) {
    const auto head = Nsec3Head::read(rdata);
    if (!head || head->algorithm != nsec3_sha1 || head->rest.size() < 21 || head->rest[0] != 20) {
        return flaws_.add(owner, RrType::NSEC3,
                          "the NSEC3 record is not well-formed, or not of SHA-1");
    }
    const Nsec3Parameters& parameters = hasher_.parameters();
    if (head->iterations != parameters.iterations ||
        !std::ranges::equal(head->salt, parameters.salt)) {
        return;  // of another chain
    }
    const auto hash = nsec3_hash_of(owner, zone_.apex());
    if (!hash) {
        return flaws_.add(owner, RrType::NSEC3,
                          "expected a hash in front of the apex as the owner's only label");
    }
    Found found{head->flags, {}, read_type_bitmap(head->rest.subspan(21))};
    std::ranges::copy(head->rest.subspan(1, 20), found.next.begin());
    if (!records_.emplace(*hash, std::move(found)).second) {
        flaws_.add(owner, RrType::NSEC3, "two NSEC3 records with the same owner and parameters");
    }
    if (!names_.contains(*hash)) {
        flaws_.add(owner, RrType::NSEC3, "an NSEC3 record of a name that is not in the zone");
    }
}

void Nsec3Check::check_order() {
    for (auto at = records_.begin(); at != records_.end(); ++at) {
        const auto after = std::next(at) == records_.end() ? records_.begin() : std::next(at);
        const Name owner = nsec3_owner(at->first, zone_.apex());
        if (at->second.next != after->first) {
            flaws_.add(owner, RrType::NSEC3,
                       fmt::format("expected the next hashed owner {}, found {}",
                                   nsec3_owner(after->first, zone_.apex()).to_text(),
                                   nsec3_owner(at->second.next, zone_.apex()).to_text()));
        }
        if ((at->second.flags & ~nsec3_opt_out) != 0) {
            flaws_.add(owner, RrType::NSEC3,
                       fmt::format("expected no flag but opt-out, found {}", at->second.flags));
        }
    }
}

bool Nsec3Check::is_opted_out(const Nsec3Hash& hash) const {
    if (records_.empty()) return false;
    auto at = records_.upper_bound(hash);
    at = at == records_.begin() ? std::prev(records_.end()) : std::prev(at);
    return (at->second.flags & nsec3_opt_out) != 0;
}

void Nsec3Check::check_name(const Nsec3Hash& hash, const Expected& expected) {
    const auto found = records_.find(hash);
    if (found == records_.end()) {
        if (!expected.is_required && is_opted_out(hash)) return;
        return flaws_.add(expected.owner, RrType::NSEC3,
                          fmt::format("expected an NSEC3 record at {}, found none",
                                      nsec3_owner(hash, zone_.apex()).to_text()));
    }
    if (found->second.types != expected.types) {
        flaws_.add(expected.owner, RrType::NSEC3,
                   fmt::format(
                       "expected a bitmap of {} at {}, found {}", types_text(expected.types),
                       nsec3_owner(hash, zone_.apex()).to_text(), types_text(found->second.types)));
    }
}

}  // namespace

void verify_denial(const Zone& zone, FlawList& flaws) {
    const NodeView apex = zone.apex_node();
    const RrSetView params = apex.find(RrType::NSEC3PARAM);
    if (!apex.find(RrType::NSEC) && !params) {
        flaws.add(
            zone.apex(), RrType::NSEC,
            "expected NSEC or NSEC3PARAM at the apex, found neither: names that are not there cannot be denied");
        return;
    }
    if (apex.find(RrType::NSEC)) NsecCheck(zone, flaws).run();
    if (!params) return;
    if (!has_room_for_nsec3(zone.apex())) {
        return flaws.add(zone.apex(), RrType::NSEC3PARAM,
                         "the name of the zone is too long for NSEC3, whose owners put 33 bytes in "
                         "front of it");
    }
    for (const Bytes rdata : params) {
        const auto head = Nsec3Head::read(rdata);
        if (!head || head->algorithm != nsec3_sha1 || head->flags != 0) {
            flaws.add(zone.apex(), RrType::NSEC3PARAM,
                      "parameters that validators ignore (RFC 5155 §4.1)");
            continue;
        }
        if (head->iterations > nsec3_iterations_checked_max) {
            flaws.add(
                zone.apex(), RrType::NSEC3PARAM,
                fmt::format(
                    "{} iterations: more than are checked, and more than validators accept (RFC 9276 §3.2)",
                    head->iterations));
            continue;
        }
        Nsec3Check(zone, {head->iterations, {head->salt.begin(), head->salt.end()}}, flaws).run();
    }
}

}  // namespace kith::dnssec
