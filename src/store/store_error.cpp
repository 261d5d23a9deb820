#include "store/store_error.hpp"

namespace kith::store {

std::string_view fault_name(StoreFault fault) {
    switch (fault) {
        case StoreFault::cannot_open: return "cannot_open";
        case StoreFault::in_use: return "in_use";
        case StoreFault::locked: return "locked";
        case StoreFault::read_only: return "read_only";
        case StoreFault::moved: return "moved";
        case StoreFault::disk_full: return "disk_full";
        case StoreFault::corrupt: return "corrupt";
        case StoreFault::too_new: return "too_new";
        case StoreFault::too_large: return "too_large";
        case StoreFault::not_whole: return "not_whole";
        case StoreFault::io: return "io";
    }
    return "";
}

}  // namespace kith::store
