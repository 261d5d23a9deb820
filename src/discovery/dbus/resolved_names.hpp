#pragma once
// What systemd-resolved calls things. Internal to the resolved back-end.

#include <cstdint>
#include <string>
#include <string_view>

namespace kith::discovery::dbus::resolved {

inline const std::string manager_path = "/org/freedesktop/resolve1";
inline const std::string manager = "org.freedesktop.resolve1.Manager";
inline const std::string properties = "org.freedesktop.DBus.Properties";
inline constexpr std::string_view service_interface = "org.freedesktop.resolve1.DnssdService";

inline constexpr std::uint64_t flags_mdns = 1 << 3 | 1 << 4;  // by Multicast DNS over IPv4 and IPv6
inline constexpr std::uint64_t flag_no_zone = 1 << 13;    // nothing that resolved publishes itself
inline constexpr std::uint64_t flag_from_zone = 1 << 21;  // of an answer: published by itself
inline constexpr std::uint16_t class_in = 1;

inline constexpr std::string_view auth_required =
    "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired";

/// What a reply says of a question.
enum class Outcome : std::uint8_t {
    records,
    absent,   // there is no record of this type: an answer, too
    silence,  // nobody answers, as for any name that nobody has
    no_link,  // there is no link to ask
    failure,  // resolved could not ask, which says nothing of the name
};

/// By the reply's error; empty: records.
constexpr Outcome outcome_of(std::string_view error) {
    struct Row {
        std::string_view error;
        Outcome outcome;
    };
    constexpr Row rows[] = {
        {"", Outcome::records},
        {"org.freedesktop.resolve1.NoSuchRR", Outcome::absent},
        {"org.freedesktop.DBus.Error.Timeout", Outcome::silence},
        {"org.freedesktop.resolve1.DnsError.NXDOMAIN", Outcome::silence},
        {"org.freedesktop.resolve1.NoNameServers", Outcome::no_link},
        {"org.freedesktop.resolve1.NetworkDown", Outcome::no_link},
        {"org.freedesktop.resolve1.NoSuchLink", Outcome::no_link},
    };
    for (const Row& row : rows) {
        if (row.error == error) return row.outcome;
    }
    return Outcome::failure;
}

}  // namespace kith::discovery::dbus::resolved
