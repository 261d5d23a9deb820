#pragma once
// `kith key`: keys of signed zones in BIND's key files.

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kith::cli {

/// `kith key generate`: new keys, each written to two files of one folder.
// Keys that follow each other: ten years of monthly ones.
inline constexpr int key_count_max = 120;

struct KeyGenerateOptions {
    std::string zone{};
    std::string algorithm = "ECDSAP256SHA256";
    std::string role = "csk";  // csk, ksk, zsk; host: for SIG(0), a KEY record
    int bits = 2048;           // RSA only
    std::string folder = ".";
    std::string ttl = "1h";
    // Keys that follow each other, of the role zsk.
    int count = 1;
    std::string from{};          // YYYYMMDDHHMMSS in UTC, when the first begins to sign; empty: now
    std::string lifetime{};      // each signs so long; empty: without end
    std::string overlap = "7d";  // each is published so long before and after
    bool json = false;
};
int key_generate(const KeyGenerateOptions& options, std::ostream& out, std::ostream& err);

/// `kith key list`: the keys of some files, or of a zone in a folder.
struct KeyListOptions {
    std::vector<std::string> files{};
    std::string folder = ".";
    std::string zone{};
    bool json = false;
};
int key_list(const KeyListOptions& options, std::ostream& out, std::ostream& err);

/// `kith key ds`: what the parent is to publish.
struct KeyDsOptions {
    std::vector<std::string> files{};
    std::vector<std::string> digests{"sha256"};
    bool dnskey = false;  // the DNSKEY record instead: some registries ask for it
};
int key_ds(const KeyDsOptions& options, std::ostream& out, std::ostream& err);

/// `kith key import`: a private key of another program becomes key files.
struct KeyImportOptions {
    std::string file{};
    std::string zone{};
    std::string algorithm{};
    std::string role = "csk";
    std::string folder = ".";
    std::string ttl = "1h";
};
int key_import(const KeyImportOptions& options, std::ostream& out, std::ostream& err);

/// `kith key export`: the private key for other programs.
struct KeyExportOptions {
    std::string file{};
    std::string format = "pem";  // pem, der, bind
    std::string output{};        // empty: standard output
};
int key_export(const KeyExportOptions& options, std::ostream& out, std::ostream& err);

/// Adds the subcommand to the command line.
void add_key(CLI::App& app);

}  // namespace kith::cli
