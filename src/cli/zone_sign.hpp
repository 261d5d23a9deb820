#pragma once
// `kith zone sign` and `kith zone verify`: signing and checking zone files without a server.

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kith::cli {

struct ZoneSignOptions {
    std::string file{};
    std::string output{};  // "-": standard output
    std::string origin{};
    std::vector<std::string> keys{};  // key files; empty: all keys of the zone in `folder`
    std::string folder = ".";
    std::string serial = "keep";  // keep, increment, unixtime, date
    bool nsec3 = false;
    std::uint16_t iterations = 0;
    std::string salt{};  // hexadecimal; empty or "-": none
    bool opt_out = false;
    std::string zonemd = "none";  // none, sha384, sha512
    std::string csync = "keep";   // keep, none, approval, immediate
    std::string validity = "14d";
    std::string refresh = "5d";
    std::string jitter = "1d";
    std::string skew = "1h";
    std::string dnskey_ttl{};  // empty: of the key files, or 1h
    bool no_cds = false;
    bool stats = false;  // to standard error: how many signatures, how long
};
int zone_sign(const ZoneSignOptions& options, std::ostream& out, std::ostream& err);

struct ZoneVerifyOptions {
    std::string file{};
    std::string origin{};
    std::vector<std::string> ds{};  // text of DS records, "TAG ALGORITHM DIGEST-TYPE DIGEST"
    std::string at{};               // YYYYMMDDHHmmSS; empty: now
    std::string valid_for{};
    bool json = false;
};
int zone_verify(const ZoneVerifyOptions& options, std::ostream& out, std::ostream& err);

/// Adds both to `kith zone`.
void add_zone_signing(CLI::App& zone);

}  // namespace kith::cli
