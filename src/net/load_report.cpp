#include "net/load_report.hpp"

#include <fmt/format.h>

#include <chrono>

#include "dns/registry.hpp"

namespace kith::net {
namespace {

double percentile_us(const LoadResult& result, double fraction) {
    return static_cast<double>(result.latency.percentile(fraction)) / 1000.0;
}

double max_us(const LoadResult& result) {
    return static_cast<double>(result.latency.max()) / 1000.0;
}

double percent_lost(const LoadResult& result) {
    return result.sent == 0
               ? 0.0
               : 100.0 * static_cast<double>(result.lost) / static_cast<double>(result.sent);
}

/// `write(rcode, count)` of every rcode that came, joined by `, `.
template <class Write>
std::string join_rcodes(const LoadResult& result, Write write) {
    std::string out;
    for (std::size_t i = 0; i < result.rcodes.size(); ++i) {
        if (result.rcodes[i] == 0) continue;
        if (!out.empty()) out += ", ";
        out += write(i, result.rcodes[i]);
    }
    return out;
}

}  // namespace

std::string format_load_text(const LoadResult& result) {
    const std::string rcodes = join_rcodes(result, [](std::size_t rcode, std::uint64_t count) {
        return fmt::format("{} {}", dns::rcode_name(static_cast<dns::Rcode>(rcode)), count);
    });
    const auto server = result.server_cpu_us_per_query();
    std::string out;
    out += fmt::format("queries/s   {:.0f}\n", result.queries_per_second());
    out += fmt::format("sent        {}, answered {}, lost {} ({:.4f} %)\n", result.sent,
                       result.answered, result.lost, percent_lost(result));
    out += fmt::format("answers     {}; truncated {}, empty {}, unexpected {}\n",
                       rcodes.empty() ? "none" : rcodes, result.truncated, result.empty,
                       result.unexpected);
    out += fmt::format("latency us  p50 {:.0f}, p90 {:.0f}, p99 {:.0f}, p99.9 {:.0f}, max {:.0f}\n",
                       percentile_us(result, 0.5), percentile_us(result, 0.9),
                       percentile_us(result, 0.99), percentile_us(result, 0.999), max_us(result));
    out += fmt::format("CPU us/q    generator {:.3f}, server {}\n",
                       result.generator_cpu_us_per_query(),
                       server ? fmt::format("{:.3f}", *server) : "not measured");
    return out;
}

std::string format_load_json(const LoadResult& result) {
    const std::string rcodes = join_rcodes(result, [](std::size_t rcode, std::uint64_t count) {
        return fmt::format("\"{}\": {}", rcode, count);
    });
    const auto server = result.server_cpu_us_per_query();
    return fmt::format(
        "{{\"qps\": {:.0f}, \"sent\": {}, \"answered\": {}, \"lost\": {}, \"unexpected\": {}, "
        "\"send_errors\": {}, \"truncated\": {}, \"empty\": {}, \"rcodes\": {{{}}}, "
        "\"p50_us\": {:.1f}, \"p90_us\": {:.1f}, \"p99_us\": {:.1f}, \"p999_us\": {:.1f}, "
        "\"max_us\": {:.1f}, \"seconds\": {:.4f}, \"generator_us\": {:.4f}, \"server_us\": {}}}",
        result.queries_per_second(), result.sent, result.answered, result.lost, result.unexpected,
        result.send_errors, result.truncated, result.empty, rcodes, percentile_us(result, 0.5),
        percentile_us(result, 0.9), percentile_us(result, 0.99), percentile_us(result, 0.999),
        max_us(result), std::chrono::duration<double>(result.elapsed).count(),
        result.generator_cpu_us_per_query(), server ? fmt::format("{:.4f}", *server) : "null");
}

}  // namespace kith::net
