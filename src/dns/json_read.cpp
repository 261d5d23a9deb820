#include <limits>

#include <fmt/format.h>

#include "dns/json.hpp"
#include "dns/json_read_opt.hpp"
#include "dns/json_read_rdata.hpp"
#include "dns/json_values.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"
#include "dns/rdata/codec.hpp"

namespace kith::dns {
namespace {

namespace json = boost::json;

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
