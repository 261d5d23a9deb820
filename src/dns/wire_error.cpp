#include "dns/wire_error.hpp"

#include <fmt/format.h>

namespace kith::dns {

std::string_view fault_name(WireFault fault) {
    switch (fault) {
        case WireFault::truncated: return "truncated";
        case WireFault::bad_label_type: return "bad_label_type";
        case WireFault::pointer_forward: return "pointer_forward";
        case WireFault::pointer_refused: return "pointer_refused";
        case WireFault::too_many_pointers: return "too_many_pointers";
        case WireFault::name_too_long: return "name_too_long";
        case WireFault::trailing_bytes: return "trailing_bytes";
        case WireFault::opt_owner: return "opt_owner";
        case WireFault::opt_twice: return "opt_twice";
        case WireFault::opt_section: return "opt_section";
        case WireFault::too_many_options: return "too_many_options";
        case WireFault::bad_value: return "bad_value";
        case WireFault::too_large: return "too_large";
    }
    return "unknown";
}

std::string WireError::to_text() const {
    return fmt::format("{} at byte {}", fault_name(fault), offset);
}

}  // namespace kith::dns
