// Addresses of many kinds: IP, EUI, ILNP, address prefixes.

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/ip_address.hpp"
#include "dns/rdata/codec.hpp"

namespace kith::dns {
namespace {

template <std::size_t size>
Wire<void> check_fixed(const FieldInput& input) {
    KITH_TRY_VOID(input.reader.take(size));
    return {};
}

template <std::size_t size>
void print_ip(const FieldInput& input, std::string& out) {
    const auto bytes = input.reader.take(size);
    const auto address = IpAddress::from_bytes(bytes ? *bytes : Bytes{});
    if (address) out += address->to_text();
}

Parsed parse_ipv4_word(FieldOutput& output) {
    std::uint8_t bytes[4];
    if (output.at_end() || !parse_ipv4(output.word(), bytes))
        return refuse("an IPv4 address", output);
    ++output.next;
    output.out.bytes(bytes);
    return {};
}

Parsed parse_ipv6_word(FieldOutput& output) {
    std::uint8_t bytes[16];
    if (output.at_end() || !parse_ipv6(output.word(), bytes))
        return refuse("an IPv6 address", output);
    ++output.next;
    output.out.bytes(bytes);
    return {};
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Groups of hexadecimal digits with one separator between them.

template <std::size_t size>
void print_eui(const FieldInput& input, std::string& out) {
    const auto bytes = input.reader.take(size);
    if (bytes) fmt::format_to(std::back_inserter(out), "{:02x}", fmt::join(*bytes, "-"));
}

template <std::size_t size>
bool parse_eui_text(std::string_view text, std::uint8_t (&out)[size]) {
    if (text.size() != size * 3 - 1) return false;
    for (std::size_t i = 0; i < size; ++i) {
        const int high = hex_value(text[i * 3]), low = hex_value(text[i * 3 + 1]);
        if (high < 0 || low < 0 || (i + 1 < size && text[i * 3 + 2] != '-')) return false;
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

template <std::size_t size>
Parsed parse_eui(FieldOutput& output) {
    std::uint8_t bytes[size];
    if (output.at_end() || !parse_eui_text(output.word(), bytes)) {
        return refuse(fmt::format("{} pairs of hexadecimal digits joined by \"-\"", size), output);
    }
    ++output.next;
    output.out.bytes(bytes);
    return {};
}

void print_locator(const FieldInput& input, std::string& out) {
    const auto bytes = input.reader.take(8);
    if (!bytes) return;
    const std::uint8_t* const at = bytes->data();
    fmt::format_to(std::back_inserter(out), "{:x}:{:x}:{:x}:{:x}", load_u16(at), load_u16(at + 2),
                   load_u16(at + 4), load_u16(at + 6));
}

// Four groups of 1..4 digits; "::" is not allowed here (RFC 6742 §2.1.2).
bool parse_locator_text(std::string_view text, std::uint8_t (&out)[8]) {
    for (std::size_t group = 0; group < 4; ++group) {
        const std::size_t end = group < 3 ? text.find(':') : text.size();
        if (end == std::string_view::npos || end == 0 || end > 4) return false;
        unsigned value = 0;
        for (const char c : text.substr(0, end)) {
            if (hex_value(c) < 0) return false;
            value = value * 16 + static_cast<unsigned>(hex_value(c));
        }
        store_u16(out + group * 2, static_cast<std::uint16_t>(value));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return true;
}

Parsed parse_locator(FieldOutput& output) {
    std::uint8_t bytes[8];
    if (output.at_end() || !parse_locator_text(output.word(), bytes)) {
        return refuse("four groups of hexadecimal digits joined by \":\"", output);
    }
    ++output.next;
    output.out.bytes(bytes);
    return {};
}

// Address prefixes: family u16 (1 IPv4, 2 IPv6) | prefix length u8 | negation 1 bit and size 7 bits |
// that many address bytes, trailing zero bytes left out.

constexpr std::size_t address_size(std::uint16_t family) {
    return family == 1 ? 4 : family == 2 ? 16 : 0;
}

Wire<void> check_prefixes(const FieldInput& input) {
    while (!input.reader.at_end()) {
        const std::uint16_t at = input.reader.offset();
        KITH_TRY(const std::uint16_t family, input.reader.u16());
        KITH_TRY(const std::uint8_t length, input.reader.u8());
        KITH_TRY(const std::uint8_t size, input.reader.u8());
        KITH_TRY(const Bytes bytes, input.reader.take(size & 0x7fU));
        const std::size_t most = address_size(family);
        if (most == 0 || length > most * 8 || bytes.size() > most) return FieldInput::bad(at);
        if (!bytes.empty() && bytes.back() == 0) return FieldInput::bad(at);
    }
    return {};
}

void print_prefixes(const FieldInput& input, std::string& out) {
    for (std::string_view gap; !input.reader.at_end(); gap = " ") {
        const auto head = input.reader.take(4);
        if (!head) return;
        const std::uint16_t family = load_u16(head->data());
        const auto bytes = input.reader.take((*head)[3] & 0x7fU);
        if (!bytes) return;
        std::uint8_t address[16] = {};
        std::ranges::copy(*bytes, address);
        const auto ip = IpAddress::from_bytes({address, address_size(family)});
        fmt::format_to(std::back_inserter(out), "{}{}{}:{}/{}", gap,
                       ((*head)[3] & 0x80U) != 0 ? "!" : "", family, ip ? ip->to_text() : "",
                       (*head)[2]);
    }
}

Parsed parse_prefix(FieldOutput& output) {
    constexpr std::string_view what =
        "an address prefix such as 1:192.0.2.0/24 or !2:2001:db8::/32";
    std::string_view text = output.word();
    const bool negated = text.starts_with('!');
    if (negated) text.remove_prefix(1);
    if (text.size() < 2 || text[1] != ':') return refuse(what, output);
    const std::uint16_t family = text[0] == '1' ? 1 : text[0] == '2' ? 2 : 0;
    const std::size_t slash = text.find('/');
    if (family == 0 || slash == std::string_view::npos) return refuse(what, output);
    const auto address = IpAddress::from_text(text.substr(2, slash - 2));
    std::uint64_t length = 0;
    if (!address || address->bytes().size() != address_size(family)) return refuse(what, output);
    if (!parse_decimal(text.substr(slash + 1), address_size(family) * 8, length))
        return refuse(what, output);
    Bytes bytes = address->bytes();
    while (!bytes.empty() && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);
    output.out.u16(family);
    output.out.u8(static_cast<std::uint8_t>(length));
    output.out.u8(static_cast<std::uint8_t>((negated ? 0x80U : 0U) | bytes.size()));
    output.out.bytes(bytes);
    ++output.next;
    return {};
}

Parsed parse_prefixes(FieldOutput& output) {
    while (!output.at_end()) KITH_TRY_VOID(parse_prefix(output));
    return {};
}

}  // namespace

const FieldCodec ipv4_codec{check_fixed<4>, print_ip<4>, parse_ipv4_word};
const FieldCodec ipv6_codec{check_fixed<16>, print_ip<16>, parse_ipv6_word};
const FieldCodec eui48_codec{check_fixed<6>, print_eui<6>, parse_eui<6>};
const FieldCodec eui64_codec{check_fixed<8>, print_eui<8>, parse_eui<8>};
const FieldCodec locator64_codec{check_fixed<8>, print_locator, parse_locator};
const FieldCodec prefixes_codec{check_prefixes, print_prefixes, parse_prefixes, JsonForm::words};

}  // namespace kith::dns
