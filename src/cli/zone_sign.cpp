#include "cli/zone_sign.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/problems.hpp"
#include "cli/zone_input.hpp"
#include "dns/decode.hpp"
#include "dnssec/zone_signer.hpp"
#include "net/system.hpp"
#include "server/key_files.hpp"
#include "server/zone_keeper.hpp"
#include "zone/change.hpp"
#include "zone/zone_text.hpp"

namespace kith::cli {
namespace {

using dnssec::SigningPolicy;
using server::StoredKey;

template <class T>
using Read = Result<T, std::string>;

Read<UnixTime> read_duration(std::string_view option, const std::string& text) {
    const auto seconds = zone::parse_ttl(text);
    if (!seconds)
        return std::unexpected(
            fmt::format("{}: expected seconds, or a time such as 14d, found {}", option, text));
    return UnixTime{*seconds};
}

Read<std::vector<std::uint8_t>> read_salt(const std::string& text) {
    if (text == "-") return std::vector<std::uint8_t>();
    auto salt = dns::decode(dns::Decoder::Base::base16, text);
    if (!salt)
        return std::unexpected(
            fmt::format("--salt: expected pairs of hexadecimal digits, found {}", text));
    return std::move(*salt);
}

Read<SigningPolicy> read_policy(const ZoneSignOptions& options) {
    SigningPolicy policy;
    KITH_TRY(policy.validity, read_duration("--validity", options.validity));
    KITH_TRY(policy.refresh, read_duration("--refresh", options.refresh));
    KITH_TRY(policy.jitter, read_duration("--jitter", options.jitter));
    KITH_TRY(policy.inception_skew, read_duration("--skew", options.skew));
    if (options.nsec3) policy.denial = dnssec::Denial::nsec3;
    if (!options.nsec3 && (options.opt_out || options.iterations != 0 || !options.salt.empty())) {
        return std::unexpected("--opt-out, --iterations and --salt are of NSEC3; say --nsec3 too");
    }
    if (options.iterations < 0 || options.iterations > dnssec::nsec3_iterations_signed_max) {
        return std::unexpected(fmt::format(
            "--iterations: expected 0 to {}, found {}; validators treat more as insecure (RFC 9276 §3.2)",
            dnssec::nsec3_iterations_signed_max, options.iterations));
    }
    policy.nsec3.iterations = static_cast<std::uint16_t>(options.iterations);
    KITH_TRY(policy.nsec3.salt, read_salt(options.salt));
    if (options.opt_out) policy.opt_out = dnssec::OptOut::yes;
    if (options.zonemd == "sha384") policy.zonemd = dnssec::ZonemdHash::sha384;
    if (options.zonemd == "sha512") policy.zonemd = dnssec::ZonemdHash::sha512;
    if (options.zonemd != "none" && policy.zonemd == dnssec::ZonemdHash::none) {
        return std::unexpected(
            fmt::format("--zonemd: expected none, sha384 or sha512, found {}", options.zonemd));
    }
    if (options.csync == "none") policy.csync = dnssec::CsyncRule::none;
    if (options.csync == "approval") policy.csync = dnssec::CsyncRule::approval;
    if (options.csync == "immediate") policy.csync = dnssec::CsyncRule::immediate;
    if (options.csync != "keep" && policy.csync == dnssec::CsyncRule::keep) {
        return std::unexpected(fmt::format(
            "--csync: expected keep, none, approval or immediate, found {}", options.csync));
    }
    if (options.no_cds) policy.cds_digests.clear();
    return policy;
}

Read<std::vector<StoredKey>> read_keys(const ZoneSignOptions& options, dns::NameView apex) {
    std::vector<StoredKey> keys;
    if (options.keys.empty()) {
        KITH_TRY(keys, server::read_key_folder(options.folder, apex));
        if (keys.empty()) {
            return std::unexpected(
                fmt::format("{}: no keys of {} here; make one: kith key generate -K {} {}",
                            options.folder, apex.to_text(), options.folder, apex.to_text()));
        }
        return keys;
    }
    for (const std::string& file : options.keys) {
        KITH_TRY(StoredKey key, server::read_key_files(file));
        if (key.owner.view() != apex) {
            return std::unexpected(fmt::format("{}: a key of {}, and the zone is {}", key.stem,
                                               key.owner.to_text(), apex.to_text()));
        }
        keys.push_back(std::move(key));
    }
    return keys;
}

dnssec::KeySet use_keys(const std::vector<StoredKey>& stored, UnixTime now) {
    std::vector<dnssec::TimedKey> keys;
    for (const StoredKey& key : stored) keys.push_back({key.key, key.times});
    return dnssec::use_by_times(keys, now);
}

Read<zone::ZonePtr> set_serial(zone::ZonePtr zone, const std::string& policy, UnixTime now) {
    if (policy == "keep") return zone;
    server::SerialPolicy rule{};
    if (policy == "increment") {
        rule = server::SerialPolicy::increment;
    } else if (policy == "unixtime") {
        rule = server::SerialPolicy::unixtime;
    } else if (policy == "date") {
        rule = server::SerialPolicy::dateserial;
    } else {
        return std::unexpected(
            fmt::format("--serial: expected keep, increment, unixtime or date, found {}", policy));
    }
    const std::uint32_t serial = server::next_serial(rule, zone->serial(), now);
    const auto next =
        zone::apply_change(zone, {zone->apex(), zone->serial(), serial, {}, {}}, zone::file_bounds);
    if (!next) return std::unexpected(std::string(zone::fault_text(next.error().fault)));
    return *next;
}

/// Replaces `path` in one step, so that a server that reads it never sees half a zone.
Read<void> write_zone(const zone::Zone& zone, const std::string& path) {
    const std::string scratch = fmt::format("{}.{}.new", path, ::getpid());
    std::ofstream file(scratch, std::ios::binary | std::ios::trunc);
    zone::print_zone(zone, {}, [&file](std::string_view text) { file << text; });
    file.close();
    if (file && std::rename(scratch.c_str(), path.c_str()) == 0) return {};
    const std::string why = std::strerror(errno);
    std::remove(scratch.c_str());
    return std::unexpected(fmt::format("{}: cannot write: {}", path, why));
}

Read<zone::ZonePtr> sign_file(const ZoneSignOptions& options, zone::ZonePtr zone,
                              std::ostream& err) {
    const UnixTime now = net::unix_now();
    KITH_TRY(SigningPolicy policy, read_policy(options));
    KITH_TRY(const std::vector<StoredKey> keys, read_keys(options, zone->apex()));
    if (!options.dnskey_ttl.empty()) {
        KITH_TRY(const UnixTime ttl, read_duration("--dnskey-ttl", options.dnskey_ttl));
        policy.dnskey_ttl = static_cast<std::uint32_t>(ttl);
    } else if (keys.front().ttl != 0) {
        policy.dnskey_ttl = keys.front().ttl;
    }
    KITH_TRY(zone, set_serial(std::move(zone), options.serial, now));
    const auto failed = [](const dnssec::SignError& error) {
        return std::unexpected(fmt::format("{} {}: {}", error.owner.to_text(),
                                           dns::type_name(error.type),
                                           dnssec::fault_text(error.fault)));
    };
    auto signer = dnssec::ZoneSigner::make(zone->apex(), use_keys(keys, now), std::move(policy));
    if (!signer) return failed(signer.error());
    net::SystemRng rng;
    const auto begin = std::chrono::steady_clock::now();
    auto done = signer->signed_zone(*zone, now, rng);
    if (!done) return failed(done.error());
    if (options.stats) {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        std::size_t count = 0;
        (*done)->for_each_in_order([&count](const dns::Name&, zone::NodeView node) {
            const zone::RrSetView rrsigs = node.find(dns::RrType::RRSIG);
            if (rrsigs) count += rrsigs.count();
        });
        fmt::print(err, "{} signatures in {:.3f} s, {:.1f} us each\n", count, took.count(),
                   1e6 * took.count() / static_cast<double>(count));
    }
    return *done;
}

}  // namespace

int zone_sign(const ZoneSignOptions& options, std::ostream& out, std::ostream& err) {
    const zone::LoadResult loaded =
        load_zone_input(options.file, options.origin, zone::Advice::omit);
    print_problems(loaded.problems, err);
    if (!loaded.zone) return 1;
    const auto done = sign_file(options, loaded.zone, err);
    if (!done) {
        fmt::print(err, "{}: {}\n", options.file, done.error());
        return 1;
    }
    if (options.output == "-") {
        zone::print_zone(**done, {}, [&out](std::string_view text) { out << text; });
        return out.flush().good() ? 0 : 1;
    }
    const auto written = write_zone(**done, options.output);
    if (!written) fmt::print(err, "{}\n", written.error());
    return written ? 0 : 1;
}

}  // namespace kith::cli
