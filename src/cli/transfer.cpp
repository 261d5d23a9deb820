// `kith transfer`: what a secondary would take, printed only when all of it was in order.

#include "cli/transfer.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>

#include "cli/key_word.hpp"
#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "client/fetch_zone.hpp"
#include "client/zone_print.hpp"
#include "config/text.hpp"

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
Complaint choose_server(const TransferOptions& options, std::string_view word, Plan& plan) {
    const std::string_view text =
        word.empty() && options.server ? std::string_view(*options.server) : word;
    if (text.empty())
        return "which server? expected @ADDRESS, such as @192.0.2.1 or @[2001:db8::1]:5353";
    const auto server = read_server(text, options.port.value_or(dns_port));
    if (!server) return server.error();
    plan.server = *server;
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
        if (has_zone)
            return fmt::format("expected one zone, found another one: {}", config::shown(word));
        const auto zone = read_name("zone", word);
        if (!zone) return zone.error();
        plan.zone = *zone;
        has_zone = true;
    }
    if (!has_zone) return "which zone? expected its name, such as example.com";
    if (Complaint complaint = choose_server(options, server, plan); !complaint.empty())
        return complaint;
    auto key = read_key(options.key, options.key_file, {});
    if (!key) return key.error();
    plan.key = *std::move(key);
    return {};
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
    if (const Complaint complaint = read_plan(options, plan); !complaint.empty())
        return wrong_usage(err, "transfer", complaint);
    client::FetchRequest request;
    request.zone = plan.zone;
    request.server = plan.server;
    request.key = plan.key;
    request.serial = options.serial;
    request.timeout = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(options.timeout_seconds));
    if (options.bytes_max != 0) request.bytes_max = options.bytes_max;
    const auto result = client::fetch_zone(request);
    if (!result)
        return failed(err, "transfer",
                      fmt::format("{} from {}: {}", plan.zone.to_text(), plan.server.to_text(),
                                  result.error().text));
    const std::uint32_t serial = transfer::read_soa_numbers(result->soa).serial;
    if (result->kind == InResult::Kind::up_to_date) {
        fmt::print(err, "{}: nothing newer than serial {}\n", plan.zone.to_text(), serial);
    }
    const auto written = client::write_to(
        options.output, out, [&](std::ostream& to) { print_result(*result, options, to); });
    return written ? exit_good : failed(err, "transfer", written.error());
}

}  // namespace kith::cli
