#pragma once
// The words of BIND's named.conf: names and numbers, "quoted strings", the marks { } ;, and comments
// of C, C++ and shell between them.

#include <cstdint>
#include <string_view>

namespace kith::auth {

struct BindWord {
    enum class Kind : std::uint8_t { text, mark, end };
    Kind kind = Kind::end;
    std::string_view text;     // without quotes
    std::uint32_t line = 1;    // from 1
    std::uint32_t column = 1;  // from 1, in bytes
    bool is_broken = false;    // the end came inside a quote or a comment

    bool is_mark(char mark) const { return kind == Kind::mark && text.front() == mark; }
};

/// Reads them one after another; next() has to be called before the first word().
class BindWords {
public:
    explicit BindWords(std::string_view text) : text_(text) {}
    const BindWord& word() const { return word_; }
    void next();

private:
    void pass_blanks();
    bool pass_comment();
    void pass(std::size_t count);

    std::string_view text_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 1, column_ = 1;
    bool is_broken_ = false;
    BindWord word_;
};

}  // namespace kith::auth
