#include "dns/json_values.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace kith::dns {

namespace json = boost::json;

std::unexpected<std::string> wrong(std::string_view what, const json::value& found) {
    std::string shown = json::serialize(found);
    if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
    return std::unexpected(fmt::format(": expected {}, found {}", what, shown));
}

std::unexpected<std::string> within(std::string_view key, std::string error) {
    return std::unexpected(std::string(key) + error);
}

Read<std::uint64_t> read_number(const json::value& value, std::uint64_t most) {
    std::uint64_t out = 0;
    if (value.is_int64() && value.get_int64() >= 0) {
        out = static_cast<std::uint64_t>(value.get_int64());
    } else if (value.is_uint64()) {
        out = value.get_uint64();
    } else {
        return wrong("a number", value);
    }
    if (out > most) return wrong(fmt::format("a number 0..{}", most), value);
    return out;
}

Read<std::uint64_t> number_or(const json::object& object, std::string_view key, std::uint64_t most,
                              std::uint64_t missing) {
    const json::value* const value = object.if_contains(key);
    if (value == nullptr) return missing;
    auto number = read_number(*value, most);
    if (!number) return within(fmt::format(".{}", key), number.error());
    return number;
}

Read<bool> flag_or(const json::object& object, std::string_view key, bool missing) {
    const json::value* const value = object.if_contains(key);
    if (value == nullptr) return missing;
    if (!value->is_bool())
        return within(fmt::format(".{}", key), wrong("true or false", *value).error());
    return value->get_bool();
}

Read<std::string_view> text_or(const json::object& object, std::string_view key,
                               std::string_view missing) {
    const json::value* const value = object.if_contains(key);
    if (value == nullptr) return missing;
    if (!value->is_string())
        return within(fmt::format(".{}", key), wrong("a string", *value).error());
    return view(value->get_string());
}

Read<void> only_keys(const json::object& object, std::initializer_list<std::string_view> known) {
    for (const auto& member : object) {
        const std::string_view key(member.key().data(), member.key().size());
        if (std::ranges::find(known, key) == known.end()) {
            return within(
                fmt::format(".{}", key),
                fmt::format(": unknown member, expected one of {}", fmt::join(known, ", ")));
        }
    }
    return {};
}

bool is_buffer(const json::value& value) {
    const json::object* const object = value.if_object();
    const json::value* const type = object != nullptr ? object->if_contains("type") : nullptr;
    return type != nullptr && type->is_string() && view(type->get_string()) == "Buffer";
}

Read<std::vector<std::uint8_t>> read_buffer(const json::value& value) {
    const json::value* const data = value.get_object().if_contains("data");
    if (data == nullptr || !data->is_array()) return wrong("a Buffer with data: [bytes]", value);
    std::vector<std::uint8_t> out;
    for (const json::value& item : data->get_array()) {
        auto byte = read_number(item, 255);
        if (!byte) return within(".data", byte.error());
        out.push_back(static_cast<std::uint8_t>(*byte));
    }
    return out;
}

}  // namespace kith::dns
