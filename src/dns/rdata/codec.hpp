#pragma once
// What a field of each kind looks like: on the wire, in presentation text, in JSON.
//
// A codec has three functions. `check` passes over the field and refuses what its RFC does not
// allow; `print` writes it as words of a master file; `parse` reads those words back. What check
// accepts print can show and parse reads back to the same bytes: rdata_text_test.cpp and the fuzz
// targets hold every codec to it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "dns/rdata.hpp"
#include "dns/rdata_table.hpp"
#include "dns/wire.hpp"

namespace kith::dns {

/// The field being read and the RDATA around it, whose earlier bytes say how to read some fields.
struct FieldInput {
    Reader& reader;  // stands at the field
    Bytes rdata;     // whole
    const Field& field;

    /// A fault at the byte `at`, an offset of `reader`.
    static std::unexpected<WireError> bad(std::uint16_t at) {
        return std::unexpected(WireError{WireFault::bad_value, at});
    }
};

/// Why a word does not fit; parse_rdata() adds which word it was.
using ParseError = std::string;
using Parsed = Result<void, ParseError>;

/// The words not used yet, and where the wire form goes. On failure `next` is the word at fault.
struct FieldOutput {
    std::span<const Token> words;
    std::size_t next = 0;
    NameView origin;
    Writer& out;
    std::size_t start;  // where RDATA begins in `out`
    const Field* field = nullptr;

    bool at_end() const { return next == words.size(); }
    /// Requires !at_end().
    std::string_view word() const { return words[next].text; }
    std::string_view key() const { return field->key; }
    /// RDATA written so far.
    Bytes rdata() const { return out.written().subspan(start); }
};

/// "expected <what>, found '<word>'", the word cut to a readable length.
ParseError expected(std::string_view what, const FieldOutput& output);
std::unexpected<ParseError> refuse(std::string_view what, const FieldOutput& output);

/// How the value stands in JSON.
enum class JsonForm : std::uint8_t {
    number,   // the bytes of the field, as a big-endian number
    decimal,  // the printed word is a number
    text,     // the printed words
    name,     // the printed name without its final dot
    bytes,    // the inside of a character-string: a string if it is UTF-8, else a Buffer object
    list,     // an array of `bytes`
    words,    // an array of the printed words
    dashed,   // as text, but "" for the word that means nothing
};

struct FieldCodec {
    Wire<void> (*check)(const FieldInput& input);
    /// Appends words separated by blanks, or nothing. Requires a field that check() has passed.
    void (*print)(const FieldInput& input, std::string& out);
    Parsed (*parse)(FieldOutput& output);
    JsonForm json = JsonForm::text;
};

const FieldCodec& codec(FieldKind kind);

// The codecs by family, one file each.
extern const FieldCodec u8_codec, u16_codec, u32_codec, u48_codec, u64_codec, ttl_codec, type_codec,
    time_codec, algorithm_codec, certificate_codec, rcode_codec, scheme_codec,
    protocol_codec;  // number.cpp
extern const FieldCodec name_codec, names_codec, string_codec, optional_string_codec, strings_codec,
    tag_codec,
    rest_string_codec;  // text.cpp
extern const FieldCodec base64_codec, base64_or_dash_codec, hex_codec, salt_codec, hash_codec,
    sized_base64_codec, nsap_codec, atm_codec;     // binary.cpp
extern const FieldCodec types_codec, ports_codec;  // bitmap.cpp
extern const FieldCodec ipv4_codec, ipv6_codec, eui48_codec, eui64_codec, locator64_codec,
    prefixes_codec;  // address.cpp
extern const FieldCodec gateway_codec, discovery_bit_codec, relay_type_codec, hip_algorithm_codec,
    hip_tag_codec, hip_key_codec;        // gateway.cpp
extern const FieldCodec location_codec;  // location.cpp
extern const FieldCodec params_codec;    // params.cpp

/// Decimal number 0..`most`, nothing else around it.
bool parse_decimal(std::string_view text, std::uint64_t most, std::uint64_t& value);
/// Decodes the escapes of `word` to `out`; false at a broken escape or when `most` is passed.
bool write_unescaped(std::string_view word, std::size_t most, Writer& out, std::size_t& size);

}  // namespace kith::dns
