#pragma once
// Bounds of transaction authentication. What a forged message may cost is decided here: an HMAC is
// cheap, a signature check is not (CVE-2024-1975).

#include <cstddef>
#include <cstdint>

namespace kith::auth {

// Keys one server shares with others. Each costs half a kilobyte; finding one is a hash.
inline constexpr std::size_t tsig_keys_max = 10'000;

// Bytes of a shared secret. More than a block of the hash (64 or 128) adds nothing (RFC 2104 §3).
inline constexpr std::size_t tsig_secret_bytes_max = 1024;

// Seconds that clocks may differ; RFC 8945 §10 recommends it.
inline constexpr std::uint16_t tsig_fudge_seconds = 300;

// What a sender may ask for: who holds a message for longer than that replays it.
inline constexpr std::uint16_t tsig_fudge_seconds_max = 3600;

// No MAC shorter than this, or than half the hash, is legal (RFC 8945 §5.2.2.1).
inline constexpr std::size_t tsig_mac_bytes_least = 10;

// Messages of a stream that may stand between two signed ones (RFC 8945 §5.3.1).
inline constexpr int tsig_unsigned_messages_max = 99;

// Names and types of a text that holds keys. A file with more is not a key file.
inline constexpr std::size_t key_text_bytes_max = 1 << 20;

// SIG(0): one signature a message is looked at, and of the keys at the signer's name at most so
// many whose tag and algorithm fit are tried. BIND tries 2 of 16 (CVE-2024-1975).
inline constexpr int sig0_keys_tried_max = 2;
// KEY records of one name that are looked at for their tag.
inline constexpr int sig0_keys_seen_max = 16;
// Bytes of a public key and of a signature: RSA with 4,096 bits and its exponent.
inline constexpr std::size_t sig0_key_bytes_max = 520;
inline constexpr std::size_t sig0_signature_bytes_max = 512;
// How long a SIG(0) may be valid, in seconds: RFC 2931 §3.3 speaks of five minutes to each side.
// Who holds a message longer than that replays it.
inline constexpr std::int64_t sig0_validity_seconds_max = 3600;

}  // namespace kith::auth
