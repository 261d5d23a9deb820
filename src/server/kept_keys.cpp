#include "server/kept_keys.hpp"

#include <fmt/format.h>

#include "dnssec/key_file.hpp"

namespace kith::server {
namespace {

using dnssec::KeyId;
using dnssec::ZoneKey;

// Rows of this space: "<zone> <algorithm> <tag>" has the flags of the DNSKEY and then the text of a
// .private file; "<zone> state" has the text of the state.
constexpr std::string_view space = "dnssec-keys";
constexpr std::string_view state_word = "state";
constexpr std::size_t flags_bytes = 2;

std::string prefix_of(zone::NameView apex) { return zone::Name(apex).lowered().to_text() + ' '; }

std::string row_of(const std::string& prefix, const KeyId& id) {
    return fmt::format("{}{} {}", prefix, id.algorithm, id.tag);
}

store::KeyValue row_of(const std::string& prefix, const ZoneKey& key, UnixTime now) {
    dnssec::KeyTimes times;
    times.created = now;
    const crypto::SecretBytes text = dnssec::format_private_key({*key.private_key(), times});
    store::KeyValue row{row_of(prefix, id_of(key)), {}};
    row.value.reserve(flags_bytes + text.bytes().size());
    row.value.resize(flags_bytes);
    store_u16(row.value.data(), key.flags());
    row.value.insert(row.value.end(), text.bytes().begin(), text.bytes().end());
    return row;
}

/// The copies of private keys do not stay in memory that is given back.
void wipe(std::vector<store::KeyValue>& rows) {
    for (store::KeyValue& row : rows) crypto::wipe(row.value);
}

Result<void, Failure> put(store::Store& store, std::vector<store::KeyValue> rows) {
    const auto stored = store.put(space, rows);
    wipe(rows);
    if (!stored) return std::unexpected(stored.error());
    return {};
}

}  // namespace

Result<KeptKeys, Failure> read_kept_keys(const store::Store& store, zone::NameView apex) {
    const std::string prefix = prefix_of(apex);
    auto rows = store.list(space, prefix);
    if (!rows) return std::unexpected(rows.error());
    KeptKeys out;
    Result<void, Failure> good;
    for (const store::KeyValue& row : *rows) {
        if (!good) break;
        const std::string_view rest = std::string_view(row.key).substr(prefix.size());
        if (rest == state_word) {
            out.state = as_text(row.value);
            continue;
        }
        const auto file =
            row.value.size() < flags_bytes
                ? std::unexpected(dnssec::KeyFileError{"it is empty", 0})
                : dnssec::parse_private_key(as_text(Bytes(row.value).subspan(flags_bytes)));
        if (!file) {
            good = std::unexpected(fmt::format("{}: the key {} cannot be read: {}", store.file(),
                                               row.key, file.error().text));
        } else {
            out.keys.emplace_back(load_u16(row.value.data()), file->key);
        }
    }
    wipe(*rows);
    if (!good) return std::unexpected(good.error());
    return out;
}

Result<std::set<zone::Name>, Failure> zones_with_key_state(const store::Store& store) {
    KITH_TRY(const std::vector<std::string> rows, store.keys(space));
    std::set<zone::Name> out;
    for (const std::string_view row : rows) {
        const std::size_t at = row.find(' ');
        if (at == row.npos || row.substr(at + 1) != state_word) continue;
        if (const auto apex = zone::Name::from_text(row.substr(0, at))) out.insert(*apex);
    }
    return out;
}

Result<void, Failure> write_kept_keys(store::Store& store, zone::NameView apex,
                                      std::string_view state, std::span<const ZoneKey> added,
                                      std::span<const KeyId> removed, UnixTime now) {
    const std::string prefix = prefix_of(apex);
    std::vector<store::KeyValue> rows;
    for (const KeyId& id : removed) rows.push_back({row_of(prefix, id), {}});
    for (const ZoneKey& key : added) rows.push_back(row_of(prefix, key, now));
    const Bytes text = as_bytes(state);
    rows.push_back({prefix + std::string(state_word), {text.begin(), text.end()}});
    return put(store, std::move(rows));
}

Result<void, Failure> forget_key_state(store::Store& store, zone::NameView apex) {
    return put(store, {{prefix_of(apex) + std::string(state_word), {}}});
}

}  // namespace kith::server
