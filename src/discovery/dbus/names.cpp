#include "discovery/dbus/names.hpp"

#include <fmt/format.h>

#include "discovery/mdns/names.hpp"
#include "discovery/mdns/record.hpp"

namespace kith::discovery::dbus {
namespace {

bool is_plain(std::uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

void append_label(std::string& out, Bytes label) {
    for (const std::uint8_t byte : label) {
        if (byte == '.' || byte == '\\') {
            out += '\\';
            out += static_cast<char>(byte);
        } else if (is_plain(byte)) {
            out += static_cast<char>(byte);
        } else {
            out += fmt::format("\\{:03}", byte);
        }
    }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The byte that the escape at the start of `text` (after its backslash) stands for, and takes it away.
std::optional<char> take_escape(std::string_view& text) {
    if (text.empty()) return std::nullopt;
    if (!is_digit(text[0])) {
        const char out = text[0];
        text.remove_prefix(1);
        return out;
    }
    if (text.size() < 3 || !is_digit(text[1]) || !is_digit(text[2])) return std::nullopt;
    const int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (value > 255) return std::nullopt;
    text.remove_prefix(3);
    return static_cast<char>(value);
}

}  // namespace

std::optional<std::string> name_to_bus(dns::NameView name) {
    if (name.is_root()) return ".";
    std::string out;
    for (; !name.is_root(); name = name.parent()) {
        const Bytes label = name.first_label();
        if (as_text(label).find('\0') != std::string_view::npos) return std::nullopt;
        if (!out.empty()) out += '.';
        append_label(out, label);
    }
    return out;
}

std::optional<dns::Name> name_from_bus(std::string_view text) {
    if (text == ".") return dns::Name();
    dns::NameBuilder builder;
    std::string label;
    while (!text.empty()) {
        char c = text[0];
        text.remove_prefix(1);
        if (c == '.') {
            if (!builder.append(as_bytes(label))) return std::nullopt;
            label.clear();
            if (text.empty()) return builder.finish();  // a final dot
            continue;
        }
        if (c == '\\') {
            const auto escaped = take_escape(text);
            if (!escaped) return std::nullopt;
            c = *escaped;
        }
        if (c == '\0') return std::nullopt;
        label += c;
        if (label.size() > dns::label_bytes_max) return std::nullopt;
    }
    if (!builder.append(as_bytes(label))) return std::nullopt;
    return builder.finish();
}

dns::Name unique_name(const std::vector<dnssd::ServiceRecord>& records) {
    for (const dnssd::ServiceRecord& record : records) {
        if (record.sharing == dnssd::Sharing::unique) return record.owner;
    }
    return {};
}

void rename_records(std::vector<dnssd::ServiceRecord>& records, dns::NameView from,
                    dns::NameView to) {
    for (dnssd::ServiceRecord& record : records) {
        if (record.owner.view() == from) record.owner = to;
        const auto target = mdns::target_of(record.type, record.rdata);
        if (target && *target == from)
            record.rdata = mdns::with_target(record.type, record.rdata, to);
    }
}

std::optional<dns::Name> next_name(dns::NameView name) {
    if (name.is_root()) return std::nullopt;
    dns::Name out = mdns::next_name(name, mdns::RenameStyle::instance);
    if (out.view() == name) return std::nullopt;
    return out;
}

}  // namespace kith::discovery::dbus
