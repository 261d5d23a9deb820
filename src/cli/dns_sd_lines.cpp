#include "cli/dns_sd_lines.hpp"

#include <fmt/format.h>

#include "base/ip_address.hpp"

namespace kith::cli::dns_sd_lines {
namespace {

std::string_view sign(const Head& head) { return head.is_added ? "Add" : "Rmv"; }

/// A, R, flags and interface as -Q and -G have them.
std::string columns(const Head& head) {
    return fmt::format("{:>12}  {}  {:<8X}  {:>6}", head.stamp, sign(head), head.flags,
                       head.ifindex);
}

/// As in master files: control characters and blanks as \DDD, other bytes as they are.
std::string escape_label(std::string_view label) {
    std::string out;
    for (const char c : label) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte <= ' ' || byte == 0x7f) {
            out += fmt::format("\\{:03}", byte);
            continue;
        }
        if (c == '.' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string text_of(const client::TxtPair& pair) {
    return pair.value ? pair.key + "=" + *pair.value : pair.key;
}

}  // namespace

std::string browse(const Head& head, std::string_view domain, std::string_view type,
                   std::string_view instance) {
    return fmt::format("{:>12}  {}{:>9X} {:>3} {:<20} {:<20} {}\n", head.stamp, sign(head),
                       head.flags, head.ifindex, domain, type, instance);
}

std::string query(const Head& head, std::string_view name, std::string_view type,
                  std::string_view rdata) {
    return fmt::format("{}  {:<30}{:<7}{:<7}{}\n", columns(head), name, type == "A" ? "Addr" : type,
                       "IN", rdata);
}

std::string address(const Head& head, std::string_view name, std::string_view address,
                    std::uint32_t ttl) {
    return fmt::format("{}  {:<38} {:<44} {}\n", columns(head), name, address, ttl);
}

std::string long_address(std::string_view text, std::string_view interface) {
    const auto ip = IpAddress::from_text(text);
    if (!ip || ip->is_v4()) return std::string(text);
    std::string out;
    const Bytes bytes = ip->bytes();
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
        out += fmt::format("{}{:02X}{:02X}", i == 0 ? "" : ":", bytes[i], bytes[i + 1]);
    const bool is_scoped = ip->is_link_local() && !interface.empty();
    return out + "%" + (is_scoped ? std::string(interface) : "<0>");
}

std::string name_and_type(const client::ServiceName& name) {
    return escape_label(name.instance) + "." + name.type;
}

std::string full_name(const client::ServiceName& name) {
    return name_and_type(name) + "." + name.domain + (name.domain.empty() ? "" : ".");
}

std::string txt(const client::TxtPair& pair) {
    constexpr std::string_view special = " &;`'\"|*?~<>^()[]{}$\\";
    std::string out;
    for (const char c : text_of(pair)) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte < ' ' || byte == 0x7f) {
            out += fmt::format("\\x{:02X}", byte);
            continue;
        }
        if (special.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string zone(const client::ServiceName& name, const client::Target& target,
                 const std::vector<client::TxtPair>& txt) {
    const std::string owner = name_and_type(name);
    std::string out = fmt::format("\n{:<47} PTR     {}\n", name.type, owner);
    out += fmt::format("{:<47} SRV     {} {} {} {}.\n", owner, target.priority, target.weight,
                       target.port, target.host);
    out += fmt::format("{:<47} TXT    ", owner);
    for (const client::TxtPair& pair : txt) {
        out += " \"";
        for (const char c : text_of(pair)) {
            const auto byte = static_cast<std::uint8_t>(c);
            if (byte < ' ' || byte == 0x7f) {
                out += fmt::format("\\{:03}", byte);
                continue;
            }
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out + (txt.empty() ? " \"\"\n" : "\n");
}

std::string whole_type(std::string_view type) {
    if (type.empty()) return "_http._tcp";
    const std::string_view first = type.substr(0, type.find(','));
    if (first.find('.') != std::string_view::npos) return std::string(type);
    return fmt::format("{}._tcp{}", first, type.substr(first.size()));
}

}  // namespace kith::cli::dns_sd_lines
