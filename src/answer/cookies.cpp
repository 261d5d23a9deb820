#include "answer/cookies.hpp"

#include <algorithm>

namespace kith::answer {
namespace {

constexpr std::uint8_t cookie_version = 1;
constexpr std::size_t hashed_bytes = 16;  // client cookie, version, reserved, time

/// Hash of the first 16 bytes of a cookie and the address. Both lengths of input differ by family
/// only, which keeps the input unambiguous (RFC 9018 §4.4).
std::uint64_t hash_cookie(Bytes cookie, const IpAddress& address, const SipHashKey& secret) {
    std::array<std::uint8_t, hashed_bytes + 16> input;
    const Bytes ip = address.bytes();
    std::copy_n(cookie.begin(), hashed_bytes, input.begin());
    std::ranges::copy(ip, input.begin() + hashed_bytes);
    return siphash24(secret, {input.data(), hashed_bytes + ip.size()});
}

/// True when the last 8 bytes of `cookie` are `hash`, little-endian as SipHash puts them out.
bool has_hash(Bytes cookie, std::uint64_t hash) {
    std::uint64_t sent = 0;
    std::memcpy(&sent, cookie.data() + hashed_bytes, sizeof sent);
    return (sent ^ hash) == 0;  // one comparison of a whole word: nothing to time
}

}  // namespace

WholeCookie make_cookie(Bytes client_cookie, const IpAddress& address, UnixTime now,
                        const SipHashKey& secret) {
    WholeCookie cookie{};
    std::copy_n(client_cookie.begin(), client_cookie_bytes, cookie.begin());
    cookie[client_cookie_bytes] = cookie_version;
    store_u32(&cookie[12], static_cast<std::uint32_t>(now));
    const std::uint64_t hash = hash_cookie(cookie, address, secret);
    std::memcpy(&cookie[hashed_bytes], &hash, sizeof hash);
    return cookie;
}

CookieCheck check_cookie(Bytes option, const IpAddress& address, UnixTime now,
                         const CookieSecrets& secrets) {
    CookieCheck check;
    bool fresh = false;
    check.state = CookieState::client_only;
    if (option.size() > client_cookie_bytes) {
        check.state = CookieState::invalid;
        if (option.size() == whole_cookie_bytes && option[client_cookie_bytes] == cookie_version) {
            // Serial number arithmetic (RFC 1982): right past 2106 as well.
            const auto age = static_cast<std::int32_t>(static_cast<std::uint32_t>(now) -
                                                       load_u32(option.data() + 12));
            const bool current = has_hash(option, hash_cookie(option, address, secrets.current));
            const bool other =
                secrets.other && has_hash(option, hash_cookie(option, address, *secrets.other));
            if (age <= cookie_age_max && age >= -cookie_ahead_max && (current || other)) {
                check.state = CookieState::valid;
                fresh = current && age <= cookie_age_fresh;
            }
        }
    }
    if (fresh) {
        std::ranges::copy(option, check.answer.begin());
    } else {
        check.answer = make_cookie(option, address, now, secrets.current);
    }
    return check;
}

}  // namespace kith::answer
