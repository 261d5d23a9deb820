#include "cli/journal.hpp"

#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "config/text.hpp"
#include "dns/rdata.hpp"
#include "store/hickory_journal.hpp"
#include "store/store.hpp"

namespace kith::cli {
namespace {

using config::json_text;
using config::time_text;
using store::Access;
using store::JournalEntry;
using store::KeptZone;
using store::Store;

Read<Store> open(const StatePlace& place, Access access) {
    KITH_TRY(const std::string folder, state_folder_of(place));
    auto opened = Store::open(folder, access);
    if (!opened) return std::unexpected(opened.error().text);
    return std::move(*opened);
}

std::string not_kept(const Store& store, const dns::Name& apex) {
    return fmt::format("{}: the zone {} is not kept here; `kith journal list` names those that are",
                       store.file(), apex.to_text());
}

std::string base_text(const store::Base& base) {
    return base.kind == store::Base::Kind::file ? fmt::format("file of serial {}", base.serial)
                                                : "no file";
}

void print_zone(const KeptZone& zone, bool json, std::ostream& out) {
    const std::uint64_t count =
        zone.first_change == 0 ? 0 : zone.last_change - zone.first_change + 1;
    if (json) {
        fmt::print(
            out,
            "{{\"zone\": {}, \"serial\": {}, \"changes\": {}, \"first\": {}, \"last\": {}, \"bytes\": {}, \"base\": \"{}\", \"base_serial\": {}}}\n",
            json_text(zone.apex.to_text()), zone.serial, count, zone.first_change, zone.last_change,
            zone.change_bytes, zone.base.kind == store::Base::Kind::file ? "file" : "none",
            zone.base.serial);
        return;
    }
    fmt::print(out, "{}  serial {}, {} changes ({} bytes), begins with {}\n", zone.apex.to_text(),
               zone.serial, count, zone.change_bytes, base_text(zone.base));
}

void print_records(char sign, const std::vector<zone::Record>& records, std::ostream& out) {
    for (const zone::Record& record : records) {
        fmt::print(out, "  {} {} {} {} {}\n", sign, record.owner.to_text(), record.ttl,
                   dns::type_name(record.type),
                   dns::rdata_to_text(record.type, dns::RrClass::IN, record.rdata));
    }
}

std::string records_json(const std::vector<zone::Record>& records) {
    std::string text = "[";
    for (const zone::Record& record : records) {
        text +=
            fmt::format("{}{{\"name\": {}, \"ttl\": {}, \"type\": \"{}\", \"data\": {}{}}}",
                        text.size() > 1 ? ", " : "", json_text(record.owner.to_text()), record.ttl,
                        dns::type_name(record.type),
                        json_text(dns::rdata_to_text(record.type, dns::RrClass::IN, record.rdata)),
                        record.provenance.lease_end == 0
                            ? ""
                            : fmt::format(", \"lease_end\": {}", record.provenance.lease_end));
    }
    return text + ']';
}

void print_entry(const JournalEntry& entry, bool json, std::ostream& out) {
    const std::string_view kind = store::kind_name(entry.origin.kind);
    if (json) {
        fmt::print(
            out,
            "{{\"number\": {}, \"at\": \"{}\", \"by\": \"{}\", \"who\": {}, \"from\": {}, \"to\": {}, \"removed\": {}, \"added\": {}}}\n",
            entry.number, time_text(entry.at), kind, json_text(entry.origin.who),
            entry.change.from_serial, entry.change.to_serial, records_json(entry.change.removed),
            records_json(entry.change.added));
        return;
    }
    fmt::print(out, "{}  {}  {}{}{}  serial {} to {}\n", entry.number, time_text(entry.at), kind,
               entry.origin.who.empty() ? "" : " ", entry.origin.who, entry.change.from_serial,
               entry.change.to_serial);
    print_records('-', entry.change.removed, out);
    print_records('+', entry.change.added, out);
}

int show_hickory(const JournalShowOptions& options, std::ostream& out, std::ostream& err) {
    const auto journal = store::read_hickory_journal(options.hickory, [&](store::HickoryRow&& row) {
        if (options.json) {
            fmt::print(
                out,
                "{{\"row\": {}, \"serial\": {}, \"at\": {}, \"does\": \"{}\", \"name\": {}, \"ttl\": {}, \"type\": \"{}\", \"data\": {}}}\n",
                row.number, row.serial, json_text(row.at), hickory_action_name(row.action),
                json_text(row.record.owner.to_text()), row.record.ttl,
                dns::type_name(row.record.type),
                json_text(dns::rdata_to_text(row.record.type, dns::RrClass::IN, row.record.rdata)));
        } else {
            fmt::print(out, "{}  {}  serial {}  {} {} {} {} {}\n", row.number, row.at, row.serial,
                       hickory_action_name(row.action), row.record.owner.to_text(), row.record.ttl,
                       dns::type_name(row.record.type),
                       dns::rdata_to_text(row.record.type, dns::RrClass::IN, row.record.rdata));
        }
    });
    return journal ? 0 : failed(err, "journal show", journal.error().text);
}

}  // namespace

int journal_list(const JournalListOptions& options, std::ostream& out, std::ostream& err) {
    const auto opened = open(options.place, Access::read);
    if (!opened) return failed(err, "journal list", opened.error());
    const auto zones = opened->zones();
    if (!zones) return failed(err, "journal list", zones.error().text);
    for (const KeptZone& zone : *zones) print_zone(zone, options.json, out);
    if (zones->empty() && !options.json) fmt::print(out, "{}: no zones are kept\n", opened->file());
    return 0;
}

int journal_show(const JournalShowOptions& options, std::ostream& out, std::ostream& err) {
    if (!options.hickory.empty()) return show_hickory(options, out, err);
    if (options.zone.empty())
        return wrong_usage(
            err, "journal show",
            "expected the name of a zone, found none; `kith journal list` names those that are kept");
    const auto apex = read_name("ZONE", options.zone);
    if (!apex) return wrong_usage(err, "journal show", apex.error());
    const auto opened = open(options.place, Access::read);
    if (!opened) return failed(err, "journal show", opened.error());
    const auto zone = opened->find(*apex);
    if (!zone) return failed(err, "journal show", zone.error().text);
    if (!*zone) return failed(err, "journal show", not_kept(*opened, *apex));
    std::uint64_t first = options.from;
    if (options.count != 0 && (*zone)->last_change >= options.count)
        first = std::max(first, (*zone)->last_change - options.count + 1);
    const auto read = opened->read_changes(*apex, first, [&](JournalEntry&& entry) {
        print_entry(entry, options.json, out);
        return out.good();
    });
    return read ? 0 : failed(err, "journal show", read.error().text);
}

int journal_compact(const JournalCompactOptions& options, std::ostream& out, std::ostream& err) {
    const auto keep = config::parse_size(options.keep);
    if (!keep)
        return wrong_usage(err, "journal compact",
                           fmt::format("--keep: expected a size such as 64KiB or 1MiB, found {}",
                                       config::shown(options.keep)));
    std::optional<dns::Name> only;
    if (!options.zone.empty()) {
        const auto apex = read_name("ZONE", options.zone);
        if (!apex) return wrong_usage(err, "journal compact", apex.error());
        only = *apex;
    }
    auto opened = open(options.place, Access::own);
    if (!opened) return failed(err, "journal compact", opened.error());
    const auto zones = opened->zones();
    if (!zones) return failed(err, "journal compact", zones.error().text);
    bool found = !only;
    for (const KeptZone& zone : *zones) {
        if (only && *only != zone.apex) continue;
        found = true;
        for (bool more = true; more;) {
            const auto step = opened->compact(zone.apex, *keep);
            if (!step) return failed(err, "journal compact", step.error().text);
            more = *step;
        }
        const auto after = opened->find(zone.apex);
        if (after && *after) print_zone(**after, false, out);
    }
    if (!found) return failed(err, "journal compact", not_kept(*opened, *only));
    const auto vacuum = opened->vacuum();
    return vacuum ? 0 : failed(err, "journal compact", vacuum.error().text);
}

}  // namespace kith::cli
