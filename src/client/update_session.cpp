#include "client/update_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "auth/tsig.hpp"
#include "client/name_server.hpp"
#include "dns/limits.hpp"
#include "dns/message_builder.hpp"
#include "dns/message_text.hpp"
#include "dns/rdata.hpp"
#include "net/exchange.hpp"
#include "net/system.hpp"

namespace kith::client {
namespace {

using dns::MessageView;
using dns::Name;
using dns::RecordView;
using dns::RrType;
using dns::Section;

std::unexpected<Error> error(ErrorKind kind, std::string text) {
    return std::unexpected(Error{kind, std::move(text), {}, Verdict::not_asked});
}

std::unexpected<Error> distrust(Verdict verdict, std::string text) {
    return std::unexpected(Error{ErrorKind::signature, std::move(text), {}, verdict});
}

/// RDATA of the first record of `type` in a section, and its owner.
struct Found {
    Name owner;
    std::vector<std::uint8_t> rdata;
};
std::optional<Found> find_record(const MessageView& message, Section section, RrType type) {
    std::optional<Found> found;
    message.for_each(section, [&](const RecordView& record) {
        if (found || record.type != type) return;
        std::vector<std::uint8_t> buffer(dns::rdata_bytes_max);
        dns::Writer out(buffer);
        if (!dns::expand_rdata(message.bytes(), record, out)) return;
        found = Found{record.owner, {out.written().begin(), out.written().end()}};
    });
    return found;
}

/// The text of an Extended DNS Error, safe to print.
std::string reason_of(const MessageView& reply) {
    if (!reply.edns()) return {};
    const auto option = reply.edns()->option(dns::OptionCode::EDE);
    return option ? dns::option_text({dns::OptionCode::EDE, *option}) : std::string();
}

}  // namespace

UpdateWorld system_update_world() {
    static thread_local net::SystemRng rng;
    UpdateWorld world;
    world.transport = [](const Endpoint& server, Bytes message, UpdateWay way, Duration timeout,
                         const std::optional<Endpoint>& local) {
        return way == UpdateWay::tcp ? net::exchange_tcp(server, message, timeout, local)
                                     : net::exchange_udp(server, message, timeout, local);
    };
    world.now = net::unix_now;
    world.rng = &rng;
    world.resolver = first_name_server("/etc/resolv.conf")
                         .value_or(Endpoint{IpAddress::v4(127, 0, 0, 1), 53, 0});
    return world;
}

std::string script_of(const update::UpdateMessage& message, const std::optional<Name>& zone,
                      dns::RrClass klass) {
    std::string text;
    if (zone) text += fmt::format("zone {}\n", zone->to_text());
    if (klass != dns::RrClass::IN) text += fmt::format("class {}\n", dns::class_name(klass));
    if (message.lease) {
        text += fmt::format("lease {}", message.lease->seconds);
        if (message.lease->key_seconds) text += fmt::format(" {}", *message.lease->key_seconds);
        text += '\n';
    }
    for (const auto& record : message.prerequisites)
        text += update::prerequisite_text(record, klass) + '\n';
    for (const auto& record : message.updates) text += update::update_text(record, klass) + '\n';
    return text;
}

Verdict verdict_of(const auth::TsigReply& reply) {
    if (reply.error == dns::Rcode::BADTIME) return Verdict::bad_time;
    if (reply.error == auth::tsig_badsig) return Verdict::bad_signature;
    if (reply.error != dns::Rcode::NOERROR) return Verdict::bad_key;
    switch (reply.verdict) {
        case auth::TsigVerdict::unsigned_: return Verdict::missing;
        case auth::TsigVerdict::good: return Verdict::good;
        case auth::TsigVerdict::bad_key: return Verdict::bad_key;
        case auth::TsigVerdict::bad_time: return Verdict::bad_time;
        case auth::TsigVerdict::form_error:
        case auth::TsigVerdict::bad_sig:
        case auth::TsigVerdict::bad_trunc: break;
    }
    return Verdict::bad_signature;
}

UpdateSession::UpdateSession(SessionSettings settings, MessageKey key, const UpdateWorld& world)
    : settings_(std::move(settings)),
      world_(world),
      key_(std::move(key)),
      builder_(Name()),
      server_(settings_.server),
      port_(settings_.port.value_or(53)) {
    builder_.set_payload(dns::udp_bytes_default);
}

void UpdateSession::set_server(std::string host, std::optional<std::uint32_t> port) {
    server_ = std::move(host);
    port_ = static_cast<std::uint16_t>(port.value_or(settings_.port.value_or(53)));
}

void UpdateSession::set_zone(const Name& zone) { zone_ = zone; }

void UpdateSession::set_class(dns::RrClass klass) {
    klass_ = klass;
    builder_.set_class(klass);
}

void UpdateSession::show(const std::string& title, Bytes message) const {
    if (on_message_) on_message_(title, message);
}

std::string UpdateSession::shown() const {
    return fmt::format("; {} bytes\n{}",
                       builder_.message(0, signature_bytes()).value_or(Message()).size(),
                       script_of(builder_.content(), zone_, klass_));
}

std::string UpdateSession::last_reply() const {
    const auto view = MessageView::parse(last_reply_);
    return view ? dns::to_text(*view) : std::string();
}

Name UpdateSession::first_name() const {
    const update::UpdateMessage& message = builder_.content();
    return message.updates.empty() ? message.prerequisites.front().owner
                                   : message.updates.front().owner;
}

/// One question over UDP, over TCP when the reply is truncated.
Expected<UpdateSession::Message> UpdateSession::query(const Endpoint& server, const Name& name,
                                                      RrType type) {
    Message buffer(512);
    dns::MessageBuilder builder;
    builder.start_query(buffer, static_cast<std::uint16_t>(world_.rng->next()), name, type, klass_);
    builder.set_flag(dns::Header::rd);
    buffer.resize(builder.finish().size());
    KITH_TRY(Message reply,
             ask_until(server, buffer, settings_.tcp_only ? UpdateWay::tcp : UpdateWay::udp));
    const auto header = dns::read_header(reply);
    if (header && header->has(dns::Header::tc)) {
        KITH_TRY(reply, ask_until(server, buffer, UpdateWay::tcp));
    }
    show(fmt::format("{} {} from {}", name.to_text(), dns::type_name(type), server.to_text()),
         reply);
    return reply;
}

/// The zone is the owner of the SOA that an answer about the first name has (RFC 2308 §3).
Expected<void> UpdateSession::find_zone() {
    if (zone_) {
        builder_.set_zone(*zone_);
        return {};
    }
    Endpoint server = world_.resolver;
    if (!server_.empty()) {
        KITH_TRY(server, find_server());
    }
    for (Name name = first_name();; name = Name(name.view().parent())) {
        KITH_TRY(const Message reply, query(server, name, RrType::SOA));
        const auto view = MessageView::parse(reply);
        if (!view)
            return error(ErrorKind::protocol,
                         fmt::format("the reply of {} is malformed: {}", server.to_text(),
                                     view.error().to_text()));
        for (const Section section : {Section::answer, Section::authority}) {
            const auto soa = find_record(*view, section, RrType::SOA);
            if (!soa || !name.is_under(soa->owner)) continue;
            found_zone_ = soa->owner;
            builder_.set_zone(soa->owner);
            primary_ = dns::NameView::from_wire(soa->rdata)->to_text();
            return {};
        }
        if (name.is_root()) {
            return error(ErrorKind::network,
                         fmt::format("{} knows no zone of {} ({}): say which with 'zone' or -z",
                                     server.to_text(), first_name().to_text(),
                                     dns::rcode_name(view->rcode())));
        }
    }
}

Expected<Endpoint> UpdateSession::resolve(const std::string& host, std::uint16_t port) {
    if (const auto endpoint = Endpoint::from_text(host, port)) return *endpoint;
    const auto name = Name::from_text(host);
    if (!name)
        return error(ErrorKind::input, fmt::format("'{}' is neither an address nor a name", host));
    for (const RrType type : {RrType::A, RrType::AAAA}) {
        KITH_TRY(const Message reply, query(world_.resolver, *name, type));
        const auto view = MessageView::parse(reply);
        const auto address = view ? find_record(*view, Section::answer, type) : std::nullopt;
        if (!address) continue;
        if (const auto ip = IpAddress::from_bytes(address->rdata)) return Endpoint{*ip, port, 0};
    }
    return error(ErrorKind::network, fmt::format("{} knows no address of {}",
                                                 world_.resolver.to_text(), name->to_text()));
}

Expected<Endpoint> UpdateSession::find_server() {
    if (!server_.empty()) return resolve(server_, port_);
    if (primary_.empty()) {
        // The zone was told, its primary was not.
        KITH_TRY(const Message reply, query(world_.resolver, *zone_, RrType::SOA));
        const auto view = MessageView::parse(reply);
        const auto soa = view ? find_record(*view, Section::answer, RrType::SOA) : std::nullopt;
        if (!soa)
            return error(ErrorKind::network,
                         fmt::format("{} knows no primary of {}: say which with 'server' or -s",
                                     world_.resolver.to_text(), zone_->to_text()));
        primary_ = dns::NameView::from_wire(soa->rdata)->to_text();
    }
    return resolve(primary_, port_);
}

std::size_t UpdateSession::signature_bytes() const {
    if (const auto* const tsig = tsig_of(key_)) return auth::tsig_request_bytes(*tsig);
    if (const auto* const sig0 = sig0_of(key_))
        return auth::sig0_request_bytes({sig0->name, &sig0->key, sig0->flags, 300});
    return 0;
}

Expected<UpdateSession::Message> UpdateSession::sign(Message message, auth::TsigMac& mac) const {
    std::size_t size = message.size();
    message.resize(size + signature_bytes());
    if (const auto* const tsig = tsig_of(key_)) {
        size = auth::sign_tsig_request(*tsig, message, size, world_.now(), mac);
    } else if (const auto* const sig0 = sig0_of(key_)) {
        const auto made = auth::sign_sig0_request({sig0->name, &sig0->key, sig0->flags, 300},
                                                  message, size, world_.now());
        if (!made) return error(ErrorKind::library, "the crypto library failed to sign");
        size = *made;
    }
    message.resize(size);
    return message;
}

/// What a reply is worth when it may be believed. SIG(0) signs no replies.
Expected<Verdict> UpdateSession::check_signature(const Message& reply,
                                                 const auth::TsigMac& mac) const {
    const auto* const tsig = tsig_of(key_);
    if (tsig == nullptr) return Verdict::not_asked;
    const auth::TsigReply checked = auth::check_tsig_response(*tsig, mac, reply, world_.now());
    if (checked.is_good()) return Verdict::good;
    const Verdict verdict = verdict_of(checked);
    const std::string name = tsig->name.to_text();
    if (checked.error == dns::Rcode::BADTIME) {
        const std::string theirs = checked.server_time
                                       ? fmt::format(", the server's clock says {}, ours {}",
                                                     *checked.server_time, world_.now())
                                       : "";
        return distrust(
            verdict,
            fmt::format("the server refuses the time of the signature (BADTIME){}", theirs));
    }
    if (checked.error != dns::Rcode::NOERROR) {
        return distrust(
            verdict,
            fmt::format(
                "the server refuses key {}: {} (BADKEY: it has no such key or another algorithm; BADSIG: another secret)",
                name, auth::tsig_error_name(checked.error)));
    }
    if (checked.verdict == auth::TsigVerdict::unsigned_) {
        const auto header = dns::read_header(reply);
        return distrust(
            verdict,
            fmt::format("the reply is not signed with key {}, so it is not believed; it says {}",
                        name, header ? dns::rcode_name(header->rcode_low()) : "nothing"));
    }
    if (checked.verdict == auth::TsigVerdict::bad_time)
        return distrust(verdict, "the reply was signed at another time: check the clocks");
    return distrust(
        verdict,
        fmt::format("the reply's signature is not one of key {}, so it is not believed", name));
}

Expected<UpdateSession::Message> UpdateSession::ask_until(const Endpoint& server,
                                                          const Message& message, UpdateWay way) {
    const auto left = [this] { return deadline_ - std::chrono::steady_clock::now(); };
    std::string why = "no time was left to ask " + server.to_text();
    const int tries = way == UpdateWay::tcp ? 1 : settings_.retries + 1;
    for (int attempt = 0; attempt < tries && left() > Duration::zero(); ++attempt) {
        const Duration each = way == UpdateWay::tcp ? left() : std::min(settings_.retry, left());
        auto reply = world_.transport(server, message, way, each, local_);
        if (reply) return *std::move(reply);
        why = reply.error().text;
    }
    return error(ErrorKind::network, why);
}

Expected<UpdateSession::Reply> UpdateSession::exchange(const Endpoint& server, Message message) {
    auth::TsigMac mac;
    KITH_TRY(const Message signed_message, sign(std::move(message), mac));
    show(fmt::format("to {}", server.to_text()), signed_message);
    // Larger ones are refused by somebody on the way, or cut into fragments.
    const bool is_large = signed_message.size() > dns::udp_bytes_default;
    const UpdateWay way = settings_.tcp_only || is_large ? UpdateWay::tcp : UpdateWay::udp;
    KITH_TRY(last_reply_, ask_until(server, signed_message, way));
    const auto header = dns::read_header(last_reply_);
    if (way == UpdateWay::udp && header && header->has(dns::Header::tc)) {
        KITH_TRY(last_reply_, ask_until(server, signed_message, UpdateWay::tcp));
    }
    show(fmt::format("from {}", server.to_text()), last_reply_);
    KITH_TRY(const Verdict verdict, check_signature(last_reply_, mac));
    return Reply{last_reply_, verdict};
}

Expected<UpdateSession::Done> UpdateSession::judge(const Reply& reply, std::string_view what,
                                                   const Endpoint& server) const {
    const auto view = MessageView::parse(reply.message);
    if (!view)
        return error(ErrorKind::protocol,
                     fmt::format("the reply is malformed: {}", view.error().to_text()));
    if (!view->header().has(dns::Header::qr))
        return error(ErrorKind::protocol, "expected a reply, found a request");
    if (view->rcode() != dns::Rcode::NOERROR) {
        const std::string reason = reason_of(*view);
        const std::string rcode(dns::rcode_name(view->rcode()));
        return std::unexpected(
            Error{ErrorKind::refused,
                  fmt::format("{} failed: {}{}", what, rcode, reason.empty() ? "" : ": " + reason),
                  rcode, reply.verdict});
    }
    Done done;
    done.reply.zone = (zone_ ? *zone_ : builder_.content().zone).to_text();
    done.reply.server = server.to_text();
    done.reply.verdict = reply.verdict;
    if (builder_.content().lease && view->edns()) {
        const auto option = view->edns()->option(dns::OptionCode::UL);
        done.granted = option ? update::read_lease(*option) : std::nullopt;
        if (done.granted) done.reply.lease = done.granted->seconds;
    }
    return done;
}

Expected<UpdateSession::Done> UpdateSession::send() {
    deadline_ = std::chrono::steady_clock::now() + settings_.timeout;
    auto done = send_collected();
    builder_.clear();
    if (found_zone_) primary_.clear();
    found_zone_.reset();
    return done;
}

Expected<UpdateSession::Done> UpdateSession::send_collected() {
    KITH_TRY_VOID(find_zone());
    KITH_TRY(const Endpoint server, find_server());
    auto message =
        builder_.message(static_cast<std::uint16_t>(world_.rng->next()), signature_bytes());
    if (!message)
        return error(ErrorKind::input,
                     "the update does not fit into one message of 65535 bytes: send it in parts");
    KITH_TRY(const Reply reply, exchange(server, *std::move(message)));
    return judge(reply, fmt::format("update of {}", builder_.content().zone.to_text()), server);
}

Expected<UpdateSession::Done> UpdateSession::notify(const Name& zone, RrType type) {
    deadline_ = std::chrono::steady_clock::now() + settings_.timeout;
    zone_ = zone;
    KITH_TRY(const Endpoint server, find_server());
    const auto id = static_cast<std::uint16_t>(world_.rng->next());
    KITH_TRY(const Reply reply, exchange(server, update::notify_message(id, zone, klass_, type)));
    return judge(reply, fmt::format("notify of {}", zone.to_text()), server);
}

}  // namespace kith::client
