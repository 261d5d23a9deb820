#include "config/server_check.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace kith::config {

void check_server(const ServerSection& server, ProblemList& problems) {
    if (const Offset listen = server.place_of("listen"); !server.listen.empty()) {
        if (server.place_of("host") != 0 || server.place_of("port") != 0) {
            problems.warn(listen,
                          "listen: 'host' and 'port' have no effect beside it; remove them");
        }
    }
    for (const std::string_view key : {"mgmt_port", "peers"}) {
        const bool wanted = key == "peers" ? !server.peers.empty() : server.mgmt_port != 0;
        if (wanted)
            problems.warn(server.place_of(key),
                          fmt::format("{}: read and checked, but not served yet", key));
    }
    for (const Endpoint& upstream : server.upstream_endpoints()) {
        const auto listen = server.listen_endpoints();
        if (std::ranges::find(listen, upstream) == listen.end()) continue;
        problems.warn(server.place_of("upstream"),
                      fmt::format("upstream: {} is this server itself; name another one",
                                  upstream.to_text()));
    }
}

}  // namespace kith::config
