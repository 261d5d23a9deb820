#include "auth/tsig.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "auth/record_walk.hpp"
#include "auth/tsig_mac.hpp"
#include "dns/rdata.hpp"

namespace kith::auth {
namespace {

using dns::Reader;
using dns::RrClass;
using dns::RrType;
using dns::Wire;
using dns::WireFault;

Wire<std::uint64_t> read_u48(Reader& reader) {
    KITH_TRY(const std::uint16_t high, reader.u16());
    KITH_TRY(const std::uint32_t low, reader.u32());
    return std::uint64_t{high} << 32 | low;
}

/// The RDATA of a TSIG (RFC 8945 §4.2); `reader` stands at its beginning and ends with it.
Wire<void> read_rdata(Reader& reader, TsigRecord& out) {
    // The name is not compressed (§4.2).
    const Wire<NameView> algorithm = NameView::from_wire(reader.all().subspan(reader.offset()));
    if (!algorithm) return reader.error(WireFault::bad_value);
    out.algorithm = *algorithm;
    KITH_TRY_VOID(reader.take(algorithm->size()));
    KITH_TRY(out.time_signed, read_u48(reader));
    KITH_TRY(out.fudge, reader.u16());
    KITH_TRY(const std::uint16_t mac_size, reader.u16());
    KITH_TRY(out.mac, reader.take(mac_size));
    KITH_TRY(out.original_id, reader.u16());
    KITH_TRY(const std::uint16_t error, reader.u16());
    out.error = static_cast<Rcode>(error);
    KITH_TRY(const std::uint16_t other_size, reader.u16());
    KITH_TRY(out.other, reader.take(other_size));
    if (!reader.at_end()) return reader.error(WireFault::bad_value);
    return {};
}

/// The TSIG that `walk` stands at.
Wire<TsigRecord> read_record(Bytes message, const RecordWalk& walk) {
    if (walk.klass() != RrClass::ANY || walk.ttl() != 0) return walk.error(WireFault::bad_value);
    Reader owner(message, walk.offset());
    TsigRecord out;
    out.offset = walk.offset();
    KITH_TRY(out.owner, dns::read_name(owner));
    Reader rdata(message, walk.rdata_offset());
    KITH_TRY_VOID(read_rdata(rdata, out));
    return out;
}

/// The four checks in the order that RFC 8945 §5.2 demands.
TsigVerdict judge(const TsigKey* key, const TsigRecord& record, Bytes prior_mac, Bytes message,
                  UnixTime now) {
    const TsigVerdict before = check_key_of(key, record);
    if (before != TsigVerdict::good) return before;
    const TsigMac mac = compute_mac(*key, variables_of(record), prior_mac,
                                    message.first(record.offset), HasTsig::yes);
    return check_mac_of(*key, record, mac, now);
}

TsigMac copy_mac(Bytes mac) {
    TsigMac out;
    KITH_CHECK(mac.size() <= out.bytes.size());
    std::ranges::copy(mac, out.bytes.begin());
    out.size = static_cast<std::uint8_t>(mac.size());
    return out;
}

bool is_signed_answer(TsigVerdict verdict) {
    return verdict == TsigVerdict::good || verdict == TsigVerdict::bad_time ||
           verdict == TsigVerdict::bad_trunc;
}

/// Length of the MAC of an answer: what the key makes, but never shorter than the request's
/// (RFC 8945 §7).
std::size_t answer_mac_bytes(const TsigCheck& check) {
    if (!is_signed_answer(check.verdict)) return 0;
    return std::max<std::size_t>(check.key->mac_size(), check.mac.size);
}

constexpr std::size_t other_bytes_bad_time = 6;

}  // namespace

Wire<std::optional<TsigRecord>> read_tsig(Bytes message) {
    KITH_TRY(const dns::Header header, dns::read_header(message));
    if (header.counts[3] == 0) return std::nullopt;
    KITH_TRY(RecordWalk walk, RecordWalk::begin(message));
    std::optional<TsigRecord> found;
    for (;;) {
        KITH_TRY(const bool more, walk.next());
        if (!more) return found;
        if (walk.type() != RrType::TSIG) continue;
        if (!walk.is_last()) return walk.error(WireFault::bad_value);
        KITH_TRY(found, read_record(message, walk));
    }
}

TsigCheck check_tsig_request(Bytes message, const KeyRing& ring, UnixTime now) {
    TsigCheck check;
    check.message_bytes = message.size();
    const auto found = read_tsig(message);
    if (!found) {
        check.verdict = TsigVerdict::form_error;
        return check;
    }
    if (!*found) return check;
    const TsigRecord& record = **found;
    check.key_name = record.owner;
    check.algorithm_name = record.algorithm;
    check.time_signed = record.time_signed;
    check.fudge = record.fudge;
    check.original_id = record.original_id;
    check.message_bytes = record.offset;
    const TsigKey* const key = ring.find(record.owner);
    check.verdict = judge(key, record, {}, message, now);
    if (check.verdict != TsigVerdict::bad_key) check.key = key;
    if (is_signed_answer(check.verdict)) check.mac = copy_mac(record.mac);
    return check;
}

Rcode TsigCheck::answer_rcode() const {
    switch (verdict) {
        case TsigVerdict::unsigned_:
        case TsigVerdict::good: return Rcode::NOERROR;
        case TsigVerdict::form_error: return Rcode::FORMERR;
        case TsigVerdict::bad_key:
        case TsigVerdict::bad_sig:
        case TsigVerdict::bad_time:
        case TsigVerdict::bad_trunc: return Rcode::NOTAUTH;
    }
    return Rcode::SERVFAIL;
}

Rcode TsigCheck::error() const {
    switch (verdict) {
        case TsigVerdict::unsigned_:
        case TsigVerdict::form_error:
        case TsigVerdict::good: return Rcode::NOERROR;
        case TsigVerdict::bad_key: return Rcode::BADKEY;
        case TsigVerdict::bad_sig: return tsig_badsig;
        case TsigVerdict::bad_time: return Rcode::BADTIME;
        case TsigVerdict::bad_trunc: return Rcode::BADTRUNC;
    }
    return Rcode::NOERROR;
}

std::size_t TsigCheck::response_bytes() const {
    if (verdict == TsigVerdict::unsigned_ || verdict == TsigVerdict::form_error) return 0;
    const std::size_t other = verdict == TsigVerdict::bad_time ? other_bytes_bad_time : 0;
    return tsig_record_bytes(key_name, algorithm_name, answer_mac_bytes(*this), other);
}

std::string TsigCheck::to_text(UnixTime now) const {
    const std::string name = key_name.to_text();
    switch (verdict) {
        case TsigVerdict::unsigned_: return "no TSIG";
        case TsigVerdict::good: return fmt::format("TSIG good: key {}", name);
        case TsigVerdict::form_error: return "TSIG misplaced or malformed";
        case TsigVerdict::bad_key:
            return fmt::format(
                "TSIG BADKEY: expected a key and an algorithm known here, found {} with {}", name,
                algorithm_name.to_text());
        case TsigVerdict::bad_sig:
            return fmt::format("TSIG BADSIG: the MAC is not one of key {}; are the secrets equal?",
                               name);
        case TsigVerdict::bad_time:
            return fmt::format("TSIG BADTIME: key {}, clocks differ by {} s, allowed are {} s",
                               name, seconds_apart(time_signed, now),
                               std::min(fudge, tsig_fudge_seconds_max));
        case TsigVerdict::bad_trunc:
            return fmt::format("TSIG BADTRUNC: key {} asks for MACs of {} bytes, found {}", name,
                               key->mac_size(), mac.size);
    }
    return {};
}

std::size_t sign_tsig_response(const TsigCheck& request, MutableBytes buffer, std::size_t size,
                               UnixTime now) {
    if (request.response_bytes() == 0) return size;
    std::array<std::uint8_t, other_bytes_bad_time> server_time{};
    TsigVariables variables{.key_name = request.key_name,
                            .algorithm_name = request.algorithm_name,
                            .time_signed = seconds_of(now),
                            .fudge = request.fudge,
                            .original_id = request.original_id,
                            .error = request.error(),
                            .other = {}};
    if (request.verdict == TsigVerdict::bad_time) {
        // The client's own time, so that it finds this answer in time (RFC 8945 §5.2.3).
        store_u48(server_time.data(), variables.time_signed);
        variables.time_signed = request.time_signed;
        variables.other = server_time;
    }
    TsigMac mac;
    if (is_signed_answer(request.verdict)) {
        mac = compute_mac(*request.key, variables, request.mac.view(), Bytes(buffer).first(size),
                          HasTsig::no);
        mac.size = static_cast<std::uint8_t>(answer_mac_bytes(request));
    }
    return append_tsig(buffer, size, variables, mac.view());
}

std::size_t tsig_request_bytes(const TsigKey& key) {
    return tsig_record_bytes(key.name, algorithm_wire_name(key.algorithm), key.mac_size(), 0);
}

std::size_t sign_tsig_request(const TsigKey& key, MutableBytes buffer, std::size_t size,
                              UnixTime now, TsigMac& mac) {
    const TsigVariables variables{.key_name = key.name,
                                  .algorithm_name = algorithm_wire_name(key.algorithm),
                                  .time_signed = seconds_of(now),
                                  .fudge = key.fudge,
                                  .original_id = load_u16(buffer.data()),
                                  .error = Rcode::NOERROR,
                                  .other = {}};
    mac = compute_mac(key, variables, {}, Bytes(buffer).first(size), HasTsig::no);
    mac.size = static_cast<std::uint8_t>(key.mac_size());
    return append_tsig(buffer, size, variables, mac.view());
}

TsigReply check_tsig_response(const TsigKey& key, const TsigMac& request_mac, Bytes message,
                              UnixTime now) {
    TsigReply reply;
    reply.message_bytes = message.size();
    const auto found = read_tsig(message);
    if (!found) {
        reply.verdict = TsigVerdict::form_error;
        return reply;
    }
    if (!*found) return reply;
    const TsigRecord& record = **found;
    reply.error = record.error;
    reply.message_bytes = record.offset;
    if (record.mac.empty()) {
        // An error answer without a signature (RFC 8945 §5.3.2): a hint, no more.
        reply.verdict = record.error == Rcode::BADKEY ? TsigVerdict::bad_key : TsigVerdict::bad_sig;
        return reply;
    }
    const bool is_ours = record.owner == key.name;
    reply.verdict = judge(is_ours ? &key : nullptr, record, request_mac.view(), message, now);
    if (reply.verdict == TsigVerdict::good && record.error == Rcode::BADTIME &&
        record.other.size() == other_bytes_bad_time) {
        reply.server_time = load_u48(record.other.data());
    }
    return reply;
}

std::string tsig_error_name(Rcode error) {
    if (error == tsig_badsig) return "BADSIG";
    return dns::rcode_name(error);
}

}  // namespace kith::auth
