#pragma once
// Why bytes from outside could not be read, and where.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace kith::dns {

enum class WireFault : std::uint16_t {
    truncated,        // the bytes end before the field does
    bad_label_type,   // label length octet 64..191 (RFC 6891 §5: extended labels are not in use)
    pointer_forward,  // a compression pointer that does not point strictly backwards
    pointer_refused,  // a compression pointer where none may stand (RFC 3597 §4)
    too_many_pointers,
    name_too_long,   // over 255 bytes when uncompressed
    trailing_bytes,  // bytes left after the last record, or after the last field of RDATA
    opt_owner,       // OPT whose owner is not the root (RFC 6891 §6.1.2)
    opt_twice,       // a second OPT (RFC 6891 §6.1.1)
    opt_section,     // OPT outside the additional section
    too_many_options,
    bad_value,  // a field whose value its type does not allow
    too_large,  // more than the target can hold
};

/// Stable lower-case word of a fault, for messages and metrics.
std::string_view fault_name(WireFault fault);

/// 4 bytes, cheap to return and to count.
struct WireError {
    WireFault fault;
    std::uint16_t offset;  // from the first byte of the message (or of the bytes given)

    std::string to_text() const;
    friend bool operator==(const WireError&, const WireError&) = default;
};

template <class T>
using Wire = Result<T, WireError>;

/// Why a piece of presentation text could not be read, and where in it.
struct TextError {
    std::string text;          // what was expected, what was found
    std::size_t position = 0;  // byte offset into the text given
};

template <class T>
using Text = Result<T, TextError>;

}  // namespace kith::dns
