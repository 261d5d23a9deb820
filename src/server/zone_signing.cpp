#include "server/zone_signing.hpp"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include <fmt/format.h>

#include "base/log.hpp"
#include "dns/decode.hpp"
#include "dnssec/key_file.hpp"
#include "server/key_files.hpp"

namespace kith::server {
namespace {

using crypto::Algorithm;
using dnssec::SigningPolicy;
using dnssec::ZoneKey;

constexpr std::string_view keys_space = "dnssec-keys";
// Between two looks at parts of a large zone.
constexpr Duration look_step = 100ms;
// Signatures are looked at this often at the least, whatever the clocks did.
constexpr UnixTime look_seconds_max = 3600;

UnixTime seconds(config::milliseconds value) { return value.count() / 1000; }

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

Result<SigningPolicy, std::string> policy_of(const config::Dnssec& settings) {
    SigningPolicy policy;
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
    switch (settings.zonemd) {
        case config::ZonemdRule::off: break;
        case config::ZonemdRule::sha384: policy.zonemd = dnssec::ZonemdHash::sha384; break;
        case config::ZonemdRule::sha512: policy.zonemd = dnssec::ZonemdHash::sha512; break;
    }
    return policy;
}

/// True when nothing in the zone follows from what differs.
bool same_signing(const config::Dnssec& a, const config::Dnssec& b) {
    const auto fields = [](const config::Dnssec& all) {
        return std::tie(all.algorithm, all.keys, all.denial, all.nsec3_iterations, all.nsec3_salt,
                        all.nsec3_opt_out, all.dnskey_ttl, all.zonemd, all.key_directory);
    };
    return fields(a) == fields(b) &&
           std::ranges::equal(a.key_files, b.key_files, {}, &config::KeyFile::file,
                              &config::KeyFile::file);
}

std::string text_of(const dnssec::SignError& error) {
    std::string out(dnssec::fault_text(error.fault));
    if (!error.owner.is_root()) out = error.owner.to_text() + ": " + out;
    return out;
}

}  // namespace

struct ZoneSigning::Current {
    explicit Current(dnssec::ZoneSigner&& made) : signer(std::move(made)) {}
    dnssec::ZoneSigner signer;
};

struct ZoneSigning::Entry {
    Entry(net::Loop& loop, std::function<void()> on_look) : timer(loop, std::move(on_look)) {}
    Name apex;
    std::shared_ptr<Current> current;
    config::Dnssec settings;  // it was signed with
    bool wants_all = false;   // those have changed since
    Name next;                // where the look at signatures goes on
    UnixTime first_due = 0;
    net::Timer timer;
};

ZoneSigning::ZoneSigning(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Rng& rng,
                         ZoneKeeper::Clock now)
    : loop_(loop), keeper_(keeper), store_(store), rng_(rng), now_(std::move(now)) {}
ZoneSigning::~ZoneSigning() = default;

Result<dnssec::KeySet, std::string> ZoneSigning::keys(const Name& apex,
                                                      const config::Dnssec& settings,
                                                      const std::string& folder) {
    if (!settings.key_files.empty()) return keys_of_files(settings, folder);
    if (settings.key_directory.empty()) return kept_keys(apex, settings);
    const std::string path = (std::filesystem::path(folder) / settings.key_directory).string();
    KITH_TRY(auto stored, read_key_folder(path, apex));
    if (stored.empty())
        return std::unexpected(
            fmt::format("{}: no keys of {} in this folder", path, apex.to_text()));
    std::vector<ZoneKey> all;
    for (StoredKey& each : stored) all.push_back(std::move(each.key));
    dnssec::KeySet set = dnssec::use_by_flags(std::move(all));
    for (std::size_t i = 0; i < set.keys.size(); ++i)
        set.keys[i].use = dnssec::use_at(set.keys[i].use, stored[i].times, now_());
    return set;
}

/// Keys in PEM or DER; one whose file is not there is made.
Result<dnssec::KeySet, std::string> ZoneSigning::keys_of_files(const config::Dnssec& settings,
                                                               const std::string& folder) {
    std::vector<ZoneKey> all;
    for (const config::KeyFile& file : settings.key_files) {
        const std::string path = (std::filesystem::path(folder) / file.file).string();
        const Algorithm algorithm = algorithm_of(file.algorithm);
        if (!std::filesystem::exists(path)) {
            const auto made = crypto::PrivateKey::generate(algorithm);
            if (!made)
                return std::unexpected(
                    fmt::format("no key can be made: {}", crypto::fault_text(made.error())));
            KITH_TRY_VOID(write_secret_file(path, made->to_pem().bytes()));
            log::write(log::Level::info, "key.made", log::kv("file", path));
        }
        KITH_TRY(const crypto::SecretBytes text, read_secret_file(path));
        const bool is_pem = as_text(text.bytes()).find("-----BEGIN") != std::string_view::npos;
        const auto key = is_pem ? crypto::PrivateKey::from_pem(algorithm, as_text(text.bytes()))
                                : crypto::PrivateKey::from_der(algorithm, text.bytes());
        if (!key)
            return std::unexpected(fmt::format("{}: {}", path, crypto::fault_text(key.error())));
        all.emplace_back(dnssec::ksk_flags, *key);
    }
    return dnssec::use_by_flags(std::move(all));
}

/// Keys in the store, by zone and tag, as the text of a .private file with the flags in front.
Result<dnssec::KeySet, std::string> ZoneSigning::kept_keys(const Name& apex,
                                                           const config::Dnssec& settings) {
    const std::string prefix = apex.lowered().to_text() + ' ';
    const Algorithm algorithm = algorithm_of(settings.algorithm);
    const auto known = store_.list(keys_space);
    if (!known) return std::unexpected(known.error().text);
    std::vector<ZoneKey> all;
    for (const store::KeyValue& each : *known) {
        if (!each.key.starts_with(prefix) || each.value.size() < 2) continue;
        const auto file = dnssec::parse_private_key(as_text(Bytes(each.value).subspan(2)));
        if (!file)
            return std::unexpected(fmt::format("{}: the key {} cannot be read: {}", store_.file(),
                                               each.key, file.error().text));
        all.emplace_back(load_u16(each.value.data()), file->key);
    }
    std::vector<std::uint16_t> wanted = {dnssec::ksk_flags};
    if (settings.keys == config::KeyScheme::ksk_zsk) wanted.push_back(dnssec::zsk_flags);
    for (const std::uint16_t flags : wanted) {
        const bool there = std::ranges::any_of(all, [&](const ZoneKey& key) {
            return key.flags() == flags && key.algorithm() == static_cast<std::uint8_t>(algorithm);
        });
        if (there) continue;
        auto made = crypto::PrivateKey::generate(algorithm);
        if (!made)
            return std::unexpected(
                fmt::format("no key can be made: {}", crypto::fault_text(made.error())));
        const ZoneKey key(flags, *made);
        dnssec::KeyTimes times;
        times.created = now_();
        const crypto::SecretBytes text = dnssec::format_private_key({*made, times});
        store::KeyValue value{fmt::format("{}{} {}", prefix, key.algorithm(), key.tag()), {}};
        value.value.resize(2);
        store_u16(value.value.data(), flags);
        value.value.insert(value.value.end(), text.bytes().begin(), text.bytes().end());
        const auto stored = store_.put(keys_space, std::span(&value, 1));
        if (!stored) return std::unexpected(stored.error().text);
        log::write(log::Level::info, "key.made", log::kv("zone", apex.to_text()),
                   log::kv("tag", key.tag()),
                   log::kv("algorithm", static_cast<unsigned>(key.algorithm())));
        all.push_back(key);
    }
    return dnssec::use_by_flags(std::move(all));
}

Result<ZoneSigning::Prepared, std::string> ZoneSigning::prepare(const Name& apex,
                                                                const config::Dnssec& settings,
                                                                const std::string& folder) {
    KITH_TRY(const SigningPolicy policy, policy_of(settings));
    KITH_TRY(dnssec::KeySet set, keys(apex, settings, folder));
    auto made = dnssec::ZoneSigner::make(apex, std::move(set), policy);
    if (!made) return std::unexpected(text_of(made.error()));
    auto current = std::make_shared<Current>(std::move(*made));
    Signer sign = [this, current](const Zone& after, const ZoneChange* change,
                                  std::span<const Name> due) -> Result<ZoneChange, std::string> {
        auto extra = change == nullptr ? current->signer.sign(after, now_(), rng_)
                                       : current->signer.resign(after, *change, due, now_(), rng_);
        if (!extra) return std::unexpected(text_of(extra.error()));
        return std::move(*extra);
    };
    return Prepared{std::move(sign), std::move(current), settings};
}

void ZoneSigning::take(const Name& apex, Prepared prepared) {
    auto& entry = entries_[apex];
    if (entry == nullptr) {
        entry = std::make_shared<Entry>(loop_, [this, apex] {
            if (const auto found = entries_.find(apex); found != entries_.end())
                look(*found->second);
        });
        entry->apex = entry->next = apex;
    }
    entry->wants_all = entry->current && !same_signing(entry->settings, prepared.settings);
    entry->settings = std::move(prepared.settings);
    entry->current = std::move(prepared.current);
}

void ZoneSigning::watch(const Name& apex) {
    const auto found = entries_.find(apex);
    if (found == entries_.end()) return;
    if (std::exchange(found->second->wants_all, false))
        keeper_.resign(apex, {}, {Origin::Kind::signer, {}}, {});
    look(*found->second);
}

void ZoneSigning::release(const Name& apex) { entries_.erase(apex); }

/// Looks at a part of the zone, has renewed what is due, and comes back for the rest.
void ZoneSigning::look(Entry& entry) {
    const ZonePtr zone = keeper_.serving(entry.apex);
    if (zone == nullptr) return;
    const UnixTime now = now_();
    dnssec::DueNames due = entry.current->signer.find_due(*zone, entry.next, now);
    if (due.first_due != 0 && (entry.first_due == 0 || due.first_due < entry.first_due))
        entry.first_due = due.first_due;
    const bool renews = !due.owners.empty();
    if (renews) keeper_.resign(entry.apex, std::move(due.owners), {Origin::Kind::signer, {}}, {});
    entry.next = due.at_end ? entry.apex : due.next;
    if (!due.at_end) return entry.timer.arm(loop_.now() + look_step);
    const UnixTime first = std::exchange(entry.first_due, 0);
    const UnixTime wait =
        first == 0 ? look_seconds_max : std::clamp<UnixTime>(first - now, 1, look_seconds_max);
    entry.timer.arm(loop_.now() + std::chrono::seconds(wait));
}

}  // namespace kith::server
