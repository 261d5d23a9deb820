#pragma once
// Database: one SQLite connection: prepared statements, transactions, and errors in words. Private to
// this module; the library's types stay behind it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "store/store_error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace kith::store {

class Database;

/// One use of a prepared statement: bind, step, read; reset at the end of its life.
class Statement {
public:
    Statement(Database& database, sqlite3_stmt* statement)
        : database_(&database), statement_(statement) {}
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    /// Binds the next parameter. The bytes must stay until the Statement is gone.
    Statement& bind(std::int64_t value);
    Statement& bind(Bytes value);
    Statement& bind(std::string_view text);
    /// True: there is a row.
    Stored<bool> step();
    /// For statements that give no rows.
    Stored<void> run();

    std::int64_t number(int column) const;
    Bytes blob(int column) const;             ///< good until the next step
    std::string_view text(int column) const;  ///< good until the next step

private:
    Database* database_;
    sqlite3_stmt* statement_;
    int bound_ = 0;
};

enum class OpenMode : std::uint8_t { create, write, read };

/// Which file a path stood for when it was opened.
struct FileIdentity {
    std::string path;
    std::uint64_t device = 0, inode = 0;
};

class Database {
public:
    static Stored<std::unique_ptr<Database>> open(const std::string& file, OpenMode mode);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// How long a statement waits while another process holds the file; busy_wait_ms until then.
    void set_busy_wait(int milliseconds);
    /// Runs one or more statements without parameters and rows.
    Stored<void> run(const char* sql);
    /// A number that `sql` gives in its first row.
    Stored<std::int64_t> number(const char* sql);
    /// `sql` must be a literal: statements are prepared once and found by its address. One that cannot
    /// be prepared fails at its first step.
    Statement statement(const char* sql);

    /// From now on a transaction fails (moved) when any of these paths, as far as they are there, has
    /// become another file or none: what is written into a deleted file is lost, and SQLite would not
    /// say so.
    void watch_place(const std::vector<std::string>& paths);
    Stored<void> check_place() const;

    /// What the library says went wrong last, in words.
    StoreError error(int code) const;
    const std::string& file() const { return file_; }

private:
    friend class Transaction;
    explicit Database(std::string file) : file_(std::move(file)) {}
    std::string file_;
    sqlite3* handle_ = nullptr;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
    std::vector<FileIdentity> place_;
    bool is_in_transaction_ = false;  // as we began it: what the library does on errors is its own
};

/// A transaction that writes; undone unless commit() has succeeded. Inside another one it is part of
/// that, which must not be committed when this one was not.
class Transaction {
public:
    static Stored<Transaction> begin(Database& database);
    ~Transaction();
    Transaction(Transaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    Stored<void> commit();

private:
    explicit Transaction(Database* database) : database_(database) {}
    Database* database_;
};

}  // namespace kith::store
