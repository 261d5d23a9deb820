// Any bytes as messages with TSIG. What is signed is verified, and a changed bit of it is not; what the
// reader accepts is one TSIG and the last record; answers to anything can be read, and only those are
// signed that may be; a stream believes nothing that was tampered with.

#include <algorithm>
#include <vector>

#include "auth/key_text.hpp"
#include "auth/tsig_stream.hpp"
#include "dns/message.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using namespace kith::auth;

using Message = std::vector<std::uint8_t>;

constexpr UnixTime now = 1'700'000'000;
constexpr std::size_t room = 1024;

using fuzz::must;

TsigKey make_key(const char* words) {
    auto key = parse_key_word(words);
    must(key.has_value());
    return *std::move(key);
}

const KeyRing& ring() {
    static const KeyRing keys = [] {
        KeyRing out;
        must(out.add(make_key("hmac-sha256:k:c2VjcmV0")).has_value());
        must(out.add(make_key("hmac-sha1-96:short.key:c2VjcmV0")).has_value());
        must(out.add(make_key("hmac-sha512-256:l:b3RoZXI=")).has_value());
        return out;
    }();
    return keys;
}

void check_reader(Bytes message) {
    const auto tsig = read_tsig(message);
    const auto view = dns::MessageView::parse(message);
    if (!tsig || !view) return;
    int count = 0;
    view->for_each(dns::Section::additional, [&](const dns::RecordView& record) {
        if (record.type == dns::RrType::TSIG) ++count;
    });
    must(count == (tsig->has_value() ? 1 : 0));
    if (*tsig) must((*tsig)->offset < message.size() && (*tsig)->mac.size() <= message.size());
}

/// The answer to anything: empty or a message, signed exactly when the request's MAC was right.
void check_answer(Bytes message) {
    const TsigCheck check = check_tsig_request(message, ring(), now);
    must(check.is_good() == (check.verdict == TsigVerdict::good));
    must(check.to_text(now).size() < 2000);
    Message answer(dns::header_bytes);
    answer[2] = 0x80;
    answer.resize(answer.size() + check.response_bytes());
    const std::size_t size = sign_tsig_response(check, answer, dns::header_bytes, now);
    must(size == answer.size());
    const auto read = read_tsig(answer);
    must(read.has_value());
    must(read->has_value() == (check.response_bytes() != 0));
    if (!*read) return;
    const bool may_be_signed = check.verdict == TsigVerdict::good ||
                               check.verdict == TsigVerdict::bad_time ||
                               check.verdict == TsigVerdict::bad_trunc;
    must((*read)->mac.empty() == !may_be_signed);
    must((*read)->error == check.error());
}

/// A TSIG anywhere, also where none may stand: what is signed then is not one TSIG and the last record.
bool has_tsig(Bytes message) {
    bool found = false;
    const auto view = dns::MessageView::parse(message);
    for (const auto section :
         {dns::Section::answer, dns::Section::authority, dns::Section::additional}) {
        view->for_each(section, [&](const dns::RecordView& record) {
            found = found || record.type == dns::RrType::TSIG;
        });
    }
    return found;
}

/// Signs `message` (its beginning) with each key and looks what becomes of it.
void check_signing(Bytes data, std::size_t flip) {
    if (!dns::MessageView::parse(data)) return;
    if (has_tsig(data) || load_u16(data.data() + 10) == 0xffff) return;
    for (const auto& key : ring().keys()) {
        Message message(data.begin(), data.end());
        message.resize(data.size() + room);
        TsigMac mac;
        const std::size_t size = sign_tsig_request(*key, message, data.size(), now, mac);
        if (size > dns::message_bytes_max) return;
        message.resize(size);
        const TsigCheck check = check_tsig_request(message, ring(), now);
        must(check.is_good() && check.key == key.get() && check.message_bytes == data.size());
        // The header's id may differ: a forwarder changes it (RFC 8945 §4.3.2).
        const std::size_t bit = flip % (size * 8);
        if (bit < 16) continue;
        message[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        const TsigCheck tampered = check_tsig_request(message, ring(), now);
        // Letters of the key's and the algorithm's name count in any case.
        if (tampered.is_good()) must(bit / 8 >= data.size() && bit % 8 == 5);
    }
}

/// A stream of our own messages, one of which the fuzzer changes, leaves out or repeats.
void check_stream(Bytes data) {
    const TsigKey& key = *ring().keys().front();
    Message request(dns::header_bytes + room);
    TsigMac mac;
    request.resize(sign_tsig_request(key, request, dns::header_bytes, now, mac));
    TsigStreamSigner signer(check_tsig_request(request, ring(), now));
    TsigStreamVerifier verifier(key, mac);
    bool is_tampered = false;
    for (const std::uint8_t step : data.first(std::min<std::size_t>(data.size(), 8))) {
        Message message(dns::header_bytes + room);
        message[2] = 0x80;
        message[3] = step & 15;
        message.resize(signer.sign(message, dns::header_bytes, now));
        if ((step & 0xc0) == 0x40) {
            is_tampered = true;
            message[4 + step % 8] ^= 1;
        }
        if ((step & 0xc0) == 0x80) {
            is_tampered = true;
            continue;  // lost on the way
        }
        std::size_t bytes = 0;
        const auto verdict = verifier.check(message, now, bytes);
        if (is_tampered)
            must(verdict != TsigStreamVerifier::Verdict::verified && !verifier.may_end());
        if (!is_tampered)
            must(verdict == TsigStreamVerifier::Verdict::verified && verifier.may_end());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 4096) return 0;
    const Bytes bytes(data, size);
    check_reader(bytes);
    check_answer(bytes);
    check_signing(bytes.subspan(2), load_u16(data));
    check_stream(bytes);
    // Anything as the first message of a stream: it cannot be right.
    TsigMac request;
    request.size = 32;
    TsigStreamVerifier verifier(*ring().keys().front(), request);
    std::size_t used = 0;
    must(verifier.check(bytes, now, used) != TsigStreamVerifier::Verdict::verified);
    return 0;
}
