// Service parameters of SVCB and HTTPS (RFC 9460): key u16 | length u16 | value, keys ascending.

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/ip_address.hpp"
#include "dns/encoding.hpp"
#include "dns/rdata/codec.hpp"
#include "dns/text_escape.hpp"

namespace kith::dns {
namespace {

enum class ParamKind : std::uint8_t {
    opaque,
    keys,
    protocols,
    empty,
    port,
    ipv4s,
    ipv6s,
    base64,
    groups
};

struct Param {
    std::uint16_t key;
    std::string_view name;
    ParamKind kind;
};

constexpr std::uint16_t key_mandatory = 0, key_alpn = 1, key_no_default_alpn = 2,
                        key_invalid = 65535;

constexpr Param known_params[] = {
    {key_mandatory, "mandatory", ParamKind::keys},               // RFC 9460 §8
    {key_alpn, "alpn", ParamKind::protocols},                    // §7.1
    {key_no_default_alpn, "no-default-alpn", ParamKind::empty},  // §7.1
    {3, "port", ParamKind::port},                                // §7.2
    {4, "ipv4hint", ParamKind::ipv4s},                           // §7.3
    {5, "ech", ParamKind::base64},                               // RFC 9848
    {6, "ipv6hint", ParamKind::ipv6s},                           // §7.3
    {7, "dohpath", ParamKind::opaque},                           // RFC 9461 §5
    {8, "ohttp", ParamKind::empty},                              // RFC 9540 §4
    {9, "tls-supported-groups", ParamKind::groups},
};

ParamKind kind_of(std::uint16_t key) {
    return key < std::size(known_params) ? known_params[key].kind : ParamKind::opaque;
}

void append_key(std::string& out, std::uint16_t key) {
    if (key < std::size(known_params)) {
        out += known_params[key].name;
    } else {
        fmt::format_to(std::back_inserter(out), "key{}", key);
    }
}

std::optional<std::uint16_t> parse_key(std::string_view text) {
    for (const Param& param : known_params) {
        if (param.name == text) return param.key;
    }
    std::uint64_t value = 0;
    if (!text.starts_with("key") || (text.size() > 4 && text[3] == '0')) return std::nullopt;
    if (!parse_decimal(text.substr(3), key_invalid - 1U, value)) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

// The value alone; what it means beside other parameters is checked by check_params().
bool value_fits(ParamKind kind, Bytes value) {
    switch (kind) {
        case ParamKind::opaque: return true;
        case ParamKind::empty: return value.empty();
        case ParamKind::port: return value.size() == 2;
        case ParamKind::ipv4s: return !value.empty() && value.size() % 4 == 0;
        case ParamKind::ipv6s: return !value.empty() && value.size() % 16 == 0;
        case ParamKind::base64: return !value.empty();
        case ParamKind::groups: return !value.empty() && value.size() % 2 == 0;
        case ParamKind::protocols:
            if (value.empty()) return false;
            while (!value.empty() && value[0] != 0 && value.size() > value[0])
                value = value.subspan(value[0] + 1U);
            return value.empty();
        case ParamKind::keys:
            if (value.empty() || value.size() % 2 != 0) return false;
            // Ascending and without repetition; "mandatory" itself is 0 and cannot be listed.
            for (std::size_t i = 0; i < value.size(); i += 2) {
                const unsigned before = i == 0 ? key_mandatory : load_u16(value.data() + i - 2);
                if (load_u16(value.data() + i) <= before) return false;
            }
            return true;
    }
    return false;
}

Wire<void> check_params(const FieldInput& input) {
    int last = -1;
    Bytes mandatory;
    bool alpn_seen = false;
    while (!input.reader.at_end()) {
        const std::uint16_t at = input.reader.offset();
        KITH_TRY(const std::uint16_t key, input.reader.u16());
        KITH_TRY(const std::uint16_t size, input.reader.u16());
        KITH_TRY(const Bytes value, input.reader.take(size));
        if (key <= last || key == key_invalid || !value_fits(kind_of(key), value))
            return FieldInput::bad(at);
        last = key;
        alpn_seen = alpn_seen || key == key_alpn;
        if (key == key_no_default_alpn && !alpn_seen) return FieldInput::bad(at);  // §7.1.1
        if (key == key_mandatory) mandatory = value;
        // Both lists ascend: the mandatory keys are ticked off in passing.
        if (!mandatory.empty() && key >= load_u16(mandatory.data())) {
            if (key > load_u16(mandatory.data())) return FieldInput::bad(at);
            mandatory = mandatory.subspan(2);
        }
    }
    if (!mandatory.empty()) return input.reader.error(WireFault::bad_value);
    return {};
}

// A list in one string: "," separates, "\," and "\\" are the bytes themselves (RFC 9460 §A.1).
std::string join_protocols(Bytes value) {
    std::string out;
    while (!value.empty()) {
        if (!out.empty()) out += ',';
        for (const std::uint8_t byte : value.subspan(1, value[0])) {
            if (byte == ',' || byte == '\\') out += '\\';
            out += static_cast<char>(byte);
        }
        value = value.subspan(value[0] + 1U);
    }
    return out;
}

std::string value_text(ParamKind kind, Bytes value) {
    std::string out;
    const auto append_list = [&](std::size_t width, auto append) {
        for (std::size_t i = 0; i < value.size(); i += width) {
            if (i > 0) out += ',';
            append(value.subspan(i, width));
        }
    };
    switch (kind) {
        case ParamKind::empty: break;
        case ParamKind::opaque: append_quoted(out, value); break;
        case ParamKind::protocols: append_quoted(out, as_bytes(join_protocols(value))); break;
        case ParamKind::base64: append_base64(out, value); break;
        case ParamKind::port:
        case ParamKind::groups:
            append_list(2, [&](Bytes item) { out += fmt::to_string(load_u16(item.data())); });
            break;
        case ParamKind::keys:
            append_list(2, [&](Bytes item) { append_key(out, load_u16(item.data())); });
            break;
        case ParamKind::ipv4s:
        case ParamKind::ipv6s:
            append_list(kind == ParamKind::ipv4s ? 4 : 16,
                        [&](Bytes item) { out += IpAddress::from_bytes(item)->to_text(); });
            break;
    }
    return out;
}

void print_params(const FieldInput& input, std::string& out) {
    for (std::string_view gap; !input.reader.at_end(); gap = " ") {
        const auto key = input.reader.u16();
        const auto size = input.reader.u16();
        const auto value = input.reader.take(size.value_or(0));
        if (!value) return;
        out += gap;
        append_key(out, *key);
        if (value->empty()) continue;
        out += '=';
        out += value_text(kind_of(*key), *value);
    }
}

/// Splits at commas that are not escaped, undoing the escapes; false for an empty item.
bool split_protocols(Bytes text, std::vector<std::uint8_t>& out) {
    std::size_t at = 0;
    do {
        const std::size_t start = out.size();
        out.push_back(0);
        for (; at < text.size() && text[at] != ','; ++at) {
            if (text[at] == '\\' && ++at == text.size()) return false;
            out.push_back(text[at]);
        }
        const std::size_t size = out.size() - start - 1;
        if (size == 0 || size > 255) return false;
        out[start] = static_cast<std::uint8_t>(size);
    } while (at++ < text.size());
    return true;
}

bool append_item(ParamKind kind, std::string_view item, std::vector<std::uint8_t>& out) {
    std::uint64_t number = 0;
    std::uint8_t quad[4], long_form[16];
    switch (kind) {
        case ParamKind::keys: {
            const auto key = parse_key(item);
            if (!key) return false;
            number = *key;
            break;
        }
        case ParamKind::ipv4s:
            if (!parse_ipv4(item, quad)) return false;
            out.insert(out.end(), std::begin(quad), std::end(quad));
            return true;
        case ParamKind::ipv6s:
            if (!parse_ipv6(item, long_form)) return false;
            out.insert(out.end(), std::begin(long_form), std::end(long_form));
            return true;
        default:
            if (!parse_decimal(item, 65535, number)) return false;
            break;
    }
    out.push_back(static_cast<std::uint8_t>(number >> 8));
    out.push_back(static_cast<std::uint8_t>(number));
    return true;
}

// Keys may stand in any order in text and are sorted on the wire (§8).
void sort_keys(std::vector<std::uint8_t>& value) {
    std::vector<std::uint16_t> keys;
    for (std::size_t i = 0; i < value.size(); i += 2) keys.push_back(load_u16(value.data() + i));
    std::ranges::sort(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) store_u16(value.data() + 2 * i, keys[i]);
}

/// The wire form of a value whose escapes are undone; false when it does not fit `kind`.
bool parse_value(ParamKind kind, Bytes text, std::vector<std::uint8_t>& out) {
    switch (kind) {
        case ParamKind::empty: return text.empty();
        case ParamKind::opaque: out.assign(text.begin(), text.end()); return true;
        case ParamKind::protocols: return split_protocols(text, out);
        case ParamKind::base64: {
            out.resize(text.size());
            Writer writer(out);
            Decoder decoder(Decoder::Base::base64, writer);
            const bool fits = decoder.feed(as_text(text)) && decoder.finish() && writer.size() > 0;
            out.resize(writer.size());
            return fits;
        }
        default: break;
    }
    std::string_view rest = as_text(text);
    do {
        const std::size_t comma =
            kind == ParamKind::port ? rest.size() : std::min(rest.find(','), rest.size());
        if (!append_item(kind, rest.substr(0, comma), out)) return false;
        if (comma == rest.size()) break;
        rest.remove_prefix(comma + 1);
    } while (true);
    if (kind == ParamKind::keys) sort_keys(out);
    return value_fits(kind, out);
}

struct ParsedParam {
    std::uint16_t key;
    std::size_t word;
    std::vector<std::uint8_t> value;
};

Parsed parse_param(FieldOutput& output, std::vector<ParsedParam>& params) {
    const std::string_view word = output.word();
    const std::size_t equals = std::min(word.find('='), word.size());
    const auto key = parse_key(word.substr(0, equals));
    if (!key) return refuse("a parameter key such as alpn or key123 (0..65534)", output);
    std::string_view text = word.substr(std::min(equals + 1, word.size()));
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        text = text.substr(1, text.size() - 2);
    std::vector<std::uint8_t> plain(text.size());
    Writer writer(plain);
    std::size_t size = 0;
    ParsedParam param{*key, output.next, {}};
    const bool fits = write_unescaped(text, text.size(), writer, size) &&
                      parse_value(kind_of(*key), writer.written(), param.value) &&
                      param.value.size() <= 0xffff;
    if (!fits) return refuse("a value that this parameter allows (RFC 9460 §7)", output);
    params.push_back(std::move(param));
    ++output.next;
    return {};
}

/// What check_params() demands of all parameters together, in words.
std::optional<std::string_view> conflict(const std::vector<ParsedParam>& params) {
    const auto has = [&](std::uint16_t key) {
        return std::ranges::binary_search(params, key, {}, &ParsedParam::key);
    };
    if (std::ranges::adjacent_find(params, {}, &ParsedParam::key) != params.end())
        return "each parameter once";
    if (has(key_no_default_alpn) && !has(key_alpn))
        return "alpn beside no-default-alpn (RFC 9460 §7.1.1)";
    if (!has(key_mandatory)) return std::nullopt;
    const std::vector<std::uint8_t>& keys = params.front().value;
    for (std::size_t i = 0; i < keys.size(); i += 2) {
        if (!has(load_u16(keys.data() + i)))
            return "every mandatory parameter to be given (RFC 9460 §8)";
    }
    return std::nullopt;
}

Parsed parse_params(FieldOutput& output) {
    std::vector<ParsedParam> params;
    while (!output.at_end()) KITH_TRY_VOID(parse_param(output, params));
    std::ranges::sort(params, {},
                      [](const ParsedParam& param) { return std::pair(param.key, param.word); });
    if (const auto wanted = conflict(params)) {
        output.next = params.front().word;
        return refuse(*wanted, output);
    }
    for (const ParsedParam& param : params) {
        output.out.u16(param.key);
        output.out.u16(static_cast<std::uint16_t>(param.value.size()));
        output.out.bytes(param.value);
    }
    return {};
}

}  // namespace

const FieldCodec params_codec{check_params, print_params, parse_params, JsonForm::words};

}  // namespace kith::dns
