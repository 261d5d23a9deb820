// LOC (RFC 1876): where a host stands.
//
//   version 8 (0) | size 8 | horizontal precision 8 | vertical precision 8
//   latitude 32 | longitude 32   thousandths of an arc second, 2^31 is the equator, the prime meridian
//   altitude 32                  centimeters above 100 km below the reference spheroid
//
// Sizes are digit * 10^exponent centimeters, four bits each.
//
//   51 30 12.748 N 0 7 39.611 W 0.00m 1m 10000m 10m

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "dns/rdata/codec.hpp"

namespace kith::dns {
namespace {

constexpr std::size_t location_bytes = 16;
constexpr std::uint32_t middle = 1U << 31;
constexpr std::uint32_t second = 1000, minute = 60 * second, degree = 60 * minute;
constexpr std::int64_t altitude_base = 10'000'000;  // centimeters
constexpr std::uint8_t size_default = 0x12;         // 1 m
constexpr std::uint8_t horizontal_default = 0x16;   // 10 km
constexpr std::uint8_t vertical_default = 0x13;     // 10 m

// One value has one spelling: zero has exponent zero.
bool is_size(std::uint8_t byte) {
    const unsigned digit = byte >> 4, exponent = byte & 15U;
    return digit <= 9 && exponent <= 9 && (digit != 0 || exponent == 0);
}

std::uint32_t distance(std::uint32_t angle) {
    return angle >= middle ? angle - middle : middle - angle;
}

Wire<void> check_location(const FieldInput& input) {
    const std::uint16_t at = input.reader.offset();
    KITH_TRY(const Bytes bytes, input.reader.take(location_bytes));
    const auto bad_at = [at](std::size_t i) {
        return FieldInput::bad(static_cast<std::uint16_t>(at + i));
    };
    if (bytes[0] != 0) return bad_at(0);
    for (std::size_t i = 1; i < 4; ++i) {
        if (!is_size(bytes[i])) return bad_at(i);
    }
    if (distance(load_u32(bytes.data() + 4)) > 90 * degree) return bad_at(4);
    if (distance(load_u32(bytes.data() + 8)) > 180 * degree) return bad_at(8);
    return {};
}

void append_angle(std::string& out, std::uint32_t angle, std::string_view sides) {
    const std::uint32_t away = distance(angle);
    fmt::format_to(std::back_inserter(out), "{} {} {}.{:03} {} ", away / degree,
                   away % degree / minute, away % minute / second, away % second,
                   angle >= middle ? sides[0] : sides[1]);
}

void append_centimeters(std::string& out, std::int64_t value) {
    const std::int64_t size = value < 0 ? -value : value;
    fmt::format_to(std::back_inserter(out), "{}{}", value < 0 ? "-" : "", size / 100);
    if (size % 100 != 0) fmt::format_to(std::back_inserter(out), ".{:02}", size % 100);
    out += 'm';
}

std::int64_t size_centimeters(std::uint8_t byte) {
    std::int64_t value = byte >> 4;
    for (unsigned exponent = byte & 15U; exponent > 0; --exponent) value *= 10;
    return value;
}

void print_location(const FieldInput& input, std::string& out) {
    const auto bytes = input.reader.take(location_bytes);
    if (!bytes) return;
    append_angle(out, load_u32(bytes->data() + 4), "NS");
    append_angle(out, load_u32(bytes->data() + 8), "EW");
    append_centimeters(out,
                       static_cast<std::int64_t>(load_u32(bytes->data() + 12)) - altitude_base);
    for (std::size_t i = 1; i < 4; ++i) {
        out += ' ';
        append_centimeters(out, size_centimeters((*bytes)[i]));
    }
}

/// A decimal with up to `places` digits after the point, times 10^places; -1 when it is not one.
std::int64_t parse_fixed(std::string_view text, std::size_t places) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view fraction = text.substr(std::min(dot + 1, text.size()));
    std::uint64_t whole = 0, part = 0;
    if (!parse_decimal(text.substr(0, dot), 100'000'000, whole)) return -1;
    if (dot + 1 == text.size() || fraction.size() > places) return -1;
    if (!fraction.empty() && !parse_decimal(fraction, 999, part)) return -1;
    for (std::size_t i = 0; i < places; ++i) {
        whole *= 10;
        if (i >= fraction.size()) part *= 10;
    }
    return static_cast<std::int64_t>(whole + part);
}

// d [m [s[.sss]]] and a letter of `sides`
Parsed parse_angle(FieldOutput& output, std::string_view sides, std::uint32_t degrees_max) {
    constexpr std::uint32_t units[] = {degree, minute, 1};
    constexpr std::int64_t most[] = {0, 59, 59'999};
    std::uint32_t angle = 0;
    for (std::size_t part = 0; part < 4; ++part) {
        if (output.at_end()) break;
        const std::string_view word = output.word();
        const std::size_t side = word.size() == 1 ? sides.find(static_cast<char>(word[0] & ~0x20))
                                                  : std::string_view::npos;
        if (side != std::string_view::npos && part > 0) {
            if (angle > degrees_max * degree) break;
            ++output.next;
            output.out.u32(side == 0 ? middle + angle : middle - angle);
            return {};
        }
        if (part == 3) break;
        const std::int64_t value = parse_fixed(word, part == 2 ? 3 : 0);
        if (value < 0 || value > (part == 0 ? std::int64_t{degrees_max} : most[part])) break;
        angle += static_cast<std::uint32_t>(value) * units[part];
        ++output.next;
    }
    return refuse(
        fmt::format("degrees 0..{} [minutes [seconds]] {} or {}", degrees_max, sides[0], sides[1]),
        output);
}

/// Centimeters from "123", "123.45", "-1.5m"; false when it is none of these.
bool parse_meters(std::string_view text, std::int64_t& centimeters) {
    if (text.ends_with('m') || text.ends_with('M')) text.remove_suffix(1);
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    centimeters = parse_fixed(text, 2);
    if (centimeters < 0) return false;
    if (negative) centimeters = -centimeters;
    return true;
}

Parsed parse_altitude(FieldOutput& output) {
    std::int64_t value = 0;
    if (output.at_end() || !parse_meters(output.word(), value) || value + altitude_base < 0 ||
        value + altitude_base > 0xffffffffLL) {
        return refuse("an altitude -100000.00m..42849672.95m", output);
    }
    ++output.next;
    output.out.u32(static_cast<std::uint32_t>(value + altitude_base));
    return {};
}

Parsed parse_size(FieldOutput& output, std::uint8_t& byte) {
    if (output.at_end()) return {};
    std::int64_t value = 0;
    if (!parse_meters(output.word(), value) || value < 0 || value > 9'000'000'000) {
        return refuse("a size 0..90000000.00m", output);
    }
    unsigned exponent = 0;
    for (; value > 9; value /= 10) ++exponent;
    byte = static_cast<std::uint8_t>(static_cast<unsigned>(value) << 4 | exponent);
    ++output.next;
    return {};
}

Parsed parse_location(FieldOutput& output) {
    const std::size_t start = output.out.size();
    output.out.u32(std::uint32_t{size_default} << 16 | std::uint32_t{horizontal_default} << 8 |
                   vertical_default);
    KITH_TRY_VOID(parse_angle(output, "NS", 90));
    KITH_TRY_VOID(parse_angle(output, "EW", 180));
    KITH_TRY_VOID(parse_altitude(output));
    std::uint8_t sizes[] = {size_default, horizontal_default, vertical_default};
    for (std::uint8_t& size : sizes) KITH_TRY_VOID(parse_size(output, size));
    if (!output.out.overflow()) std::ranges::copy(sizes, output.out.data() + start + 1);
    return {};
}

}  // namespace

const FieldCodec location_codec{check_location, print_location, parse_location, JsonForm::text};

}  // namespace kith::dns
