// Class CHAOS: who answers here (RFC 4892). Only the four customary names, only TXT, and only
// what the configuration gives away; everything else of the class is refused.

#include <algorithm>

#include "answer/stage.hpp"

namespace kith::answer {
namespace {

struct ChaosName {
    std::string_view name;  // wire form, lower case
    std::string AnswerOptions::* text;
};

using namespace std::string_view_literals;
constexpr ChaosName chaos_names[] = {
    {"\7version\4bind\0"sv, &AnswerOptions::version},
    {"\7version\6server\0"sv, &AnswerOptions::version},
    {"\10hostname\4bind\0"sv, &AnswerOptions::hostname},
    {"\2id\6server\0"sv, &AnswerOptions::hostname},
};

}  // namespace

Verdict answer_chaos(Exchange& exchange) {
    Query& query = exchange.query;
    if (query.view.qclass != dns::RrClass::CH) return Verdict::next;
    query.rcode = dns::Rcode::REFUSED;
    const auto row =
        std::ranges::find(chaos_names, as_text(query.qname.view().wire()), &ChaosName::name);
    if (row == std::end(chaos_names)) return Verdict::answered;
    const std::string& text = exchange.snapshot.options.*row->text;
    if (text.empty()) return Verdict::answered;
    query.rcode = dns::Rcode::NOERROR;
    exchange.response.set_flag(dns::Header::aa);
    if (query.type() != dns::RrType::TXT && query.type() != dns::RrType::ANY)
        return Verdict::answered;
    std::array<std::uint8_t, 1 + chaos_text_bytes_max> rdata;
    rdata[0] = static_cast<std::uint8_t>(text.size());
    std::ranges::copy(text, rdata.begin() + 1);
    if (!exchange.response.add_record_at(dns::Section::answer, dns::header_bytes, dns::RrType::TXT,
                                         dns::RrClass::CH, 0, {rdata.data(), 1 + text.size()})) {
        exchange.response.set_flag(dns::Header::tc);
    }
    return Verdict::answered;
}

}  // namespace kith::answer
