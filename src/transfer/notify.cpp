#include "transfer/notify.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"
#include "transfer/serial.hpp"

namespace kith::transfer {
namespace {

using dns::Header;
using dns::Opcode;
using dns::Rcode;
using dns::RrType;

constexpr std::uint16_t opcode_bits(Opcode opcode) {
    return static_cast<std::uint16_t>(static_cast<unsigned>(opcode) << 11);
}

Duration wait_after(int tries) {
    return std::min(notify_timeout_first * (1 << std::min(tries - 1, 16)), notify_timeout_max);
}

}  // namespace

Result<NotifyIn, Rcode> read_notify(Bytes message) {
    const auto parsed = dns::MessageView::parse(message);
    if (!parsed || parsed->header().counts[0] != 1) return std::unexpected(Rcode::FORMERR);
    const auto question = parsed->question();
    if (question->type != RrType::SOA) return std::unexpected(Rcode::NOTIMP);
    NotifyIn out{parsed->header().id, question->name, question->klass, std::nullopt};
    parsed->for_each(dns::Section::answer, [&](const dns::RecordView& record) {
        if (record.type != RrType::SOA || record.owner != out.zone || record.klass != out.klass)
            return;
        std::uint8_t space[2 * dns::name_bytes_max + 20];
        dns::Writer rdata(space);
        if (dns::expand_rdata(message, record, rdata))
            out.serial = read_soa_numbers(rdata.written()).serial;
    });
    return out;
}

Bytes write_notify_reply(Bytes request, Rcode rcode, MessageSigner* signer, MutableBytes buffer) {
    dns::QueryView view;
    dns::MessageBuilder builder;
    if (dns::read_query(request, view)) {
        builder.start_response(buffer, dns::udp_bytes_plain, request, view);
    } else {
        builder.start(buffer, dns::udp_bytes_plain);
        if (request.size() >= 2) builder.header().id = load_u16(request.data());
        builder.header().flags = opcode_bits(Opcode::NOTIFY) | Header::qr;
    }
    builder.set_flag(Header::aa);
    builder.set_rcode(rcode);
    const std::size_t size = builder.finish().size();
    return buffer.first(signer != nullptr ? signer->sign(buffer, size) : size);
}

std::vector<dns::Name> notify_names(const zone::Zone& zone) {
    std::vector<dns::Name> out;
    const Bytes soa = zone.apex_node().find(RrType::SOA).rdata(0);
    const auto mname = dns::NameView::from_wire(soa);
    const zone::RrSetView servers = zone.apex_node().find(RrType::NS);
    if (!servers) return out;
    for (const Bytes rdata : servers) {
        const auto server = dns::NameView::from_wire(rdata);
        if (server && (!mname || *server != *mname)) out.push_back(*server);
    }
    return out;
}

Notifier::Notifier(Rng& rng, MakeSecurity make_security, OnDone on_done)
    : rng_(&rng), make_security_(std::move(make_security)), on_done_(std::move(on_done)) {}

Notifier::Key Notifier::key_of(const Request& request) {
    return {request.zone, request.target.endpoint.to_text()};
}

void Notifier::notify(Time now, const dns::Name& zone, dns::RrClass klass, Bytes soa,
                      std::uint32_t ttl, const std::vector<NotifyTarget>& targets) {
    for (std::size_t i = 0; i < std::min(targets.size(), notify_targets_max); ++i) {
        Request request;
        request.zone = zone;
        request.klass = klass;
        request.soa.assign(soa.begin(), soa.end());
        request.ttl = ttl;
        request.target = targets[i];
        notify_one(now, std::move(request));
    }
    counts_.dropped += targets.size() - std::min(targets.size(), notify_targets_max);
}

void Notifier::notify_one(Time now, Request request) {
    for (Request& flying : flying_) {
        if (flying.zone != request.zone || flying.target.endpoint != request.target.endpoint)
            continue;
        // It is told again with the next message: another id, so that a reply to the old is none.
        request.id = static_cast<std::uint16_t>(rng_->next());
        request.due = now;
        flying = std::move(request);
        return;
    }
    Key key = key_of(request);
    if (const auto at = waiting_.find(key); at != waiting_.end()) {
        at->second = std::move(request);
        return;
    }
    if (order_.size() >= notify_queue_max) {
        ++counts_.dropped;
        return;
    }
    order_.push_back(key);
    waiting_.emplace(std::move(key), std::move(request));
}

void Notifier::forget(const dns::Name& zone) {
    std::erase_if(waiting_, [&zone](const auto& entry) { return entry.second.zone == zone; });
    std::erase_if(flying_, [&zone](const Request& request) { return request.zone == zone; });
}

std::vector<std::uint8_t> Notifier::write(Request& request) {
    std::vector<std::uint8_t> buffer(2048);
    dns::MessageBuilder builder;
    builder.start_query(buffer, request.id, request.zone, RrType::SOA, request.klass);
    builder.header().flags = opcode_bits(Opcode::NOTIFY) | Header::aa;  // RFC 1996 §3.6
    KITH_CHECK(builder.add_record(dns::Section::answer, request.zone, RrType::SOA, request.klass,
                                  request.ttl, request.soa));
    std::size_t size = builder.finish().size();
    Security security =
        make_security_ && request.target.key != 0 ? make_security_(request.target.key) : Security{};
    if (security.signer != nullptr) {
        buffer.resize(size + security.signer->room());
        size = security.signer->sign(buffer, size);
    }
    request.verifier = std::move(security.verifier);
    buffer.resize(size);
    return buffer;
}

std::optional<Notifier::Transmit> Notifier::poll_transmit(Time now) {
    auto next = std::ranges::find_if(flying_, [now](const Request& request) {
        return request.due <= now && request.tries < notify_tries;
    });
    while (next == flying_.end()) {
        if (flying_.size() >= notify_in_flight_max || order_.empty()) return std::nullopt;
        const auto at = waiting_.find(order_.front());
        order_.pop_front();
        if (at == waiting_.end()) continue;  // forgotten
        flying_.push_back(std::move(at->second));
        waiting_.erase(at);
        next = flying_.end() - 1;
        next->id = static_cast<std::uint16_t>(rng_->next());
    }
    ++next->tries;
    next->due = now + wait_after(next->tries);
    ++counts_.sent;
    return Transmit{next->target.endpoint, write(*next)};
}

bool Notifier::on_reply(Time, const Endpoint& from, Bytes message) {
    const auto parsed = dns::MessageView::parse(message);
    if (!parsed || !parsed->header().has(Header::qr) ||
        parsed->header().opcode() != Opcode::NOTIFY) {
        ++counts_.ignored;
        return false;
    }
    const auto question = parsed->question();
    for (std::size_t i = 0; i < flying_.size(); ++i) {
        Request& request = flying_[i];
        if (request.id != parsed->header().id || request.target.endpoint != from ||
            request.tries == 0)
            continue;
        if (question && (question->name != request.zone || question->type != RrType::SOA)) continue;
        if (request.verifier != nullptr &&
            (!request.verifier->accept(message) || !request.verifier->is_covered())) {
            break;
        }
        // Any rcode is an answer: asking again would not change it (RFC 1996 §3.12, §4.8).
        ++counts_.answered;
        finish(i, parsed->rcode());
        return true;
    }
    ++counts_.ignored;
    return false;
}

void Notifier::on_timer(Time now) {
    for (std::size_t i = flying_.size(); i-- > 0;) {
        if (flying_[i].due > now || flying_[i].tries < notify_tries) continue;
        ++counts_.failed;
        finish(i, std::nullopt);
    }
}

void Notifier::finish(std::size_t index, std::optional<Rcode> rcode) {
    const Request done = std::move(flying_[index]);
    flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(index));
    if (on_done_) on_done_(done.zone, done.target.endpoint, rcode);
}

std::optional<Time> Notifier::next_deadline() const {
    std::optional<Time> out;
    for (const Request& request : flying_) out = out ? std::min(*out, request.due) : request.due;
    return out;
}

}  // namespace kith::transfer
