#include "auth/tsig_stream.hpp"

#include <algorithm>

#include "auth/tsig_mac.hpp"

namespace kith::auth {
namespace {

/// Begins the MAC of a later message: the one before it stands for all that came before.
std::unique_ptr<crypto::Hmac> follow(const TsigKey& key, const TsigMac& prior) {
    auto hmac = std::make_unique<crypto::Hmac>(digest_of(key.algorithm), key.secret.bytes());
    feed_prior_mac(*hmac, prior.view());
    return hmac;
}

TsigMac copy_mac(Bytes mac) {
    TsigMac out;
    std::ranges::copy(mac, out.bytes.begin());
    out.size = static_cast<std::uint8_t>(mac.size());
    return out;
}

}  // namespace

std::size_t TsigStreamSigner::sign(MutableBytes buffer, std::size_t size, UnixTime now) {
    if (!request_.is_good()) return size;
    last_time_ = std::max(last_time_, seconds_of(now));
    const TsigVariables variables{.key_name = request_.key_name,
                                  .algorithm_name = request_.algorithm_name,
                                  .time_signed = last_time_,
                                  .fudge = request_.fudge,
                                  .original_id = request_.original_id,
                                  .error = Rcode::NOERROR,
                                  .other = {}};
    const Bytes message = Bytes(buffer).first(size);
    if (is_first_) {
        prior_ = compute_mac(*request_.key, variables, request_.mac.view(), message, HasTsig::no);
    } else {
        const auto hmac = follow(*request_.key, prior_);
        feed_message(*hmac, message, HasTsig::no, variables.original_id);
        feed_timers(*hmac, variables);
        prior_ = finish_mac(*request_.key, *hmac);
    }
    is_first_ = false;
    const std::size_t least = request_.key->mac_size();
    prior_.size = static_cast<std::uint8_t>(std::max<std::size_t>(least, request_.mac.size));
    return append_tsig(buffer, size, variables, prior_.view());
}

TsigStreamVerifier::TsigStreamVerifier(const TsigKey& key, const TsigMac& request_mac)
    : key_(&key), prior_(request_mac) {}
TsigStreamVerifier::~TsigStreamVerifier() = default;
TsigStreamVerifier::TsigStreamVerifier(TsigStreamVerifier&&) noexcept = default;
TsigStreamVerifier& TsigStreamVerifier::operator=(TsigStreamVerifier&&) noexcept = default;

TsigStreamVerifier::Verdict TsigStreamVerifier::check(Bytes message, UnixTime now,
                                                      std::size_t& message_bytes) {
    message_bytes = message.size();
    if (failed_) return Verdict::failed;
    if (is_first_) return check_first(message, now, message_bytes);
    const auto found = read_tsig(message);
    if (!found) return fail(TsigVerdict::form_error);
    if (!*found) {
        if (unsigned_count_ == tsig_unsigned_messages_max) return fail(TsigVerdict::unsigned_);
        ++unsigned_count_;
        running_->update(message);
        return Verdict::not_yet;
    }
    const TsigRecord& record = **found;
    message_bytes = record.offset;
    reply_.error = record.error;
    const bool is_ours = record.owner == key_->name;
    const TsigVerdict before = check_key_of(is_ours ? key_ : nullptr, record);
    if (before != TsigVerdict::good) return fail(before);
    feed_message(*running_, message.first(record.offset), HasTsig::yes, record.original_id);
    feed_timers(*running_, variables_of(record));
    const TsigMac mac = finish_mac(*key_, *running_);
    const TsigVerdict verdict = check_mac_of(*key_, record, mac, now);
    if (verdict != TsigVerdict::good) return fail(verdict);
    // Times within a stream never go back (RFC 8945 §5.3.1).
    if (record.time_signed < last_time_) return fail(TsigVerdict::bad_time);
    return accept(record);
}

TsigStreamVerifier::Verdict TsigStreamVerifier::check_first(Bytes message, UnixTime now,
                                                            std::size_t& message_bytes) {
    reply_ = check_tsig_response(*key_, prior_, message, now);
    message_bytes = reply_.message_bytes;
    if (!reply_.is_good()) return fail(reply_.verdict);
    is_first_ = false;
    return accept(**read_tsig(message));
}

TsigStreamVerifier::Verdict TsigStreamVerifier::accept(const TsigRecord& record) {
    last_time_ = record.time_signed;
    unsigned_count_ = 0;
    reply_.verdict = TsigVerdict::good;
    prior_ = copy_mac(record.mac);
    running_ = follow(*key_, prior_);
    return Verdict::verified;
}

TsigStreamVerifier::Verdict TsigStreamVerifier::fail(TsigVerdict why) {
    reply_.verdict = why;
    failed_ = true;
    return Verdict::failed;
}

}  // namespace kith::auth
