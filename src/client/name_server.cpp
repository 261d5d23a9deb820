#include "client/name_server.hpp"

#include <fstream>
#include <string>

#include "client/limits.hpp"

namespace kith::client {

std::optional<Endpoint> first_name_server(const char* file) {
    std::ifstream in(file);
    std::string line;
    for (std::size_t read = 0; read < resolv_conf_bytes_max && std::getline(in, line);
         read += line.size() + 1) {
        std::string_view text = line;
        constexpr std::string_view key = "nameserver";
        if (!text.starts_with(key)) continue;
        text.remove_prefix(key.size());
        const std::size_t begin = text.find_first_not_of(" \t");
        if (begin == 0 || begin == std::string_view::npos) continue;
        text = text.substr(begin, text.find_first_of(" \t#;", begin) - begin);
        if (const auto endpoint = Endpoint::from_text(text, 53)) return endpoint;
    }
    return std::nullopt;
}

}  // namespace kith::client
