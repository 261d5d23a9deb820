#include "cli/key_control.hpp"

#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "dns/name.hpp"
#include "server/control_socket.hpp"

namespace kith::cli {
namespace {

/// Has the server do it, and prints what it says.
int ask(const StatePlace& place, const std::string& request, std::ostream& out, std::ostream& err) {
    const auto folder = state_folder_of(place);
    if (!folder) {
        fmt::print(err, "{}\n", folder.error());
        return 1;
    }
    const auto answer = server::ask_control(*folder, request);
    if (!answer) {
        fmt::print(err, "{}\n", answer.error());
        return 1;
    }
    out << *answer;
    return out.flush().good() ? 0 : 1;
}

/// A zone as one word of a request; an empty text after complaining.
std::string zone_word(const std::string& zone, std::ostream& err) {
    const auto name = dns::Name::from_text(zone);
    if (name) return name->to_text();
    fmt::print(err, "{}: {}\n", zone, name.error().text);
    return {};
}

}  // namespace

int key_status(const KeyStatusOptions& options, std::ostream& out, std::ostream& err) {
    std::string request = fmt::format("key status {}", options.json ? "json" : "text");
    if (!options.zone.empty()) {
        const std::string zone = zone_word(options.zone, err);
        if (zone.empty()) return 2;
        request += ' ' + zone;
    }
    return ask(options.place, request, out, err);
}

int key_roll(const KeyRollOptions& options, std::ostream& out, std::ostream& err) {
    const std::string zone = zone_word(options.zone, err);
    if (zone.empty()) return 2;
    const int chosen = static_cast<int>(options.csk) + static_cast<int>(options.ksk) +
                       static_cast<int>(options.zsk) + static_cast<int>(!options.algorithm.empty());
    if (chosen != 1) {
        fmt::print(err, "expected one of --csk, --ksk, --zsk and --algorithm, found {}\n", chosen);
        return 2;
    }
    if (!options.algorithm.empty())
        return ask(options.place, fmt::format("key roll-to {} {}", zone, options.algorithm), out,
                   err);
    const char* const role = options.csk ? "csk" : options.ksk ? "ksk" : "zsk";
    return ask(options.place, fmt::format("key roll {} {}", zone, role), out, err);
}

int key_ds_seen(const KeyDsSeenOptions& options, std::ostream& out, std::ostream& err) {
    const std::string zone = zone_word(options.zone, err);
    if (zone.empty()) return 2;
    if (options.none && !options.keys.empty()) {
        fmt::print(err, "expected keys or --none, found both\n");
        return 2;
    }
    std::string words = options.none ? " none" : options.keys.empty() ? " wanted" : "";
    for (const std::string& key : options.keys) words += ' ' + key;
    return ask(options.place, fmt::format("key ds-seen {}{}", zone, words), out, err);
}

int key_check_parent(const KeyCheckParentOptions& options, std::ostream& out, std::ostream& err) {
    const std::string zone = zone_word(options.zone, err);
    if (zone.empty()) return 2;
    return ask(options.place, fmt::format("key check-parent {}", zone), out, err);
}

}  // namespace kith::cli
