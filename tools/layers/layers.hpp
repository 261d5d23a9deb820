#pragma once
// The include rules of src/ as functions over text; main.cpp brings the files.
//
// The rules themselves stand in tools/layers.txt: which module may include which, which modules are pure,
// which library belongs to whom. What is judged here is one source file at a time, read as lines with
// comments and literals blanked, so that a word in a comment is no finding. It is a reader of text and not
// of C++: what hides behind a macro, it does not see.

#include <string>
#include <string_view>
#include <vector>

namespace kith::layers {

struct Finding {
    std::string file;  // as given by the caller
    int line;          // from 1
    std::string text;  // what was found, and what to do instead
};

struct Module {
    std::string name;
    std::vector<std::string> below;  // what it may include besides itself
    bool pure = false;               // no I/O, clock, randomness, threads or environment
};

/// Headers that start with `prefix` belong to `owners`; for anybody else they are a finding.
struct Library {
    std::string prefix;
    std::vector<std::string> owners;
};

struct Rules {
    std::vector<Module> modules;
    std::vector<Library> libraries;

    /// nullptr when there is no such module.
    const Module* find(std::string_view name) const;
};

/// Reads tools/layers.txt. Lines it does not understand, names it does not know, a module declared twice
/// and cycles are appended to `findings`; the rules returned hold the rest.
Rules parse_rules(std::string_view file, std::string_view text, std::vector<Finding>& findings);

/// Judges one source. `path` is relative to src/, with '/': its first part is the module.
void check_source(const Rules& rules, std::string_view path, std::string_view text,
                  std::vector<Finding>& findings);

/// `text` with comments and the insides of string and character literals replaced by blanks, lines kept.
/// Names in #include lines stay.
std::string blank_comments(std::string_view text);

}  // namespace kith::layers
