#pragma once
// The words of $GENERATE (BIND's directive): a range and templates.
//
//   $GENERATE 1-100/2 host-${0,3,d} A 10.0.0.$
//
// In a template `$` is the number; `${offset,width,base}` is the number plus `offset`, with at
// least `width` digits, in base d (decimal), o, x, X, or n, N: hexadecimal digits from the lowest
// up with dots between, for reverse names (there `width` counts the dots, too). `$$` and `\$` are
// a dollar sign.

#include <cstdint>
#include <string>
#include <string_view>

#include "dns/wire_error.hpp"

namespace kith::zone {

struct GenerateRange {
    std::uint32_t start = 0;
    std::uint32_t stop = 0;  // start <= stop <= 2^31-1
    std::uint32_t step = 1;  // 1..2^31-1

    std::uint32_t count() const { return (stop - start) / step + 1; }
};

/// `start-stop` or `start-stop/step`.
dns::Text<GenerateRange> parse_generate_range(std::string_view text);

/// The template with `number` filled in; other escapes stay as they are, for the parser of names
/// and RDATA. Errors point into the template.
dns::Text<std::string> expand_generate(std::string_view text, std::uint32_t number);

}  // namespace kith::zone
