#include "cli/state_place.hpp"

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "config/load.hpp"
#include "files/file_text.hpp"
#include "server/record_zones.hpp"

namespace kith::cli {
Result<std::string, std::string> state_folder_of(const StatePlace& place) {
    if (!place.folder.empty()) return place.folder;
    const std::string file = find_config(place.config);
    if (file.empty())
        return std::unexpected(
            "expected a state directory (-d) or a configuration (-c), found neither kith.json here nor /etc/kith/kith.json");
    const auto text = files::FileText::read(file);
    if (!text) return std::unexpected(text.error());
    const config::Loaded loaded = config::load_config(text->view(), file);
    return server::state_folder(loaded.config);
}

void add_state_place(CLI::App* command, StatePlace& place) {
    command->add_option("-d,--state-directory", place.folder, "Folder with the state");
    command
        ->add_option(
            "-c,--config", place.config,
            "Configuration that says where the state is; default: kith.json, /etc/kith/kith.json")
        ->excludes("-d");
}

}  // namespace kith::cli
