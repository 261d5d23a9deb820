#include <algorithm>

#include <fmt/format.h>

#include "client/handles.hpp"
#include "client/key_making.hpp"
#include "client/record_text.hpp"
#include "net/system.hpp"

namespace kith::client {
namespace {

// Two keys of a zone with one tag cost validators work; 65,536 tags make a few tries enough.
constexpr int tag_tries = 16;

std::uint16_t flags_of(SigningKey::Role role) {
    switch (role) {
        case SigningKey::Role::csk:
        case SigningKey::Role::ksk: break;
        case SigningKey::Role::zsk: return dnssec::zsk_flags;
        case SigningKey::Role::host: return host_flags;
    }
    return dnssec::ksk_flags;
}

Expected<crypto::Algorithm> read_algorithm(const std::string& text) {
    const auto algorithm = crypto::parse_algorithm(text);
    if (!algorithm || crypto::row_of(*algorithm).signing == crypto::Signing::refused) {
        return error_of(
            ErrorKind::input,
            fmt::format(
                "algorithm: expected ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448, RSASHA256 or RSASHA512, found '{}'",
                text));
    }
    return *algorithm;
}

std::unexpected<Error> failed(crypto::KeyFault fault) {
    const ErrorKind kind =
        fault == crypto::KeyFault::library ? ErrorKind::library : ErrorKind::input;
    return error_of(kind, fmt::format("key: {}", crypto::fault_text(fault)));
}

SigningKey handle(files::StoredKey key) {
    return SigningKey(std::make_shared<SigningKey::Material>(std::move(key)));
}

Expected<SigningKey> make(const SigningKey::Request& request, crypto::PrivateKey key) {
    KITH_TRY(const dns::Name owner, read_name("owner", request.owner));
    return handle(new_stored_key(owner.lowered(), request.ttl,
                                 dnssec::ZoneKey(flags_of(request.role), std::move(key)),
                                 net::unix_now()));
}

}  // namespace

Expected<SigningKey> SigningKey::generate(const Request& request,
                                          const std::vector<SigningKey>& beside) {
    KITH_TRY(const crypto::Algorithm algorithm, read_algorithm(request.algorithm));
    for (int tries = 1;; ++tries) {
        auto key = crypto::PrivateKey::generate(algorithm, request.rsa_bits);
        if (!key) return failed(key.error());
        auto made = make(request, *std::move(key));
        if (!made || tries == tag_tries) return made;
        const auto has_its_tag = [&](const SigningKey& other) {
            return other.tag() == made->tag();
        };
        if (std::ranges::none_of(beside, has_its_tag)) return made;
    }
}

Expected<SigningKey> SigningKey::from_pem(const Request& request, std::string_view pem) {
    KITH_TRY(const crypto::Algorithm algorithm, read_algorithm(request.algorithm));
    auto key = crypto::PrivateKey::from_pem(algorithm, pem);
    if (!key) return failed(key.error());
    return make(request, *std::move(key));
}

Expected<SigningKey> SigningKey::read(const std::string& path) {
    auto key = files::read_key_files(path);
    if (!key) return error_of(ErrorKind::file, std::move(key).error());
    return handle(*std::move(key));
}

Expected<std::vector<SigningKey>> SigningKey::read_folder(const std::string& folder,
                                                          const std::string& zone) {
    KITH_TRY(const dns::Name name, read_name("zone", zone));
    auto keys = files::read_key_folder(folder, name);
    if (!keys) return error_of(ErrorKind::file, std::move(keys).error());
    std::vector<SigningKey> out;
    for (files::StoredKey& key : *keys) out.push_back(handle(std::move(key)));
    return out;
}

std::string SigningKey::owner() const { return key_->key.owner.to_text(); }
std::string SigningKey::algorithm() const {
    return crypto::algorithm_name(key_->key.key.algorithm());
}
std::uint16_t SigningKey::tag() const { return key_->key.key.tag(); }
std::uint16_t SigningKey::flags() const { return key_->key.key.flags(); }
bool SigningKey::has_private() const { return key_->key.key.private_key().has_value(); }

Record SigningKey::dnskey() const {
    const files::StoredKey& stored = key_->key;
    return from(stored.owner, stored.is_key_record ? dns::RrType::KEY : dns::RrType::DNSKEY,
                stored.ttl, stored.key.rdata());
}

Expected<Record> SigningKey::ds(const std::string& digest) const {
    const files::StoredKey& stored = key_->key;
    if (stored.is_key_record) return error_of(ErrorKind::input, "a KEY record of SIG(0) has no DS");
    const auto kind = parse_digest(digest);
    if (!kind) {
        return error_of(ErrorKind::input,
                        fmt::format("digest: expected sha256, sha384 or sha1, found '{}'", digest));
    }
    return from(stored.owner, dns::RrType::DS, stored.ttl,
                dnssec::make_ds(stored.owner, stored.key.rdata(), *kind));
}

Expected<std::string> SigningKey::write(const std::string& folder) const {
    auto stem = files::write_key_files(folder, key_->key);
    if (!stem) return error_of(ErrorKind::file, std::move(stem).error());
    return *std::move(stem);
}

Expected<std::string> SigningKey::to_pem() const {
    const auto& key = key_->key.key.private_key();
    if (!key) return error_of(ErrorKind::input, "there is no private key");
    const crypto::SecretBytes pem = key->to_pem();
    return std::string(as_text(pem.bytes()));
}

}  // namespace kith::client
