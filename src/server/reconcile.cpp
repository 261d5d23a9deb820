#include "server/reconcile.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/change_fit.hpp"
#include "zone/builder.hpp"
#include "zone/node_block.hpp"

namespace kith::server {
namespace {

using store::JournalEntry;
using store::KeptZone;
using store::Store;
using zone::Record;
using zone::RrType;
using zone::ZoneChange;
using zone::ZonePtr;

bool is_apex_soa(const Record& record) { return record.type == RrType::SOA; }

/// Applies a change of whatever serials, and takes its SOA as it is.
Result<ZonePtr, Failure> applied(const ZonePtr& zone, ZoneChange change) {
    change.apex = zone->apex();
    fit_serials(change, *zone);
    auto next = zone::apply_change(zone, change, zone::file_bounds);
    if (!next) return std::unexpected(misfit(next.error()));
    return std::move(*next);
}

/// Runs through net and journal after it, in pieces, until one does not go.
template <class Use>
Result<void, Failure> for_each_piece(const Store& store, const KeptZone& known, Use use) {
    Result<void, Failure> result;
    const auto net = store.read_net(known.apex, [&](ZoneChange&& piece) {
        if (result) result = use(std::move(piece));
    });
    if (!net) return std::unexpected(net.error());
    if (!result) return result;
    const auto changes =
        store.read_changes(known.apex, known.folded + 1, [&](JournalEntry&& entry) {
            result = use(std::move(entry.change));
            return result.has_value();
        });
    if (!changes) return std::unexpected(changes.error());
    return result;
}

/// The whole zone out of a net that has no base under it.
Result<ZonePtr, Failure> build_from_net(const Store& store, const KeptZone& known,
                                        dns::NameView apex) {
    zone::ZoneBuilder builder(apex);
    bool fits = true;
    const auto net = store.read_net(known.apex, [&](ZoneChange&& piece) {
        fits = fits && piece.removed.empty();
        for (const Record& record : piece.added) {
            fits = fits && builder
                               .add(record.owner, record.type, record.ttl, record.rdata, 0,
                                    record.provenance)
                               .has_value();
        }
    });
    if (!net) return std::unexpected(net.error());
    zone::BuiltZone built = builder.finish();
    if (fits && built.zone != nullptr) return std::move(built.zone);
    return std::unexpected(fmt::format("{}: what is kept of zone {} is not a whole zone",
                                       store.file(), apex.to_text()));
}

/// Leaves out removals of what is not there.
void fit(const zone::Zone& zone, ZoneChange& change) {
    std::erase_if(change.removed, [&zone](const Record& record) {
        const zone::NodeView node = zone.find_node(record.owner.view());
        const zone::RrSetView rrset = node ? node.find(record.type) : zone::RrSetView();
        if (!rrset) return true;
        for (const Bytes rdata : rrset) {
            if (zone::same_rdata(record.type, rdata, record.rdata)) return false;
        }
        return true;
    });
}

/// The SOA of the base and of the newest version, out of the pieces.
struct SoaPair {
    std::optional<Record> base, newest;

    void take(ZoneChange& piece) {
        for (Record& record : piece.removed) {
            if (is_apex_soa(record) && !base) base = record;
        }
        for (Record& record : piece.added) {
            if (is_apex_soa(record)) newest = record;
        }
        std::erase_if(piece.removed, is_apex_soa);
        std::erase_if(piece.added, is_apex_soa);
    }
};

bool same_but_serial(Record a, Record b) {
    zone::set_soa_serial(a.rdata, 0);
    zone::set_soa_serial(b.rdata, 0);
    return a.ttl == b.ttl && zone::same_rdata(RrType::SOA, a.rdata, b.rdata);
}

Record soa_of(const zone::Zone& zone) {
    const zone::RrSetView soa = zone.apex_node().find(RrType::SOA);
    const Bytes rdata = soa.rdata(0);
    return {zone.apex(), RrType::SOA, soa.ttl(), {rdata.begin(), rdata.end()}, soa.provenance(0)};
}

}  // namespace

Result<ZonePtr, Failure> restore_zone(const Store& store, const KeptZone& known, dns::NameView apex,
                                      const ZonePtr& base) {
    ZonePtr zone = base;
    bool skip_net = false;
    if (zone == nullptr) {
        KITH_TRY(zone, build_from_net(store, known, apex));
        skip_net = true;
    }
    if (!skip_net) {
        // Pieces of a net need not be changes that stand alone (a CNAME may become an address in two
        // of them), and a SOA comes with the first: all in one.
        ZoneChange net;
        const auto read = store.read_net(known.apex, [&net](ZoneChange&& piece) {
            std::ranges::move(piece.removed, std::back_inserter(net.removed));
            std::ranges::move(piece.added, std::back_inserter(net.added));
        });
        if (!read) return std::unexpected(read.error());
        KITH_TRY(zone, applied(zone, std::move(net)));
    }
    Result<void, Failure> result;
    const auto changes =
        store.read_changes(known.apex, known.folded + 1, [&](JournalEntry&& entry) {
            auto next = applied(zone, std::move(entry.change));
            if (!next) {
                result =
                    std::unexpected(fmt::format("change {}: {}", entry.number, next.error().text));
                return false;
            }
            zone = std::move(*next);
            return true;
        });
    if (!changes) return std::unexpected(changes.error());
    if (!result) return std::unexpected(result.error());
    if (zone->serial() != known.serial) {
        return std::unexpected(fmt::format("{}: zone {} comes out with serial {}, expected {}",
                                           store.file(), known.apex.to_text(), zone->serial(),
                                           known.serial));
    }
    return zone;
}

Result<ZonePtr, Failure> merge_edit(const Store& store, const KeptZone& known,
                                    const ZonePtr& edited) {
    ZonePtr zone = edited;
    SoaPair soa;
    KITH_TRY_VOID(for_each_piece(store, known, [&](ZoneChange&& piece) -> Result<void, Failure> {
        soa.take(piece);
        fit(*zone, piece);
        KITH_TRY(zone, applied(zone, std::move(piece)));
        return {};
    }));
    const Record file_soa = soa_of(*edited);
    if (!soa.base || !soa.newest || !same_but_serial(file_soa, *soa.base)) return zone;
    zone::set_soa_serial(soa.newest->rdata, edited->serial());
    if (same_but_serial(file_soa, *soa.newest)) return zone;
    return applied(zone, ZoneChange{zone->apex(), 0, 0, {file_soa}, {*soa.newest}});
}

}  // namespace kith::server
