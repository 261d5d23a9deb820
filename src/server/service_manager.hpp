#pragma once
// The service manager's side channel: systemd's notification protocol (sd_notify(3)), spoken
// directly, as it is one datagram. Without NOTIFY_SOCKET every call is a no-op.

#include <string_view>

namespace kith::server {

/// "READY=1", "RELOADING=1\nMONOTONIC_USEC=...", "STOPPING=1", "STATUS=...".
void notify_service_manager(std::string_view state);

/// Tells that a reload begins, with the time stamp that Type=notify-reload wants.
void notify_reloading();

}  // namespace kith::server
