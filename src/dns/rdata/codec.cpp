#include "dns/rdata/codec.hpp"

#include <charconv>

#include <fmt/format.h>

#include "dns/text_escape.hpp"

namespace kith::dns {
namespace {

constexpr std::size_t shown_bytes_max = 60;  // of a refused word, in an error message

}  // namespace

ParseError expected(std::string_view what, const FieldOutput& output) {
    if (output.at_end()) return fmt::format("{}: expected {}, found the end", output.key(), what);
    std::string shown;
    append_escaped(shown, as_bytes(output.word().substr(0, shown_bytes_max)));
    if (output.word().size() > shown_bytes_max) shown += "...";
    return fmt::format("{}: expected {}, found '{}'", output.key(), what, shown);
}

std::unexpected<ParseError> refuse(std::string_view what, const FieldOutput& output) {
    return std::unexpected(expected(what, output));
}

bool parse_decimal(std::string_view text, std::uint64_t most, std::uint64_t& value) {
    const char* const end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data(), end, value);
    return fault == std::errc{} && stop == end && value <= most;
}

bool write_unescaped(std::string_view word, std::size_t most, Writer& out, std::size_t& size) {
    size = 0;
    for (std::size_t at = 0; at < word.size(); ++size) {
        const auto byte = read_escaped(word, at);
        if (!byte || size == most) return false;
        out.u8(*byte);
    }
    return true;
}

const FieldCodec& codec(FieldKind kind) {
    switch (kind) {
        case FieldKind::u8: return u8_codec;
        case FieldKind::u16: return u16_codec;
        case FieldKind::u32: return u32_codec;
        case FieldKind::u48: return u48_codec;
        case FieldKind::u64: return u64_codec;
        case FieldKind::ttl: return ttl_codec;
        case FieldKind::type: return type_codec;
        case FieldKind::time: return time_codec;
        case FieldKind::algorithm: return algorithm_codec;
        case FieldKind::certificate: return certificate_codec;
        case FieldKind::rcode: return rcode_codec;
        case FieldKind::scheme: return scheme_codec;
        case FieldKind::protocol: return protocol_codec;
        case FieldKind::ipv4: return ipv4_codec;
        case FieldKind::ipv6: return ipv6_codec;
        case FieldKind::name: return name_codec;
        case FieldKind::names: return names_codec;
        case FieldKind::string: return string_codec;
        case FieldKind::optional_string: return optional_string_codec;
        case FieldKind::strings: return strings_codec;
        case FieldKind::tag: return tag_codec;
        case FieldKind::rest_string: return rest_string_codec;
        case FieldKind::base64: return base64_codec;
        case FieldKind::base64_or_dash: return base64_or_dash_codec;
        case FieldKind::hex: return hex_codec;
        case FieldKind::salt: return salt_codec;
        case FieldKind::hash: return hash_codec;
        case FieldKind::sized_base64: return sized_base64_codec;
        case FieldKind::types: return types_codec;
        case FieldKind::ports: return ports_codec;
        case FieldKind::eui48: return eui48_codec;
        case FieldKind::eui64: return eui64_codec;
        case FieldKind::locator64: return locator64_codec;
        case FieldKind::nsap: return nsap_codec;
        case FieldKind::atm: return atm_codec;
        case FieldKind::location: return location_codec;
        case FieldKind::prefixes: return prefixes_codec;
        case FieldKind::params: return params_codec;
        case FieldKind::gateway: return gateway_codec;
        case FieldKind::discovery_bit: return discovery_bit_codec;
        case FieldKind::relay_type: return relay_type_codec;
        case FieldKind::hip_algorithm: return hip_algorithm_codec;
        case FieldKind::hip_tag: return hip_tag_codec;
        case FieldKind::hip_key: return hip_key_codec;
    }
    return hex_codec;
}

}  // namespace kith::dns
