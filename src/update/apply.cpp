#include "update/apply.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dns/serial.hpp"
#include "zone/node_block.hpp"

namespace kith::update {
namespace {

/// Beside CNAME may stand what DNSSEC needs (RFC 4034 §3, §4; RFC 3007 §3.1.1).
bool may_join_cname(RrType type) {
    return type == RrType::RRSIG || type == RrType::NSEC || type == RrType::KEY ||
           type == RrType::SIG || type == RrType::NXT;
}

/// Types of which a name has one record: a new one takes the place of the old (§3.4.2.2, RFC 6672
/// §2.4).
bool is_singleton(RrType type) {
    return type == RrType::CNAME || type == RrType::SOA || type == RrType::DNAME;
}

/// WKS records are the same when address and protocol are: the first five bytes (§3.4.2.2).
bool is_same_service(Bytes a, Bytes b) {
    constexpr std::size_t bytes = 5;
    return a.size() >= bytes && b.size() >= bytes &&
           std::ranges::equal(a.first(bytes), b.first(bytes));
}

std::uint32_t clamp_end(std::uint64_t end, UnixTime now, std::uint32_t most) {
    const std::uint64_t here = now < 0 ? 0 : static_cast<std::uint64_t>(now);
    const std::uint64_t last = std::min<std::uint64_t>(here + most, 0xffffffffU);
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(end, 1, last));
}

Refusal form_error(std::string reason) {
    return {Rcode::FORMERR, std::move(reason), dns::EdeCode::other};
}

}  // namespace

bool Applier::is_apex(const UpdateRecord& record) const {
    return record.owner.view() == scratch_.zone().apex();
}

bool Applier::is_foreign(const Item& item) const {
    return item.provenance.source != context_.requester.source ||
           item.provenance.owner != context_.requester.owner || item.provenance.owner == 0;
}

Refusal Applier::apply(const UpdateRecord& record, const Ruling& ruling) {
    if (is_timeout(record.type)) return note_timeout(record);
    ScratchName& name = scratch_.name(record.owner);
    if (record.klass == RrClass::NONE) return remove_record(record, name, ruling);
    if (record.klass != RrClass::ANY) return add(record, name, ruling);
    return record.type == RrType::ANY ? remove_name(record, name, ruling)
                                      : remove_rrset(record, name, ruling);
}

Refusal Applier::not_yours(const UpdateRecord& record, const ScratchName& name, RrType type) const {
    const bool any_foreign = std::ranges::any_of(
        name.now, [&](const Item& item) { return item.type == type && is_foreign(item); });
    if (!any_foreign) return {};
    return {Rcode::REFUSED,
            fmt::format(
                "'{}': {} at this name belongs to somebody else, and {} may only change its own",
                update_text(record, context_.message.zone_class), dns::type_name(type),
                context_.requester.to_text()),
            dns::EdeCode::prohibited};
}

/// Records that RFC 2136 §3.4.2.2 passes over without an error.
bool Applier::is_ignored(const UpdateRecord& record, const ScratchName& name) const {
    const auto has_other = [&](auto condition) { return std::ranges::any_of(name.now, condition); };
    if (record.type == RrType::CNAME) {
        return has_other([](const Item& item) {
            return item.type != RrType::CNAME && !may_join_cname(item.type);
        });
    }
    if (name.has(RrType::CNAME) && !may_join_cname(record.type)) return true;
    if (record.type == RrType::SOA) {
        const auto soa = std::ranges::find(name.now, RrType::SOA, &Item::type);
        if (soa == name.now.end()) return true;
        return !dns::is_newer(*zone::soa_serial(record.rdata), *zone::soa_serial(soa->rdata));
    }
    // As with CNAME: DNAME and a zone cut exclude each other (RFC 6672 §2.4).
    if (is_apex(record)) return false;
    if (record.type == RrType::DNAME) return name.has(RrType::NS);
    return record.type == RrType::NS && name.has(RrType::DNAME);
}

/// Says whose the record is from now on and for how long. A permanent record of somebody else
/// stays permanent and theirs: who only repeats it must not be able to let it expire.
void Applier::stamp(Item& item) const {
    if (item.type == RrType::SOA) return;
    const bool is_new = item.origin < 0;
    if (!is_new && item.provenance.lease_end == 0 && is_foreign(item)) return;
    const std::uint32_t end =
        item.type == RrType::KEY ? context_.key_lease_end : context_.lease_end;
    item.provenance = {context_.requester.source, context_.requester.owner, end};
}

Refusal Applier::add(const UpdateRecord& record, ScratchName& name, const Ruling& ruling) {
    if (is_ignored(record, name)) return {};
    if (is_singleton(record.type) && name.has(record.type)) return replace(record, name, ruling);
    std::uint32_t ttl = record.ttl > 0x7fffffffU ? 0 : record.ttl;  // RFC 2181 §8
    if (ruling.own_only) {
        Refusal refusal = not_yours(record, name, record.type);
        // PTR RRsets list the services of many (RFC 6763 §4.1): each record has its owner, and the
        // TTL is that of who came first.
        if (refusal.rcode != Rcode::NOERROR) {
            if (record.type != RrType::PTR) return refusal;
            ttl = std::ranges::find(name.now, record.type, &Item::type)->ttl;
        }
    }
    Item* item = name.find(record.type, record.rdata);
    if (item != nullptr && ruling.own_only && is_foreign(*item)) return {};
    if (record.type == RrType::WKS && item == nullptr) {
        name.remove_if([&](const Item& other) {
            return other.type == RrType::WKS && is_same_service(other.rdata, record.rdata);
        });
    }
    if (item == nullptr) {
        // The bound itself is checked in the end, as more may be deleted; but each record is compared
        // with all of its RRset, so what one message can make of it is bounded here.
        const auto before =
            static_cast<std::size_t>(std::ranges::count(name.before, record.type, &Item::type));
        if (name.count(record.type) >= before + context_.rules.bounds.records_per_rrset) {
            return {Rcode::REFUSED,
                    fmt::format("{} {}: {}", record.owner.to_text(), dns::type_name(record.type),
                                zone::fault_text(zone::ZoneFault::too_many_records)),
                    dns::EdeCode::unable_to_conform_to_policy};
        }
        item = &name.add(record.type, ttl, record.rdata);
    }
    stamp(*item);
    item->ttl = ttl;
    if (record.type != RrType::RRSIG) name.set_ttl(record.type, ttl);
    return {};
}

Refusal Applier::replace(const UpdateRecord& record, ScratchName& name, const Ruling& ruling) {
    if (ruling.own_only) {
        if (Refusal refusal = not_yours(record, name, record.type); refusal.rcode != Rcode::NOERROR)
            return refusal;
    }
    Item* item = name.find(record.type, record.rdata);
    if (item == nullptr) {
        name.remove_if([&](const Item& other) { return other.type == record.type; });
        item = &name.add(record.type, record.ttl, record.rdata);
    }
    item->ttl = record.ttl > 0x7fffffffU ? 0 : record.ttl;
    stamp(*item);
    return {};
}

Refusal Applier::remove_record(const UpdateRecord& record, ScratchName& name,
                               const Ruling& ruling) {
    if (record.type == RrType::SOA) return {};
    const Item* const item = name.find(record.type, record.rdata);
    if (item == nullptr) return {};
    if (record.type == RrType::NS && is_apex(record) && name.count(RrType::NS) == 1) return {};
    if (ruling.own_only && is_foreign(*item)) return not_yours(record, name, record.type);
    name.remove_if([&](const Item& other) { return &other == item; });
    return {};
}

Refusal Applier::remove_rrset(const UpdateRecord& record, ScratchName& name, const Ruling& ruling) {
    if (is_apex(record) && (record.type == RrType::SOA || record.type == RrType::NS)) return {};
    if (ruling.own_only) {
        if (Refusal refusal = not_yours(record, name, record.type); refusal.rcode != Rcode::NOERROR)
            return refusal;
    }
    name.remove_if([&](const Item& item) { return item.type == record.type; });
    return {};
}

/// All RRsets, but what the apex must have and what the signer made.
Refusal Applier::remove_name(const UpdateRecord& record, ScratchName& name, const Ruling& ruling) {
    const bool at_apex = is_apex(record);
    const auto stays = [&](const Item& item) {
        return (at_apex && (item.type == RrType::SOA || item.type == RrType::NS)) ||
               belongs_to_signer(item.type);
    };
    if (ruling.own_only) {
        for (const Item& item : name.now) {
            if (stays(item) || is_timeout(item.type)) continue;
            if (Refusal refusal = not_yours(record, name, item.type);
                refusal.rcode != Rcode::NOERROR)
                return refusal;
        }
    }
    name.remove_if([&](const Item& item) { return !stays(item); });
    return {};
}

Refusal Applier::note_timeout(const UpdateRecord& record) {
    ScratchName& name = scratch_.name(record.owner);
    if (record.klass == RrClass::ANY) {
        clear_expiry(name, nullptr);
        return {};
    }
    auto timeout = read_timeout(record.rdata);
    if (!timeout)
        return form_error(fmt::format(
            "TIMEOUT at {}: expected method 0 or 1 and as many hashes as its count says",
            record.owner.to_text()));
    if (record.klass == RrClass::NONE) {
        clear_expiry(name, &*timeout);
    } else {
        timeouts_.push_back({record.owner, *std::move(timeout)});
    }
    return {};
}

bool is_covered(const Timeout& timeout, const Item& item) {
    if (item.type != timeout.covered) return false;
    return timeout.hashes.empty() ||
           std::ranges::find(timeout.hashes, timeout_hash(item.type, item.rdata)) !=
               timeout.hashes.end();
}

void Applier::clear_expiry(ScratchName& name, const Timeout* timeout) {
    for (Item& item : name.now) {
        if (timeout == nullptr || is_covered(*timeout, item)) item.provenance.lease_end = 0;
    }
}

Refusal Applier::set_expiry(ScratchName& name, const Name& owner, const Timeout& timeout) {
    const LeaseBounds& bounds = context_.rules.leases;
    const std::uint32_t most =
        timeout.covered == RrType::KEY ? bounds.key_seconds_max : bounds.seconds_max;
    for (Item& item : name.now) {
        if (!is_covered(timeout, item)) continue;
        const bool is_permanent =
            item.origin >= 0 && item.provenance.lease_end == 0 && is_foreign(item);
        if (is_permanent) {
            return {Rcode::REFUSED,
                    fmt::format("TIMEOUT at {} covers {} records that are permanent",
                                owner.to_text(), dns::type_name(item.type)),
                    dns::EdeCode::prohibited};
        }
        item.provenance.lease_end = clamp_end(timeout.expiry, context_.now, most);
    }
    return {};
}

Refusal Applier::finish() {
    for (const Pending& pending : timeouts_) {
        Refusal refusal = set_expiry(scratch_.name(pending.owner), pending.owner, pending.timeout);
        if (refusal.rcode != Rcode::NOERROR) return refusal;
    }
    if (context_.rules.timeout_type != RrType{})
        write_timeouts(scratch_, context_.rules.timeout_type);
    return {};
}

}  // namespace kith::update
