#include "cli/zone_sign.hpp"

#include <chrono>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "client/zone_print.hpp"
#include "client/zone_signing.hpp"
#include "config/text.hpp"
#include "files/key_files.hpp"
#include "files/zone_input.hpp"

namespace kith::cli {
namespace {

using files::StoredKey;

Read<client::SerialStep> read_serial(const std::string& word) {
    if (word == "keep") return client::SerialStep::keep;
    if (word == "increment") return client::SerialStep::increment;
    if (word == "unixtime") return client::SerialStep::unixtime;
    if (word == "date") return client::SerialStep::date;
    return std::unexpected(fmt::format(
        "--serial: expected keep, increment, unixtime or date, found {}", config::shown(word)));
}

Read<client::SignOptions> read_options(const ZoneSignOptions& options) {
    client::SignOptions out;
    const auto read = [](const char* option, const std::string& text,
                         std::chrono::seconds& time) -> Read<void> {
        KITH_TRY(const std::uint32_t seconds, read_seconds(option, text));
        time = std::chrono::seconds(seconds);
        return {};
    };
    KITH_TRY_VOID(read("--validity", options.validity, out.validity));
    KITH_TRY_VOID(read("--refresh", options.refresh, out.refresh));
    KITH_TRY_VOID(read("--jitter", options.jitter, out.jitter));
    KITH_TRY_VOID(read("--skew", options.skew, out.skew));
    KITH_TRY(out.serial, read_serial(options.serial));
    if (!options.dnskey_ttl.empty()) {
        KITH_TRY(out.dnskey_ttl, read_seconds("--dnskey-ttl", options.dnskey_ttl));
    }
    if (!options.nsec3 && (options.opt_out || options.iterations != 0 || !options.salt.empty())) {
        return std::unexpected("--opt-out, --iterations and --salt are of NSEC3; say --nsec3 too");
    }
    out.nsec3 = options.nsec3;
    out.opt_out = options.opt_out;
    out.iterations = options.iterations;
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

Read<zone::ZonePtr> sign_file(const ZoneSignOptions& options, const client::SignOptions& wanted,
                              zone::ZonePtr zone, std::ostream& err) {
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
    const auto wanted = read_options(options);
    if (!wanted) return wrong_usage(err, "zone sign", wanted.error());
    const zone::LoadResult loaded =
        files::load_zone_input(options.file, options.origin, zone::Advice::omit);
    print_problems(loaded.problems, err);
    if (!loaded.zone) return 1;
    const auto done = sign_file(options, *wanted, loaded.zone, err);
    if (!done) return failed(err, "zone sign", fmt::format("{}: {}", options.file, done.error()));
    const auto written = client::write_to(options.output, out, [&done](std::ostream& to) {
        client::write_zone(**done, client::ZoneForm::absolute, to);
    });
    return written ? exit_good : failed(err, "zone sign", written.error());
}

}  // namespace kith::cli
