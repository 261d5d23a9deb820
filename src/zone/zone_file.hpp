#pragma once
// Reads master files: RFC 1035 §5, $TTL (RFC 2308 §4), unknown types (RFC 3597 §5), and BIND's
// $GENERATE and TTL units. What it makes of ambiguous text stands in docs/dialect.md; the format,
// for people who write such files, in docs/formats/zone-file.md.
//
// Text in, records out, in one pass: no files are opened here. Every problem is reported with its
// place and reading goes on at the next entry, so one run shows all of them. Lines of the shape
// `owner [ttl] [IN] A|AAAA address` take a short way (zone_file_address.hpp); all others are split
// by the Scanner and read by dns::parse_rdata(). Both ways give the same records.
//
// Whether the records make a good zone is the business of zone_file_load.hpp.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "dns/name.hpp"
#include "dns/registry.hpp"
#include "dns/rr_type.hpp"
#include "zone/zone_file_problems.hpp"

namespace kith::zone {

/// A file that $INCLUDE names.
struct IncludedFile {
    std::string name;  // for problems, and to notice cycles: the same file has the same name
    std::string text;
};

/// Finds the text of `path`, as written in the file called `from`; relative paths are relative to
/// it or to whatever the caller decides. The error says why there is none.
using IncludeReader =
    std::function<Result<IncludedFile, std::string>(std::string_view path, std::string_view from)>;

/// One record of the file, valid during the call of the sink.
struct FileRecord {
    dns::NameView owner;
    dns::RrType type;
    std::uint32_t ttl;      // 0..2^31-1
    Bytes rdata;            // checked, uncompressed
    std::string_view file;  // of the record's first line
    std::uint32_t line;
};

enum class Reading : std::uint8_t { go_on, stop };
using RecordSink = std::function<Reading(const FileRecord&)>;

/// Which way address lines take. `careful` is for tests: the way of all other lines.
enum class AddressLines : std::uint8_t { fast, careful };

struct ZoneFileOptions {
    std::string file;                          // its name in problems
    dns::Name origin;                          // until the first $ORIGIN
    dns::RrClass klass = dns::RrClass::IN;     // records of other classes are errors
    std::optional<std::uint32_t> default_ttl;  // as if by a $TTL before the first line
    AddressLines address_lines = AddressLines::fast;
};

/// Hands the records of `text` to `sink` in their order and reports problems to `problems`.
/// Without `include`, $INCLUDE is a problem. `text` is borrowed for the time of the call.
void read_zone_file(std::string_view text, const ZoneFileOptions& options,
                    const IncludeReader& include, const RecordSink& sink, ProblemList& problems);

/// A TTL of a master file: decimal seconds, or numbers with units s m h d w in any case ("1h30m");
/// nullopt when it is not one or is above 2^31-1.
std::optional<std::uint32_t> parse_ttl(std::string_view text);

}  // namespace kith::zone
