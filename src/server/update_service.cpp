#include "server/update_service.hpp"

#include <algorithm>

#include "auth/sig0.hpp"
#include "base/log.hpp"
#include "server/limits.hpp"
#include "update/update.hpp"

namespace kith::server {
namespace {

using auth::TsigVerdict;
using dns::EdeCode;
using dns::Rcode;
using dns::RrType;
using update::Refusal;

/// Records of a type that this server has of a name, as keys for SIG(0).
void add_keys(const zone::ZoneSet& zones, dns::NameView name, RrType type,
              std::vector<Bytes>& out) {
    const dns::LookupName lookup(name);
    const zone::Zone* const zone = zones.find(lookup);
    if (zone == nullptr) return;
    const zone::NodeView node = zone->find_node(lookup);
    const zone::RrSetView rrset = node && !node.is_occluded() ? node.find(type) : zone::RrSetView();
    if (!rrset) return;
    for (const Bytes rdata : rrset) out.push_back(rdata);
}

/// The keys that may have signed for a name: its KEY records (RFC 2536 §2, RFC 3445), and the DNSKEYs of
/// the zone to be changed where its rules take them. Both have the same RDATA; all of them together are
/// what check_sig0_request() bounds.
std::vector<Bytes> keys_of(const zone::ZoneSet& zones, const TransferZone& record,
                           dns::NameView signer) {
    std::vector<Bytes> out;
    if (record.updates->takes_zone_keys && signer == record.apex.view())
        add_keys(zones, signer, RrType::DNSKEY, out);
    add_keys(zones, signer, RrType::KEY, out);
    return out;
}

std::size_t limit_of(Bytes message, answer::Transport transport) {
    if (!answer::is_datagram(transport)) return dns::message_bytes_max;
    const auto view = dns::MessageView::parse(message);
    if (!view || !view->edns()) return dns::udp_bytes_plain;
    return view->edns()->usable_payload(dns::udp_bytes_default);
}

}  // namespace

bool UpdateService::is_for_us(const answer::Query& query) {
    if (query.reading != answer::Reading::other_opcode) return false;
    if (query.view.header.opcode() != dns::Opcode::UPDATE) return false;
    return !query.view.edns || query.view.edns->version == 0;  // BADVERS tells more
}

Bytes UpdateService::write(const auth::TsigCheck& tsig, Bytes message, answer::Transport transport,
                           const Refusal& refusal, const std::optional<update::Lease>& granted,
                           UnixTime now, MutableBytes buffer) const {
    const Refusal* const reason =
        refusal.rcode == Rcode::NOERROR || refusal.reason.empty() ? nullptr : &refusal;
    const Bytes response =
        update::write_update_response(buffer, limit_of(message, transport), message, refusal.rcode,
                                      reason, granted, tsig.response_bytes());
    if (response.empty()) return {};
    return Bytes(buffer.data(), auth::sign_tsig_response(tsig, buffer, response.size(), now));
}

UpdateService::Answer UpdateService::answer(const TransferZones& records,
                                            const zone::ZoneSet& zones,
                                            const std::shared_ptr<const auth::KeyRing>& ring,
                                            const answer::Query& query, std::uint64_t token,
                                            MutableBytes buffer) {
    ++counters_.received;
    if (const auto zone = update::read_update_zone(query.message)) {
        const TransferZone* const record = records.find(zone->name);
        if (record != nullptr && record->policy->is_secondary() && record->policy->forwards_updates)
            return forward(zone->name, query, token, buffer);
    }
    const auth::TsigCheck tsig = auth::check_tsig_request(query.message, *ring, query.unix_now);
    const auto refuse = [&](Refusal refusal) {
        ++counters_.refused;
        log::write(log::Level::debug, "update.refused", log::kv("client", query.client.to_text()),
                   log::kv("rcode", dns::rcode_name(refusal.rcode)),
                   log::kv("why", refusal.reason));
        return Answer{false, write(tsig, query.message, query.transport, refusal, {},
                                   query.unix_now, buffer)};
    };
    if (!tsig.is_good() && tsig.verdict != TsigVerdict::unsigned_) {
        ++counters_.bad_signature;
        return refuse({tsig.answer_rcode(), tsig.to_text(query.unix_now), EdeCode::prohibited});
    }
    const auto question = update::read_update_zone(query.message);
    if (!question) return refuse(question.error());
    const TransferZone* const record = records.find(question->name);
    if (record == nullptr || question->klass != dns::RrClass::IN) {
        const bool is_ours = zones.find_apex(dns::LookupName(question->name)) != nullptr;
        if (is_ours)
            return refuse({Rcode::REFUSED, "this zone takes no updates", EdeCode::prohibited});
        return refuse({Rcode::NOTAUTH, "this server is not authoritative for the zone named",
                       EdeCode::not_authoritative});
    }
    if (record->policy->is_secondary())
        return refuse({Rcode::NOTIMP,
                       "this server is a secondary of the zone; send updates to its primary",
                       EdeCode::not_authoritative});
    if (record->updates == nullptr)
        return refuse({Rcode::REFUSED, "this zone takes no updates", EdeCode::prohibited});

    update::Requester requester;
    requester.address = query.client.address;
    if (tsig.is_good()) {
        requester.key = tsig.key->name;
    } else {
        // Only now that there is something to be had: it costs a public-key operation.
        const auth::Sig0Check sig0 = auth::check_sig0_request(
            query.message, [&](dns::NameView signer) { return keys_of(zones, *record, signer); },
            query.unix_now);
        counters_.sig0_operations += static_cast<std::uint64_t>(sig0.keys_tried);
        if (!sig0.is_good() && sig0.verdict != auth::Sig0Verdict::unsigned_) {
            ++counters_.bad_signature;
            return refuse({sig0.answer_rcode(), sig0.to_text(), EdeCode::prohibited});
        }
        if (sig0.is_good() && ring->find(sig0.signer) != nullptr) {
            // Grants know keys by name. Who may write a KEY record at a TSIG key's name must not become that key.
            ++counters_.bad_signature;
            return refuse({Rcode::NOTAUTH, "a TSIG key has this name: SIG(0) cannot speak for it",
                           EdeCode::prohibited});
        }
        if (sig0.is_good()) requester.key = sig0.signer;
    }
    if (!record->updates->policy.knows(requester)) {
        return refuse(
            {Rcode::REFUSED,
             requester.key ? "no grant is for this key" : "updates of this zone must be signed",
             EdeCode::prohibited});
    }
    auto message = update::read_update(query.message);
    if (!message) return refuse(message.error());
    UpdateRequest request{0, token, std::move(*message), std::move(requester), {}};
    if (waiting_.size() >= updates_waiting_max ||
        !post_(std::move(request), query.message.size())) {
        ++counters_.busy;
        return refuse(
            {Rcode::SERVFAIL, "too many updates at once; try again later", EdeCode::other});
    }
    waiting_.emplace(token, Waiting{tsig, ring});
    return {true, {}};
}

/// Hands an update on as it came: the keys in it are the primary's to know. One without a signature
/// is not worth a connection.
UpdateService::Answer UpdateService::forward(const dns::Name& zone, const answer::Query& query,
                                             std::uint64_t token, MutableBytes buffer) {
    const auto refuse = [&](Refusal refusal) {
        ++counters_.refused;
        return Answer{
            false, write({}, query.message, query.transport, refusal, {}, query.unix_now, buffer)};
    };
    const auto tsig = auth::read_tsig(query.message);
    const auto sig0 = auth::read_sig0(query.message);
    if (!tsig || !sig0)
        return refuse(
            {Rcode::FORMERR, "the signature is misplaced or cannot be read", EdeCode::other});
    if (!*tsig && !*sig0)
        return refuse({Rcode::REFUSED, "only signed updates are handed on to the primary",
                       EdeCode::prohibited});
    UpdateRequest request{0, token, {}, {}, {query.message.begin(), query.message.end()}};
    request.message.zone = zone;
    if (waiting_.size() >= updates_waiting_max ||
        !post_(std::move(request), query.message.size())) {
        ++counters_.busy;
        return refuse(
            {Rcode::SERVFAIL, "too many updates at once; try again later", EdeCode::other});
    }
    waiting_.emplace(token, Waiting{{}, nullptr});
    return {true, {}};
}

Bytes UpdateService::finish(const UpdateReply& reply, Bytes message, answer::Transport transport,
                            UnixTime now, MutableBytes buffer) {
    const auto found = waiting_.find(reply.token);
    if (found == waiting_.end()) return {};
    ++(reply.refusal.rcode == Rcode::NOERROR ? counters_.done : counters_.failed);
    const Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    if (!reply.forwarded.empty()) {
        if (reply.forwarded.size() > limit_of(message, transport))
            return write(waiting.tsig, message, transport, {Rcode::SERVFAIL, {}, {}}, {}, now,
                         buffer);
        std::ranges::copy(reply.forwarded, buffer.begin());
        return buffer.first(reply.forwarded.size());
    }
    return write(waiting.tsig, message, transport, reply.refusal, reply.granted, now, buffer);
}

}  // namespace kith::server
