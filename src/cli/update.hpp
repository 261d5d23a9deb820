#pragma once
// `kith update`: nsupdate's language from a file, standard input or a terminal; and single operations
// from the command line, under the names that trust-dns's client library gives them.
//
// Exit codes: 0 done, 1 something was refused or did not arrive, 2 the command line is wrong.

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "client/update_session.hpp"

namespace CLI {
class App;
}

namespace kith::cli {

/// What all forms of the command take.
struct UpdateOptions {
    std::string file{};    // of commands; empty or "-": standard input
    std::string server{};  // address or name, with :port if not 53; default: asked for
    std::optional<std::uint16_t> port{};
    std::string zone{};            // default: asked for
    std::string key_word{};        // -y
    std::string key_file{};        // -k
    std::string signer{};          // of a PEM file: the owner of its KEY record
    bool tcp = false;              // -v
    bool debug = false;            // -d
    double timeout_seconds = 300;  // -t: for all of one update
    double retry_seconds = 3;      // -u: for each try over UDP
    int retries = 3;               // -r
    std::optional<std::uint32_t> lease{};
};

using client::UpdateWay;
using client::UpdateWorld;

enum class Prompt : std::uint8_t { no, yes };
/// Runs commands from `in`, which the messages call `file`.
int update_script(const UpdateOptions& options, std::istream& in, const std::string& file,
                  Prompt prompt, const UpdateWorld& world, std::ostream& out, std::ostream& err);

/// One operation: what trust-dns's client calls create(), append() and so on.
enum class UpdateOperation : std::uint8_t {
    create,
    append,
    compare_and_swap,
    delete_by_rdata,
    delete_rrset,
    delete_all,
    notify
};
struct UpdateOperationOptions {
    UpdateOptions common{};
    UpdateOperation operation{};
    std::string name{};
    std::string type{};
    std::uint32_t ttl = 300;
    std::vector<std::string> data{};     // RDATA, one word a record
    std::vector<std::string> current{};  // compare_and_swap: RDATA that must be there
    bool must_exist = false;             // append
};
int update_operation(const UpdateOperationOptions& options, const UpdateWorld& world,
                     std::ostream& out, std::ostream& err);

/// Adds the command to the command line.
void add_update(CLI::App& app);

}  // namespace kith::cli
