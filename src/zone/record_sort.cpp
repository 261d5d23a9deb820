// Sorting by the first 8 bytes of the key needs no look at the records; groups that agree in them
// are sorted by the next 8, and so on. Large groups are sorted by radix, from the last byte to the
// first, leaving out bytes that all have in common.

#include "zone/record_sort.hpp"

#include <algorithm>
#include <array>

#include "zone/name_index.hpp"
#include "zone/order_key.hpp"
#include "zone/stable_sort.hpp"

namespace kith::zone {

/// Packed: provenance if not default, owner, RDATA.
struct StagedRecord {
    std::uint32_t tag;
    std::uint32_t ttl;
    std::uint16_t type;
    std::uint16_t rdata_bytes;
    std::uint8_t owner_bytes;
    std::uint8_t provenance_bytes;
    std::uint16_t unused;

    const std::uint8_t* data() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
};

namespace {

constexpr std::size_t radix_sort_min = 192;  // below it comparing is faster
constexpr std::size_t insertion_sort_max = 24;

/// Two zero bytes end a key, since labels are not empty and 0 in them is escaped.
bool ends_within(std::uint64_t word) { return (word & 0xffff) == 0; }

using Keys = std::span<StagedKey>;

void radix_pass(Keys from, Keys to, unsigned shift, const std::array<std::uint32_t, 256>& counts) {
    std::array<std::uint32_t, 256> places;
    std::uint32_t place = 0;
    for (std::size_t i = 0; i < 256; ++i) {
        places[i] = place;
        place += counts[i];
    }
    for (const StagedKey& key : from) to[places[key.word >> shift & 255]++] = key;
}

void radix_sort(Keys keys) {
    std::array<std::array<std::uint32_t, 256>, 8> counts{};
    for (const StagedKey& key : keys) {
        for (unsigned byte = 0; byte < 8; ++byte) ++counts[byte][key.word >> (8 * byte) & 255];
    }
    std::vector<StagedKey> spare(keys.size());
    Keys from = keys;
    Keys to = spare;
    for (unsigned byte = 0; byte < 8; ++byte) {
        if (std::ranges::find(counts[byte], keys.size()) != counts[byte].end()) continue;
        radix_pass(from, to, 8 * byte, counts[byte]);
        std::swap(from, to);
    }
    if (from.data() != keys.data()) std::ranges::copy(from, keys.begin());
}

void insertion_sort(Keys keys) {
    for (std::size_t i = 1; i < keys.size(); ++i) {
        const StagedKey key = keys[i];
        std::size_t at = i;
        for (; at > 0 && keys[at - 1].word > key.word; --at) keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

void sort_keys(Keys keys) {
    if (keys.size() >= radix_sort_min) {
        radix_sort(keys);
    } else if (keys.size() <= insertion_sort_max) {
        insertion_sort(keys);
    } else {
        stable_sort(keys, [](const StagedKey& a, const StagedKey& b) { return a.word < b.word; });
    }
}

/// Sorts from byte `offset` of the keys on; all agree in the bytes before.
void sort_from(Keys keys, std::size_t offset) {
    if (offset > 0) {
        for (std::size_t i = 0; i < keys.size(); ++i) {
            StagedRecords::prefetch(keys, i);
            keys[i].word = OrderKey(StagedRecords::owner(keys[i])).word(offset);
        }
    }
    sort_keys(keys);
    for (std::size_t start = 0; start < keys.size();) {
        std::size_t end = start + 1;
        while (end < keys.size() && keys[end].word == keys[start].word) ++end;
        if (end - start > 1 && !ends_within(keys[start].word)) {
            sort_from(keys.subspan(start, end - start), offset + 8);
        }
        start = end;
    }
}

}  // namespace

std::uint8_t* StagedRecords::allocate(std::size_t bytes) {
    bytes = (bytes + 3) & ~std::size_t{3};
    if (left_ < bytes) {
        std::size_t chunk_bytes = std::max(next_chunk_bytes(held_bytes_), bytes);
        chunks_.push_back(allocate_chunk(chunk_bytes));
        held_bytes_ += chunk_bytes;
        at_ = chunks_.back().get();
        left_ = chunk_bytes;
    }
    std::uint8_t* const block = at_;
    at_ += bytes;
    left_ -= bytes;
    return block;
}

void StagedRecords::add(Bytes relative_owner, const NodeRecord& record) {
    const bool has_provenance = record.provenance != Provenance{};
    const std::size_t front = has_provenance ? sizeof(Provenance) : 0;
    std::uint8_t* const at =
        allocate(sizeof(StagedRecord) + front + relative_owner.size() + record.rdata.size());
    auto* const staged = new (at) StagedRecord{record.tag,
                                               record.ttl,
                                               static_cast<std::uint16_t>(record.type),
                                               static_cast<std::uint16_t>(record.rdata.size()),
                                               static_cast<std::uint8_t>(relative_owner.size()),
                                               static_cast<std::uint8_t>(front),
                                               0};
    std::uint8_t* data = at + sizeof(StagedRecord);
    if (has_provenance) std::memcpy(data, &record.provenance, sizeof(Provenance));
    data += front;
    if (!relative_owner.empty()) std::memcpy(data, relative_owner.data(), relative_owner.size());
    data += relative_owner.size();
    if (!record.rdata.empty()) std::memcpy(data, record.rdata.data(), record.rdata.size());

    StagedKey key{0, staged};
    if (!keys_.empty() && same_owner(keys_.back(), key)) {
        key.word = keys_.back().word;
    } else {
        const OrderKey order(relative_owner);
        key.word = order.word(0);
        if (in_order_ && !keys_.empty() && key.word <= keys_.back().word) {
            in_order_ = key.word == keys_.back().word && OrderKey(owner(keys_.back())) < order;
        }
    }
    keys_.push_back(key);
}

std::span<const StagedKey> StagedRecords::sorted() {
    if (!in_order_) sort_from(keys_, 0);
    in_order_ = true;
    return keys_;
}

NodeRecord StagedRecords::read(const StagedKey& key) {
    const StagedRecord& staged = *key.record;
    const std::uint8_t* data = staged.data();
    NodeRecord record{static_cast<RrType>(staged.type), staged.ttl, {}, {}, staged.tag};
    if (staged.provenance_bytes != 0) record.provenance = load_host<Provenance>(data);
    data += staged.provenance_bytes + staged.owner_bytes;
    record.rdata = {data, staged.rdata_bytes};
    return record;
}

Bytes StagedRecords::owner(const StagedKey& key) {
    return {key.record->data() + key.record->provenance_bytes, key.record->owner_bytes};
}

bool StagedRecords::same_owner(const StagedKey& a, const StagedKey& b) {
    const Bytes x = owner(a);
    const Bytes y = owner(b);
    if (x.size() != y.size()) return false;
    return std::memcmp(x.data(), y.data(), x.size()) == 0 ||
           std::ranges::equal(x, y, {}, dns::lower, dns::lower);
}

void StagedRecords::prefetch(std::span<const StagedKey> keys, std::size_t from) {
    constexpr std::size_t ahead = 8;
    if (from + ahead < keys.size()) __builtin_prefetch(keys[from + ahead].record);
}

}  // namespace kith::zone
