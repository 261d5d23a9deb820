#include "discovery/dnssd/txt.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/service_name.hpp"
#include "dns/registry.hpp"

namespace kith::discovery::dnssd {
namespace {

using dns::Text;

std::unexpected<dns::TextError> error(std::string text, std::size_t position = 0) {
    return std::unexpected(dns::TextError{std::move(text), position});
}

/// Calls `visit(std::string_view)` for each whole string; stops at one that is cut short.
template <class Visit>
void for_each_string(Bytes rdata, Visit visit) {
    while (!rdata.empty()) {
        const std::size_t length = rdata[0];
        if (rdata.size() < 1 + length) return;
        visit(as_text(rdata.subspan(1, length)));
        rdata = rdata.subspan(1 + length);
    }
}

Text<void> check_key(std::string_view key) {
    if (key.empty())
        return error("a key of a TXT record has at least one character (RFC 6763 §6.4)");
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (key[i] < 0x20 || key[i] > 0x7e || key[i] == '=') {
            return error(
                fmt::format(
                    "a key of a TXT record is printable ASCII without '=' (RFC 6763 §6.4), found '{}'",
                    printable(key)),
                i);
        }
    }
    return {};
}

bool is_empty_txt(Bytes rdata) {
    return Txt::from_rdata(rdata).entries().empty() && txt_strings(rdata).empty();
}

}  // namespace

void Txt::add(std::string_view string) {
    if (entries_.size() >= txt_entries_max) return;
    const std::size_t equals = string.find('=');
    const std::string_view key = string.substr(0, equals);
    // An unreadable key is nobody's: no program can ask for it.
    if (!check_key(key) || find(key) != nullptr) return;
    TxtEntry entry{std::string(key), std::nullopt};
    if (equals != std::string_view::npos) entry.value = std::string(string.substr(equals + 1));
    entries_.push_back(std::move(entry));
}

Txt Txt::from_rdata(Bytes rdata) {
    Txt out;
    for_each_string(rdata, [&out](std::string_view string) { out.add(string); });
    return out;
}

Txt Txt::from_rdata(std::span<const std::vector<std::uint8_t>> records) {
    Txt out;
    for (const auto& rdata : records)
        for_each_string(rdata, [&out](std::string_view string) { out.add(string); });
    return out;
}

Text<Txt> Txt::from_strings(std::span<const std::string> strings) {
    Txt out;
    for (const std::string& string : strings) {
        const std::string_view text = string;
        const std::size_t equals = text.find('=');
        std::optional<std::string_view> value;
        if (equals != std::string_view::npos) value = text.substr(equals + 1);
        KITH_TRY_VOID(out.set(text.substr(0, equals), value));
    }
    return out;
}

const TxtEntry* Txt::find(std::string_view key) const {
    const auto found = std::ranges::find_if(entries_, [key](const TxtEntry& entry) {
        return dns::equal_ignoring_case(entry.key, key);
    });
    return found == entries_.end() ? nullptr : &*found;
}

TxtPresence Txt::presence(std::string_view key) const {
    const TxtEntry* const entry = find(key);
    if (entry == nullptr) return TxtPresence::absent;
    if (!entry->value) return TxtPresence::no_value;
    return entry->value->empty() ? TxtPresence::empty_value : TxtPresence::value;
}

std::optional<std::string_view> Txt::value(std::string_view key) const {
    const TxtEntry* const entry = find(key);
    if (entry == nullptr || !entry->value) return std::nullopt;
    return *entry->value;
}

Text<void> Txt::set(std::string_view key, std::optional<std::string_view> value) {
    KITH_TRY_VOID(check_key(key));
    const std::size_t size = key.size() + (value ? 1 + value->size() : 0);
    if (size > txt_string_bytes_max) {
        return error(
            fmt::format("a pair of a TXT record has at most 255 bytes (RFC 6763 §6.1), '{}' has {}",
                        printable(key), size));
    }
    std::optional<std::string> owned;
    if (value) owned = std::string(*value);
    const auto found = std::ranges::find_if(entries_, [key](const TxtEntry& entry) {
        return dns::equal_ignoring_case(entry.key, key);
    });
    if (found != entries_.end()) {
        found->value = std::move(owned);
        return {};
    }
    if (entries_.size() >= txt_entries_max)
        return error(fmt::format("a TXT record has at most {} pairs here", txt_entries_max));
    entries_.push_back({std::string(key), std::move(owned)});
    return {};
}

void Txt::remove(std::string_view key) {
    std::erase_if(entries_, [key](const TxtEntry& entry) {
        return dns::equal_ignoring_case(entry.key, key);
    });
}

std::vector<std::uint8_t> Txt::to_rdata() const {
    std::vector<std::uint8_t> out;
    for (const TxtEntry& entry : entries_) {
        const std::size_t size = entry.key.size() + (entry.value ? 1 + entry.value->size() : 0);
        out.push_back(static_cast<std::uint8_t>(size));  // set() has seen that it fits
        out.insert(out.end(), entry.key.begin(), entry.key.end());
        if (!entry.value) continue;
        out.push_back('=');
        out.insert(out.end(), entry.value->begin(), entry.value->end());
    }
    if (out.empty()) out.push_back(0);
    return out;
}

std::vector<std::string> txt_strings(Bytes rdata) {
    std::vector<std::string> out;
    for_each_string(rdata, [&out](std::string_view string) {
        if (!string.empty()) out.emplace_back(string);
    });
    return out;
}

Text<std::vector<std::uint8_t>> txt_rdata(std::span<const std::string> strings) {
    std::vector<std::uint8_t> out;
    for (const std::string& string : strings) {
        if (string.size() > txt_string_bytes_max) {
            return error(fmt::format("a string of a TXT record has at most 255 bytes, found {}",
                                     string.size()));
        }
        out.push_back(static_cast<std::uint8_t>(string.size()));
        out.insert(out.end(), string.begin(), string.end());
    }
    if (out.empty()) out.push_back(0);
    return out;
}

bool same_txt(Bytes a, Bytes b) {
    return std::ranges::equal(a, b) || (is_empty_txt(a) && is_empty_txt(b));
}

}  // namespace kith::discovery::dnssd
