#pragma once
// Readers of single JSON values, which say what was expected and what was found.

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/result.hpp"

namespace kith::dns {

template <class T>
using Read = Result<T, std::string>;  // the error without its place

std::unexpected<std::string> wrong(std::string_view what, const boost::json::value& found);

/// Adds where an error is: `key` before a place that begins with `.`, `[` or `:`.
std::unexpected<std::string> within(std::string_view key, std::string error);

inline std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }

Read<std::uint64_t> read_number(const boost::json::value& value, std::uint64_t most);

/// Members that may be missing.
Read<std::uint64_t> number_or(const boost::json::object& object, std::string_view key,
                              std::uint64_t most, std::uint64_t missing);
Read<bool> flag_or(const boost::json::object& object, std::string_view key, bool missing);
Read<std::string_view> text_or(const boost::json::object& object, std::string_view key,
                               std::string_view missing);

Read<void> only_keys(const boost::json::object& object,
                     std::initializer_list<std::string_view> known);

bool is_buffer(const boost::json::value& value);

/// {"type": "Buffer", "data": [0, 255]}; requires is_buffer().
Read<std::vector<std::uint8_t>> read_buffer(const boost::json::value& value);

/// Calls `add(element)` for each element of an array, or for a value alone.
template <class Add>
Read<void> for_each_element(const boost::json::value& value, Add add) {
    if (!value.is_array()) return add(value);
    std::size_t index = 0;
    for (const boost::json::value& item : value.get_array()) {
        if (auto done = add(item); !done) return within(fmt::format("[{}]", index), done.error());
        ++index;
    }
    return {};
}

}  // namespace kith::dns
