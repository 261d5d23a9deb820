#include "config/restart.hpp"

#include "config/settings.hpp"

namespace kith::config {
namespace {

bool same(const ServerSection& a, const ServerSection& b, const Member<ServerSection>& member) {
    return std::visit(
        [&](const auto& place) {
            if constexpr (std::is_same_v<std::decay_t<decltype(place)>, Nested> ||
                          std::is_same_v<std::decay_t<decltype(place)>,
                                         std::vector<TextAt> ServerSection::*> ||
                          std::is_same_v<std::decay_t<decltype(place)>, TextAt ServerSection::*>) {
                return true;  // no such setting of the server needs a restart
            } else {
                return a.*place == b.*place;
            }
        },
        member);
}

}  // namespace

std::vector<std::string> restart_needed(const ServerSection& running, const ServerSection& next) {
    std::vector<std::string> keys;
    for (const auto& field : server_fields) {
        if (field.reload == Reload::restart && !same(running, next, field.member))
            keys.emplace_back(field.key);
    }
    return keys;
}

}  // namespace kith::config
