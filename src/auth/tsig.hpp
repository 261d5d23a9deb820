#pragma once
// TSIG (RFC 8945) of requests and of responses that are one message; tsig_stream.hpp has streams.
//
//   server:  TsigCheck check = check_tsig_request(message, ring, now);
//            if (!check.is_good() && check.verdict != TsigVerdict::unsigned_)
//                answer with check.answer_rcode(), question only, and sign_tsig_response() as below;
//            builder.reserve(check.response_bytes() + opt_bytes);  // truncation stays exact
//            ... write the response, OPT last, builder.finish() ...
//            size = sign_tsig_response(check, buffer, size, Rcode::NOERROR, now);
//   client:  TsigMac mac; size = sign_tsig_request(key, buffer, size, now, mac);
//            check_tsig_response(key, mac, reply, now)
//
// Pure functions; any thread. What is signed are the bytes of the message, so signing is the last
// thing done to it.

#include <array>
#include <optional>

#include "auth/tsig_key.hpp"
#include "base/time.hpp"
#include "dns/message.hpp"

namespace kith::auth {

using dns::Rcode;

/// A MAC, perhaps truncated; empty: none.
struct TsigMac {
    std::array<std::uint8_t, crypto::hmac_bytes_max> bytes{};
    std::uint8_t size = 0;
    Bytes view() const { return {bytes.data(), size}; }
};

/// The TSIG record of a message; views into it.
struct TsigRecord {
    Name owner;  // name of the key
    Name algorithm;
    std::uint64_t time_signed = 0;  // seconds since 1970, 48 bits
    std::uint16_t fudge = 0;        // seconds
    Bytes mac;
    std::uint16_t original_id = 0;
    Rcode error{};  // BADSIG is 16, which as an RCODE is BADVERS
    Bytes other;
    std::size_t offset = 0;  // of the record in the message
};

/// The TSIG of a message; nullopt when it has none. Fails with bad_value when a TSIG is not the
/// last record, is there twice, has a class other than ANY or a TTL, or RDATA that is not TSIG's:
/// FORMERR (§5.2). Fails as MessageView::parse() does for what stands before it. Costs nothing
/// when ARCOUNT is 0.
dns::Wire<std::optional<TsigRecord>> read_tsig(Bytes message);

enum class TsigVerdict : std::uint8_t {
    unsigned_,  // no TSIG at all
    good,
    form_error,  // misplaced, unreadable, or a MAC of a size that is never legal
    bad_key,     // unknown name, or an algorithm that is not the key's
    bad_sig,
    bad_time,
    bad_trunc,  // shorter than the key's policy allows
};

/// BADSIG has the number of BADVERS.
inline constexpr Rcode tsig_badsig = Rcode{16};

/// What a request's TSIG says, and all that is needed to sign the response. 700 bytes.
struct TsigCheck {
    TsigVerdict verdict = TsigVerdict::unsigned_;
    const TsigKey* key = nullptr;   // set from bad_sig on; good as long as the ring
    Name key_name, algorithm_name;  // as sent
    std::uint64_t time_signed = 0;
    std::uint16_t fudge = 0;
    std::uint16_t original_id = 0;
    TsigMac mac;                    // of the request, once it is known to be right
    std::size_t message_bytes = 0;  // of the request without its TSIG

    bool is_good() const { return verdict == TsigVerdict::good; }
    /// RCODE of the answer: NOERROR for good and unsigned_, FORMERR for form_error, else NOTAUTH.
    Rcode answer_rcode() const;
    /// The TSIG's error field in that answer.
    Rcode error() const;
    /// Bytes that sign_tsig_response() adds: 0 when it adds nothing.
    std::size_t response_bytes() const;
    /// For the log: "TSIG BADTIME: key update.example., signed 400 s ago, allowed 300".
    std::string to_text(UnixTime now) const;
};

/// Checks the TSIG of a request: key, MAC, time, truncation, in this order (§5.2).
TsigCheck check_tsig_request(Bytes message, const KeyRing& ring, UnixTime now);

/// Appends the TSIG that answers `request` to the response in the first `size` bytes of `buffer`,
/// and returns the new size: the same when the request was unsigned or form_error. Signed for good,
/// bad_time and bad_trunc (§5.3, §5.3.2), with an empty MAC for bad_key and bad_sig. The response's
/// RCODE is the caller's. Requires room for response_bytes().
std::size_t sign_tsig_response(const TsigCheck& request, MutableBytes buffer, std::size_t size,
                               UnixTime now);

/// Bytes that sign_tsig_request() adds with this key.
std::size_t tsig_request_bytes(const TsigKey& key);
/// Appends a TSIG to the request in the first `size` bytes of `buffer` and returns the new size;
/// `mac` is what the response is checked with. Requires room for tsig_request_bytes().
std::size_t sign_tsig_request(const TsigKey& key, MutableBytes buffer, std::size_t size,
                              UnixTime now, TsigMac& mac);

/// What a client learns from a response (§5.4).
struct TsigReply {
    TsigVerdict verdict = TsigVerdict::unsigned_;
    /// The server's complaint, from the TSIG; NOERROR: none. BADTIME may come with verdict `good`:
    /// then it is the server that says so.
    Rcode error{};
    std::optional<std::uint64_t> server_time;  // with BADTIME, only when the MAC was right
    std::size_t message_bytes = 0;             // without the TSIG

    /// A response to be believed: signed by the key, in time, and no complaint.
    bool is_good() const { return verdict == TsigVerdict::good && error == Rcode::NOERROR; }
};
TsigReply check_tsig_response(const TsigKey& key, const TsigMac& request_mac, Bytes message,
                              UnixTime now);

/// "BADSIG", "BADKEY", "BADTIME", "BADTRUNC", or the RCODE's name.
std::string tsig_error_name(Rcode error);

}  // namespace kith::auth
