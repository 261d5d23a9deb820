#include "store/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/check.hpp"
#include "store/change_codec.hpp"
#include "store/database.hpp"
#include "store/limits.hpp"
#include "store/zone_row.hpp"

namespace kith::store {
namespace {

constexpr int schema_version = 1;
constexpr std::int64_t application_id = 0x6b697468;  // "kith", so that file(1) and we know it

// Names are in lower case and wire form; `owner` of net is an OrderKey, so that it is read in
// canonical order.
constexpr const char* schema = R"(
CREATE TABLE zones(
    id INTEGER PRIMARY KEY, apex BLOB NOT NULL UNIQUE,
    base_kind INTEGER NOT NULL, base_digest INTEGER NOT NULL, base_serial INTEGER NOT NULL,
    net_serial INTEGER NOT NULL, folded INTEGER NOT NULL) STRICT;
CREATE TABLE net(
    zone INTEGER NOT NULL, owner BLOB NOT NULL, type INTEGER NOT NULL, net BLOB NOT NULL,
    PRIMARY KEY(zone, owner, type)) STRICT, WITHOUT ROWID;
CREATE TABLE changes(
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, who TEXT NOT NULL,
    from_serial INTEGER NOT NULL, to_serial INTEGER NOT NULL, size INTEGER NOT NULL,
    change BLOB NOT NULL) STRICT;
CREATE TABLE state(
    space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY(space, key)) STRICT, WITHOUT ROWID;
)";

/// Makes the folder, for its owner only; there already is fine.
Stored<void> make_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    const int error = errno;
    const StoreFault fault = error == EROFS || error == EACCES ? StoreFault::read_only
                             : error == ENOSPC                 ? StoreFault::disk_full
                                                               : StoreFault::cannot_open;
    return std::unexpected(StoreError{
        fault, fmt::format(
                   "{}: cannot be made: {}; make this folder, or name another with state_directory",
                   folder, std::strerror(error))});
}

/// The library would make the file as the umask has it; the others of the database follow its mode.
Stored<void> make_private(const std::string& file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        const int error = errno;
        const StoreFault fault = error == EROFS || error == EACCES ? StoreFault::read_only
                                 : error == ENOSPC                 ? StoreFault::disk_full
                                                                   : StoreFault::cannot_open;
        return std::unexpected(
            StoreError{fault, fmt::format("{}: cannot be opened: {}", file, std::strerror(error))});
    }
    struct stat info {};
    if (::fstat(descriptor, &info) == 0 && (info.st_mode & 077) != 0) ::fchmod(descriptor, 0600);
    ::close(descriptor);
    return {};
}

Stored<void> make_schema(Database& database) {
    KITH_TRY(Transaction transaction, Transaction::begin(database));
    KITH_TRY(const auto tables, database.number("SELECT count(*) FROM sqlite_schema"));
    if (tables != 0) {
        return std::unexpected(StoreError{
            StoreFault::corrupt,
            fmt::format("{}: a database that is not kith's; name another state_directory",
                        database.file())});
    }
    KITH_TRY_VOID(database.run(schema));
    KITH_TRY_VOID(database.run(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                           application_id, schema_version)
                                   .c_str()));
    return transaction.commit();
}

/// Makes the schema, or brings an older one up to date. There is only one version so far.
Stored<void> check_schema(Database& database, Access access) {
    KITH_TRY(const auto id, database.number("PRAGMA application_id"));
    KITH_TRY(const auto version, database.number("PRAGMA user_version"));
    if (id == 0 && version == 0 && access == Access::own) return make_schema(database);
    if (id != application_id) {
        return std::unexpected(StoreError{
            StoreFault::corrupt, fmt::format("{}: not a database of kith", database.file())});
    }
    if (version > schema_version) {
        return std::unexpected(StoreError{
            StoreFault::too_new,
            fmt::format(
                "{}: made by a later version of kith (form {}, expected at most {}); use that one",
                database.file(), version, schema_version)});
    }
    return {};
}

// Two megabytes of pages between checkpoints: each costs two more syncs.
constexpr const char* settings_of_owner = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 500;
PRAGMA journal_size_limit = 16777216;
PRAGMA trusted_schema = OFF;
)";

Base base_of(const Statement& from, int column) {
    Base base;
    base.kind = from.number(column) == 0 ? Base::Kind::nothing : Base::Kind::file;
    base.digest = static_cast<std::uint64_t>(from.number(column + 1));
    base.serial = static_cast<std::uint32_t>(from.number(column + 2));
    return base;
}

}  // namespace

Store::Store(std::string file, LockFile lock, std::unique_ptr<Database> database)
    : file_(std::move(file)), lock_(std::move(lock)), database_(std::move(database)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Stored<Store> Store::open(const std::string& folder, Access access) {
    const std::string file = folder + "/kith.db";
    if (access == Access::read) {
        // A reader takes part in the write-ahead log's shared memory where it may; where it may not
        // write, it reads what there is.
        auto database = Database::open(file, OpenMode::write);
        if (!database || !(*database)->run("PRAGMA query_only = ON; PRAGMA schema_version")) {
            database = Database::open(file, OpenMode::read);
        }
        if (!database) return std::unexpected(database.error());
        KITH_TRY_VOID(check_schema(**database, access));
        return Store(file, LockFile(), std::move(*database));
    }
    KITH_TRY_VOID(make_folder(folder));
    const std::string lock_path = folder + "/kith.lock";
    KITH_TRY(LockFile lock, LockFile::take(lock_path));
    KITH_TRY_VOID(make_private(file));
    KITH_TRY(auto database, Database::open(file, OpenMode::create));
    KITH_TRY_VOID(database->run(settings_of_owner));
    KITH_TRY_VOID(check_schema(*database, access));
    // The log and its index are there by now, and stay until the database is closed.
    database->watch_place({file, file + "-wal", file + "-shm", lock_path});
    return Store(file, std::move(lock), std::move(database));
}

void Store::serve_from_now() { database_->set_busy_wait(owner_busy_wait_ms); }

struct Store::Batch::Open {
    Transaction transaction;
};
Store::Batch::Batch(std::unique_ptr<Open> open) : open_(std::move(open)) {}
Store::Batch::~Batch() = default;
Store::Batch::Batch(Batch&&) noexcept = default;

Stored<Store::Batch> Store::begin_batch() {
    KITH_TRY(Transaction transaction, Transaction::begin(*database_));
    return Batch(std::make_unique<Batch::Open>(std::move(transaction)));
}

Stored<void> Store::Batch::commit() { return open_->transaction.commit(); }

Stored<std::optional<Store::ZoneRow>> Store::row(NameView apex) const {
    const Name lower = Name(apex).lowered();
    Statement query = database_->statement(
        "SELECT id, base_kind, base_digest, base_serial, net_serial, folded FROM zones WHERE apex = ?");
    KITH_TRY(const bool found, query.bind(lower.wire()).step());
    if (!found) return std::optional<ZoneRow>();
    ZoneRow row;
    row.id = query.number(0);
    row.apex = lower;
    row.base = base_of(query, 1);
    row.net_serial = static_cast<std::uint32_t>(query.number(4));
    row.folded = static_cast<std::uint64_t>(query.number(5));
    return std::optional<ZoneRow>(row);
}

Stored<Store::ZoneRow> Store::row_to_read(NameView apex) const {
    KITH_TRY(const auto found, row(apex));
    if (found) return *found;
    return std::unexpected(
        StoreError{StoreFault::not_whole,
                   fmt::format("{}: the zone {} is not kept here", file_, apex.to_text())});
}

Stored<KeptZone> Store::kept(const ZoneRow& row) const {
    KeptZone zone;
    zone.apex = row.apex;
    zone.base = row.base;
    zone.serial = row.net_serial;
    zone.folded = row.folded;
    const std::int64_t first = change_key(row.id, 0);
    const std::int64_t last = last_change_key(row.id);
    Statement range = database_->statement(
        "SELECT min(number), max(number), total(size) FROM changes WHERE number BETWEEN ? AND ?");
    KITH_TRY(const bool found, range.bind(first).bind(last).step());
    if (!found || range.number(1) == 0) return zone;
    zone.first_change = change_number(range.number(0));
    zone.last_change = change_number(range.number(1));
    zone.change_bytes = static_cast<std::uint64_t>(range.number(2));
    if (zone.last_change <= zone.folded) return zone;
    Statement newest = database_->statement("SELECT to_serial FROM changes WHERE number = ?");
    KITH_TRY(const bool has, newest.bind(change_key(row.id, zone.last_change)).step());
    if (has) zone.serial = static_cast<std::uint32_t>(newest.number(0));
    return zone;
}

Stored<std::vector<KeptZone>> Store::zones() const {
    std::vector<Name> apexes;
    {
        Statement query = database_->statement("SELECT apex FROM zones ORDER BY apex");
        for (;;) {
            KITH_TRY(const bool found, query.step());
            if (!found) break;
            const auto apex = NameView::from_wire(query.blob(0));
            if (!apex || apexes.size() == zones_max) {
                return std::unexpected(StoreError{
                    StoreFault::corrupt, fmt::format("{}: the table of zones is damaged", file_)});
            }
            apexes.emplace_back(*apex);
        }
    }
    std::vector<KeptZone> out;
    for (const Name& apex : apexes) {
        KITH_TRY(const auto zone, find(apex));
        if (zone) out.push_back(*zone);
    }
    return out;
}

Stored<std::optional<KeptZone>> Store::find(NameView apex) const {
    KITH_TRY(const auto found, row(apex));
    if (!found) return std::optional<KeptZone>();
    KITH_TRY(auto zone, kept(*found));
    return std::optional<KeptZone>(std::move(zone));
}

Stored<void> Store::forget(NameView apex) {
    KITH_TRY(const auto found, row(apex));
    if (!found) return {};
    KITH_TRY(Transaction transaction, Transaction::begin(*database_));
    KITH_TRY_VOID(database_->statement("DELETE FROM net WHERE zone = ?").bind(found->id).run());
    KITH_TRY_VOID(database_->statement("DELETE FROM changes WHERE number BETWEEN ? AND ?")
                      .bind(change_key(found->id, 0))
                      .bind(last_change_key(found->id))
                      .run());
    KITH_TRY_VOID(database_->statement("DELETE FROM zones WHERE id = ?").bind(found->id).run());
    return transaction.commit();
}

Stored<void> Store::vacuum() {
    KITH_TRY_VOID(database_->run("VACUUM"));
    return database_->run("PRAGMA wal_checkpoint(TRUNCATE)");
}

Stored<std::optional<std::vector<std::uint8_t>>> Store::get(std::string_view space,
                                                            std::string_view key) const {
    using Value = std::optional<std::vector<std::uint8_t>>;
    Statement query = database_->statement("SELECT value FROM state WHERE space = ? AND key = ?");
    KITH_TRY(const bool found, query.bind(space).bind(key).step());
    if (!found) return Value();
    const Bytes value = query.blob(0);
    return Value(std::in_place, value.begin(), value.end());
}

Stored<std::vector<KeyValue>> Store::list(std::string_view space, std::string_view prefix) const {
    std::vector<KeyValue> out;
    Statement query = database_->statement(
        "SELECT key, value FROM state WHERE space = ? AND key >= ? ORDER BY key");
    query.bind(space).bind(prefix);
    for (;;) {
        KITH_TRY(const bool found, query.step());
        if (!found || !query.text(0).starts_with(prefix)) return out;
        const Bytes value = query.blob(1);
        out.push_back({std::string(query.text(0)), {value.begin(), value.end()}});
    }
}

Stored<std::vector<std::string>> Store::keys(std::string_view space) const {
    std::vector<std::string> out;
    Statement query = database_->statement("SELECT key FROM state WHERE space = ? ORDER BY key");
    query.bind(space);
    for (;;) {
        KITH_TRY(const bool found, query.step());
        if (!found) return out;
        out.emplace_back(query.text(0));
    }
}

Stored<void> Store::put(std::string_view space, std::span<const KeyValue> values) {
    KITH_TRY(Transaction transaction, Transaction::begin(*database_));
    for (const KeyValue& each : values) {
        if (each.value.size() > value_bytes_max) {
            return std::unexpected(StoreError{
                StoreFault::too_large,
                fmt::format("{}: the value of {} {} has {} bytes, expected at most {}", file_,
                            space, each.key, each.value.size(), value_bytes_max)});
        }
        if (each.value.empty()) {
            KITH_TRY_VOID(database_->statement("DELETE FROM state WHERE space = ? AND key = ?")
                              .bind(space)
                              .bind(std::string_view(each.key))
                              .run());
        } else {
            KITH_TRY_VOID(
                database_
                    ->statement("INSERT OR REPLACE INTO state(space, key, value) VALUES(?, ?, ?)")
                    .bind(space)
                    .bind(std::string_view(each.key))
                    .bind(Bytes(each.value))
                    .run());
        }
    }
    return transaction.commit();
}

}  // namespace kith::store
