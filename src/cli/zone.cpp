#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/commands.hpp"
#include "cli/problems.hpp"
#include "dns/json.hpp"
#include "dns/rdata.hpp"
#include "files/zone_input.hpp"
#include "zone/zone_file_load.hpp"
#include "zone/zone_text.hpp"

namespace kith::cli {
namespace {

using zone::LoadResult;

void print_json(const zone::Zone& zone, std::ostream& out) {
    zone.for_each_in_order([&](const dns::Name& owner, zone::NodeView node) {
        for (const zone::RrSetView rrset : node.rrsets()) {
            for (const Bytes rdata : rrset)
                out << dns::to_json(owner, rrset.type(), zone.klass(), rrset.record_ttl(rdata),
                                    rdata)
                    << '\n';
        }
    });
}

}  // namespace

int zone_check(const ZoneCheckOptions& options, std::ostream& out, std::ostream& err) {
    bool failed = false;
    for (const std::string& file : options.files) {
        const LoadResult result = files::load_zone_input(file, options.origin, zone::Advice::give);
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
            fmt::print(out, "{}: zone {} is valid: {} records, serial {}{}{}\n", file,
                       result.zone->apex().to_text(), result.zone->record_count(),
                       result.zone->serial(), counts.empty() ? "" : ", ", counts);
        }
    }
    return failed ? 1 : 0;
}

int zone_print(const ZonePrintOptions& options, std::ostream& out, std::ostream& err) {
    const LoadResult result =
        files::load_zone_input(options.file, options.origin, zone::Advice::omit);
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
