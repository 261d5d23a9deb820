#include "answer/nsec3_hash.hpp"

#include <algorithm>

namespace kith::answer {

bool read_nsec3_owner(Bytes owner, dnssec::Nsec3Hash& hash) {
    if (owner.size() != HashedName::owner_bytes || owner[0] != HashedName::owner_bytes - 1)
        return false;
    const auto read = dnssec::read_nsec3_label(owner.subspan(1));
    if (read) hash = *read;
    return read.has_value();
}

void Nsec3Hasher::hash(dns::NameView name, Bytes salt, int iterations, HashedName& out) {
    if (!digest_) digest_.emplace(crypto::DigestKind::sha1);
    out.hash = dnssec::nsec3_hash(*digest_, name, salt, iterations);
    out.label[0] = HashedName::owner_bytes - 1;
    std::ranges::copy(dnssec::nsec3_label(out.hash), out.label.begin() + 1);
}

}  // namespace kith::answer
