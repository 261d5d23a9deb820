#include "discovery/dnssd/service_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/utf8.hpp"
#include "discovery/mdns/names.hpp"
#include "dns/registry.hpp"
#include "dns/text_escape.hpp"

namespace kith::discovery::dnssd {
namespace {

using dns::Text;

std::unexpected<dns::TextError> error(std::string text, std::size_t position = 0) {
    return std::unexpected(dns::TextError{std::move(text), position});
}

bool is_control(std::uint8_t byte) { return byte < 0x20 || byte == 0x7f; }

std::optional<Protocol> protocol_of(std::string_view label) {
    if (dns::equal_ignoring_case(label, "_tcp")) return Protocol::tcp;
    if (dns::equal_ignoring_case(label, "_udp")) return Protocol::udp;
    return std::nullopt;
}

std::string_view protocol_label(Protocol protocol) {
    return protocol == Protocol::tcp ? "_tcp" : "_udp";
}

/// A label of a type as text that from_text() reads back.
std::string label_text(std::string_view label) {
    std::string out;
    for (const char c : label) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (c == '.' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte <= 0x20 || byte >= 0x7f) {
            out += fmt::format("\\{:03}", byte);
        } else {
            out += c;
        }
    }
    return out;
}

/// The bytes up to the next unescaped dot or the end; `at` moves past the dot.
Text<std::string> take_label(std::string_view text, std::size_t& at) {
    std::string out;
    while (at < text.size() && text[at] != '.') {
        const std::size_t start = at;
        const auto byte = dns::read_escaped(text, at);
        if (!byte)
            return error("expected a character or \\DDD (000..255) after the backslash", start);
        out += static_cast<char>(*byte);
    }
    if (at < text.size()) ++at;
    if (out.empty()) return error("expected a label, found nothing", at);
    if (out.size() > dns::label_bytes_max)
        return error(fmt::format("a label has at most 63 bytes, found {}", out.size()), at);
    return out;
}

}  // namespace

Text<ServiceType> ServiceType::from_text(std::string_view text) {
    std::size_t at = 0;
    KITH_TRY(const std::string service, take_label(text, at));
    if (at >= text.size())
        return error(fmt::format("expected a type such as _http._tcp, found '{}'", printable(text)),
                     text.size());
    KITH_TRY(const std::string protocol, take_label(text, at));
    if (at < text.size())
        return error(
            fmt::format("expected two labels such as _http._tcp, found '{}'", printable(text)), at);
    const auto type = from_labels(as_bytes(service), as_bytes(protocol));
    if (!type) {
        return error(fmt::format(
            "expected a type such as _http._tcp: an underscore before the name and _tcp or _udp behind it; found '{}'",
            printable(text)));
    }
    return *type;
}

std::optional<ServiceType> ServiceType::from_labels(Bytes service, Bytes protocol) {
    const auto found = protocol_of(as_text(protocol));
    if (!found || service.size() < 2 || service.size() > dns::label_bytes_max || service[0] != '_')
        return std::nullopt;
    ServiceType out;
    out.service_ = as_text(service);
    out.protocol_ = *found;
    return out;
}

Text<void> ServiceType::check() const {
    const std::string_view name = std::string_view(service_).substr(1);
    if (name.empty() || name.size() > service_chars_max) {
        return error(
            fmt::format("a service's name has 1 to 15 characters (RFC 6335 §5.1), '{}' has {}",
                        printable(name), name.size()));
    }
    bool has_letter = false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto byte = dns::lower(static_cast<std::uint8_t>(name[i]));
        const bool letter = byte >= 'a' && byte <= 'z';
        const bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && byte != '-') {
            return error(
                fmt::format(
                    "a service's name has letters, digits and hyphens only (RFC 6335 §5.1), found '{}'",
                    printable(name)),
                i + 1);
        }
        if (byte == '-' && (i == 0 || i + 1 == name.size() || name[i - 1] == '-')) {
            return error(
                fmt::format(
                    "a hyphen stands between two letters or digits (RFC 6335 §5.1), found '{}'",
                    name),
                i + 1);
        }
        has_letter |= letter;
    }
    if (!has_letter)
        return error(fmt::format(
            "a service's name has at least one letter (RFC 6335 §5.1), found '{}'", name));
    return {};
}

std::string ServiceType::to_text() const {
    return fmt::format("{}.{}", label_text(service_), protocol_label(protocol_));
}

bool ServiceType::append_to(dns::NameBuilder& name) const {
    return name.append(as_bytes(service_)) && name.append(as_bytes(protocol_label(protocol_)));
}

bool operator==(const ServiceType& a, const ServiceType& b) {
    return a.protocol_ == b.protocol_ && dns::equal_ignoring_case(a.service_, b.service_);
}

Text<TypeSelector> TypeSelector::from_text(std::string_view text) {
    TypeSelector out;
    // Apple's form: the type, then subtypes behind commas; browsing takes one.
    if (const std::size_t comma = text.find(','); comma != std::string_view::npos) {
        KITH_TRY(out.type, ServiceType::from_text(text.substr(0, comma)));
        std::size_t at = 0;
        const std::string_view rest = text.substr(comma + 1);
        KITH_TRY(out.subtype, take_label(rest, at));
        if (at < rest.size() || rest.find(',') != std::string_view::npos)
            return error("expected one subtype after the comma", comma + 1);
        return out;
    }
    std::size_t at = 0;
    KITH_TRY(const std::string first, take_label(text, at));
    const std::size_t second_at = at;
    if (at < text.size()) {
        KITH_TRY(const std::string second, take_label(text, at));
        if (dns::equal_ignoring_case(second, "_sub") && at < text.size()) {
            out.subtype = first;
            KITH_TRY(out.type, ServiceType::from_text(text.substr(at)));
            return out;
        }
    }
    at = second_at;
    KITH_TRY(out.type, ServiceType::from_text(text));
    return out;
}

std::string TypeSelector::to_text() const {
    return subtype.empty() ? type.to_text()
                           : fmt::format("{}._sub.{}", label_text(subtype), type.to_text());
}

Text<dns::Name> TypeSelector::browse_name(dns::NameView domain) const {
    dns::NameBuilder name;
    const bool fits =
        (subtype.empty() || (name.append(as_bytes(subtype)) && name.append(as_bytes("_sub")))) &&
        type.append_to(name) && name.append(domain);
    if (!fits)
        return error(fmt::format("'{}' does not fit a name of 255 bytes in {}", to_text(),
                                 domain.to_text()));
    return name.finish();
}

std::optional<InstanceName> InstanceName::from_name(dns::NameView name) {
    if (name.label_count() < 4) return std::nullopt;  // instance, service, protocol, root
    const dns::NameView service = name.parent();
    const dns::NameView protocol = service.parent();
    const auto type = ServiceType::from_labels(service.first_label(), protocol.first_label());
    if (!type) return std::nullopt;
    return InstanceName{std::string(as_text(name.first_label())), *type,
                        dns::Name(protocol.parent())};
}

Text<InstanceName> InstanceName::from_text(std::string_view text) {
    std::size_t at = 0;
    KITH_TRY(std::string instance, take_label(text, at));
    const std::size_t service_at = at;
    KITH_TRY(const std::string service, take_label(text, at));
    KITH_TRY(const std::string protocol, take_label(text, at));
    const auto type = ServiceType::from_labels(as_bytes(service), as_bytes(protocol));
    if (!type) {
        return error(
            fmt::format(
                "expected instance, type and domain such as My Printer._ipp._tcp.local, found '{}'; a dot inside the instance is written \\.",
                printable(text)),
            service_at);
    }
    InstanceName out{std::move(instance), *type, {}};
    if (at >= text.size())
        return error(fmt::format("expected a domain such as local behind '{}'", printable(text)),
                     text.size());
    auto domain = dns::Name::from_text(text.substr(at));
    if (!domain) return error(domain.error().text, at + domain.error().position);
    out.domain = *domain;
    return out;
}

Text<dns::Name> InstanceName::to_name() const {
    if (instance.empty() || instance.size() > instance_bytes_max) {
        return error(fmt::format("an instance's name has 1 to 63 bytes, '{}' has {}",
                                 printable(instance), instance.size()));
    }
    dns::NameBuilder name;
    if (!name.append(as_bytes(instance)) || !type.append_to(name) || !name.append(domain)) {
        return error(fmt::format("'{}' is over 255 bytes long", to_text()));
    }
    return name.finish();
}

std::string InstanceName::to_text() const {
    std::string domain_text = domain.to_text();
    if (domain_text.ends_with('.')) domain_text.pop_back();
    return fmt::format("{}.{}.{}", escape_instance(instance), type.to_text(), domain_text);
}

bool operator==(const InstanceName& a, const InstanceName& b) {
    return dns::equal_ignoring_case(a.instance, b.instance) && a.type == b.type &&
           a.domain == b.domain;
}

Text<void> check_instance(std::string_view instance) {
    if (instance.empty() || instance.size() > instance_bytes_max) {
        return error(
            fmt::format("an instance's name has 1 to 63 bytes (RFC 6763 §4.1.1), '{}' has {}",
                        printable(instance), instance.size()));
    }
    for (std::size_t at = 0; at < instance.size();) {
        if (is_control(static_cast<std::uint8_t>(instance[at]))) {
            return error(
                fmt::format(
                    "an instance's name has no control characters (RFC 6763 §4.1.1), found '{}'",
                    printable(instance)),
                at);
        }
        const std::size_t length = utf8_length(instance, at);
        if (length == 0)
            return error(fmt::format("an instance's name is UTF-8 (RFC 6763 §4.1.1), found '{}'",
                                     printable(instance)),
                         at);
        at += length;
    }
    return {};
}

std::string escape_instance(std::string_view instance) {
    std::string out;
    out.reserve(instance.size() + 4);
    for (const char c : instance) {
        if (c == '.' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

Text<std::string> unescape_instance(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t start = at;
        const auto byte = dns::read_escaped(text, at);
        if (!byte)
            return error("expected a character or \\DDD (000..255) after the backslash", start);
        out += static_cast<char>(*byte);
    }
    return out;
}

std::string printable(std::string_view bytes) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto byte = static_cast<std::uint8_t>(bytes[at]);
        const std::size_t length = utf8_length(bytes, at);
        // U+0080..U+009F are control characters too: terminals obey some of them.
        const bool c1 =
            length == 2 && byte == 0xc2 && static_cast<std::uint8_t>(bytes[at + 1]) < 0xa0;
        if (byte == '\\') {
            out += "\\\\";
            ++at;
        } else if (length == 0 || is_control(byte) || c1) {
            out += fmt::format("\\{:03}", byte);
            ++at;
        } else {
            out += bytes.substr(at, length);
            at += length;
        }
    }
    return out;
}

std::string next_instance_name(std::string_view instance) {
    dns::NameBuilder name;
    KITH_CHECK(name.append(as_bytes(instance)));
    const dns::Name next = mdns::next_name(name.finish(), mdns::RenameStyle::instance);
    return std::string(as_text(next.view().first_label()));
}

}  // namespace kith::discovery::dnssd
