#pragma once
// `kith transfer`, `kith zone diff` and `kith zone convert`: whole zones from servers and files.

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kith::cli {

/// `kith transfer ZONE @server`: AXFR, or IXFR from a serial, as a master file or as differences.
struct TransferOptions {
    std::vector<std::string> words{};  // the zone and @server, in any order
    std::optional<std::string> server{};
    std::optional<std::uint16_t> port{};
    std::string key{};                      // [algorithm:]name:base64, as dig's -y
    std::string key_file{};                 // a file with a key statement, as dig's -k
    std::optional<std::uint32_t> serial{};  // IXFR from this one
    std::string output{};                   // empty: standard output
    bool json = false;                      // one JSON object a record, or a difference
    double timeout_seconds = 30;            // without anything coming
    std::uint64_t bytes_max = 0;            // 0: the program's own bound
};
int transfer(const TransferOptions& options, std::ostream& out, std::ostream& err);

/// `kith zone diff A B`: what leads from one zone file to another. Exit code 0: equal, 1: not.
struct ZoneDiffOptions {
    std::string from{}, to{};
    std::string origin{};
    bool ignore_serial = false;  // a SOA that differs in its serial alone is equal
    bool json = false;
};
int zone_diff(const ZoneDiffOptions& options, std::ostream& out, std::ostream& err);

/// `kith zone convert FILE --to FORM`: a zone file in another form.
struct ZoneConvertOptions {
    std::string file{};
    std::string origin{};
    std::string form = "zone";  // zone, relative, json
    std::string output{};       // empty: standard output
};
int zone_convert(const ZoneConvertOptions& options, std::ostream& out, std::ostream& err);

/// Adds `kith transfer`.
void add_transfer(CLI::App& app);
/// Adds `diff` and `convert` to `kith zone`.
void add_zone_tools(CLI::App& zone);

}  // namespace kith::cli
