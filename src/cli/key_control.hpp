#pragma once
// `kith key status|roll|ds-seen|check-parent`: the keys of zones that a running server signs.

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/state_place.hpp"

namespace kith::cli {

/// `kith key status [ZONE]`: which keys there are, what each does, and what is waited for.
struct KeyStatusOptions {
    StatePlace place{};
    std::string zone{};  // empty: all
    bool json = false;   // one JSON object a zone
};
int key_status(const KeyStatusOptions& options, std::ostream& out, std::ostream& err);

/// `kith key roll ZONE`: another key takes over, step by step.
struct KeyRollOptions {
    StatePlace place{};
    std::string zone{};
    bool csk = false, ksk = false, zsk = false;  // at most one of these
    std::string algorithm{};                     // or this
};
int key_roll(const KeyRollOptions& options, std::ostream& out, std::ostream& err);

/// `kith key ds-seen ZONE`: what the parent has now, as its operator saw it.
struct KeyDsSeenOptions {
    StatePlace place{};
    std::string zone{};
    std::vector<std::string> keys{};  // none: those that are waited for
    bool none = false;                // no DS at all
};
int key_ds_seen(const KeyDsSeenOptions& options, std::ostream& out, std::ostream& err);

/// `kith key check-parent ZONE`: the server asks the parent's servers now.
struct KeyCheckParentOptions {
    StatePlace place{};
    std::string zone{};
};
int key_check_parent(const KeyCheckParentOptions& options, std::ostream& out, std::ostream& err);

}  // namespace kith::cli
