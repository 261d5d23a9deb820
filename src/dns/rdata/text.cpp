// Names and character-strings.

#include <algorithm>

#include <fmt/format.h>

#include "dns/name.hpp"
#include "dns/rdata/codec.hpp"
#include "dns/text_escape.hpp"

namespace kith::dns {
namespace {

constexpr std::size_t string_bytes_max = 255;  // RFC 1035 §3.3: a length octet before it

NameView take_name(Reader& reader) {
    const auto name = NameView::from_wire(reader.all().subspan(reader.offset()));
    if (!name) return NameView();  // checked before: cannot happen
    reader.seek(reader.offset() + name->size());
    return *name;
}

Wire<void> check_name(const FieldInput& input) {
    const std::uint16_t at = input.reader.offset();
    const auto name = NameView::from_wire(input.reader.all().subspan(at));
    if (!name) {
        const auto place = static_cast<std::uint16_t>(at + name.error().offset);
        return std::unexpected(WireError{name.error().fault, place});
    }
    input.reader.seek(at + name->size());
    return {};
}

void print_name(const FieldInput& input, std::string& out) {
    out += take_name(input.reader).to_text();
}

Parsed parse_name(FieldOutput& output) {
    if (output.at_end()) return refuse("a name", output);
    const Text<Name> name = Name::from_text(output.word(), output.origin);
    if (!name) return std::unexpected(fmt::format("{}: {}", output.key(), name.error().text));
    ++output.next;
    output.out.bytes(name->wire());
    return {};
}

Wire<void> check_names(const FieldInput& input) {
    while (!input.reader.at_end()) KITH_TRY_VOID(check_name(input));
    return {};
}

void print_names(const FieldInput& input, std::string& out) {
    for (std::string_view gap; !input.reader.at_end(); gap = " ") {
        out += gap;
        print_name(input, out);
    }
}

Parsed parse_names(FieldOutput& output) {
    while (!output.at_end()) KITH_TRY_VOID(parse_name(output));
    return {};
}

Wire<void> check_string(const FieldInput& input) {
    KITH_TRY(const std::uint8_t size, input.reader.u8());
    KITH_TRY_VOID(input.reader.take(size));
    return {};
}

/// Requires a checked string.
Bytes take_string(Reader& reader) {
    const auto size = reader.u8();
    const auto bytes = reader.take(size.value_or(0));
    return bytes ? *bytes : Bytes{};
}

void print_string(const FieldInput& input, std::string& out) {
    append_quoted(out, take_string(input.reader));
}

Parsed parse_string(FieldOutput& output) {
    if (output.at_end()) return refuse("a string", output);
    const std::size_t start = output.out.size();
    output.out.u8(0);
    std::size_t size = 0;
    if (!write_unescaped(output.word(), string_bytes_max, output.out, size)) {
        return refuse("a string of at most 255 bytes with escapes \\X or \\DDD (000..255)", output);
    }
    if (!output.out.overflow()) output.out.data()[start] = static_cast<std::uint8_t>(size);
    ++output.next;
    return {};
}

Wire<void> check_optional_string(const FieldInput& input) {
    return input.reader.at_end() ? Wire<void>{} : check_string(input);
}

void print_optional_string(const FieldInput& input, std::string& out) {
    if (!input.reader.at_end()) print_string(input, out);
}

Parsed parse_optional_string(FieldOutput& output) {
    return output.at_end() ? Parsed{} : parse_string(output);
}

Wire<void> check_strings(const FieldInput& input) {
    do {
        KITH_TRY_VOID(check_string(input));
    } while (!input.reader.at_end());
    return {};
}

void print_strings(const FieldInput& input, std::string& out) {
    for (std::string_view gap; !input.reader.at_end(); gap = " ") {
        out += gap;
        print_string(input, out);
    }
}

Parsed parse_strings(FieldOutput& output) {
    do {
        KITH_TRY_VOID(parse_string(output));
    } while (!output.at_end());
    return {};
}

bool is_alphanumeric(std::uint8_t c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

Wire<void> check_tag(const FieldInput& input) {
    KITH_TRY(const std::uint8_t size, input.reader.u8());
    const std::uint16_t at = input.reader.offset();
    if (size == 0) return FieldInput::bad(static_cast<std::uint16_t>(at - 1));
    KITH_TRY(const Bytes text, input.reader.take(size));
    for (std::size_t i = 0; i < size; ++i) {
        if (!is_alphanumeric(text[i])) return FieldInput::bad(static_cast<std::uint16_t>(at + i));
    }
    return {};
}

void print_tag(const FieldInput& input, std::string& out) {
    out += as_text(take_string(input.reader));
}

Parsed parse_tag(FieldOutput& output) {
    const bool fits =
        !output.at_end() && !output.word().empty() && output.word().size() <= string_bytes_max;
    if (!fits || !std::ranges::all_of(as_bytes(output.word()), is_alphanumeric)) {
        return refuse("a tag of 1..255 letters and digits (RFC 8659 §4.1)", output);
    }
    output.out.u8(static_cast<std::uint8_t>(output.word().size()));
    output.out.bytes(as_bytes(output.word()));
    ++output.next;
    return {};
}

Wire<void> check_rest(const FieldInput& input) {
    if (input.reader.left() < input.field.least) return input.reader.error(WireFault::truncated);
    input.reader.seek(input.reader.all().size());
    return {};
}

void print_rest(const FieldInput& input, std::string& out) {
    const auto bytes = input.reader.take(input.reader.left());
    append_quoted(out, bytes ? *bytes : Bytes{});
}

Parsed parse_rest(FieldOutput& output) {
    if (output.at_end()) return refuse("a quoted string", output);
    std::size_t size = 0;
    if (!write_unescaped(output.word(), rdata_bytes_max, output.out, size) ||
        size < output.field->least) {
        return refuse("a quoted string with escapes \\X or \\DDD (000..255)", output);
    }
    ++output.next;
    return {};
}

}  // namespace

const FieldCodec name_codec{check_name, print_name, parse_name, JsonForm::name};
const FieldCodec names_codec{check_names, print_names, parse_names, JsonForm::words};
const FieldCodec string_codec{check_string, print_string, parse_string, JsonForm::bytes};
const FieldCodec optional_string_codec{check_optional_string, print_optional_string,
                                       parse_optional_string, JsonForm::bytes};
const FieldCodec strings_codec{check_strings, print_strings, parse_strings, JsonForm::list};
const FieldCodec tag_codec{check_tag, print_tag, parse_tag, JsonForm::text};
const FieldCodec rest_string_codec{check_rest, print_rest, parse_rest, JsonForm::bytes};

}  // namespace kith::dns
