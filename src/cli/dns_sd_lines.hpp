#pragma once
// What Apple's dns-sd prints, line by line, in the columns that scripts cut.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/discovery.hpp"

namespace kith::cli::dns_sd_lines {

/// The first columns of a result.
struct Head {
    std::string stamp;  // `20:26:20.435`, ` 9:26:20.435`
    bool is_added = true;
    unsigned flags = 0;  // kDNSServiceFlags...
    std::uint32_t ifindex = 0;
};

/// Of -B, under its heading. `domain` and `type` end with a dot.
inline constexpr std::string_view browse_heading =
    "Timestamp     A/R    Flags  if Domain               Service Type         Instance Name\n";
std::string browse(const Head& head, std::string_view domain, std::string_view type,
                   std::string_view instance);

/// Of -Q. `type` as the registry has it; A is printed as `Addr`.
inline constexpr std::string_view query_heading =
    "Timestamp     A/R  Flags         IF  Name                          Type   Class  Rdata\n";
std::string query(const Head& head, std::string_view name, std::string_view type,
                  std::string_view rdata);

/// Of -G.
inline constexpr std::string_view address_heading =
    "Timestamp     A/R  Flags         IF  Hostname                               Address                                      TTL\n";
std::string address(const Head& head, std::string_view name, std::string_view address,
                    std::uint32_t ttl);
/// `FE80:0000:0000:0000:0000:0000:0000:0001%eth0`, `%<0>` without an interface; others as they are.
std::string long_address(std::string_view text, std::string_view interface);

/// `My\032Web\.1._http._tcp` and, if there is one, its domain with a final dot.
std::string full_name(const client::ServiceName& name);
std::string name_and_type(const client::ServiceName& name);
/// One pair for a shell: `model=Denon\ Home`.
std::string txt(const client::TxtPair& pair);

/// Of -Z: PTR, SRV and TXT in master file form, after an empty line.
std::string zone(const client::ServiceName& name, const client::Target& target,
                 const std::vector<client::TxtPair>& txt);

/// `_http` stands for `_http._tcp`, and so does nothing at all.
std::string whole_type(std::string_view type);

}  // namespace kith::cli::dns_sd_lines
