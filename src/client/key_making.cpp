#include "client/key_making.hpp"

namespace kith::client {

files::StoredKey new_stored_key(const dns::Name& owner, std::uint32_t ttl, dnssec::ZoneKey key,
                                UnixTime now) {
    const std::uint16_t flags = key.flags();
    files::StoredKey stored{{}, owner, ttl, flags == host_flags, std::move(key), {}};
    stored.times.created = now;
    if (stored.is_key_record) return stored;
    stored.times.publish = now;
    stored.times.activate = now;
    if (flags == dnssec::ksk_flags) stored.times.sync_publish = now;
    return stored;
}

std::optional<dnssec::DsDigest> parse_digest(std::string_view text) {
    if (text == "sha1" || text == "1") return dnssec::DsDigest::sha1;
    if (text == "sha256" || text == "2") return dnssec::DsDigest::sha256;
    if (text == "sha384" || text == "4") return dnssec::DsDigest::sha384;
    return std::nullopt;
}

}  // namespace kith::client
