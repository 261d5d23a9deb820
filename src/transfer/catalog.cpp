#include "transfer/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"

namespace kith::transfer {
namespace {

using dns::Name;
using dns::NameView;
using dns::RrType;
using zone::NodeView;
using zone::RrSetView;

// Consumers that answer queries for the catalog must not keep it long; its TTLs mean nothing else.
constexpr std::uint32_t catalog_ttl = 0;
constexpr std::uint32_t soa_refresh = 3600, soa_retry = 600, soa_expire = 2'147'483'647,
                        soa_minimum = 0;

/// The labels of a node below the apex, the leftmost first, in lower case.
std::vector<std::string> labels_of(NodeView node) {
    std::vector<std::string> out;
    const Bytes owner = node.relative_owner();
    for (std::size_t at = 0; at < owner.size(); at += owner[at] + 1U) {
        std::string& label = out.emplace_back(as_text(owner.subspan(at + 1, owner[at])));
        for (char& byte : label)
            byte = static_cast<char>(dns::lower(static_cast<std::uint8_t>(byte)));
    }
    return out;
}

std::string to_string(Bytes bytes) { return std::string(as_text(bytes)); }

class Reader {
public:
    explicit Reader(const zone::Zone& catalog) : catalog_(catalog) {}

    Result<CatalogMembers, CatalogError> read();

private:
    using Done = Result<void, CatalogError>;

    Done read_version();
    Done read_node(NodeView node);
    Done read_member(NodeView node, const std::string& id, RrSetView pointers);
    Done read_property(NodeView node, const std::vector<std::string>& labels);
    Result<Name, CatalogError> read_single_pointer(NodeView node, RrSetView pointers) const;
    std::unexpected<CatalogError> broken(NodeView node, std::string text) const {
        return std::unexpected(CatalogError{node.owner(catalog_.apex()), std::move(text)});
    }

    const zone::Zone& catalog_;
    std::map<std::string, CatalogMember> by_id_;  // the zone is the root until its PTR was seen
    CatalogMembers members_;
};

Result<CatalogMembers, CatalogError> Reader::read() {
    KITH_TRY_VOID(read_version());
    for (zone::Cursor at = catalog_.first(); at; at.next()) KITH_TRY_VOID(read_node(at.node()));
    for (auto& [id, member] : by_id_) {
        if (member.zone.is_root()) continue;  // properties of no member mean nothing
        const Name zone = member.zone;
        if (!members_.emplace(zone, std::move(member)).second) {
            return std::unexpected(
                CatalogError{zone, fmt::format("{} is a member twice", zone.to_text())});
        }
    }
    return std::move(members_);
}

Result<void, CatalogError> Reader::read_version() {
    dns::NameBuilder builder;
    const bool fits = builder.append(as_bytes("version")) && builder.append(catalog_.apex());
    const NodeView node = fits ? catalog_.find_node(builder.finish()) : NodeView();
    const RrSetView texts = node ? node.find(RrType::TXT) : RrSetView();
    if (!texts) {
        return std::unexpected(
            CatalogError{catalog_.apex(), "no TXT record at \"version\": this is no catalog zone"});
    }
    if (texts.count() != 1) return broken(node, "expected one TXT record, found several");
    if (to_string(texts.rdata(0)) != "\0012") return broken(node, "expected schema version \"2\"");
    return {};
}

Result<void, CatalogError> Reader::read_node(NodeView node) {
    const int count = node.relative_labels();
    if (count < 2 || node.is_empty()) return {};
    const std::vector<std::string> labels = labels_of(node);
    if (labels.back() != "zones") return {};
    if (count == 2) {
        const RrSetView pointers = node.find(RrType::PTR);
        return pointers ? read_member(node, labels[0], pointers) : Done{};
    }
    return count == 3 ? read_property(node, labels) : Done{};
}

Result<Name, CatalogError> Reader::read_single_pointer(NodeView node, RrSetView pointers) const {
    if (pointers.count() != 1) return broken(node, "expected one PTR record, found several");
    const auto target = NameView::from_wire(pointers.rdata(0));
    KITH_CHECK(target.has_value());
    return Name(*target);
}

Result<void, CatalogError> Reader::read_member(NodeView node, const std::string& id,
                                               RrSetView pointers) {
    KITH_TRY(const Name target, read_single_pointer(node, pointers));
    if (target.is_root()) return broken(node, "the root cannot be a member");
    if (by_id_.size() >= catalog_members_max) {
        return broken(node, fmt::format("more than {} members", catalog_members_max));
    }
    CatalogMember& member = by_id_[id];
    member.zone = target.lowered();
    member.id = id;
    return {};
}

Result<void, CatalogError> Reader::read_property(NodeView node,
                                                 const std::vector<std::string>& labels) {
    const RrSetView pointers = node.find(RrType::PTR);
    const RrSetView texts = node.find(RrType::TXT);
    if (labels[0] == "coo" && pointers) {
        KITH_TRY(const Name target, read_single_pointer(node, pointers));
        by_id_[labels[1]].new_owner = target.lowered();
    } else if (labels[0] == "group" && texts) {
        std::vector<std::string>& groups = by_id_[labels[1]].groups;
        for (const Bytes rdata : texts) groups.push_back(to_string(rdata));
        std::ranges::sort(groups);
    }
    return {};
}

zone::Record make_record(const Name& owner, RrType type, std::vector<std::uint8_t> rdata) {
    return {owner, type, catalog_ttl, std::move(rdata), {}};
}

Name below(std::string_view label, const Name& parent) {
    dns::NameBuilder builder;
    const bool fits = builder.append(as_bytes(label)) && builder.append(parent.view());
    KITH_CHECK(fits);
    return builder.finish();
}

std::vector<std::uint8_t> to_bytes(std::string_view text) {
    const Bytes bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

std::vector<std::uint8_t> wire_of(const Name& name) {
    return {name.wire().begin(), name.wire().end()};
}

std::vector<std::uint8_t> soa_rdata(std::uint32_t serial) {
    std::vector<std::uint8_t> out = to_bytes(std::string_view("\7invalid\0\7invalid\0", 18));
    for (const std::uint32_t number : {serial, soa_refresh, soa_retry, soa_expire, soa_minimum}) {
        out.resize(out.size() + 4);
        store_u32(out.data() + out.size() - 4, number);
    }
    return out;
}

}  // namespace

std::string group_rdata(std::string_view text) {
    KITH_CHECK(text.size() <= catalog_group_bytes_max);
    return std::string(1, static_cast<char>(text.size())) + std::string(text);
}

Result<CatalogMembers, CatalogError> read_catalog(const zone::Zone& catalog) {
    return Reader(catalog).read();
}

CatalogPlan plan_catalog(const Name& catalog, const CatalogMembers& next,
                         const std::map<Name, Ownership>& owned) {
    CatalogPlan plan;
    for (const auto& [name, member] : next) {
        const auto at = owned.find(name);
        if (at == owned.end()) {
            plan.add.push_back(member);
        } else if (at->second.catalog == catalog) {
            const CatalogMember& now = at->second.member;
            if (now.id != member.id) {
                plan.reset.push_back(member);
            } else if (now != member) {
                plan.regroup.push_back(member);
            }
        } else if (at->second.member.new_owner == catalog) {
            plan.take.push_back(member);
        } else {
            plan.conflicts.push_back(name);
        }
    }
    for (const auto& [name, ownership] : owned) {
        if (ownership.catalog == catalog && !next.contains(name)) plan.remove.push_back(name);
    }
    return plan;
}

bool may_be_catalog(dns::NameView apex) { return apex.size() <= catalog_name_bytes_max; }

std::vector<zone::Record> write_catalog(const Name& apex, std::uint32_t serial,
                                        const CatalogMembers& members) {
    std::vector<zone::Record> out;
    out.push_back(make_record(apex, RrType::SOA, soa_rdata(serial)));
    out.push_back(make_record(apex, RrType::NS, to_bytes(std::string_view("\7invalid\0", 9))));
    out.push_back(make_record(below("version", apex), RrType::TXT, to_bytes("\0012")));
    const Name zones = below("zones", apex);
    for (const auto& [name, member] : members) {
        const Name owner = below(member.id, zones);
        out.push_back(make_record(owner, RrType::PTR, wire_of(name)));
        for (const std::string& group : member.groups) {
            out.push_back(make_record(below("group", owner), RrType::TXT, to_bytes(group)));
        }
        if (member.new_owner)
            out.push_back(
                make_record(below("coo", owner), RrType::PTR, wire_of(*member.new_owner)));
    }
    return out;
}

std::string member_id(const Name& zone, std::uint64_t salt) {
    // Not dns::name_hash(): that has another key with each start, and an id must stay.
    std::uint64_t hash = 0xcbf29ce484222325U ^ salt;
    for (const std::uint8_t byte : zone.wire()) {
        hash = (hash ^ dns::lower(byte)) * 0x100000001b3U;
        hash ^= hash >> 29;
    }
    return fmt::format("{:016x}", hash);
}

}  // namespace kith::transfer
