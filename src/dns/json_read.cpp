#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/ip_address.hpp"
#include "dns/encoding.hpp"
#include "dns/json.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"
#include "dns/rdata/codec.hpp"
#include "dns/rdata_fields.hpp"
#include "dns/text_escape.hpp"

namespace kith::dns {
namespace {

namespace json = boost::json;

template <class T>
using Read = Result<T, std::string>;  // the error without its place

std::unexpected<std::string> wrong(std::string_view what, const json::value& found) {
    std::string shown = json::serialize(found);
    if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
    return std::unexpected(fmt::format(": expected {}, found {}", what, shown));
}

/// Adds where an error is: `key` before a place that begins with `.`, `[` or `:`.
std::unexpected<std::string> within(std::string_view key, std::string error) {
    return std::unexpected(std::string(key) + error);
}

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

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

/// A member that may be missing.
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

/// {"type": "Buffer", "data": [0, 255]}; requires is_buffer().
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

/// Calls `add(element)` for each element of an array, or for a value alone.
template <class Add>
Read<void> for_each_element(const json::value& value, Add add) {
    if (!value.is_array()) return add(value);
    std::size_t index = 0;
    for (const json::value& item : value.get_array()) {
        if (auto done = add(item); !done) return within(fmt::format("[{}]", index), done.error());
        ++index;
    }
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

/// "UNKNOWN_7" as "TYPE7" and the like; other text as it is.
std::string known_form(std::string_view text, std::string_view generic) {
    constexpr std::string_view unknown = "UNKNOWN_";
    if (!text.starts_with(unknown)) return std::string(text);
    return std::string(generic) + std::string(text.substr(unknown.size()));
}

struct Head {
    Name name;
    RrType type;
    RrClass klass;
};

/// name, type, class and the class's top bit, which questions and records share.
Read<Head> read_head(const json::object& object, std::string_view top_bit_key) {
    KITH_TRY(const std::string_view name_text, text_or(object, "name", "."));
    auto name = Name::from_text(name_text);
    if (!name) return std::unexpected(".name: " + name.error().text);
    KITH_TRY(const std::string_view type_text, text_or(object, "type", ""));
    const auto type = parse_type(known_form(type_text, "TYPE"));
    if (!type)
        return std::unexpected(
            fmt::format(".type: expected a record type, found \"{}\"", type_text.substr(0, 60)));
    KITH_TRY(const std::string_view class_text, text_or(object, "class", "IN"));
    const auto klass = parse_class(known_form(class_text, "CLASS"));
    if (!klass)
        return std::unexpected(
            fmt::format(".class: expected a class, found \"{}\"", class_text.substr(0, 60)));
    KITH_TRY(const bool top_bit, flag_or(object, top_bit_key, false));
    const unsigned value = static_cast<unsigned>(*klass) | (top_bit ? 0x8000U : 0U);
    return Head{*name, *type, static_cast<RrClass>(value)};
}

Read<Record> read_record_object(const json::object& object) {
    KITH_TRY_VOID(only_keys(object, {"name", "type", "class", "ttl", "flush", "data"}));
    KITH_TRY(const Head head, read_head(object, "flush"));
    KITH_TRY(const std::uint64_t ttl, number_or(object, "ttl", 0xffffffffU, 0));
    const auto klass = static_cast<RrClass>(static_cast<unsigned>(head.klass) & 0x7fffU);
    auto rdata = read_data(head.type, klass, object.if_contains("data"));
    if (!rdata) return within(".data", rdata.error());
    return Record{head.name, head.type, head.klass, static_cast<std::uint32_t>(ttl),
                  std::move(*rdata)};
}

void append_u16(std::vector<std::uint8_t>& out, std::uint64_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

Read<std::vector<std::uint8_t>> read_subnet(const json::object& option) {
    KITH_TRY(const std::string_view ip, text_or(option, "ip", ""));
    const auto address = IpAddress::from_text(ip);
    if (!address)
        return std::unexpected(
            fmt::format(".ip: expected an address, found \"{}\"", ip.substr(0, 60)));
    const std::size_t bits = address->bytes().size() * 8;
    KITH_TRY(const std::uint64_t source, number_or(option, "sourcePrefixLength", bits, 0));
    KITH_TRY(const std::uint64_t scope, number_or(option, "scopePrefixLength", bits, 0));
    std::vector<std::uint8_t> out{0, static_cast<std::uint8_t>(address->is_v4() ? 1 : 2),
                                  static_cast<std::uint8_t>(source),
                                  static_cast<std::uint8_t>(scope)};
    // Only the bytes of the prefix are sent, the bits past it being zero (RFC 7871 §6).
    const Bytes bytes = address->bytes().first((source + 7) / 8);
    out.insert(out.end(), bytes.begin(), bytes.end());
    if (source % 8 != 0) out.back() = static_cast<std::uint8_t>(out.back() & 0xff00U >> source % 8);
    return out;
}

/// The value from the decoded members, when there is no `data`.
Read<std::vector<std::uint8_t>> read_option_details(OptionCode code, const json::object& option) {
    std::vector<std::uint8_t> out;
    switch (code) {
        case OptionCode::CLIENT_SUBNET: return read_subnet(option);
        case OptionCode::TCP_KEEPALIVE: {
            if (!option.contains("timeout")) return out;
            KITH_TRY(const std::uint64_t timeout, number_or(option, "timeout", 65535, 0));
            append_u16(out, timeout);
            return out;
        }
        case OptionCode::PADDING: {
            KITH_TRY(const std::uint64_t length, number_or(option, "length", 65535, 0));
            out.resize(length);
            return out;
        }
        case OptionCode::KEY_TAG:
            if (const json::value* const tags = option.if_contains("tags")) {
                KITH_TRY_VOID(for_each_element(*tags, [&](const json::value& item) -> Read<void> {
                    KITH_TRY(const std::uint64_t tag, read_number(item, 65535));
                    append_u16(out, tag);
                    return {};
                }));
            }
            return out;
        case OptionCode::EDE: {
            KITH_TRY(const std::uint64_t code_value, number_or(option, "infoCode", 65535, 0));
            KITH_TRY(const std::string_view text, text_or(option, "extraText", ""));
            append_u16(out, code_value);
            out.insert(out.end(), text.begin(), text.end());
            return out;
        }
        default: return out;
    }
}

Read<void> read_option(const json::value& value, std::vector<std::uint8_t>& out) {
    const json::object* const option = value.if_object();
    if (option == nullptr) return wrong("an option object", value);
    KITH_TRY(const std::string_view type, text_or(*option, "type", ""));
    const auto named = parse_option(
        type.starts_with("OPTION_") ? fmt::format("OPT{}", type.substr(7)) : std::string(type));
    KITH_TRY(const std::uint64_t code,
             number_or(*option, "code", 65535, named ? static_cast<unsigned>(*named) : 65536));
    if (code > 65535)
        return std::unexpected(fmt::format(": expected a code or a known type, found type \"{}\"",
                                           type.substr(0, 60)));
    const json::value* const data = option->if_contains("data");
    std::vector<std::uint8_t> bytes;
    if (data == nullptr) {
        KITH_TRY(bytes, read_option_details(static_cast<OptionCode>(code), *option));
    } else if (is_buffer(*data)) {
        KITH_TRY(bytes, read_buffer(*data));
    } else if (data->is_string()) {
        const std::string_view text = view(data->get_string());
        bytes.assign(text.begin(), text.end());
    } else {
        return within(".data", wrong("a Buffer or a string", *data).error());
    }
    if (bytes.size() > 65535) return std::unexpected(": option over 65535 bytes");
    append_u16(out, code);
    append_u16(out, bytes.size());
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
}

Read<void> add_opt(const json::object& opt, MessageBuilder& builder) {
    KITH_TRY_VOID(only_keys(opt, {"name", "type", "udpPayloadSize", "extendedRcode", "ednsVersion",
                                  "flags", "flag_do", "options"}));
    KITH_TRY(const std::uint64_t payload, number_or(opt, "udpPayloadSize", 65535, 4096));
    KITH_TRY(const std::uint64_t rcode_high, number_or(opt, "extendedRcode", 255, 0));
    KITH_TRY(const std::uint64_t version, number_or(opt, "ednsVersion", 255, 0));
    KITH_TRY(const std::uint64_t flags, number_or(opt, "flags", 65535, 0));
    KITH_TRY(const bool dnssec_ok, flag_or(opt, "flag_do", (flags & 0x8000U) != 0));
    std::vector<std::uint8_t> options;
    if (const json::value* const list = opt.if_contains("options")) {
        auto done = for_each_element(
            *list, [&](const json::value& item) { return read_option(item, options); });
        if (!done) return within(".options", done.error());
    }
    const auto all_flags =
        static_cast<std::uint16_t>((flags & 0x7fffU) | (dnssec_ok ? 0x8000U : 0U));
    if (!builder.add_opt(static_cast<std::uint16_t>(payload), static_cast<Rcode>(rcode_high << 4),
                         static_cast<std::uint8_t>(version), all_flags, options)) {
        return std::unexpected(": the message is over 65535 bytes");
    }
    return {};
}

Read<void> add_record_value(Section section, const json::value& value, MessageBuilder& builder) {
    const json::object* const object = value.if_object();
    if (object == nullptr) return wrong("a record object", value);
    KITH_TRY(const std::string_view type, text_or(*object, "type", ""));
    if (parse_type(type) == RrType::OPT) {
        if (section != Section::additional)
            return std::unexpected(": OPT stands among the additionals only");
        return add_opt(*object, builder);
    }
    KITH_TRY(const Record record, read_record_object(*object));
    const auto klass = static_cast<RrClass>(static_cast<unsigned>(record.klass) & 0x7fffU);
    const bool fits = check_rdata(record.type, klass, record.rdata).has_value();
    if (!fits && compressible_names(record.type).names > 0)
        return std::unexpected(": data does not fit the type");
    if (!builder.add_record(section, record.owner, record.type, record.klass, record.ttl,
                            record.rdata)) {
        return std::unexpected(": the message is over 65535 bytes");
    }
    return {};
}

Read<void> add_question(const json::value& value, MessageBuilder& builder) {
    const json::object* const object = value.if_object();
    if (object == nullptr) return wrong("a question object", value);
    KITH_TRY_VOID(only_keys(*object, {"name", "type", "class", "unicast"}));
    KITH_TRY(const Head head, read_head(*object, "unicast"));
    if (!builder.add_question(head.name, head.type, head.klass))
        return std::unexpected(": the message is over 65535 bytes");
    return {};
}

template <class Add>
Read<void> add_section(const json::object& packet, std::string_view key, Add add) {
    const json::value* const list = packet.if_contains(key);
    if (list == nullptr) return {};
    if (!list->is_array()) return within(key, wrong("an array", *list).error());
    if (auto done = for_each_element(*list, add); !done) return within(key, done.error());
    return {};
}

Read<void> read_header(const json::object& packet, Header& header) {
    KITH_TRY(const std::string_view type, text_or(packet, "type", "query"));
    if (type != "query" && type != "response")
        return std::unexpected(
            fmt::format(".type: expected query or response, found \"{}\"", type.substr(0, 60)));
    KITH_TRY(const std::uint64_t id, number_or(packet, "id", 65535, 0));
    KITH_TRY(const std::uint64_t given, number_or(packet, "flags", 65535, 0));
    unsigned flags = static_cast<unsigned>(given & 0x7fffU) | (type == "response" ? 0x8000U : 0U);
    KITH_TRY(std::string_view opcode_text, text_or(packet, "opcode", ""));
    if (!opcode_text.empty()) {
        const auto opcode = parse_opcode(opcode_text.starts_with("OPCODE_")
                                             ? fmt::format("OPCODE{}", opcode_text.substr(7))
                                             : std::string(opcode_text));
        if (!opcode)
            return std::unexpected(fmt::format(".opcode: expected an opcode, found \"{}\"",
                                               opcode_text.substr(0, 60)));
        flags = (flags & ~0x7800U) | static_cast<unsigned>(*opcode) << 11;
    }
    KITH_TRY(std::string_view rcode_text, text_or(packet, "rcode", ""));
    if (!rcode_text.empty()) {
        const auto rcode = parse_rcode(rcode_text.starts_with("RCODE_")
                                           ? fmt::format("RCODE{}", rcode_text.substr(6))
                                           : std::string(rcode_text));
        if (!rcode)
            return std::unexpected(
                fmt::format(".rcode: expected an rcode, found \"{}\"", rcode_text.substr(0, 60)));
        flags = (flags & ~15U) | (static_cast<unsigned>(*rcode) & 15U);
    }
    constexpr std::pair<std::string_view, std::uint16_t> bits[] = {
        {"flag_qr", Header::qr}, {"flag_aa", Header::aa}, {"flag_tc", Header::tc},
        {"flag_rd", Header::rd}, {"flag_ra", Header::ra}, {"flag_z", Header::z},
        {"flag_ad", Header::ad}, {"flag_cd", Header::cd}};
    for (const auto& [key, bit] : bits) {
        KITH_TRY(const bool set, flag_or(packet, key, (flags & bit) != 0));
        flags = set ? flags | bit : flags & ~static_cast<unsigned>(bit);
    }
    header.id = static_cast<std::uint16_t>(id);
    header.flags = static_cast<std::uint16_t>(flags);
    return {};
}

Read<std::vector<std::uint8_t>> read_message(const json::object& packet) {
    KITH_TRY_VOID(
        only_keys(packet, {"type", "id", "flags", "opcode", "rcode", "flag_qr", "flag_aa",
                           "flag_tc", "flag_rd", "flag_ra", "flag_z", "flag_ad", "flag_cd",
                           "questions", "answers", "authorities", "additionals"}));
    std::vector<std::uint8_t> buffer(message_bytes_max);
    MessageBuilder builder;
    builder.start(buffer, buffer.size());
    KITH_TRY_VOID(read_header(packet, builder.header()));
    KITH_TRY_VOID(add_section(
        packet, "questions", [&](const json::value& item) { return add_question(item, builder); }));
    constexpr std::pair<std::string_view, Section> sections[] = {
        {"answers", Section::answer},
        {"authorities", Section::authority},
        {"additionals", Section::additional}};
    for (const auto& [key, section] : sections) {
        KITH_TRY_VOID(add_section(packet, key, [&, which = section](const json::value& item) {
            return add_record_value(which, item, builder);
        }));
    }
    buffer.resize(builder.finish().size());
    const auto parsed = MessageView::parse(buffer);
    if (!parsed) return std::unexpected("not a DNS message: " + parsed.error().to_text());
    return buffer;
}

std::string without_lead(std::string error) {
    const std::size_t start = error.find_first_not_of(".: ");
    return start == std::string::npos ? error : error.substr(start);
}

/// Parses `text` and hands its object to `read`.
template <class T, class ReadObject>
Text<T> read_text(std::string_view text, ReadObject read) {
    if (text.size() > json_bytes_max) {
        return std::unexpected(TextError{
            fmt::format("expected at most {} bytes of JSON, found {}", json_bytes_max, text.size()),
            json_bytes_max});
    }
    json::stream_parser parser;
    json::error_code fault;
    const std::size_t used = parser.write_some(text.data(), text.size(), fault);
    const std::size_t rest = std::min(text.find_first_not_of(" \t\r\n", used), text.size());
    if (!fault && rest != text.size()) fault = json::error::extra_data;
    if (!fault) parser.finish(fault);
    if (fault) return std::unexpected(TextError{"expected JSON: " + fault.message(), rest});
    const json::value value = parser.release();
    if (!value.is_object()) return std::unexpected(TextError{"expected a JSON object", 0});
    Read<T> out = read(value.get_object());
    if (!out) return std::unexpected(TextError{without_lead(out.error()), 0});
    return std::move(*out);
}

}  // namespace

Text<std::vector<std::uint8_t>> message_from_json(std::string_view text) {
    return read_text<std::vector<std::uint8_t>>(text, read_message);
}

Text<Record> record_from_json(std::string_view text) {
    return read_text<Record>(text, read_record_object);
}

}  // namespace kith::dns
