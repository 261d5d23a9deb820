#include "zone/zone_file_advice.hpp"

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/ip_address.hpp"
#include "dns/name_hash.hpp"
#include "dns/rdata.hpp"

namespace kith::zone {
namespace {

using dns::LookupName;

class Advisor {
public:
    Advisor(const AdviceContext& context, const Zone& zone, const FileRecord& record,
            ProblemList& problems)
        : context_(context), zone_(zone), record_(record), problems_(problems) {}

    void owner();
    void delegation();
    void place();
    void target();

private:
    void target_address(NameView target);
    void glue(NameView target, const Lookup& found);
    void warn(std::string text);

    const AdviceContext& context_;
    const Zone& zone_;
    const FileRecord& record_;
    ProblemList& problems_;
};

bool is_address(RrType type) { return type == RrType::A || type == RrType::AAAA; }

bool has_address(NodeView node) {
    return node && (node.find(RrType::A) || node.find(RrType::AAAA));
}

/// The target that has to be a host with addresses, if records of this type have one.
std::optional<NameView> host_target(const FileRecord& record) {
    switch (record.type) {
        case RrType::NS:
        case RrType::MX:
        case RrType::SRV: return dns::additional_target(record.type, record.rdata);
        default: return std::nullopt;
    }
}

/// What the author may have meant by a target that is not there.
std::string hint(NameView target, NameView apex) {
    if (apex.is_root()) return {};
    std::string front = target.to_text();
    front.resize(front.size() - apex.to_text().size());
    if (!front.empty()) front.pop_back();
    if (IpAddress::from_text(front)) return "; a name is expected here, not an address";
    const auto name = Name::from_text(front + ".");
    if (name && name->is_under(apex)) return "; is the dot missing at the end of the name?";
    return {};
}

void Advisor::warn(std::string text) {
    problems_.add({std::string(record_.file), record_.line, 0, std::move(text), Severity::warning});
}

void Advisor::owner() {
    const bool host = is_address(record_.type) || record_.type == RrType::MX;
    if (host && !is_host_name(record_.owner)) {
        warn(fmt::format(
            "{} is not a host name (letters, digits and inner hyphens), but has {} records",
            record_.owner.to_text(), dns::type_name(record_.type)));
    }
}

/// Records about a delegation where there cannot be one.
void Advisor::delegation() {
    const bool at_apex = record_.owner == zone_.apex();
    if (record_.type == RrType::NS && record_.owner.is_wildcard() && !at_apex) {
        warn(fmt::format(
            "{} has NS records, which mean nothing at a wildcard (RFC 4592 §4.2); BIND takes no zone with them",
            record_.owner.to_text()));
    }
    if (record_.type != RrType::DS) return;
    if (at_apex) {
        return warn(fmt::format("{} DS: DS records of a zone belong in its parent (RFC 4035 §2.4)",
                                record_.owner.to_text()));
    }
    const NodeView node = zone_.find_node(record_.owner);
    if (node && !node.find(RrType::NS)) {
        warn(fmt::format("{} has DS records, but no NS: nothing is delegated there (RFC 4035 §2.4)",
                         record_.owner.to_text()));
    }
}

/// Names below a cut or a DNAME are never answered, except as glue.
void Advisor::place() {
    if (!context_.has_occluded) return;
    const Lookup found = zone_.find(LookupName(record_.owner));
    const int labels = record_.owner.label_count();
    if (found.dname) {
        return warn(fmt::format("{} is below the DNAME of {} and so never answered (RFC 6672 §2.4)",
                                record_.owner.to_text(),
                                found.dname.owner(zone_.apex()).to_text()));
    }
    if (!found.cut) return;
    const bool glue =
        is_address(record_.type) && context_.name_servers.contains(dns::name_hash(record_.owner));
    if (glue) return;
    const bool at_cut = found.cut_labels == labels;
    const bool belongs_to_cut = record_.type == RrType::NS || record_.type == RrType::DS ||
                                record_.type == RrType::NSEC || record_.type == RrType::RRSIG;
    if (at_cut && belongs_to_cut) return;
    warn(fmt::format(
        "{} {} is {} the zone cut {} and not the address of a name server: it is never answered",
        record_.owner.to_text(), dns::type_name(record_.type), at_cut ? "at" : "below",
        found.cut.owner(zone_.apex()).to_text()));
}

void Advisor::target() {
    const auto name = host_target(record_);
    if (!name || name->is_root()) return;
    if (!is_host_name(*name)) {
        warn(
            fmt::format("{} names {}, which is not a host name (letters, digits and inner hyphens)",
                        dns::type_name(record_.type), name->to_text()));
    }
    if (name->is_under(zone_.apex())) target_address(*name);
}

void Advisor::target_address(NameView target) {
    const Lookup found = zone_.find(LookupName(target));
    if (found.cut) return glue(target, found);
    if (found.dname) return;
    const NodeView node = found.exact ? found.exact : found.wildcard;
    const std::string type = dns::type_name(record_.type);
    if (node && node.has_cname()) {
        return warn(fmt::format(
            "{} names {}, which is an alias (CNAME); name the host itself (RFC 2181 §10.3)", type,
            target.to_text()));
    }
    if (!has_address(node)) {
        warn(fmt::format("{} names {}, which has no address in this zone{}", type, target.to_text(),
                         hint(target, zone_.apex())));
    }
}

/// A name server inside the zone it serves can only be found by glue (RFC 9471 §2). One below
/// another cut has its addresses there.
void Advisor::glue(NameView target, const Lookup& found) {
    if (record_.type != RrType::NS || !target.is_under(record_.owner) || has_address(found.exact))
        return;
    warn(fmt::format(
        "NS names {}, which is inside the delegated zone and has no address (glue) here: nobody can find it",
        target.to_text()));
}

/// Letters, digits, hyphens not at the ends.
bool is_host_label(Bytes label) {
    const auto is_letter_or_digit = [](std::uint8_t byte) {
        const std::uint8_t low = dns::lower(byte);
        return (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9');
    };
    if (!is_letter_or_digit(label.front()) || !is_letter_or_digit(label.back())) return false;
    for (const std::uint8_t byte : label) {
        if (byte != '-' && !is_letter_or_digit(byte)) return false;
    }
    return true;
}

}  // namespace

bool is_host_name(dns::NameView name) {
    if (name.is_wildcard()) name = name.parent();
    for (; !name.is_root(); name = name.parent()) {
        if (!is_host_label(name.first_label())) return false;
    }
    return true;
}

void learn(AdviceContext& context, const FileRecord& record, dns::NameView apex) {
    if (record.type == RrType::DNAME) context.has_occluded = true;
    if (record.type != RrType::NS) return;
    if (record.owner != apex) context.has_occluded = true;
    if (const auto target = host_target(record))
        context.name_servers.insert(dns::name_hash(*target));
}

void advise(const AdviceContext& context, const Zone& zone, const FileRecord& record,
            ProblemList& problems) {
    Advisor advisor(context, zone, record, problems);
    advisor.owner();
    advisor.delegation();
    advisor.place();
    advisor.target();
}

}  // namespace kith::zone
