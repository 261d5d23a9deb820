#pragma once
// `kith key presign`: signatures over the keys of a zone for a time to come, made where the private half
// of the key signing key is, for a server where it is not (setting `key_signatures`). Keys that sign the
// zone may come and go meanwhile, by the times of their files.

#include <iosfwd>
#include <string>

namespace kith::cli {

// Twenty years of weeks; what one file may hold ends it before.
inline constexpr int presign_periods_max = 1000;

struct KeyPresignOptions {
    std::string zone{};
    std::string folder = ".";      // with the key files: of the ksk both, of all zsk the .key
    std::string from{};            // YYYYMMDDHHMMSS in UTC; empty: now
    std::string every = "7d";      // a period
    std::string validity = "14d";  // of each signature
    int periods = 13;
    std::string ttl = "1h";  // of the DNSKEY records, as `dnskey_ttl` has it
    std::string output{};    // empty: standard output
};
int key_presign(const KeyPresignOptions& options, std::ostream& out, std::ostream& err);

}  // namespace kith::cli
