#include "server/discovery_plan.hpp"

#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

#include "discovery/dnssd/enumeration.hpp"
#include "discovery/dnssd/txt.hpp"
#include "discovery/reflector/limits.hpp"

namespace kith::server {
namespace {

namespace dnssd = discovery::dnssd;

std::vector<std::string> texts(const std::vector<config::TextAt>& values) {
    std::vector<std::string> out;
    for (const config::TextAt& value : values) out.push_back(value.text);
    return out;
}

/// Reads one service; what is wrong is told where it stands.
std::optional<dnssd::Service> read_service(const config::Config& config,
                                           const config::OfferedService& offered,
                                           const std::string& host, Problems& problems) {
    dnssd::Service out;
    out.instance = offered.name.text.empty() ? host : offered.name.text;
    const auto type = dnssd::TypeSelector::from_text(offered.type.text);
    if (!type) {
        problems.push_back(
            config.problem(offered.type.at, fmt::format("type: {}", type.error().text)));
        return std::nullopt;
    }
    out.type = type->type;
    if (!type->subtype.empty()) out.subtypes.push_back(type->subtype);
    for (const config::TextAt& subtype : offered.subtypes) out.subtypes.push_back(subtype.text);
    if (!offered.host.text.empty()) {
        const auto name = dns::Name::from_text(offered.host.text);
        if (!name) {
            problems.push_back(
                config.problem(offered.host.at, fmt::format("host: {}", name.error().text)));
            return std::nullopt;
        }
        out.host = *name;
    }
    out.port = offered.port;
    out.priority = offered.priority;
    out.weight = offered.weight;
    const auto txt = dnssd::Txt::from_strings(texts(offered.txt));
    if (!txt) {
        problems.push_back(
            config.problem(offered.txt.front().at, fmt::format("txt: {}", txt.error().text)));
        return std::nullopt;
    }
    out.txt = {txt->to_rdata()};
    if (const auto good = dnssd::check_service(out); !good) {
        problems.push_back(config.problem(offered.at, good.error().text));
        return std::nullopt;
    }
    return out;
}

bool is_pattern(std::string_view text) {
    return text.find_first_of("*?") != std::string_view::npos;
}

/// Patterns of one side of a rule; interfaces that discovery leaves alone are told of.
std::vector<std::string> read_side(const config::Config& config, std::string_view key,
                                   config::Offset rule_at, const std::vector<config::TextAt>& side,
                                   const net::InterfaceRules& used, Problems& problems) {
    if (side.empty()) {
        problems.push_back(config.problem(
            rule_at, fmt::format("reflect: expected an interface in '{}', found none", key)));
    }
    for (const config::TextAt& name : side) {
        if (is_pattern(name.text)) continue;
        net::LinkState link;
        link.name = name.text;
        link.is_up = link.is_multicast = true;
        const net::InterfaceVerdict verdict = net::judge(used, link);
        if (verdict == net::InterfaceVerdict::used) continue;
        problems.push_back(config.problem(
            name.at, fmt::format("reflect: expected an interface that discovery uses, found '{}', "
                                 "which is {}; see interfaces and ignore_interfaces",
                                 name.text, net::describe(verdict))));
    }
    return texts(side);
}

/// The only interface of a side that names one.
const std::string* only_name(const std::vector<std::string>& side) {
    return side.size() == 1 && !is_pattern(side[0]) ? &side[0] : nullptr;
}

discovery::reflector::Rule read_rule(const config::Config& config, const config::Reflection& rule,
                                     const net::InterfaceRules& used, Problems& problems) {
    discovery::reflector::Rule out;
    out.from = read_side(config, "from", rule.at, rule.from, used, problems);
    out.to = read_side(config, "to", rule.at, rule.to, used, problems);
    const std::string* const from = only_name(out.from);
    const std::string* const to = only_name(out.to);
    if (from != nullptr && to != nullptr && *from == *to) {
        problems.push_back(config.problem(
            rule.at, fmt::format("reflect: expected two interfaces, found '{}' on both sides: "
                                 "nothing is reflected to where it comes from",
                                 *from)));
    }
    for (const config::TextAt& text : rule.types) {
        const auto type = dnssd::TypeSelector::from_text(text.text);
        if (!type || !type->subtype.empty()) {
            const std::string why = type ? "a subtype; expected the type alone" : type.error().text;
            problems.push_back(
                config.problem(text.at, fmt::format("types: '{}': {}", text.text, why)));
            continue;
        }
        if (const auto name = type->browse_name(dnssd::local_domain())) out.types.push_back(*name);
    }
    if (out.types.size() > discovery::reflector::rule_types_max) {
        problems.push_back(config.problem(
            rule.at, fmt::format("reflect: expected at most {} types, found {}; without any, "
                                 "everything is shown",
                                 discovery::reflector::rule_types_max, out.types.size())));
    }
    return out;
}

}  // namespace

std::string host_label() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0) return "host";
    const std::string_view text(name);
    const std::string_view label = text.substr(0, std::min(text.find('.'), dns::label_bytes_max));
    return label.empty() ? "host" : std::string(label);
}

std::optional<DiscoveryPlan> plan_discovery(const config::Config& config, Problems& problems) {
    if (!config.discovery) return std::nullopt;
    const config::Discovery& section = *config.discovery;
    DiscoveryPlan out;
    out.host_label = section.host_name.empty() ? host_label() : section.host_name;
    out.publish_host = section.publish_host;
    out.resolve_local = section.resolve_local;
    out.use_ipv4 = section.ipv4;
    out.use_ipv6 = section.ipv6;
    if (!section.ipv4 && !section.ipv6)
        problems.push_back(config.problem(
            section.at, "discovery: expected ipv4 or ipv6 to be true, found both false"));
    out.interfaces = {texts(section.interfaces), texts(section.ignore_interfaces)};
    const std::filesystem::path folder = std::filesystem::path(config.file).parent_path();
    for (const config::TextAt& directory : section.service_directories)
        out.directories.push_back((folder / directory.text).string());
    for (const config::OfferedService& offered : section.services) {
        if (auto service = read_service(config, offered, out.host_label, problems))
            out.services.push_back(std::move(*service));
    }
    for (const config::Reflection& rule : section.reflect)
        out.reflect.rules.push_back(read_rule(config, rule, out.interfaces, problems));
    return out;
}

}  // namespace kith::server
