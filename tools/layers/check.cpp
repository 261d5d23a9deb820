#include <algorithm>
#include <cctype>
#include <optional>

#include "layers.hpp"

namespace kith::layers {
namespace {

struct Ban {
    std::string_view what;
    std::string_view instead;
};

// Nowhere: their macros rename our enumerators (NOERROR, REFUSED, T_A).
constexpr Ban headers_banned[] = {
    {"arpa/nameser.h", "use dns/registry.hpp"},
    {"resolv.h", "use dns/registry.hpp"},
};

// In no pure module: a header that opens the world.
constexpr Ban headers_impure[] = {
    {"arpa/", "sockets belong to net; addresses are base/ip_address.hpp"},
    {"dirent.h", "files belong to server and cli; take text"},
    {"fcntl.h", "files belong to server and cli; take bytes"},
    {"filesystem", "files belong to server and cli; take text"},
    {"fstream", "files belong to server and cli; take text"},
    {"future", "threads belong to server"},
    {"netdb.h", "sockets belong to net"},
    {"netinet/", "sockets belong to net"},
    {"poll.h", "sockets belong to net"},
    {"pthread.h", "threads belong to server"},
    {"random", "take an Rng&"},
    {"sys/", "the system belongs to net and server"},
    {"thread", "threads belong to server"},
    {"unistd.h", "the system belongs to net and server"},
};

// In no pure module but base, which wraps them (Published, Guarded).
constexpr Ban headers_of_locks[] = {
    {"condition_variable", "locks live inside types of base"},
    {"mutex", "locks live inside types of base"},
    {"shared_mutex", "locks live inside types of base"},
};

// In no pure module: a word of code that asks the world.
constexpr Ban words_impure[] = {
    {"::now", "take the time as an argument"},
    {"clock_gettime", "take the time as an argument"},
    {"gettimeofday", "take the time as an argument"},
    {"std::time", "take the time as an argument"},
    {"time(nullptr)", "take the time as an argument"},
    {"rand", "take an Rng&"},
    {"srand", "take an Rng&"},
    {"random_device", "take an Rng&"},
    {"mt19937", "take an Rng&"},
    {"getrandom", "take an Rng&"},
    {"getenv", "take the value as an argument"},
    {"secure_getenv", "take the value as an argument"},
    {"fopen", "files belong to server and cli; take text"},
    {"this_thread", "threads belong to server"},
    {"jthread", "threads belong to server"},
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// `word` in `line`, not as a part of a longer name.
bool has_word(std::string_view line, std::string_view word) {
    for (std::size_t at = line.find(word); at != std::string_view::npos;
         at = line.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool starts = at == 0 || !is_word(word.front()) || !is_word(line[at - 1]);
        const bool ends = end == line.size() || !is_word(word.back()) || !is_word(line[end]);
        if (starts && ends) return true;
    }
    return false;
}

// A ban that ends with '/' is a folder.
bool bans(std::string_view what, std::string_view header) {
    return what.ends_with('/') ? header.starts_with(what) : header == what;
}

// Tests and benches read files and look at clocks; their helpers are named so that one sees it.
bool is_test(std::string_view path) {
    return path.ends_with("_test.cpp") || path.ends_with("_bench.cpp") ||
           path.ends_with("_testing.hpp") || path.ends_with("_testing.cpp") ||
           path.find("/testing/") != std::string_view::npos;
}

bool is_private(std::string_view header) {
    return header.find("/detail/") != std::string_view::npos || header.ends_with("_detail.hpp") ||
           header.ends_with("_internal.hpp");
}

struct Include {
    std::string_view name;
    bool quoted;
};

std::optional<Include> read_include(std::string_view line) {
    const auto skip_blanks = [&] {
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    };
    skip_blanks();
    if (!line.starts_with('#')) return std::nullopt;
    line.remove_prefix(1);
    skip_blanks();
    if (!line.starts_with("include")) return std::nullopt;
    line.remove_prefix(7);
    skip_blanks();
    if (line.empty() || (line.front() != '"' && line.front() != '<')) return std::nullopt;
    const bool quoted = line.front() == '"';
    line.remove_prefix(1);
    return Include{line.substr(0, line.find(quoted ? '"' : '>')), quoted};
}

class SourceCheck {
public:
    SourceCheck(const Rules& rules, const Module& module, std::string_view path,
                std::vector<Finding>& findings)
        : rules_(rules), module_(module), path_(path), findings_(findings) {}

    void line(std::string_view text) {
        ++line_;
        if (const auto include = read_include(text)) {
            include->quoted ? ours(include->name) : theirs(include->name);
        } else if (module_.pure && !is_test(path_)) {
            for (const Ban& ban : words_impure) {
                if (has_word(text, ban.what)) report(std::string(ban.what), ban.instead);
            }
        }
    }

private:
    void report(std::string found, std::string_view instead) {
        findings_.push_back(
            {"src/" + path_, line_,
             module_.name + " may not use " + std::move(found) + ": " + std::string(instead)});
    }

    void ours(std::string_view header) {
        const std::string name = "\"" + std::string(header) + "\"";
        const Module* target = rules_.find(header.substr(0, header.find('/')));
        if (header.find('/') == std::string_view::npos || target == nullptr) {
            return report(name, "a quoted include starts with a module, from src/ on");
        }
        if (header.ends_with(".cpp")) report(name, "a .cpp is nobody's interface");
        if (is_test(header) && !is_test(path_)) report(name, "it is for tests only");
        if (target == &module_) return;
        if (is_private(header)) report(name, "it is private to " + target->name);
        if (std::ranges::count(module_.below, target->name) == 0) {
            report(name,
                   "tools/layers.txt has no edge from " + module_.name + " to " + target->name);
        }
    }

    void theirs(std::string_view header) {
        const std::string name = "<" + std::string(header) + ">";
        for (const Ban& ban : headers_banned) {
            if (bans(ban.what, header)) report(name, ban.instead);
        }
        for (const Library& library : rules_.libraries) {
            if (header.starts_with(library.prefix) &&
                !std::ranges::count(library.owners, module_.name)) {
                report(name, "tools/layers.txt gives " + library.prefix + " to others");
            }
        }
        if (!module_.pure || is_test(path_)) return;
        for (const Ban& ban : headers_impure) {
            if (bans(ban.what, header)) report(name, ban.instead);
        }
        if (module_.name == "base") return;
        for (const Ban& ban : headers_of_locks) {
            if (bans(ban.what, header)) report(name, ban.instead);
        }
    }

    const Rules& rules_;
    const Module& module_;
    std::string path_;
    std::vector<Finding>& findings_;
    int line_ = 0;
};

}  // namespace

void check_source(const Rules& rules, std::string_view path, std::string_view text,
                  std::vector<Finding>& findings) {
    const std::string_view name = path.substr(0, path.find('/'));
    const Module* module = rules.find(name);
    if (module == nullptr) {
        findings.push_back({"src/" + std::string(path), 1,
                            "src/" + std::string(name) + " has no line in tools/layers.txt"});
        return;
    }
    const std::string code = blank_comments(text);
    SourceCheck check(rules, *module, path, findings);
    for (std::string_view rest = code; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        check.line(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

}  // namespace kith::layers
