// RDATA in presentation form: the master file's words, out and in.

#include <algorithm>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

#include "dns/encoding.hpp"
#include "dns/rdata.hpp"
#include "dns/rdata/codec.hpp"
#include "dns/rdata_fields.hpp"

namespace kith::dns {
namespace {

std::string opaque_text(Bytes rdata) {
    std::string out = fmt::format("\\# {}", rdata.size());
    if (!rdata.empty()) out += ' ';
    append_hex(out, rdata);
    return out;
}

std::unexpected<RdataTextError> text_error(std::string text, std::size_t index) {
    return std::unexpected(RdataTextError{std::move(text), index});
}

// \# length hexadecimal words (RFC 3597 §5); tokens[0] is the \#.
Result<void, RdataTextError> parse_opaque(std::span<const Token> tokens, Writer& out) {
    std::uint64_t size = 0;
    if (tokens.size() < 2 || !parse_decimal(tokens[1].text, rdata_bytes_max, size)) {
        return text_error("expected the number of bytes, 0..65535, after \\# (RFC 3597 §5)",
                          std::min<std::size_t>(1, tokens.size()));
    }
    const std::size_t start = out.size();
    Decoder decoder(Decoder::Base::base16, out);
    for (std::size_t i = 2; i < tokens.size(); ++i) {
        if (!decoder.feed(tokens[i].text)) return text_error("expected hexadecimal digits", i);
    }
    if (out.overflow()) return {};
    if (!decoder.finish() || out.size() - start != size) {
        return text_error(
            fmt::format("expected {} bytes in hexadecimal, found {}", size, out.size() - start),
            tokens.size());
    }
    return {};
}

Result<void, RdataTextError> parse_fields(std::span<const Field> fields,
                                          std::span<const Token> tokens, NameView origin,
                                          Writer& out) {
    FieldOutput output{tokens, 0, origin, out, out.size()};
    for (const Field& field : fields) {
        output.field = &field;
        if (auto done = codec(field.kind).parse(output); !done)
            return text_error(std::move(done).error(), output.next);
    }
    if (!output.at_end()) return text_error(expected("the end", output), output.next);
    return {};
}

bool is_opaque_mark(std::span<const Token> tokens) {
    return !tokens.empty() && !tokens[0].quoted && tokens[0].text == "\\#";
}

}  // namespace

std::string rdata_to_text(RrType type, RrClass klass, Bytes rdata) {
    const std::span<const Field> fields = fields_of(type, klass);
    if (fields.empty() || !check_fields(fields, rdata)) return opaque_text(rdata);
    std::string out;
    Reader reader(rdata);
    for (const Field& field : fields) {
        const std::size_t before = out.size();
        if (!out.empty()) out += ' ';
        const std::size_t start = out.size();
        codec(field.kind).print({reader, rdata, field}, out);
        if (out.size() == start) out.resize(before);  // an empty field has no word
    }
    return out;
}

Result<void, RdataTextError> parse_rdata(RrType type, RrClass klass, std::span<const Token> tokens,
                                         NameView origin, Writer& out) {
    const std::size_t start = out.size();
    const std::span<const Field> fields = fields_of(type, klass);
    const bool opaque = is_opaque_mark(tokens);
    if (!opaque && fields.empty()) {
        return text_error(
            fmt::format(
                "expected \\# and hexadecimal digits (RFC 3597 §5): {} has no text form of its own",
                type_name(type)),
            0);
    }
    if (auto done = opaque ? parse_opaque(tokens, out) : parse_fields(fields, tokens, origin, out);
        !done) {
        out.rewind(start);
        return done;
    }
    if (out.overflow() || out.size() - start > rdata_bytes_max) {
        const std::size_t room = out.size() - start;
        out.rewind(start);
        return text_error(
            fmt::format("RDATA is too long: more than {} bytes", std::min(room, rdata_bytes_max)),
            tokens.size());
    }
    if (fields.empty()) return {};
    if (const auto fits = check_fields(fields, out.written().subspan(start)); !fits) {
        out.rewind(start);
        return text_error(
            fmt::format("not the RDATA of {}: {}", type_name(type), fits.error().to_text()), 0);
    }
    return {};
}

namespace {

constexpr std::string_view blanks = " \t\r\n";

/// Where the quoted part beginning at text[at] (after the quote) ends; npos when it does not.
std::size_t closing_quote(std::string_view text, std::size_t at) {
    for (; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at;
        }
    }
    return std::string_view::npos;
}

/// Where the unquoted word beginning at text[at] ends. A value after `=` may be quoted.
std::size_t word_end(std::string_view text, std::size_t at) {
    for (; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"' && text[at - 1] == '=') {
            at = closing_quote(text, at + 1);
            if (at == std::string_view::npos) return at;
        } else if (blanks.find(text[at]) != std::string_view::npos ||
                   std::string_view("();\"").find(text[at]) != std::string_view::npos) {
            return at;
        }
    }
    return text.size();
}

}  // namespace

Text<std::vector<Token>> split_tokens(std::string_view text) {
    std::vector<Token> tokens;
    int depth = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (blanks.find(c) != std::string_view::npos) {
            ++at;
        } else if (c == ';') {
            at = std::min(text.find('\n', at), text.size());
        } else if (c == '(' || c == ')') {
            depth += c == '(' ? 1 : -1;
            if (depth < 0)
                return std::unexpected(TextError{"expected \"(\" before this \")\"", at});
            ++at;
        } else {
            const bool quoted = c == '"';
            const std::size_t start = quoted ? at + 1 : at;
            const std::size_t end = quoted ? closing_quote(text, start) : word_end(text, start);
            if (end == std::string_view::npos)
                return std::unexpected(TextError{"expected a closing quote", at});
            tokens.push_back({text.substr(start, end - start), quoted});
            at = quoted ? end + 1 : end;
        }
    }
    if (depth > 0) return std::unexpected(TextError{"expected \")\" before the end", text.size()});
    return tokens;
}

Text<std::vector<std::uint8_t>> rdata_from_text(RrType type, std::string_view text,
                                                NameView origin) {
    KITH_TRY(const std::vector<Token> tokens, split_tokens(text));
    std::vector<std::uint8_t> bytes(rdata_bytes_max);
    Writer out(bytes);
    if (auto done = parse_rdata(type, RrClass::IN, tokens, origin, out); !done) {
        const std::size_t index = done.error().index;
        const std::size_t at =
            index < tokens.size()
                ? static_cast<std::size_t>(tokens[index].text.data() - text.data())
                : text.size();
        return std::unexpected(TextError{std::move(done).error().text, at});
    }
    bytes.resize(out.size());
    bytes.shrink_to_fit();
    return bytes;
}

}  // namespace kith::dns
