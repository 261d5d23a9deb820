#include "dns/json_read_opt.hpp"

#include <fmt/format.h>

#include "base/ip_address.hpp"

namespace kith::dns {
namespace {

namespace json = boost::json;

void append_u16(std::vector<std::uint8_t>& out, std::uint64_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

Read<std::vector<std::uint8_t>> read_subnet(const json::object& option) {
    KITH_TRY(const std::string_view ip, text_or(option, "ip", ""));
    const auto address = IpAddress::from_text(ip);
    if (!address)
        return std::unexpected(
            fmt::format(".ip: expected an address, found \"{}\"", ip.substr(0, 60)));
    const std::size_t bits = address->bytes().size() * 8;
    KITH_TRY(const std::uint64_t source, number_or(option, "sourcePrefixLength", bits, 0));
    KITH_TRY(const std::uint64_t scope, number_or(option, "scopePrefixLength", bits, 0));
    std::vector<std::uint8_t> out{0, static_cast<std::uint8_t>(address->is_v4() ? 1 : 2),
                                  static_cast<std::uint8_t>(source),
                                  static_cast<std::uint8_t>(scope)};
    // Only the bytes of the prefix are sent, the bits past it being zero (RFC 7871 §6).
    const Bytes bytes = address->bytes().first((source + 7) / 8);
    out.insert(out.end(), bytes.begin(), bytes.end());
    if (source % 8 != 0) out.back() = static_cast<std::uint8_t>(out.back() & 0xff00U >> source % 8);
    return out;
}

/// The value from the decoded members, when there is no `data`.
Read<std::vector<std::uint8_t>> read_option_details(OptionCode code, const json::object& option) {
    std::vector<std::uint8_t> out;
    switch (code) {
        case OptionCode::CLIENT_SUBNET: return read_subnet(option);
        case OptionCode::TCP_KEEPALIVE: {
            if (!option.contains("timeout")) return out;
            KITH_TRY(const std::uint64_t timeout, number_or(option, "timeout", 65535, 0));
            append_u16(out, timeout);
            return out;
        }
        case OptionCode::PADDING: {
            KITH_TRY(const std::uint64_t length, number_or(option, "length", 65535, 0));
            out.resize(length);
            return out;
        }
        case OptionCode::KEY_TAG:
            if (const json::value* const tags = option.if_contains("tags")) {
                KITH_TRY_VOID(for_each_element(*tags, [&](const json::value& item) -> Read<void> {
                    KITH_TRY(const std::uint64_t tag, read_number(item, 65535));
                    append_u16(out, tag);
                    return {};
                }));
            }
            return out;
        case OptionCode::EDE: {
            KITH_TRY(const std::uint64_t code_value, number_or(option, "infoCode", 65535, 0));
            KITH_TRY(const std::string_view text, text_or(option, "extraText", ""));
            append_u16(out, code_value);
            out.insert(out.end(), text.begin(), text.end());
            return out;
        }
        default: return out;
    }
}

Read<void> read_option(const json::value& value, std::vector<std::uint8_t>& out) {
    const json::object* const option = value.if_object();
    if (option == nullptr) return wrong("an option object", value);
    KITH_TRY(const std::string_view type, text_or(*option, "type", ""));
    const auto named = parse_option(
        type.starts_with("OPTION_") ? fmt::format("OPT{}", type.substr(7)) : std::string(type));
    KITH_TRY(const std::uint64_t code,
             number_or(*option, "code", 65535, named ? static_cast<unsigned>(*named) : 65536));
    if (code > 65535)
        return std::unexpected(fmt::format(": expected a code or a known type, found type \"{}\"",
                                           type.substr(0, 60)));
    const json::value* const data = option->if_contains("data");
    std::vector<std::uint8_t> bytes;
    if (data == nullptr) {
        KITH_TRY(bytes, read_option_details(static_cast<OptionCode>(code), *option));
    } else if (is_buffer(*data)) {
        KITH_TRY(bytes, read_buffer(*data));
    } else if (data->is_string()) {
        const std::string_view text = view(data->get_string());
        bytes.assign(text.begin(), text.end());
    } else {
        return within(".data", wrong("a Buffer or a string", *data).error());
    }
    if (bytes.size() > 65535) return std::unexpected(": option over 65535 bytes");
    append_u16(out, code);
    append_u16(out, bytes.size());
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
}

}  // namespace

Read<void> add_opt(const json::object& opt, MessageBuilder& builder) {
    KITH_TRY_VOID(only_keys(opt, {"name", "type", "udpPayloadSize", "extendedRcode", "ednsVersion",
                                  "flags", "flag_do", "options"}));
    KITH_TRY(const std::uint64_t payload, number_or(opt, "udpPayloadSize", 65535, 4096));
    KITH_TRY(const std::uint64_t rcode_high, number_or(opt, "extendedRcode", 255, 0));
    KITH_TRY(const std::uint64_t version, number_or(opt, "ednsVersion", 255, 0));
    KITH_TRY(const std::uint64_t flags, number_or(opt, "flags", 65535, 0));
    KITH_TRY(const bool dnssec_ok, flag_or(opt, "flag_do", (flags & 0x8000U) != 0));
    std::vector<std::uint8_t> options;
    if (const json::value* const list = opt.if_contains("options")) {
        auto done = for_each_element(
            *list, [&](const json::value& item) { return read_option(item, options); });
        if (!done) return within(".options", done.error());
    }
    const auto all_flags =
        static_cast<std::uint16_t>((flags & 0x7fffU) | (dnssec_ok ? 0x8000U : 0U));
    if (!builder.add_opt(static_cast<std::uint16_t>(payload), static_cast<Rcode>(rcode_high << 4),
                         static_cast<std::uint8_t>(version), all_flags, options)) {
        return std::unexpected(": the message is over 65535 bytes");
    }
    return {};
}

}  // namespace kith::dns
