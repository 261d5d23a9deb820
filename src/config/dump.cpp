#include "config/dump.hpp"

#include "config/settings.hpp"
#include "config/text.hpp"
#include "config/values.hpp"

namespace kith::config {
namespace {

template <class Section, class T>
std::string print_setting(const Field<Section>&, const T& value) {
    return print_value(value);
}

/// Where a missing port means a certain one, port 0 (any free one) must be written.
template <class Section>
std::string print_setting(const Field<Section>& field, const std::vector<Endpoint>& values) {
    if (field.bounds.least == 0) return print_value(values);
    std::vector<std::string> texts;
    for (const Endpoint& endpoint : values) texts.push_back(endpoint.to_text());
    return print_value(texts);
}

/// `"key": value` of every setting that is set, `between` them. Nested ones are the caller's.
template <class Section, std::size_t rows>
std::string members(const std::array<Field<Section>, rows>& fields, const Section& section,
                    std::string_view between) {
    std::string out;
    const auto print = [&](const Field<Section>& field, const std::string& value) {
        const bool unset =
            value.empty() || value == "\"\"";  // every optional text is empty if unset
        if (unset && field.need == Need::optional) return;
        if (!out.empty()) out += between;
        out += json_text(field.key) + ": " + value;
    };
    for (const Field<Section>& field : fields) {
        std::visit(
            [&](auto member) {
                if constexpr (!std::is_same_v<decltype(member), Nested>) {
                    print(field, print_setting(field, section.*member));
                }
            },
            field.member);
    }
    return out;
}

std::string forward_text(const ServerSection& server) {
    std::string out;
    for (const ForwardRule& rule : server.forward) {
        if (!out.empty()) out += ", ";
        out += json_text(rule.name.text) + ": " + print_value(rule.upstream);
    }
    return '{' + out + '}';
}

std::string zone_text(const Zone& zone) {
    std::string out = json_text(zone.name.text) + ": {";
    const std::string rest = members(zone_fields, zone, ", ");
    std::string parts;
    if (zone.soa) parts += "\"soa\": {" + members(soa_fields, *zone.soa, ", ") + "}, ";
    if (zone.transfer) {
        parts += "\"transfer\": {" + members(transfer_fields, *zone.transfer, ", ") + "}, ";
    }
    if (zone.dnssec) parts += "\"dnssec\": {" + members(dnssec_fields, *zone.dnssec, ", ") + "}, ";
    if (rest.empty() && !parts.empty()) parts.resize(parts.size() - 2);
    return out + parts + rest + '}';
}

std::string key_text(const Key& key) {
    return json_text(key.name.text) + ": {" + members(key_fields, key, ", ") + '}';
}

/// `items` between brackets, one a line.
template <class Items, class Print>
std::string block(char open, char close, const Items& items, const Print& print) {
    std::string out(1, open);
    for (const auto& item : items) out += (out.size() > 1 ? ",\n    " : "\n    ") + print(item);
    return out + (out.size() > 1 ? "\n  " : "") + close;
}

}  // namespace

std::string dump_config(const Config& config) {
    std::string out = "{\n  \"server\": {\n    " +
                      members(server_fields, config.server, ",\n    ") +
                      ",\n    \"forward\": " + forward_text(config.server) + "\n  },\n  \"keys\": ";
    out += block('{', '}', config.keys, key_text);
    if (config.discovery) {
        out += ",\n  \"discovery\": {" + members(discovery_fields, *config.discovery, ", ") +
               ", \"services\": " +
               block('[', ']', config.discovery->services,
                     [](const OfferedService& service) {
                         return '{' + members(service_fields, service, ", ") + '}';
                     }) +
               ", \"reflect\": " +
               block('[', ']', config.discovery->reflect,
                     [](const Reflection& rule) {
                         return '{' + members(reflection_fields, rule, ", ") + '}';
                     }) +
               '}';
    }
    out += ",\n  \"zones\": ";
    out += block('{', '}', config.zones, zone_text);
    out += ",\n  \"records\": " + block('[', ']', config.records, [](const Record& record) {
               return '{' + members(record_fields, record, ", ") + '}';
           });
    out += ",\n  \"rewrites\": " + block('[', ']', config.rewrites, [](const Rewrite& rewrite) {
               return '{' + members(rewrite_fields, rewrite, ", ") + '}';
           });
    return out + "\n}\n";
}

}  // namespace kith::config
