// tools/layers.txt: one statement a line, `#` starts a comment.
//
//   zone: dns base              zone may include dns and base (CMake links by the same line)
//   pure base dns               these modules do no I/O and have no clock, randomness, threads or environment
//   library boost/json config   headers under boost/json belong to config

#include <algorithm>
#include <sstream>

#include "layers.hpp"

namespace kith::layers {
namespace {

class RulesReader {
public:
    RulesReader(std::string_view file, std::vector<Finding>& findings)
        : file_(file), findings_(findings) {}

    Rules read(std::string_view text) {
        std::istringstream lines{std::string(text)};
        for (std::string line; std::getline(lines, line);) {
            ++line_;
            statement(line.substr(0, line.find('#')));
        }
        check_names();
        for (const Module& module : rules_.modules) {
            std::vector<std::string> way;
            if (find_cycle(module.name, way)) break;
        }
        return std::move(rules_);
    }

private:
    void report(std::string text) { findings_.push_back({file_, line_, std::move(text)}); }

    void statement(const std::string& line) {
        std::istringstream words(line);
        std::string first;
        if (!(words >> first)) return;
        std::vector<std::string> rest;
        for (std::string word; words >> word;) rest.push_back(word);
        if (first.ends_with(':')) return module(first.substr(0, first.size() - 1), std::move(rest));
        if (first == "pure") {
            pure_.insert(pure_.end(), rest.begin(), rest.end());
        } else if (first == "library" && rest.size() >= 2) {
            rules_.libraries.push_back({rest[0], {rest.begin() + 1, rest.end()}});
        } else {
            report(
                "expected `module: modules`, `pure modules` or `library prefix modules`, found `" +
                line + "`");
        }
    }

    void module(std::string name, std::vector<std::string> below) {
        if (rules_.find(name) != nullptr) return report("module " + name + " is declared twice");
        rules_.modules.push_back({std::move(name), std::move(below)});
    }

    void known(const std::string& name, std::string_view where) {
        if (rules_.find(name) != nullptr) return;
        report("unknown module " + name + " in the line of " + std::string(where));
    }

    void check_names() {
        for (const Module& module : rules_.modules) {
            for (const std::string& name : module.below) known(name, module.name);
        }
        for (const Library& library : rules_.libraries) {
            for (const std::string& name : library.owners) known(name, library.prefix);
        }
        for (const std::string& name : pure_) known(name, "pure");
        for (Module& module : rules_.modules)
            module.pure = std::ranges::count(pure_, module.name) > 0;
    }

    // Walks down from `name`; meeting a module of `way` again is a cycle, reported with its path.
    bool find_cycle(const std::string& name, std::vector<std::string>& way) {
        const auto met = std::ranges::find(way, name);
        if (met != way.end()) {
            std::string path;
            for (auto step = met; step != way.end(); ++step) path += *step + " -> ";
            report("cycle of modules: " + path + name);
            return true;
        }
        way.push_back(name);
        const Module* module = rules_.find(name);
        const bool found =
            module != nullptr && std::ranges::any_of(module->below, [&](const auto& next) {
                return find_cycle(next, way);
            });
        way.pop_back();
        return found;
    }

    std::string file_;
    std::vector<Finding>& findings_;
    Rules rules_;
    std::vector<std::string> pure_;
    int line_ = 0;
};

}  // namespace

const Module* Rules::find(std::string_view name) const {
    const auto found = std::ranges::find(modules, name, &Module::name);
    return found == modules.end() ? nullptr : &*found;
}

Rules parse_rules(std::string_view file, std::string_view text, std::vector<Finding>& findings) {
    return RulesReader(file, findings).read(text);
}

}  // namespace kith::layers
