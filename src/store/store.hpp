#pragma once
// Store: what the server must remember, in one SQLite database (WAL, synchronous=FULL) in the state
// directory: for each zone of record its base, its journal of changes, and the state of keys and
// leases as keys with values. Whatever a call that writes has returned for survives any crash.
//
// A zone is kept as
//
//   base     where it began: nothing, or a zone file (its digest and serial; the file is not copied)
//   net      what differs from the base up to change number `folded`, one row a name and type
//   changes  the journal: numbered, each from the serial of the one before it
//
// so that base + net + the changes after `folded` is the zone of now; the changes up to `folded` are
// history, for IXFR and for people. Compaction moves `folded` forward and forgets old changes.
//
// Not thread-safe: one Store belongs to the control thread. Other processes may read at the same
// time (`kith journal`).

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "store/lock_file.hpp"
#include "store/origin.hpp"
#include "store/store_error.hpp"
#include "zone/change.hpp"

namespace kith::store {

using zone::Name;
using zone::NameView;
using zone::ZoneChange;

class Database;
struct NetRrSet;

enum class Access : std::uint8_t {
    own,   // read and write; no second owner; made if it is not there
    read,  // for tools, beside a server that runs
};

/// Where a zone's net begins.
struct Base {
    enum class Kind : std::uint8_t {
        nothing,  // net holds the whole zone
        file,     // a zone file or the records of the configuration
    };
    Kind kind = Kind::nothing;
    std::uint64_t digest = 0;  // of the file's zone; see digest_of()
    std::uint32_t serial = 0;  // of the file's zone

    friend bool operator==(const Base&, const Base&) = default;
};

/// A number that tells whether two zones have the same records (TTLs, provenance and the SOA's
/// serial included), whatever their order was: not against an attacker who chooses both.
std::uint64_t digest_of(const zone::Zone& zone);

/// One zone as the store knows it.
struct KeptZone {
    Name apex;
    Base base;
    std::uint32_t serial = 0;        // after the last change
    std::uint64_t folded = 0;        // number of the last change that net includes
    std::uint64_t first_change = 0;  // numbers of the changes there are; 0: none
    std::uint64_t last_change = 0;
    std::uint64_t change_bytes = 0;  // of their blobs
};

/// One change of the journal.
struct JournalEntry {
    std::uint64_t number = 0;
    UnixTime at = 0;
    Origin origin;
    ZoneChange change;
};

/// One change to append.
struct Append {
    const ZoneChange* change = nullptr;
    Origin origin;
};

struct KeyValue {
    std::string key;
    std::vector<std::uint8_t> value;
};

class Store {
public:
    /// Opens `folder`/kith.db. With Access::own, folder (mode 0700) and database (0600) are made,
    /// and a lock file keeps a second server out. The schema is brought up to date. Once opened, every
    /// call that writes fails (moved) while the files are not where they were. A call waits up to five
    /// seconds for another process that holds the database.
    static Stored<Store> open(const std::string& folder, Access access);
    ~Store();
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;

    /// From now on others wait for the caller: calls fail (locked) almost at once instead.
    void serve_from_now();

    /// Path of the database.
    const std::string& file() const { return file_; }

    // --- zones ---------------------------------------------------------------------------------

    Stored<std::vector<KeptZone>> zones() const;
    /// nullopt: never kept.
    Stored<std::optional<KeptZone>> find(NameView apex) const;

    /// Visits net in pieces, owners in canonical order: removed records are in the base, added ones
    /// are not. Piece by piece, as it may be as large as the zone. A piece's serials mean nothing.
    using VisitNet = std::function<void(ZoneChange&& piece)>;
    Stored<void> read_net(NameView apex, const VisitNet& visit) const;
    /// Visits changes in order from number `first` on, until `visit` returns false.
    using Visit = std::function<bool(JournalEntry&& entry)>;
    Stored<void> read_changes(NameView apex, std::uint64_t first, const Visit& visit) const;
    /// The newest changes that together have at most `bytes_max` bytes, oldest first: each follows
    /// the one before it.
    Stored<std::vector<JournalEntry>> newest_changes(NameView apex, std::uint64_t bytes_max) const;

    /// Appends changes of any zones, all or none, durable before it returns: group commit. Each
    /// must start from the serial its zone has; the first of a zone needs set_base() before it.
    Stored<void> append(std::span<const Append> changes, UnixTime at);

    /// Several calls as one: what is written between begin_batch() and commit() is durable together, or
    /// not at all: without commit(), which is not for after a call that failed, all of it is undone.
    class Batch {
    public:
        ~Batch();
        Batch(Batch&&) noexcept;
        Stored<void> commit();

    private:
        friend class Store;
        struct Open;
        explicit Batch(std::unique_ptr<Open> open);
        std::unique_ptr<Open> open_;
    };
    Stored<Batch> begin_batch();

    /// What becomes of a zone's history when it gets another base.
    enum class History : std::uint8_t { keep, forget };
    /// Starts a zone, or puts it on another base. `net` leads from that base to the zone with serial
    /// `serial`; `changes` are appended first (history up to that zone) and counted as folded. One
    /// transaction.
    Stored<void> set_base(NameView apex, const Base& base, const ZoneChange& net,
                          std::uint32_t serial, History history, std::span<const Append> changes,
                          UnixTime at);
    /// As set_base() with nothing as base and all of `zone` as net: for zones that have no file.
    Stored<void> set_whole(const zone::Zone& zone, History history, std::span<const Append> changes,
                           UnixTime at);

    /// Folds and forgets the oldest changes of a zone until they take at most half of `bytes_max`,
    /// at most fold_changes_max of them in one call; true: more remains to be done. Does nothing
    /// while they take less than `bytes_max`.
    Stored<bool> compact(NameView apex, std::uint64_t bytes_max);
    /// Forgets a zone altogether.
    Stored<void> forget(NameView apex);
    /// Gives free pages back to the disk: for `kith journal compact`, as it rewrites the file.
    Stored<void> vacuum();

    // --- keys and values -----------------------------------------------------------------------

    /// `space` is the user of a part of the keys: "keys", "leases", "secondary".
    Stored<std::optional<std::vector<std::uint8_t>>> get(std::string_view space,
                                                         std::string_view key) const;
    /// By key; those whose key begins with `prefix`.
    Stored<std::vector<KeyValue>> list(std::string_view space, std::string_view prefix = {}) const;
    /// The keys alone: values may be secrets, which are better not read.
    Stored<std::vector<std::string>> keys(std::string_view space) const;
    /// Writes all or none; an empty value removes its key.
    Stored<void> put(std::string_view space, std::span<const KeyValue> values);

private:
    struct ZoneRow;
    Store(std::string file, LockFile lock, std::unique_ptr<Database> database);
    Stored<std::optional<ZoneRow>> row(NameView apex) const;
    Stored<ZoneRow> row_to_read(NameView apex) const;
    Stored<KeptZone> kept(const ZoneRow& row) const;
    Stored<void> insert_changes(std::span<const Append> changes, UnixTime at);
    Stored<ZoneRow> begin_base(NameView apex, const Base& base, std::uint32_t serial,
                               History history);
    Stored<void> end_base(const ZoneRow& row, std::uint32_t serial, std::span<const Append> changes,
                          UnixTime at);
    Stored<void> fold(const ZoneRow& row, const ZoneChange& change);
    Stored<void> put_net(const ZoneRow& row, NameView owner, zone::RrType type,
                         const NetRrSet& net);
    Stored<NetRrSet> get_net(const ZoneRow& row, NameView owner, zone::RrType type) const;

    std::string file_;
    LockFile lock_;
    std::unique_ptr<Database> database_;
};

}  // namespace kith::store
