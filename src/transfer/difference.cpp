#include "transfer/difference.hpp"

#include <algorithm>

#include "transfer/serial.hpp"

namespace kith::transfer {
namespace {

using zone::Record;
using Records = std::vector<const Record*>;

/// An order in which equal records stand side by side.
bool comes_before(const Record* a, const Record* b) {
    if (const auto order = a->owner.view() <=> b->owner.view(); order != 0) return order < 0;
    if (a->type != b->type) return a->type < b->type;
    if (a->ttl != b->ttl) return a->ttl < b->ttl;
    return std::ranges::lexicographical_compare(a->rdata, b->rdata);
}

Records without_soa(const std::vector<Record>& records) {
    Records out;
    out.reserve(records.size());
    for (const Record& record : records) {
        if (record.type != zone::RrType::SOA) out.push_back(&record);
    }
    return out;
}

/// Takes the records out of `records` that `other`, which is sorted, has too.
void take_out(Records& records, const Records& other) {
    std::erase_if(records, [&other](const Record* record) {
        return std::ranges::binary_search(other, record, comes_before);
    });
}

void fill(Difference& out) {
    out.removed = without_soa(out.change->removed);
    out.added = without_soa(out.change->added);
    if (out.removed.empty() || out.added.empty()) return;
    // Only provenance is ever changed and not seen: where there is none, nothing cancels out.
    const auto has_provenance = [](const Record* record) {
        return record->provenance != zone::Provenance{};
    };
    if (std::ranges::none_of(out.removed, has_provenance) &&
        std::ranges::none_of(out.added, has_provenance))
        return;
    Records removed = out.removed;
    Records added = out.added;
    std::ranges::sort(removed, comes_before);
    std::ranges::sort(added, comes_before);
    take_out(out.removed, added);
    take_out(out.added, removed);
}

const Record* find_soa(const std::vector<Record>& records) {
    const auto at = std::ranges::find(records, zone::RrType::SOA, &Record::type);
    return at == records.end() || at->rdata.size() < 22 ? nullptr : &*at;
}

/// Sets the SOA records of a change that ends in `after`; false: they do not belong together.
bool set_soas(Difference& out, const Record& after) {
    const zone::ZoneChange& change = *out.change;
    const Record* const added = find_soa(change.added);
    const Record* const removed = find_soa(change.removed);
    out.soa_after = added != nullptr ? *added : after;
    if (read_soa_numbers(out.soa_after.rdata).serial != change.to_serial) return false;
    out.soa_before = removed != nullptr ? *removed : out.soa_after;
    if (removed == nullptr) {
        store_u32(out.soa_before.rdata.data() + out.soa_before.rdata.size() - 20,
                  change.from_serial);
    }
    return read_soa_numbers(out.soa_before.rdata).serial == change.from_serial;
}

}  // namespace

std::vector<Difference> make_differences(const zone::Zone& zone,
                                         const std::vector<ChangePtr>& changes) {
    std::vector<Difference> out(changes.size());
    const zone::RrSetView soa = zone.apex_node().find(zone::RrType::SOA);
    const Bytes rdata = soa.rdata(0);
    Record after{zone.apex(), zone::RrType::SOA, soa.ttl(), {rdata.begin(), rdata.end()}, {}};
    // From the newest back: only there the whole SOA is known.
    for (std::size_t i = changes.size(); i-- > 0;) {
        out[i].change = changes[i];
        if (!set_soas(out[i], after)) return {};
        fill(out[i]);
        after = out[i].soa_before;
    }
    return out;
}

}  // namespace kith::transfer
