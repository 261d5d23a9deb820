#include "cli/grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "config/text.hpp"

namespace kith::cli {
namespace {

using config::shown;

template <class Number>
bool parse_number(std::string_view text, Number& out) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc{} && end == text.data() + text.size();
}

/// `a, b or c`.
std::string any_of(const std::vector<std::string_view>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
        out += words[i];
    }
    return out;
}

/// A command on the way from the program to the one that was called.
struct Step {
    const CLI::App* command;
    std::string path;  // `kith zone check`
};

std::vector<Step> steps_of(const CLI::App& app) {
    std::vector<Step> out{{&app, app.get_name()}};
    for (std::vector<CLI::App*> below = app.get_subcommands(); !below.empty();
         below = out.back().command->get_subcommands())
        out.push_back({below.back(), out.back().path + ' ' + below.back()->get_name()});
    return out;
}

std::vector<std::string_view> commands_below(const CLI::App& command) {
    std::vector<std::string_view> out;
    for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; }))
        out.emplace_back(below->get_name());
    return out;
}

/// Where a word may be a command or something else, as a file is for `kith update`, a wrong command was
/// taken for the other, and only the word behind it is `stray`.
const std::string& in_place_of_command(const CLI::App& command, const std::string& stray) {
    for (const CLI::Option* option : command.get_options()) {
        if (option->get_positional() && option->count() != 0) return option->results().front();
    }
    return stray;
}

/// Of a word that nobody takes.
std::string stray_text(const CLI::App& command, const std::string& word) {
    if (word.starts_with('-')) {
        std::vector<std::string> known;
        for (const CLI::Option* option : command.get_options()) {
            for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
        }
        const std::string name = word.substr(0, word.find('='));
        const std::vector<std::string_view> views(known.begin(), known.end());
        return fmt::format("unknown option {}{}", shown(name), config::did_you_mean(name, views));
    }
    const std::vector<std::string_view> known = commands_below(command);
    if (known.empty()) return fmt::format("expected no more words, found {}", shown(word));
    const std::string& wrong = in_place_of_command(command, word);
    const std::string meant = config::did_you_mean(wrong, known);
    return fmt::format("unknown command {}{}", shown(wrong),
                       meant.empty() ? "; expected " + any_of(known) : meant);
}

/// Of a required word or command that is not there.
std::string missing_text(const Step& step) {
    const CLI::App& command = *step.command;
    for (const CLI::Option* option : command.get_options()) {
        if (!option->get_required() || option->count() != 0) continue;
        std::string usage = CLI::Formatter().make_usage(&command, step.path);
        usage.erase(usage.find_last_not_of('\n') + 1);
        return fmt::format("expected {} ({}), found none\n{}", option->get_name(),
                           option->get_description(), usage);
    }
    return fmt::format("expected a command: {}; found none", any_of(commands_below(command)));
}

/// Of two options of which one leaves no room for the other.
std::string excluded_text(const CLI::App& command) {
    for (const CLI::Option* option : command.get_options()) {
        for (const CLI::Option* other : option->get_excludes()) {
            if (option->count() != 0 && other->count() != 0)
                return fmt::format("expected one of {} and {}, found both", option->get_name(),
                                   other->get_name());
        }
    }
    return {};
}

/// Of an option without its value, or given more often than it means something.
std::string count_text(const CLI::App& command, const std::string& last_word) {
    for (const CLI::Option* option : command.get_options()) {
        const bool takes_value = option->get_items_expected_min() != 0;
        const auto most = static_cast<std::size_t>(option->get_items_expected_max());
        if (takes_value && option->count() > most)
            return fmt::format("{}: expected once, found {} times", option->get_name(),
                               option->count());
    }
    return fmt::format("{}: expected a value, found none", last_word);
}

/// Of a flag with a value: all that has to be converted and was not checked before.
std::string flag_text(const CLI::App& command) {
    for (const CLI::Option* option : command.get_options()) {
        const bool is_flag = option->get_items_expected_min() == 0;
        if (!is_flag || option->count() == 0 || option->results().back() == "true") continue;
        return fmt::format("{}: expected no value, found {}", option->get_name(),
                           shown(option->results().back()));
    }
    return {};
}

/// The words of a command line that nobody takes come first: what is missing may be meant by them.
bool may_have_strays(const CLI::ParseError& error) {
    return dynamic_cast<const CLI::RequiredError*>(&error) != nullptr ||
           dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
}

std::string text_of(const CLI::ParseError& error, const Step& called,
                    const std::string& last_word) {
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) return missing_text(called);
    if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr)
        return excluded_text(*called.command);
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
        return count_text(*called.command, last_word);
    if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr)
        return flag_text(*called.command);
    return error.what();
}

}  // namespace

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
    return {[least, most](std::string& text) -> std::string {
                std::uint64_t value = 0;
                if (!parse_number(text, value) || value < least || value > most)
                    return fmt::format("expected a whole number from {} to {}, found {}", least,
                                       most, shown(text));
                text = std::to_string(value);
                return {};
            },
            ""};
}

CLI::Validator port_number() { return whole_number(0, std::numeric_limits<std::uint16_t>::max()); }

CLI::Validator number(double least, double most) {
    return {[least, most](std::string& text) -> std::string {
                double value = 0;
                if (parse_number(text, value) && value >= least && value <= most) return {};
                return fmt::format("expected a number from {} to {}, found {}", least, most,
                                   shown(text));
            },
            ""};
}

CLI::Validator one_of(std::vector<std::string_view> words) {
    return {[words = std::move(words)](const std::string& text) -> std::string {
                if (std::ranges::find(words, text) != words.end()) return {};
                return fmt::format("expected {}, found {}", any_of(words), shown(text));
            },
            ""};
}

std::string complaint_of(const CLI::App& app, const CLI::ParseError& error,
                         const std::vector<std::string>& arguments) {
    const std::vector<Step> steps = steps_of(app);
    const auto complain = [](const Step& step, const std::string& text) {
        return fmt::format("{0}: {1}\n`{0} --help` says more\n", step.path, text);
    };
    if (may_have_strays(error)) {
        for (const Step& step : steps) {
            const std::vector<std::string> strays = step.command->remaining();
            const auto stray =
                std::ranges::find_if(strays, [](const std::string& word) { return word != "--"; });
            if (stray != strays.end()) return complain(step, stray_text(*step.command, *stray));
        }
    }
    return complain(steps.back(), text_of(error, steps.back(), arguments.back()));
}

}  // namespace kith::cli
