#include "update/update.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dns/rdata.hpp"
#include "update/apply.hpp"
#include "update/place.hpp"
#include "update/prerequisites.hpp"
#include "update/scratch.hpp"
#include "zone/node_block.hpp"

namespace kith::update {
namespace {

bool is_good(const Refusal& refusal) { return refusal.rcode == Rcode::NOERROR; }

std::uint32_t lease_end(std::uint32_t seconds, UnixTime now) {
    if (seconds == 0) return 0;
    return static_cast<std::uint32_t>(std::clamp<UnixTime>(now + seconds, 1, 0xffffffffU));
}

/// One UPDATE at work.
class Update {
public:
    Update(const zone::Zone& zone, UpdateContext context)
        : zone_(zone), context_(std::move(context)), scratch_(zone), applier_(scratch_, context_) {}

    UpdateOutcome run() {
        UpdateOutcome outcome;
        outcome.change = scratch_.difference();
        outcome.refusal = work();
        if (!is_good(outcome.refusal)) return outcome;
        outcome.change = scratch_.difference();
        outcome.granted = context_.granted;
        describe(outcome);
        return outcome;
    }

private:
    Refusal work() {
        const UpdateMessage& message = context_.message;
        if (message.zone.view() != zone_.apex() || message.zone_class != zone_.klass()) {
            return {Rcode::NOTAUTH,
                    fmt::format("expected an update for {}, found {}", zone_.apex().to_text(),
                                message.zone.to_text()),
                    dns::EdeCode::not_authoritative};
        }
        if (!context_.rules.policy.knows(context_.requester)) {
            return {Rcode::REFUSED,
                    fmt::format("no rule of {} grants {} anything", zone_.apex().to_text(),
                                context_.requester.to_text()),
                    dns::EdeCode::prohibited};
        }
        if (Refusal refusal = check_prerequisites(zone_, message); !is_good(refusal))
            return refusal;
        for (const UpdateRecord& record : message.updates) {
            if (Refusal refusal = prescan(record); !is_good(refusal)) return refusal;
        }
        std::vector<Ruling> rulings;
        for (const UpdateRecord& record : message.updates) {
            Ruling ruling;
            if (Refusal refusal = permit(record, ruling); !is_good(refusal)) return refusal;
            rulings.push_back(ruling);
        }
        for (std::size_t i = 0; i < rulings.size(); ++i) {
            if (Refusal refusal = applier_.apply(message.updates[i], rulings[i]); !is_good(refusal))
                return refusal;
            if (scratch_.names().size() > names_per_update_max) {
                return refuse(
                    message.updates[i],
                    fmt::format("expected at most {} names in one update", names_per_update_max));
            }
        }
        if (Refusal refusal = applier_.finish(); !is_good(refusal)) return refusal;
        return check_result(rulings);
    }

    /// §3.4.1.
    Refusal prescan(const UpdateRecord& record) const {
        const auto form_error = [&](std::string_view why) {
            return Refusal{Rcode::FORMERR,
                           fmt::format("update of {} {}: {}", record.owner.to_text(),
                                       dns::type_name(record.type), why),
                           dns::EdeCode::other};
        };
        if (!record.owner.is_under(zone_.apex())) {
            return {Rcode::NOTZONE,
                    fmt::format("update of {}: expected a name in {}", record.owner.to_text(),
                                zone_.apex().to_text()),
                    dns::EdeCode::other};
        }
        const bool is_meta = dns::is_meta_type(record.type);
        if (record.klass == zone_.klass()) {
            return is_meta ? form_error("expected a type that is stored") : Refusal{};
        }
        if (record.klass != RrClass::ANY && record.klass != RrClass::NONE) {
            return form_error("expected class ANY, NONE or that of the zone");
        }
        if (record.ttl != 0) return form_error("expected TTL 0 with class ANY or NONE");
        if (record.klass == RrClass::NONE)
            return is_meta ? form_error("expected a type that is stored") : Refusal{};
        if (!record.rdata.empty()) return form_error("expected no data with class ANY");
        if (is_meta && record.type != RrType::ANY)
            return form_error("expected a type that is stored");
        return {};
    }

    Refusal refuse(const UpdateRecord& record, std::string_view why) const {
        return {Rcode::REFUSED, fmt::format("'{}': {}", update_text(record, zone_.klass()), why),
                dns::EdeCode::prohibited};
    }

    Refusal no_rule(const UpdateRecord& record, RrType type, const Ruling& ruling) const {
        const std::string what =
            fmt::format("{} {}", record.owner.to_text(),
                        type == RrType::ANY ? "(any type)" : dns::type_name(type));
        const std::string why = ruling.grant != nullptr
                                    ? fmt::format("'{}' forbids it", ruling.grant->to_text())
                                    : "no rule grants it";
        return refuse(record, fmt::format("{} may not change {}: {}", context_.requester.to_text(),
                                          what, why));
    }

    Ruling ask(const Name& owner, RrType type) const {
        return context_.rules.policy.rule(context_.requester, zone_.apex(), owner, type);
    }

    /// §3.3.
    Refusal permit(const UpdateRecord& record, Ruling& ruling) const {
        ruling = ask(record.owner, record.type);
        if (!ruling.granted) return no_rule(record, record.type, ruling);
        if (is_made_here(record)) {
            return refuse(record,
                          fmt::format("{} records of a zone that is signed here are the signer's",
                                      dns::type_name(record.type)));
        }
        if (is_timeout(record.type)) return permit_timeout(record);
        return record.type == RrType::ANY ? permit_all(record) : Refusal{};
    }

    /// Whether the signer of this zone would undo the change.
    bool is_made_here(const UpdateRecord& record) const {
        if (!context_.rules.is_signed_here) return false;
        const bool is_at_apex = record.owner.view() == zone_.apex();
        switch (record.type) {
            case RrType::RRSIG:
            case RrType::NSEC:
            case RrType::NSEC3:
            case RrType::NSEC3PARAM:
            case RrType::ZONEMD: return true;
            case RrType::DNSKEY:
            case RrType::CDS:
            case RrType::CDNSKEY: return is_at_apex;
            case RrType::CSYNC: return is_at_apex && context_.rules.makes_csync;
            default: return false;
        }
    }

    bool is_timeout(RrType type) const {
        return context_.rules.timeout_type != RrType{} && type == context_.rules.timeout_type;
    }

    /// Who sets the end of records must be allowed to delete them.
    Refusal permit_timeout(const UpdateRecord& record) const {
        if (record.klass == RrClass::ANY) return permit_all(record);
        const auto timeout = read_timeout(record.rdata);
        if (!timeout) return {};  // FORMERR when it is applied
        const Ruling ruling = ask(record.owner, timeout->covered);
        return ruling.granted ? Refusal{} : no_rule(record, timeout->covered, ruling);
    }

    /// Deleting all RRsets of a name needs a rule for each one that would go.
    Refusal permit_all(const UpdateRecord& record) const {
        const zone::NodeView node = zone_.find_node(record.owner);
        if (!node) return {};
        const bool at_apex = record.owner.view() == zone_.apex();
        for (const zone::RrSetView rrset : node.rrsets()) {
            const RrType type = rrset.type();
            if (at_apex && (type == RrType::SOA || type == RrType::NS)) continue;
            if (belongs_to_signer(type) || is_timeout(type)) continue;
            const Ruling ruling = ask(record.owner, type);
            if (!ruling.granted) return no_rule(record, type, ruling);
        }
        return {};
    }

    /// What only the end of the update shows: bounds, and what stands where.
    Refusal check_result(const std::vector<Ruling>& rulings) {
        const UpdateRules& rules = context_.rules;
        const std::ptrdiff_t growth = scratch_.growth();
        if (growth > 0 &&
            zone_.record_count() + static_cast<std::size_t>(growth) > rules.zone_records_max) {
            return {Rcode::REFUSED,
                    fmt::format("{} would have more than {} records", zone_.apex().to_text(),
                                rules.zone_records_max),
                    dns::EdeCode::unable_to_conform_to_policy};
        }
        for (std::size_t i = 0; i < rulings.size(); ++i) {
            const UpdateRecord& record = context_.message.updates[i];
            if (rulings[i].records_max == 0 || record.klass != zone_.klass()) continue;
            if (scratch_.name(record.owner).count(record.type) > rulings[i].records_max) {
                return refuse(record,
                              fmt::format("'{}' allows {} records", rulings[i].grant->to_text(),
                                          rulings[i].records_max));
            }
        }
        for (auto& [owner, name] : scratch_.names()) {
            if (Refusal refusal = check_name(owner, name); !is_good(refusal)) return refusal;
        }
        return check_places(scratch_);
    }

    /// The zone's own rules: bounds hold for what grows (zone/change.hpp).
    Refusal check_name(const Name& owner, ScratchName& name) const {
        std::ranges::stable_sort(name.now, {}, &Item::type);
        std::vector<zone::NodeRecord> records;
        for (const Item& item : name.now)
            records.push_back({item.type, item.ttl, item.rdata, item.provenance, 0});
        const auto too_much = [&](zone::ZoneFault fault, RrType type) {
            return Refusal{Rcode::REFUSED,
                           fmt::format("{} {}: {}", owner.to_text(), dns::type_name(type),
                                       zone::fault_text(fault)),
                           dns::EdeCode::unable_to_conform_to_policy};
        };
        const bool at_apex = owner.view() == zone_.apex();
        if (const auto checked = zone::check_records(records, at_apex, zone::file_bounds);
            !checked) {
            return too_much(checked.error().fault, records[checked.error().at].type);
        }
        std::size_t types = 0;
        for (std::size_t start = 0; start < records.size(); ++types) {
            const RrType type = records[start].type;
            const std::size_t count = name.count(type);
            const auto before =
                static_cast<std::size_t>(std::ranges::count(name.before, type, &Item::type));
            if (count > context_.rules.bounds.records_per_rrset && count > before) {
                return too_much(zone::ZoneFault::too_many_records, type);
            }
            start += count;
        }
        std::vector<RrType> types_before;
        for (const Item& item : name.before) types_before.push_back(item.type);
        std::ranges::sort(types_before);
        const auto duplicates = std::ranges::unique(types_before);
        const auto count_before =
            static_cast<std::size_t>(duplicates.begin() - types_before.begin());
        if (types > context_.rules.bounds.types_per_name && types > count_before) {
            return too_much(zone::ZoneFault::too_many_types, records.back().type);
        }
        return {};
    }

    void describe(UpdateOutcome& outcome) const {
        zone::ZoneChange& change = outcome.change;
        for (const zone::Record& record : change.added) {
            if (record.type != RrType::SOA) continue;
            const std::uint32_t serial = *zone::soa_serial(record.rdata);
            outcome.has_serial = serial != change.from_serial;
            change.to_serial = serial;
        }
        if (!outcome.changes() || !change.removed.empty()) return;
        // Nothing is removed: all is renewal when each of the added was there before.
        outcome.only_leases = std::ranges::all_of(change.added, [&](const zone::Record& record) {
            const auto at = scratch_.names().find(record.owner);
            return std::ranges::any_of(at->second.before, [&](const Item& item) {
                return item.type == record.type &&
                       zone::same_rdata(item.type, item.rdata, record.rdata);
            });
        });
    }

    const zone::Zone& zone_;
    UpdateContext context_;
    Scratch scratch_;
    Applier applier_;
};

/// The lease that is granted and when it ends (RFC 9664 §4.3).
void grant_lease(UpdateContext& context) {
    const LeaseBounds& bounds = context.rules.leases;
    const auto clamped = [&](std::uint32_t asked, std::uint32_t most) {
        return std::clamp(asked, std::min(bounds.seconds_min, most), most);
    };
    if (!context.message.lease) {
        context.lease_end = context.key_lease_end = lease_end(bounds.default_seconds, context.now);
        return;
    }
    Lease lease{clamped(context.message.lease->seconds, bounds.seconds_max), std::nullopt};
    context.lease_end = context.key_lease_end = lease_end(lease.seconds, context.now);
    if (context.message.lease->key_seconds) {
        lease.key_seconds = clamped(*context.message.lease->key_seconds, bounds.key_seconds_max);
        context.key_lease_end = lease_end(*lease.key_seconds, context.now);
    }
    context.granted = lease;
}

}  // namespace

UpdateOutcome run_update(const zone::Zone& zone, const UpdateMessage& message,
                         const Requester& requester, const UpdateRules& rules, UnixTime now) {
    UpdateContext context{message, requester, rules, now, std::nullopt, 0, 0};
    grant_lease(context);
    return Update(zone, std::move(context)).run();
}

}  // namespace kith::update
