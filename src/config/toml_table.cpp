#include "config/toml_table.hpp"

#include <algorithm>

#include "config/text.hpp"

namespace kith::config {
namespace {

std::string_view kind_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "a list";
        case toml::node_type::string: return "a text";
        case toml::node_type::integer: return "a number";
        case toml::node_type::floating_point: return "a number with a fraction";
        case toml::node_type::boolean: return "true or false";
        default: return "a date or time";
    }
}

}  // namespace

void TomlTable::check_keys(std::span<const KeyRow> rows) const {
    std::vector<std::string_view> known;
    for (const KeyRow& row : rows) known.push_back(row.name);
    for (const auto& [key, value] : table_) {
        const Offset at = offset_of(key.source());
        const auto row = std::ranges::find(rows, key.str(), &KeyRow::name);
        if (row == rows.end()) {
            error(at, fmt::format("{} has no key {}{}", what_, shown(key.str()),
                                  did_you_mean(key.str(), known)));
        } else if (row->use == KeyUse::not_yet) {
            error(at, fmt::format("'{}': kith cannot do this yet: {}", row->name, row->why));
        } else if (row->use == KeyUse::no_effect) {
            warn(at, fmt::format("'{}' has no effect: {}", row->name, row->why));
        }
    }
}

Offset TomlTable::place_of(std::string_view key) const {
    const toml::node* const node = table_.get(key);
    return node != nullptr ? offset_of(node->source()) : place();
}

void TomlTable::expected(const toml::node& found, std::string_view key,
                         std::string_view expected) const {
    error(offset_of(found.source()),
          fmt::format("'{}' of {}: expected {}, found {}", key, what_, expected, kind_of(found)));
}

std::optional<std::string> TomlTable::text(std::string_view key) const {
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* const value = node->as_string()) return value->get();
    expected(*node, key, "a text");
    return std::nullopt;
}

std::optional<bool> TomlTable::flag(std::string_view key) const {
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* const value = node->as_boolean()) return value->get();
    expected(*node, key, "true or false");
    return std::nullopt;
}

std::optional<std::int64_t> TomlTable::number(std::string_view key, std::int64_t least,
                                              std::int64_t most) const {
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    const auto* const value = node->as_integer();
    if (value == nullptr) {
        expected(*node, key, "a number");
        return std::nullopt;
    }
    if (value->get() >= least && value->get() <= most) return value->get();
    error(place_of(key), fmt::format("'{}' of {}: expected {} to {}, found {}", key, what_, least,
                                     most, value->get()));
    return std::nullopt;
}

std::vector<const toml::table*> TomlTable::tables(std::string_view key) const {
    std::vector<const toml::table*> out;
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return out;
    if (const auto* const one = node->as_table()) {
        out.push_back(one);
    } else if (const auto* const list = node->as_array()) {
        for (const toml::node& item : *list) {
            if (const auto* const table = item.as_table()) {
                out.push_back(table);
            } else {
                expected(item, key, "tables");
            }
        }
    } else {
        expected(*node, key, "a table, or a list of them");
    }
    return out;
}

std::vector<TomlTable::Item> TomlTable::texts(std::string_view key) const {
    std::vector<Item> out;
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return out;
    const auto* const list = node->as_array();
    if (list == nullptr) {
        expected(*node, key, "a list of texts");
        return out;
    }
    for (const toml::node& item : *list) {
        if (const auto* const text = item.as_string()) {
            out.push_back({text->get(), offset_of(item.source())});
        } else {
            expected(item, key, "texts");
        }
    }
    return out;
}

}  // namespace kith::config
