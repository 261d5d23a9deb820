// Any text as RDATA of any type: one line "TYPE rdata". What is read fits its type, and its own text
// is a fixed point: text -> wire -> text -> wire.

#include <algorithm>
#include <string>

#include "dns/rdata.hpp"
#include "support.hpp"

namespace {

using kith::fuzz::must;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kith;
    using namespace kith::dns;
    if (size > 4096) return 0;
    const std::string_view text = as_text(Bytes(data, size));
    const std::size_t blank = std::min(text.find(' '), text.size());
    const auto type = parse_type(text.substr(0, blank));
    if (!type) return 0;
    const std::string_view words = text.substr(std::min(blank + 1, text.size()));
    const auto wire = rdata_from_text(*type, words);
    if (!wire) {
        must(wire.error().position <= words.size() && !wire.error().text.empty());
        return 0;
    }
    must(check_rdata(*type, RrClass::IN, *wire).has_value());
    const std::string printed = rdata_to_text(*type, RrClass::IN, *wire);
    const auto again = rdata_from_text(*type, printed);
    must(again && *again == *wire && rdata_to_text(*type, RrClass::IN, *again) == printed);
    return 0;
}
