#include "config/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "config/text.hpp"
#include "dns/registry.hpp"

namespace kith::config {
namespace {

using Kind = Scalar::Kind;
using dns::equal_ignoring_case;

template <class E>
struct Choice {
    std::string_view word;
    E value;
};

// The first word of a value is the one that is printed.
constexpr Choice<log::Level> levels[] = {
    {"TRACE", log::Level::trace},  {"DEBUG", log::Level::debug},     {"INFO", log::Level::info},
    {"WARN", log::Level::warning}, {"WARNING", log::Level::warning}, {"ERROR", log::Level::error},
    {"OFF", log::Level::off},
};
constexpr Choice<RewriteDepth> depths[] = {{"one", RewriteDepth::one}, {"any", RewriteDepth::any}};
constexpr Choice<RewriteAction> actions[] = {{"nxdomain", RewriteAction::nxdomain},
                                             {"redirect", RewriteAction::redirect}};
constexpr Choice<SerialRule> serials[] = {{"increment", SerialRule::increment},
                                          {"unixtime", SerialRule::unixtime},
                                          {"dateserial", SerialRule::dateserial}};
constexpr Choice<SigningAlgorithm> algorithms[] = {
    {"rsasha256", SigningAlgorithm::rsasha256},
    {"rsasha512", SigningAlgorithm::rsasha512},
    {"ecdsap256sha256", SigningAlgorithm::ecdsap256sha256},
    {"ecdsap384sha384", SigningAlgorithm::ecdsap384sha384},
    {"ed25519", SigningAlgorithm::ed25519},
    {"ed448", SigningAlgorithm::ed448},
};
constexpr Choice<DenialRule> denials[] = {{"nsec", DenialRule::nsec}, {"nsec3", DenialRule::nsec3}};
constexpr Choice<KeyScheme> schemes[] = {{"csk", KeyScheme::csk}, {"ksk-zsk", KeyScheme::ksk_zsk}};
constexpr Choice<ZonemdRule> zonemds[] = {
    {"off", ZonemdRule::off}, {"sha384", ZonemdRule::sha384}, {"sha512", ZonemdRule::sha512}};
constexpr Choice<CsyncRule> csyncs[] = {{"keep", CsyncRule::keep},
                                        {"none", CsyncRule::none},
                                        {"approval", CsyncRule::approval},
                                        {"immediate", CsyncRule::immediate}};

template <class E, std::size_t count>
std::vector<std::string_view> words_of(const Choice<E> (&choices)[count]) {
    std::vector<std::string_view> out;
    for (const auto& choice : choices) out.push_back(choice.word);
    return out;
}

template <class E, std::size_t count>
Expected read_choice(const Scalar& json, const Choice<E> (&choices)[count], E& out) {
    for (const auto& choice : choices) {
        if (json.kind != Kind::text || !equal_ignoring_case(choice.word, json.text)) continue;
        out = choice.value;
        return std::nullopt;
    }
    return fmt::format("one of {}", fmt::join(words_of(choices), ", "));
}

template <class E, std::size_t count>
std::string print_choice(const Choice<E> (&choices)[count], E value) {
    const auto* choice = std::ranges::find(choices, value, &Choice<E>::value);
    return json_text(choice->word);
}

template <class Number>
Expected read_number(const Scalar& json, const Bounds& bounds, Number& out) {
    const std::uint64_t most =
        std::min<std::uint64_t>(bounds.most, std::numeric_limits<Number>::max());
    if (json.kind == Kind::count && json.count >= bounds.least && json.count <= most) {
        out = static_cast<Number>(json.count);
        return std::nullopt;
    }
    return fmt::format("a number {}..{}", bounds.least, most);
}

Expected read_text(const Scalar& json, const Bounds& bounds, std::string& out) {
    if (json.kind != Kind::text) return "text in double quotes";
    if (json.text.size() < bounds.least) return "text that is not empty";
    if (json.text.size() > bounds.most) return fmt::format("at most {} bytes of text", bounds.most);
    out = json.text;
    return std::nullopt;
}

}  // namespace

Expected read_value(const Scalar& json, Offset, const Bounds&, bool& out) {
    if (json.kind != Kind::flag) return "true or false";
    out = json.flag;
    return std::nullopt;
}

Expected read_value(const Scalar& json, Offset, const Bounds& bounds, std::uint16_t& out) {
    return read_number(json, bounds, out);
}
Expected read_value(const Scalar& json, Offset, const Bounds& bounds, std::uint32_t& out) {
    return read_number(json, bounds, out);
}
Expected read_value(const Scalar& json, Offset, const Bounds& bounds, std::uint64_t& out) {
    return read_number(json, bounds, out);
}

Expected read_value(const Scalar& json, Offset, const Bounds& bounds, milliseconds& out) {
    std::optional<milliseconds> value;
    if (json.kind == Kind::text) value = parse_duration(json.text);
    if (json.kind == Kind::count && json.count <= bounds.most / 1000) {
        value = std::chrono::seconds(static_cast<std::int64_t>(json.count));
    }
    const auto least = milliseconds(static_cast<std::int64_t>(bounds.least));
    const auto most = milliseconds(static_cast<std::int64_t>(bounds.most));
    if (value && *value >= least && *value <= most) {
        out = *value;
        return std::nullopt;
    }
    return fmt::format("seconds, or text such as \"500ms\" or \"2h\", from {} to {}",
                       duration_text(least), duration_text(most));
}

Expected read_value(const Scalar& json, Offset, const Bounds& bounds, ByteSize& out) {
    std::optional<std::uint64_t> value;
    if (json.kind == Kind::text) value = parse_size(json.text);
    if (json.kind == Kind::count) value = json.count;
    if (value && *value >= bounds.least && *value <= bounds.most) {
        out = {*value};
        return std::nullopt;
    }
    return fmt::format("a number of bytes, or text such as \"64MiB\", from {} to {}",
                       size_text(bounds.least), size_text(bounds.most));
}

Expected read_value(const Scalar& json, Offset, const Bounds& bounds, std::string& out) {
    return read_text(json, bounds, out);
}

Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, TextAt& out) {
    out.at = at;
    return read_text(json, bounds, out.text);
}

Expected read_value(const Scalar& json, Offset, const Bounds&, IpAddress& out) {
    std::string_view text = json.text;
    std::optional<IpAddress> address;
    if (json.kind == Kind::text) {
        if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
            text = text.substr(1, text.size() - 2);
        }
        // What a socket would make of these two words.
        if (text.empty())
            address = IpAddress::v4(0, 0, 0, 0);
        else if (text == "localhost")
            address = IpAddress::v4(127, 0, 0, 1);
        else
            address = IpAddress::from_text(text);
    }
    if (!address) return "an IPv4 or IPv6 address";
    out = *address;
    return std::nullopt;
}

Expected read_value(const Scalar& json, Offset, const Bounds& bounds, Endpoint& out) {
    const auto port = static_cast<std::uint16_t>(bounds.least);
    auto endpoint = json.kind == Kind::text ? Endpoint::from_text(json.text, port) : std::nullopt;
    // Where 0 stands for "as elsewhere said", nobody can mean it: with another default it shows.
    if (endpoint && port == 0 && Endpoint::from_text(json.text, 1)->port == 0) endpoint.reset();
    if (!endpoint) {
        return "an address such as 192.0.2.1, 192.0.2.1:53, 2001:db8::1 or [2001:db8::1]:53";
    }
    out = *endpoint;
    return std::nullopt;
}

Expected read_value(const Scalar& json, Offset, const Bounds&, IpPrefix& out) {
    const auto prefix = json.kind == Kind::text ? IpPrefix::from_text(json.text) : std::nullopt;
    if (!prefix) return "an address or a network, such as 192.0.2.0/24 or 2001:db8::/32";
    out = *prefix;
    return std::nullopt;
}

Expected read_value(const Scalar& json, Offset, const Bounds&, HostPort& out) {
    constexpr std::string_view expected = "host:port, such as 192.0.2.2:9053";
    if (json.kind != Kind::text) return std::string(expected);
    const std::size_t colon = json.text.rfind(':');
    if (colon == json.text.npos || colon == 0) return std::string(expected);
    std::string_view host = json.text.substr(0, colon);
    const std::string_view digits = json.text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const bool address = IpAddress::from_text(host).has_value();
    const bool strange =
        std::ranges::any_of(host, [](char c) { return c <= ' ' || c == '/' || c == 127; });
    const bool colons = host.find(':') != host.npos;
    std::uint16_t port = 0;
    const auto end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, port);
    if (error != std::errc{} || stop != end || port == 0) return std::string(expected);
    if (strange || (colons && !(bracketed && address)) || (bracketed && !colons)) {
        return std::string(expected);
    }
    out = {std::string(host), port};
    return std::nullopt;
}

Expected read_value(const Scalar& json, Offset, const Bounds&, dns::RrType& out) {
    const auto type = json.kind == Kind::text ? dns::parse_type(json.text) : std::nullopt;
    if (!type || dns::is_meta_type(*type)) return "a record type such as A, AAAA, CNAME, MX or TXT";
    out = *type;
    return std::nullopt;
}

Expected read_value(const Scalar& json, Offset, const Bounds&, log::Level& out) {
    return read_choice(json, levels, out);
}
Expected read_value(const Scalar& json, Offset, const Bounds&, RewriteDepth& out) {
    return read_choice(json, depths, out);
}
Expected read_value(const Scalar& json, Offset, const Bounds&, RewriteAction& out) {
    return read_choice(json, actions, out);
}
Expected read_value(const Scalar& json, Offset, const Bounds&, SerialRule& out) {
    return read_choice(json, serials, out);
}
Expected read_value(const Scalar& json, Offset, const Bounds&, SigningAlgorithm& out) {
    return read_choice(json, algorithms, out);
}
Expected read_value(const Scalar& json, Offset, const Bounds&, DenialRule& out) {
    return read_choice(json, denials, out);
}
Expected read_value(const Scalar& json, Offset, const Bounds&, KeyScheme& out) {
    return read_choice(json, schemes, out);
}
Expected read_value(const Scalar& json, Offset, const Bounds&, ZonemdRule& out) {
    return read_choice(json, zonemds, out);
}

Expected read_value(const Scalar& json, Offset, const Bounds&, CsyncRule& out) {
    return read_choice(json, csyncs, out);
}

std::string print_value(bool value) { return value ? "true" : "false"; }
std::string print_value(milliseconds value) {
    if (value.count() % 1000 == 0) return fmt::format("{}", value.count() / 1000);
    return json_text(duration_text(value));
}
std::string print_value(ByteSize value) { return json_text(size_text(value.bytes)); }
std::string print_value(const std::string& value) { return json_text(value); }
std::string print_value(const TextAt& value) { return json_text(value.text); }
std::string print_value(const IpAddress& value) { return json_text(value.to_text()); }
std::string print_value(const Endpoint& value) {
    return json_text(value.port == 0 ? value.address.to_text() : value.to_text());
}
std::string print_value(const IpPrefix& value) { return json_text(value.to_text()); }
std::string print_value(const HostPort& value) { return json_text(value.to_text()); }
std::string print_value(dns::RrType value) { return json_text(dns::type_name(value)); }
std::string print_value(log::Level value) { return print_choice(levels, value); }
std::string print_value(RewriteDepth value) { return print_choice(depths, value); }
std::string print_value(RewriteAction value) { return print_choice(actions, value); }
std::string print_value(SerialRule value) { return print_choice(serials, value); }
std::string print_value(SigningAlgorithm value) { return print_choice(algorithms, value); }
std::string print_value(DenialRule value) { return print_choice(denials, value); }
std::string print_value(KeyScheme value) { return print_choice(schemes, value); }
std::string print_value(ZonemdRule value) { return print_choice(zonemds, value); }
std::string print_value(CsyncRule value) { return print_choice(csyncs, value); }

Form form_of(const bool*) {
    return {"true or false", R"("type": "boolean")", Form::Unit::none, {}};
}
Form form_of(const std::uint16_t*) {
    return {"number", R"("type": "integer")", Form::Unit::number, {}};
}
Form form_of(const std::uint32_t*) {
    return {"number", R"("type": "integer")", Form::Unit::number, {}};
}
Form form_of(const std::uint64_t*) {
    return {"number", R"("type": "integer")", Form::Unit::number, {}};
}
Form form_of(const milliseconds*) {
    return {"duration",
            R"("anyOf": [{"type": "integer", "minimum": 0}, )"
            R"({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"}])",
            Form::Unit::duration,
            {}};
}
Form form_of(const ByteSize*) {
    return {"size",
            R"("anyOf": [{"type": "integer", "minimum": 0}, )"
            R"({"type": "string", "pattern": "^[0-9]+([KMGT]iB|kB|MB|GB)?$"}])",
            Form::Unit::bytes,
            {}};
}
Form form_of(const std::string*) {
    return {"text", R"("type": "string")", Form::Unit::characters, {}};
}
Form form_of(const TextAt*) { return {"text", R"("type": "string")", Form::Unit::characters, {}}; }
Form form_of(const IpAddress*) { return {"address", R"("type": "string")", Form::Unit::none, {}}; }
Form form_of(const Endpoint*) {
    return {"address, with a port or without", R"("type": "string")", Form::Unit::none, {}};
}
Form form_of(const IpPrefix*) { return {"network", R"("type": "string")", Form::Unit::none, {}}; }
Form form_of(const HostPort*) {
    return {"host:port", R"("type": "string", "pattern": "^.+:[0-9]+$")", Form::Unit::none, {}};
}
Form form_of(const dns::RrType*) {
    return {"record type", R"("type": "string")", Form::Unit::none, {}};
}
Form form_of(const log::Level*) {
    return {"word", R"("type": "string")", Form::Unit::none, words_of(levels)};
}
Form form_of(const RewriteDepth*) {
    return {"word", R"("type": "string")", Form::Unit::none, words_of(depths)};
}
Form form_of(const RewriteAction*) {
    return {"word", R"("type": "string")", Form::Unit::none, words_of(actions)};
}
Form form_of(const SerialRule*) {
    return {"word", R"("type": "string")", Form::Unit::none, words_of(serials)};
}
Form form_of(const SigningAlgorithm*) {
    return {"word", R"("type": "string")", Form::Unit::none, words_of(algorithms)};
}
Form form_of(const DenialRule*) {
    return {"word", R"("type": "string")", Form::Unit::none, words_of(denials)};
}
Form form_of(const KeyScheme*) {
    return {"word", R"("type": "string")", Form::Unit::none, words_of(schemes)};
}
Form form_of(const ZonemdRule*) {
    return {"word", R"("type": "string")", Form::Unit::none, words_of(zonemds)};
}

Form form_of(const CsyncRule*) {
    return {"word", R"("type": "string")", Form::Unit::none, words_of(csyncs)};
}

std::string found_text(const Scalar& json) {
    switch (json.kind) {
        case Kind::null: return "null";
        case Kind::flag: return json.flag ? "true" : "false";
        case Kind::count:
        case Kind::number: {
            const bool whole = json.text.size() <= 40;
            return fmt::format("{}{}", json.text.substr(0, 40), whole ? "" : "...");
        }
        case Kind::text: return shown(json.text);
    }
    return {};
}

}  // namespace kith::config
