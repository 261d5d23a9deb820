#include <fmt/format.h>

#include "client/fetch_zone.hpp"
#include "client/handles.hpp"
#include "client/record_text.hpp"

namespace kith::client {
namespace {

constexpr std::uint16_t dns_port = 53;

Expected<FetchRequest> read_request(const std::string& zone, const TransferOptions& options) {
    FetchRequest out;
    KITH_TRY(out.zone, read_name("zone", zone));
    const auto server = Endpoint::from_text(options.server, dns_port);
    if (!server) {
        return error_of(
            ErrorKind::input,
            fmt::format(
                "server: expected an address such as 192.0.2.1 or [2001:db8::1]:5353, found '{}'",
                options.server));
    }
    out.server = *server;
    out.key = options.key;
    out.serial = options.serial;
    if (options.timeout <= std::chrono::milliseconds(0) || options.timeout > std::chrono::hours(24))
        return error_of(ErrorKind::input, "timeout: expected more than nothing, and up to a day");
    out.timeout = options.timeout;
    if (options.bytes_max != 0) out.bytes_max = options.bytes_max;
    return out;
}

}  // namespace

Expected<Transferred> transfer(const std::string& zone, const TransferOptions& options) {
    KITH_TRY(const FetchRequest request, read_request(zone, options));
    KITH_TRY(const kith::transfer::InResult result, fetch_zone(request));
    Transferred out;
    out.serial = kith::transfer::read_soa_numbers(result.soa).serial;
    out.verdict = request.key ? Verdict::good : Verdict::not_asked;
    if (result.zone) out.zone = Zone(std::make_shared<Zone::Material>(result.zone));
    for (const zone::ZoneChange& change : result.differences)
        out.differences.push_back(from(change));
    return out;
}

}  // namespace kith::client
