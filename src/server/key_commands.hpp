#pragma once
// What `kith key` asks of the server that runs, as one line of words:
//
//   key status text|json [ZONE]
//   key roll ZONE csk|ksk|zsk
//   key roll-to ZONE ALGORITHM
//   key ds-seen ZONE wanted|none|ID...        ID: 13/04711
//   key check-parent ZONE

#include <string>
#include <string_view>

#include "server/zone_signing.hpp"

namespace kith::server {

/// Does it; the value is text for the user, the error what stands against it.
Result<std::string, std::string> run_key_command(ZoneSigning& signing, std::string_view request);

}  // namespace kith::server
