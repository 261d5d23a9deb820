#include "cli/zone_sign.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/problems.hpp"
#include "client/zone_print.hpp"
#include "client/zone_signing.hpp"
#include "files/key_files.hpp"
#include "files/zone_input.hpp"
#include "zone/zone_file.hpp"

namespace kith::cli {
namespace {

using files::StoredKey;

template <class T>
using Read = Result<T, std::string>;

Read<std::chrono::seconds> read_duration(std::string_view option, const std::string& text) {
    const auto seconds = zone::parse_ttl(text);
    if (!seconds)
        return std::unexpected(
            fmt::format("{}: expected seconds, or a time such as 14d, found {}", option, text));
    return std::chrono::seconds(*seconds);
}

Read<client::SerialStep> read_serial(const std::string& word) {
    if (word == "keep") return client::SerialStep::keep;
    if (word == "increment") return client::SerialStep::increment;
    if (word == "unixtime") return client::SerialStep::unixtime;
    if (word == "date") return client::SerialStep::date;
    return std::unexpected(
        fmt::format("--serial: expected keep, increment, unixtime or date, found {}", word));
}

Read<client::SignOptions> read_options(const ZoneSignOptions& options) {
    client::SignOptions out;
    KITH_TRY(out.validity, read_duration("--validity", options.validity));
    KITH_TRY(out.refresh, read_duration("--refresh", options.refresh));
    KITH_TRY(out.jitter, read_duration("--jitter", options.jitter));
    KITH_TRY(out.skew, read_duration("--skew", options.skew));
    KITH_TRY(out.serial, read_serial(options.serial));
    if (!options.dnskey_ttl.empty()) {
        KITH_TRY(const std::chrono::seconds ttl, read_duration("--dnskey-ttl", options.dnskey_ttl));
        out.dnskey_ttl = static_cast<std::uint32_t>(ttl.count());
    }
    if (!options.nsec3 && (options.opt_out || options.iterations != 0 || !options.salt.empty())) {
        return std::unexpected("--opt-out, --iterations and --salt are of NSEC3; say --nsec3 too");
    }
    out.nsec3 = options.nsec3;
    out.opt_out = options.opt_out;
    if (options.iterations < 0)
        return std::unexpected(
            fmt::format("--iterations: expected 0 or more, found {}", options.iterations));
    out.iterations = static_cast<std::uint16_t>(std::min(options.iterations, 0xffff));
    out.salt = options.salt;
    out.zonemd = options.zonemd;
    out.csync = options.csync;
    out.publish_cds = !options.no_cds;
    if (const auto fit = client::read_policy(out); !fit)
        return std::unexpected("--" + fit.error().text);
    return out;
}

Read<std::vector<StoredKey>> read_keys(const ZoneSignOptions& options, dns::NameView apex) {
    std::vector<StoredKey> keys;
    if (options.keys.empty()) {
        KITH_TRY(keys, files::read_key_folder(options.folder, apex));
        if (keys.empty()) {
            return std::unexpected(
                fmt::format("{}: no keys of {} here; make one: kith key generate -K {} {}",
                            options.folder, apex.to_text(), options.folder, apex.to_text()));
        }
        return keys;
    }
    for (const std::string& file : options.keys) {
        KITH_TRY(StoredKey key, files::read_key_files(file));
        if (key.owner.view() != apex) {
            return std::unexpected(fmt::format("{}: a key of {}, and the zone is {}", key.stem,
                                               key.owner.to_text(), apex.to_text()));
        }
        keys.push_back(std::move(key));
    }
    return keys;
}

Read<zone::ZonePtr> sign_file(const ZoneSignOptions& options, zone::ZonePtr zone,
                              std::ostream& err) {
    KITH_TRY(const client::SignOptions wanted, read_options(options));
    KITH_TRY(const std::vector<StoredKey> keys, read_keys(options, zone->apex()));
    const auto done = client::sign_zone(std::move(zone), keys, wanted);
    if (!done) return std::unexpected(done.error().text);
    if (options.stats) {
        std::size_t count = 0;
        done->zone->for_each_in_order([&count](const dns::Name&, zone::NodeView node) {
            const zone::RrSetView rrsigs = node.find(dns::RrType::RRSIG);
            if (rrsigs) count += rrsigs.count();
        });
        fmt::print(err, "{} signatures in {:.3f} s, {:.1f} us each\n", count, done->took.count(),
                   1e6 * done->took.count() / static_cast<double>(count));
    }
    return done->zone;
}

}  // namespace

int zone_sign(const ZoneSignOptions& options, std::ostream& out, std::ostream& err) {
    const zone::LoadResult loaded =
        files::load_zone_input(options.file, options.origin, zone::Advice::omit);
    print_problems(loaded.problems, err);
    if (!loaded.zone) return 1;
    const auto done = sign_file(options, loaded.zone, err);
    if (!done) {
        fmt::print(err, "{}: {}\n", options.file, done.error());
        return 1;
    }
    const auto written = client::write_to(options.output, out, [&done](std::ostream& to) {
        client::write_zone(**done, client::ZoneForm::absolute, to);
    });
    if (!written) fmt::print(err, "{}\n", written.error());
    return written ? 0 : 1;
}

}  // namespace kith::cli
