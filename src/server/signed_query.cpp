#include "server/signed_query.hpp"

#include <algorithm>

#include "answer/answerer.hpp"
#include "transfer/transfer_out.hpp"
#include "transfer/tsig_security.hpp"

namespace kith::server {
namespace {

/// The largest answer the client takes over this transport.
std::size_t size_limit(const answer::Query& query, std::size_t buffer) {
    if (!answer::is_datagram(query.transport)) return buffer;
    const std::size_t ours = std::min<std::size_t>(buffer, dns::udp_bytes_default);
    return query.view.edns ? query.view.edns->usable_payload(ours) : dns::udp_bytes_plain;
}

/// The header and the question alone, with TC: ask over TCP (RFC 8945 §5.3).
std::size_t truncate(const answer::Query& query, MutableBytes buffer) {
    dns::MessageBuilder builder;
    dns::Header before = *dns::read_header(buffer);
    builder.start_response(buffer, buffer.size(), query.message, query.view);
    builder.header().flags = static_cast<std::uint16_t>(before.flags | dns::Header::tc);
    return builder.finish().size();
}

}  // namespace

bool may_be_signed(const answer::Query& query) {
    const int opt = query.view.edns ? 1 : 0;
    return query.reading == answer::Reading::question && query.view.header.counts[3] > opt;
}

Bytes answer_signed(const answer::Query& query, const auth::KeyRing* ring, MutableBytes buffer,
                    const Respond& respond) {
    auth::TsigCheck check;
    if (ring != nullptr) check = auth::check_tsig_request(query.message, *ring, query.unix_now);
    if (check.verdict == auth::TsigVerdict::unsigned_) return respond(buffer);
    const transfer::UnixClock now = [at = query.unix_now] { return at; };
    const auto signer = transfer::make_response_signer(check, now);
    if (!check.is_good()) {
        return transfer::write_transfer_error(query.message, check.answer_rcode(), std::nullopt, "",
                                              signer.get(), buffer);
    }
    const std::size_t room = std::min(signer->room(), buffer.size() - answer::response_bytes_min);
    const Bytes answer = respond(buffer.first(buffer.size() - room));
    if (answer.empty()) return {};
    std::size_t size = answer.size();
    if (size + signer->room() > size_limit(query, buffer.size())) size = truncate(query, buffer);
    return buffer.first(signer->sign(buffer, size));
}

}  // namespace kith::server
