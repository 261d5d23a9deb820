#include "cli/key_presign.hpp"

#include <fstream>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dns/rdata.hpp"
#include "dnssec/rrsig.hpp"
#include "files/key_files.hpp"
#include "net/system.hpp"
#include "zone/zone_file.hpp"

namespace kith::cli {
namespace {

using dns::RrType;
using Rdatas = std::vector<std::vector<std::uint8_t>>;

constexpr int periods_max = 200;  // what the server reads of one file, in three RRsets
constexpr UnixTime inception_skew = 3600;

/// What a person meant, or what is wrong with it.
struct Wanted {
    dns::Name zone;
    UnixTime from = 0;
    std::uint32_t every = 0, validity = 0, ttl = 0;
};

Result<std::uint32_t, std::string> read_time(std::string_view option, const std::string& text) {
    const auto seconds = zone::parse_ttl(text);
    if (seconds) return *seconds;
    return std::unexpected(
        fmt::format("{}: expected seconds, or a time such as 7d, found {}", option, text));
}

Result<Wanted, std::string> read_wanted(const KeyPresignOptions& options) {
    Wanted out;
    const auto name = dns::Name::from_text(options.zone);
    if (!name) return std::unexpected(fmt::format("{}: {}", options.zone, name.error().text));
    out.zone = name->lowered();
    out.from = net::unix_now();
    if (!options.from.empty()) {
        const auto from = dnssec::parse_key_time(options.from);
        if (!from)
            return std::unexpected(
                fmt::format("--from: expected YYYYMMDDHHMMSS in UTC, found {}", options.from));
        out.from = *from;
    }
    KITH_TRY(out.every, read_time("--every", options.every));
    KITH_TRY(out.validity, read_time("--validity", options.validity));
    KITH_TRY(out.ttl, read_time("--ttl", options.ttl));
    if (out.every == 0 || out.validity <= out.every)
        return std::unexpected(
            "--validity: expected more than --every, so that signatures overlap");
    if (options.periods < 1 || options.periods > periods_max)
        return std::unexpected(
            fmt::format("--periods: expected 1 to {}, found {}", periods_max, options.periods));
    return out;
}

/// The RRsets at the apex that key signing keys sign.
struct Made {
    RrType type{};
    Rdatas rdatas;
};
std::vector<Made> made_of(const dns::Name& zone, const std::vector<files::StoredKey>& keys) {
    Made dnskeys{RrType::DNSKEY, {}};
    Made cds{RrType::CDS, {}};
    Made cdnskeys{RrType::CDNSKEY, {}};
    for (const files::StoredKey& each : keys) {
        const Bytes rdata = each.key.rdata();
        dnskeys.rdatas.emplace_back(rdata.begin(), rdata.end());
        if (!each.key.is_sep()) continue;
        cds.rdatas.push_back(dnssec::make_ds(zone, rdata, dnssec::DsDigest::sha256));
        cdnskeys.rdatas.emplace_back(rdata.begin(), rdata.end());
    }
    return {dnskeys, cds, cdnskeys};
}

Result<std::string, std::string> sign(const Wanted& wanted, int periods,
                                      const std::vector<files::StoredKey>& keys) {
    const std::vector<Made> made = made_of(wanted.zone, keys);
    dnssec::Canonicalizer canonicalizer;
    std::string out;
    for (const files::StoredKey& each : keys) {
        if (!each.key.is_sep() || !each.key.private_key()) continue;
        dnssec::RrsetSigner signer(each.key, wanted.zone);
        for (int period = 0; period < periods; ++period) {
            const UnixTime at = wanted.from + UnixTime{period} * wanted.every;
            const dnssec::SignatureTimes times{at - inception_skew, at + wanted.validity};
            for (const Made& set : made) {
                const std::vector<Bytes> rdatas(set.rdatas.begin(), set.rdatas.end());
                const dnssec::SignedSet signed_set{wanted.zone, set.type, dns::RrClass::IN,
                                                   wanted.ttl};
                const auto rrsig =
                    signer.sign(signed_set,
                                canonicalizer.rrset(
                                    {wanted.zone, set.type, dns::RrClass::IN, wanted.ttl}, rdatas),
                                times);
                if (!rrsig) return std::unexpected(std::string(crypto::fault_text(rrsig.error())));
                out += fmt::format("{} {} IN RRSIG {}\n", wanted.zone.to_text(), wanted.ttl,
                                   dns::rdata_to_text(RrType::RRSIG, dns::RrClass::IN, *rrsig));
            }
        }
    }
    if (out.empty())
        return std::unexpected("no key that signs the keys (flags 257) has its private half here");
    return out;
}

}  // namespace

int key_presign(const KeyPresignOptions& options, std::ostream& out, std::ostream& err) {
    const auto text = [&]() -> Result<std::string, std::string> {
        KITH_TRY(const Wanted wanted, read_wanted(options));
        KITH_TRY(const auto keys, files::read_key_folder(options.folder, wanted.zone));
        if (keys.empty())
            return std::unexpected(fmt::format("{}: no keys of {} in this folder", options.folder,
                                               wanted.zone.to_text()));
        return sign(wanted, options.periods, keys);
    }();
    if (!text) {
        fmt::print(err, "{}\n", text.error());
        return 1;
    }
    if (options.output.empty()) {
        out << *text;
        return out.flush().good() ? 0 : 1;
    }
    std::ofstream file(options.output, std::ios::trunc);
    file << *text;
    if (file.flush().good()) return 0;
    fmt::print(err, "{}: cannot be written\n", options.output);
    return 1;
}

}  // namespace kith::cli
