#include "server/transfer_policy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/text.hpp"
#include "server/key_ring.hpp"
#include "transfer/limits.hpp"

namespace kith::server {
namespace {

constexpr std::uint16_t dns_port = 53;

/// The name after `key`, the last two of `words`; takes them away.
Result<std::optional<dns::Name>, std::string> take_key(std::vector<std::string_view>& words) {
    const auto at = std::ranges::find(words, "key");
    if (at == words.end()) return std::optional<dns::Name>();
    if (words.end() - at != 2) return std::unexpected(std::string("expected one name after 'key'"));
    const auto name = dns::Name::from_text(at[1]);
    if (!name)
        return std::unexpected(fmt::format("'{}' is no key name: {}", at[1], name.error().text));
    words.erase(at, words.end());
    return std::optional<dns::Name>(*name);
}

class Reader {
public:
    Reader(const auth::KeyRing& ring, const config::Config& config, Problems& problems)
        : ring_(ring), config_(config), problems_(problems) {}

    std::vector<transfer::AccessRule> rules(const char* setting,
                                            const std::vector<config::TextAt>& texts) {
        std::vector<transfer::AccessRule> out;
        for (const config::TextAt& text : texts) {
            auto rule = parse_access_rule(text.text);
            if (!rule) {
                complain(setting, text, rule.error());
            } else if (rule->keys.empty() || knows(setting, text, rule->keys[0])) {
                out.push_back(std::move(*rule));
            }
        }
        return out;
    }

    std::vector<ServerAndKey> servers(const char* setting,
                                      const std::vector<config::TextAt>& texts) {
        std::vector<ServerAndKey> out;
        for (const config::TextAt& text : texts) {
            auto server = parse_server(text.text);
            if (!server) {
                complain(setting, text, server.error());
            } else if (!server->key || knows(setting, text, *server->key)) {
                out.push_back(std::move(*server));
            }
        }
        return out;
    }

    void complain(const char* setting, const config::TextAt& text, std::string_view why) {
        problems_.push_back(config_.problem(text.at, fmt::format("{}: {}", setting, why)));
    }

private:
    bool knows(const char* setting, const config::TextAt& text, const dns::Name& key) {
        if (ring_.find(key) != nullptr) return true;
        if (!is_named(config_, key))
            complain(setting, text, fmt::format("there is no key {} under 'keys'", key.to_text()));
        return false;
    }

    const auth::KeyRing& ring_;
    const config::Config& config_;
    Problems& problems_;
};

}  // namespace

Result<transfer::AccessRule, std::string> parse_access_rule(std::string_view text) {
    std::vector<std::string_view> words = config::split_words(text);
    KITH_TRY(const auto key, take_key(words));
    if (words.size() > 1 || (words.empty() && !key)) {
        return std::unexpected(
            fmt::format("expected a network, \"key NAME\" or both, found '{}'", text));
    }
    transfer::AccessRule rule;
    if (!words.empty()) {
        const auto prefix = IpPrefix::from_text(words[0]);
        if (!prefix)
            return std::unexpected(
                fmt::format("expected a network such as 192.0.2.0/24, found '{}'", words[0]));
        rule.addresses.push_back(*prefix);
    }
    if (key) rule.keys.push_back(*key);
    return rule;
}

Result<ServerAndKey, std::string> parse_server(std::string_view text) {
    std::vector<std::string_view> words = config::split_words(text);
    KITH_TRY(const auto key, take_key(words));
    const auto endpoint =
        words.size() == 1 ? Endpoint::from_text(words[0], dns_port) : std::nullopt;
    if (!endpoint) {
        return std::unexpected(
            fmt::format("expected an address such as 192.0.2.1 or [2001:db8::1]:5353, and perhaps "
                        "\"key NAME\", found '{}'",
                        text));
    }
    return ServerAndKey{*endpoint, key};
}

TransferPolicy make_transfer_policy(const config::Transfer& texts, const auth::KeyRing& ring,
                                    const config::Config& config, Problems& problems) {
    Reader reader(ring, config, problems);
    TransferPolicy policy;
    policy.allow = transfer::Access(reader.rules("allow", texts.allow));
    policy.primaries = reader.servers("primaries", texts.primaries);
    policy.notify = reader.servers("notify", texts.notify);
    policy.notify_ns = texts.notify_ns;
    policy.requires_zonemd = texts.zonemd;
    policy.forwards_updates = texts.forward_updates;
    if (policy.primaries.size() > transfer::primaries_max) {
        reader.complain("primaries", texts.primaries[0],
                        fmt::format("more than {}", transfer::primaries_max));
        policy.primaries.resize(transfer::primaries_max);
    }
    std::vector<transfer::AccessRule> may_notify = reader.rules("allow_notify", texts.allow_notify);
    for (const ServerAndKey& primary : policy.primaries) {
        // A NOTIFY only makes us ask the primary, whose answer is then checked: its address is enough.
        const auto bits = static_cast<std::uint8_t>(primary.endpoint.address.is_v4() ? 32 : 128);
        may_notify.push_back({{IpPrefix{primary.endpoint.address, bits}}, {}});
        if (primary.key) may_notify.push_back({{}, {*primary.key}});
    }
    policy.allow_notify = transfer::Access(may_notify);
    return policy;
}

}  // namespace kith::server
