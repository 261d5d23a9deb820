#pragma once
// The subcommands of `kith`: for each its options as data and one function that does the work and
// returns the exit code. The grammar of the command line is in app.cpp; nothing here knows it, so
// a test is one call with string streams.
//
// Exit codes are those of problems.hpp.

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace kith::cli {

/// Who we were started as: `nanodns` keeps NanoDNS's flags, defaults and output strings.
enum class Persona : std::uint8_t { kith, nanodns };

/// The configuration to use: the one named, else kith.json here, else /etc/kith/kith.json; empty: none of
/// them is there.
std::string find_config(const std::string& given);

/// `kith serve`. What is set here wins over the config file, reloads included.
struct ServeOptions {
    std::string config;    // empty: ./kith.json, then /etc/kith/kith.json
    bool example = false;  // serve the embedded example network on loopback instead of a file
    std::optional<std::string> host;
    std::optional<std::uint16_t> port;
    std::optional<std::string> mgmt_host;
    std::optional<std::uint16_t> mgmt_port;
    std::optional<std::string> log_level;
    std::optional<std::uint32_t> workers;
    bool no_cache = false;
    Persona persona = Persona::kith;
};
int serve(const ServeOptions& options, std::ostream& out, std::ostream& err);

/// `kith init`: writes a config to start from.
struct InitOptions {
    std::string output;
    bool force = false;  // replace an existing file
    Persona persona = Persona::kith;
};
int init(const InitOptions& options, std::ostream& out, std::ostream& err);

/// `kith check`: every check that `serve` makes, without listening.
struct CheckOptions {
    std::string config;   // empty: find_config()
    bool strict = false;  // warnings are errors
    bool json = false;    // one JSON object per problem
    Persona persona = Persona::kith;
};
int check(const CheckOptions& options, std::ostream& out, std::ostream& err);

// Of `kith query`: more is a slip of the finger.
inline constexpr int query_tries_max = 100;
inline constexpr double query_seconds_max = 3600;

/// `kith query`: words as dig takes them: [@server[:port]] name [type] [class] [+flags] [-x address].
struct QueryOptions {
    std::vector<std::string> words;
    std::optional<std::string> server;
    std::optional<std::uint16_t> port;
    std::optional<std::string> reverse;  // -x: ask for the PTR of this address
    bool tcp = false;
    bool json = false;
    bool brief = false;  // the answers' RDATA only
    bool dnssec = false;
    bool no_edns = false;
    bool no_recurse = false;
    bool nsid = false;
    bool cookie = false;
    bool ignore_truncation = false;
    std::string key_word;  // -y: sign with this TSIG key
    std::string key_file;  // -k
    std::uint16_t payload_bytes = 1232;
    double timeout_seconds = 3;
    int tries = 2;
};
int query(const QueryOptions& options, std::ostream& out, std::ostream& err);

/// `kith config doc|schema`.
enum class ConfigText : std::uint8_t { doc, schema };
struct ConfigTextOptions {
    ConfigText which = ConfigText::doc;
    std::string key;  // doc: this setting only, for the terminal
};
int config_text(const ConfigTextOptions& options, std::ostream& out, std::ostream& err);

/// `kith zone check`: every problem of zone files.
struct ZoneCheckOptions {
    std::vector<std::string> files;
    std::string origin;
    bool strict = false;
    bool json = false;
};
int zone_check(const ZoneCheckOptions& options, std::ostream& out, std::ostream& err);

/// `kith zone print`: a zone file in canonical order, one record a line.
struct ZonePrintOptions {
    std::string file;
    std::string origin;
    bool json = false;  // one JSON object per record
};
int zone_print(const ZonePrintOptions& options, std::ostream& out, std::ostream& err);

}  // namespace kith::cli
