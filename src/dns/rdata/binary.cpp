// Bytes in base64, base32hex and hexadecimal.

#include <algorithm>

#include <fmt/format.h>

#include "dns/encoding.hpp"
#include "dns/rdata/codec.hpp"

namespace kith::dns {
namespace {

/// The only length a digest may have, from the type of digest before it; 0: any.
std::size_t digest_size(DigestRule rule, Bytes rdata) {
    switch (rule) {
        case DigestRule::none: return 0;
        case DigestRule::
            ds:  // RFC 4034 §5.1.4, RFC 4509 §2.1, RFC 6605 §2; RFC 5933 §5.1 and later the same 32
            switch (rdata[3]) {
                case 1: return 20;
                case 2:
                case 3: return 32;
                case 4: return 48;
                default: return 0;
            }
        case DigestRule::sshfp:
            return rdata[1] == 1 ? 20 : rdata[1] == 2 ? 32 : 0;  // RFC 4255 §3.1.2, RFC 6594
        case DigestRule::zonemd:
            // RFC 8976 §2.2.4; of another scheme than SIMPLE nothing is known.
            if (rdata[4] != 1) return 0;
            return rdata[5] == 1 ? 48 : rdata[5] == 2 ? 64 : 0;
    }
    return 0;
}

Bytes take_rest(Reader& reader) {
    const auto bytes = reader.take(reader.left());
    return bytes ? *bytes : Bytes{};
}

Wire<void> check_rest(const FieldInput& input) {
    const std::size_t left = input.reader.left();
    if (left < input.field.least) return input.reader.error(WireFault::truncated);
    const std::size_t wanted = digest_size(input.field.digest, input.rdata);
    if (wanted != 0 && left != wanted) return input.reader.error(WireFault::bad_value);
    take_rest(input.reader);
    return {};
}

// All words that are left are one value: long keys are folded over lines.
Parsed parse_rest(FieldOutput& output, Decoder::Base base, std::string_view what) {
    const std::size_t start = output.out.size();
    Decoder decoder(base, output.out);
    while (!output.at_end()) {
        if (!decoder.feed(output.word())) return refuse(what, output);
        ++output.next;
    }
    const std::size_t size = output.out.size() - start;
    if (!decoder.finish() || (size < output.field->least && !output.out.overflow()))
        return refuse(what, output);
    const std::size_t wanted = digest_size(output.field->digest, output.rdata());
    if (wanted != 0 && size != wanted && !output.out.overflow()) {
        return std::unexpected(fmt::format("{}: expected {} bytes for its type, found {}",
                                           output.key(), wanted, size));
    }
    return {};
}

void print_base64(const FieldInput& input, std::string& out) {
    append_base64(out, take_rest(input.reader));
}
Parsed parse_base64(FieldOutput& output) {
    return parse_rest(output, Decoder::Base::base64, "base64");
}

void print_base64_or_dash(const FieldInput& input, std::string& out) {
    if (input.reader.at_end()) {
        out += '-';
    } else {
        print_base64(input, out);
    }
}

Parsed parse_base64_or_dash(FieldOutput& output) {
    if (output.at_end()) return refuse("base64 or \"-\"", output);
    if (output.word() != "-") return parse_base64(output);
    ++output.next;
    return {};
}

void print_hex(const FieldInput& input, std::string& out) {
    append_hex(out, take_rest(input.reader));
}
Parsed parse_hex(FieldOutput& output) {
    return parse_rest(output, Decoder::Base::base16, "an even number of hexadecimal digits");
}

Wire<void> check_counted(const FieldInput& input) {
    KITH_TRY(const std::uint8_t size, input.reader.u8());
    KITH_TRY_VOID(input.reader.take(size));
    return {};
}

// RFC 5155 §3.1.7: the hash length is 1..255.
Wire<void> check_hash(const FieldInput& input) {
    const std::uint16_t at = input.reader.offset();
    if (at < input.reader.all().size() && input.reader.all()[at] == 0) return FieldInput::bad(at);
    return check_counted(input);
}

Bytes take_counted(Reader& reader) {
    const auto size = reader.u8();
    const auto bytes = reader.take(size.value_or(0));
    return bytes ? *bytes : Bytes{};
}

Parsed parse_counted(FieldOutput& output, Decoder::Base base, std::string_view what) {
    if (output.at_end()) return refuse(what, output);
    const std::size_t start = output.out.size();
    output.out.u8(0);
    Decoder decoder(base, output.out);
    if (!decoder.feed(output.word()) || !decoder.finish()) return refuse(what, output);
    if (output.out.overflow()) return {};
    const std::size_t size = output.out.size() - start - 1;
    if (size == 0 || size > 255) return refuse(what, output);
    output.out.data()[start] = static_cast<std::uint8_t>(size);
    ++output.next;
    return {};
}

void print_salt(const FieldInput& input, std::string& out) {
    const Bytes bytes = take_counted(input.reader);
    if (bytes.empty()) out += '-';
    append_hex(out, bytes);
}

Parsed parse_salt(FieldOutput& output) {
    if (output.at_end() || output.word() != "-") {
        return parse_counted(output, Decoder::Base::base16,
                             "\"-\" or up to 255 bytes of hexadecimal digits");
    }
    output.out.u8(0);
    ++output.next;
    return {};
}

void print_hash(const FieldInput& input, std::string& out) {
    append_base32hex(out, take_counted(input.reader));
}
Parsed parse_hash(FieldOutput& output) {
    return parse_counted(output, Decoder::Base::base32hex,
                         "1..255 bytes of base32hex without padding");
}

Wire<void> check_sized(const FieldInput& input) {
    KITH_TRY(const std::uint16_t size, input.reader.u16());
    KITH_TRY_VOID(input.reader.take(size));
    return {};
}

void print_sized(const FieldInput& input, std::string& out) {
    const auto size = input.reader.u16();
    const auto bytes = input.reader.take(size.value_or(0));
    if (!bytes) return;
    out += fmt::to_string(bytes->size());
    if (bytes->empty()) return;
    out += ' ';
    append_base64(out, *bytes);
}

Parsed parse_sized(FieldOutput& output) {
    std::uint64_t size = 0;
    if (output.at_end() || !parse_decimal(output.word(), 0xffff, size))
        return refuse("a number 0..65535", output);
    ++output.next;
    output.out.u16(static_cast<std::uint16_t>(size));
    if (size == 0) return {};
    const std::size_t start = output.out.size();
    Decoder decoder(Decoder::Base::base64, output.out);
    const bool fits = !output.at_end() && decoder.feed(output.word()) && decoder.finish();
    if (!fits || (output.out.size() - start != size && !output.out.overflow())) {
        return refuse(fmt::format("{} bytes of base64 in one word", size), output);
    }
    ++output.next;
    return {};
}

Wire<void> check_nsap(const FieldInput& input) {
    if (input.reader.at_end()) return input.reader.error(WireFault::truncated);
    take_rest(input.reader);
    return {};
}

void print_nsap(const FieldInput& input, std::string& out) {
    out += "0x";
    append_hex(out, take_rest(input.reader));
}

// Dots may stand anywhere between the digits (RFC 1706 §7).
bool feed_dotted(Decoder& decoder, std::string_view text) {
    while (!text.empty()) {
        const std::size_t dot = std::min(text.find('.'), text.size());
        if (!decoder.feed(text.substr(0, dot))) return false;
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    return decoder.finish();
}

Parsed parse_nsap(FieldOutput& output) {
    constexpr std::string_view what = "0x and an even number of hexadecimal digits";
    if (output.at_end() || (!output.word().starts_with("0x") && !output.word().starts_with("0X"))) {
        return refuse(what, output);
    }
    const std::size_t start = output.out.size();
    Decoder decoder(Decoder::Base::base16, output.out);
    if (!feed_dotted(decoder, output.word().substr(2))) return refuse(what, output);
    if (output.out.size() == start && !output.out.overflow()) return refuse(what, output);
    ++output.next;
    return {};
}

// Format 0: an ATM end system address in hexadecimal; 1: "+" and the digits of an E.164 number.

Wire<void> check_atm(const FieldInput& input) {
    const std::uint16_t at = input.reader.offset();
    KITH_TRY(const std::uint8_t format, input.reader.u8());
    if (format > 1) return FieldInput::bad(at);
    if (input.reader.at_end()) return input.reader.error(WireFault::truncated);
    for (const std::uint8_t byte : take_rest(input.reader)) {
        if (format == 1 && (byte < '0' || byte > '9')) return FieldInput::bad(at);
    }
    return {};
}

void print_atm(const FieldInput& input, std::string& out) {
    const auto format = input.reader.u8();
    const Bytes value = take_rest(input.reader);
    if (format.value_or(0) == 1) {
        out += '+';
        out += as_text(value);
    } else {
        append_hex(out, value);
    }
}

Parsed parse_atm(FieldOutput& output) {
    constexpr std::string_view what =
        "\"+\" and decimal digits, or an even number of hexadecimal digits";
    if (output.at_end() || output.word().size() < 2) return refuse(what, output);
    const std::string_view digits = output.word().substr(1);
    if (output.word()[0] == '+') {
        if (digits.find_first_not_of("0123456789") != std::string_view::npos)
            return refuse(what, output);
        output.out.u8(1);
        output.out.bytes(as_bytes(digits));
    } else {
        output.out.u8(0);
        const std::size_t start = output.out.size();
        Decoder decoder(Decoder::Base::base16, output.out);
        if (!feed_dotted(decoder, output.word())) return refuse(what, output);
        if (output.out.size() == start && !output.out.overflow()) return refuse(what, output);
    }
    ++output.next;
    return {};
}

}  // namespace

const FieldCodec base64_codec{check_rest, print_base64, parse_base64, JsonForm::text};
const FieldCodec base64_or_dash_codec{check_rest, print_base64_or_dash, parse_base64_or_dash,
                                      JsonForm::dashed};
const FieldCodec hex_codec{check_rest, print_hex, parse_hex, JsonForm::text};
const FieldCodec salt_codec{check_counted, print_salt, parse_salt, JsonForm::dashed};
const FieldCodec hash_codec{check_hash, print_hash, parse_hash, JsonForm::text};
const FieldCodec sized_base64_codec{check_sized, print_sized, parse_sized, JsonForm::text};
const FieldCodec nsap_codec{check_nsap, print_nsap, parse_nsap, JsonForm::text};
const FieldCodec atm_codec{check_atm, print_atm, parse_atm, JsonForm::text};

}  // namespace kith::dns
