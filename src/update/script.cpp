#include "update/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "dns/rdata.hpp"
#include "update/limits.hpp"

namespace kith::update {
namespace {

using Kind = ScriptCommand::Kind;
using Tokens = std::vector<dns::Token>;
using Command = dns::Text<ScriptCommand>;

template <class Number>
bool parse_number(std::string_view text, Number& out) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return !text.empty() && fault == std::errc{} && end == text.data() + text.size();
}

/// "300", "5m", "1h30m" as in master files; nullopt: no TTL.
std::optional<std::uint32_t> parse_ttl(std::string_view text) {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
        std::uint32_t number = 0;
        if (end == at || !parse_number(text.substr(at, end - at), number)) return std::nullopt;
        std::uint64_t unit = 1;
        if (end < text.size()) {
            switch (text[end] | 0x20) {
                case 's': unit = 1; break;
                case 'm': unit = 60; break;
                case 'h': unit = 3600; break;
                case 'd': unit = 86400; break;
                case 'w': unit = 604800; break;
                default: return std::nullopt;
            }
        }
        sum += number * unit;
        if (sum > 0x7fffffffU) return std::nullopt;
        at = end + (end < text.size() ? 1 : 0);
    }
    return text.empty() ? std::nullopt : std::optional(static_cast<std::uint32_t>(sum));
}

/// A line in which ";" is a character like others, unless quotes say so anyway: nsupdate knows comments only as
/// whole lines, and the data of a record may have it (`TXT v=DMARC1; p=none`).
class PlainLine {
public:
    explicit PlainLine(std::string_view line) {
        bool is_quoted = false;
        for (std::size_t at = 0; at < line.size(); ++at) {
            if (line[at] == ';' && !is_quoted) {
                escapes_.push_back(text_.size());
                text_ += '\\';
            }
            text_ += line[at];
            if (line[at] == '"') is_quoted = !is_quoted;
            if (line[at] == '\\' && at + 1 < line.size()) text_ += line[++at];
        }
    }
    std::string_view text() const { return text_; }
    /// Where in the line a place of text() is.
    std::size_t place(std::size_t in_text) const {
        const auto before = std::ranges::lower_bound(escapes_, in_text) - escapes_.begin();
        return in_text - static_cast<std::size_t>(before);
    }

private:
    std::string text_;
    std::vector<std::size_t> escapes_;  // that the line did not have
};
constexpr std::string_view plain_semicolon = "\\;";

/// Reads one line, word by word.
class LineReader {
public:
    LineReader(std::string_view line, Tokens tokens, const ScriptDefaults& defaults)
        : line_(line), tokens_(std::move(tokens)), defaults_(defaults) {}

    Command read();

private:
    bool at_end() const { return at_ == tokens_.size(); }
    std::string_view word() const { return at_end() ? std::string_view{} : tokens_[at_].text; }
    bool is(std::string_view text) const { return dns::equal_ignoring_case(word(), text); }

    std::unexpected<dns::TextError> error(std::string text) const {
        const std::size_t position =
            at_end() ? line_.size() : static_cast<std::size_t>(word().data() - line_.data());
        return std::unexpected(dns::TextError{std::move(text), position});
    }
    std::unexpected<dns::TextError> expected(std::string_view what) const {
        return error(at_end() ? fmt::format("expected {}, found nothing", what)
                              : fmt::format("expected {}, found '{}'", what, word()));
    }
    /// Behind what has no data there may be a comment.
    Command finish(ScriptCommand command) const {
        if (!at_end() && !word().starts_with(plain_semicolon))
            return expected("the end of the line");
        return command;
    }

    dns::Text<Name> read_name(std::string_view what) {
        if (at_end()) return expected(what);
        const auto name = Name::from_text(word(), defaults_.origin);
        if (!name) return error(fmt::format("expected {}: {}", what, name.error().text));
        ++at_;
        return *name;
    }
    /// A class, unless the word is a type: ANY is both and means the type here.
    dns::Text<void> skip_class() {
        const auto klass = dns::parse_class(word());
        if (at_end() || !klass || is("ANY")) return {};
        if (*klass != defaults_.klass && *klass != RrClass::NONE) {
            return expected(
                fmt::format("class {}, as `class` says", dns::class_name(defaults_.klass)));
        }
        ++at_;
        return {};
    }
    dns::Text<RrType> read_type() {
        const auto type = dns::parse_type(word());
        if (at_end() || !type) return expected("a record type");
        if (dns::is_meta_type(*type)) return expected("a record type that is stored");
        ++at_;
        return *type;
    }
    dns::Text<std::vector<std::uint8_t>> read_data(RrType type) {
        std::vector<std::uint8_t> buffer(dns::rdata_bytes_max);
        dns::Writer out(buffer);
        const std::span<const dns::Token> rest = std::span(tokens_).subspan(at_);
        if (const auto parsed =
                dns::parse_rdata(type, defaults_.klass, rest, defaults_.origin, out);
            !parsed) {
            at_ = std::min(at_ + parsed.error().index, tokens_.size());
            return error(fmt::format("{} data: {}", dns::type_name(type), parsed.error().text));
        }
        at_ = tokens_.size();
        buffer.resize(out.size());
        return buffer;
    }

    Command read_simple();
    Command read_host(Kind kind);
    Command read_named(Kind kind);
    Command read_class();
    Command read_default_ttl();
    Command read_key();
    Command read_lease();
    Command read_prerequisite();
    Command read_existence(RrClass klass, bool is_about_name);
    Command read_add();
    Command read_delete();

    std::string_view line_;
    Tokens tokens_;
    const ScriptDefaults& defaults_;
    std::size_t at_ = 0;
};

struct SimpleWord {
    std::string_view word;
    Kind kind;
};
constexpr SimpleWord simple_words[] = {
    {"show", Kind::show},   {"send", Kind::send},       {"answer", Kind::answer},
    {"debug", Kind::debug}, {"version", Kind::version}, {"help", Kind::help},
    {"?", Kind::help},      {"quit", Kind::quit},       {"exit", Kind::quit},
};

Command LineReader::read_simple() {
    for (const SimpleWord& simple : simple_words) {
        if (!is(simple.word)) continue;
        ++at_;
        ScriptCommand command;
        command.kind = simple.kind;
        return finish(std::move(command));
    }
    if (is("gsstsig") || is("oldgsstsig") || is("realm")) {
        return error(fmt::format(
            "'{}' is for GSS-TSIG (Kerberos), which kith does not have: use a TSIG key or SIG(0)",
            word()));
    }
    if (is("check-names") || is("check-svcb")) {
        // What nsupdate checks about host names: kith sends what it is given.
        ++at_;
        constexpr std::string_view words[] = {"on", "off", "yes", "no", "true", "false", "1", "0"};
        const bool is_good =
            std::ranges::any_of(words, [this](std::string_view each) { return is(each); });
        return is_good ? Command(ScriptCommand{}) : expected("on or off");
    }
    return expected("a command (`help` lists them)");
}

Command LineReader::read_host(Kind kind) {
    ScriptCommand command;
    command.kind = kind;
    ++at_;
    if (at_end())
        return expected(kind == Kind::server ? "a server's name or address" : "an address");
    command.text = word();
    ++at_;
    if (!at_end()) {
        std::uint16_t port = 0;
        if (!parse_number(word(), port)) return expected("a port, 0 to 65535");
        command.number = port;
        ++at_;
    }
    return finish(std::move(command));
}

Command LineReader::read_named(Kind kind) {
    ++at_;
    ScriptCommand command;
    command.kind = kind;
    if (at_end()) return expected("a name");
    const auto name = Name::from_text(word());
    if (!name) return error(name.error().text);
    command.name = *name;
    ++at_;
    return finish(std::move(command));
}

Command LineReader::read_class() {
    ++at_;
    ScriptCommand command;
    command.kind = Kind::klass;
    const auto klass = dns::parse_class(word());
    if (at_end() || !klass || *klass == RrClass::ANY || *klass == RrClass::NONE)
        return expected("a class such as IN");
    command.klass = *klass;
    ++at_;
    return finish(std::move(command));
}

Command LineReader::read_default_ttl() {
    ++at_;
    ScriptCommand command;
    command.kind = Kind::ttl;
    if (!is("none")) {
        command.number = parse_ttl(word());
        if (!command.number) return expected("a TTL in seconds, or 'none'");
    }
    ++at_;
    return finish(std::move(command));
}

Command LineReader::read_key() {
    ++at_;
    ScriptCommand command;
    command.kind = Kind::key;
    if (at_end()) return expected("[algorithm:]name and a secret");
    command.text = word();
    ++at_;
    if (at_end()) return expected("a secret in base64");
    command.text += ':';
    for (; !at_end() && !word().starts_with(plain_semicolon); ++at_) command.text += word();
    return command;
}

Command LineReader::read_lease() {
    ++at_;
    ScriptCommand command;
    command.kind = Kind::lease;
    const auto seconds = parse_ttl(word());
    if (!seconds) return expected("a lease in seconds");
    command.lease.seconds = *seconds;
    ++at_;
    if (!at_end()) {
        command.lease.key_seconds = parse_ttl(word());
        if (!command.lease.key_seconds) return expected("the lease of keys in seconds");
        ++at_;
    }
    return finish(std::move(command));
}

Command LineReader::read_existence(RrClass klass, bool is_about_name) {
    ++at_;
    ScriptCommand command;
    command.kind = Kind::prerequisite;
    UpdateRecord& record = command.record;
    KITH_TRY(record.owner, read_name("a name"));
    record.klass = klass;
    record.type = RrType::ANY;
    if (is_about_name) return finish(std::move(command));
    KITH_TRY_VOID(skip_class());
    KITH_TRY(record.type, read_type());
    if (klass == RrClass::ANY && !at_end()) {
        record.klass = defaults_.klass;
        KITH_TRY(record.rdata, read_data(record.type));
    }
    return finish(std::move(command));
}

Command LineReader::read_prerequisite() {
    if (is("nxdomain")) return read_existence(RrClass::NONE, true);
    if (is("yxdomain")) return read_existence(RrClass::ANY, true);
    if (is("nxrrset")) return read_existence(RrClass::NONE, false);
    if (is("yxrrset")) return read_existence(RrClass::ANY, false);
    return expected("nxdomain, yxdomain, nxrrset or yxrrset");
}

Command LineReader::read_add() {
    ++at_;
    ScriptCommand command;
    command.kind = Kind::update;
    UpdateRecord& record = command.record;
    record.klass = defaults_.klass;
    KITH_TRY(record.owner, read_name("a name"));
    auto ttl = parse_ttl(word());
    if (ttl) ++at_;
    if (!ttl) ttl = defaults_.ttl;
    if (!ttl) return expected("a TTL in seconds (or set one with `ttl`)");
    record.ttl = *ttl;
    KITH_TRY_VOID(skip_class());
    KITH_TRY(record.type, read_type());
    KITH_TRY(record.rdata, read_data(record.type));
    return finish(std::move(command));
}

Command LineReader::read_delete() {
    ++at_;
    ScriptCommand command;
    command.kind = Kind::update;
    UpdateRecord& record = command.record;
    record.klass = RrClass::ANY;
    record.type = RrType::ANY;
    KITH_TRY(record.owner, read_name("a name"));
    if (parse_ttl(word())) ++at_;  // as in `add`; it has no meaning here
    KITH_TRY_VOID(skip_class());
    if (at_end()) return command;
    if (is("ANY")) {
        ++at_;
        return finish(std::move(command));
    }
    KITH_TRY(record.type, read_type());
    if (at_end()) return command;
    record.klass = RrClass::NONE;
    KITH_TRY(record.rdata, read_data(record.type));
    return finish(std::move(command));
}

Command LineReader::read() {
    if (is("server")) return read_host(Kind::server);
    if (is("local")) return read_host(Kind::local);
    if (is("zone")) return read_named(Kind::zone);
    if (is("origin")) return read_named(Kind::origin);
    if (is("class")) return read_class();
    if (is("ttl")) return read_default_ttl();
    if (is("key")) return read_key();
    if (is("lease")) return read_lease();
    if (is("prereq")) {
        ++at_;
        return read_prerequisite();
    }
    if (is("nxdomain") || is("yxdomain") || is("nxrrset") || is("yxrrset"))
        return read_prerequisite();
    if (is("update")) ++at_;
    if (is("add")) return read_add();
    if (is("del") || is("delete")) return read_delete();
    return read_simple();
}

}  // namespace

Command parse_script_line(std::string_view line, const ScriptDefaults& defaults) {
    while (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > script_line_bytes_max) {
        return std::unexpected(dns::TextError{
            fmt::format("expected a line of at most {} bytes", script_line_bytes_max), 0});
    }
    const std::size_t begin = line.find_first_not_of(" \t");
    ScriptCommand command;
    if (begin == std::string_view::npos) {
        command.kind = Kind::send;
        return command;
    }
    if (line[begin] == ';') return command;
    const PlainLine plain(line);
    auto tokens = dns::split_tokens(plain.text());
    if (tokens && tokens->empty()) return command;
    Command read = tokens ? LineReader(plain.text(), *std::move(tokens), defaults).read()
                          : Command(std::unexpected(tokens.error()));
    if (!read) read.error().position = plain.place(read.error().position);
    return read;
}

std::string_view script_help() {
    return "server HOST [PORT]                     where to send updates\n"
           "local ADDRESS [PORT]                   from where\n"
           "zone NAME                              zone to change; default: asked for\n"
           "origin NAME                            what names without a final dot are below of\n"
           "class CLASS                            IN unless set\n"
           "ttl SECONDS                            for `add` without one\n"
           "key [ALGORITHM:]NAME SECRET            TSIG key\n"
           "lease SECONDS [KEY-SECONDS]            records expire by themselves (RFC 9664)\n"
           "prereq nxdomain|yxdomain NAME          only if the name is not, is in use\n"
           "prereq nxrrset NAME TYPE               only if there is no such RRset\n"
           "prereq yxrrset NAME TYPE [DATA]        only if there is, exactly with this data\n"
           "add NAME [TTL] TYPE DATA               add a record\n"
           "delete NAME [TYPE [DATA]]              delete a name, an RRset, a record\n"
           "show, send (or an empty line), answer  the message so far, send it, the last reply\n"
           "debug, version, help, quit\n";
}

}  // namespace kith::update
