#pragma once
// TSIG over the messages of one TCP stream, such as a transfer (RFC 8945 §5.3.1). We sign each
// message; from others up to 99 unsigned ones in a row are accepted, but neither the first nor the
// last.

#include "auth/tsig.hpp"

namespace kith::auth {

/// Signs the messages of the response to one request, in order.
class TsigStreamSigner {
public:
    /// A request that is not `good`: sign() adds nothing.
    explicit TsigStreamSigner(const TsigCheck& request) : request_(request) {}

    /// Bytes that sign() adds to each message.
    std::size_t bytes() const { return request_.is_good() ? request_.response_bytes() : 0; }
    /// Appends a TSIG to the message in the first `size` bytes of `buffer`; returns the new size.
    /// Requires room for bytes().
    std::size_t sign(MutableBytes buffer, std::size_t size, UnixTime now);

private:
    TsigCheck request_;
    TsigMac prior_;
    std::uint64_t last_time_ = 0;  // never goes back within a stream
    bool is_first_ = true;
};

/// Checks the messages of the response to a request signed with `key`, in order.
class TsigStreamVerifier {
public:
    enum class Verdict : std::uint8_t {
        verified,  // signed, and right; so are the unsigned ones before it
        not_yet,   // unsigned: believe it when a later one is verified
        failed,    // wrong, unsigned where it must not be, or too many unsigned: close
    };

    /// `key` must outlive this.
    TsigStreamVerifier(const TsigKey& key, const TsigMac& request_mac);
    ~TsigStreamVerifier();
    TsigStreamVerifier(TsigStreamVerifier&&) noexcept;
    TsigStreamVerifier& operator=(TsigStreamVerifier&&) noexcept;

    /// Checks the next message. `message_bytes` is its size without the TSIG.
    Verdict check(Bytes message, UnixTime now, std::size_t& message_bytes);
    /// True when the last message was verified: a stream may end here and nowhere else.
    bool may_end() const { return unsigned_count_ == 0 && !is_first_ && !failed_; }
    /// Why it failed, for the log.
    const TsigReply& reply() const { return reply_; }

private:
    Verdict check_first(Bytes message, UnixTime now, std::size_t& message_bytes);
    Verdict accept(const TsigRecord& record);
    Verdict fail(TsigVerdict why);

    const TsigKey* key_;
    TsigMac prior_;
    std::unique_ptr<crypto::Hmac> running_;  // over prior MAC and unsigned messages so far
    TsigReply reply_;
    int unsigned_count_ = 0;
    std::uint64_t last_time_ = 0;
    bool is_first_ = true;
    bool failed_ = false;
};

}  // namespace kith::auth
