#include "zone/zone_file.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dns/rdata.hpp"
#include "zone/scanner.hpp"
#include "zone/zone_file_address.hpp"
#include "zone/zone_file_generate.hpp"
#include "zone/zone_file_owner.hpp"

namespace kith::zone {
namespace {

using dns::RrClass;
using dns::RrType;
using dns::Token;
using Tokens = std::span<const Token>;

/// What stands between an entry's owner and its RDATA.
struct RecordHead {
    std::optional<std::uint32_t> ttl;
    RrType type{};
    std::size_t rdata = 0;  // index of the first token after it
};

/// Begins with a digit and is no address.
bool looks_like_ttl(std::string_view word) {
    return word.front() >= '0' && word.front() <= '9' &&
           word.find_first_of(".:") == std::string_view::npos;
}

class FileReader {
public:
    FileReader(const ZoneFileOptions& options, const IncludeReader& include, const RecordSink& sink,
               ProblemList& problems)
        : options_(options),
          include_(include),
          sink_(sink),
          problems_(problems),
          file_(options.file),
          origin_(options.origin),
          default_ttl_(options.default_ttl),
          rdata_(dns::rdata_bytes_max) {}

    void read(std::string_view text);

private:
    // Each reports what is wrong with the entry and leaves the rest of the file to others.
    void read_entry(const Entry& entry);
    void read_faulty_entry(const Entry& entry);
    void read_owner(const Entry& entry);
    void read_record(const Entry& entry, std::size_t first);
    std::optional<RecordHead> read_head(const Entry& entry, std::size_t first);
    bool read_head_word(const Entry& entry, std::size_t index, RecordHead& head, bool& has_class);
    void report_no_type(const Entry& entry, std::size_t index);
    void emit_address_line(const AddressLine& line, std::uint32_t at_line);

    void read_directive(const Entry& entry);
    void read_origin(const Entry& entry);
    void read_default_ttl(const Entry& entry);
    void read_include(const Entry& entry);
    void include(const Entry& entry, const dns::Name& origin);
    void read_included(IncludedFile included, const dns::Name& origin);
    void read_generate(const Entry& entry);
    bool generate_one(const Entry& entry, const RecordHead& head, std::string_view rdata_template,
                      std::uint32_t number);
    bool report_generated(const Entry& entry, std::size_t token, std::uint32_t number,
                          std::string_view why);

    bool has_tokens(const Entry& entry, std::size_t least, std::size_t most, std::string_view form);
    std::optional<dns::Name> read_name(const Entry& entry, std::size_t index);

    std::optional<std::uint32_t> ttl_of(std::uint32_t line, const RecordHead& head, Bytes rdata);
    void emit(dns::NameView owner, RrType type, std::uint32_t ttl, Bytes rdata, std::uint32_t line);
    void report(Place place, std::string text, Severity severity = Severity::error);

    const ZoneFileOptions& options_;
    const IncludeReader& include_;
    const RecordSink& sink_;
    ProblemList& problems_;

    // What an entry inherits from those before it. $INCLUDE restores all of it (dialect: D7).
    std::string file_;
    dns::Name origin_;
    Owner owner_;
    std::optional<std::uint32_t> default_ttl_;  // $TTL
    std::optional<std::uint32_t> last_ttl_;     // RFC 1035 §5.1: last stated

    std::vector<std::string> open_files_;
    std::size_t included_bytes_ = 0;
    int includes_ = 0;
    std::uint32_t generated_ = 0;
    bool ttl_warned_ = false;
    bool stopped_ = false;
    std::vector<std::uint8_t> rdata_;
};

void FileReader::read(std::string_view text) {
    open_files_.push_back(file_);
    Scanner scanner(text);
    Entry entry;
    AddressLine line;
    // Above the last line feed the short way needs no check for the end of the text.
    const std::size_t last_feed =
        options_.address_lines == AddressLines::fast ? text.rfind('\n') : std::string_view::npos;
    const char* const fast_end =
        last_feed == std::string_view::npos ? text.data() : text.data() + last_feed + 1;
    while (!scanner.at_end() && !stopped_) {
        if (scanner.at() < fast_end &&
            read_address_line(scanner.at(), scanner.end(), origin_, owner_, line)) {
            const std::uint32_t at_line = scanner.line();
            scanner.skip_line_to(line.next);
            emit_address_line(line, at_line);
            continue;
        }
        scanner.next(entry);
        read_entry(entry);
    }
    open_files_.pop_back();
}

void FileReader::emit_address_line(const AddressLine& line, std::uint32_t at_line) {
    std::uint32_t ttl = 0;
    if (line.ttl) {
        ttl = *(last_ttl_ = line.ttl);
    } else if (default_ttl_) {
        ttl = *default_ttl_;
    } else {
        const auto found = ttl_of(at_line, {.ttl = {}, .type = line.type}, line.rdata());
        if (!found) return;  // reported
        ttl = *found;
    }
    emit(owner_.view(), line.type, ttl, line.rdata(), at_line);
}

void FileReader::read_entry(const Entry& entry) {
    if (entry.fault) return read_faulty_entry(entry);
    if (entry.tokens.empty()) return;
    const Token& first = entry.tokens.front();
    const bool dollar = !first.quoted && first.text.starts_with('$');
    if (dollar && !entry.blank_first) return read_directive(entry);
    if (dollar) {
        return report(
            entry.place_of_token(0),
            fmt::format("expected a record, found {} after a blank: a directive begins its line",
                        quote(first.text)));
    }
    if (!entry.blank_first) {
        read_owner(entry);
    } else if (owner_.state() == OwnerState::none) {
        report(entry.place_of_token(0),
               "expected an owner name: there is no record before this to take it from");
        owner_.set_broken();
    }
    read_record(entry, entry.blank_first ? 0 : 1);
}

void FileReader::read_faulty_entry(const Entry& entry) {
    report(entry.fault->place, std::string(entry.fault->text));
    if (entry.blank_first) return;
    if (entry.tokens.empty()) {
        owner_.set_broken();
    } else if (entry.tokens[0].quoted || !entry.tokens[0].text.starts_with('$')) {
        // The lines below without an owner are this name's, whatever was wrong with its record.
        const auto name = dns::Name::from_text(entry.tokens[0].text, origin_);
        name ? owner_.set(*name) : owner_.set_broken();
    }
}

void FileReader::read_owner(const Entry& entry) {
    if (const auto name = read_name(entry, 0)) {
        owner_.set(*name);
    } else {
        owner_.set_broken();
    }
}

void FileReader::read_record(const Entry& entry, std::size_t first) {
    const auto head = read_head(entry, first);
    if (!head) return;
    const bool quotes_values = head->type == RrType::SVCB || head->type == RrType::HTTPS;
    if (entry.inner_quote != nullptr && !quotes_values) {
        return report(entry.place(entry.inner_quote),
                      "expected a blank before '\"', or the whole word in quotes");
    }
    dns::Writer out(rdata_);
    const Tokens words = Tokens(entry.tokens).subspan(head->rdata);
    if (const auto parsed = dns::parse_rdata(head->type, options_.klass, words, origin_, out);
        !parsed) {
        return report(entry.place_of_token(head->rdata + parsed.error().index),
                      fmt::format("{}: {}", dns::type_name(head->type), parsed.error().text));
    }
    const auto ttl = ttl_of(entry.line, *head, out.written());
    if (!ttl || owner_.state() != OwnerState::known) return;  // reported
    emit(owner_.view(), head->type, *ttl, out.written(), entry.line);
}

std::optional<RecordHead> FileReader::read_head(const Entry& entry, std::size_t first) {
    RecordHead head;
    bool has_class = false;
    for (std::size_t i = first; i < entry.tokens.size(); ++i) {
        if (read_head_word(entry, i, head, has_class)) continue;
        const Token& word = entry.tokens[i];
        const auto type = word.quoted ? std::nullopt : dns::parse_type(word.text);
        if (!type) {
            report_no_type(entry, i);
            return std::nullopt;
        }
        if (dns::is_meta_type(*type)) {
            report(entry.place_of_token(i),
                   fmt::format(
                       "expected a record type, found {}, which only queries and messages have",
                       dns::type_name(*type)));
            return std::nullopt;
        }
        head.type = *type;
        head.rdata = i + 1;
        return head;
    }
    report(entry.place_of_token(entry.tokens.size()),
           "expected a record type, found the end of the line");
    return std::nullopt;
}

/// True when word `index` is a TTL or a class, whether or not a good one.
bool FileReader::read_head_word(const Entry& entry, std::size_t index, RecordHead& head,
                                bool& has_class) {
    const Token& word = entry.tokens[index];
    if (word.quoted || word.text.empty()) return false;
    if (looks_like_ttl(word.text) && !head.ttl) {
        head.ttl = parse_ttl(word.text);
        if (!head.ttl) {
            report(entry.place_of_token(index),
                   fmt::format("expected a TTL of 0..2147483647 seconds (or as 1h30m), found {}",
                               quote(word.text)));
            head.ttl = 0;
        }
        last_ttl_ = head.ttl;
        return true;
    }
    if (has_class) return false;
    const auto klass = dns::parse_class(word.text);
    if (!klass || *klass == RrClass::ANY) return false;
    has_class = true;
    if (*klass != options_.klass) {
        report(entry.place_of_token(index),
               fmt::format("expected class {}, that of the zone, found {}",
                           dns::class_name(options_.klass), dns::class_name(*klass)));
    }
    return true;
}

void FileReader::report_no_type(const Entry& entry, std::size_t index) {
    const std::string_view word = entry.tokens[index].text;
    std::string hint;
    // "MX 10 mail" at the start of a line: the type was read as an owner.
    const std::string_view first = entry.tokens.front().text;
    const bool not_just_a_letter = first.size() > 1 || first == "A";
    if (!entry.blank_first && not_just_a_letter && dns::parse_type(first)) {
        hint = fmt::format(
            " ({} was read as the owner; a record of the owner above begins with a blank)",
            quote(first));
    }
    report(entry.place_of_token(index),
           fmt::format("expected a record type, found {}{}", quote(word), hint));
}

void FileReader::read_directive(const Entry& entry) {
    const std::string_view word = entry.tokens.front().text;
    const auto is = [&](std::string_view directive) {
        return dns::equal_ignoring_case(word, directive);
    };
    if (is("$ORIGIN")) return read_origin(entry);
    if (is("$TTL")) return read_default_ttl(entry);
    if (is("$INCLUDE")) return read_include(entry);
    if (is("$GENERATE")) return read_generate(entry);
    report(
        entry.place_of_token(0),
        fmt::format(
            "expected $ORIGIN, $TTL, $INCLUDE or $GENERATE, found {} (an owner that begins with a dollar sign is written \\$)",
            quote(word)));
}

bool FileReader::has_tokens(const Entry& entry, std::size_t least, std::size_t most,
                            std::string_view form) {
    const std::size_t count = entry.tokens.size();
    if (count >= least && count <= most) return true;
    report(entry.place_of_token(count < least ? count : most),
           count < least ? fmt::format("expected {}, found the end of the line", form)
                         : fmt::format("expected {} and no more, found {}", form,
                                       quote(entry.tokens[most].text)));
    return false;
}

std::optional<dns::Name> FileReader::read_name(const Entry& entry, std::size_t index) {
    const Token& word = entry.tokens[index];
    const auto name = dns::Name::from_text(word.text, origin_);
    if (name) return *name;
    Place place = entry.place(word.text.data());
    place.column += static_cast<std::uint32_t>(std::min(name.error().position, word.text.size()));
    report(place, name.error().text);
    return std::nullopt;
}

void FileReader::read_origin(const Entry& entry) {
    if (!has_tokens(entry, 2, 2, "$ORIGIN name")) return;
    if (const auto name = read_name(entry, 1)) origin_ = *name;
}

void FileReader::read_default_ttl(const Entry& entry) {
    if (!has_tokens(entry, 2, 2, "$TTL ttl")) return;
    default_ttl_ = parse_ttl(entry.tokens[1].text);
    if (default_ttl_) return;
    report(entry.place_of_token(1),
           fmt::format("expected a TTL of 0..2147483647 seconds (or as 1h30m), found {}",
                       quote(entry.tokens[1].text)));
    default_ttl_ = 0;  // the file is refused; without one every record below would be reported
}

void FileReader::read_include(const Entry& entry) {
    if (!has_tokens(entry, 2, 3, "$INCLUDE file [origin]")) return;
    if (entry.tokens.size() == 2) return include(entry, origin_);
    if (const auto origin = read_name(entry, 2)) include(entry, *origin);
}

void FileReader::include(const Entry& entry, const dns::Name& origin) {
    const Place place = entry.place_of_token(1);
    const std::string_view path = entry.tokens[1].text;
    if (!include_)
        return report(place, "$INCLUDE is not possible here: there are no files to read");
    if (open_files_.size() > include_depth_max || ++includes_ > includes_max) {
        return report(place,
                      fmt::format("expected at most {} files inside each other and {} in all",
                                  include_depth_max, includes_max));
    }
    auto included = include_(path, file_);
    if (!included) return report(place, fmt::format("{}: {}", quote(path), included.error()));
    if (std::ranges::find(open_files_, included->name) != open_files_.end()) {
        return report(
            place,
            fmt::format("{} is being read already: it would include itself forever", quote(path)));
    }
    included_bytes_ += included->text.size();
    if (included_bytes_ > include_bytes_max) {
        return report(place, fmt::format("expected at most {} MiB of included text",
                                         include_bytes_max >> 20));
    }
    read_included(*std::move(included), origin);
}

void FileReader::read_included(IncludedFile included, const dns::Name& origin) {
    const std::string outer_file = std::exchange(file_, std::move(included.name));
    const dns::Name outer_origin = std::exchange(origin_, origin);
    const Owner outer_owner = owner_;
    const auto outer_default_ttl = default_ttl_;
    const auto outer_last_ttl = last_ttl_;
    read(included.text);
    file_ = outer_file;
    origin_ = outer_origin;
    owner_ = outer_owner;
    default_ttl_ = outer_default_ttl;
    last_ttl_ = outer_last_ttl;
}

void FileReader::read_generate(const Entry& entry) {
    if (entry.tokens.size() < 3) {
        has_tokens(entry, 3, 3, "$GENERATE range owner [ttl] [class] type rdata");
        return;
    }
    const Token& range_word = entry.tokens[1];
    const auto range = parse_generate_range(range_word.text);
    if (!range) {
        Place place = entry.place(range_word.text.data());
        place.column += static_cast<std::uint32_t>(range.error().position);
        return report(place, range.error().text);
    }
    const auto head = read_head(entry, 3);
    if (!head) return;
    if (head->type == RrType::SOA)
        return report(entry.place_of_token(head->rdata - 1),
                      "expected a type other than SOA: a zone has one");
    // One quoted word is the text of the RDATA, as BIND has it; several are its words (dialect: D11).
    const Tokens words = Tokens(entry.tokens).subspan(head->rdata);
    std::string rdata;
    for (const Token& word : words) {
        if (!rdata.empty()) rdata += ' ';
        rdata += word.quoted && words.size() > 1 ? fmt::format("\"{}\"", word.text)
                                                 : std::string(word.text);
    }
    for (std::uint64_t number = range->start; number <= range->stop; number += range->step) {
        if (!generate_one(entry, *head, rdata, static_cast<std::uint32_t>(number)) || stopped_)
            return;
    }
}

/// False: reported; the numbers after this one would only repeat it.
bool FileReader::generate_one(const Entry& entry, const RecordHead& head,
                              std::string_view rdata_template, std::uint32_t number) {
    const std::size_t rdata_word = std::min(head.rdata, entry.tokens.size() - 1);
    if (++generated_ > generate_records_max) {
        return report_generated(
            entry, 1, number,
            fmt::format("expected at most {} generated records in all", generate_records_max));
    }
    const auto owner_text = expand_generate(entry.tokens[2].text, number);
    if (!owner_text) return report_generated(entry, 2, number, owner_text.error().text);
    const auto owner = dns::Name::from_text(*owner_text, origin_);
    if (!owner) return report_generated(entry, 2, number, owner.error().text);
    owner_.set(*owner);
    const auto rdata_text = expand_generate(rdata_template, number);
    if (!rdata_text) return report_generated(entry, rdata_word, number, rdata_text.error().text);
    const auto words = dns::split_tokens(*rdata_text);
    if (!words) return report_generated(entry, rdata_word, number, words.error().text);
    dns::Writer out(rdata_);
    const auto parsed = dns::parse_rdata(head.type, options_.klass, *words, origin_, out);
    if (!parsed) return report_generated(entry, rdata_word, number, parsed.error().text);
    const auto ttl = ttl_of(entry.line, head, out.written());
    if (!ttl) return false;
    emit(owner_.view(), head.type, *ttl, out.written(), entry.line);
    return true;
}

bool FileReader::report_generated(const Entry& entry, std::size_t token, std::uint32_t number,
                                  std::string_view why) {
    report(entry.place_of_token(token), fmt::format("with $ = {}: {}", number, why));
    return false;
}

/// The TTL a record gets; nullopt: reported that there is none.
std::optional<std::uint32_t> FileReader::ttl_of(std::uint32_t line, const RecordHead& head,
                                                Bytes rdata) {
    if (head.ttl) return head.ttl;
    // RFC 2308 §4: a signature without a TTL has that of what it signs. Its Original TTL field.
    if (head.type == RrType::RRSIG && rdata.size() >= 8)
        return load_u32(rdata.data() + 4) & ttl_seconds_max;
    if (default_ttl_) return default_ttl_;
    const Place place{line, 0};
    if (last_ttl_) {
        if (!std::exchange(ttl_warned_, true)) {
            report(place, "there is no $TTL: records without a TTL take that of the record before",
                   Severity::warning);
        }
        return last_ttl_;
    }
    if (head.type == RrType::SOA && rdata.size() >= 4) {
        default_ttl_ = load_u32(rdata.data() + rdata.size() - 4) & ttl_seconds_max;
        report(place,
               fmt::format("there is no $TTL: the SOA's last number, {}, is taken for it",
                           *default_ttl_),
               Severity::warning);
        return default_ttl_;
    }
    report(place, "expected a TTL, here or in a $TTL directive above");
    last_ttl_ = 0;  // once is enough
    ttl_warned_ = true;
    return std::nullopt;
}

void FileReader::emit(dns::NameView owner, RrType type, std::uint32_t ttl, Bytes rdata,
                      std::uint32_t line) {
    const FileRecord record{owner, type, ttl, rdata, file_, line};
    if (sink_(record) == Reading::stop) stopped_ = true;
}

void FileReader::report(Place place, std::string text, Severity severity) {
    if (!problems_.kept().empty()) {
        // Damage inside an unclosed parenthesis is met again when its lines are read on their own.
        const Problem& last = problems_.kept().back();
        if (last.line == place.line && last.column == place.column && last.text == text &&
            last.file == file_)
            return;
    }
    problems_.add({file_, place.line, place.column, std::move(text), severity});
}

}  // namespace

void read_zone_file(std::string_view text, const ZoneFileOptions& options,
                    const IncludeReader& include, const RecordSink& sink, ProblemList& problems) {
    FileReader(options, include, sink, problems).read(text);
}

}  // namespace kith::zone
