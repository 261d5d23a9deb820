#pragma once
// The TXT record of a service: key/value pairs (RFC 6763 §6).
//
// Four things can be said of a key, and programs tell them apart (§6.4): it is not there; it is there
// without a value ("color"); its value is empty ("color="); it has a value. Values are bytes, not text.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "dns/wire_error.hpp"

namespace kith::discovery::dnssd {

enum class TxtPresence : std::uint8_t { absent, no_value, empty_value, value };

struct TxtEntry {
    std::string key;                   // as written; compares without ASCII case
    std::optional<std::string> value;  // nullopt: no `=`; bytes
    friend bool operator==(const TxtEntry&, const TxtEntry&) = default;
};

/// The pairs of one TXT record, in their order, each key once.
class Txt {
public:
    Txt() = default;  ///< no pairs

    /// Reads RDATA of any sender: no bytes, one zero byte and a missing record mean no pairs (§6.1); a
    /// string that begins with `=` is left out, as is a later one with a key that was there (§6.4). A
    /// string cut short ends the reading: what stands before it counts. At most txt_entries_max pairs.
    static Txt from_rdata(Bytes rdata);
    /// Of one instance with several TXT records, which are alternatives to each other (§6.8): the pairs of
    /// all, the first wins.
    static Txt from_rdata(std::span<const std::vector<std::uint8_t>> records);
    /// From `key=value` and `key` as on a command line. Errors: an empty string, no key, a key with a byte
    /// that is not printable ASCII, over 255 bytes. A repeated key replaces the earlier one.
    static dns::Text<Txt> from_strings(std::span<const std::string> strings);

    const std::vector<TxtEntry>& entries() const { return entries_; }
    TxtPresence presence(std::string_view key) const;
    /// The value's bytes; nullopt when absent or without a value.
    std::optional<std::string_view> value(std::string_view key) const;

    /// Sets a pair, replacing the key's old one in place. Error: see from_strings().
    dns::Text<void> set(std::string_view key, std::optional<std::string_view> value);
    void remove(std::string_view key);

    /// One string a pair; a record without pairs is one zero byte and never empty (§6.1).
    std::vector<std::uint8_t> to_rdata() const;

    friend bool operator==(const Txt&, const Txt&) = default;

private:
    void add(std::string_view string);
    const TxtEntry* find(std::string_view key) const;

    std::vector<TxtEntry> entries_;
};

/// The strings of TXT RDATA as they stand, broken ones included; for tools that show everything.
std::vector<std::string> txt_strings(Bytes rdata);
/// RDATA of strings that need not be pairs. Error: over 255 bytes in one.
dns::Text<std::vector<std::uint8_t>> txt_rdata(std::span<const std::string> strings);
/// True when both mean no pairs, or are the same bytes (§6.1).
bool same_txt(Bytes a, Bytes b);

}  // namespace kith::discovery::dnssd
