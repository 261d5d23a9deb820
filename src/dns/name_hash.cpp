#include "dns/name_hash.hpp"

#include <algorithm>

#include "dns/lower_word.hpp"

namespace kith::dns {
namespace {

std::uint64_t key_a = 0x243f6a8885a308d3U;  // digits of pi until the real key is set
std::uint64_t key_b = 0x13198a2e03707344U;

/// Multiplies to 128 bits and folds: the mixing step of the multiply-mix family of hashes.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Hash of a label in any case, read in words from where it stands: a copy in lower case would
/// have to be waited for (store forwarding), which takes longer than the hashing.
std::uint64_t hash_label(const std::uint8_t* label, std::size_t size, std::uint64_t suffix) {
    std::uint64_t hash = suffix ^ key_a ^ size;
    std::uint64_t last;
    if (size >= 8) {
        last = load_word(label + size - 8);
        for (; size > 8; size -= 8, label += 8)
            hash = mix(hash ^ lower_word(load_word(label)), key_b);
        last >>= 8 * (8 - size);
    } else {
        last = load_part(label, size);
    }
    return mix(hash ^ lower_word(last), key_b ^ hash << 1);
}

}  // namespace

void set_name_hash_key(std::uint64_t a, std::uint64_t b) {
    key_a = a;
    key_b = b | 1;
}

std::uint64_t root_hash() { return mix(key_a, key_b); }

std::uint64_t child_hash(Bytes label, std::uint64_t suffix) {
    return hash_label(label.data(), label.size(), suffix);
}

std::uint64_t name_hash(NameView name) {
    std::array<std::uint8_t, labels_max> offsets;
    std::size_t count = 0;
    const Bytes wire = name.wire();
    for (std::size_t at = 0; wire[at] != 0; at += wire[at] + 1U)
        offsets[count++] = static_cast<std::uint8_t>(at);
    std::uint64_t hash = root_hash();
    while (count > 0) {
        const std::size_t at = offsets[--count];
        hash = child_hash(wire.subspan(at + 1, wire[at]), hash);
    }
    return hash;
}

void LookupName::assign(NameView name) {
    const Bytes wire = name.wire();
    size_ = wire.size();
    std::size_t at = 0;
    for (; at + 8 <= size_; at += 8) {
        const std::uint64_t word = lower_word(load_word(wire.data() + at));
        std::memcpy(lower_.data() + at, &word, sizeof word);
    }
    for (; at < size_; ++at) lower_[at] = lower(wire[at]);
    std::array<std::uint8_t, labels_max> starts;
    std::size_t count = 0;
    for (std::size_t label = 0; wire[label] != 0; label += wire[label] + 1U) {
        starts[count++] = static_cast<std::uint8_t>(label);
    }
    labels_ = static_cast<int>(count) + 1;
    offsets_[1] = static_cast<std::uint8_t>(size_ - 1);
    std::uint64_t hash = hashes_[1] = root_hash();
    for (std::size_t labels = 2; count > 0; ++labels) {
        const std::uint8_t start = starts[--count];
        hash = hash_label(wire.data() + start + 1, wire[start], hash);
        offsets_[labels] = start;
        hashes_[labels] = hash;
    }
}

}  // namespace kith::dns
