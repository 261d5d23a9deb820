#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "cli/zone_sign.hpp"
#include "config/text.hpp"
#include "dns/rdata.hpp"
#include "dnssec/key_file.hpp"
#include "dnssec/zone_verifier.hpp"
#include "files/zone_input.hpp"
#include "net/system.hpp"

namespace kith::cli {
namespace {

struct Question {
    UnixTime at = 0;
    dnssec::VerifyOptions options;
};

Read<Question> read_question(const ZoneVerifyOptions& options) {
    Question out;
    const auto at = options.at.empty() ? net::unix_now() : dnssec::parse_key_time(options.at);
    if (!at)
        return std::unexpected(fmt::format("--at: expected YYYYMMDDHHMMSS in UTC, found {}",
                                           config::shown(options.at)));
    out.at = *at;
    if (!options.valid_for.empty()) {
        KITH_TRY(out.options.valid_for, read_seconds("--valid-for", options.valid_for));
    }
    for (const std::string& text : options.ds) {
        auto rdata = dns::rdata_from_text(dns::RrType::DS, text);
        if (!rdata) return std::unexpected(fmt::format("--ds: {}", rdata.error().text));
        out.options.ds.push_back(*std::move(rdata));
    }
    return out;
}

void print_flaws(const dnssec::ZoneReport& report, const ZoneVerifyOptions& options,
                 std::ostream& out, std::ostream& err) {
    for (const dnssec::ZoneFlaw& flaw : report.flaws) {
        if (options.json) {
            fmt::print(out,
                       R"({{"file":{},"owner":{},"type":"{}","text":{}}})"
                       "\n",
                       config::json_text(options.file), config::json_text(flaw.owner.to_text()),
                       dns::type_name(flaw.type), config::json_text(flaw.text));
        } else {
            fmt::print(err, "{}: {} {}: {}\n", options.file, flaw.owner.to_text(),
                       dns::type_name(flaw.type), flaw.text);
        }
    }
}

}  // namespace

int zone_verify(const ZoneVerifyOptions& options, std::ostream& out, std::ostream& err) {
    const auto question = read_question(options);
    if (!question) return wrong_usage(err, "zone verify", question.error());
    const zone::LoadResult loaded =
        files::load_zone_input(options.file, options.origin, zone::Advice::omit);
    print_problems(loaded.problems, err);
    if (!loaded.zone) return 1;
    const dnssec::ZoneReport report =
        dnssec::verify_zone(*loaded.zone, question->at, question->options);
    print_flaws(report, options, out, err);
    if (options.json) return report.is_good() ? 0 : 1;
    if (!report.is_good()) {
        const std::size_t flaws = report.flaws.size() + report.flaws_left_out;
        fmt::print(err, "{}: zone {} is not signed as it should be: {} flaw{}\n", options.file,
                   loaded.zone->apex().to_text(), flaws, flaws == 1 ? "" : "s");
        return 1;
    }
    fmt::print(
        out,
        "{}: zone {} is signed as it should be: {} RRsets, {} signatures checked, the first expires {}\n",
        options.file, loaded.zone->apex().to_text(), report.rrsets, report.signatures,
        dnssec::format_key_time(report.first_expiration));
    return 0;
}

}  // namespace kith::cli
