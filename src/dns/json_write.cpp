#include <iterator>

#include <fmt/format.h>

#include "base/ip_address.hpp"
#include "dns/json.hpp"
#include "dns/rdata.hpp"
#include "dns/rdata/codec.hpp"
#include "dns/rdata_fields.hpp"
#include "dns/text_escape.hpp"

namespace kith::dns {
namespace {

/// Bytes of the UTF-8 character at the front of `text`; 0 when there is none (RFC 3629 §4).
std::size_t utf8_size(Bytes text) {
    const std::uint8_t first = text[0];
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((text[i] & 0xc0) != 0x80) return 0;
    }
    // Overlong forms, surrogates and numbers beyond U+10FFFF.
    if (first == 0xe0 && text[1] < 0xa0) return 0;
    if (first == 0xed && text[1] > 0x9f) return 0;
    if (first == 0xf0 && text[1] < 0x90) return 0;
    if (first == 0xf4 && text[1] > 0x8f) return 0;
    return size;
}

bool is_utf8(Bytes text) {
    while (!text.empty()) {
        const std::size_t size = utf8_size(text);
        if (size == 0) return false;
        text = text.subspan(size);
    }
    return true;
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_buffer(std::string& out, Bytes bytes) {
    fmt::format_to(std::back_inserter(out), "{{\"type\":\"Buffer\",\"data\":[{}]}}",
                   fmt::join(bytes, ","));
}

void append_bytes(std::string& out, Bytes bytes) {
    if (is_utf8(bytes)) {
        append_string(out, as_text(bytes));
    } else {
        append_buffer(out, bytes);
    }
}

/// Appends members and elements with their commas.
class Members {
public:
    Members(std::string& out, char open) : out_(out), close_(open == '{' ? '}' : ']') {
        out_ += open;
    }
    std::string& next() {
        if (!first_) out_ += ',';
        first_ = false;
        return out_;
    }
    std::string& key(std::string_view name) {
        append_string(next(), name);
        out_ += ':';
        return out_;
    }
    void number(std::string_view name, std::uint64_t value) { key(name) += fmt::to_string(value); }
    void text(std::string_view name, std::string_view value) { append_string(key(name), value); }
    void flag(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }
    void end() { out_ += close_; }

private:
    std::string& out_;
    char close_;
    bool first_ = true;
};

std::string without_dot(std::string name) {
    if (name.size() > 1) name.pop_back();  // a name's text always ends with an unescaped dot
    return name;
}

std::string name_text(NameView name) { return without_dot(name.to_text()); }

/// The field's words as check() and print() see them.
std::string printed(const FieldInput& input) {
    std::string out;
    codec(input.field.kind).print(input, out);
    return out;
}

void append_words(std::string& out, const std::string& words, FieldKind kind) {
    Members list(out, '[');
    const auto tokens = split_tokens(words);
    for (const Token& token : tokens ? *tokens : std::vector<Token>{}) {
        std::string word(token.text);
        append_string(list.next(), kind == FieldKind::names ? without_dot(word) : word);
    }
    list.end();
}

Bytes take_string(Reader& reader) {
    const auto size = reader.u8();
    const auto bytes = reader.take(size.value_or(0));
    return bytes ? *bytes : Bytes{};
}

void append_strings(std::string& out, Reader& reader) {
    Members list(out, '[');
    while (!reader.at_end()) append_bytes(list.next(), take_string(reader));
    list.end();
}

/// Requires a field that has been checked.
void append_field(std::string& out, const FieldInput& input) {
    const FieldKind kind = input.field.kind;
    Reader& reader = input.reader;
    switch (codec(kind).json) {
        case JsonForm::number: {
            Reader start = reader;
            printed(input);  // moves the reader past the field
            std::uint64_t value = 0;
            while (start.offset() < reader.offset()) value = value << 8 | start.u8().value_or(0);
            out += fmt::to_string(value);
            return;
        }
        case JsonForm::decimal: out += printed(input); return;
        case JsonForm::text: append_string(out, printed(input)); return;
        case JsonForm::name: append_string(out, without_dot(printed(input))); return;
        case JsonForm::words: append_words(out, printed(input), kind); return;
        case JsonForm::list: append_strings(out, reader); return;
        case JsonForm::bytes:
            append_bytes(out, kind == FieldKind::rest_string ? *reader.take(reader.left())
                                                             : take_string(reader));
            return;
        case JsonForm::dashed: {
            const std::string word = printed(input);
            append_string(out, word == "-" ? "" : word);
            return;
        }
    }
}

bool is_absent(const FieldInput& input) {
    return input.field.kind == FieldKind::optional_string && input.reader.at_end();
}

void append_data(std::string& out, RrType type, RrClass klass, Bytes rdata) {
    const std::span<const Field> fields = fields_of(type, klass);
    if (fields.empty() || !check_fields(fields, rdata)) return append_buffer(out, rdata);
    Reader reader(rdata);
    if (fields.size() == 1) return append_field(out, {reader, rdata, fields[0]});
    Members data(out, '{');
    for (const Field& field : fields) {
        const FieldInput input{reader, rdata, field};
        if (!is_absent(input)) append_field(data.key(field.key), input);
    }
    if (type == RrType::CAA) data.flag("issuerCritical", (rdata[0] & 0x80) != 0);
    data.end();
}

constexpr unsigned top_bit =
    0x8000;  // of a class: cache-flush, or unicast wanted (RFC 6762 §10.2, §5.4)

void add_class(Members& members, RrClass klass, std::string_view top_bit_key) {
    const auto value = static_cast<unsigned>(klass);
    members.text("class", class_name(static_cast<RrClass>(value & ~top_bit)));
    if ((value & top_bit) != 0) members.flag(top_bit_key, true);
}

void append_record(std::string& out, NameView owner, RrType type, RrClass klass, std::uint32_t ttl,
                   Bytes rdata) {
    Members record(out, '{');
    record.text("name", name_text(owner));
    record.text("type", type_name(type));
    add_class(record, klass, "flush");
    record.number("ttl", ttl);
    const auto value = static_cast<unsigned>(klass);
    append_data(record.key("data"), type, static_cast<RrClass>(value & ~top_bit), rdata);
    record.end();
}

// Decoded members beside `data`, for readers; `data` alone is enough to read the option back.
void add_option_details(Members& members, const Option& option) {
    const Bytes value = option.value;
    switch (option.code) {
        case OptionCode::CLIENT_SUBNET: {
            if (value.size() < 4) return;
            const std::uint16_t family = load_u16(value.data());
            const std::size_t most = family == 1 ? 4 : family == 2 ? 16 : 0;
            if (most == 0 || value.size() - 4 > most) return;
            std::uint8_t address[16] = {};
            std::copy(value.begin() + 4, value.end(), address);
            members.number("family", family);
            members.number("sourcePrefixLength", value[2]);
            members.number("scopePrefixLength", value[3]);
            members.text("ip", IpAddress::from_bytes({address, most})->to_text());
            return;
        }
        case OptionCode::TCP_KEEPALIVE:
            if (value.size() == 2) members.number("timeout", load_u16(value.data()));
            return;
        case OptionCode::PADDING: members.number("length", value.size()); return;
        case OptionCode::KEY_TAG: {
            if (value.size() % 2 != 0) return;
            Members tags(members.key("tags"), '[');
            for (std::size_t i = 0; i < value.size(); i += 2)
                tags.next() += fmt::to_string(load_u16(value.data() + i));
            tags.end();
            return;
        }
        case OptionCode::EDE:
            if (value.size() < 2) return;
            members.number("infoCode", load_u16(value.data()));
            members.text("purpose", ede_name(static_cast<EdeCode>(load_u16(value.data()))));
            append_bytes(members.key("extraText"), value.subspan(2));
            return;
        default: return;
    }
}

void append_opt(std::string& out, const RecordView& record) {
    Members opt(out, '{');
    opt.text("name", ".");
    opt.text("type", "OPT");
    opt.number("udpPayloadSize", static_cast<unsigned>(record.klass));
    opt.number("extendedRcode", record.ttl >> 24);
    opt.number("ednsVersion", record.ttl >> 16 & 255);
    opt.number("flags", record.ttl & 0xffff);
    opt.flag("flag_do", (record.ttl & 0x8000) != 0);
    Members options(opt.key("options"), '[');
    Edns edns;
    edns.options = record.rdata;
    edns.for_each([&](const Option& option) {
        Members members(options.next(), '{');
        members.number("code", static_cast<unsigned>(option.code));
        members.text("type", option_name(option.code));
        append_buffer(members.key("data"), option.value);
        add_option_details(members, option);
        members.end();
    });
    options.end();
    opt.end();
}

void add_header(Members& packet, const MessageView& message) {
    const Header& header = message.header();
    packet.text("type", header.has(Header::qr) ? "response" : "query");
    packet.number("id", header.id);
    packet.number("flags", header.flags & 0x7fffU);
    packet.text("opcode", opcode_name(header.opcode()));
    packet.text("rcode", rcode_name(message.rcode()));
    constexpr std::pair<std::string_view, std::uint16_t> flags[] = {
        {"flag_qr", Header::qr}, {"flag_aa", Header::aa}, {"flag_tc", Header::tc},
        {"flag_rd", Header::rd}, {"flag_ra", Header::ra}, {"flag_z", Header::z},
        {"flag_ad", Header::ad}, {"flag_cd", Header::cd}};
    for (const auto& [key, bit] : flags) packet.flag(key, header.has(bit));
}

void append_message_record(std::string& out, Bytes message, const RecordView& record,
                           MutableBytes scratch) {
    if (record.type == RrType::OPT) return append_opt(out, record);
    Writer expanded(scratch);
    const bool fits = expand_rdata(message, record, expanded).has_value();
    append_record(out, record.owner, record.type, record.klass, record.ttl,
                  fits ? expanded.written() : record.rdata);
}

}  // namespace

std::string to_json(NameView owner, RrType type, RrClass klass, std::uint32_t ttl, Bytes rdata) {
    std::string out;
    append_record(out, owner, type, klass, ttl, rdata);
    return out;
}

std::string to_json(const MessageView& message) {
    std::string out;
    Members packet(out, '{');
    add_header(packet, message);
    // Walks by itself rather than by for_each(), which leaves OPT out. parse() has seen every record.
    Reader reader(message.bytes(), header_bytes);
    Members questions(packet.key("questions"), '[');
    for (int i = 0; i < message.header().counts[0]; ++i) {
        const auto question = read_question(reader);
        if (!question) break;
        Members members(questions.next(), '{');
        members.text("name", name_text(question->name));
        members.text("type", type_name(question->type));
        add_class(members, question->klass, "unicast");
        members.end();
    }
    questions.end();
    std::vector<std::uint8_t> scratch(rdata_bytes_max);
    constexpr std::string_view keys[] = {"", "answers", "authorities", "additionals"};
    for (std::size_t section = 1; section < 4; ++section) {
        Members records(packet.key(keys[section]), '[');
        for (int i = 0; i < message.header().counts[section]; ++i) {
            const auto record = read_record(reader, static_cast<Section>(section));
            if (!record) break;
            append_message_record(records.next(), message.bytes(), *record, scratch);
        }
        records.end();
    }
    packet.end();
    return out;
}

}  // namespace kith::dns
