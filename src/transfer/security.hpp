#pragma once
// What transfers and notifications need of TSIG (RFC 8945), as interfaces: auth/ has the keys and
// the arithmetic, this module knows where in a stream of messages they are applied.

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kith::transfer {

/// Signs the messages of one exchange in the order in which they are sent: one query, or all
/// messages of the answer to one query (RFC 8945 §5.3.1). It knows what came before.
class MessageSigner {
public:
    virtual ~MessageSigner() = default;
    /// The most bytes that sign() adds to a message.
    virtual std::size_t room() const = 0;
    /// Appends a signature to the message in the first `size` bytes of `buffer`, which has room()
    /// more, and counts it in the header. Returns the new size.
    virtual std::size_t sign(MutableBytes buffer, std::size_t size) = 0;
};

/// Checks the messages of an answer in the order in which they come.
class MessageVerifier {
public:
    virtual ~MessageVerifier() = default;
    /// Takes the next message, signed or not (RFC 8945 §5.3.1 lets up to 99 in a row go without).
    /// The error says what is wrong, for a person.
    virtual Result<void, std::string> accept(Bytes message) = 0;
    /// True when the last message accepted was signed, and so all before it.
    virtual bool is_covered() const = 0;
};

}  // namespace kith::transfer
