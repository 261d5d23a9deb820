#include "store/database.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/check.hpp"
#include "store/limits.hpp"

namespace kith::store {
namespace {

/// What an I/O error comes from, as far as the system tells.
StoreFault fault_of_io(int system_error) {
    switch (system_error) {
        case ENOSPC:
        case EDQUOT: return StoreFault::disk_full;
        case EROFS:
        case EACCES:
        case EPERM: return StoreFault::read_only;
        default: return StoreFault::io;
    }
}

StoreFault fault_of(int code, int system_error) {
    switch (code & 0xff) {
        case SQLITE_FULL: return StoreFault::disk_full;
        case SQLITE_READONLY: return StoreFault::read_only;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return StoreFault::locked;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return StoreFault::corrupt;
        case SQLITE_TOOBIG: return StoreFault::too_large;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH: {
            const StoreFault fault = fault_of_io(system_error);
            return fault == StoreFault::io ? StoreFault::cannot_open : fault;
        }
        default: return fault_of_io(system_error);
    }
}

std::string_view advice(StoreFault fault) {
    switch (fault) {
        case StoreFault::disk_full: return "; make room on this disk";
        case StoreFault::read_only: return "; make the folder writable for the user kith runs as";
        case StoreFault::locked: return "; see which other program has it open";
        case StoreFault::corrupt: return "; put a backup of the state directory in its place";
        case StoreFault::cannot_open: return "; check that the folder exists and who owns it";
        case StoreFault::in_use:
        case StoreFault::moved:
        case StoreFault::too_new:
        case StoreFault::too_large:
        case StoreFault::not_whole:
        case StoreFault::io: return "";
    }
    return "";
}

}  // namespace

Statement::~Statement() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

// Binding fails only for a number of a parameter that is not there, a bug, or for want of memory.

Statement& Statement::bind(std::int64_t value) {
    if (statement_ != nullptr)
        KITH_CHECK(sqlite3_bind_int64(statement_, ++bound_, value) == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(Bytes value) {
    static constexpr std::uint8_t nothing = 0;  // a null pointer would be NULL
    if (statement_ == nullptr) return *this;
    const void* const at = value.empty() ? &nothing : value.data();
    KITH_CHECK(sqlite3_bind_blob64(statement_, ++bound_, at, value.size(), SQLITE_STATIC) ==
               SQLITE_OK);
    return *this;
}

Statement& Statement::bind(std::string_view text) {
    if (statement_ == nullptr) return *this;
    const char* const at = text.empty() ? "" : text.data();
    KITH_CHECK(sqlite3_bind_text64(statement_, ++bound_, at, text.size(), SQLITE_STATIC,
                                   SQLITE_UTF8) == SQLITE_OK);
    return *this;
}

Stored<bool> Statement::step() {
    if (statement_ == nullptr) return std::unexpected(database_->error(SQLITE_ERROR));
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return std::unexpected(database_->error(code));
}

Stored<void> Statement::run() {
    KITH_TRY([[maybe_unused]] const bool row, step());
    return {};
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(statement_, column);
}

Bytes Statement::blob(int column) const {
    const void* const at = sqlite3_column_blob(statement_, column);
    return {static_cast<const std::uint8_t*>(at),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::text(int column) const { return as_text(blob(column)); }

Stored<std::unique_ptr<Database>> Database::open(const std::string& file, OpenMode mode) {
    std::unique_ptr<Database> database(new Database(file));
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= mode == OpenMode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (mode == OpenMode::create) flags |= SQLITE_OPEN_CREATE;
    const int code = sqlite3_open_v2(file.c_str(), &database->handle_, flags, nullptr);
    if (code != SQLITE_OK) return std::unexpected(database->error(code));
    sqlite3_busy_timeout(database->handle_, busy_wait_ms);
    return database;
}

Database::~Database() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(handle_);
}

Stored<void> Database::run(const char* sql) {
    const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return std::unexpected(error(code));
    return {};
}

Stored<std::int64_t> Database::number(const char* sql) {
    Statement query = statement(sql);
    KITH_TRY(const bool row, query.step());
    return row ? query.number(0) : 0;
}

Statement Database::statement(const char* sql) {
    sqlite3_stmt*& prepared = statements_[sql];
    if (prepared == nullptr) {
        sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    }
    return {*this, prepared};
}

StoreError Database::error(int code) const {
    if (handle_ == nullptr) return {StoreFault::io, fmt::format("{}: out of memory", file_)};
    if (code == SQLITE_ERROR) code = sqlite3_extended_errcode(handle_);
    const int system_error = sqlite3_system_errno(handle_);
    const StoreFault fault = fault_of(code, system_error);
    const bool tell =
        system_error != 0 && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN);
    return {fault, fmt::format("{}: {}{}{}{}", file_, sqlite3_errmsg(handle_), tell ? ": " : "",
                               tell ? std::strerror(system_error) : "", advice(fault))};
}

void Database::watch_place(const std::vector<std::string>& paths) {
    place_.clear();
    for (const std::string& path : paths) {
        struct stat info {};
        if (::stat(path.c_str(), &info) == 0) place_.push_back({path, info.st_dev, info.st_ino});
    }
}

Stored<void> Database::check_place() const {
    for (const FileIdentity& each : place_) {
        struct stat info {};
        const bool is_there = ::stat(each.path.c_str(), &info) == 0;
        if (is_there && info.st_dev == each.device && info.st_ino == each.inode) continue;
        return std::unexpected(StoreError{
            StoreFault::moved,
            fmt::format("{}: {} while the server runs, so that what is written would be lost; put "
                        "the state directory back as it was, or restart the server",
                        each.path,
                        is_there ? "replaced by another file" : "deleted or moved away")});
    }
    return {};
}

void Database::set_busy_wait(int milliseconds) { sqlite3_busy_timeout(handle_, milliseconds); }

Stored<Transaction> Transaction::begin(Database& database) {
    if (database.is_in_transaction_) return Transaction(nullptr);
    KITH_TRY_VOID(database.check_place());
    KITH_TRY_VOID(database.statement("BEGIN IMMEDIATE").run());
    database.is_in_transaction_ = true;
    return Transaction(&database);
}

Transaction::~Transaction() {
    // The library may have rolled back by itself, as it does when the disk is full.
    if (database_ == nullptr) return;
    database_->is_in_transaction_ = false;
    static_cast<void>(database_->run("ROLLBACK"));
}

Stored<void> Transaction::commit() {
    if (database_ == nullptr) return {};
    KITH_TRY_VOID(database_->statement("COMMIT").run());
    database_->is_in_transaction_ = false;
    // Again: nobody is told that what went into a file deleted meanwhile is kept.
    return std::exchange(database_, nullptr)->check_place();
}

}  // namespace kith::store
