#include "client/fetch_zone.hpp"

#include <fmt/format.h>

#include "client/request_key.hpp"
#include "client/update_session.hpp"
#include "net/loop.hpp"
#include "net/system.hpp"
#include "net/tcp_client.hpp"
#include "transfer/tsig_security.hpp"

namespace kith::client {
namespace {

using transfer::InFault;
using transfer::InResult;
using transfer::InState;
using transfer::Kind;

/// All that is known of the version the user has: its serial.
zone::ZonePtr present_zone(const dns::Name& apex, std::uint32_t serial) {
    std::vector<std::uint8_t> soa(22);  // two root names and five numbers
    store_u32(soa.data() + 2, serial);
    zone::ZoneBuilder builder(apex);
    static_cast<void>(builder.add(apex, dns::RrType::SOA, 0, soa));
    return builder.finish().zone;
}

ErrorKind kind_of(InFault fault) {
    switch (fault) {
        case InFault::refused: return ErrorKind::refused;
        case InFault::signature: return ErrorKind::signature;
        case InFault::cut: return ErrorKind::network;
        case InFault::none:
        case InFault::malformed:
        case InFault::not_ours:
        case InFault::framing:
        case InFault::out_of_zone:
        case InFault::bounds:
        case InFault::bad_zone:
        case InFault::bad_change:
        case InFault::old_serial:
        case InFault::use_tcp:
        case InFault::check: break;
    }
    return ErrorKind::protocol;
}

class Run {
public:
    explicit Run(const FetchRequest& wanted)
        : wanted_(wanted), idle_(loop_, [this] {
              end(fmt::format("nothing came for {} s",
                              std::chrono::duration<double>(wanted_.timeout).count()));
          }) {}

    Expected<InResult> go() {
        net::TcpClientStream::Events events;
        events.connected = [this] { ask(); };
        events.message = [this](Bytes message) { take(message); };
        events.closed = [this](const std::string& why) { end(why); };
        net::TcpClientStream stream(loop_, wanted_.server, std::nullopt, std::move(events));
        stream_ = &stream;
        wait_longer();
        while (!is_over_) loop_.turn(1s);
        if (!in_) {
            return std::unexpected(
                Error{ErrorKind::network,
                      fmt::format("cannot reach {}: {}", wanted_.server.to_text(), why_)});
        }
        if (in_->state() == InState::done) return in_->take_result();
        if (in_->state() == InState::failed) return std::unexpected(failed(in_->error().text));
        in_->on_end();
        return std::unexpected(failed(fmt::format("{} ({})", in_->error().text, why_)));
    }

private:
    Error failed(std::string text) const {
        const transfer::InError& error = in_->error();
        Error out{kind_of(error.fault), std::move(text), {}, Verdict::not_asked};
        if (out.kind == ErrorKind::refused) out.rcode = dns::rcode_name(error.rcode);
        if (out.kind == ErrorKind::signature && security_.reply != nullptr)
            out.verdict = verdict_of(*security_.reply);
        return out;
    }
    void wait_longer() { idle_.arm(loop_.update_now() + wanted_.timeout); }
    void ask() {
        if (const auth::TsigKey* const key = tsig_of(wanted_.key)) {
            security_ = transfer::make_query_security({wanted_.key.material(), key},
                                                      [] { return net::unix_now(); });
        }
        transfer::InRequest request;
        request.kind = wanted_.serial ? Kind::ixfr : Kind::axfr;
        request.id = static_cast<std::uint16_t>(rng_.next());
        request.zone = wanted_.zone;
        if (wanted_.serial) request.present = present_zone(wanted_.zone, *wanted_.serial);
        request.bounds.bytes_max = wanted_.bytes_max;
        transfer::QueryOut query{request.kind, request.id, wanted_.zone, request.klass, {}, true};
        const zone::ZonePtr present = request.present;
        if (present != nullptr) query.soa = present->apex_node().find(dns::RrType::SOA).rdata(0);
        stream_->send(transfer::write_transfer_query(query, security_.signer.get()));
        in_.emplace(std::move(request), security_.verifier.get());
        wait_longer();
    }
    void take(Bytes message) {
        wait_longer();
        if (!is_over_ && in_->on_message(message) != InState::more) is_over_ = true;
    }
    void end(std::string why) {
        why_ = std::move(why);
        is_over_ = true;
    }

    const FetchRequest& wanted_;
    net::Loop loop_;
    net::SystemRng rng_;
    net::Timer idle_;
    net::TcpClientStream* stream_ = nullptr;
    transfer::QuerySecurity security_;
    std::optional<transfer::TransferIn> in_;
    bool is_over_ = false;
    std::string why_;
};

}  // namespace

Expected<InResult> fetch_zone(const FetchRequest& request) {
    if (request.key && tsig_of(request.key) == nullptr) {
        return std::unexpected(
            Error{ErrorKind::input, "expected a TSIG key: transfers are not signed with SIG(0)"});
    }
    return Run(request).go();
}

}  // namespace kith::client
