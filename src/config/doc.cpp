#include "config/doc.hpp"

#include "config/describe.hpp"
#include "config/sections.hpp"

namespace kith::config {
namespace {

constexpr std::string_view introduction =
    "# Configuration\n"
    "\n"
    "*Printed by `kith config doc`; do not edit.*\n"
    "\n"
    "JSON (RFC 8259) in UTF-8, with `//` and `/* */` comments and a comma after the last item\n"
    "allowed. Keys that nobody knows are warned of and ignored; `comment`, `$schema` and keys "
    "that\n"
    "start with `_` or `//` may stand anywhere and mean nothing. `null` is as if the key were not\n"
    "there. A duration is a number of seconds or text with a unit: `\"250ms\"`, `\"3s\"`, "
    "`\"5m\"`,\n"
    "`\"2h\"`, `\"1d\"`. A size is a number of bytes or text with a unit: `\"64MiB\"`, `\"1GB\"`.\n"
    "\n"
    "*Reload*: `live` takes effect when the file is reloaded, `restart` at the next start. "
    "*Whose*:\n"
    "`NanoDNS` keys have the name, type and default they have there.\n";

std::string_view reload_word(Reload reload) { return reload == Reload::live ? "live" : "restart"; }
std::string_view origin_word(Origin origin) {
    return origin == Origin::nanodns ? "NanoDNS" : "kith";
}

template <class Section>
std::string standard_words(const Field<Section>& field, const Description& words) {
    if (field.need == Need::required) return "required";
    return words.standard.empty() ? "" : '`' + words.standard + '`';
}

template <class Section>
std::string text_of(std::string_view section, const Field<Section>& field) {
    const Description words = describe(field);
    std::string standard = field.need == Need::required ? "required" : words.standard;
    if (standard.empty()) standard = "none";
    return fmt::format("{} ({})\n    {}\n    value:   {}\n    default: {}\n    reload:  {}\n",
                       field.key, section, field.doc, words.value, standard,
                       reload_word(field.reload));
}

template <class Fields>
std::string section_schema(const Fields& fields, std::string_view indent) {
    std::string properties;
    std::string required;
    for (const auto& field : fields) {
        const Description words = describe(field);
        const std::string standard =
            words.standard.empty() ? "" : fmt::format(R"(, "default": {})", words.standard);
        properties += fmt::format("{}\n{}    {}: {{{}{}, \"description\": {}}}",
                                  properties.empty() ? "" : ",", indent, json_text(field.key),
                                  words.schema, standard, json_text(field.doc));
        if (field.need == Need::optional) continue;
        required += (required.empty() ? "" : ", ") + json_text(field.key);
    }
    return fmt::format(
        "{0}  \"type\": \"object\",\n{0}  \"properties\": {{{1}\n{0}  }},\n{2}"
        "{0}  \"patternProperties\": {{\"^(comment|\\\\$schema|_.*|//.*)$\": true}},\n"
        "{0}  \"additionalProperties\": false",
        indent, properties,
        required.empty() ? "" : fmt::format("{}  \"required\": [{}],\n", indent, required));
}

}  // namespace

std::string bounds_words(const Form& form, const Bounds& bounds) {
    constexpr std::uint64_t open = Bounds{}.most;
    switch (form.unit) {
        case Form::Unit::none: return "";
        case Form::Unit::number:
            return bounds.most == open ? "" : fmt::format(" {}..{}", bounds.least, bounds.most);
        case Form::Unit::duration: {
            using Count = milliseconds::rep;
            return fmt::format(" {}..{}",
                               duration_text(milliseconds(static_cast<Count>(bounds.least))),
                               duration_text(milliseconds(static_cast<Count>(bounds.most))));
        }
        case Form::Unit::bytes:
            return fmt::format(" {}..{}", size_text(bounds.least), size_text(bounds.most));
        case Form::Unit::characters:
            return bounds.most >= text_bytes_max ? ""
                                                 : fmt::format(", at most {} bytes", bounds.most);
    }
    return "";
}

std::string bounds_schema(const Form& form, const Bounds& bounds) {
    constexpr std::uint64_t open = Bounds{}.most;
    std::string out;
    if (form.unit == Form::Unit::number) {
        out = fmt::format(R"(, "minimum": {})", bounds.least);
        if (bounds.most != open) out += fmt::format(R"(, "maximum": {})", bounds.most);
    }
    if (form.unit == Form::Unit::characters) {
        if (bounds.least != 0) out += fmt::format(R"(, "minLength": {})", bounds.least);
        if (bounds.most != open) out += fmt::format(R"(, "maxLength": {})", bounds.most);
    }
    return out;
}

std::string form_schema(const Form& form, const Bounds& bounds) {
    if (form.choices.empty()) return std::string(form.schema) + bounds_schema(form, bounds);
    std::string words;
    for (const std::string_view choice : form.choices) {
        std::string other(choice);  // any case is accepted; an editor need not offer all of them
        std::ranges::transform(other, other.begin(), [](char c) {
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            return letter ? static_cast<char>(c ^ 0x20) : c;
        });
        words += (words.empty() ? "" : ", ") + json_text(choice) + ", " + json_text(other);
    }
    return fmt::format(R"("enum": [{}])", words);
}

std::string doc_markdown() {
    std::string out(introduction);
    each_section([&](std::string_view path, auto, std::string_view what, const auto& fields) {
        out += fmt::format(
            "\n## {}\n\n{}\n\n| Key | Value | Default | Reload | Whose | Meaning |\n"
            "|---|---|---|---|---|---|\n",
            path.empty() ? "Top level" : fmt::format("`{}`", path), what);
        for (const auto& field : fields) {
            const Description words = describe(field);
            out += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", field.key, words.value,
                               standard_words(field, words), reload_word(field.reload),
                               origin_word(field.origin), field.doc);
        }
    });
    return out;
}

Result<std::string, std::string> doc_text(std::string_view key) {
    std::string out;
    std::vector<std::string> known;
    each_section([&](std::string_view path, std::string_view name, auto, const auto& fields) {
        for (const auto& field : fields) {
            known.emplace_back(field.key);
            known.push_back(path_of(name, field.key));
            if (key != field.key && key != path_of(name, field.key) &&
                key != path_of(path, field.key))
                continue;
            out += (out.empty() ? "" : "\n") + text_of(name, field);
        }
    });
    if (!out.empty()) return out;
    const std::vector<std::string_view> views(known.begin(), known.end());
    const std::string meant = did_you_mean(key, views);
    return std::unexpected(fmt::format("no setting is called {}{}", shown(key),
                                       meant.empty() ? "; `kith config doc` lists them" : meant));
}

std::string schema_json() {
    std::string top;
    std::string parts;
    each_section([&](auto, std::string_view name, auto, const auto& fields) {
        if (name == "document") {
            top = section_schema(fields, "");
        } else {
            parts += fmt::format("{}\n    \"{}\": {{\n{}\n    }}", parts.empty() ? "" : ",", name,
                                 section_schema(fields, "    "));
        }
    });
    return fmt::format(
        "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
        "  \"title\": \"kith configuration\",\n{},\n  \"$defs\": {{{}\n  }}\n}}\n",
        top, parts);
}

}  // namespace kith::config
