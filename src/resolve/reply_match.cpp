#include "resolve/reply_match.hpp"

#include <algorithm>

namespace kith::resolve {

ReplyMatch match_reply(Bytes message, const SentQuestion& sent) {
    const dns::Wire<dns::Header> header = dns::read_header(message);
    if (!header || !header->has(dns::Header::qr) || header->opcode() != dns::Opcode::QUERY) {
        return ReplyMatch::not_a_reply;
    }
    if (header->id != sent.id) return ReplyMatch::wrong_id;
    if (header->counts[0] == 0) {
        const dns::Rcode rcode = header->rcode_low();
        const bool is_error = rcode == dns::Rcode::FORMERR || rcode == dns::Rcode::NOTIMP;
        return is_error ? ReplyMatch::no_question : ReplyMatch::wrong_question;
    }
    if (header->counts[0] != 1) return ReplyMatch::wrong_question;
    const auto name = dns::NameView::from_wire(message.subspan(dns::header_bytes));
    if (!name || *name != sent.name) return ReplyMatch::wrong_question;
    dns::Reader reader(message, dns::header_bytes + name->size());
    const auto type = reader.u16();
    const auto klass = reader.u16();
    if (!type || *type != static_cast<std::uint16_t>(sent.type)) return ReplyMatch::wrong_question;
    if (!klass || *klass != static_cast<std::uint16_t>(sent.klass))
        return ReplyMatch::wrong_question;
    return std::ranges::equal(name->wire(), sent.name.wire()) ? ReplyMatch::match
                                                              : ReplyMatch::wrong_case;
}

}  // namespace kith::resolve
