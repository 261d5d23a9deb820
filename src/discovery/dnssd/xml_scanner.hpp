#pragma once
// XmlScanner: the part of XML 1.0 that small configuration files use, as a row of tokens.
//
// Left out on purpose: namespaces, entities that a document declares (each is a way to make a small file
// large, or to open others), and encodings other than UTF-8. Internal to dnssd.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dns/wire_error.hpp"

namespace kith::discovery::dnssd {

struct XmlToken {
    enum class Kind : std::uint8_t { open, close, text, end } kind = Kind::end;
    std::string name;  // open, close: of the element
    std::string text;  // text: entities resolved; blanks only is told too
    std::vector<std::pair<std::string, std::string>> attributes;  // open
    std::size_t at = 0;  // byte offset of its first character
};

class XmlScanner {
public:
    explicit XmlScanner(std::string_view text) : text_(text) {}

    /// The next token; `<a/>` is an open and a close. After `end` or an error nothing more is to be asked.
    /// Checks that elements close in order, and are nested at most `depth_max` deep.
    dns::Text<XmlToken> next(int depth_max);

private:
    std::unexpected<dns::TextError> error(std::string what, std::size_t at) const;
    dns::Text<void> skip_markup();
    dns::Text<XmlToken> read_open(int depth_max);
    dns::Text<XmlToken> read_close();
    dns::Text<XmlToken> read_text();
    dns::Text<std::string> read_name();
    dns::Text<std::string> resolve(std::string_view raw, std::size_t at) const;
    dns::Text<void> resolve_one(std::string_view entity, std::size_t at, std::string& out) const;
    void skip_blanks();
    bool starts_with(std::string_view what) const { return text_.substr(at_).starts_with(what); }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::string> open_;
    std::optional<std::string> pending_close_;
};

}  // namespace kith::discovery::dnssd
