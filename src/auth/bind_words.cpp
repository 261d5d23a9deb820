#include "auth/bind_words.hpp"

namespace kith::auth {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_mark(char c) { return c == '{' || c == '}' || c == ';'; }

}  // namespace

void BindWords::pass(std::size_t count) {
    for (; count > 0 && at_ < text_.size(); --count, ++at_) {
        if (text_[at_] == '\n') {
            ++line_;
            column_ = 1;
        } else {
            ++column_;
        }
    }
}

bool BindWords::pass_comment() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with('#') || rest.starts_with("//")) {
        pass(rest.find('\n') == std::string_view::npos ? rest.size() : rest.find('\n'));
        return true;
    }
    if (!rest.starts_with("/*")) return false;
    const std::size_t end = rest.find("*/", 2);
    is_broken_ = is_broken_ || end == std::string_view::npos;
    pass(end == std::string_view::npos ? rest.size() : end + 2);
    return true;
}

void BindWords::pass_blanks() {
    while (at_ < text_.size() && (is_blank(text_[at_]) || pass_comment())) {
        if (at_ < text_.size() && is_blank(text_[at_])) pass(1);
    }
}

void BindWords::next() {
    pass_blanks();
    word_ = {BindWord::Kind::end, {}, line_, column_, is_broken_};
    if (at_ == text_.size()) return;
    const std::size_t start = at_;
    if (is_mark(text_[at_])) {
        word_.kind = BindWord::Kind::mark;
        pass(1);
        word_.text = text_.substr(start, 1);
        return;
    }
    if (text_[at_] == '"') {
        const std::size_t end = text_.find('"', start + 1);
        is_broken_ = is_broken_ || end == std::string_view::npos;
        const std::size_t stop = end == std::string_view::npos ? text_.size() : end;
        word_.kind = end == std::string_view::npos ? BindWord::Kind::end : BindWord::Kind::text;
        word_.is_broken = is_broken_;
        word_.text = text_.substr(start + 1, stop - start - 1);
        pass(stop - start + 1);
        return;
    }
    while (at_ < text_.size() && !is_blank(text_[at_]) && !is_mark(text_[at_]) &&
           text_[at_] != '"') {
        pass(1);
    }
    word_.kind = BindWord::Kind::text;
    word_.text = text_.substr(start, at_ - start);
}

}  // namespace kith::auth
