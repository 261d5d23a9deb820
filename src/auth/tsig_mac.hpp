#pragma once
// What a TSIG's MAC is made of (RFC 8945 §4.3) and how the record is written. Inside auth/ only.

#include "auth/tsig.hpp"

namespace kith::auth {

/// The fields of a TSIG without its MAC. The views must outlive it.
struct TsigVariables {
    NameView key_name;
    NameView algorithm_name;
    std::uint64_t time_signed = 0;
    std::uint16_t fudge = 0;
    std::uint16_t original_id = 0;
    Rcode error{};
    Bytes other;
};

inline void store_u48(std::uint8_t* at, std::uint64_t value) {
    store_u16(at, static_cast<std::uint16_t>(value >> 32));
    store_u32(at + 2, static_cast<std::uint32_t>(value));
}
inline std::uint64_t load_u48(const std::uint8_t* at) {
    return std::uint64_t{load_u16(at)} << 32 | load_u32(at + 2);
}

/// Those of a record; views into `record`, which must outlive them.
TsigVariables variables_of(const TsigRecord& record);

/// Size of a TSIG record with an uncompressed owner.
std::size_t tsig_record_bytes(NameView key_name, NameView algorithm_name, std::size_t mac_size,
                              std::size_t other_size);

/// The parts of a MAC's input, in the order in which they are fed.
void feed_prior_mac(crypto::Hmac& hmac, Bytes mac);
/// `message` is what stands before the TSIG; with HasTsig::yes its header counts one. The original
/// id takes the place of the one it came with (RFC 8945 §4.3.2).
enum class HasTsig : std::uint8_t { no, yes };
void feed_message(crypto::Hmac& hmac, Bytes message, HasTsig has_tsig, std::uint16_t original_id);
void feed_variables(crypto::Hmac& hmac, const TsigVariables& variables);
void feed_timers(crypto::Hmac& hmac, const TsigVariables& variables);

/// The MAC of a request (`prior_mac` empty), a response or a stream's first message, untruncated.
TsigMac compute_mac(const TsigKey& key, const TsigVariables& variables, Bytes prior_mac,
                    Bytes message, HasTsig has_tsig);

/// The MAC that `hmac` has come to.
TsigMac finish_mac(const TsigKey& key, crypto::Hmac& hmac);

/// What can be said before the MAC is computed: bad_key, form_error, or good.
TsigVerdict check_key_of(const TsigKey* key, const TsigRecord& record);
/// What `mac`, computed here and untruncated, the times and the policy say.
TsigVerdict check_mac_of(const TsigKey& key, const TsigRecord& record, const TsigMac& mac,
                         UnixTime now);

inline std::uint64_t seconds_of(UnixTime now) {
    return now < 0 ? 0 : static_cast<std::uint64_t>(now);
}
/// How many seconds lie between both.
std::uint64_t seconds_apart(std::uint64_t signed_at, UnixTime now);

/// Appends the record to the message in the first `size` bytes of `buffer`, counts it, and returns
/// the new size. Requires room.
std::size_t append_tsig(MutableBytes buffer, std::size_t size, const TsigVariables& variables,
                        Bytes mac);

}  // namespace kith::auth
