#pragma once
// TomlTable: reads the values of one TOML table by key and type, and reports what is wrong with them
// at their place. Wraps the library, which is seen only by those who include this.

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem_list.hpp"

namespace kith::config {

/// What becomes of a key.
enum class KeyUse : std::uint8_t {
    used,
    no_effect,  // means nothing here: a warning when it is set
    not_yet,    // kith cannot do it yet: an error when it is set
};
struct KeyRow {
    std::string_view name;
    KeyUse use = KeyUse::used;
    std::string_view why = {};  // of the others: what is so here
};

class TomlTable {
public:
    /// All three must outlive it. `what` names the table in messages: "a zone".
    TomlTable(const toml::table& table, std::string_view what, const Lines& lines,
              ProblemList& problems)
        : table_(table), what_(what), lines_(lines), problems_(problems) {}

    /// Reports keys that no row names, and those that cannot be used.
    void check_keys(std::span<const KeyRow> rows) const;

    bool has(std::string_view key) const { return table_.contains(key); }
    /// Of the key's value, or of the table when there is none.
    Offset place_of(std::string_view key) const;
    Offset place() const { return offset_of(table_.source()); }
    const toml::table& table() const { return table_; }

    /// Each: nothing when the key is not there, or its value is another thing, which is reported.
    std::optional<std::string> text(std::string_view key) const;
    std::optional<bool> flag(std::string_view key) const;
    std::optional<std::int64_t> number(std::string_view key, std::int64_t least,
                                       std::int64_t most) const;
    /// A table, or a list of tables; empty when it is not there.
    std::vector<const toml::table*> tables(std::string_view key) const;
    struct Item {
        std::string text;
        Offset at = 0;
    };
    std::vector<Item> texts(std::string_view key) const;

    void error(Offset at, std::string text) const { problems_.error(at, std::move(text)); }
    void warn(Offset at, std::string text) const { problems_.warn(at, std::move(text)); }
    /// The same for a table inside this one.
    TomlTable inside(const toml::table& table, std::string_view what) const {
        return {table, what, lines_, problems_};
    }

private:
    /// The library counts code points where we count bytes: in a line with others than ASCII before it, a
    /// column is too small.
    Offset offset_of(const toml::source_region& region) const {
        return lines_.offset_of({region.begin.line, region.begin.column});
    }
    void expected(const toml::node& found, std::string_view key, std::string_view expected) const;

    const toml::table& table_;
    std::string_view what_;
    const Lines& lines_;
    ProblemList& problems_;
};

}  // namespace kith::config
