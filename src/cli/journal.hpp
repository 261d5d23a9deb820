#pragma once
// `kith journal`: what the state directory has of zones of record, for people and scripts.

#include <cstdint>
#include <iosfwd>
#include <string>

#include "cli/state_place.hpp"

namespace CLI {
class App;
}

namespace kith::cli {

/// `kith journal list`: every zone that is kept.
struct JournalListOptions {
    StatePlace place{};
    bool json = false;
};
int journal_list(const JournalListOptions& options, std::ostream& out, std::ostream& err);

/// `kith journal show ZONE`: its changes, oldest first; of a trust-dns `.jrnl` database all there is.
struct JournalShowOptions {
    StatePlace place{};
    std::string zone{};
    std::string hickory{};    // a .jrnl file instead of a state directory
    std::uint64_t from = 0;   // the first number wanted
    std::uint64_t count = 0;  // the newest so many; 0: all
    bool json = false;
};
int journal_show(const JournalShowOptions& options, std::ostream& out, std::ostream& err);

/// `kith journal compact [ZONE]`: folds old changes into the zones and gives room back to the disk.
/// The server must not run.
struct JournalCompactOptions {
    StatePlace place{};
    std::string zone{};      // empty: all
    std::string keep = "0";  // bytes of changes that stay
};
int journal_compact(const JournalCompactOptions& options, std::ostream& out, std::ostream& err);

/// Adds the subcommand to the command line.
void add_journal(CLI::App& app);

}  // namespace kith::cli
