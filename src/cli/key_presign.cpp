#include "cli/key_presign.hpp"

#include <fstream>
#include <ostream>

#include <fmt/format.h>

#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "dns/rdata.hpp"
#include "dnssec/presign.hpp"
#include "files/key_files.hpp"

namespace kith::cli {
namespace {

Read<dnssec::PresignPlan> read_plan(const KeyPresignOptions& options) {
    dnssec::PresignPlan out;
    KITH_TRY(const dns::Name name, read_name("zone", options.zone));
    out.zone = name.lowered();
    KITH_TRY(out.from, read_begin(options.from));
    KITH_TRY(out.every, read_seconds("--every", options.every));
    KITH_TRY(out.validity, read_seconds("--validity", options.validity));
    KITH_TRY(out.ttl, read_seconds("--ttl", options.ttl));
    if (out.every == 0 || out.validity <= out.every)
        return std::unexpected(
            "--validity: expected more than --every, so that signatures overlap");
    out.until = out.from + options.periods * out.every;
    return out;
}

std::string text_of(const dnssec::PresignError& error, const std::string& folder) {
    const std::string at = dnssec::format_key_time(error.at);
    switch (error.fault) {
        case dnssec::PresignFault::no_signing_key:
            return fmt::format(
                "{}: no key that signs the keys (flags 257) is active on {} and has its private half here",
                folder, at);
        case dnssec::PresignFault::no_zone_key:
            return fmt::format(
                "{}: no key that signs the zone (flags 256) is active on {}; copy the .key files of all keys "
                "here, and make those to come with `kith key generate --count`",
                folder, at);
        case dnssec::PresignFault::too_many:
            return fmt::format(
                "more than {} signatures, of which the last would begin on {}; sign for less "
                "time (--periods), or less often (--every)",
                dnssec::presigned_max, at);
        case dnssec::PresignFault::library: break;
    }
    return std::string(crypto::fault_text(crypto::KeyFault::library));
}

Read<std::string> sign(const dnssec::PresignPlan& plan, const std::string& folder) {
    KITH_TRY(auto stored, files::read_key_folder(folder, plan.zone));
    if (stored.empty())
        return std::unexpected(
            fmt::format("{}: no keys of {} in this folder", folder, plan.zone.to_text()));
    std::vector<dnssec::TimedKey> keys;
    for (files::StoredKey& each : stored) keys.push_back({std::move(each.key), each.times});
    const auto rrsigs = dnssec::presign(keys, plan);
    if (!rrsigs) return std::unexpected(text_of(rrsigs.error(), folder));
    std::string out;
    for (const auto& rdata : *rrsigs) {
        out += fmt::format("{} {} IN RRSIG {}\n", plan.zone.to_text(), plan.ttl,
                           dns::rdata_to_text(dns::RrType::RRSIG, dns::RrClass::IN, rdata));
    }
    return out;
}

}  // namespace

int key_presign(const KeyPresignOptions& options, std::ostream& out, std::ostream& err) {
    constexpr std::string_view command = "key presign";
    const auto plan = read_plan(options);
    if (!plan) return wrong_usage(err, command, plan.error());
    const auto text = sign(*plan, options.folder);
    if (!text) return failed(err, command, text.error());
    if (options.output.empty()) {
        out << *text;
        return out.flush().good() ? exit_good : exit_failed;
    }
    std::ofstream file(options.output, std::ios::trunc);
    file << *text;
    if (file.flush().good()) return exit_good;
    return failed(err, command, fmt::format("{}: cannot be written", options.output));
}

}  // namespace kith::cli
