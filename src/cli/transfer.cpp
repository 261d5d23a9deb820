// `kith transfer`: what a secondary would take, printed only when all of it was in order.

#include "cli/transfer.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>

#include "auth/key_text.hpp"
#include "base/problem.hpp"
#include "client/fetch_zone.hpp"
#include "client/request_key.hpp"
#include "client/zone_print.hpp"
#include "files/key_files.hpp"

namespace kith::cli {
namespace {

using transfer::InResult;

constexpr std::uint16_t dns_port = 53;

/// What to take from whom, after all words have been read.
struct Plan {
    dns::Name zone;
    Endpoint server;
    client::MessageKey key;
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
    if (!options.key.empty()) {
        auto key = auth::parse_key_word(options.key);
        if (!key) return "-y: " + key.error().text;
        if (const auto fit = auth::check_key(*key); !fit)
            return fmt::format("-y: {}", auth::fault_text(fit.error()));
        plan.key = client::make_key(*std::move(key));
        return {};
    }
    const auto text = files::read_secret_file(options.key_file);
    if (!text) return text.error();
    Problems problems;
    std::vector<auth::TsigKey> keys =
        auth::parse_bind_keys(as_text(text->bytes()), options.key_file, problems);
    if (has_errors(problems)) return problems.front().to_text();
    if (keys.empty())
        return fmt::format("{}: expected a statement 'key \"name\" {{ ... }};', found none",
                           options.key_file);
    if (const auto fit = auth::check_key(keys.front()); !fit)
        return fmt::format("-k: {}", auth::fault_text(fit.error()));
    plan.key = client::make_key(std::move(keys.front()));
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

void print_result(const InResult& result, const TransferOptions& options, std::ostream& out) {
    switch (result.kind) {
        case InResult::Kind::up_to_date: break;
        case InResult::Kind::whole:
            client::write_zone(*result.zone,
                               options.json ? client::ZoneForm::json : client::ZoneForm::absolute,
                               out);
            break;
        case InResult::Kind::differences:
            for (const zone::ZoneChange& change : result.differences) {
                options.json ? client::write_change_json(change, dns::RrClass::IN, out)
                             : client::write_change(change, dns::RrClass::IN, out);
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
    client::FetchRequest request;
    request.zone = plan.zone;
    request.server = plan.server;
    request.key = plan.key;
    request.serial = options.serial;
    request.timeout = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(options.timeout_seconds));
    if (options.bytes_max != 0) request.bytes_max = options.bytes_max;
    const auto result = client::fetch_zone(request);
    if (!result) {
        fmt::print(err, "kith transfer: {} from {}: {}\n", plan.zone.to_text(),
                   plan.server.to_text(), result.error().text);
        return 1;
    }
    const std::uint32_t serial = transfer::read_soa_numbers(result->soa).serial;
    if (result->kind == InResult::Kind::up_to_date) {
        fmt::print(err, "{}: nothing newer than serial {}\n", plan.zone.to_text(), serial);
    }
    const auto written = client::write_to(
        options.output, out, [&](std::ostream& to) { print_result(*result, options, to); });
    if (!written) {
        fmt::print(err, "kith transfer: {}\n", written.error());
        return 1;
    }
    return 0;
}

}  // namespace kith::cli
