#include "base/ip_address.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace kith {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t most) {
    std::uint32_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || end != text.data() + text.size() || value > most) {
        return std::nullopt;
    }
    return value;
}

std::string format_v6(Bytes bytes) {
    std::uint16_t groups[8];
    for (std::size_t i = 0; i < 8; ++i) groups[i] = load_u16(bytes.data() + 2 * i);
    // The longest run of at least two zero groups becomes "::", the first of equals (RFC 5952 §4.2).
    int run_start = -1, run_length = 1;
    for (int i = 0; i < 8; ++i) {
        int end = i;
        while (end < 8 && groups[end] == 0) ++end;
        if (end - i > run_length) run_start = i, run_length = end - i;
        if (end > i) i = end;
    }
    std::string out;
    const bool mapped = run_start == 0 && run_length == 5 && groups[5] == 0xffff;
    const int last = mapped ? 6 : 8;
    for (int i = 0; i < last; ++i) {
        if (i == run_start) {
            out += "::";
            i += run_length - 1;
            continue;
        }
        if (!out.empty() && out.back() != ':') out += ':';
        fmt::format_to(std::back_inserter(out), "{:x}", groups[i]);
    }
    if (mapped)
        fmt::format_to(std::back_inserter(out), ":{}.{}.{}.{}", bytes[12], bytes[13], bytes[14],
                       bytes[15]);
    return out;
}

}  // namespace

bool parse_ipv4(std::string_view text, std::uint8_t (&out)[4]) {
    const char* at = text.data();
    const char* const end = at + text.size();
    for (int i = 0; i < 4; ++i) {
        if (i > 0 && (at == end || *at++ != '.')) return false;
        const char* const start = at;
        unsigned value = 0;
        while (at != end && at - start < 3 && *at >= '0' && *at <= '9') {
            value = value * 10 + static_cast<unsigned>(*at++ - '0');
        }
        if (at == start || value > 255 || (at - start > 1 && *start == '0')) return false;
        out[i] = static_cast<std::uint8_t>(value);
    }
    return at == end;
}

bool parse_ipv6(std::string_view text, std::uint8_t (&out)[16]) {
    std::fill(std::begin(out), std::end(out), std::uint8_t{0});
    int filled = 0, gap = -1;  // bytes written; where "::" stands
    std::size_t at = 0;
    if (text.starts_with("::")) {
        gap = 0;
        at = 2;
    }
    while (at < text.size()) {
        const std::size_t start = at;
        unsigned value = 0;
        while (at < text.size() && at - start < 4 && hex_value(text[at]) >= 0) {
            value = value << 4 | static_cast<unsigned>(hex_value(text[at++]));
        }
        if (at < text.size() && text[at] == '.') {
            std::uint8_t quad[4];
            if (filled > 12 || !parse_ipv4(text.substr(start), quad)) return false;
            std::copy_n(quad, 4, out + filled);
            filled += 4;
            at = text.size();
            break;
        }
        if (at == start || filled > 14) return false;
        out[filled++] = static_cast<std::uint8_t>(value >> 8);
        out[filled++] = static_cast<std::uint8_t>(value);
        if (at == text.size()) break;
        if (text[at++] != ':' || at == text.size()) return false;
        if (text[at] == ':') {
            if (gap >= 0) return false;
            gap = filled;
            ++at;
        }
    }
    if (gap < 0) return filled == 16;
    if (filled > 14) return false;  // "::" stands for at least one group
    std::move_backward(out + gap, out + filled, out + 16);
    std::fill(out + gap, out + gap + (16 - filled), std::uint8_t{0});
    return true;
}

IpAddress IpAddress::v4(const std::uint8_t (&bytes)[4]) {
    return v4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

IpAddress IpAddress::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    IpAddress out;
    out.family_ = IpFamily::v4;
    out.bytes_ = {a, b, c, d};
    return out;
}

std::optional<IpAddress> IpAddress::from_bytes(Bytes bytes) {
    if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
    IpAddress out;
    out.family_ = bytes.size() == 4 ? IpFamily::v4 : IpFamily::v6;
    std::ranges::copy(bytes, out.bytes_.begin());
    return out;
}

std::optional<IpAddress> IpAddress::from_text(std::string_view text) {
    std::uint8_t quad[4];
    if (parse_ipv4(text, quad)) return v4(quad);
    std::uint8_t long_form[16];
    if (parse_ipv6(text, long_form)) return from_bytes(long_form);
    return std::nullopt;
}

bool IpAddress::is_unspecified() const {
    return std::ranges::all_of(bytes_, [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::is_loopback() const {
    if (is_v4()) return bytes_[0] == 127;
    return is_v6() && bytes_[15] == 1 &&
           std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::is_multicast() const {
    return is_v4() ? (bytes_[0] & 0xf0) == 0xe0 : is_v6() && bytes_[0] == 0xff;
}

bool IpAddress::is_link_local() const {
    return is_v4() ? bytes_[0] == 169 && bytes_[1] == 254
                   : is_v6() && bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::string IpAddress::to_text() const {
    if (is_v4()) return fmt::format("{}.{}.{}.{}", bytes_[0], bytes_[1], bytes_[2], bytes_[3]);
    return is_v6() ? format_v6(bytes()) : std::string("none");
}

std::string Endpoint::to_text() const {
    return address.is_v6() ? fmt::format("[{}]:{}", address.to_text(), port)
                           : fmt::format("{}:{}", address.to_text(), port);
}

std::optional<Endpoint> Endpoint::from_text(std::string_view text, std::uint16_t default_port) {
    std::string_view host = text;
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        host = text.substr(1, close - 1);
        const std::string_view rest = text.substr(close + 1);
        if (!rest.empty() && rest[0] != ':') return std::nullopt;
        if (!rest.empty()) port = rest.substr(1);
        if (host.find(':') == std::string_view::npos) return std::nullopt;
    } else if (std::ranges::count(text, ':') == 1) {
        host = text.substr(0, text.find(':'));
        port = text.substr(text.find(':') + 1);
    }
    const auto address = IpAddress::from_text(host);
    if (!address) return std::nullopt;
    Endpoint out{*address, default_port, 0};
    if (port) {
        const auto number = parse_number(*port, 65535);
        if (!number) return std::nullopt;
        out.port = static_cast<std::uint16_t>(*number);
    }
    return out;
}

bool IpPrefix::contains(const IpAddress& other) const {
    if (other.family() != address.family()) return false;
    const Bytes mine = address.bytes(), theirs = other.bytes();
    const std::size_t whole = length / 8U;
    if (!std::ranges::equal(mine.first(whole), theirs.first(whole))) return false;
    const unsigned rest = length % 8U;
    return rest == 0 || (mine[whole] ^ theirs[whole]) >> (8 - rest) == 0;
}

std::optional<IpPrefix> IpPrefix::from_text(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::from_text(text.substr(0, slash));
    if (!address) return std::nullopt;
    const std::uint32_t most = address->is_v4() ? 32 : 128;
    if (slash == std::string_view::npos) return IpPrefix{*address, static_cast<std::uint8_t>(most)};
    const auto length = parse_number(text.substr(slash + 1), most);
    if (!length) return std::nullopt;
    return IpPrefix{*address, static_cast<std::uint8_t>(*length)};
}

std::string IpPrefix::to_text() const { return fmt::format("{}/{}", address.to_text(), length); }

}  // namespace kith
