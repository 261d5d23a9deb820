#include "cli/update_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "auth/tsig.hpp"
#include "dns/limits.hpp"
#include "dns/message_builder.hpp"
#include "dns/message_text.hpp"
#include "dns/rdata.hpp"

namespace kith::cli {
namespace {

using dns::MessageView;
using dns::Name;
using dns::RecordView;
using dns::RrType;
using dns::Section;

std::unexpected<std::string> error(std::string text) { return std::unexpected(std::move(text)); }

Duration seconds(double value) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value));
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

UpdateSession::UpdateSession(const UpdateOptions& options, UpdateKey key, const UpdateWorld& world,
                             std::ostream& out, std::ostream& err)
    : options_(options),
      world_(world),
      out_(out),
      err_(err),
      key_(std::move(key)),
      builder_(Name()),
      port_(options.port.value_or(53)),
      is_debug_(options.debug) {
    builder_.set_payload(dns::udp_bytes_default);
    if (options.lease) builder_.set_lease(update::Lease{*options.lease, std::nullopt});
    server_ = options.server;
}

void UpdateSession::set_server(std::string host, std::optional<std::uint32_t> port) {
    server_ = std::move(host);
    port_ = static_cast<std::uint16_t>(port.value_or(options_.port.value_or(53)));
}

void UpdateSession::set_zone(const Name& zone) { zone_ = zone; }

void UpdateSession::set_class(dns::RrClass klass) {
    klass_ = klass;
    builder_.set_class(klass);
}

UpdateSession::Sent UpdateSession::fail(const std::string& text) {
    err_ << "kith update: " << text << '\n';
    return Sent::failed;
}

void UpdateSession::debug(std::string_view title, Bytes message) const {
    if (!is_debug_) return;
    const auto view = MessageView::parse(message);
    out_ << ";; " << title << '\n' << (view ? dns::to_text(*view) : "(malformed)\n") << '\n';
}

std::string UpdateSession::shown() const {
    std::string text = fmt::format(
        "; {} bytes\n", builder_.message(0, signature_bytes()).value_or(Message()).size());
    if (zone_) text += fmt::format("zone {}\n", zone_->to_text());
    if (klass_ != dns::RrClass::IN) text += fmt::format("class {}\n", dns::class_name(klass_));
    const update::UpdateMessage& message = builder_.content();
    if (message.lease) {
        text += fmt::format("lease {}", message.lease->seconds);
        if (message.lease->key_seconds) text += fmt::format(" {}", *message.lease->key_seconds);
        text += '\n';
    }
    for (const auto& record : message.prerequisites)
        text += update::prerequisite_text(record, klass_) + '\n';
    for (const auto& record : message.updates) text += update::update_text(record, klass_) + '\n';
    return text;
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
OrText<UpdateSession::Message> UpdateSession::query(const Endpoint& server, const Name& name,
                                                    RrType type) {
    Message buffer(512);
    dns::MessageBuilder builder;
    builder.start_query(buffer, static_cast<std::uint16_t>(world_.rng->next()), name, type, klass_);
    builder.set_flag(dns::Header::rd);
    buffer.resize(builder.finish().size());
    KITH_TRY(Message reply,
             ask_until(server, buffer, options_.tcp ? UpdateWay::tcp : UpdateWay::udp));
    const auto header = dns::read_header(reply);
    if (header && header->has(dns::Header::tc)) {
        KITH_TRY(reply, ask_until(server, buffer, UpdateWay::tcp));
    }
    debug(fmt::format("{} {} from {}", name.to_text(), dns::type_name(type), server.to_text()),
          reply);
    return reply;
}

/// The zone is the owner of the SOA that an answer about the first name has (RFC 2308 §3).
OrText<void> UpdateSession::find_zone() {
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
            return error(fmt::format("the reply of {} is malformed: {}", server.to_text(),
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
            return error(fmt::format("{} knows no zone of {} ({}): say which with 'zone' or -z",
                                     server.to_text(), first_name().to_text(),
                                     dns::rcode_name(view->rcode())));
        }
    }
}

OrText<Endpoint> UpdateSession::resolve(const std::string& host, std::uint16_t port) {
    if (const auto endpoint = Endpoint::from_text(host, port)) return *endpoint;
    const auto name = Name::from_text(host);
    if (!name) return error(fmt::format("'{}' is neither an address nor a name", host));
    for (const RrType type : {RrType::A, RrType::AAAA}) {
        KITH_TRY(const Message reply, query(world_.resolver, *name, type));
        const auto view = MessageView::parse(reply);
        const auto address = view ? find_record(*view, Section::answer, type) : std::nullopt;
        if (!address) continue;
        if (const auto ip = IpAddress::from_bytes(address->rdata)) return Endpoint{*ip, port, 0};
    }
    return error(
        fmt::format("{} knows no address of {}", world_.resolver.to_text(), name->to_text()));
}

OrText<Endpoint> UpdateSession::find_server() {
    if (!server_.empty()) return resolve(server_, port_);
    if (primary_.empty()) {
        // The zone was told, its primary was not.
        KITH_TRY(const Message reply, query(world_.resolver, *zone_, RrType::SOA));
        const auto view = MessageView::parse(reply);
        const auto soa = view ? find_record(*view, Section::answer, RrType::SOA) : std::nullopt;
        if (!soa)
            return error(fmt::format("{} knows no primary of {}: say which with 'server' or -s",
                                     world_.resolver.to_text(), zone_->to_text()));
        primary_ = dns::NameView::from_wire(soa->rdata)->to_text();
    }
    return resolve(primary_, port_);
}

std::size_t UpdateSession::signature_bytes() const {
    if (const auto* const tsig = std::get_if<auth::TsigKey>(&key_))
        return auth::tsig_request_bytes(*tsig);
    if (const auto* const sig0 = std::get_if<Sig0Key>(&key_))
        return auth::sig0_request_bytes({sig0->name, &sig0->key, sig0->flags, 300});
    return 0;
}

OrText<UpdateSession::Message> UpdateSession::sign(Message message, auth::TsigMac& mac) const {
    std::size_t size = message.size();
    message.resize(size + signature_bytes());
    if (const auto* const tsig = std::get_if<auth::TsigKey>(&key_)) {
        size = auth::sign_tsig_request(*tsig, message, size, world_.now(), mac);
    } else if (const auto* const sig0 = std::get_if<Sig0Key>(&key_)) {
        const auto made = auth::sign_sig0_request({sig0->name, &sig0->key, sig0->flags, 300},
                                                  message, size, world_.now());
        if (!made) return error("the crypto library failed to sign");
        size = *made;
    }
    message.resize(size);
    return message;
}

/// What stands before the TSIG of a reply that is really the server's. SIG(0) signs no replies.
OrText<std::size_t> UpdateSession::check_signature(const Message& reply,
                                                   const auth::TsigMac& mac) const {
    const auto* const tsig = std::get_if<auth::TsigKey>(&key_);
    if (tsig == nullptr) return reply.size();
    const auth::TsigReply checked = auth::check_tsig_response(*tsig, mac, reply, world_.now());
    if (checked.is_good()) return checked.message_bytes;
    const std::string name = tsig->name.to_text();
    if (checked.error == dns::Rcode::BADTIME) {
        const std::string theirs = checked.server_time
                                       ? fmt::format(", the server's clock says {}, ours {}",
                                                     *checked.server_time, world_.now())
                                       : "";
        return error(
            fmt::format("the server refuses the time of the signature (BADTIME){}", theirs));
    }
    if (checked.error != dns::Rcode::NOERROR) {
        return error(fmt::format(
            "the server refuses key {}: {} (BADKEY: it has no such key or another algorithm; BADSIG: another secret)",
            name, auth::tsig_error_name(checked.error)));
    }
    if (checked.verdict == auth::TsigVerdict::unsigned_) {
        const auto header = dns::read_header(reply);
        return error(
            fmt::format("the reply is not signed with key {}, so it is not believed; it says {}",
                        name, header ? dns::rcode_name(header->rcode_low()) : "nothing"));
    }
    if (checked.verdict == auth::TsigVerdict::bad_time)
        return error("the reply was signed at another time: check the clocks");
    return error(
        fmt::format("the reply's signature is not one of key {}, so it is not believed", name));
}

OrText<UpdateSession::Message> UpdateSession::ask_until(const Endpoint& server,
                                                        const Message& message, UpdateWay way) {
    const double whole = options_.timeout_seconds;
    if (way == UpdateWay::tcp) {
        auto reply = world_.transport(server, message, way, seconds(whole), local_);
        if (!reply) return error(reply.error().text);
        return *std::move(reply);
    }
    const double each = std::min(options_.retry_seconds, whole);
    std::string why;
    for (int attempt = 0; attempt <= options_.retries && attempt * each < whole; ++attempt) {
        auto reply = world_.transport(server, message, way, seconds(each), local_);
        if (reply) return *std::move(reply);
        why = reply.error().text;
    }
    return error(why);
}

OrText<UpdateSession::Reply> UpdateSession::exchange(const Endpoint& server, Message message) {
    auth::TsigMac mac;
    KITH_TRY(const Message signed_message, sign(std::move(message), mac));
    debug(fmt::format("to {}", server.to_text()), signed_message);
    // Larger ones are refused by somebody on the way, or cut into fragments.
    const bool is_large = signed_message.size() > dns::udp_bytes_default;
    UpdateWay way = options_.tcp || is_large ? UpdateWay::tcp : UpdateWay::udp;
    KITH_TRY(last_reply_, ask_until(server, signed_message, way));
    const auto header = dns::read_header(last_reply_);
    if (way == UpdateWay::udp && header && header->has(dns::Header::tc)) {
        KITH_TRY(last_reply_, ask_until(server, signed_message, UpdateWay::tcp));
    }
    debug(fmt::format("from {}", server.to_text()), last_reply_);
    KITH_TRY(const std::size_t size, check_signature(last_reply_, mac));
    return Reply{last_reply_, size};
}

UpdateSession::Sent UpdateSession::judge(const Reply& reply, std::string_view what) {
    const auto view = MessageView::parse(reply.message);
    if (!view) return fail(fmt::format("the reply is malformed: {}", view.error().to_text()));
    if (!view->header().has(dns::Header::qr)) return fail("expected a reply, found a request");
    if (view->rcode() != dns::Rcode::NOERROR) {
        const std::string reason = reason_of(*view);
        return fail(fmt::format("{} failed: {}{}", what, dns::rcode_name(view->rcode()),
                                reason.empty() ? "" : ": " + reason));
    }
    if (builder_.content().lease && view->edns()) {
        const auto option = view->edns()->option(dns::OptionCode::UL);
        const auto lease = option ? update::read_lease(*option) : std::nullopt;
        if (lease && lease->key_seconds)
            fmt::format_to(std::ostreambuf_iterator<char>(out_), "lease {} s, keys {} s\n",
                           lease->seconds, *lease->key_seconds);
        if (lease && !lease->key_seconds)
            fmt::format_to(std::ostreambuf_iterator<char>(out_), "lease {} s\n", lease->seconds);
        if (!lease)
            err_
                << "kith update: the server does not know leases: the records stay until they are deleted\n";
    }
    return Sent::good;
}

UpdateSession::Sent UpdateSession::send() {
    if (builder_.empty()) return Sent::good;
    const auto done = [&](Sent sent) {
        builder_.clear();
        if (found_zone_) primary_.clear();
        found_zone_.reset();
        return sent;
    };
    if (const auto zone = find_zone(); !zone) return done(fail(zone.error()));
    const auto server = find_server();
    if (!server) return done(fail(server.error()));
    auto message =
        builder_.message(static_cast<std::uint16_t>(world_.rng->next()), signature_bytes());
    if (!message)
        return done(
            fail("the update does not fit into one message of 65535 bytes: send it in parts"));
    const auto reply = exchange(*server, *std::move(message));
    if (!reply) return done(fail(reply.error()));
    return done(judge(*reply, fmt::format("update of {}", builder_.content().zone.to_text())));
}

UpdateSession::Sent UpdateSession::notify(const Name& zone, RrType type) {
    zone_ = zone;
    const auto server = find_server();
    if (!server) return fail(server.error());
    const auto id = static_cast<std::uint16_t>(world_.rng->next());
    const auto reply = exchange(*server, update::notify_message(id, zone, klass_, type));
    if (!reply) return fail(reply.error());
    return judge(*reply, fmt::format("notify of {}", zone.to_text()));
}

}  // namespace kith::cli
