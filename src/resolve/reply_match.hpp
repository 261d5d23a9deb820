#pragma once
// Does a received packet answer the question that was sent? (RFC 5452 §9.1)

#include "dns/message.hpp"
#include "dns/name.hpp"

namespace kith::resolve {

/// A question as it went out: `name` in the case that was sent.
struct SentQuestion {
    std::uint16_t id = 0;
    dns::NameView name;
    dns::RrType type{};
    dns::RrClass klass{};
};

enum class ReplyMatch : std::uint8_t {
    match,
    wrong_case,   // all is right but the case of the name
    no_question,  // an error reply (FORMERR, NOTIMP) without a question, as servers of old send
    wrong_id,
    wrong_question,  // another name, type, class, or not one question
    not_a_reply,     // too short, QR clear or another opcode
};

/// Looks at header and question only: the rest may still be malformed.
ReplyMatch match_reply(Bytes message, const SentQuestion& sent);

}  // namespace kith::resolve
