#include "config/config.hpp"

#include <algorithm>

#include "config/settings.hpp"

namespace kith::config {

std::string HostPort::to_text() const {
    const bool v6 = host.find(':') != host.npos;
    return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

ServerSection::ServerSection()
    : upstream{{IpAddress::v4(8, 8, 8, 8), 0, 0}, {IpAddress::v4(1, 1, 1, 1), 0, 0}},
      key_at(server_fields.size()) {}

Offset ServerSection::place_of(std::string_view key) const {
    const auto row = std::ranges::find(server_fields, key, &Field<ServerSection>::key);
    if (row == server_fields.end()) return 0;
    return key_at[static_cast<std::size_t>(row - server_fields.begin())];
}

std::vector<Endpoint> ServerSection::listen_endpoints() const {
    if (!listen.empty()) return listen;
    return {{host, port, 0}};
}

std::vector<Endpoint> ServerSection::upstream_endpoints() const {
    std::vector<Endpoint> out = upstream;
    for (Endpoint& endpoint : out) {
        if (endpoint.port == 0) endpoint.port = upstream_port;
    }
    return out;
}

Problem Config::problem(Offset at, std::string text, Severity severity) const {
    const Place place = lines.at(at);
    return {file, place.line, place.column, std::move(text), severity};
}

}  // namespace kith::config
