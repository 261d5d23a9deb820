#include "config/plan.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "config/problem_list.hpp"
#include "config/rdata_value.hpp"
#include "config/rrsets.hpp"
#include "config/text.hpp"
#include "dns/rdata.hpp"

namespace kith::config {
namespace {

using dns::Name;
using dns::NameView;
using dns::RrType;

constexpr std::uint32_t ns_ttl = 300;  // seconds: what a record without a ttl gets

/// A name in lower case as a key of a hash table.
std::string key_of(NameView name) {
    std::string out(as_text(name.wire()));
    std::ranges::transform(out, out.begin(), [](char c) {
        return static_cast<char>(dns::lower(static_cast<std::uint8_t>(c)));
    });
    return out;
}

struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
        return std::hash<std::string_view>()(key);
    }
};
template <class T>
using ByName = std::unordered_map<std::string, T, KeyHash, std::equal_to<>>;
using NameSet = std::unordered_set<std::string, KeyHash, std::equal_to<>>;

/// `4.3.2.1.in-addr.arpa.` or its IPv6 kin (RFC 1035 §3.5, RFC 3596 §2.5).
Name reverse_name(Bytes address) {
    dns::NameBuilder out;
    constexpr std::string_view hex = "0123456789abcdef";
    const auto label = [&out](std::string_view text) { KITH_CHECK(out.append(as_bytes(text))); };
    for (std::size_t i = address.size(); i-- > 0;) {
        if (address.size() == 4) {
            label(std::to_string(address[i]));
        } else {
            label(hex.substr(address[i] & 15U, 1));
            label(hex.substr(address[i] >> 4U, 1));
        }
    }
    label(address.size() == 4 ? "in-addr" : "ip6");
    label("arpa");
    return out.finish();
}

/// A mailbox as the SOA wants it: `joe.doe@example.lan` is `joe\.doe.example.lan` (RFC 1035 §8).
std::string mailbox_text(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == text.npos || text == "@") return std::string(text);
    std::string out;
    for (const char c : text.substr(0, at)) out += c == '.' ? "\\." : std::string(1, c);
    return out + '.' + std::string(text.substr(at + 1));
}

class Planner {
public:
    Planner(const Config& config, Plan& plan, ProblemList& problems)
        : config_(config), plan_(plan), problems_(problems) {}

    void run() {
        for (const Zone& zone : config_.zones) add_zone(zone);
        for (const Record& record : config_.records) add_record(record);
        if (!reverse_.empty()) add_reverse();
        for (PlannedZone& zone : plan_.zones) check_rrsets(zone.records, config_, problems_);
        check_rrsets(plan_.overlay, config_, problems_);
        check_name_servers();
        for (const Rewrite& rewrite : config_.rewrites) add_rewrite(rewrite);
        for (const ForwardRule& rule : config_.server.forward) add_forward(rule);
    }

private:
    /// A whole name, or nullopt with a problem that starts with `what`.
    std::optional<Name> name_of(const TextAt& text, std::string_view what) {
        if (text.text == "@") {
            problems_.error(text.at, fmt::format("{}: expected a whole name, found '@'", what));
            return std::nullopt;
        }
        const auto name = Name::from_text(text.text);
        if (name) return *name;
        problems_.error(text.at, fmt::format("{}: {}", what, name.error().text));
        return std::nullopt;
    }

    /// The zone a name is in: the one with the longest apex; nullptr for none.
    PlannedZone* zone_of(NameView name) {
        if (zones_.empty()) return nullptr;
        const std::string key = key_of(name);
        std::string_view suffix = key;
        while (true) {
            const auto found = zones_.find(suffix);
            if (found != zones_.end()) return &plan_.zones[found->second];
            if (suffix.size() == 1) return nullptr;
            suffix.remove_prefix(static_cast<std::uint8_t>(suffix[0]) + 1U);
        }
    }
    RecordList& list_of(NameView owner) {
        PlannedZone* zone = zone_of(owner);
        return zone == nullptr ? plan_.overlay : zone->records;
    }

    void add_zone(const Zone& zone) {
        const auto apex = name_of(zone.name, "zone");
        if (!apex) return;
        const auto [row, added] = zones_.try_emplace(key_of(*apex), plan_.zones.size());
        if (!added) {
            const Offset first = plan_.zones[row->second].at;
            problems_.error(zone.name.at,
                            fmt::format("zone {} is given twice, first in line {}; keep one",
                                        shown(zone.name.text), config_.lines.at(first).line));
            return;
        }
        PlannedZone& planned = plan_.zones.emplace_back();
        planned.apex = *apex;
        planned.index = static_cast<std::size_t>(&zone - config_.zones.data());
        planned.file = zone.file.text;
        planned.at = zone.name.at;
        if (zone.is_secondary()) return check_secondary(zone);
        if (zone.write_file && zone.file.text.empty()) {
            problems_.error(zone.at, "write_file: expected a 'file' to write to, found none");
        }
        if (zone.file.text.empty()) return add_apex(zone, planned);
        if (zone.soa)
            problems_.warn(zone.soa->at,
                           "soa: has no effect beside 'file', which has its own; remove it");
        if (!zone.ns.empty())
            problems_.warn(zone.ns[0].at,
                           "ns: has no effect beside 'file', which has its own; remove it");
    }

    bool is_secondary(const PlannedZone& zone) const {
        return config_.zones[zone.index].is_secondary();
    }

    /// What its primary says is all there is to a secondary's zone.
    void check_secondary(const Zone& zone) {
        if (!zone.file.text.empty())
            problems_.error(zone.file.at,
                            "file: expected none beside 'primaries'; remove one of them");
        if (!zone.update.empty())
            problems_.error(zone.update[0].at,
                            "update: expected none beside 'primaries', which decide; remove it");
        if (zone.dnssec)
            problems_.error(zone.dnssec->at,
                            "dnssec: expected none beside 'primaries', whose zone may be signed");
        if (zone.soa)
            problems_.warn(zone.soa->at, "soa: has no effect beside 'primaries'; remove it");
        if (!zone.ns.empty())
            problems_.warn(zone.ns[0].at, "ns: has no effect beside 'primaries'; remove it");
    }

    /// The SOA and NS records of a zone without a master file.
    void add_apex(const Zone& zone, PlannedZone& planned) {
        const Soa soa = zone.soa.value_or(Soa{});
        const Offset at = zone.soa ? soa.at : planned.at;
        const std::string apex = planned.apex.is_root() ? "." : '.' + planned.apex.to_text();
        const auto named = [&](const TextAt& given, std::string_view label, std::string_view what) {
            if (!given.text.empty()) return name_of({mailbox_text(given.text), given.at}, what);
            return name_of({std::string(label) + apex, at}, what);
        };
        const auto mname = named(soa.mname, "ns1", "mname");
        const auto rname = named(soa.rname, "admin", "rname");
        if (!mname || !rname) return;
        planned.serial_written = zone.soa.has_value();
        std::vector<std::uint8_t> rdata(mname->wire().begin(), mname->wire().end());
        rdata.insert(rdata.end(), rname->wire().begin(), rname->wire().end());
        for (const std::uint32_t number :
             {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum}) {
            rdata.resize(rdata.size() + 4);
            store_u32(rdata.data() + rdata.size() - 4, number);
        }
        planned.records.add(
            {planned.apex, RrType::SOA, soa.minimum, rdata, Match::owner, Maker::automatic, at});
        add_name_servers(zone, planned, *mname);
    }

    void add_name_servers(const Zone& zone, PlannedZone& planned, const Name& mname) {
        for (const TextAt& text : zone.ns) {
            const auto server = name_of(text, "ns");
            if (!server) continue;
            planned.records.add({planned.apex, RrType::NS, ns_ttl, server->wire(), Match::owner,
                                 Maker::automatic, text.at});
            targets_.push_back({*server, text.at});
        }
        if (zone.ns.empty()) without_ns_.push_back({plan_.zones.size() - 1, mname});
    }

    void add_record(const Record& record) {
        const auto owner = name_of({record.name, record.name_at}, "name");
        if (record.type == RrType::SOA) {
            problems_.warn(record.type_at,
                           "SOA: has no effect as a record; write it as \"soa\" of its zone");
            return;
        }
        auto rdata = rdata_of(record);
        if (!rdata) {
            problems_.error(record.value_at,
                            fmt::format("{}: {}", dns::type_name(record.type), rdata.error()));
        }
        if (!owner || !rdata) return;
        if (record.type == RrType::MX && !record.priority &&
            record.value.find_first_of(" \t") == std::string::npos) {
            problems_.warn(record.name_at, fmt::format("MX record {} has no 'priority'; 10 is used",
                                                       shown(record.name)));
        }
        if (const PlannedZone* zone = zone_of(*owner); zone != nullptr && is_secondary(*zone)) {
            problems_.error(record.name_at,
                            fmt::format("record {}: the zone {} comes from its primaries, which "
                                        "decide what is in it; remove the record",
                                        shown(record.name), zone->apex.to_text()));
            return;
        }
        const PlannedRecord planned{*owner,       record.type,    record.ttl,    *rdata,
                                    Match::owner, Maker::written, record.name_at};
        if (record.wildcard) {
            add_wildcard(planned);
        } else {
            list_of(*owner).add(planned);
        }
        note(record, planned);
    }

    /// NanoDNS's wildcard: the name and every name one label below, in either spelling.
    void add_wildcard(PlannedRecord record) {
        const NameView base = record.owner.is_wildcard() ? record.owner.parent() : record.owner;
        dns::NameBuilder builder;
        if (!builder.append(as_bytes("*")) || !builder.append(base)) {
            problems_.error(record.at,
                            "wildcard: expected a name of at most 253 bytes, found more");
            return;
        }
        PlannedRecord exact = record;
        exact.owner = base;
        list_of(base).add(exact);
        const Name below = builder.finish();
        record.owner = below;
        record.match = Match::one_label;
        list_of(below).add(record);
    }

    /// Remembers what later steps ask of all records.
    void note(const Record& record, const PlannedRecord& planned) {
        switch (record.type) {
            case RrType::NS:
                targets_.push_back({NameView::unchecked(planned.rdata), record.value_at});
                break;
            case RrType::PTR:
                if (config_.server.auto_ptr) reverse_written_.insert(key_of(planned.owner));
                break;
            case RrType::A:
            case RrType::AAAA:
                if (record.auto_ptr.value_or(config_.server.auto_ptr && !record.wildcard))
                    note_reverse(planned);
                break;
            default: break;
        }
    }

    void note_reverse(const PlannedRecord& record) {
        if (record.owner.is_wildcard()) return;  // a name that nobody has
        const Name reverse = reverse_name(record.rdata);
        reverse_.add({reverse, RrType::PTR, record.ttl, record.owner.wire(), Match::owner,
                      Maker::automatic, record.at});
    }

    /// One PTR an address: the written one, or else the first record that has it (dialect of most
    /// programs that look up a peer: they take the first PTR and want just one).
    void add_reverse() {
        for (std::size_t i = 0; i < reverse_.size(); ++i) {
            const PlannedRecord record = reverse_[i];
            const PlannedZone* const zone = zone_of(record.owner);
            if (zone != nullptr && is_secondary(*zone)) continue;
            if (reverse_written_.insert(key_of(record.owner)).second)
                list_of(record.owner).add(record);
        }
    }

    /// A zone without NS records gets its SOA's mname; one whose server has no address is told.
    void check_name_servers() {
        for (const auto& [index, mname] : without_ns_) {
            PlannedZone& zone = plan_.zones[index];
            bool has_ns = false;
            for (std::size_t i = 0; i < zone.records.size(); ++i) {
                const PlannedRecord record = zone.records[i];
                has_ns = has_ns || (record.type == RrType::NS && record.owner == zone.apex.view());
            }
            if (!has_ns) {
                zone.records.add({zone.apex, RrType::NS, ns_ttl, mname.wire(), Match::owner,
                                  Maker::automatic, zone.at});
            }
        }
        check_addresses();
    }

    void check_addresses() {
        NameSet missing;
        for (const auto& [name, at] : targets_) {
            const PlannedZone* zone = zone_of(name);
            if (zone != nullptr && zone->file.empty() && !is_secondary(*zone))
                missing.insert(key_of(name));
        }
        if (missing.empty()) return;
        for (const PlannedZone& zone : plan_.zones) {
            for (std::size_t i = 0; i < zone.records.size(); ++i) {
                const PlannedRecord record = zone.records[i];
                const bool known = record.type == RrType::A || record.type == RrType::AAAA ||
                                   record.type == RrType::CNAME;
                if (known) missing.erase(key_of(record.owner));
            }
        }
        for (const auto& [name, at] : targets_) {
            if (missing.erase(key_of(name)) == 0) continue;
            problems_.warn(at, fmt::format("name server {} has no address; add an A or AAAA record",
                                           name.to_text()));
        }
    }

    void add_rewrite(const Rewrite& rewrite) {
        PlannedRewrite out;
        out.action = rewrite.action;
        out.at = rewrite.at;
        const bool covers = rewrite.match.text.starts_with("*.");
        const auto name =
            name_of(covers ? TextAt{rewrite.match.text.substr(2), rewrite.match.at} : rewrite.match,
                    "match");
        if (!name) return;
        out.wire = key_of(*name);
        if (covers)
            out.reach = config_.server.rewrite_depth == RewriteDepth::any ? Reach::any_depth
                                                                          : Reach::one_label;
        for (const TextAt& value : rewrite.value) {
            if (const auto address = IpAddress::from_text(value.text)) {
                out.addresses.push_back(*address);
            } else if (rewrite.action == RewriteAction::redirect) {
                problems_.error(value.at,
                                fmt::format("value: expected an IPv4 or IPv6 address, found {}",
                                            shown(value.text)));
            }
        }
        if (rewrite.action == RewriteAction::redirect && out.addresses.empty()) {
            if (rewrite.value.empty()) {
                problems_.warn(
                    rewrite.at,
                    "redirect: expected an address in 'value', found none; the rule is skipped");
            }
            return;
        }
        const std::string key = out.wire + static_cast<char>(out.reach);
        const auto [first, added] = rewrites_.try_emplace(key, rewrite.at);
        if (!added) {
            problems_.warn(
                rewrite.at,
                fmt::format("rewrite of {} never applies: line {} has the same match; remove one",
                            shown(rewrite.match.text), config_.lines.at(first->second).line));
        }
        plan_.rewrites.push_back(std::move(out));
    }

    void add_forward(const ForwardRule& rule) {
        const auto domain = name_of(rule.name, "forward");
        if (!domain) return;
        if (!forward_.insert(key_of(*domain)).second) {
            problems_.error(rule.name.at, fmt::format("forward: {} is given twice; keep one",
                                                      shown(rule.name.text)));
            return;
        }
        if (const PlannedZone* zone = zone_of(*domain)) {
            problems_.warn(rule.name.at,
                           fmt::format("forward: {} has no effect, the zone {} is answered here",
                                       shown(rule.name.text), zone->apex.to_text()));
        }
        PlannedForward out{*domain, rule.upstream};
        for (Endpoint& upstream : out.upstream) {
            if (upstream.port == 0) upstream.port = config_.server.upstream_port;
        }
        plan_.forward.push_back(std::move(out));
    }

    const Config& config_;
    Plan& plan_;
    ProblemList& problems_;
    ByName<std::size_t> zones_;                     // by apex: index in plan_.zones
    ByName<Offset> rewrites_;                       // by name and reach: where the first stands
    std::vector<std::pair<Name, Offset>> targets_;  // of NS records
    std::vector<std::pair<std::size_t, Name>> without_ns_;  // zone and its SOA's mname
    RecordList reverse_;       // automatic PTR records, before it is known which are wanted
    NameSet forward_;          // domains that have their rule
    NameSet reverse_written_;  // owners that have their PTR
};

}  // namespace

Plan make_plan(const Config& config, Problems& problems) {
    Plan plan;
    ProblemList list(config);
    Planner(config, plan, list).run();
    for (Problem& problem : list.take()) problems.push_back(std::move(problem));
    return plan;
}

}  // namespace kith::config
