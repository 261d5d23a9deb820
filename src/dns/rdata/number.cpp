// Numbers of fixed width, with the kinds whose words are not plain decimals.

#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "dns/rdata/codec.hpp"
#include "dns/registry.hpp"

namespace kith::dns {
namespace {

std::uint64_t load_number(Bytes bytes) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
}

template <std::size_t width>
constexpr std::uint64_t most_of =
    width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * width % 64)) - 1;

template <std::size_t width>
Wire<void> check_number(const FieldInput& input) {
    const std::uint16_t at = input.reader.offset();
    KITH_TRY(const Bytes bytes, input.reader.take(width));
    const std::uint64_t value = load_number(bytes);
    if (width <= 4 && (value < input.field.least || value > input.field.most))
        return FieldInput::bad(at);
    return {};
}

/// Requires a checked field.
template <std::size_t width>
std::uint64_t read_number(const FieldInput& input) {
    const auto bytes = input.reader.take(width);
    return bytes ? load_number(*bytes) : 0;
}

template <std::size_t width>
void write_number(Writer& out, std::uint64_t value) {
    for (std::size_t i = width; i-- > 0;) out.u8(static_cast<std::uint8_t>(value >> (8 * i)));
}

void append_decimal(std::string& out, std::uint64_t value) {
    fmt::format_to(std::back_inserter(out), "{}", value);
}

template <std::size_t width>
void print_number(const FieldInput& input, std::string& out) {
    append_decimal(out, read_number<width>(input));
}

template <std::size_t width>
Parsed parse_number(FieldOutput& output) {
    const std::uint64_t least = width <= 4 ? output.field->least : 0;
    const std::uint64_t most =
        width <= 4 ? std::min<std::uint64_t>(most_of<width>, output.field->most) : most_of<width>;
    std::uint64_t value = 0;
    if (output.at_end() || !parse_decimal(output.word(), most, value) || value < least) {
        return refuse(fmt::format("a number {}..{}", least, most), output);
    }
    ++output.next;
    write_number<width>(output.out, value);
    return {};
}

// Small registries whose words may be mnemonics; Print says which form is written.

struct Mnemonic {
    std::uint16_t value;
    std::string_view word;
};

constexpr Mnemonic algorithms[] = {
    {1, "RSAMD5"},
    {2, "DH"},
    {3, "DSA"},
    {5, "RSASHA1"},
    {6, "DSA-NSEC3-SHA1"},
    {7, "RSASHA1-NSEC3-SHA1"},
    {8, "RSASHA256"},
    {10, "RSASHA512"},
    {12, "ECC-GOST"},
    {13, "ECDSAP256SHA256"},
    {14, "ECDSAP384SHA384"},
    {15, "ED25519"},
    {16, "ED448"},
    {252, "INDIRECT"},
    {253, "PRIVATEDNS"},
    {254, "PRIVATEOID"},
};
constexpr Mnemonic certificates[] = {
    {1, "PKIX"}, {2, "SPKI"},   {3, "PGP"},     {4, "IPKIX"}, {5, "ISPKI"},
    {6, "IPGP"}, {7, "ACPKIX"}, {8, "IACPKIX"}, {253, "URI"}, {254, "OID"},
};
constexpr Mnemonic schemes[] = {{1, "NOTIFY"}};
constexpr Mnemonic protocols[] = {{1, "ICMP"}, {6, "TCP"}, {17, "UDP"}};

template <std::size_t width, auto& table>
Parsed parse_mnemonic(FieldOutput& output) {
    const auto* row = std::end(table);
    if (!output.at_end()) {
        row = std::ranges::find_if(
            table, [&](const Mnemonic& m) { return equal_ignoring_case(m.word, output.word()); });
    }
    if (row == std::end(table)) return parse_number<width>(output);
    ++output.next;
    write_number<width>(output.out, row->value);
    return {};
}

template <std::size_t width, auto& table>
void print_mnemonic(const FieldInput& input, std::string& out) {
    const std::uint64_t value = read_number<width>(input);
    const auto* const row = std::ranges::find(table, value, &Mnemonic::value);
    if (row == std::end(table)) return append_decimal(out, value);
    out += row->word;
}

void print_type(const FieldInput& input, std::string& out) {
    out += type_name(static_cast<RrType>(read_number<2>(input)));
}

Parsed parse_type_word(FieldOutput& output) {
    std::optional<RrType> type;
    if (!output.at_end()) type = parse_type(output.word());
    if (!type) return refuse("a record type", output);
    ++output.next;
    output.out.u16(static_cast<std::uint16_t>(*type));
    return {};
}

void print_rcode(const FieldInput& input, std::string& out) {
    // The registry's mnemonics are those of the DNS header; BADSIG shares 16 with BADVERS (RFC 8945 §3).
    const std::uint64_t value = read_number<2>(input);
    if (value == 16) {
        out += "BADSIG";
    } else if (value > 4095) {
        append_decimal(out, value);
    } else {
        out += rcode_name(static_cast<Rcode>(value));
    }
}

Parsed parse_rcode_word(FieldOutput& output) {
    if (output.at_end()) return refuse("an error code", output);
    if (equal_ignoring_case(output.word(), "BADSIG")) {
        ++output.next;
        output.out.u16(16);
        return {};
    }
    const auto rcode = parse_rcode(output.word());
    if (!rcode) return parse_number<2>(output);
    ++output.next;
    output.out.u16(static_cast<std::uint16_t>(*rcode));
    return {};
}

// 1h30m: any number of decimal numbers with a unit, the last may lack it.
std::optional<std::uint32_t> parse_ttl(std::string_view text) {
    std::uint64_t total = 0;
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        std::uint64_t value = 0;
        if (!parse_decimal(text.substr(0, digits), 0xffffffffU, value)) return std::nullopt;
        std::uint64_t unit = 1;
        if (digits < text.size()) {
            constexpr std::string_view units = "smhdw";
            constexpr std::uint64_t seconds[] = {1, 60, 3600, 86400, 604800};
            const std::size_t which =
                units.find(static_cast<char>(lower(static_cast<std::uint8_t>(text[digits]))));
            if (which == std::string_view::npos) return std::nullopt;
            unit = seconds[which];
        }
        total += value * unit;
        if (total > 0xffffffffU) return std::nullopt;
        text.remove_prefix(std::min(digits + 1, text.size()));
    }
    return static_cast<std::uint32_t>(total);
}

Parsed parse_ttl_word(FieldOutput& output) {
    std::optional<std::uint32_t> value;
    if (!output.at_end()) value = parse_ttl(output.word());
    if (!value) return refuse("seconds or a time such as 1h30m, up to 4294967295 s", output);
    ++output.next;
    output.out.u32(*value);
    return {};
}

// Civil dates by day number, proleptic Gregorian; `day` 0 is 1970-01-01.

struct Date {
    std::int64_t year;
    unsigned month, day;
};

Date date_of(std::int64_t day) {
    // Years counted from March, so that the leap day is the last of its year; eras of 400 years.
    day += 719468;
    const std::int64_t era = day / 146097;
    const auto of_era = static_cast<unsigned>(day - era * 146097);
    const unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    const unsigned month = (5 * of_year + 2) / 153;
    return {year + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9,
            of_year - (153 * month + 2) / 5 + 1};
}

std::int64_t day_of(const Date& date) {
    const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
    const std::int64_t era = year / 400;
    const auto of_era = static_cast<unsigned>(year - era * 400);
    const unsigned of_year =
        (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
    return era * 146097 + (of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

void print_time(const FieldInput& input, std::string& out) {
    const std::uint64_t time = read_number<4>(input);
    const Date date = date_of(static_cast<std::int64_t>(time / 86400));
    const std::uint64_t second = time % 86400;
    fmt::format_to(std::back_inserter(out), "{:04}{:02}{:02}{:02}{:02}{:02}", date.year, date.month,
                   date.day, second / 3600, second / 60 % 60, second % 60);
}

std::optional<std::uint32_t> parse_date(std::string_view text) {
    std::uint64_t value = 0;
    if (text.size() != 14 || !parse_decimal(text, ~std::uint64_t{0}, value)) return std::nullopt;
    const std::uint64_t clock = value % 1000000;
    const std::uint64_t hour = clock / 10000, minute = clock / 100 % 100, second = clock % 100;
    value /= 1000000;
    const Date date{static_cast<std::int64_t>(value / 10000),
                    static_cast<unsigned>(value / 100 % 100), static_cast<unsigned>(value % 100)};
    if (date.year < 1970 || date.month < 1 || date.month > 12 || date.day < 1) return std::nullopt;
    if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const std::int64_t day = day_of(date);
    const Date back = date_of(day);  // differs for the 31st of a month that has none
    if (back.month != date.month || back.day != date.day) return std::nullopt;
    // The field is the time modulo 2^32 (RFC 4034 §3.1.5).
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(day) * 86400 + hour * 3600 +
                                      minute * 60 + second);
}

Parsed parse_time_word(FieldOutput& output) {
    std::optional<std::uint32_t> time;
    std::uint64_t seconds = 0;
    if (!output.at_end()) {
        time = parse_date(output.word());
        if (!time && output.word().size() < 14 &&
            parse_decimal(output.word(), 0xffffffffU, seconds)) {
            time = static_cast<std::uint32_t>(seconds);
        }
    }
    if (!time) return refuse("a time as YYYYMMDDHHmmSS or in seconds since 1970", output);
    ++output.next;
    output.out.u32(*time);
    return {};
}

}  // namespace

const FieldCodec u8_codec{check_number<1>, print_number<1>, parse_number<1>, JsonForm::number};
const FieldCodec u16_codec{check_number<2>, print_number<2>, parse_number<2>, JsonForm::number};
const FieldCodec u32_codec{check_number<4>, print_number<4>, parse_number<4>, JsonForm::number};
const FieldCodec u48_codec{check_number<6>, print_number<6>, parse_number<6>, JsonForm::number};
// As text in JSON, whose numbers many readers keep as doubles.
const FieldCodec u64_codec{check_number<8>, print_number<8>, parse_number<8>, JsonForm::text};
const FieldCodec ttl_codec{check_number<4>, print_number<4>, parse_ttl_word, JsonForm::number};
const FieldCodec type_codec{check_number<2>, print_type, parse_type_word, JsonForm::text};
const FieldCodec time_codec{check_number<4>, print_time, parse_time_word, JsonForm::number};
const FieldCodec algorithm_codec{check_number<1>, print_number<1>, parse_mnemonic<1, algorithms>,
                                 JsonForm::number};
const FieldCodec certificate_codec{check_number<2>, print_mnemonic<2, certificates>,
                                   parse_mnemonic<2, certificates>, JsonForm::text};
const FieldCodec rcode_codec{check_number<2>, print_rcode, parse_rcode_word, JsonForm::text};
const FieldCodec scheme_codec{check_number<1>, print_mnemonic<1, schemes>,
                              parse_mnemonic<1, schemes>, JsonForm::text};
const FieldCodec protocol_codec{check_number<1>, print_number<1>, parse_mnemonic<1, protocols>,
                                JsonForm::number};

}  // namespace kith::dns
