#include "auth/sig0.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "auth/limits.hpp"
#include "auth/record_walk.hpp"
#include "crypto/algorithm.hpp"
#include "crypto/key.hpp"
#include "dns/key_tag.hpp"
#include "dns/rdata.hpp"

namespace kith::auth {
namespace {

using dns::key_tag;
using dns::Reader;
using dns::RrType;
using dns::Wire;
using dns::WireFault;

constexpr std::uint8_t key_protocol_dnssec = 3;
constexpr std::uint8_t key_protocol_any = 255;
constexpr std::uint16_t key_no_authentication = 0x8000;  // RFC 2535 §3.1.2, bit 0 of the flags

// type covered, algorithm, labels, original TTL, expiration, inception, key tag
constexpr std::size_t fixed_rdata_bytes = 18;

Wire<Sig0Record> read_rdata(Bytes rdata) {
    Sig0Record out;
    out.rdata = rdata;
    Reader reader(rdata);
    KITH_TRY_VOID(reader.u16());  // covers nothing
    KITH_TRY(out.algorithm, reader.u8());
    KITH_TRY_VOID(reader.u8());   // labels
    KITH_TRY_VOID(reader.u32());  // original TTL: meaningless (RFC 2931 §3)
    KITH_TRY(out.expiration, reader.u32());
    KITH_TRY(out.inception, reader.u32());
    KITH_TRY(out.key_tag, reader.u16());
    const Wire<NameView> signer = NameView::from_wire(rdata.subspan(fixed_rdata_bytes));
    if (!signer) return reader.error(WireFault::bad_value);
    out.signer = *signer;
    out.signature = rdata.subspan(fixed_rdata_bytes + signer->size());
    return out;
}

/// a - b of serial numbers (RFC 1982): what is right for times modulo 2^32 (RFC 4034 §3.1.5).
std::int64_t serial_difference(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b);
}

bool is_in_time(const Sig0Record& record, UnixTime now) {
    const auto now32 = static_cast<std::uint32_t>(now);
    const std::int64_t validity = serial_difference(record.expiration, record.inception);
    return validity >= 0 && validity <= sig0_validity_seconds_max &&
           serial_difference(record.expiration, now32) >= 0 &&
           serial_difference(now32, record.inception) >= 0;
}

/// Whether a KEY's RDATA may be the key that made `record`, and may authenticate at all.
bool fits(Bytes key, const Sig0Record& record) {
    if (key.size() < 5 || key.size() > sig0_key_bytes_max + 4) return false;
    const std::uint16_t flags = load_u16(key.data());
    const std::uint8_t protocol = key[2];
    return (flags & key_no_authentication) == 0 &&
           (protocol == key_protocol_dnssec || protocol == key_protocol_any) &&
           key[3] == record.algorithm && key_tag(key) == record.key_tag;
}

struct SignedParts {
    std::array<std::uint8_t, dns::header_bytes> header;
    std::array<Bytes, 3> parts;
};

/// What is signed: RDATA without the signature, then the message as it was before the SIG(0) was
/// added (RFC 2931 §3.1).
void make_parts(Bytes message, const Sig0Record& record, SignedParts& out) {
    std::ranges::copy(message.first(dns::header_bytes), out.header.begin());
    const std::uint16_t additional = load_u16(out.header.data() + 10);
    store_u16(out.header.data() + 10, static_cast<std::uint16_t>(additional - 1));
    out.parts = {record.rdata.first(record.rdata.size() - record.signature.size()), out.header,
                 message.first(record.offset).subspan(dns::header_bytes)};
}

Sig0Verdict verify(Bytes message, const Sig0Record& record, const KeyLookup& lookup,
                   Sig0Check& check) {
    if (crypto::find_algorithm(record.algorithm) == nullptr) return Sig0Verdict::not_supported;
    SignedParts signed_parts;
    make_parts(message, record, signed_parts);
    int seen = 0;
    for (const Bytes key : lookup(record.signer)) {
        if (++seen > sig0_keys_seen_max || check.keys_tried == sig0_keys_tried_max) break;
        if (!fits(key, record)) continue;
        ++check.keys_tried;
        const auto imported = crypto::PublicKey::from_wire(record.algorithm, key.subspan(4));
        if (!imported) continue;
        crypto::Verifier verifier(*imported);
        if (verifier.verify(signed_parts.parts, record.signature) == crypto::Verdict::good) {
            return Sig0Verdict::good;
        }
    }
    return check.keys_tried == 0 ? Sig0Verdict::unknown_key : Sig0Verdict::bad_signature;
}

}  // namespace

Wire<std::optional<Sig0Record>> read_sig0(Bytes message) {
    KITH_TRY(const dns::Header header, dns::read_header(message));
    if (header.counts[3] == 0) return std::nullopt;
    KITH_TRY(RecordWalk walk, RecordWalk::begin(message));
    std::optional<Sig0Record> found;
    bool has_tsig = false;
    for (;;) {
        KITH_TRY(const bool more, walk.next());
        if (!more) break;
        has_tsig = has_tsig || walk.type() == RrType::TSIG;
        // Class and TTL are meaningless (RFC 2931 §3).
        const bool covers_nothing = walk.rdata().size() >= 2 && load_u16(walk.rdata().data()) == 0;
        if (walk.type() != RrType::SIG || !covers_nothing) continue;
        if (!walk.is_last()) return walk.error(WireFault::bad_value);
        const Wire<Sig0Record> read = read_rdata(walk.rdata());
        if (!read) return walk.error(WireFault::bad_value);
        found = *read;
        found->offset = walk.offset();
    }
    if (found && has_tsig) return walk.error(WireFault::bad_value);
    return found;
}

Sig0Check check_sig0_request(Bytes message, const KeyLookup& lookup, UnixTime now) {
    Sig0Check check;
    check.message_bytes = message.size();
    const auto found = read_sig0(message);
    if (!found) {
        check.verdict = Sig0Verdict::form_error;
        return check;
    }
    if (!*found) return check;
    const Sig0Record& record = **found;
    check.signer = record.signer;
    check.key_tag = record.key_tag;
    check.message_bytes = record.offset;
    if (record.signature.empty() || record.signature.size() > sig0_signature_bytes_max) {
        check.verdict = Sig0Verdict::form_error;
    } else if (!is_in_time(record, now)) {
        // Before any cryptography: the times cost nothing to look at, and nobody learns from the
        // answer what a signature would have told.
        check.verdict = Sig0Verdict::bad_time;
    } else {
        check.verdict = verify(message, record, lookup, check);
    }
    return check;
}

Rcode Sig0Check::answer_rcode() const {
    switch (verdict) {
        case Sig0Verdict::unsigned_:
        case Sig0Verdict::good: return Rcode::NOERROR;
        case Sig0Verdict::form_error: return Rcode::FORMERR;
        case Sig0Verdict::unknown_key:
        case Sig0Verdict::bad_time:
        case Sig0Verdict::bad_signature:
        case Sig0Verdict::not_supported: return Rcode::NOTAUTH;
    }
    return Rcode::SERVFAIL;
}

std::string Sig0Check::to_text() const {
    const std::string who = fmt::format("key {} of {}", key_tag, signer.to_text());
    switch (verdict) {
        case Sig0Verdict::unsigned_: return "no SIG(0)";
        case Sig0Verdict::good: return fmt::format("SIG(0) good: {}", who);
        case Sig0Verdict::form_error: return "SIG(0) misplaced or malformed";
        case Sig0Verdict::unknown_key:
            return fmt::format(
                "SIG(0): expected a KEY record for {} that may authenticate, found none", who);
        case Sig0Verdict::bad_time:
            return fmt::format(
                "SIG(0): {} signed for another time, or for more than an hour; check the clocks",
                who);
        case Sig0Verdict::bad_signature:
            return fmt::format("SIG(0): the signature is not one of {}", who);
        case Sig0Verdict::not_supported:
            return fmt::format("SIG(0): {} uses an algorithm that is not supported", who);
    }
    return {};
}

std::size_t sig0_request_bytes(const Sig0Signer& signer) {
    constexpr std::size_t frame_bytes = 11;  // root owner, type, class, TTL, RDLENGTH
    return frame_bytes + fixed_rdata_bytes + signer.name.size() +
           crypto::Signer(*signer.key).signature_bytes();
}

std::uint16_t sig0_key_tag(const Sig0Signer& signer) {
    const Bytes key = signer.key->public_key().wire();
    std::vector<std::uint8_t> rdata{static_cast<std::uint8_t>(signer.key_flags >> 8),
                                    static_cast<std::uint8_t>(signer.key_flags),
                                    key_protocol_dnssec,
                                    static_cast<std::uint8_t>(signer.key->algorithm())};
    rdata.insert(rdata.end(), key.begin(), key.end());
    return key_tag(rdata);
}

std::optional<std::size_t> sign_sig0_request(const Sig0Signer& signer, MutableBytes buffer,
                                             std::size_t size, UnixTime now) {
    const auto now32 = static_cast<std::uint32_t>(now);
    dns::Writer out(buffer.subspan(size));
    out.u8(0);
    out.u16(static_cast<std::uint16_t>(RrType::SIG));
    out.u16(static_cast<std::uint16_t>(dns::RrClass::ANY));
    out.u32(0);
    crypto::Signer key(*signer.key);
    out.u16(
        static_cast<std::uint16_t>(fixed_rdata_bytes + signer.name.size() + key.signature_bytes()));
    const std::size_t rdata_start = out.size();
    out.u16(0);
    out.u8(static_cast<std::uint8_t>(signer.key->algorithm()));
    out.u8(0);
    out.u32(0);
    out.u32(now32 + signer.validity_seconds);
    out.u32(now32 - signer.validity_seconds);
    out.u16(sig0_key_tag(signer));
    out.bytes(signer.name.lowered().wire());
    KITH_CHECK(!out.overflow() && out.room() >= key.signature_bytes());
    const std::array<Bytes, 2> parts = {out.written().subspan(rdata_start),
                                        Bytes(buffer).first(size)};
    const std::size_t head = out.size();
    const auto signature = key.sign(parts, buffer.subspan(size + head));
    if (!signature) return std::nullopt;
    store_u16(buffer.data() + 10, static_cast<std::uint16_t>(load_u16(buffer.data() + 10) + 1));
    return size + head + signature->size();
}

}  // namespace kith::auth
