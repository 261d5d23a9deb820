#pragma once
// The queries a load generator sends: encoded once, then only their ids change.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/problem.hpp"
#include "base/result.hpp"

namespace kith::net {

/// What every query of a list carries besides its question.
struct QueryStyle {
    bool recursion_desired = false;
    bool edns = false;       // an OPT record that offers `udp_payload_bytes`
    bool dnssec_ok = false;  // the DO bit; implies `edns`
    std::uint16_t udp_payload_bytes = 1232;
};

/// Encoded queries in one block of memory, so that a million of them are read front to back.
class QueryList {
public:
    static constexpr std::size_t message_bytes_max = 512;  // the longest name, its OPT and more

    /// Appends a whole message of one question. False, and nothing appended, when it is not one:
    /// shorter than a header, longer than `message_bytes_max`, or a question cut short.
    bool add(Bytes message);

    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }
    Bytes message(std::size_t index) const KITH_LIFETIMEBOUND {
        const Entry& entry = entries_[index];
        return {bytes_.data() + entry.offset, entry.size};
    }
    /// Name, type and class as sent: an answer must repeat them (RFC 5452 §9.1).
    Bytes question(std::size_t index) const KITH_LIFETIMEBOUND {
        const Entry& entry = entries_[index];
        return {bytes_.data() + entry.offset + header_size, entry.question_size};
    }

private:
    static constexpr std::size_t header_size = 12;
    struct Entry {
        std::size_t offset;
        std::uint16_t size, question_size;
    };
    std::vector<std::uint8_t> bytes_;
    std::vector<Entry> entries_;
};

/// Reads lines of `name type`, the form dnsperf and resperf use; empty lines and those that begin
/// with `#` or `;` are skipped. `file` names the text in problems, of which the first 20 are given.
Result<QueryList, Problems> parse_query_list(std::string_view text, std::string_view file,
                                             const QueryStyle& style);

}  // namespace kith::net
