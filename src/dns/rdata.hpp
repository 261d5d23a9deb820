#pragma once
// RDATA of every record type, out of one table (rdata_table.cpp): a row names a type and lists its
// fields, and wire checking, expansion, compression, presentation text and JSON are loops over
// those fields. A type without a row is RFC 3597 opaque.
//
// "Wire form" here means uncompressed, as a zone stores it. Everything is bounded: RDATA is at
// most 65,535 bytes, and nothing here allocates but strings and vectors of about that size.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dns/message.hpp"
#include "dns/name.hpp"
#include "dns/rr_type.hpp"
#include "dns/wire.hpp"

namespace kith::dns {

/// Checks uncompressed RDATA against its type's row. Types without a row: anything goes.
/// Offsets of errors count from the first byte of `rdata`.
Wire<void> check_rdata(RrType type, RrClass klass, Bytes rdata);

/// Writes to `out` the RDATA of a record of `message` with its compressed names expanded (only in
/// types where compression is legal on receipt, RFC 3597 §4) and checks it. Offsets of errors count
/// from the first byte of the message.
Wire<void> expand_rdata(Bytes message, const RecordView& record, Writer& out);

/// Where RDATA of `type` has names that a sender may compress: `prefix` bytes, then `names` names,
/// then the rest (RFC 3597 §4: the types of RFC 1035 only). `names` is 0 for all other types.
struct CompressibleNames {
    std::uint8_t prefix = 0;
    std::uint8_t names = 0;
};
constexpr CompressibleNames compressible_names(RrType type) {
    // By number, 0..15: NS MD MF CNAME SOA MB MG MR NULL WKS PTR HINFO MINFO MX.
    constexpr CompressibleNames layouts[] = {{0, 0}, {0, 0}, {0, 1}, {0, 1}, {0, 1}, {0, 1},
                                             {0, 2}, {0, 1}, {0, 1}, {0, 1}, {0, 0}, {0, 0},
                                             {0, 1}, {0, 0}, {0, 2}, {2, 1}};
    const auto number = static_cast<std::size_t>(type);
    return number < 16 ? layouts[number] : CompressibleNames{};
}

/// The name in RDATA for which additional-section addresses are wanted (NS, MX, SRV and others;
/// RFC 1034 §4.3.2, RFC 2782, RFC 9460 §4.2); nullopt when the type has none or the name is the
/// root. Requires checked RDATA.
std::optional<NameView> additional_target(RrType type, Bytes rdata);

/// Presentation form (RFC 1035 §5.1 and each type's RFC), one line, names with final dots;
/// `\# n hex` (RFC 3597 §5) when the type has no row or the RDATA does not fit it.
std::string rdata_to_text(RrType type, RrClass klass, Bytes rdata);

/// One word of a master file or of the config, escapes still in it.
struct Token {
    std::string_view text;  // without the quotes when quoted
    bool quoted = false;
};

/// Why a token was refused: tokens[index], or one past the last when something is missing.
struct RdataTextError {
    std::string text;
    std::size_t index = 0;
};

/// Writes to `out` the wire form of presentation-form RDATA. Names without a final dot are completed
/// with `origin`. `\# n hex` is accepted for every type and then checked against its row.
Result<void, RdataTextError> parse_rdata(RrType type, RrClass klass, std::span<const Token> tokens,
                                         NameView origin, Writer& out);

/// Splits `text` into tokens as a master file line is split (quotes, escapes, parentheses, `;`
/// comments), for RDATA given as one string. Views point into `text`.
Text<std::vector<Token>> split_tokens(std::string_view text);

/// As parse_rdata() from one string: "10 mail.example." for MX. nullopt-free convenience for
/// config, CLI and tests.
Text<std::vector<std::uint8_t>> rdata_from_text(RrType type, std::string_view text,
                                                NameView origin = {});

/// RFC 4034 §6.2: lower-cases the names that canonical form lower-cases, in place.
void canonicalize_rdata(RrType type, MutableBytes rdata);

}  // namespace kith::dns
