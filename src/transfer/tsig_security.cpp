#include "transfer/tsig_security.hpp"

#include <fmt/format.h>

#include <optional>

namespace kith::transfer {
namespace {

using auth::TsigCheck;
using auth::TsigVerdict;

/// A good request: every message of the answer is signed.
class StreamSigner final : public MessageSigner {
public:
    StreamSigner(const TsigCheck& check, UnixClock now) : signer_(check), now_(std::move(now)) {}
    std::size_t room() const override { return signer_.bytes(); }
    std::size_t sign(MutableBytes buffer, std::size_t size) override {
        return signer_.sign(buffer, size, now_());
    }

private:
    auth::TsigStreamSigner signer_;
    UnixClock now_;
};

/// A request that was refused for its TSIG: the answer says so in its own (RFC 8945 §5.3.2).
class ErrorSigner final : public MessageSigner {
public:
    ErrorSigner(const TsigCheck& check, UnixClock now) : check_(check), now_(std::move(now)) {}
    std::size_t room() const override { return check_.response_bytes(); }
    std::size_t sign(MutableBytes buffer, std::size_t size) override {
        return auth::sign_tsig_response(check_, buffer, size, now_());
    }

private:
    TsigCheck check_;
    UnixClock now_;
};

/// What the query's signer and its answer's verifier share.
struct Exchange {
    std::shared_ptr<const auth::TsigKey> key;
    UnixClock now;
    auth::TsigMac mac;
    auth::TsigReply reply;
};

class QuerySigner final : public MessageSigner {
public:
    explicit QuerySigner(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
    std::size_t room() const override { return auth::tsig_request_bytes(*exchange_->key); }
    std::size_t sign(MutableBytes buffer, std::size_t size) override {
        return auth::sign_tsig_request(*exchange_->key, buffer, size, exchange_->now(),
                                       exchange_->mac);
    }

private:
    std::shared_ptr<Exchange> exchange_;
};

std::string complaint(const auth::TsigReply& reply) {
    if (reply.error != dns::Rcode::NOERROR) {
        return fmt::format("the server refuses our signature: {}",
                           auth::tsig_error_name(reply.error));
    }
    switch (reply.verdict) {
        case TsigVerdict::unsigned_: return "expected a signed answer (TSIG), found none";
        case TsigVerdict::bad_time: return "the answer's TSIG is out of time: compare the clocks";
        case TsigVerdict::bad_key: return "the answer is signed with another key";
        case TsigVerdict::good:
        case TsigVerdict::form_error:
        case TsigVerdict::bad_sig:
        case TsigVerdict::bad_trunc: break;
    }
    return "the answer's TSIG is not right: compare the secrets";
}

class AnswerVerifier final : public MessageVerifier {
public:
    explicit AnswerVerifier(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
    Result<void, std::string> accept(Bytes message) override {
        // Made with the first message: only then the query's MAC is known.
        if (!stream_) stream_.emplace(*exchange_->key, exchange_->mac);
        std::size_t size = 0;
        const auto verdict = stream_->check(message, exchange_->now(), size);
        exchange_->reply = stream_->reply();
        if (verdict == auth::TsigStreamVerifier::Verdict::failed)
            return std::unexpected(complaint(exchange_->reply));
        return {};
    }
    bool is_covered() const override { return stream_ && stream_->may_end(); }

private:
    std::shared_ptr<Exchange> exchange_;
    std::optional<auth::TsigStreamVerifier> stream_;
};

}  // namespace

std::unique_ptr<MessageSigner> make_response_signer(const TsigCheck& check, const UnixClock& now) {
    if (check.is_good()) return std::make_unique<StreamSigner>(check, now);
    if (check.verdict == TsigVerdict::unsigned_ || check.response_bytes() == 0) return nullptr;
    return std::make_unique<ErrorSigner>(check, now);
}

QuerySecurity make_query_security(std::shared_ptr<const auth::TsigKey> key, UnixClock now) {
    auto exchange = std::make_shared<Exchange>(Exchange{std::move(key), std::move(now), {}, {}});
    QuerySecurity out;
    out.signer = std::make_unique<QuerySigner>(exchange);
    out.verifier = std::make_unique<AnswerVerifier>(exchange);
    out.reply = {exchange, &exchange->reply};
    return out;
}

}  // namespace kith::transfer
