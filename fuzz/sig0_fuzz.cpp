// Any bytes as messages with SIG(0), and any bytes as KEY records. What is signed is verified, and a
// changed bit of it is not; whatever is sent, at most two signatures are checked (CVE-2024-1975).

#include <vector>

#include "auth/sig0.hpp"
#include "crypto/key.hpp"
#include "dns/message.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using namespace kith::auth;

using Message = std::vector<std::uint8_t>;

constexpr UnixTime now = 1'700'000'000;

using fuzz::must;

/// A key that is the same in every run.
const crypto::PrivateKey& key() {
    static const crypto::PrivateKey value = [] {
        crypto::PrivateParameters numbers;
        numbers.private_key = crypto::SecretBytes(32);
        numbers.private_key.writable()[0] = 1;
        return *crypto::PrivateKey::from_parameters(crypto::Algorithm::ED25519, numbers);
    }();
    return value;
}

const Message& key_record() {
    static const Message value = [] {
        Message out{2, 0, 3, 15};
        const Bytes wire = key().public_key().wire();
        out.insert(out.end(), wire.begin(), wire.end());
        return out;
    }();
    return value;
}

/// KEY records: some of ours, and pieces of the input.
std::vector<Bytes> keys_from(Bytes data) {
    std::vector<Bytes> out;
    for (std::size_t at = 0; at + 1 < data.size() && out.size() < 40; at += 1U + data[at]) {
        const std::size_t size = std::min<std::size_t>(data[at], data.size() - at - 1);
        out.push_back(size == 0 ? Bytes(key_record()) : data.subspan(at + 1, size));
    }
    return out;
}

void check_any(Bytes message, Bytes keys) {
    const auto read = read_sig0(message);
    int lookups = 0;
    const Sig0Check check = check_sig0_request(
        message,
        [&](NameView) {
            ++lookups;
            return keys_from(keys);
        },
        now);
    must(lookups <= 1 && check.keys_tried <= 2);
    must(!check.is_good() || (read.has_value() && read->has_value()));
    must((check.verdict == Sig0Verdict::unsigned_) == (read.has_value() && !read->has_value()));
    must(check.message_bytes <= message.size() && check.to_text().size() < 2000);
}

void check_signing(Bytes data, std::size_t flip) {
    if (!dns::MessageView::parse(data) || load_u16(data.data() + 10) == 0xffff) return;
    const auto before = read_sig0(data);
    if (!before || *before) return;
    const Sig0Signer signer{*Name::from_text("host.example."), &key(), 512, 300};
    Message message(data.begin(), data.end());
    message.resize(data.size() + sig0_request_bytes(signer));
    const auto size = sign_sig0_request(signer, message, data.size(), now);
    must(size.has_value() && *size == message.size());
    if (message.size() > dns::message_bytes_max) return;
    const auto lookup = [](NameView) { return std::vector<Bytes>{key_record()}; };
    const Sig0Check check = check_sig0_request(message, lookup, now);
    // Beside a TSIG there may be no SIG(0).
    if (check.verdict == Sig0Verdict::form_error) return;
    must(check.is_good() && check.message_bytes == data.size() && check.keys_tried == 1);
    const std::size_t bit = flip % (message.size() * 8);
    message[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    // Class and TTL of the record are not signed (RFC 2931 §3).
    const bool is_meaningless = bit / 8 >= data.size() + 3 && bit / 8 < data.size() + 9;
    must(is_meaningless || !check_sig0_request(message, lookup, now).is_good());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3 || size > 4096) return 0;
    const Bytes bytes(data, size);
    const std::size_t split = 3 + load_u16(data) % (size - 2);
    const Bytes message = bytes.subspan(2, split - 3);
    check_any(message, bytes.subspan(split - 1));
    check_signing(message, load_u16(data) * 31U + data[2]);
    return 0;
}
