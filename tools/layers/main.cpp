// layers <root of the tree>: judges every source under src/ by tools/layers.txt. Exit 1 on any finding.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "layers.hpp"

namespace {

namespace fs = std::filesystem;

std::string load(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<fs::path> sources_under(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const fs::path extension = entry.path().extension();
        if (extension == ".hpp" || extension == ".cpp") found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
}

}  // namespace

int main(int argc, char** argv) {
    const fs::path root = argc == 2 ? argv[1] : ".";
    if (!fs::is_directory(root / "src")) {
        std::cerr << "usage: layers <root of the tree>; found no src/ in " << root << '\n';
        return 2;
    }
    std::vector<kith::layers::Finding> findings;
    const auto rules =
        kith::layers::parse_rules("tools/layers.txt", load(root / "tools/layers.txt"), findings);
    const std::vector<fs::path> sources = sources_under(root / "src");
    for (const fs::path& source : sources) {
        kith::layers::check_source(rules, source.lexically_relative(root / "src").generic_string(),
                                   load(source), findings);
    }
    for (const auto& finding : findings) {
        std::cout << finding.file << ':' << finding.line << ": " << finding.text << '\n';
    }
    std::cout << sources.size() << " files, " << rules.modules.size() << " modules, "
              << findings.size() << " findings\n";
    return findings.empty() && !sources.empty() ? 0 : 1;
}
