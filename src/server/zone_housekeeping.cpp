// What ZoneKeeper does when there is time for it: journals are compacted, zone files written back. What
// goes wrong here costs nobody anything that is durable.

#include "base/log.hpp"
#include "server/zone_file_writer.hpp"
#include "server/zone_keeper_parts.hpp"

namespace kith::server {
namespace {

using store::Base;
using store::Store;
using zone::Record;

// Between two steps of compaction, so that commits come in between.
constexpr Duration compact_interval = 20ms;
// Files are written back this long after a change: many changes are one writing.
constexpr Duration write_wait = 5s;
// And after this when it did not work.
constexpr Duration write_retry = 60s;

/// About what a change takes in the journal.
std::uint64_t journal_bytes(const ZoneChange& change) {
    std::uint64_t bytes = 64;
    for (const auto* records : {&change.removed, &change.added}) {
        for (const Record& record : *records)
            bytes += record.owner.size() + record.rdata.size() + 16;
    }
    return bytes;
}

/// What a file of the zone cannot say: sources and leases of records.
ZoneChange beyond_file(const Zone& zone) {
    ZoneChange out{zone.apex(), zone.serial(), zone.serial(), {}, {}};
    for (zone::Cursor at = zone.first(); at; at.next()) {
        for (const zone::RrSetView rrset : at.node().rrsets()) {
            if (!rrset.has_provenance()) continue;
            for (int i = 0; i < rrset.count(); ++i) {
                const Bytes rdata = rrset.rdata(i);
                Record record{at.node().owner(zone.apex()),
                              rrset.type(),
                              rrset.record_ttl(rdata),
                              {rdata.begin(), rdata.end()},
                              {}};
                if (rrset.provenance(i) == record.provenance) continue;
                out.removed.push_back(record);
                record.provenance = rrset.provenance(i);
                out.added.push_back(std::move(record));
            }
        }
    }
    return out;
}

}  // namespace

/// What follows from a change that is kept, when there is time for it.
void ZoneKeeper::after_change(Kept& kept, const ZoneChange& change) {
    kept.wants_writing = !kept.settings.write_file.empty();
    if (kept.wants_writing && !write_timer_.armed()) write_timer_.arm(loop_.now() + write_wait);
    // Counted here, as the store would have to read its whole journal to know.
    kept.change_bytes += journal_bytes(change);
    if (kept.change_bytes <= kept.settings.journal_bytes_max) return;
    kept.wants_compaction = true;
    if (!compact_timer_.armed()) compact_timer_.arm(loop_.now() + compact_interval);
}

/// One step for each zone that may need it. What goes wrong is no harm: the journal is longer.
void ZoneKeeper::compact() {
    bool more = false;
    for (const auto& [key, kept] : zones_) {
        if (!kept->wants_compaction || !kept->base) continue;
        const auto step = store_.compact(kept->apex, kept->settings.journal_bytes_max);
        kept->wants_compaction = step && *step;
        more = more || kept->wants_compaction;
        if (const auto known = store_.find(kept->apex); known && *known)
            kept->change_bytes = (*known)->change_bytes;
        if (!step)
            log::write(log::Level::warning, "journal.compaction_failed",
                       log::kv("zone", kept->apex.to_text()), log::kv("text", step.error().text));
    }
    if (more) compact_timer_.arm(loop_.now() + compact_interval);
}

void ZoneKeeper::write_files() {
    bool failed = false;
    for (const auto& [key, kept] : zones_) {
        if (!kept->wants_writing || kept->serving == nullptr) continue;
        kept->wants_writing = !write_back(*kept);
        failed = failed || kept->wants_writing;
    }
    if (failed) write_timer_.arm(loop_.now() + write_retry);
}

/// Makes the file what is served; from then on it is the base of the journal.
bool ZoneKeeper::write_back(Kept& kept) {
    // Somebody is editing it: what they wrote is read first, and then all of it is written.
    if (file_state(kept.settings.write_file) != kept.settings.file_state) return true;
    const auto written = write_zone_file(kept.settings.write_file, *kept.serving);
    if (!written) {
        log::write(log::Level::error, "zone.not_written", log::kv("zone", kept.apex.to_text()),
                   log::kv("text", written.error()));
        return false;
    }
    kept.settings.file_state = file_state(kept.settings.write_file);
    const Base base{Base::Kind::file, *written, kept.serving->serial()};
    const auto stored = store_.set_base(kept.apex, base, beyond_file(*kept.serving),
                                        kept.serving->serial(), Store::History::keep, {}, now_());
    if (stored) {
        kept.base = base;
    } else {
        // The file has all there is: at the next start it counts as an edit that changes nothing.
        note_failure(stored.error(), kept.apex);
    }
    log::write(log::Level::debug, "zone.written", log::kv("zone", kept.apex.to_text()),
               log::kv("serial", kept.serving->serial()));
    return true;
}

}  // namespace kith::server
