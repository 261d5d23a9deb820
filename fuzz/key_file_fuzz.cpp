// Key files from disk: whatever is read is written and read again as the same key; text that is no key
// is refused, in bounded time.

#include <algorithm>

#include "crypto/key.hpp"
#include "dnssec/key_file.hpp"
#include "support.hpp"

namespace {

using namespace kith;

using fuzz::must;

void check_private(std::string_view text) {
    const auto file = dnssec::parse_private_key(text);
    if (!file) return must(!file.error().text.empty());
    const crypto::SecretBytes written = dnssec::format_private_key(*file);
    const auto again = dnssec::parse_private_key(as_text(written.bytes()));
    must(again.has_value() && again->times == file->times);
    must(std::ranges::equal(again->key.public_key().wire(), file->key.public_key().wire()));
}

void check_public(std::string_view text) {
    const auto file = dnssec::parse_public_key(text);
    if (!file) return;
    const std::string written = dnssec::format_public_key(*file);
    const auto again = dnssec::parse_public_key(written);
    must(again.has_value() && again->rdata == file->rdata && again->owner == file->owner);
    must(again->ttl == file->ttl && again->is_key_record == file->is_key_record);
    must(again->times == file->times);
    const std::string stem =
        dnssec::key_file_stem(file->owner, file->rdata[3], dnssec::key_tag(file->rdata));
    must(stem.find('/') == stem.npos && stem.find('\0') == stem.npos);
}

void check_pem(std::string_view text) {
    for (const crypto::AlgorithmRow& row : crypto::all_algorithms()) {
        const auto key = crypto::PrivateKey::from_pem(row.algorithm, text);
        const auto der = crypto::PrivateKey::from_der(row.algorithm, as_bytes(text));
        for (const auto* each : {&key, &der}) {
            if (!*each) continue;
            const crypto::SecretBytes pem = (*each)->to_pem();
            must(crypto::PrivateKey::from_pem(row.algorithm, as_text(pem.bytes())).has_value());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 8192) return 0;
    const std::string_view text = as_text(Bytes(data, size)).substr(1);
    switch (data[0] % 3) {
        case 0: check_private(text); break;
        case 1: check_public(text); break;
        default: check_pem(text); break;
    }
    return 0;
}
