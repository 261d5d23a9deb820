#pragma once
// A setting, described once. Loader, checks, printing, `kith config doc` and the JSON Schema are
// loops over tables of these (settings.hpp).

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace kith::config {

enum class Reload : std::uint8_t {
    live,     // takes effect when the file is reloaded
    restart,  // takes effect at the next start
};

enum class Origin : std::uint8_t {
    nanodns,  // the key, its type and its default are NanoDNS's
    ours,
};

enum class Need : std::uint8_t { optional, required };

/// A value that has a table of its own: the loader opens it by its key.
struct Nested {
    enum class Shape : std::uint8_t { object, list, map } shape;
    std::string_view section;  // of the objects in it; empty: a map to lists of addresses
};

/// Where a value goes. The type of the member decides what JSON is expected (values.hpp).
template <class Section>
using Member = std::variant<
    bool Section::*, std::uint16_t Section::*, std::uint32_t Section::*, std::uint64_t Section::*,
    std::optional<bool> Section::*, std::optional<std::uint16_t> Section::*,
    milliseconds Section::*, ByteSize Section::*, std::string Section::*, TextAt Section::*,
    IpAddress Section::*, std::vector<Endpoint> Section::*, std::vector<IpPrefix> Section::*,
    std::vector<HostPort> Section::*, std::vector<TextAt> Section::*, dns::RrType Section::*,
    log::Level Section::*, RewriteDepth Section::*, RewriteAction Section::*,
    std::optional<SerialRule> Section::*, SigningAlgorithm Section::*, DenialRule Section::*,
    KeyScheme Section::*, ZonemdRule Section::*, CsyncRule Section::*, Nested>;

/// Inclusive: of a number itself, of a duration in milliseconds, of a size in bytes, of a text in
/// bytes. Capped by what the member's type holds. Of addresses, `least` is the port of one that is
/// written without; 0 keeps it open.
struct Bounds {
    std::uint64_t least = 0;
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

template <class Section>
struct Field {
    std::string_view key;
    Member<Section> member;
    Bounds bounds;
    Reload reload = Reload::live;
    Origin origin = Origin::nanodns;
    std::string_view doc;  // one sentence, with the unit of a bare number
    Need need = Need::optional;
    Offset Section::*at = nullptr;  // also keeps where the value stands
};

}  // namespace kith::config
