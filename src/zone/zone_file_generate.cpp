#include "zone/zone_file_generate.hpp"

#include <charconv>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "zone/zone_file_limits.hpp"

namespace kith::zone {
namespace {

using dns::Text;
using dns::TextError;

std::unexpected<TextError> error(std::string text, std::size_t position) {
    return std::unexpected(TextError{std::move(text), position});
}

/// A decimal number up to `most` at text[at], moved past.
template <class T>
std::optional<T> read_number(std::string_view text, std::size_t& at, T least, T most) {
    T value = 0;
    const char* const begin = text.data() + at;
    const auto [stop, fault] = std::from_chars(begin, text.data() + text.size(), value);
    if (fault != std::errc{} || value < least || value > most) return std::nullopt;
    at += static_cast<std::size_t>(stop - begin);
    return value;
}

/// What stands between the braces, or nothing.
struct Modifier {
    std::int64_t offset = 0;
    std::uint32_t width = 0;
    char base = 'd';
};

/// `{offset[,width[,base]]}` at text[at], moved past.
Text<Modifier> read_modifier(std::string_view text, std::size_t& at) {
    Modifier out;
    const auto next_is = [&](char c) { return at < text.size() && text[at] == c; };
    ++at;
    if (next_is('+')) ++at;
    constexpr std::int64_t most = ttl_seconds_max;
    const auto offset = read_number<std::int64_t>(text, at, -most, most);
    if (!offset) return error("expected an offset as in ${-1} or ${0,3,d}", at);
    out.offset = *offset;
    if (next_is(',')) {
        const auto width = read_number<std::uint32_t>(text, ++at, 0, generate_width_max);
        if (!width) return error(fmt::format("expected a width of 0..{}", generate_width_max), at);
        out.width = *width;
    }
    if (next_is(',')) {
        if (++at == text.size() ||
            std::string_view("doxXnN").find(text[at]) == std::string_view::npos) {
            return error("expected the base d, o, x, X, n or N", at);
        }
        out.base = text[at++];
    }
    if (!next_is('}')) return error("expected '}' after ${offset,width,base", at);
    ++at;
    return out;
}

void append_nibbles(std::string& out, std::uint64_t value, std::uint32_t width, char base) {
    const std::string_view digits = base == 'n' ? "0123456789abcdef" : "0123456789ABCDEF";
    std::uint32_t written = 0;
    do {
        if (written > 0) {
            out += '.';
            ++written;
            if (written >= width && value == 0)
                break;  // an even width ends with its dot, as BIND's
        }
        out += digits[value & 0xf];
        value >>= 4;
        ++written;
    } while (value != 0 || written < width);
}

void append_number(std::string& out, std::uint64_t value, const Modifier& modifier) {
    const auto to = std::back_inserter(out);
    switch (modifier.base) {
        case 'o': fmt::format_to(to, "{:0{}o}", value, modifier.width); break;
        case 'x': fmt::format_to(to, "{:0{}x}", value, modifier.width); break;
        case 'X': fmt::format_to(to, "{:0{}X}", value, modifier.width); break;
        case 'd': fmt::format_to(to, "{:0{}d}", value, modifier.width); break;
        default: append_nibbles(out, value, modifier.width, modifier.base);
    }
}

/// The `$` at text[at] and what belongs to it, moved past.
Text<void> expand_dollar(std::string_view text, std::size_t& at, std::uint32_t number,
                         std::string& out) {
    const std::size_t start = at++;
    if (at < text.size() && text[at] == '$') {
        // Escaped, so that a name or string beginning with it is read as such (dialect: D11).
        out += "\\$";
        ++at;
        return {};
    }
    Modifier modifier;
    if (at < text.size() && text[at] == '{') {
        KITH_TRY(modifier, read_modifier(text, at));
    }
    const std::int64_t value = std::int64_t{number} + modifier.offset;
    if (value < 0)
        return error(fmt::format("expected a number from 0, found {}{:+}", number, modifier.offset),
                     start);
    append_number(out, static_cast<std::uint64_t>(value), modifier);
    return {};
}

}  // namespace

Text<GenerateRange> parse_generate_range(std::string_view text) {
    GenerateRange out;
    std::size_t at = 0;
    const auto read = [&](std::uint32_t least) {
        return read_number<std::uint32_t>(text, at, least, ttl_seconds_max);
    };
    const auto expected = [&] {
        return error("expected a range as 1-100 or 0-254/2, numbers up to 2147483647", at);
    };
    const auto start = read(0);
    if (!start || at == text.size() || text[at] != '-') return expected();
    ++at;
    const auto stop = read(0);
    if (!stop) return expected();
    if (*stop < *start)
        return error(fmt::format("expected an end of at least {}, found {}", *start, *stop), 0);
    if (at < text.size() && text[at] == '/') {
        ++at;
        const auto step = read(1);
        if (!step) return expected();
        out.step = *step;
    }
    if (at != text.size()) return expected();
    out.start = *start;
    out.stop = *stop;
    return out;
}

Text<std::string> expand_generate(std::string_view text, std::uint32_t number) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '$') {
            KITH_TRY_VOID(expand_dollar(text, at, number, out));
        } else if (text[at] == '\\' && at + 1 < text.size()) {
            out.append(text.substr(at, 2));
            at += 2;
        } else {
            out += text[at++];
        }
        if (out.size() > generate_bytes_max) {
            return error(
                fmt::format("expected at most {} bytes when filled in", generate_bytes_max), at);
        }
    }
    return out;
}

}  // namespace kith::zone
