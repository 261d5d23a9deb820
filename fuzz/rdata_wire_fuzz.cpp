// Any bytes as RDATA of any type: two bytes of type, then RDATA. What check_rdata() accepts is the
// same after wire -> text -> wire and wire -> JSON -> wire; canonical form is a fixed point.

#include <algorithm>
#include <string>
#include <vector>

#include "dns/json.hpp"
#include "dns/rdata.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using namespace kith::dns;

using fuzz::must;

void check_text(RrType type, Bytes rdata) {
    const auto back = rdata_from_text(type, rdata_to_text(type, RrClass::IN, rdata));
    must(back && std::ranges::equal(*back, rdata));
}

void check_json(RrType type, Bytes rdata) {
    const auto back = record_from_json(to_json(NameView(), type, RrClass::IN, 1, rdata));
    must(back && back->type == type && std::ranges::equal(back->rdata, rdata));
}

void check_canonical(RrType type, Bytes rdata) {
    std::vector<std::uint8_t> once(rdata.begin(), rdata.end());
    canonicalize_rdata(type, once);
    std::vector<std::uint8_t> twice = once;
    canonicalize_rdata(type, twice);
    must(once == twice && check_rdata(type, RrClass::IN, once).has_value());
    const auto target = additional_target(type, rdata);
    must(!target || !target->is_root());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 4096) return 0;
    // Most types have small numbers: fold the rest, so that mutations find them.
    const unsigned number = load_u16(data) < 32000 ? load_u16(data) % 270 : load_u16(data);
    const auto type = static_cast<RrType>(number);
    const Bytes rdata = Bytes(data, size).subspan(2);
    const auto fits = check_rdata(type, RrClass::IN, rdata);
    if (!fits) {
        must(fits.error().offset <= rdata.size());
        must(rdata_to_text(type, RrClass::IN, rdata).starts_with("\\#"));
        must(!to_json(NameView(), type, RrClass::IN, 1, rdata).empty());
        return 0;
    }
    check_text(type, rdata);
    if (type != RrType::OPT) check_json(type, rdata);
    check_canonical(type, rdata);
    return 0;
}
