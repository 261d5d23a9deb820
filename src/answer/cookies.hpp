#pragma once
// DNS Cookies (RFC 7873) in the form servers share (RFC 9018): made and checked without state.
//
//   client cookie 8 | version 1 | reserved 3 | time, UNIX seconds 4 | SipHash-2-4 8
//
// The hash covers everything before it and the client's address. The secrets are the
// configuration's; servers behind one address must have the same.

#include <array>
#include <cstdint>
#include <optional>

#include "answer/query.hpp"
#include "base/siphash.hpp"

namespace kith::answer {

inline constexpr std::size_t client_cookie_bytes = 8;
inline constexpr std::size_t whole_cookie_bytes = 24;
inline constexpr std::size_t cookie_option_bytes_max = 40;  // RFC 7873 §4

// RFC 9018 §4.3.
inline constexpr std::int32_t cookie_age_max = 3600;    // seconds
inline constexpr std::int32_t cookie_age_fresh = 1800;  // older ones are replaced
inline constexpr std::int32_t cookie_ahead_max = 300;   // of another server's clock

using WholeCookie = std::array<std::uint8_t, whole_cookie_bytes>;

/// Secrets to sign with and to accept. During a change the previous one is still accepted, and
/// one that is not used yet can be announced the same way (RFC 9018 §5).
struct CookieSecrets {
    SipHashKey current{};
    std::optional<SipHashKey> other;
};

/// 8, or 16..40 bytes (RFC 7873 §5.2.2).
constexpr bool is_cookie_size(std::size_t bytes) {
    return bytes == client_cookie_bytes || (bytes >= 16 && bytes <= cookie_option_bytes_max);
}

/// The cookie option's value for a client that sent `client_cookie` (8 bytes) from `address`.
WholeCookie make_cookie(Bytes client_cookie, const IpAddress& address, UnixTime now,
                        const SipHashKey& secret);

struct CookieCheck {
    CookieState state = CookieState::absent;
    WholeCookie answer{};  // what the response carries: the client's if fresh, else a new one
};

/// Checks the value of a COOKIE option; requires is_cookie_size(option.size()). Constant time in
/// the hash.
CookieCheck check_cookie(Bytes option, const IpAddress& address, UnixTime now,
                         const CookieSecrets& secrets);

}  // namespace kith::answer
