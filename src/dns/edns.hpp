#pragma once
// EDNS(0): the OPT pseudo-record of one message (RFC 6891).
//
//   owner  root        type   41        class  largest UDP payload of the sender, bytes
//   ttl    rcode_high 8 | version 8 | DO 1 | zero 15
//   rdata  any number of: code 16 | length 16 | value, `length` bytes
//
// A view into the message, which must outlive it. Unknown options are kept and skipped, never an
// error (RFC 6891 §6.1.2).

#include <optional>

#include "dns/registry.hpp"
#include "dns/wire.hpp"

namespace kith::dns {

struct Option {
    OptionCode code{};
    Bytes value;
};

struct Edns {
    std::uint16_t payload_bytes = 512;  // as sent; see usable_payload()
    std::uint8_t version = 0;           // not 0: answer BADVERS, not a parse error (§6.1.3)
    std::uint8_t rcode_high = 0;        // upper 8 bits of the 12-bit RCODE
    bool dnssec_ok = false;             // DO (RFC 3225)
    Bytes options;                      // whole options only, checked by read_edns()

    /// Largest UDP answer to send: the smaller of both sizes, at least 512 (§6.2.3, §6.2.5).
    std::size_t usable_payload(std::size_t ours) const;
    /// Value of the first option with this code; nullopt if absent.
    std::optional<Bytes> option(OptionCode code) const;
    /// Calls `visit(const Option&)` for each option in order.
    template <class Visit>
    void for_each(Visit visit) const {
        for (std::size_t at = 0; at + 4 <= options.size();) {
            const std::size_t length = load_u16(options.data() + at + 2);
            visit(Option{static_cast<OptionCode>(load_u16(options.data() + at)),
                         options.subspan(at + 4, length)});
            at += 4 + length;
        }
    }
};

/// Checks an OPT record's fields: `klass` and `ttl` as they stand in the record. `offset` is where
/// `rdata` begins in the message, for errors: truncated (an option longer than the RDATA left) or
/// too_many_options.
Wire<Edns> read_edns(std::uint16_t klass, std::uint32_t ttl, Bytes rdata, std::uint16_t offset);

}  // namespace kith::dns
