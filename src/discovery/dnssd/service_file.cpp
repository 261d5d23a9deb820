#include "discovery/dnssd/service_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "discovery/dnssd/limits.hpp"

namespace kith::discovery::dnssd {

ServiceFile read_service_file(std::string_view text, std::string_view file,
                              const Specifiers& specifiers) {
    if (file.ends_with(".service")) return read_avahi_service(text, file, specifiers);
    if (file.ends_with(".dnssd")) return read_systemd_dnssd(text, file, specifiers);
    return {
        {},
        {{std::string(file), 0, 0,
          "expected the name of a service file to end with .service (Avahi) or .dnssd (systemd)",
          Severity::error}}};
}

}  // namespace kith::discovery::dnssd
