#include "client/zone_signing.hpp"

#include <fmt/format.h>

#include "dns/decode.hpp"
#include "dnssec/zone_signer.hpp"
#include "net/system.hpp"
#include "zone/change.hpp"
#include "zone/serial_policy.hpp"

namespace kith::client {
namespace {

using dnssec::SigningPolicy;

std::unexpected<Error> error(ErrorKind kind, std::string text) {
    return std::unexpected(Error{kind, std::move(text)});
}

Expected<void> read_denial(const SignOptions& options, SigningPolicy& policy) {
    if (!options.nsec3) {
        if (options.opt_out || options.iterations != 0 || !options.salt.empty())
            return error(ErrorKind::input, "opt-out, iterations and salt are of NSEC3: ask for it");
        return {};
    }
    policy.denial = dnssec::Denial::nsec3;
    if (options.opt_out) policy.opt_out = dnssec::OptOut::yes;
    if (options.iterations > dnssec::nsec3_iterations_signed_max) {
        return error(
            ErrorKind::input,
            fmt::format(
                "iterations: expected 0 to {}, found {}; validators treat more as insecure (RFC 9276 §3.2)",
                dnssec::nsec3_iterations_signed_max, options.iterations));
    }
    policy.nsec3.iterations = options.iterations;
    if (options.salt.empty() || options.salt == "-") return {};
    auto salt = dns::decode(dns::Decoder::Base::base16, options.salt);
    if (!salt) {
        return error(
            ErrorKind::input,
            fmt::format("salt: expected pairs of hexadecimal digits, found {}", options.salt));
    }
    policy.nsec3.salt = *std::move(salt);
    return {};
}

Expected<dnssec::ZonemdHash> read_zonemd(const std::string& word) {
    if (word == "none") return dnssec::ZonemdHash::none;
    if (word == "sha384") return dnssec::ZonemdHash::sha384;
    if (word == "sha512") return dnssec::ZonemdHash::sha512;
    return error(ErrorKind::input,
                 fmt::format("zonemd: expected none, sha384 or sha512, found {}", word));
}

Expected<dnssec::CsyncRule> read_csync(const std::string& word) {
    if (word == "keep") return dnssec::CsyncRule::keep;
    if (word == "none") return dnssec::CsyncRule::none;
    if (word == "approval") return dnssec::CsyncRule::approval;
    if (word == "immediate") return dnssec::CsyncRule::immediate;
    return error(ErrorKind::input,
                 fmt::format("csync: expected keep, none, approval or immediate, found {}", word));
}

Expected<zone::ZonePtr> step_serial(const zone::ZonePtr& zone, SerialStep step, UnixTime now) {
    zone::SerialPolicy policy{};
    switch (step) {
        case SerialStep::keep: return zone;
        case SerialStep::increment: policy = zone::SerialPolicy::increment; break;
        case SerialStep::unixtime: policy = zone::SerialPolicy::unixtime; break;
        case SerialStep::date: policy = zone::SerialPolicy::dateserial; break;
    }
    const std::uint32_t serial = zone::next_serial(policy, zone->serial(), now);
    const auto next =
        zone::apply_change(zone, {zone->apex(), zone->serial(), serial, {}, {}}, zone::file_bounds);
    if (!next) return error(ErrorKind::input, std::string(zone::fault_text(next.error().fault)));
    return *next;
}

std::unexpected<Error> failed(const dnssec::SignError& why) {
    const ErrorKind kind =
        why.fault == dnssec::SignFault::library ? ErrorKind::library : ErrorKind::input;
    return error(kind, fmt::format("{} {}: {}", why.owner.to_text(), dns::type_name(why.type),
                                   dnssec::fault_text(why.fault)));
}

}  // namespace

Expected<SigningPolicy> read_policy(const SignOptions& options) {
    SigningPolicy policy;
    policy.validity = options.validity.count();
    policy.refresh = options.refresh.count();
    policy.jitter = options.jitter.count();
    policy.inception_skew = options.skew.count();
    KITH_TRY_VOID(read_denial(options, policy));
    KITH_TRY(policy.zonemd, read_zonemd(options.zonemd));
    KITH_TRY(policy.csync, read_csync(options.csync));
    if (!options.publish_cds) policy.cds_digests.clear();
    return policy;
}

Expected<SignedZone> sign_zone(zone::ZonePtr zone, const std::vector<files::StoredKey>& keys,
                               const SignOptions& options) {
    const UnixTime now = options.now ? options.now->time_since_epoch().count() : net::unix_now();
    KITH_TRY(SigningPolicy policy, read_policy(options));
    if (options.dnskey_ttl) {
        policy.dnskey_ttl = *options.dnskey_ttl;
    } else if (!keys.empty() && keys.front().ttl != 0) {
        policy.dnskey_ttl = keys.front().ttl;
    }
    KITH_TRY(zone, step_serial(zone, options.serial, now));
    std::vector<dnssec::TimedKey> timed;
    for (const files::StoredKey& key : keys) timed.push_back({key.key, key.times});
    auto signer =
        dnssec::ZoneSigner::make(zone->apex(), dnssec::use_by_times(timed, now), std::move(policy));
    if (!signer) return failed(signer.error());
    net::SystemRng rng;
    const auto begin = std::chrono::steady_clock::now();
    auto done = signer->signed_zone(*zone, now, rng);
    if (!done) return failed(done.error());
    return SignedZone{*std::move(done), std::chrono::steady_clock::now() - begin};
}

}  // namespace kith::client
