#include "dns/json_read_rdata.hpp"

#include <limits>

#include <fmt/format.h>

#include "dns/encoding.hpp"
#include "dns/rdata.hpp"
#include "dns/rdata/codec.hpp"
#include "dns/rdata_fields.hpp"
#include "dns/text_escape.hpp"

namespace kith::dns {
namespace {

namespace json = boost::json;

/// The words of RDATA, which parse_rdata() reads: JSON and master files are checked by the same code.
class Words {
public:
    void add(std::string text, bool quoted = false) { words_.push_back({std::move(text), quoted}); }
    std::size_t size() const { return words_.size(); }
    std::vector<Token> tokens() const {
        std::vector<Token> out;
        for (const Word& word : words_) out.push_back({word.text, word.quoted});
        return out;
    }

private:
    struct Word {
        std::string text;
        bool quoted;
    };
    std::vector<Word> words_;
};

/// Text as it is or a Buffer, as one quoted word.
Read<void> add_bytes(const json::value& value, Words& words) {
    std::string word;
    if (is_buffer(value)) {
        KITH_TRY(const auto bytes, read_buffer(value));
        append_escaped(word, bytes);
    } else if (value.is_string()) {
        append_escaped(word, as_bytes(view(value.get_string())));
    } else {
        return wrong("a string or a Buffer", value);
    }
    words.add(std::move(word), true);
    return {};
}

std::string encoded(FieldKind kind, Bytes bytes) {
    std::string out;
    switch (kind) {
        case FieldKind::hex:
        case FieldKind::salt:
        case FieldKind::hip_tag: append_hex(out, bytes); break;
        case FieldKind::hash: append_base32hex(out, bytes); break;
        default: append_base64(out, bytes); break;
    }
    return out;
}

Read<void> add_text(FieldKind kind, const json::value& value, Words& words) {
    if (is_buffer(value)) {
        KITH_TRY(const auto bytes, read_buffer(value));
        words.add(encoded(kind, bytes));
        return {};
    }
    if (value.is_int64() || value.is_uint64()) {
        KITH_TRY(const std::uint64_t number,
                 read_number(value, std::numeric_limits<std::uint64_t>::max()));
        words.add(fmt::to_string(number));
        return {};
    }
    if (!value.is_string()) return wrong("a string", value);
    const auto tokens = split_tokens(view(value.get_string()));
    if (!tokens) return std::unexpected(": " + tokens.error().text);
    for (const Token& token : *tokens) words.add(std::string(token.text), token.quoted);
    return {};
}

Read<void> add_field(const Field& field, const json::value& value, Words& words) {
    switch (codec(field.kind).json) {
        case JsonForm::number:
        case JsonForm::decimal:
            if (value.is_bool()) return words.add(value.get_bool() ? "1" : "0"), Read<void>{};
            return add_text(field.kind, value, words);
        case JsonForm::text: return add_text(field.kind, value, words);
        case JsonForm::dashed:
            if (value.is_string() && value.get_string().empty())
                return words.add("-"), Read<void>{};
            return add_text(field.kind, value, words);
        case JsonForm::name:
            if (!value.is_string()) return wrong("a name", value);
            words.add(std::string(view(value.get_string())));
            return {};
        case JsonForm::bytes: return add_bytes(value, words);
        case JsonForm::list:
            return for_each_element(
                value, [&](const json::value& item) { return add_bytes(item, words); });
        case JsonForm::words:
            return for_each_element(value, [&](const json::value& item) -> Read<void> {
                if (item.is_string())
                    return words.add(std::string(view(item.get_string()))), Read<void>{};
                return add_text(field.kind, item, words);
            });
    }
    return {};
}

/// Numbers and lists may be missing; what else is missing is an error.
Read<void> add_missing(const Field& field, Words& words) {
    switch (codec(field.kind).json) {
        case JsonForm::number:
        case JsonForm::decimal: words.add("0"); return {};
        case JsonForm::list:
        case JsonForm::words: return {};
        case JsonForm::dashed: words.add("-"); return {};
        default: break;
    }
    if (field.kind == FieldKind::optional_string) return {};
    return std::unexpected(fmt::format(".{}: missing", field.key));
}

Read<void> add_fields(std::span<const Field> fields, const json::object& data, Words& words) {
    for (const auto& member : data) {
        const std::string_view key(member.key().data(), member.key().size());
        const bool known = std::ranges::find(fields, key, &Field::key) != fields.end();
        if (!known && key != "issuerCritical")
            return std::unexpected(fmt::format(".{}: unknown member", key));
    }
    for (const Field& field : fields) {
        const json::value* const value = data.if_contains(field.key);
        if (value == nullptr) {
            KITH_TRY_VOID(add_missing(field, words));
        } else if (auto done = add_field(field, *value, words); !done) {
            return within(fmt::format(".{}", field.key), done.error());
        }
    }
    return {};
}

/// True when a Buffer is the value of the field; else it is the whole RDATA.
bool holds_bytes(FieldKind kind) {
    switch (kind) {
        case FieldKind::string:
        case FieldKind::strings:
        case FieldKind::hex:
        case FieldKind::base64: return true;
        default: return false;
    }
}

}  // namespace

Read<std::vector<std::uint8_t>> read_data(RrType type, RrClass klass, const json::value* value) {
    if (value == nullptr) return std::vector<std::uint8_t>{};
    const std::span<const Field> fields = fields_of(type, klass);
    if (is_buffer(*value) && (fields.size() != 1 || !holds_bytes(fields[0].kind)))
        return read_buffer(*value);
    Words words;
    if (fields.empty()) {
        KITH_TRY_VOID(add_text(FieldKind::hex, *value, words));
    } else if (fields.size() == 1) {
        KITH_TRY_VOID(add_field(fields[0], *value, words));
    } else if (value->is_object()) {
        KITH_TRY_VOID(add_fields(fields, value->get_object(), words));
    } else if (value->is_string()) {
        KITH_TRY_VOID(add_text(FieldKind::hex, *value, words));  // presentation form
    } else {
        return wrong(fmt::format("an object with the fields of {}", type_name(type)), *value);
    }
    std::vector<std::uint8_t> bytes(rdata_bytes_max);
    Writer out(bytes);
    if (auto done = parse_rdata(type, klass, words.tokens(), NameView(), out); !done) {
        return std::unexpected(": " + done.error().text);
    }
    bytes.resize(out.size());
    return bytes;
}

}  // namespace kith::dns
