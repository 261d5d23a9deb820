// Any text as a master file: reading it never crashes and takes time in proportion to its size;
// the short way of address lines gives what the careful way gives; places of problems are places
// of the text; and a zone that loads prints as text that loads as the same zone.
// Corpus: fuzz/corpus/zone_file.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "support.hpp"
#include "zone/change.hpp"
#include "zone/zone_file_load.hpp"
#include "zone/zone_text.hpp"

namespace {

using namespace kith;
using namespace kith::zone;
using fuzz::must;

// Few, so that executions stay fast: the bounds for all are limits of the reader, with their tests.
constexpr std::size_t records_max = 60;
constexpr int includes = 2;

// An included file is the text itself from some byte on, so that includes are fuzzed as well.
IncludeReader include_from(std::string_view text) {
    return [text, left = includes](std::string_view path,
                                   std::string_view) mutable -> Result<IncludedFile, std::string> {
        if (path.size() > 4 || left-- <= 0) return std::unexpected("no such file");
        return IncludedFile{std::string(path),
                            std::string(text.substr(text.size() / (path.size() + 1)))};
    };
}

struct Read {
    std::vector<std::tuple<std::string, dns::RrType, std::uint32_t, std::string, std::string,
                           std::uint32_t>>
        records;
    std::vector<std::string> problems;
};

Read read(std::string_view text, AddressLines way) {
    const ZoneFileOptions options{.file = "zone",
                                  .origin = *dns::Name::from_text("example."),
                                  .klass = dns::RrClass::IN,
                                  .default_ttl = {},
                                  .address_lines = way};
    Read out;
    ProblemList problems;
    read_zone_file(
        text, options, include_from(text),
        [&](const FileRecord& record) {
            must(record.ttl <= ttl_seconds_max);
            out.records.emplace_back(as_text(record.owner.wire()), record.type, record.ttl,
                                     as_text(record.rdata), record.file, record.line);
            return out.records.size() < records_max
                       ? Reading::go_on
                       : Reading::stop;  // $GENERATE makes many of few bytes
        },
        problems);
    for (const Problem& problem : problems.take()) {
        must(!problem.text.empty());
        must(problem.line <= text.size() + 1 && problem.column <= text.size() + 1);
        out.problems.push_back(problem.to_text());
    }
    return out;
}

void check_round_trip(const Zone& zone) {
    for (const NameStyle style : {NameStyle::absolute, NameStyle::relative}) {
        const LoadResult again = load_zone(zone_to_text(zone, {.owners = style}),
                                           {.file = "printed", .apex = Name(zone.apex())});
        must(again.zone != nullptr);
        const ZoneChange change = difference(zone, *again.zone);
        must(change.added.empty() && change.removed.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 65535) return 0;
    const std::string_view text = as_text({data, size});
    const Read fast = read(text, AddressLines::fast), careful = read(text, AddressLines::careful);
    must(fast.records == careful.records && fast.problems == careful.problems);
    if (fast.records.size() >= records_max) return 0;
    const LoadResult loaded = load_zone(
        text, {.file = "zone", .apex = *dns::Name::from_text("example.")}, include_from(text));
    must(loaded.zone != nullptr || has_errors(loaded.problems));
    if (loaded.zone != nullptr) check_round_trip(*loaded.zone);
    return 0;
}
