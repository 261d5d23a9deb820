#pragma once
// IP addresses, ports and prefixes as values, with their text forms. No sockets here.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace kith {

enum class IpFamily : std::uint8_t { none = 0, v4 = 4, v6 = 6 };

/// An IPv4 or IPv6 address. Unused bytes are zero, so that equality is by value.
class IpAddress {
public:
    IpAddress() = default;  ///< no address
    static IpAddress v4(const std::uint8_t (&bytes)[4]);
    static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d);
    /// From 4 or 16 bytes in network order; nullopt for any other size.
    static std::optional<IpAddress> from_bytes(Bytes bytes);
    /// Strict dotted quad (no leading zeros, RFC 6943 §3.1.1) or RFC 4291 §2.2 text; no zone id.
    static std::optional<IpAddress> from_text(std::string_view text);

    IpFamily family() const { return family_; }
    bool is_v4() const { return family_ == IpFamily::v4; }
    bool is_v6() const { return family_ == IpFamily::v6; }
    /// 4 or 16 bytes in network order; empty for no address.
    Bytes bytes() const { return {bytes_.data(), size()}; }
    bool is_unspecified() const;
    bool is_loopback() const;
    bool is_multicast() const;
    /// fe80::/10 or 169.254.0.0/16.
    bool is_link_local() const;
    /// Dotted quad, or RFC 5952 text.
    std::string to_text() const;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;
    friend std::strong_ordering operator<=>(const IpAddress&, const IpAddress&) = default;

private:
    std::size_t size() const { return is_v4() ? 4 : is_v6() ? 16 : 0; }
    IpFamily family_ = IpFamily::none;
    std::array<std::uint8_t, 16> bytes_{};
};

/// Strict IPv4 parser for hot loops: exactly four decimal numbers 0..255. False: `out` unspecified.
bool parse_ipv4(std::string_view text, std::uint8_t (&out)[4]);
/// RFC 4291 §2.2 including `::` and a trailing dotted quad. False: `out` unspecified.
bool parse_ipv6(std::string_view text, std::uint8_t (&out)[16]);

/// An address and a port, with an interface index for link-local IPv6 (0: none).
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    std::uint32_t scope = 0;

    /// `192.0.2.1:53`, `[2001:db8::1]:53`.
    std::string to_text() const;
    /// `ip`, `ip:port`, `[ip6]:port`, bare `ip6`; `default_port` where none is given.
    static std::optional<Endpoint> from_text(std::string_view text, std::uint16_t default_port);
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// An address prefix such as 192.168.0.0/16.
struct IpPrefix {
    IpAddress address;
    std::uint8_t length = 0;  // bits

    bool contains(const IpAddress& other) const;
    static std::optional<IpPrefix> from_text(std::string_view text);
    std::string to_text() const;
    friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

}  // namespace kith
