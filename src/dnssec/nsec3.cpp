#include "dnssec/nsec3.hpp"

#include <algorithm>

namespace kith::dnssec {
namespace {

// RFC 4648 §7; lower case, as every server prints it.
constexpr std::string_view base32hex = "0123456789abcdefghijklmnopqrstuv";

int value_of(std::uint8_t byte) {
    const std::uint8_t c = dns::lower(byte);
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'v') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::optional<Nsec3Head> Nsec3Head::read(Bytes rdata) {
    if (rdata.size() < 5 || rdata.size() < 5U + rdata[4]) return std::nullopt;
    return Nsec3Head{rdata[0], rdata[1], load_u16(rdata.data() + 2), rdata.subspan(5, rdata[4]),
                     rdata.subspan(5U + rdata[4])};
}

Nsec3Hasher::Nsec3Hasher(Nsec3Parameters parameters)
    : parameters_(std::move(parameters)), digest_(crypto::DigestKind::sha1) {}

Nsec3Hash nsec3_hash(crypto::Digest& sha1, NameView lower, Bytes salt, int iterations) {
    Nsec3Hash out;
    sha1.update(lower.wire());
    sha1.update(salt);
    sha1.finish(out);
    for (; iterations > 0; --iterations) {
        sha1.update(out);
        sha1.update(salt);
        sha1.finish(out);
    }
    return out;
}

Nsec3Label nsec3_label(const Nsec3Hash& hash) {
    Nsec3Label label;
    for (std::size_t group = 0; group < 4; ++group) {  // 5 bytes are 8 characters
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < 5; ++i) bits = bits << 8 | hash[group * 5 + i];
        for (std::size_t i = 8; i-- > 0; bits >>= 5) {
            label[group * 8 + i] = static_cast<std::uint8_t>(base32hex[bits & 31]);
        }
    }
    return label;
}

std::optional<Nsec3Hash> read_nsec3_label(Bytes label) {
    if (label.size() != Nsec3Label().size()) return std::nullopt;
    Nsec3Hash out;
    for (std::size_t group = 0; group < 4; ++group) {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            const int value = value_of(label[group * 8 + i]);
            if (value < 0) return std::nullopt;
            bits = bits << 5 | static_cast<std::uint64_t>(value);
        }
        for (std::size_t i = 5; i-- > 0; bits >>= 8) {
            out[group * 5 + i] = static_cast<std::uint8_t>(bits);
        }
    }
    return out;
}

Nsec3Hash Nsec3Hasher::hash(NameView name) {
    const Name lower = Name(name).lowered();
    return nsec3_hash(digest_, lower, parameters_.salt, parameters_.iterations);
}

bool has_room_for_nsec3(NameView apex) {
    return 1 + Nsec3Label().size() + apex.size() <= dns::name_bytes_max;
}

Name nsec3_owner(const Nsec3Hash& hash, NameView apex) {
    dns::NameBuilder owner;
    KITH_CHECK(owner.append(nsec3_label(hash)) && owner.append(apex));
    return owner.finish();
}

std::optional<Nsec3Hash> nsec3_hash_of(NameView owner, NameView apex) {
    if (owner.size() != apex.size() + Nsec3Label().size() + 1) return std::nullopt;
    return read_nsec3_label(owner.first_label());
}

std::vector<std::uint8_t> make_nsec3param(const Nsec3Parameters& parameters) {
    std::vector<std::uint8_t> rdata{nsec3_sha1, 0,
                                    static_cast<std::uint8_t>(parameters.iterations >> 8),
                                    static_cast<std::uint8_t>(parameters.iterations),
                                    static_cast<std::uint8_t>(parameters.salt.size())};
    rdata.insert(rdata.end(), parameters.salt.begin(), parameters.salt.end());
    return rdata;
}

}  // namespace kith::dnssec
