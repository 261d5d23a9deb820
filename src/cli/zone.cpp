#include <algorithm>
#include <filesystem>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/commands.hpp"
#include "cli/problems.hpp"
#include "dns/json.hpp"
#include "dns/rdata.hpp"
#include "server/file_text.hpp"
#include "zone/zone_file_load.hpp"
#include "zone/zone_text.hpp"

namespace kith::cli {
namespace {

namespace fs = std::filesystem;
using zone::LoadResult;

Result<zone::IncludedFile, std::string> read_include(std::string_view path, std::string_view from) {
    const std::string name = (fs::path(from).parent_path() / path).string();
    auto text = server::FileText::read(name);
    if (!text) return std::unexpected(text.error());
    return zone::IncludedFile{name, std::string(text->view())};
}

/// Loads a zone file as the server would. Its apex: the origin given, or the owner of its SOA; names
/// before any $ORIGIN are then relative to the root.
LoadResult load_file(const std::string& file, const std::string& origin, zone::Advice advice) {
    LoadResult result;
    const auto text = server::FileText::read(file);
    if (!text) {
        result.problems.push_back({file, 0, 0, text.error(), Severity::error});
        return result;
    }
    zone::LoadOptions options;
    options.file = file;
    options.advice = advice;
    if (!origin.empty()) {
        const auto apex = dns::Name::from_text(origin);
        if (!apex) {
            result.problems.push_back({file, 0, 0, "--origin: " + apex.error().text, Severity::error});
            return result;
        }
        options.apex = *apex;
    }
    return zone::load_zone(text->view(), options, read_include);
}

void print_json(const zone::Zone& zone, std::ostream& out) {
    zone.for_each_in_order([&](const dns::Name& owner, zone::NodeView node) {
        for (const zone::RrSetView rrset : node.rrsets()) {
            for (const Bytes rdata : rrset) out << dns::to_json(owner, rrset.type(), zone.klass(), rrset.record_ttl(rdata), rdata) << '\n';
        }
    });
}

}  // namespace

int zone_check(const ZoneCheckOptions& options, std::ostream& out, std::ostream& err) {
    bool failed = false;
    for (const std::string& file : options.files) {
        const LoadResult result = load_file(file, options.origin, zone::Advice::give);
        const bool bad = is_failure(result.problems, options.strict);
        failed |= bad;
        if (options.json) {
            print_problems_json(result.problems, out);
            continue;
        }
        print_problems(result.problems, err);
        const std::string counts = count_text(result.problems);
        if (bad || !result.zone) {
            fmt::print(err, "{}: not valid: {}\n", file, counts);
        } else {
            fmt::print(out, "{}: zone {} is valid: {} records, serial {}{}{}\n", file, result.zone->apex().to_text(),
                       result.zone->record_count(), result.zone->serial(), counts.empty() ? "" : ", ", counts);
        }
    }
    return failed ? 1 : 0;
}

int zone_print(const ZonePrintOptions& options, std::ostream& out, std::ostream& err) {
    const LoadResult result = load_file(options.file, options.origin, zone::Advice::omit);
    print_problems(result.problems, err);
    if (!result.zone) return 1;
    if (options.json) {
        print_json(*result.zone, out);
    } else {
        zone::print_zone(*result.zone, {}, [&out](std::string_view text) { out << text; });
    }
    out.flush();
    return out.good() ? 0 : 1;
}

}  // namespace kith::cli
