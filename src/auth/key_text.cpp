#include "auth/key_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "auth/bind_words.hpp"
#include "dns/encoding.hpp"
#include "dns/registry.hpp"

namespace kith::auth {
namespace {

/// An algorithm as BIND's tools write it: `hmac-sha256`, or with the bits of truncated MACs behind.
struct AlgorithmWord {
    TsigAlgorithm algorithm{};
    std::uint8_t truncated_bytes = 0;
};

dns::Text<AlgorithmWord> parse_algorithm_word(std::string_view text) {
    const auto error = [&] {
        return std::unexpected(dns::TextError{
            fmt::format("expected a TSIG algorithm ({}), found '{}'", algorithm_names(), text), 0});
    };
    const std::size_t dash = text.rfind('-');
    unsigned bits = 0;
    if (dash != std::string_view::npos) {
        const char* const end = text.data() + text.size();
        const auto [stop, fault] = std::from_chars(text.data() + dash + 1, end, bits);
        if (fault != std::errc{} || stop != end) bits = 0;
    }
    const auto whole = parse_algorithm(bits == 0 ? text : text.substr(0, dash));
    if (!whole) return error();
    if (bits == 0) return AlgorithmWord{*whole, 0};
    const std::size_t bytes = bits / 8;
    if (bits % 8 != 0 || bytes < mac_bytes_least(*whole) || bytes > mac_bytes(*whole)) {
        return std::unexpected(
            dns::TextError{fmt::format("expected {} to {} bits in steps of 8 behind '{}', found {}",
                                       mac_bytes_least(*whole) * 8, mac_bytes(*whole) * 8,
                                       text.substr(0, dash), bits),
                           dash + 1});
    }
    const bool is_whole = bytes == mac_bytes(*whole);
    return AlgorithmWord{*whole, static_cast<std::uint8_t>(is_whole ? 0 : bytes)};
}

/// Reads one `key NAME { ... };`, of which `words` has the beginning behind it.
class KeyStatement {
public:
    KeyStatement(BindWords& words, std::string_view file, Problems& problems)
        : words_(words), file_(file), problems_(problems) {}

    std::optional<TsigKey> read() {
        const BindWord start = words_.word();
        const auto name = Name::from_text(start.text);
        if (start.kind != BindWord::Kind::text || !name) {
            complain(start, "expected the name of a key");
        } else {
            key_.name = *name;
        }
        words_.next();
        if (!take_mark('{')) return std::nullopt;
        while (words_.word().kind != BindWord::Kind::end && !words_.word().is_mark('}'))
            read_field();
        take_mark('}');
        if (!has_algorithm_ || !has_secret_) {
            complain(start, "expected 'algorithm' and 'secret' in this key");
        }
        if (failed_) return std::nullopt;
        if (const auto good = check_key(key_); !good) {
            complain(start, std::string(fault_text(good.error())));
            return std::nullopt;
        }
        return std::move(key_);
    }

private:
    void read_field() {
        const BindWord field = words_.word();
        words_.next();
        const BindWord value = words_.word();
        if (value.kind != BindWord::Kind::text) return skip_field(field, "expected a value here");
        if (dns::equal_ignoring_case(field.text, "algorithm")) {
            const auto algorithm = parse_algorithm_word(value.text);
            if (algorithm) {
                key_.algorithm = algorithm->algorithm;
                key_.truncated_bytes = algorithm->truncated_bytes;
            } else {
                complain(value, algorithm.error().text);
            }
            has_algorithm_ = true;
        } else if (dns::equal_ignoring_case(field.text, "secret")) {
            auto secret = parse_secret(value.text);
            if (secret) {
                key_.secret = *std::move(secret);
            } else {
                complain(value, secret.error().text);
            }
            has_secret_ = true;
        } else {
            return skip_field(field, "expected 'algorithm' or 'secret'");
        }
        words_.next();
        take_mark(';');
    }

    void skip_field(const BindWord& at, std::string text) {
        complain(at, std::move(text));
        while (words_.word().kind != BindWord::Kind::end && !words_.word().is_mark(';') &&
               !words_.word().is_mark('}')) {
            words_.next();
        }
        if (words_.word().is_mark(';')) words_.next();
    }

    bool take_mark(char mark) {
        if (!words_.word().is_mark(mark)) {
            complain(words_.word(), fmt::format("expected '{}'", mark));
            return false;
        }
        words_.next();
        return true;
    }

    void complain(const BindWord& at, std::string text) {
        failed_ = true;
        problems_.push_back(
            {std::string(file_), at.line, at.column, std::move(text), Severity::error});
    }

    BindWords& words_;
    std::string_view file_;
    Problems& problems_;
    TsigKey key_;
    bool has_algorithm_ = false, has_secret_ = false, failed_ = false;
};

/// Passes over the rest of a statement that is none of ours, its blocks included.
void skip_statement(BindWords& words) {
    int depth = 0;
    for (; words.word().kind != BindWord::Kind::end; words.next()) {
        if (words.word().is_mark('{')) ++depth;
        if (words.word().is_mark('}') && depth > 0) --depth;
        if (words.word().is_mark(';') && depth == 0) {
            words.next();
            return;
        }
    }
}

// Numbers of HMAC algorithms in K*.private files of dnssec-keygen before BIND 9.13.
struct OldNumber {
    std::string_view number;
    TsigAlgorithm algorithm;
};
constexpr OldNumber old_numbers[] = {
    {"157", TsigAlgorithm::hmac_md5},    {"161", TsigAlgorithm::hmac_sha1},
    {"162", TsigAlgorithm::hmac_sha224}, {"163", TsigAlgorithm::hmac_sha256},
    {"164", TsigAlgorithm::hmac_sha384}, {"165", TsigAlgorithm::hmac_sha512},
};

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// The value of `Field: value` in a K*.private file; empty when there is none.
std::string_view private_field(std::string_view text, std::string_view field) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        if (line.starts_with(field)) return trim(line.substr(field.size()));
        at = end + 1;
    }
    return {};
}

/// "Kname.+163+12345.private" is the key `name`.
std::string_view name_of_file(std::string_view file) {
    const std::size_t slash = file.rfind('/');
    if (slash != std::string_view::npos) file.remove_prefix(slash + 1);
    const std::size_t plus = file.find('+');
    if (!file.starts_with('K') || plus == std::string_view::npos) return {};
    return file.substr(1, plus - 1);
}

std::optional<TsigKey> parse_old_private(std::string_view text, std::string_view file,
                                         Problems& problems) {
    const auto complain = [&](std::string what) -> std::optional<TsigKey> {
        problems.push_back({std::string(file), 0, 0, std::move(what), Severity::error});
        return std::nullopt;
    };
    const std::string_view number = private_field(text, "Algorithm:");
    const auto row = std::ranges::find_if(old_numbers, [&](const OldNumber& old) {
        return number.substr(0, number.find(' ')) == old.number;
    });
    if (row == std::end(old_numbers)) {
        return complain(fmt::format(
            "expected an HMAC key, found algorithm '{}': a private key for SIG(0)?", number));
    }
    const std::string_view name_text = name_of_file(file);
    const auto name = Name::from_text(name_text);
    if (name_text.empty() || !name) {
        return complain(
            "expected a file called K<name>.+<algorithm>+<tag>.private: the key's name is taken from it");
    }
    auto secret = parse_secret(private_field(text, "Key:"));
    if (!secret) return complain(secret.error().text);
    TsigKey key;
    key.name = *name;
    key.algorithm = row->algorithm;
    key.secret = *std::move(secret);
    if (const auto good = check_key(key); !good)
        return complain(std::string(fault_text(good.error())));
    return key;
}

}  // namespace

dns::Text<crypto::SecretBytes> parse_secret(std::string_view base64) {
    crypto::SecretBytes buffer(tsig_secret_bytes_max);
    dns::Writer out(buffer.writable());
    dns::Decoder decoder(dns::Decoder::Base::base64, out);
    for (std::size_t at = 0; at < base64.size(); ++at) {
        if (base64[at] == ' ' || base64[at] == '\t') continue;
        if (!decoder.feed(base64.substr(at, 1))) {
            return std::unexpected(
                dns::TextError{"expected a secret in base64, found a character that is none", at});
        }
    }
    if (out.overflow()) {
        return std::unexpected(
            dns::TextError{"expected a secret of at most 1024 bytes, found a longer one", 0});
    }
    if (!decoder.finish() || out.size() == 0) {
        return std::unexpected(dns::TextError{
            "expected a secret in base64, found one that is empty or cut off", base64.size()});
    }
    return crypto::SecretBytes(out.written());
}

dns::Text<TsigKey> parse_key_word(std::string_view text) {
    const std::size_t last = text.rfind(':');
    if (last == std::string_view::npos) {
        return std::unexpected(dns::TextError{"expected [algorithm:]name:secret, found no ':'", 0});
    }
    const std::size_t first = text.find(':');
    TsigKey key;
    std::string_view name = text.substr(0, last);
    if (first != last) {
        const auto algorithm = parse_algorithm_word(text.substr(0, first));
        if (!algorithm) return std::unexpected(algorithm.error());
        key.algorithm = algorithm->algorithm;
        key.truncated_bytes = algorithm->truncated_bytes;
        name = text.substr(first + 1, last - first - 1);
    }
    const auto parsed = Name::from_text(name);
    if (!parsed) return std::unexpected(parsed.error());
    key.name = *parsed;
    auto secret = parse_secret(text.substr(last + 1));
    if (!secret) {
        return std::unexpected(
            dns::TextError{secret.error().text, last + 1 + secret.error().position});
    }
    key.secret = *std::move(secret);
    if (const auto good = check_key(key); !good) {
        return std::unexpected(dns::TextError{std::string(fault_text(good.error())), 0});
    }
    return key;
}

std::vector<TsigKey> parse_bind_keys(std::string_view text, std::string_view file,
                                     Problems& problems) {
    std::vector<TsigKey> keys;
    if (text.size() > key_text_bytes_max) {
        problems.push_back(
            {std::string(file), 0, 0, "expected a file of at most 1 MiB", Severity::error});
        return keys;
    }
    BindWords words(text);
    for (words.next(); words.word().kind != BindWord::Kind::end;) {
        const bool is_key = words.word().kind == BindWord::Kind::text &&
                            dns::equal_ignoring_case(words.word().text, "key");
        if (is_key) {
            words.next();
            auto key = KeyStatement(words, file, problems).read();
            if (key) keys.push_back(*std::move(key));
        }
        skip_statement(words);
    }
    if (words.word().is_broken) {
        problems.push_back({std::string(file), words.word().line, words.word().column,
                            "a quote or comment that is not closed", Severity::error});
    }
    return keys;
}

std::optional<TsigKey> parse_key_file(std::string_view text, std::string_view file,
                                      Problems& problems) {
    if (text.find("Private-key-format:") != std::string_view::npos) {
        return parse_old_private(text, file, problems);
    }
    if (text.find('{') != std::string_view::npos) {
        std::vector<TsigKey> keys = parse_bind_keys(text, file, problems);
        if (!keys.empty()) return std::move(keys.front());
        if (problems.empty()) {
            problems.push_back({std::string(file), 0, 0, "expected a `key` statement, found none",
                                Severity::error});
        }
        return std::nullopt;
    }
    auto key = parse_key_word(trim(text));
    if (key) return *std::move(key);
    problems.push_back({std::string(file), 1, 0, key.error().text, Severity::error});
    return std::nullopt;
}

Result<TsigKey, KeyFault> raw_key(NameView name, TsigAlgorithm algorithm, Bytes bytes) {
    TsigKey key;
    key.name = name;
    key.algorithm = algorithm;
    key.secret = crypto::SecretBytes(bytes);
    KITH_TRY_VOID(check_key(key));
    return key;
}

}  // namespace kith::auth
