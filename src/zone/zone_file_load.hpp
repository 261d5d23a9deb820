#pragma once
// A zone from a master file: reads it (zone_file.hpp), builds the zone (builder.hpp) and checks
// that it makes sense. What refuses the file and what is only reported stands in
// docs/formats/zone-file.md.

#include <optional>
#include <string>
#include <string_view>

#include "base/problem.hpp"
#include "zone/builder.hpp"
#include "zone/zone_file.hpp"

namespace kith::zone {

/// Whether to look for what is legal but probably wrong: targets without addresses, missing glue,
/// unreachable names, names that are no host names. They are warnings.
enum class Advice : std::uint8_t { give, omit };

struct LoadOptions {
    std::string file;               // its name in problems
    std::optional<dns::Name> apex;  // none: the owner of the first SOA in the file
    dns::RrClass klass = dns::RrClass::IN;
    Bounds bounds = file_bounds;
    Advice advice = Advice::give;
    std::size_t problems_kept = problems_kept_default;
};

struct LoadResult {
    ZonePtr zone;       // null when there is an error among the problems
    Problems problems;  // errors and warnings; the first `problems_kept`, and how many more
};

/// Loads `text`; its origin is the apex until a $ORIGIN. `include` may be called twice for the
/// same file: advice reads the file a second time, when all names are known.
LoadResult load_zone(std::string_view text, const LoadOptions& options,
                     const IncludeReader& include = {});

}  // namespace kith::zone
