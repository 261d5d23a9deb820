#include "server/signing_config.hpp"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include <fmt/format.h>

#include "base/log.hpp"
#include "dns/decode.hpp"
#include "dns/rdata.hpp"
#include "dnssec/key_file.hpp"
#include "dnssec/presign.hpp"
#include "dnssec/rrsig.hpp"
#include "dnssec/signer_keys.hpp"
#include "files/file_text.hpp"
#include "files/key_files.hpp"
#include "zone/zone_file.hpp"

namespace kith::server {
namespace {

using crypto::Algorithm;
using dnssec::KeySet;
using dnssec::ZoneKey;

constexpr std::size_t signature_file_bytes_max = std::size_t{4} << 20;

UnixTime seconds(config::milliseconds value) { return value.count() / 1000; }

Result<std::vector<ZoneKey>, std::string> foreign_keys_of(const config::Dnssec& settings) {
    std::vector<ZoneKey> out;
    for (const config::TextAt& each : settings.foreign_keys) {
        const auto rdata = dns::rdata_from_text(dns::RrType::DNSKEY, each.text, dns::Name());
        if (!rdata)
            return std::unexpected(fmt::format(
                "foreign_keys: expected a DNSKEY such as \"257 3 13 BASE64\", found '{}'",
                each.text));
        auto key = ZoneKey::from_dnskey(*rdata);
        if (!key) return std::unexpected("foreign_keys: the key is too short");
        out.push_back(std::move(*key));
    }
    return out;
}

/// The first of these times that is after `now`; 0 is none.
void note_change(UnixTime& next_change, UnixTime at, UnixTime now) {
    if (at > now && (next_change == 0 || at < next_change)) next_change = at;
}

Result<std::vector<dnssec::TimedKey>, std::string> keys_of_folder(zone::NameView apex,
                                                                  const std::string& path) {
    KITH_TRY(auto stored, files::read_key_folder(path, apex));
    if (stored.empty())
        return std::unexpected(
            fmt::format("{}: no keys of {} in this folder", path, apex.to_text()));
    std::vector<dnssec::TimedKey> keys;
    for (files::StoredKey& each : stored) keys.push_back({std::move(each.key), each.times});
    return keys;
}

/// Keys in PEM or DER.
Result<KeySet, std::string> keys_of_files(const config::Dnssec& settings, const std::string& folder,
                                          MissingKeys missing) {
    std::vector<ZoneKey> all;
    for (const config::KeyFile& file : settings.key_files) {
        const std::string path = (std::filesystem::path(folder) / file.file).string();
        const Algorithm algorithm = algorithm_of(file.algorithm);
        if (!std::filesystem::exists(path)) {
            const auto made = crypto::PrivateKey::generate(algorithm);
            if (!made)
                return std::unexpected(
                    fmt::format("no key can be made: {}", crypto::fault_text(made.error())));
            if (missing == MissingKeys::look) {
                all.emplace_back(dnssec::ksk_flags, *made);
                continue;
            }
            KITH_TRY_VOID(files::write_secret_file(path, made->to_pem().bytes()));
            log::write(log::Level::info, "key.made", log::kv("file", path));
        }
        KITH_TRY(const crypto::SecretBytes text, files::read_secret_file(path));
        const bool is_pem = as_text(text.bytes()).find("-----BEGIN") != std::string_view::npos;
        const auto key = is_pem ? crypto::PrivateKey::from_pem(algorithm, as_text(text.bytes()))
                                : crypto::PrivateKey::from_der(algorithm, text.bytes());
        if (!key)
            return std::unexpected(fmt::format("{}: {}", path, crypto::fault_text(key.error())));
        all.emplace_back(dnssec::ksk_flags, *key);
    }
    return dnssec::use_by_flags(std::move(all));
}

struct ImportedSignature {
    std::vector<std::uint8_t> rdata;
    dnssec::Rrsig rrsig;  // of it
};

/// The error says where the record is, and what was expected in its place.
Result<ImportedSignature, std::string> signature_of(zone::NameView apex,
                                                    const zone::FileRecord& record) {
    std::string found = fmt::format("{} {}", record.owner.to_text(), dns::type_name(record.type));
    if (record.type == dns::RrType::RRSIG) {
        std::vector<std::uint8_t> rdata(record.rdata.begin(), record.rdata.end());
        const auto rrsig = dnssec::Rrsig::read(rdata);
        if (rrsig && record.owner == apex && dnssec::is_key_type(rrsig->covered))
            return ImportedSignature{std::move(rdata), *rrsig};
        if (rrsig) found += fmt::format(" over {}", dns::type_name(rrsig->covered));
    }
    return std::unexpected(fmt::format(
        "{}:{}: expected nothing but RRSIG records of {} over DNSKEY, CDS and CDNSKEY, found {}",
        record.file, record.line, apex.to_text(), found));
}

/// A signature that lost its last bytes may still look like one, so the end of its line has to be there.
Result<void, std::string> check_last_line(const std::string& path, std::string_view text) {
    if (text.empty() || text.ends_with('\n')) return {};
    const std::size_t begin = text.rfind('\n') + 1;
    return std::unexpected(fmt::format(
        "{}:{}:{}: expected the end of the line, found that of the file: some of it may be missing; copy it again",
        path, std::ranges::count(text, '\n') + 1, text.size() - begin + 1));
}

/// The RRSIGs in a file, which has nothing else.
Result<std::vector<ImportedSignature>, std::string> read_signatures(zone::NameView apex,
                                                                    const std::string& path) {
    const auto text = files::FileText::read(path, signature_file_bytes_max);
    if (!text) return std::unexpected(text.error());
    std::vector<ImportedSignature> out;
    std::string wrong;
    zone::ProblemList list(1);
    zone::ZoneFileOptions options;
    options.file = path;
    options.origin = zone::Name(apex);
    options.default_ttl = 0;  // that of an RRSIG is what it signs
    zone::read_zone_file(
        text->view(), options, {},
        [&](const zone::FileRecord& record) {
            auto read = signature_of(apex, record);
            if (!read) {
                wrong = read.error();
            } else if (out.size() == dnssec::presigned_max) {
                wrong = fmt::format("{}:{}: expected at most {} signatures", record.file,
                                    record.line, dnssec::presigned_max);
            } else {
                out.push_back(std::move(*read));
            }
            return wrong.empty() ? zone::Reading::go_on : zone::Reading::stop;
        },
        list);
    if (!list.kept().empty()) return std::unexpected(list.kept().front().to_text());
    if (!wrong.empty()) return std::unexpected(wrong);
    KITH_TRY_VOID(check_last_line(path, text->view()));
    return out;
}

/// Whether a published key made this signature over the RRset that the keys make.
bool proves(zone::NameView apex, const KeySet& keys, const ImportedSignature& signature,
            UnixTime now) {
    const auto rdatas = dnssec::key_records(apex, keys, signature.rrsig.covered,
                                            dnssec::SigningPolicy().cds_digests);
    const std::vector<Bytes> views(rdatas.begin(), rdatas.end());
    const dnssec::SignedSet set{apex, signature.rrsig.covered, dns::RrClass::IN,
                                signature.rrsig.original_ttl};
    return std::ranges::any_of(keys.keys, [&](const dnssec::UsedKey& used) {
        auto verifier = dnssec::RrsetVerifier::from_dnskey(used.key.rdata(), apex);
        return used.use.publish && verifier && verifier->tag() == signature.rrsig.key_tag &&
               verifier->verify(set, views, signature.rrsig, now).has_value();
    });
}

using Signatures = std::vector<const ImportedSignature*>;

/// Those of now, the last to end in front.
Signatures signatures_of_now(const std::vector<ImportedSignature>& all, UnixTime now,
                             UnixTime& next_change) {
    const auto end = [now](const ImportedSignature* each) {
        return dnssec::signature_time(each->rrsig.expiration, now);
    };
    Signatures out;
    for (const ImportedSignature& each : all) {
        const UnixTime from = dnssec::signature_time(each.rrsig.inception, now);
        note_change(next_change, from, now);
        note_change(next_change, end(&each) + 1, now);
        if (from <= now && now <= end(&each)) out.push_back(&each);
    }
    std::ranges::stable_sort(out, std::ranges::greater(), end);
    return out;
}

/// Of each key that signed the RRset of this type that the keys make, the signature that ends last.
Signatures proofs_of(zone::NameView apex, dns::RrType type, std::uint32_t ttl, const KeySet& keys,
                     const Signatures& of_now, UnixTime now) {
    Signatures out;
    for (const ImportedSignature* const each : of_now) {
        const bool is_there = std::ranges::any_of(out, [each](const ImportedSignature* other) {
            return other->rrsig.key_tag == each->rrsig.key_tag &&
                   other->rrsig.algorithm == each->rrsig.algorithm;
        });
        if (!is_there && each->rrsig.covered == type && each->rrsig.original_ttl == ttl &&
            proves(apex, keys, *each, now))
            out.push_back(each);
    }
    return out;
}

/// Signatures that were made where the private key is. Those that are not of now wait, and so do those over
/// RRsets that keys make at another time; what is left stands beside the RRsets of now.
Result<void, std::string> add_signatures(zone::NameView apex, const config::Dnssec& settings,
                                         const std::string& path, UnixTime now, FileKeys& out) {
    KITH_TRY(const auto all, read_signatures(apex, path));
    const Signatures of_now = signatures_of_now(all, now, out.next_change);
    const auto has = [&](dns::RrType type) {
        return std::ranges::any_of(
            of_now, [type](const auto* each) { return each->rrsig.covered == type; });
    };
    if (!has(dns::RrType::DNSKEY))
        return std::unexpected(fmt::format(
            "{}: no RRSIG over the DNSKEY records of {} is valid now", path, apex.to_text()));
    if (has(dns::RrType::CDS) != has(dns::RrType::CDNSKEY) && !out.keys.announce_removal)
        return std::unexpected(fmt::format(
            "{}: expected RRSIGs that are valid now over both CDS and CDNSKEY, or over neither, found over {} "
            "alone; sign them again where the private key is",
            path, has(dns::RrType::CDS) ? "CDS" : "CDNSKEY"));
    // The keys that are here leave the RRsets of keys to the one that is not.
    const bool announces =
        has(dns::RrType::CDS) && has(dns::RrType::CDNSKEY) && !out.keys.announce_removal;
    for (dnssec::UsedKey& used : out.keys.keys) {
        used.use.announce = used.use.announce && announces && !used.key.private_key();
        if (!used.key.is_sep()) used.use.sign_keys = false;
    }
    for (const dns::RrType type : {dns::RrType::DNSKEY, dns::RrType::CDS, dns::RrType::CDNSKEY}) {
        if (type != dns::RrType::DNSKEY && !announces) continue;
        const Signatures proofs = proofs_of(apex, type, settings.dnskey_ttl, out.keys, of_now, now);
        if (proofs.empty())
            return std::unexpected(fmt::format(
                "{}: no RRSIG over {} that is valid now is of the records that the keys make (with TTL {}); sign "
                "them again where the private key is",
                path, dns::type_name(type), settings.dnskey_ttl));
        for (const ImportedSignature* const each : proofs)
            out.keys.imported_signatures.push_back(each->rdata);
    }
    return {};
}

}  // namespace

Algorithm algorithm_of(config::SigningAlgorithm algorithm) {
    switch (algorithm) {
        case config::SigningAlgorithm::rsasha256: return Algorithm::RSASHA256;
        case config::SigningAlgorithm::rsasha512: return Algorithm::RSASHA512;
        case config::SigningAlgorithm::ecdsap256sha256: return Algorithm::ECDSAP256SHA256;
        case config::SigningAlgorithm::ecdsap384sha384: return Algorithm::ECDSAP384SHA384;
        case config::SigningAlgorithm::ed25519: return Algorithm::ED25519;
        case config::SigningAlgorithm::ed448: return Algorithm::ED448;
    }
    return Algorithm::ECDSAP256SHA256;
}

Result<dnssec::SigningPolicy, std::string> signing_policy_of(const config::Dnssec& settings) {
    dnssec::SigningPolicy policy;
    policy.validity = seconds(settings.signature_validity);
    policy.refresh = seconds(settings.signature_refresh);
    policy.jitter = seconds(settings.signature_jitter);
    policy.denial =
        settings.denial == config::DenialRule::nsec ? dnssec::Denial::nsec : dnssec::Denial::nsec3;
    policy.nsec3.iterations = settings.nsec3_iterations;
    const auto salt = dns::decode(dns::Decoder::Base::base16, settings.nsec3_salt);
    if (!salt) return std::unexpected("nsec3_salt: expected hexadecimal digits, two a byte");
    policy.nsec3.salt = *salt;
    policy.opt_out = settings.nsec3_opt_out ? dnssec::OptOut::yes : dnssec::OptOut::no;
    policy.dnskey_ttl = settings.dnskey_ttl;
    switch (settings.csync) {
        case config::CsyncRule::keep: break;
        case config::CsyncRule::none: policy.csync = dnssec::CsyncRule::none; break;
        case config::CsyncRule::approval: policy.csync = dnssec::CsyncRule::approval; break;
        case config::CsyncRule::immediate: policy.csync = dnssec::CsyncRule::immediate; break;
    }
    switch (settings.zonemd) {
        case config::ZonemdRule::off: break;
        case config::ZonemdRule::sha384: policy.zonemd = dnssec::ZonemdHash::sha384; break;
        case config::ZonemdRule::sha512: policy.zonemd = dnssec::ZonemdHash::sha512; break;
    }
    return policy;
}

Result<KeyWishes, std::string> key_wishes_of(const config::Dnssec& settings) {
    KeyWishes out;
    dnssec::KeyPolicy& policy = out.policy;
    policy.layout =
        settings.keys == config::KeyScheme::csk ? dnssec::KeyLayout::csk : dnssec::KeyLayout::split;
    policy.algorithm = algorithm_of(settings.algorithm);
    policy.ksk_lifetime = seconds(settings.ksk_lifetime);
    policy.zsk_lifetime = seconds(settings.zsk_lifetime);
    policy.dnskey_ttl = settings.dnskey_ttl;
    policy.zone_ttl_max = seconds(settings.zone_ttl_max);
    policy.ds_ttl = seconds(settings.ds_ttl);
    policy.propagation = seconds(settings.propagation);
    policy.parent_propagation = seconds(settings.parent_propagation);
    policy.safety = seconds(settings.rollover_margin);
    policy.leaves = settings.remove_ds;
    KITH_TRY(out.foreign, foreign_keys_of(settings));
    return out;
}

Result<FileKeys, std::string> read_file_keys(zone::NameView apex, const config::Dnssec& settings,
                                             const std::string& folder, UnixTime now,
                                             MissingKeys missing) {
    FileKeys out;
    const std::filesystem::path base(folder);
    if (settings.key_files.empty()) {
        KITH_TRY(const auto keys, keys_of_folder(apex, (base / settings.key_directory).string()));
        for (const dnssec::TimedKey& each : keys) {
            for (const UnixTime at : dnssec::change_times(each.times))
                note_change(out.next_change, at, now);
        }
        out.keys = settings.key_signatures.empty() ? dnssec::use_by_times(keys, now)
                                                   : dnssec::use_presigned(keys, now);
    } else {
        KITH_TRY(out.keys, keys_of_files(settings, folder, missing));
    }
    KITH_TRY(const std::vector<ZoneKey> foreign, foreign_keys_of(settings));
    for (const ZoneKey& key : foreign)
        out.keys.keys.push_back({key, {true, false, false, key.is_sep()}});
    out.keys.announce_removal = settings.remove_ds;
    if (settings.key_signatures.empty()) return out;
    KITH_TRY_VOID(
        add_signatures(apex, settings, (base / settings.key_signatures).string(), now, out));
    return out;
}

bool same_signing(const config::Dnssec& a, const config::Dnssec& b) {
    const auto fields = [](const config::Dnssec& all) {
        return std::tie(all.algorithm, all.keys, all.denial, all.nsec3_iterations, all.nsec3_salt,
                        all.nsec3_opt_out, all.dnskey_ttl, all.zonemd, all.csync, all.key_directory,
                        all.key_signatures, all.remove_ds);
    };
    return fields(a) == fields(b) &&
           std::ranges::equal(a.foreign_keys, b.foreign_keys, {}, &config::TextAt::text,
                              &config::TextAt::text) &&
           std::ranges::equal(a.key_files, b.key_files, {}, &config::KeyFile::file,
                              &config::KeyFile::file);
}

}  // namespace kith::server
