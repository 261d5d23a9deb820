#include "auth/tsig_mac.hpp"

#include <algorithm>

namespace kith::auth {
namespace {

using dns::RrClass;
using dns::RrType;

void feed_u16(crypto::Hmac& hmac, std::uint16_t value) {
    std::uint8_t bytes[2];
    store_u16(bytes, value);
    hmac.update(bytes);
}

/// Canonical wire form: lower case (RFC 4034 §6.2).
void feed_name(crypto::Hmac& hmac, NameView name) { hmac.update(Name(name).lowered().wire()); }

/// The algorithm a record may use with `key`: the key's own, or the whole hash where the key's own
/// is a truncated one. BIND says hmac-sha256 for both on the wire.
std::optional<TsigAlgorithm> usable_algorithm(const TsigKey& key, NameView name) {
    const auto sent = find_algorithm(name);
    if (!sent) return std::nullopt;
    if (*sent == key.algorithm) return sent;
    const bool same_digest = digest_of(*sent) == digest_of(key.algorithm);
    return same_digest && mac_bytes(*sent) > mac_bytes(key.algorithm) ? sent : std::nullopt;
}

}  // namespace

TsigVariables variables_of(const TsigRecord& record) {
    return {.key_name = record.owner,
            .algorithm_name = record.algorithm,
            .time_signed = record.time_signed,
            .fudge = record.fudge,
            .original_id = record.original_id,
            .error = record.error,
            .other = record.other};
}

std::size_t tsig_record_bytes(NameView key_name, NameView algorithm_name, std::size_t mac_size,
                              std::size_t other_size) {
    constexpr std::size_t frame_bytes = 10;  // type, class, TTL, RDLENGTH
    constexpr std::size_t fixed_rdata_bytes = 6 + 2 + 2 + 2 + 2 + 2;
    return key_name.size() + frame_bytes + algorithm_name.size() + fixed_rdata_bytes + mac_size +
           other_size;
}

void feed_prior_mac(crypto::Hmac& hmac, Bytes mac) {
    if (mac.empty()) return;
    feed_u16(hmac, static_cast<std::uint16_t>(mac.size()));
    hmac.update(mac);
}

void feed_message(crypto::Hmac& hmac, Bytes message, HasTsig has_tsig, std::uint16_t original_id) {
    std::array<std::uint8_t, dns::header_bytes> header;
    std::ranges::copy(message.first(dns::header_bytes), header.begin());
    store_u16(header.data(), original_id);
    const std::uint16_t additional = load_u16(header.data() + 10);
    const int tsigs = has_tsig == HasTsig::yes ? 1 : 0;
    store_u16(header.data() + 10, static_cast<std::uint16_t>(additional - tsigs));
    hmac.update(header);
    hmac.update(message.subspan(dns::header_bytes));
}

void feed_variables(crypto::Hmac& hmac, const TsigVariables& variables) {
    feed_name(hmac, variables.key_name);
    feed_u16(hmac, static_cast<std::uint16_t>(RrClass::ANY));
    constexpr std::uint8_t ttl[4] = {};
    hmac.update(ttl);
    feed_name(hmac, variables.algorithm_name);
    feed_timers(hmac, variables);
    feed_u16(hmac, static_cast<std::uint16_t>(variables.error));
    feed_u16(hmac, static_cast<std::uint16_t>(variables.other.size()));
    hmac.update(variables.other);
}

void feed_timers(crypto::Hmac& hmac, const TsigVariables& variables) {
    std::uint8_t bytes[8];
    store_u48(bytes, variables.time_signed);
    store_u16(bytes + 6, variables.fudge);
    hmac.update(bytes);
}

TsigMac finish_mac(const TsigKey& key, crypto::Hmac& hmac) {
    TsigMac mac;
    mac.bytes = hmac.finish();
    mac.size = static_cast<std::uint8_t>(crypto::hmac_bytes(digest_of(key.algorithm)));
    return mac;
}

TsigMac compute_mac(const TsigKey& key, const TsigVariables& variables, Bytes prior_mac,
                    Bytes message, HasTsig has_tsig) {
    crypto::Hmac hmac(digest_of(key.algorithm), key.secret.bytes());
    feed_prior_mac(hmac, prior_mac);
    feed_message(hmac, message, has_tsig, variables.original_id);
    feed_variables(hmac, variables);
    return finish_mac(key, hmac);
}

TsigVerdict check_key_of(const TsigKey* key, const TsigRecord& record) {
    if (key == nullptr) return TsigVerdict::bad_key;
    const auto algorithm = usable_algorithm(*key, record.algorithm);
    if (!algorithm) return TsigVerdict::bad_key;
    const bool is_legal = record.mac.size() >= mac_bytes_least(*algorithm) &&
                          record.mac.size() <= mac_bytes(*algorithm);
    return is_legal ? TsigVerdict::good : TsigVerdict::form_error;
}

TsigVerdict check_mac_of(const TsigKey& key, const TsigRecord& record, const TsigMac& mac,
                         UnixTime now) {
    const Bytes ours = mac.view().first(record.mac.size());
    if (!crypto::equal_in_constant_time(ours, record.mac)) return TsigVerdict::bad_sig;
    const std::uint16_t fudge = std::min(record.fudge, tsig_fudge_seconds_max);
    if (seconds_apart(record.time_signed, now) > fudge) return TsigVerdict::bad_time;
    if (record.mac.size() < key.mac_size()) return TsigVerdict::bad_trunc;
    return TsigVerdict::good;
}

std::uint64_t seconds_apart(std::uint64_t signed_at, UnixTime now) {
    const std::uint64_t here = seconds_of(now);
    return signed_at > here ? signed_at - here : here - signed_at;
}

std::size_t append_tsig(MutableBytes buffer, std::size_t size, const TsigVariables& variables,
                        Bytes mac) {
    const std::size_t bytes = tsig_record_bytes(variables.key_name, variables.algorithm_name,
                                                mac.size(), variables.other.size());
    KITH_CHECK(size >= dns::header_bytes && buffer.size() >= size + bytes);
    dns::Writer out(buffer.subspan(size, bytes));
    out.bytes(variables.key_name.wire());
    out.u16(static_cast<std::uint16_t>(RrType::TSIG));
    out.u16(static_cast<std::uint16_t>(RrClass::ANY));
    out.u32(0);
    out.u16(static_cast<std::uint16_t>(bytes - out.size() - 2));
    out.bytes(variables.algorithm_name.wire());
    out.u16(static_cast<std::uint16_t>(variables.time_signed >> 32));
    out.u32(static_cast<std::uint32_t>(variables.time_signed));
    out.u16(variables.fudge);
    out.u16(static_cast<std::uint16_t>(mac.size()));
    out.bytes(mac);
    out.u16(variables.original_id);
    out.u16(static_cast<std::uint16_t>(variables.error));
    out.u16(static_cast<std::uint16_t>(variables.other.size()));
    out.bytes(variables.other);
    KITH_CHECK(!out.overflow() && out.size() == bytes);
    store_u16(buffer.data() + 10, static_cast<std::uint16_t>(load_u16(buffer.data() + 10) + 1));
    return size + bytes;
}

}  // namespace kith::auth
