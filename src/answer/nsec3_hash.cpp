#include "answer/nsec3_hash.hpp"

namespace kith::answer {
namespace {

// RFC 4648 §7; lower case, because lookups are.
constexpr char base32hex[] = "0123456789abcdefghijklmnopqrstuv";

int value_of(std::uint8_t byte) {
    const std::uint8_t c = dns::lower(byte);
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'v') return c - 'a' + 10;
    return -1;
}

}  // namespace

bool read_nsec3_owner(Bytes owner, std::array<std::uint8_t, nsec3_hash_bytes>& hash) {
    if (owner.size() != HashedName::owner_bytes || owner[0] != 32) return false;
    for (std::size_t group = 0; group < 4; ++group) {  // 8 characters are 5 bytes
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            const int value = value_of(owner[1 + group * 8 + i]);
            if (value < 0) return false;
            bits = bits << 5 | static_cast<std::uint64_t>(value);
        }
        for (std::size_t i = 5; i-- > 0; bits >>= 8) {
            hash[group * 5 + i] = static_cast<std::uint8_t>(bits);
        }
    }
    return true;
}

void Nsec3Hasher::hash(dns::NameView name, Bytes salt, int iterations, HashedName& out) {
    if (!digest_) digest_.emplace(crypto::DigestKind::sha1);
    digest_->update(name.wire());
    digest_->update(salt);
    digest_->finish(out.hash);
    for (; iterations > 0; --iterations) {
        digest_->update(out.hash);
        digest_->update(salt);
        digest_->finish(out.hash);
    }
    out.label[0] = 32;
    for (std::size_t group = 0; group < 4; ++group) {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < 5; ++i) bits = bits << 8 | out.hash[group * 5 + i];
        for (std::size_t i = 8; i-- > 0; bits >>= 5) {
            out.label[1 + group * 8 + i] = static_cast<std::uint8_t>(base32hex[bits & 31]);
        }
    }
}

}  // namespace kith::answer
