#pragma once
// The doors into the configuration: text in, values and every problem out. Pure: who calls it
// reads the file.

#include <string>
#include <string_view>

#include "base/problem.hpp"
#include "config/config.hpp"
#include "config/plan.hpp"

namespace kith::config {

struct Loaded {
    Config config;
    Problems problems;
};

/// Reads JSON with comments and trailing commas. Every problem is reported, with its line and
/// column, in the file's order; only a syntax error ends the reading. Settings that have a problem
/// keep their default; records and rules that have one are left out. Unknown keys, and what
/// NanoDNS accepts without an effect, are warnings. Memory is a small multiple of the text's size.
Loaded load_config(std::string_view text, std::string file);

struct Checked {
    Config config;
    Plan plan;
    Problems problems;  // of both, in the file's order; has_errors(): use neither
};

/// What the command line says over a configuration of trust-dns (hickory.hpp).
struct HickoryOverrides {
    std::string directory;  // --zonedir; empty: the file's
};

/// load_config(), or load_hickory_config() for a file of that kind, and make_plan(): all that
/// `check`, start and reload do with the text.
Checked check_config(std::string_view text, std::string file, const HickoryOverrides& hickory = {});

}  // namespace kith::config
