#include <fmt/format.h>

#include "auth/key_text.hpp"
#include "client/record_text.hpp"
#include "client/request_key.hpp"

namespace kith::client {

Expected<MessageKey> MessageKey::tsig(const std::string& name, const std::string& algorithm,
                                      const std::string& secret) {
    auth::TsigKey key;
    KITH_TRY(key.name, read_name("key", name));
    const auto known = auth::parse_algorithm(algorithm);
    if (!known) {
        return error_of(ErrorKind::input, fmt::format("expected one of {}, found '{}'",
                                                      auth::algorithm_names(), algorithm));
    }
    key.algorithm = *known;
    auto bytes = auth::parse_secret(secret);
    if (!bytes) return error_of(ErrorKind::input, "secret: " + bytes.error().text);
    key.secret = *std::move(bytes);
    if (const auto fit = auth::check_key(key); !fit)
        return error_of(ErrorKind::input, std::string(auth::fault_text(fit.error())));
    return make_key(std::move(key));
}

Expected<MessageKey> MessageKey::from_file(const std::string& path, const std::string& signer) {
    auto key = load_key_file(path, signer);
    if (!key) return error_of(ErrorKind::file, std::move(key).error());
    return *std::move(key);
}

std::string MessageKey::name() const {
    if (const auth::TsigKey* const tsig = tsig_of(*this)) return tsig->name.to_text();
    if (const Sig0Key* const sig0 = sig0_of(*this)) return sig0->name.to_text();
    return {};
}

}  // namespace kith::client
