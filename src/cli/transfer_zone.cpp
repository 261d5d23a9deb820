// `kith zone diff` and `kith zone convert`.

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/problems.hpp"
#include "cli/transfer.hpp"
#include "client/zone_print.hpp"
#include "files/zone_input.hpp"
#include "zone/node_block.hpp"

namespace kith::cli {
namespace {

/// Takes the SOA records out of a change when they differ in their serials alone.
void drop_serial_step(zone::ZoneChange& change) {
    const auto is_soa = [](const zone::Record& record) { return record.type == dns::RrType::SOA; };
    const auto removed = std::ranges::find_if(change.removed, is_soa);
    const auto added = std::ranges::find_if(change.added, is_soa);
    if (removed == change.removed.end() || added == change.added.end() ||
        removed->ttl != added->ttl)
        return;
    std::vector<std::uint8_t> before = removed->rdata;
    zone::set_soa_serial(before, change.to_serial);
    if (!zone::same_rdata(dns::RrType::SOA, before, added->rdata)) return;
    change.removed.erase(removed);
    change.added.erase(added);
}

}  // namespace

int zone_diff(const ZoneDiffOptions& options, std::ostream& out, std::ostream& err) {
    const auto from = files::load_zone_input(options.from, options.origin, zone::Advice::omit);
    const auto to = files::load_zone_input(options.to, options.origin, zone::Advice::omit);
    print_problems(from.problems, err);
    print_problems(to.problems, err);
    if (!from.zone || !to.zone) return 2;
    if (from.zone->apex() != to.zone->apex()) {
        return wrong_usage(err, "zone diff",
                           fmt::format("expected one zone twice, found {} in {} and {} in {}",
                                       from.zone->apex().to_text(), options.from,
                                       to.zone->apex().to_text(), options.to));
    }
    zone::ZoneChange change = zone::difference(*from.zone, *to.zone);
    if (options.ignore_serial) drop_serial_step(change);
    if (change.removed.empty() && change.added.empty()) return 0;
    options.json ? client::write_change_json(change, to.zone->klass(), out)
                 : client::write_change(change, to.zone->klass(), out);
    out.flush();
    return 1;
}

int zone_convert(const ZoneConvertOptions& options, std::ostream& out, std::ostream& err) {
    const auto input = files::load_zone_input(options.file, options.origin, zone::Advice::omit);
    print_problems(input.problems, err);
    if (!input.zone) return 1;
    const client::ZoneForm form = options.form == "json"       ? client::ZoneForm::json
                                  : options.form == "relative" ? client::ZoneForm::relative
                                                               : client::ZoneForm::absolute;
    const auto written = client::write_to(
        options.output, out, [&](std::ostream& to) { client::write_zone(*input.zone, form, to); });
    return written ? exit_good : failed(err, "zone convert", written.error());
}

}  // namespace kith::cli
