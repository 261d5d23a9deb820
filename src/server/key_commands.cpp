#include "server/key_commands.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/text.hpp"
#include "dns/rdata.hpp"
#include "server/kept_keys.hpp"

namespace kith::server {
namespace {

using config::json_text;
using config::time_text;
using dnssec::KeyId;
using dnssec::KeyIds;
using dnssec::KeyUse;
using dnssec::ManagedKey;
using dnssec::ZoneKey;
using Answer = Result<std::string, std::string>;

/// "13/04711", or a tag alone that one of the keys has.
std::optional<KeyId> id_of_word(std::string_view word, const dnssec::KeyManager& manager) {
    const bool is_tag = word.find('/') == word.npos;
    const auto id = KeyId::from_text(is_tag ? fmt::format("0/{}", word) : std::string(word));
    for (const ManagedKey& key : manager.keys()) {
        if (id && id->tag == key.id.tag && (is_tag || id->algorithm == key.id.algorithm))
            return key.id;
    }
    return std::nullopt;
}

/// One key as both forms of the status show it.
struct KeyLine {
    KeyId id;
    std::string_view role;
    std::string_view state;
    UnixTime since = 0;  // 0: not known here
    KeyUse use;
    bool has_ds = false;
    bool has_private = false;
};

std::string_view state_of(const ManagedKey& key, const KeyUse& use, bool has_ds) {
    if (key.is_retiring) return "retiring";
    if (!use.publish) return "coming";
    if (dnssec::signs_zone(key.role) && !use.sign_zone) return "published";
    if (dnssec::signs_keys(key.role) && !has_ds)
        return use.announce ? "waits for its DS" : "published";
    return "active";
}

std::vector<KeyLine> lines_of(const ZoneSigning::Status& status) {
    std::vector<KeyLine> out;
    if (status.managed != nullptr) {
        const dnssec::KeyManager& manager = status.managed->manager();
        for (const ManagedKey& key : manager.keys()) {
            const KeyUse use = manager.use(key.id);
            const bool has_ds = manager.seen_ds().contains(key.id);
            out.push_back({key.id, dnssec::role_name(key.role), state_of(key, use, has_ds),
                           key.since, use, has_ds, true});
        }
    }
    for (const dnssec::UsedKey& used : status.keys->keys) {
        const KeyId id = id_of(used.key);
        if (std::ranges::find(out, id, &KeyLine::id) != out.end()) continue;
        const bool has_private = used.key.private_key().has_value();
        const std::string_view state = status.managed != nullptr ? "of another signer"
                                       : has_private             ? "in a file"
                                                                 : "in a file, public";
        const std::string_view role = !used.key.is_sep()   ? "zsk"
                                      : used.use.sign_zone ? "csk"
                                                           : "ksk";
        out.push_back({id, role, state, 0, used.use, false, has_private});
    }
    return out;
}

std::vector<std::string> ds_of(const Name& apex, const dnssec::KeySet& keys) {
    std::vector<std::string> out;
    for (const dnssec::UsedKey& used : keys.keys) {
        if (!used.use.announce) continue;
        const auto rdata = dnssec::make_ds(apex, used.key.rdata(), dnssec::DsDigest::sha256);
        out.push_back(fmt::format("{} IN DS {}", apex.to_text(),
                                  dns::rdata_to_text(dns::RrType::DS, dns::RrClass::IN, rdata)));
    }
    return out;
}

/// What is waited for, and who for.
std::vector<std::string> waits_of(const ZoneSigning::Status& status) {
    if (status.managed == nullptr) return {};
    auto out = status.managed->manager().waiting_for(status.managed->time());
    if (status.settings->remove_ds && !status.managed->is_bound())
        out.emplace_back("nothing: signing may end");
    return out;
}

bool wants_ds(const ZoneSigning::Status& status) {
    if (status.managed == nullptr) return false;
    const dnssec::KeyManager& manager = status.managed->manager();
    return manager.wanted_ds() != manager.seen_ds() && !manager.wanted_ds().empty();
}

std::string use_text(const KeyLine& line) {
    std::string out;
    const auto add = [&out](bool does, std::string_view what) {
        if (does) out += (out.empty() ? "" : ", ") + std::string(what);
    };
    add(line.use.publish, "DNSKEY");
    add(line.use.sign_keys, "signs keys");
    add(line.use.sign_zone, "signs the zone");
    add(line.use.announce, "CDS");
    add(line.has_ds, "DS");
    return out.empty() ? "not used" : out;
}

std::string status_text(const Name& apex, const ZoneSigning::Status& status) {
    std::string out =
        fmt::format("{}  {}\n", apex.to_text(),
                    status.managed != nullptr ? "keys made and rolled here" : "keys in files");
    for (const KeyLine& line : lines_of(status)) {
        out += fmt::format("  {} {} {}  {}: {}", line.id.to_text(),
                           crypto::algorithm_name(line.id.algorithm), line.role, line.state,
                           use_text(line));
        if (line.since != 0) out += fmt::format("; since {}", time_text(line.since));
        out += '\n';
    }
    for (const std::string& wait : waits_of(status)) out += fmt::format("  waits: {}\n", wait);
    if (wants_ds(status)) {
        for (const std::string& ds : ds_of(apex, *status.keys))
            out += fmt::format("  for the parent: {}\n", ds);
    }
    if (!status.parent.empty()) out += fmt::format("  the parent: {}\n", status.parent);
    if (status.managed != nullptr) {
        if (const UnixTime next = status.managed->manager().next_roll())
            out += fmt::format("  next roll: {}\n", time_text(next));
    }
    if (!status.trouble.empty()) out += fmt::format("  trouble: {}\n", status.trouble);
    return out;
}

std::string list_json(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + json_text(text);
    return out + ']';
}

std::string status_json(const Name& apex, const ZoneSigning::Status& status) {
    std::string keys;
    for (const KeyLine& line : lines_of(status)) {
        keys += fmt::format(
            R"({}{{"key": "{}", "algorithm": "{}", "tag": {}, "role": "{}", "state": "{}", "since": {}, )"
            R"("private": {}, "dnskey": {}, "signs_keys": {}, "signs_zone": {}, "cds": {}, "ds": {}}})",
            keys.empty() ? "" : ", ", line.id.to_text(), crypto::algorithm_name(line.id.algorithm),
            line.id.tag, line.role, line.state,
            line.since == 0 ? "null" : json_text(time_text(line.since)), line.has_private,
            line.use.publish, line.use.sign_keys, line.use.sign_zone, line.use.announce,
            line.has_ds);
    }
    const UnixTime next = status.managed == nullptr ? 0 : status.managed->manager().next_roll();
    return fmt::format(
        R"({{"zone": {}, "managed": {}, "keys": [{}], "waits": {}, "wanted_ds": {}, "parent": {}, )"
        R"("next_roll": {}, "may_end": {}, "trouble": {}}})"
        "\n",
        json_text(apex.to_text()), status.managed != nullptr, keys, list_json(waits_of(status)),
        list_json(ds_of(apex, *status.keys)), json_text(status.parent),
        next == 0 ? "null" : json_text(time_text(next)),
        status.managed == nullptr || !status.managed->is_bound(), json_text(status.trouble));
}

Answer show(const ZoneSigning& signing, bool json, const std::optional<Name>& only) {
    std::string out;
    for (const Name& apex : only ? std::vector<Name>{*only} : signing.zones()) {
        const auto status = signing.status(apex);
        if (!status)
            return std::unexpected(fmt::format("{}: no such zone is signed here", apex.to_text()));
        out += json ? status_json(apex, *status) : status_text(apex, *status);
    }
    if (out.empty() && !json) return std::string("no zone is signed here\n");
    return out;
}

Answer see_ds(ZoneSigning& signing, const Name& apex, std::span<const std::string_view> words) {
    const auto status = signing.status(apex);
    if (!status || status->managed == nullptr) {
        KITH_TRY_VOID(signing.ds_seen(apex, {}));  // says why not
        return std::string();
    }
    const dnssec::KeyManager& manager = status->managed->manager();
    KeyIds seen;
    for (const std::string_view word : words) {
        if (word == "none") continue;
        if (word == "wanted") {
            if (manager.wanted_ds().empty() && !manager.announces_removal())
                return std::unexpected(fmt::format(
                    "{}: its DS is not to be given to the parent yet; `kith key status` says what is "
                    "waited for",
                    apex.to_text()));
            seen = manager.wanted_ds();
            continue;
        }
        const auto id = id_of_word(word, manager);
        if (!id)
            return std::unexpected(
                fmt::format("{}: expected a key of the zone such as 13/04711, found '{}'",
                            apex.to_text(), word));
        seen.insert(*id);
    }
    KITH_TRY_VOID(signing.ds_seen(apex, std::move(seen)));
    return show(signing, false, apex);
}

Answer roll(ZoneSigning& signing, const Name& apex, std::string_view word) {
    const auto role = dnssec::parse_role(word);
    if (!role) return std::unexpected(fmt::format("expected csk, ksk or zsk, found '{}'", word));
    KITH_TRY_VOID(signing.roll(apex, *role));
    return fmt::format("{}: a new {} takes over step by step; `kith key status` follows it\n",
                       apex.to_text(), word);
}

Answer roll_to(ZoneSigning& signing, const Name& apex, std::string_view word) {
    const auto algorithm = crypto::parse_algorithm(word);
    if (!algorithm || crypto::row_of(*algorithm).signing == crypto::Signing::refused) {
        return std::unexpected(fmt::format(
            "expected ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448, RSASHA256 or RSASHA512, "
            "found '{}'",
            word));
    }
    KITH_TRY_VOID(signing.roll_to(apex, *algorithm));
    return fmt::format(
        "{}: keys of algorithm {} take over step by step; set 'algorithm' in the configuration too\n",
        apex.to_text(), crypto::algorithm_name(static_cast<std::uint8_t>(*algorithm)));
}

}  // namespace

Answer run_key_command(ZoneSigning& signing, std::string_view request) {
    const auto words = config::split_words(request);
    const auto word = [&words](std::size_t i) {
        return i < words.size() ? words[i] : std::string_view();
    };
    const bool is_status = word(1) == "status";
    const std::string_view zone = word(is_status ? 3 : 2);
    std::optional<Name> apex;
    if (!zone.empty()) {
        const auto name = Name::from_text(std::string(zone));
        if (!name) return std::unexpected(fmt::format("{}: {}", zone, name.error().text));
        apex = *name;
    }
    if (word(0) != "key" || (!apex && !is_status))
        return std::unexpected(fmt::format("a request that is not understood: {}", request));
    if (is_status) return show(signing, word(2) == "json", apex);
    if (word(1) == "roll") return roll(signing, *apex, word(3));
    if (word(1) == "roll-to") return roll_to(signing, *apex, word(3));
    if (word(1) == "ds-seen") return see_ds(signing, *apex, std::span(words).subspan(3));
    if (word(1) == "check-parent") {
        KITH_TRY_VOID(signing.check_parent(*apex));
        return fmt::format("{}: the parent's servers are asked; `kith key status` has the answer\n",
                           apex->to_text());
    }
    return std::unexpected(fmt::format("a request that is not understood: {}", request));
}

}  // namespace kith::server
