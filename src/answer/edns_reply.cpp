#include "answer/edns_reply.hpp"

#include <algorithm>

#include "zone/zone.hpp"

namespace kith::answer {
namespace {

constexpr std::size_t option_header_bytes = 4;  // code, length
constexpr std::uint16_t do_flag = 0x8000;

}  // namespace

dns::Rcode EdnsReply::begin(const AnswerSnapshot& snapshot, Query& query,
                            dns::MessageBuilder& response) {
    size_ = 0;
    wanted_ = query.view.edns.has_value();
    if (!wanted_) return dns::Rcode::NOERROR;
    padding_ = cookie_seen_ = nsid_seen_ = keepalive_seen_ = false;
    expire_.reset();
    payload_bytes_ = snapshot.options.udp_payload_bytes_max;
    const dns::Edns& edns = *query.view.edns;
    dns::Rcode rcode = dns::Rcode::NOERROR;
    if (edns.version != 0) {
        // What a later version means by its options we cannot know.
        rcode = dns::Rcode::BADVERS;
    } else if (!edns.options.empty()) {
        edns.for_each([&](const dns::Option& option) {
            if (!read_option(snapshot, query, option)) rcode = dns::Rcode::FORMERR;
        });
    }
    response.reserve(reserved_bytes());
    return rcode;
}

/// False: the option is malformed in a way that its RFC answers with FORMERR.
bool EdnsReply::read_option(const AnswerSnapshot& snapshot, Query& query,
                            const dns::Option& option) {
    switch (option.code) {
        case dns::OptionCode::COOKIE: return read_cookie(snapshot, query, option.value);
        case dns::OptionCode::NSID:
            if (!snapshot.options.nsid.empty() && !std::exchange(nsid_seen_, true)) {
                put(dns::OptionCode::NSID, as_bytes(snapshot.options.nsid));
            }
            return true;
        case dns::OptionCode::TCP_KEEPALIVE:
            // RFC 7828 §3.3.1: ignored over UDP. §3.2.1: a client sends no timeout.
            if (is_datagram(query.transport)) return true;
            if (!option.value.empty()) return false;
            if (!std::exchange(keepalive_seen_, true)) {
                const auto tenths = std::clamp<std::int64_t>(
                    snapshot.options.tcp_idle_timeout.count() / 100, 0, 0xffff);
                std::uint8_t value[2];
                store_u16(value, static_cast<std::uint16_t>(tenths));
                put(dns::OptionCode::TCP_KEEPALIVE, value);
            }
            return true;
        case dns::OptionCode::EXPIRE: read_expire(snapshot, query); return true;
        case dns::OptionCode::PADDING: padding_ = true; return true;
        default: return true;
    }
}

bool EdnsReply::read_cookie(const AnswerSnapshot& snapshot, Query& query, Bytes value) {
    // RFC 7873 §5.2: only the first is considered.
    if (!snapshot.options.cookies || std::exchange(cookie_seen_, true)) return true;
    if (!is_cookie_size(value.size())) return false;
    const CookieCheck check =
        check_cookie(value, query.client.address, query.unix_now, *snapshot.options.cookies);
    query.cookie = check.state;
    put(dns::OptionCode::COOKIE, check.answer);
    return true;
}

/// RFC 7314 §3: who asks for a zone's SOA is told when the version here expires: a primary's as the SOA
/// says, a secondary's when nobody confirms it any more.
void EdnsReply::read_expire(const AnswerSnapshot& snapshot, const Query& query) {
    if (query.type() != dns::RrType::SOA || query.zone == nullptr) return;
    if (query.zone->apex_labels() != query.qname.label_count()) return;
    if (snapshot.expires != nullptr) {
        if (const auto* const at = snapshot.expires->find(query.qname, query.qname.label_count())) {
            const UnixTime left = (*at)->load(std::memory_order_relaxed) - query.unix_now;
            expire_ = static_cast<std::uint32_t>(std::clamp<UnixTime>(left, 0, 0x7fffffff));
            return;
        }
    }
    constexpr std::size_t from_end = 8;  // EXPIRE, MINIMUM
    const zone::RrSetView soa = query.zone->apex_node().find(dns::RrType::SOA);
    if (!soa || soa.rdata(0).size() < from_end) return;
    expire_ = load_u32(soa.rdata(0).last(from_end).data());
}

std::size_t EdnsReply::reserved_bytes() const {
    return opt_fixed_bytes + size_ + (padding_ ? option_header_bytes : 0) +
           (expire_ ? option_header_bytes + 4 : 0);
}

void EdnsReply::put(dns::OptionCode code, Bytes value) {
    KITH_CHECK(size_ + option_header_bytes + value.size() <= options_.size());
    store_u16(&options_[size_], static_cast<std::uint16_t>(code));
    store_u16(&options_[size_ + 2], static_cast<std::uint16_t>(value.size()));
    std::ranges::copy(value,
                      options_.begin() + static_cast<std::ptrdiff_t>(size_ + option_header_bytes));
    size_ += option_header_bytes + value.size();
}

/// Adds the error if its code fits `room`, and its text if that fits too: a client that could
/// not be told why is better than one that has to ask again over TCP (RFC 8914 §3).
void EdnsReply::put_error(const ExtendedError& error, std::size_t room) {
    std::array<std::uint8_t, 2 + ede_text_bytes_max> value;
    if (room < option_header_bytes + 2) return;
    store_u16(value.data(), static_cast<std::uint16_t>(error.code));
    std::size_t text = std::min(error.text.size(), ede_text_bytes_max);
    if (room < option_header_bytes + 2 + text) text = 0;
    std::ranges::copy(error.text.substr(0, text), value.begin() + 2);
    put(dns::OptionCode::EDE, {value.data(), 2 + text});
}

/// RFC 7830 §4: a query with padding gets a padded response. In cleartext there is nothing to
/// hide, and bytes of ours would only amplify: there the option is empty.
void EdnsReply::put_padding(std::size_t message_bytes, std::size_t room) {
    if (room < option_header_bytes) return;
    const std::size_t bare = message_bytes + opt_fixed_bytes + size_ + option_header_bytes;
    std::size_t padding = (padding_block_bytes - bare % padding_block_bytes) % padding_block_bytes;
    padding = std::min(padding, room - option_header_bytes);
    constexpr std::array<std::uint8_t, padding_block_bytes> zeros{};
    put(dns::OptionCode::PADDING, Bytes(zeros).first(padding));
}

void EdnsReply::finish(const Query& query, dns::MessageBuilder& response) {
    if (!wanted_) return;
    if (expire_ && query.rcode == dns::Rcode::NOERROR && response.header().has(dns::Header::aa)) {
        std::uint8_t value[4];
        store_u32(value, *expire_);
        put(dns::OptionCode::EXPIRE, value);
    }
    expire_.reset();
    response.reserve(reserved_bytes());
    if (query.error) put_error(*query.error, response.room());
    if (padding_ && is_encrypted(query.transport)) {
        response.reserve(opt_fixed_bytes + size_);
        put_padding(response.size(), response.room());
    } else if (padding_) {
        put(dns::OptionCode::PADDING, {});
    }
    const std::uint16_t flags = query.view.edns->dnssec_ok ? do_flag : 0;
    // Room has been set aside since begin(), so this cannot fail.
    KITH_CHECK(response.add_opt(payload_bytes_, query.rcode, 0, flags, {options_.data(), size_}));
}

}  // namespace kith::answer
