#pragma once
// The words and the JSON Schema of a setting, from its row. Shared by the manual and the schema.

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>

#include <fmt/format.h>

#include "config/limits.hpp"
#include "config/text.hpp"
#include "config/values.hpp"

namespace kith::config {

/// What the manual says of one setting.
struct Description {
    std::string value;     // "number 0..65535"
    std::string standard;  // its default as JSON; empty when it has none
    std::string schema;    // members of its JSON Schema
};

template <class T>
struct ItemOf {
    using Type = T;
    static constexpr bool is_list = false;
};
template <class T>
struct ItemOf<std::vector<T>> {
    using Type = T;
    static constexpr bool is_list = true;
};
template <class T>
struct ItemOf<std::optional<T>> : ItemOf<T> {};

/// ` 1..60`, with the form's unit; nothing where the type or the row sets no bound.
std::string bounds_words(const Form& form, const Bounds& bounds);
/// The same as members of a JSON Schema, with a leading comma.
std::string bounds_schema(const Form& form, const Bounds& bounds);
/// The form with its choices as members of a JSON Schema.
std::string form_schema(const Form& form, const Bounds& bounds);

template <class Section, class T>
Description describe(const Field<Section>& field, const Section& standard, T Section::*member) {
    using Item = typename ItemOf<T>::Type;
    constexpr bool list = ItemOf<T>::is_list;
    const Item* type = nullptr;
    const Form form = form_of(type);
    Bounds bounds = field.bounds;
    if constexpr (std::is_integral_v<Item> && !std::is_same_v<Item, bool>) {
        bounds.most = std::min<std::uint64_t>(bounds.most, std::numeric_limits<Item>::max());
    }
    Description out;
    out.value =
        std::string(list ? "list: " : "") + std::string(form.words) + bounds_words(form, bounds);
    if (!form.choices.empty()) out.value = fmt::format("{}", fmt::join(form.choices, ", "));
    if (field.need == Need::optional) out.standard = print_value(standard.*member);
    out.schema = form_schema(form, bounds);
    if constexpr (list) {
        const std::string items = fmt::format(R"("type": "array", "maxItems": {}, "items": {{{}}})",
                                              list_items_max, out.schema);
        // One text alone is read as a list of one.
        const bool alone = std::is_same_v<Item, TextAt>;
        out.schema = alone ? fmt::format(R"("anyOf": [{{{}}}, {{{}}}])", out.schema, items) : items;
    }
    return out;
}

template <class Section>
Description describe(const Field<Section>&, const Section&, Nested nested) {
    const std::string target = nested.section.empty()
                                   ? R"("type": "array", "items": {"type": "string"})"
                                   : fmt::format(R"("$ref": "#/$defs/{}")", nested.section);
    switch (nested.shape) {
        case Nested::Shape::object: return {"object, see below", "", target};
        case Nested::Shape::list:
            return {"list of objects, see below", "[]",
                    fmt::format(R"("type": "array", "items": {{{}}})", target)};
        case Nested::Shape::map:
            return {nested.section.empty() ? "object: domain to list of addresses"
                                           : "object: name to object, see below",
                    "{}",
                    fmt::format(R"("type": "object", "additionalProperties": {{{}}})", target)};
    }
    return {};
}

template <class Section>
Description describe(const Field<Section>& field) {
    const Section standard{};
    return std::visit([&](auto member) { return describe(field, standard, member); }, field.member);
}

}  // namespace kith::config
