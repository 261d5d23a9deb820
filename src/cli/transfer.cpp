// `kith transfer`: a secondary for one moment. What comes is checked as a secondary checks it, and
// printed only when all of it was in order.

#include "cli/transfer.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>

#include "auth/key_text.hpp"
#include "base/problem.hpp"
#include "cli/transfer_print.hpp"
#include "net/system.hpp"
#include "net/tcp_client.hpp"
#include "server/key_files.hpp"
#include "server/transfer_security.hpp"
#include "transfer/transfer_in.hpp"

namespace kith::cli {
namespace {

using transfer::InResult;
using transfer::InState;
using transfer::Kind;

constexpr std::uint16_t dns_port = 53;

/// What to take from whom, after all words have been read.
struct Plan {
    dns::Name zone;
    Endpoint server;
    std::shared_ptr<auth::KeyRing> ring;  // one key, or null: unsigned
};

using Complaint = std::string;  // empty: fine

/// The server of the command line. Zones are taken from one server: resolv.conf is not asked.
Complaint read_server(const TransferOptions& options, std::string_view word, Plan& plan) {
    const std::string_view text =
        word.empty() && options.server ? std::string_view(*options.server) : word;
    if (text.empty())
        return "which server? expected @ADDRESS, such as @192.0.2.1 or @[2001:db8::1]:5353";
    const auto server = Endpoint::from_text(text, options.port.value_or(dns_port));
    if (!server)
        return fmt::format(
            "'{}' is no address; expected one such as 192.0.2.1 or [2001:db8::1]:5353", text);
    plan.server = *server;
    return {};
}

Complaint read_key(const TransferOptions& options, Plan& plan) {
    if (options.key.empty() && options.key_file.empty()) return {};
    plan.ring = std::make_shared<auth::KeyRing>();
    if (!options.key.empty()) {
        auto key = auth::parse_key_word(options.key);
        if (!key) return "-y: " + key.error().text;
        if (const auto added = plan.ring->add(std::move(*key)); !added)
            return fmt::format("-y: {}", auth::fault_text(added.error()));
        return {};
    }
    const auto text = server::read_secret_file(options.key_file);
    if (!text) return text.error();
    Problems problems;
    std::vector<auth::TsigKey> keys =
        auth::parse_bind_keys(as_text(text->bytes()), options.key_file, problems);
    if (has_errors(problems)) return problems.front().to_text();
    if (keys.empty())
        return fmt::format("{}: expected a statement 'key \"name\" {{ ... }};', found none",
                           options.key_file);
    if (const auto added = plan.ring->add(std::move(keys.front())); !added)
        return fmt::format("-k: {}", auth::fault_text(added.error()));
    return {};
}

Complaint read_plan(const TransferOptions& options, Plan& plan) {
    std::string_view server;
    bool has_zone = false;
    for (const std::string& word : options.words) {
        if (word.starts_with('@')) {
            server = std::string_view(word).substr(1);
            continue;
        }
        if (has_zone) return fmt::format("one zone at a time; '{}' is too much", word);
        const auto zone = dns::Name::from_text(word);
        if (!zone) return fmt::format("'{}' is no zone name: {}", word, zone.error().text);
        plan.zone = *zone;
        has_zone = true;
    }
    if (!has_zone) return "which zone? expected its name, such as example.com";
    if (Complaint complaint = read_server(options, server, plan); !complaint.empty())
        return complaint;
    return read_key(options, plan);
}

/// All that is known of the version the user has: its serial.
zone::ZonePtr present_zone(const dns::Name& apex, std::uint32_t serial) {
    std::vector<std::uint8_t> soa(22);  // two root names and five numbers
    store_u32(soa.data() + 2, serial);
    zone::ZoneBuilder builder(apex);
    static_cast<void>(builder.add(apex, dns::RrType::SOA, 0, soa));
    return builder.finish().zone;
}

/// One transfer over one connection.
class Run {
public:
    Run(const TransferOptions& options, const Plan& plan)
        : options_(options), plan_(plan), idle_(loop_, [this] {
              end("nothing came for " + fmt::format("{} s", options_.timeout_seconds));
          }) {}

    /// The result, or why there is none.
    Result<InResult, std::string> go() {
        net::TcpClientStream::Events events;
        events.connected = [this] { ask(); };
        events.message = [this](Bytes message) { take(message); };
        events.closed = [this](const std::string& why) { end(why); };
        net::TcpClientStream stream(loop_, plan_.server, std::nullopt, std::move(events));
        stream_ = &stream;
        wait_longer();
        while (!is_over_) loop_.turn(1s);
        if (in_ && in_->state() == InState::done) return in_->take_result();
        if (in_ && in_->state() == InState::failed) return std::unexpected(in_->error().text);
        if (in_) {
            in_->on_end();
            return std::unexpected(fmt::format("{} ({})", in_->error().text, why_));
        }
        return std::unexpected(fmt::format("cannot reach {}: {}", plan_.server.to_text(), why_));
    }

private:
    void wait_longer() {
        idle_.arm(loop_.update_now() +
                  std::chrono::duration_cast<Duration>(
                      std::chrono::duration<double>(options_.timeout_seconds)));
    }
    void ask() {
        if (plan_.ring != nullptr) {
            security_ = server::make_query_security(plan_.ring, *plan_.ring->keys().front(),
                                                    [] { return net::unix_now(); });
        }
        transfer::InRequest request;
        request.kind = options_.serial ? Kind::ixfr : Kind::axfr;
        request.id = static_cast<std::uint16_t>(rng_.next());
        request.zone = plan_.zone;
        if (options_.serial) request.present = present_zone(plan_.zone, *options_.serial);
        if (options_.bytes_max != 0) request.bounds.bytes_max = options_.bytes_max;
        transfer::QueryOut query{request.kind, request.id, plan_.zone, request.klass, {}, true};
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

    const TransferOptions& options_;
    const Plan& plan_;
    net::Loop loop_;
    net::SystemRng rng_;
    net::Timer idle_;
    net::TcpClientStream* stream_ = nullptr;
    transfer::Security security_;
    std::optional<transfer::TransferIn> in_;
    bool is_over_ = false;
    std::string why_;
};

void print_result(const InResult& result, const TransferOptions& options, std::ostream& out) {
    switch (result.kind) {
        case InResult::Kind::up_to_date: break;
        case InResult::Kind::whole:
            write_zone(*result.zone, options.json ? ZoneForm::json : ZoneForm::absolute, out);
            break;
        case InResult::Kind::differences:
            for (const zone::ZoneChange& change : result.differences) {
                options.json ? write_change_json(change, dns::RrClass::IN, out)
                             : write_change(change, dns::RrClass::IN, out);
            }
            break;
    }
}

}  // namespace

int transfer(const TransferOptions& options, std::ostream& out, std::ostream& err) {
    Plan plan;
    if (const Complaint complaint = read_plan(options, plan); !complaint.empty()) {
        fmt::print(err, "kith transfer: {}\n", complaint);
        return 2;
    }
    const auto result = Run(options, plan).go();
    if (!result) {
        fmt::print(err, "kith transfer: {} from {}: {}\n", plan.zone.to_text(),
                   plan.server.to_text(), result.error());
        return 1;
    }
    const std::uint32_t serial = transfer::read_soa_numbers(result->soa).serial;
    if (result->kind == InResult::Kind::up_to_date) {
        fmt::print(err, "{}: nothing newer than serial {}\n", plan.zone.to_text(), serial);
    }
    const auto written = write_to(options.output, out,
                                  [&](std::ostream& to) { print_result(*result, options, to); });
    if (!written) {
        fmt::print(err, "kith transfer: {}\n", written.error());
        return 1;
    }
    return 0;
}

}  // namespace kith::cli
