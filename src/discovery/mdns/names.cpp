#include "discovery/mdns/names.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/check.hpp"
#include "discovery/mdns/limits.hpp"

namespace kith::discovery::mdns {
namespace {

dns::Name constant(std::string_view text) {
    const auto name = dns::Name::from_text(text);
    KITH_CHECK(name.has_value());
    return *name;
}

/// A label taken apart: `stem` and the number that a rename put behind it.
struct Numbered {
    std::string_view stem;
    int number = 1;
};

Numbered split(std::string_view label, std::string_view before, std::string_view after) {
    if (!label.ends_with(after)) return {label, 1};
    const std::string_view inner = label.substr(0, label.size() - after.size());
    const std::size_t at = inner.rfind(before);
    if (at == std::string_view::npos || at == 0) return {label, 1};
    const std::string_view digits = inner.substr(at + before.size());
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool is_number = error == std::errc() && end == digits.data() + digits.size();
    // `printer-1`, `printer-02` and `printer (0)` are names somebody chose, not ours.
    if (!is_number || number < 2 || digits[0] == '0') return {label, 1};
    return {label.substr(0, at), number};
}

/// `text` without a broken character of UTF-8 at its end, at most `bytes` long.
std::string_view cut(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    const auto continues = [&](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
    };
    while (bytes > 0 && continues(bytes)) --bytes;
    return text.substr(0, bytes);
}

}  // namespace

std::span<const dns::Name> multicast_domains() {
    static const std::array<dns::Name, 6> domains = {
        constant("local"),          constant("254.169.in-addr.arpa"), constant("8.e.f.ip6.arpa"),
        constant("9.e.f.ip6.arpa"), constant("a.e.f.ip6.arpa"),       constant("b.e.f.ip6.arpa"),
    };
    return domains;
}

bool is_multicast_name(dns::NameView name, std::span<const dns::Name> extra) {
    const auto holds = [&](const dns::Name& domain) { return name.is_under(domain); };
    return std::ranges::any_of(multicast_domains(), holds) || std::ranges::any_of(extra, holds);
}

bool is_reverse_name(dns::NameView name) {
    static const dns::Name v4 = constant("in-addr.arpa");
    static const dns::Name v6 = constant("ip6.arpa");
    return name.is_under(v4) || name.is_under(v6);
}

dns::Name reverse_name(const IpAddress& address) {
    std::string text;
    const Bytes bytes = address.bytes();
    for (std::size_t i = bytes.size(); i-- > 0;) {
        if (address.is_v4()) {
            text += fmt::format("{}.", bytes[i]);
        } else {
            text += fmt::format("{:x}.{:x}.", bytes[i] & 15, bytes[i] >> 4);
        }
    }
    return constant(text + (address.is_v4() ? "in-addr.arpa" : "ip6.arpa"));
}

dns::Name next_name(dns::NameView name, RenameStyle style) {
    KITH_CHECK(!name.is_root() && style != RenameStyle::refuse);
    const bool is_host = style == RenameStyle::host;
    const std::string_view before = is_host ? "-" : " (";
    const std::string_view after = is_host ? "" : ")";
    const auto [stem, number] = split(as_text(name.first_label()), before, after);
    // Shorter until the whole name fits too: the number may have got a digit more.
    for (std::size_t bytes = dns::label_bytes_max; bytes > 0; --bytes) {
        const int next = number >= rename_suffix_max ? 2 : number + 1;
        const std::string suffix = fmt::format("{}{}{}", before, next, after);
        if (suffix.size() >= bytes) break;
        const std::string label = std::string(cut(stem, bytes - suffix.size())) + suffix;
        dns::NameBuilder builder;
        if (builder.append(as_bytes(label)) && builder.append(name.parent()))
            return builder.finish();
    }
    return dns::Name(name);  // no room for any other name: it stays, and the conflict is told again
}

}  // namespace kith::discovery::mdns
