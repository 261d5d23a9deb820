// The state of a KeyManager as lines of text, for the state directory:
//
//   kith-keys 1
//   key 13/04711 csk 1767225600 in-use           id, role, added, in-use or retiring
//   ds 0 13/04711                                gone (0: there), keys
//   keys 1767229200 3600 13/04711 / 13/04711     gone, TTL, published / signers
//   zone 0 13/04711                              gone, signers
//   wanted 13/04711                              what CDS asks for
//   roll zsk                                     asked for by hand
//   generation 3
//
// Versions stand in their order, the current one last.

#include <charconv>

#include <fmt/format.h>

#include "dnssec/key_policy.hpp"

namespace kith::dnssec {
namespace {

// keys_max keys in as many versions, ten bytes each, with room to spare.
constexpr std::size_t state_bytes_max = std::size_t{1} << 20;
constexpr std::size_t versions_max = 1000;

std::string ids_text(const KeyIds& ids) {
    std::string out;
    for (const KeyId& id : ids) out += " " + id.to_text();
    return out;
}

template <class T>
std::optional<T> read_number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

/// The words of one line.
class Words {
public:
    explicit Words(std::string_view line) : line_(line) {}
    std::string_view next() {
        const std::size_t from = std::min(line_.find_first_not_of(" \r"), line_.size());
        line_.remove_prefix(from);
        const std::size_t end = std::min(line_.find_first_of(" \r"), line_.size());
        const std::string_view word = line_.substr(0, end);
        line_.remove_prefix(end);
        return word;
    }
    /// Ids up to the end or to "/"; false at anything else.
    bool ids(KeyIds& out) {
        for (std::string_view word = next(); !word.empty() && word != "/"; word = next()) {
            const auto id = KeyId::from_text(word);
            if (!id) return false;
            out.insert(*id);
        }
        return out.size() <= keys_max;
    }

private:
    std::string_view line_;
};

}  // namespace

std::optional<KeyId> KeyId::from_text(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    const auto algorithm = read_number<std::uint8_t>(text.substr(0, slash));
    const auto tag = read_number<std::uint16_t>(text.substr(slash + 1));
    if (!algorithm || !tag) return std::nullopt;
    return KeyId{*algorithm, *tag};
}

std::optional<KeyRole> parse_role(std::string_view name) {
    for (const KeyRole role : {KeyRole::csk, KeyRole::ksk, KeyRole::zsk}) {
        if (role_name(role) == name) return role;
    }
    return std::nullopt;
}

std::string KeyManager::to_text() const {
    std::string out = "kith-keys 1\n";
    for (const ManagedKey& key : keys_) {
        out += fmt::format("key {} {} {} {}\n", key.id.to_text(), role_name(key.role), key.since,
                           key.is_retiring ? "retiring" : "in-use");
    }
    for (const DsVersion& version : held_.ds)
        out += fmt::format("ds {}{}\n", version.gone, ids_text(version.keys));
    for (const KeysVersion& version : held_.keys) {
        out += fmt::format("keys {} {}{} /{}\n", version.gone, version.ttl,
                           ids_text(version.published), ids_text(version.signers));
    }
    for (const ZoneVersion& version : held_.zone)
        out += fmt::format("zone {}{}\n", version.gone, ids_text(version.signers));
    out += fmt::format("wanted{}\n", ids_text(wanted_ds_));
    for (const KeyRole role : to_roll_) out += fmt::format("roll {}\n", role_name(role));
    return out + fmt::format("generation {}\n", generation_);
}

Result<KeyManager, std::string> KeyManager::from_text(std::string_view text, KeyPolicy policy) {
    if (text.size() > state_bytes_max) return std::unexpected("the state of the keys is too large");
    KeyManager out(policy);
    out.held_ = {{}, {}, {}};
    const auto read_key = [&](Words& words) {
        const auto id = KeyId::from_text(words.next());
        const auto role = parse_role(words.next());
        const auto since = read_number<UnixTime>(words.next());
        const std::string_view goal = words.next();
        if (!id || !role || !since || (goal != "in-use" && goal != "retiring")) return false;
        out.keys_.push_back({*id, *role, *since, goal == "retiring"});
        return out.keys_.size() <= keys_max;
    };
    const auto read_version = [&](std::string_view kind, Words& words) {
        const auto gone = read_number<UnixTime>(words.next());
        const auto ttl = kind == "keys" ? read_number<UnixTime>(words.next()) : UnixTime{0};
        KeyIds ids, signers;
        if (!gone || !ttl || !words.ids(ids)) return false;
        if (kind == "keys" && !words.ids(signers)) return false;
        if (kind == "ds") out.held_.ds.push_back({std::move(ids), *gone});
        if (kind == "keys")
            out.held_.keys.push_back({std::move(ids), std::move(signers), *ttl, *gone});
        if (kind == "zone") out.held_.zone.push_back({std::move(ids), *gone});
        return out.held_.ds.size() + out.held_.keys.size() + out.held_.zone.size() <= versions_max;
    };
    const auto read_line = [&](std::string_view line) {
        Words words(line);
        const std::string_view kind = words.next();
        if (kind == "key") return read_key(words);
        if (kind == "ds" || kind == "keys" || kind == "zone") return read_version(kind, words);
        if (kind == "wanted") return words.ids(out.wanted_ds_);
        if (kind == "generation") {
            const auto number = read_number<std::uint32_t>(words.next());
            out.generation_ = number.value_or(0);
            return number.has_value();
        }
        const auto role = kind == "roll" ? parse_role(words.next()) : std::nullopt;
        if (role) out.to_roll_.insert(*role);
        return role.has_value() || kind.empty();
    };
    int number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const bool is_good = ++number == 1 ? line == "kith-keys 1" : read_line(line);
        if (!is_good)
            return std::unexpected(
                fmt::format("line {} of the state of the keys is not understood: {}", number,
                            line.substr(0, 80)));
    }
    if (out.held_.ds.empty() || out.held_.keys.empty() || out.held_.zone.empty()) {
        return std::unexpected(
            "the state of the keys is not complete: versions of ds, keys or zone are missing");
    }
    return out;
}

}  // namespace kith::dnssec
