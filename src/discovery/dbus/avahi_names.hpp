#pragma once
// What Avahi calls things. Internal to the Avahi back-end.

#include <cstdint>
#include <string>

namespace kith::discovery::dbus::avahi {

inline const std::string server = "org.freedesktop.Avahi.Server";
inline const std::string server2 = "org.freedesktop.Avahi.Server2";
inline const std::string record_browser = "org.freedesktop.Avahi.RecordBrowser";
inline const std::string entry_group = "org.freedesktop.Avahi.EntryGroup";
inline constexpr const char* collision_error = "org.freedesktop.Avahi.CollisionError";

inline constexpr std::uint32_t api_with_server2 = 0x0204;  // Avahi 0.8

inline constexpr std::int32_t any = -1;  // interface, protocol
inline constexpr std::int32_t protocol_v4 = 0, protocol_v6 = 1;
inline constexpr std::uint16_t class_in = 1;
inline constexpr std::uint32_t lookup_use_multicast = 2;

inline constexpr std::uint32_t publish_unique = 1, publish_allow_multiple = 8, publish_update = 64,
                               publish_use_multicast = 256;

inline constexpr std::int32_t server_running = 2;
inline constexpr std::int32_t group_established = 2, group_collision = 3, group_failure = 4;

}  // namespace kith::discovery::dbus::avahi
