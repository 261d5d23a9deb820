#pragma once
// The words of another program's command line, as getopt_long() wants them.

#include <getopt.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kith::cli {

/// argv for getopt_long(), which wants to write to it.
class Words {
public:
    explicit Words(const std::vector<std::string>& arguments) : words_(arguments) {
        for (std::string& word : words_) pointers_.push_back(word.data());
        pointers_.push_back(nullptr);
        optind = 0;  // glibc: begin anew
    }
    int count() const { return static_cast<int>(words_.size()); }
    char** values() { return pointers_.data(); }
    std::vector<std::string> rest() const {
        return {words_.begin() + std::min<std::ptrdiff_t>(optind, count()), words_.end()};
    }

private:
    std::vector<std::string> words_;
    std::vector<char*> pointers_;
};

}  // namespace kith::cli
