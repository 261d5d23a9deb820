#include "cli/key_control.hpp"

#include <ostream>

#include <fmt/format.h>

#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "server/control_socket.hpp"

namespace kith::cli {
namespace {

/// Where to print what comes of a command.
struct Said {
    std::string_view command;  // "key roll"
    std::ostream& out;
    std::ostream& err;
};

/// Has the server do it, and prints what it says.
int ask(const StatePlace& place, const std::string& request, const Said& said) {
    const auto folder = state_folder_of(place);
    if (!folder) return failed(said.err, said.command, folder.error());
    const auto answer = server::ask_control(*folder, request);
    if (!answer) return failed(said.err, said.command, answer.error());
    said.out << *answer;
    return said.out.flush().good() ? exit_good : exit_failed;
}

}  // namespace

int key_status(const KeyStatusOptions& options, std::ostream& out, std::ostream& err) {
    const Said said{"key status", out, err};
    std::string request = fmt::format("key status {}", options.json ? "json" : "text");
    if (!options.zone.empty()) {
        const auto zone = read_name("zone", options.zone);
        if (!zone) return wrong_usage(err, said.command, zone.error());
        request += ' ' + zone->to_text();
    }
    return ask(options.place, request, said);
}

int key_roll(const KeyRollOptions& options, std::ostream& out, std::ostream& err) {
    const Said said{"key roll", out, err};
    const auto zone = read_name("zone", options.zone);
    if (!zone) return wrong_usage(err, said.command, zone.error());
    const int chosen = static_cast<int>(options.csk) + static_cast<int>(options.ksk) +
                       static_cast<int>(options.zsk) + static_cast<int>(!options.algorithm.empty());
    if (chosen != 1) {
        return wrong_usage(
            err, said.command,
            fmt::format("expected one of --csk, --ksk, --zsk and --algorithm, found {}", chosen));
    }
    if (!options.algorithm.empty()) {
        return ask(options.place,
                   fmt::format("key roll-to {} {}", zone->to_text(), options.algorithm), said);
    }
    const char* const role = options.csk ? "csk" : options.ksk ? "ksk" : "zsk";
    return ask(options.place, fmt::format("key roll {} {}", zone->to_text(), role), said);
}

int key_ds_seen(const KeyDsSeenOptions& options, std::ostream& out, std::ostream& err) {
    const Said said{"key ds-seen", out, err};
    const auto zone = read_name("zone", options.zone);
    if (!zone) return wrong_usage(err, said.command, zone.error());
    if (options.none && !options.keys.empty())
        return wrong_usage(err, said.command, "expected keys or --none, found both");
    std::string words = options.none ? " none" : options.keys.empty() ? " wanted" : "";
    for (const std::string& key : options.keys) words += ' ' + key;
    return ask(options.place, fmt::format("key ds-seen {}{}", zone->to_text(), words), said);
}

int key_check_parent(const KeyCheckParentOptions& options, std::ostream& out, std::ostream& err) {
    const Said said{"key check-parent", out, err};
    const auto zone = read_name("zone", options.zone);
    if (!zone) return wrong_usage(err, said.command, zone.error());
    return ask(options.place, fmt::format("key check-parent {}", zone->to_text()), said);
}

}  // namespace kith::cli
