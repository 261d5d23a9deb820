// The journal of zones, and their nets: appending, folding, reading.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.hpp"
#include "store/change_codec.hpp"
#include "store/database.hpp"
#include "store/limits.hpp"
#include "store/store.hpp"
#include "store/zone_row.hpp"
#include "zone/node_block.hpp"
#include "zone/order_key.hpp"

namespace kith::store {
namespace {

using zone::Record;
using zone::RrType;

/// The owner below the apex, as a key that orders canonically.
zone::OrderKey order_key(NameView owner, NameView apex) {
    return zone::OrderKey(owner.wire().first(owner.size() - apex.size()));
}

StoreError damaged(const std::string& file, NameView apex, std::string_view what,
                   CodecFault fault) {
    return {
        StoreFault::corrupt,
        fmt::format(
            "{}: {} of zone {} cannot be read: {}; put a backup of the state directory in its place",
            file, what, apex.to_text(), fault_text(fault))};
}

/// Takes the record out of `from`; false: it is not there.
bool take(std::vector<Record>& from, const Record& record) {
    const auto same = std::ranges::find_if(from, [&](const Record& other) {
        return zone::same_rdata(record.type, other.rdata, record.rdata);
    });
    if (same == from.end()) return false;
    from.erase(same);
    return true;
}

void add_to_net(NetRrSet& net, const Record& record) {
    // What the base has just so need not be said.
    const auto same = std::ranges::find(net.removed, record);
    take(net.added, record);
    if (same != net.removed.end()) {
        net.removed.erase(same);
    } else {
        net.added.push_back(record);
    }
}

void remove_from_net(NetRrSet& net, const Record& record) {
    if (!take(net.added, record)) net.removed.push_back(record);
}

/// FNV-1a over words, ended by a mix that spreads every bit: sums of these do not cancel.
class RecordHash {
public:
    void add(Bytes bytes) {
        for (const std::uint8_t byte : bytes) add_byte(byte);
        add_number(bytes.size());
    }
    void add_number(std::uint64_t number) { state_ = (state_ ^ number) * 0x100000001b3U; }
    void add_byte(std::uint8_t byte) { add_number(byte); }
    std::uint64_t finish() const {
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace

std::uint64_t digest_of(const zone::Zone& zone) {
    std::uint64_t sum = 0;
    for (zone::Cursor at = zone.first(); at; at.next()) {
        RecordHash owner;
        for (const std::uint8_t byte : at.node().relative_owner()) owner.add_byte(dns::lower(byte));
        for (const zone::RrSetView rrset : at.node().rrsets()) {
            for (const Bytes rdata : rrset) {
                RecordHash hash = owner;
                hash.add_number(static_cast<std::uint64_t>(rrset.type()));
                hash.add_number(rrset.ttl());
                hash.add(rdata);
                sum += hash.finish();
            }
        }
    }
    return sum;
}

Stored<void> Store::insert_changes(std::span<const Append> changes, UnixTime at) {
    for (const Append& each : changes) {
        const ZoneChange& change = *each.change;
        KITH_TRY(const ZoneRow zone, row_to_read(change.apex));
        std::uint32_t serial = zone.net_serial;
        std::uint64_t last = 0;
        {
            Statement newest = database_->statement(
                "SELECT number, to_serial FROM changes WHERE number BETWEEN ? AND ? ORDER BY number DESC LIMIT 1");
            KITH_TRY(const bool any,
                     newest.bind(change_key(zone.id, 0)).bind(last_change_key(zone.id)).step());
            if (any) {
                last = change_number(newest.number(0));
                serial = static_cast<std::uint32_t>(newest.number(1));
            }
        }
        if (change.from_serial != serial) {
            return std::unexpected(
                StoreError{StoreFault::not_whole,
                           fmt::format("{}: zone {} has serial {}, a change from {} was to be kept",
                                       file_, change.apex.to_text(), serial, change.from_serial)});
        }
        const std::vector<std::uint8_t> blob = encode_change(change);
        if (blob.size() > change_bytes_max) {
            return std::unexpected(StoreError{
                StoreFault::too_large,
                fmt::format("{}: a change of zone {} has {} bytes, expected at most {}", file_,
                            change.apex.to_text(), blob.size(), change_bytes_max)});
        }
        const std::string who = each.origin.who.substr(0, who_bytes_max);
        Statement insert = database_->statement(
            "INSERT INTO changes(number, at, kind, who, from_serial, to_serial, size, change) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
        insert.bind(change_key(zone.id, std::max(last, zone.folded) + 1))
            .bind(at)
            .bind(static_cast<std::int64_t>(each.origin.kind))
            .bind(std::string_view(who));
        insert.bind(std::int64_t{change.from_serial})
            .bind(std::int64_t{change.to_serial})
            .bind(static_cast<std::int64_t>(blob.size()))
            .bind(Bytes(blob));
        KITH_TRY_VOID(insert.run());
    }
    return {};
}

Stored<void> Store::append(std::span<const Append> changes, UnixTime at) {
    KITH_TRY(Transaction transaction, Transaction::begin(*database_));
    KITH_TRY_VOID(insert_changes(changes, at));
    return transaction.commit();
}

Stored<NetRrSet> Store::get_net(const ZoneRow& row, NameView owner, RrType type) const {
    const zone::OrderKey key = order_key(owner, row.apex);
    Statement query =
        database_->statement("SELECT net FROM net WHERE zone = ? AND owner = ? AND type = ?");
    KITH_TRY(const bool found,
             query.bind(row.id).bind(key.bytes()).bind(static_cast<std::int64_t>(type)).step());
    if (!found) return NetRrSet();
    auto net = decode_net(query.blob(0), row.apex);
    if (!net)
        return std::unexpected(
            damaged(file_, row.apex,
                    fmt::format("what is kept of {} {}", owner.to_text(), dns::type_name(type)),
                    net.error()));
    return std::move(*net);
}

Stored<void> Store::put_net(const ZoneRow& row, NameView owner, RrType type, const NetRrSet& net) {
    const zone::OrderKey key = order_key(owner, row.apex);
    const auto number = static_cast<std::int64_t>(type);
    if (net.empty()) {
        return database_->statement("DELETE FROM net WHERE zone = ? AND owner = ? AND type = ?")
            .bind(row.id)
            .bind(key.bytes())
            .bind(number)
            .run();
    }
    const std::vector<std::uint8_t> blob = encode_net(net, row.apex);
    return database_
        ->statement("INSERT OR REPLACE INTO net(zone, owner, type, net) VALUES(?, ?, ?, ?)")
        .bind(row.id)
        .bind(key.bytes())
        .bind(number)
        .bind(Bytes(blob))
        .run();
}

/// Adds a change to the net: RRset by RRset, so that it costs what the change is large.
Stored<void> Store::fold(const ZoneRow& row, const ZoneChange& change) {
    struct Step {
        const Record* record;
        bool is_added;
    };
    std::vector<Step> steps;
    for (const Record& record : change.removed) steps.push_back({&record, false});
    for (const Record& record : change.added) steps.push_back({&record, true});
    std::ranges::stable_sort(steps, [](const Step& a, const Step& b) {
        if (const auto order = a.record->owner <=> b.record->owner; order != 0) return order < 0;
        return a.record->type < b.record->type;
    });
    for (std::size_t at = 0; at < steps.size();) {
        const Record& first = *steps[at].record;
        KITH_TRY(NetRrSet net, get_net(row, first.owner, first.type));
        for (; at < steps.size() && steps[at].record->owner == first.owner &&
               steps[at].record->type == first.type;
             ++at) {
            if (steps[at].is_added) {
                add_to_net(net, *steps[at].record);
            } else {
                remove_from_net(net, *steps[at].record);
            }
        }
        KITH_TRY_VOID(put_net(row, first.owner, first.type, net));
    }
    return {};
}

/// Makes or empties the row of a zone; inside a transaction.
Stored<Store::ZoneRow> Store::begin_base(NameView apex, const Base& base, std::uint32_t serial,
                                         History history) {
    const Name lower = Name(apex).lowered();
    const std::int64_t kind = base.kind == Base::Kind::nothing ? 0 : 1;
    KITH_TRY_VOID(
        database_
            ->statement(
                "INSERT OR IGNORE INTO zones(apex, base_kind, base_digest, base_serial, net_serial, folded) VALUES(?, 0, 0, 0, 0, 0)")
            .bind(lower.wire())
            .run());
    KITH_TRY(const ZoneRow row, row_to_read(lower));
    KITH_TRY_VOID(
        database_
            ->statement(
                "UPDATE zones SET base_kind = ?, base_digest = ?, base_serial = ? WHERE id = ?")
            .bind(kind)
            .bind(static_cast<std::int64_t>(base.digest))
            .bind(std::int64_t{base.serial})
            .bind(row.id)
            .run());
    KITH_TRY_VOID(database_->statement("DELETE FROM net WHERE zone = ?").bind(row.id).run());
    if (history == History::forget) {
        KITH_TRY(const KeptZone zone, kept(row));
        // Numbers go on: who looks at them must not see an old one again.
        const std::uint64_t last = std::max(zone.last_change, zone.folded);
        KITH_TRY_VOID(database_->statement("DELETE FROM changes WHERE number BETWEEN ? AND ?")
                          .bind(change_key(row.id, 0))
                          .bind(last_change_key(row.id))
                          .run());
        KITH_TRY_VOID(
            database_->statement("UPDATE zones SET folded = ?, net_serial = ? WHERE id = ?")
                .bind(static_cast<std::int64_t>(last))
                .bind(std::int64_t{serial})
                .bind(row.id)
                .run());
    }
    return row_to_read(lower);
}

/// Appends the history up to the new net and counts all as folded.
Stored<void> Store::end_base(const ZoneRow& row, std::uint32_t serial,
                             std::span<const Append> changes, UnixTime at) {
    KITH_TRY_VOID(insert_changes(changes, at));
    KITH_TRY(const KeptZone zone, kept(row));
    const auto last = static_cast<std::int64_t>(std::max(zone.last_change, zone.folded));
    return database_->statement("UPDATE zones SET folded = ?, net_serial = ? WHERE id = ?")
        .bind(last)
        .bind(std::int64_t{serial})
        .bind(row.id)
        .run();
}

Stored<void> Store::set_base(NameView apex, const Base& base, const ZoneChange& net,
                             std::uint32_t serial, History history, std::span<const Append> changes,
                             UnixTime at) {
    KITH_TRY(Transaction transaction, Transaction::begin(*database_));
    const std::uint32_t before = changes.empty() ? serial : changes.front().change->from_serial;
    KITH_TRY(const ZoneRow row, begin_base(apex, base, before, history));
    KITH_TRY_VOID(fold(row, net));
    KITH_TRY_VOID(end_base(row, serial, changes, at));
    return transaction.commit();
}

Stored<void> Store::set_whole(const zone::Zone& zone, History history,
                              std::span<const Append> changes, UnixTime at) {
    KITH_TRY(Transaction transaction, Transaction::begin(*database_));
    const std::uint32_t before =
        changes.empty() ? zone.serial() : changes.front().change->from_serial;
    KITH_TRY(const ZoneRow row, begin_base(zone.apex(), {}, before, history));
    for (zone::Cursor at_node = zone.first(); at_node; at_node.next()) {
        if (at_node.node().is_empty()) continue;
        const Name owner = at_node.node().owner(zone.apex());
        for (const zone::RrSetView rrset : at_node.node().rrsets()) {
            NetRrSet net;
            for (int i = 0; i < rrset.count(); ++i) {
                const Bytes rdata = rrset.rdata(i);
                net.added.push_back({owner,
                                     rrset.type(),
                                     rrset.record_ttl(rdata),
                                     {rdata.begin(), rdata.end()},
                                     rrset.provenance(i)});
            }
            KITH_TRY_VOID(put_net(row, owner, rrset.type(), net));
        }
    }
    KITH_TRY_VOID(end_base(row, zone.serial(), changes, at));
    return transaction.commit();
}

Stored<void> Store::read_net(NameView apex, const VisitNet& visit) const {
    constexpr std::size_t records_per_piece = 1000;
    KITH_TRY(const ZoneRow zone, row_to_read(apex));
    ZoneChange piece;
    piece.apex = zone.apex;
    Statement query =
        database_->statement("SELECT net FROM net WHERE zone = ? ORDER BY owner, type");
    query.bind(zone.id);
    for (;;) {
        KITH_TRY(const bool found, query.step());
        if (!found) break;
        auto net = decode_net(query.blob(0), zone.apex);
        if (!net) return std::unexpected(damaged(file_, zone.apex, "the content", net.error()));
        std::ranges::move(net->removed, std::back_inserter(piece.removed));
        std::ranges::move(net->added, std::back_inserter(piece.added));
        if (piece.removed.size() + piece.added.size() < records_per_piece) continue;
        visit(std::exchange(piece, ZoneChange{zone.apex, 0, 0, {}, {}}));
    }
    if (!piece.removed.empty() || !piece.added.empty()) visit(std::move(piece));
    return {};
}

Stored<void> Store::read_changes(NameView apex, std::uint64_t first, const Visit& visit) const {
    KITH_TRY(const ZoneRow zone, row_to_read(apex));
    Statement query = database_->statement(
        "SELECT number, at, kind, who, change FROM changes WHERE number BETWEEN ? AND ? ORDER BY number");
    query.bind(change_key(zone.id, first)).bind(last_change_key(zone.id));
    for (;;) {
        KITH_TRY(const bool found, query.step());
        if (!found) return {};
        JournalEntry entry;
        entry.number = change_number(query.number(0));
        entry.at = query.number(1);
        const auto kind = query.number(2);
        if (kind >= 0 && kind <= static_cast<std::int64_t>(Origin::Kind::operator_))
            entry.origin.kind = static_cast<Origin::Kind>(kind);
        entry.origin.who = query.text(3);
        auto change = decode_change(query.blob(4));
        if (!change)
            return std::unexpected(
                damaged(file_, zone.apex, fmt::format("change {}", entry.number), change.error()));
        entry.change = std::move(*change);
        if (!visit(std::move(entry))) return {};
    }
}

Stored<std::vector<JournalEntry>> Store::newest_changes(NameView apex,
                                                        std::uint64_t bytes_max) const {
    KITH_TRY(const ZoneRow zone, row_to_read(apex));
    std::uint64_t bytes = 0;
    std::uint64_t first = 0;
    bool any = false;
    {
        Statement query = database_->statement(
            "SELECT number, size FROM changes WHERE number BETWEEN ? AND ? ORDER BY number DESC");
        query.bind(change_key(zone.id, 0)).bind(last_change_key(zone.id));
        for (;;) {
            KITH_TRY(const bool found, query.step());
            if (!found) break;
            bytes += static_cast<std::uint64_t>(query.number(1));
            if (bytes > bytes_max) break;
            first = change_number(query.number(0));
            any = true;
        }
    }
    std::vector<JournalEntry> out;
    if (!any) return out;
    KITH_TRY_VOID(read_changes(apex, first, [&out](JournalEntry&& entry) {
        // After a break, what is older leads nowhere.
        if (!out.empty() && out.back().change.to_serial != entry.change.from_serial) out.clear();
        out.push_back(std::move(entry));
        return true;
    }));
    return out;
}

Stored<bool> Store::compact(NameView apex, std::uint64_t bytes_max) {
    KITH_TRY(const ZoneRow zone, row_to_read(apex));
    KITH_TRY(const KeptZone now, kept(zone));
    if (now.change_bytes <= bytes_max && now.last_change - now.first_change < journal_changes_max)
        return false;
    KITH_TRY(Transaction transaction, Transaction::begin(*database_));
    std::uint64_t left = now.change_bytes;
    std::uint64_t folded = zone.folded;
    std::uint64_t last = 0;
    std::uint32_t serial = zone.net_serial;
    Stored<void> result;
    std::size_t count = 0;
    bool more = false;
    KITH_TRY_VOID(read_changes(apex, 0, [&](JournalEntry&& entry) {
        if (left <= bytes_max / 2 && now.last_change - entry.number < journal_changes_max / 2)
            return false;
        if (count++ == fold_changes_max) {
            more = true;
            return false;
        }
        if (entry.number > folded) {
            result = fold(zone, entry.change);
            if (!result) return false;
            folded = entry.number;
            serial = entry.change.to_serial;
        }
        left -= std::min<std::uint64_t>(left, encode_change(entry.change).size());
        last = entry.number;
        return true;
    }));
    if (!result) return std::unexpected(result.error());
    KITH_TRY_VOID(database_->statement("DELETE FROM changes WHERE number BETWEEN ? AND ?")
                      .bind(change_key(zone.id, 0))
                      .bind(change_key(zone.id, last))
                      .run());
    KITH_TRY_VOID(database_->statement("UPDATE zones SET folded = ?, net_serial = ? WHERE id = ?")
                      .bind(static_cast<std::int64_t>(folded))
                      .bind(std::int64_t{serial})
                      .bind(zone.id)
                      .run());
    KITH_TRY_VOID(transaction.commit());
    return more;
}

}  // namespace kith::store
