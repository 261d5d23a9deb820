#pragma once
// Whom to ask when nobody was named. Internal to client.

#include <optional>

#include "base/ip_address.hpp"

namespace kith::client {

/// The first name server of a resolv.conf (resolv.conf(5)); nullopt: there is none.
std::optional<Endpoint> first_name_server(const char* file);

}  // namespace kith::client
