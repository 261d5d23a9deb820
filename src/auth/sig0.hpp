#pragma once
// SIG(0) (RFC 2931): a request signed with a private key whose public half is a KEY record. Checking
// one costs a public-key operation, so what a message can make us do is bounded (limits.hpp): one
// signature, and of the keys at the signer's name at most two that fit its tag and algorithm.
//
// Responses are not signed: that would take the server's own private host key, which nobody but
// historic clients look for.

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "auth/tsig.hpp"

namespace kith::crypto {
class PrivateKey;
}

namespace kith::auth {

/// The SIG(0) of a message; views into it.
struct Sig0Record {
    Name signer;
    std::uint8_t algorithm = 0;
    std::uint32_t expiration = 0, inception = 0;  // seconds since 1970 modulo 2^32
    std::uint16_t key_tag = 0;
    Bytes rdata;             // whole
    Bytes signature;         // its end
    std::size_t offset = 0;  // of the record in the message
};

/// The SIG(0) of a message; nullopt when it has none (a SIG that covers a type is data). Fails with
/// bad_value when it is not the last record, is there twice or beside a TSIG, or its RDATA is not
/// SIG's. Costs nothing when ARCOUNT is 0.
dns::Wire<std::optional<Sig0Record>> read_sig0(Bytes message);

enum class Sig0Verdict : std::uint8_t {
    unsigned_,
    good,
    form_error,   // misplaced or unreadable
    unknown_key,  // no KEY record of that name, tag and algorithm that may sign (RFC 2931 §3)
    bad_time,     // outside inception..expiration, or valid for longer than the limit
    bad_signature,
    not_supported,  // an algorithm that we cannot check
};

/// KEY RDATA at a name: whole records in wire form, which must live until the check is done.
using KeyLookup = std::function<std::vector<Bytes>(NameView signer)>;

struct Sig0Check {
    Sig0Verdict verdict = Sig0Verdict::unsigned_;
    Name signer;
    std::uint16_t key_tag = 0;
    int keys_tried = 0;             // public-key operations done, for the counters
    std::size_t message_bytes = 0;  // without the SIG(0)

    bool is_good() const { return verdict == Sig0Verdict::good; }
    /// NOERROR for good and unsigned_, FORMERR for form_error, else NOTAUTH (as BIND answers; RFC
    /// 2931 names none), without any signature.
    Rcode answer_rcode() const;
    /// For the log.
    std::string to_text() const;
};

/// Checks the SIG(0) of a request with the keys that `lookup` gives for the signer's name.
Sig0Check check_sig0_request(Bytes message, const KeyLookup& lookup, UnixTime now);

/// A key for signing requests: the private key, and the owner and flags of its KEY record.
struct Sig0Signer {
    Name name;
    const crypto::PrivateKey* key = nullptr;  // outlives the signer
    std::uint16_t key_flags = 512;            // of the KEY record, for its tag
    std::uint16_t validity_seconds = 300;     // to each side of now
};

/// The tag that its KEY record has and its signatures carry.
std::uint16_t sig0_key_tag(const Sig0Signer& signer);
/// Bytes that sign_sig0_request() adds at most.
std::size_t sig0_request_bytes(const Sig0Signer& signer);
/// Appends a SIG(0) to the request in the first `size` bytes of `buffer` and returns the new size;
/// nullopt when the library failed to sign. Requires room for sig0_request_bytes().
std::optional<std::size_t> sign_sig0_request(const Sig0Signer& signer, MutableBytes buffer,
                                             std::size_t size, UnixTime now);

}  // namespace kith::auth
