#pragma once
// libsystemd's sd-bus, loaded when it is first wanted: kith runs where it is not. Internal to net.

#include <systemd/sd-bus.h>

#include <string>

namespace kith::net {

/// The functions we use, without `sd_bus_`.
#define KITH_SD_BUS_FUNCTIONS(X) \
    X(open_system)               \
    X(close_unref)               \
    X(set_exit_on_disconnect)    \
    X(is_open)                   \
    X(get_fd)                    \
    X(get_events)                \
    X(get_timeout)               \
    X(process)                   \
    X(add_filter)                \
    X(add_match_async)           \
    X(call_async)                \
    X(slot_unref)                \
    X(message_new_method_call)   \
    X(message_set_auto_start)    \
    X(message_unref)             \
    X(message_append_basic)      \
    X(message_append_array)      \
    X(message_open_container)    \
    X(message_close_container)   \
    X(message_get_type)          \
    X(message_get_sender)        \
    X(message_get_path)          \
    X(message_get_interface)     \
    X(message_get_member)        \
    X(message_get_error)         \
    X(message_peek_type)         \
    X(message_read_basic)        \
    X(message_read_array)        \
    X(message_enter_container)   \
    X(message_exit_container)

/// Pointers to them, under these names.
struct DbusLibrary {
#define KITH_DECLARE(name) decltype(&sd_bus_##name) name = nullptr;
    KITH_SD_BUS_FUNCTIONS(KITH_DECLARE)
#undef KITH_DECLARE
};

/// Null: `why` says what is missing. Loaded once, never unloaded; any thread.
const DbusLibrary* dbus_library(std::string& why);

}  // namespace kith::net
