// Just enough of C++'s lexer to know what is code.

#include <cctype>

#include "layers.hpp"

namespace kith::layers {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Blanker {
public:
    explicit Blanker(std::string_view text) : in_(text), out_(text) {}

    std::string run() {
        while (at_ < in_.size()) step();
        return std::move(out_);
    }

private:
    void step() {
        const char c = in_[at_];
        if (starts("//")) return blank_until("\n", 0);
        if (starts("/*")) return blank_until("*/", 2);
        if (c == '"' && in_include()) return skip_line();
        if (c == '"' && at_ > 0 && in_[at_ - 1] == 'R') return raw_string();
        if (c == '"' || (c == '\'' && !in_number())) return literal(c);
        ++at_;
    }

    bool starts(std::string_view what) const { return in_.substr(at_).starts_with(what); }

    void blank(std::size_t end) {
        for (; at_ < end && at_ < in_.size(); ++at_) {
            if (in_[at_] != '\n') out_[at_] = ' ';
        }
    }

    // Blanks up to `mark`, and its first `kept` bytes too; to the end of the text when there is none.
    void blank_until(std::string_view mark, std::size_t kept) {
        const std::size_t found = in_.find(mark, at_ + (kept > 0 ? mark.size() : 0));
        blank(found == std::string_view::npos ? in_.size() : found + kept);
    }

    void skip_line() {
        const std::size_t end = in_.find('\n', at_);
        at_ = end == std::string_view::npos ? in_.size() : end;
    }

    // The quotes stay, what is between them goes; a newline ends a literal that nobody closed.
    void literal(char quote) {
        std::size_t end = at_ + 1;
        while (end < in_.size() && in_[end] != quote && in_[end] != '\n') {
            end += in_[end] == '\\' ? 2U : 1U;
        }
        ++at_;
        blank(end);
        ++at_;
    }

    void raw_string() {
        const std::size_t open = in_.find('(', at_);
        if (open == std::string_view::npos) return skip_line();
        const std::string close = ")" + std::string(in_.substr(at_ + 1, open - at_ - 1)) + "\"";
        ++at_;
        blank_until(close, close.size());
    }

    // 1'000: a quote inside a token that starts with a digit.
    bool in_number() const {
        std::size_t start = at_;
        while (start > 0 && (is_word(in_[start - 1]) || in_[start - 1] == '\'')) --start;
        return start < at_ && std::isdigit(static_cast<unsigned char>(in_[start])) != 0;
    }

    bool in_include() const {
        const std::size_t newline = out_.rfind('\n', at_);
        std::string_view line =
            std::string_view(out_).substr(newline == std::string::npos ? 0 : newline + 1);
        line = line.substr(0, line.find('\n'));
        const std::size_t hash = line.find_first_not_of(" \t");
        return hash != std::string_view::npos && line[hash] == '#' &&
               line.find("include") != std::string_view::npos;
    }

    std::string_view in_;
    std::string out_;
    std::size_t at_ = 0;
};

}  // namespace

std::string blank_comments(std::string_view text) { return Blanker(text).run(); }

}  // namespace kith::layers
