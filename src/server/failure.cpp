#include "server/failure.hpp"

namespace kith::server {

bool may_pass(store::StoreFault fault) {
    using enum store::StoreFault;
    switch (fault) {
        case cannot_open:
        case in_use:
        case locked:
        case read_only:
        case moved:
        case disk_full:
        case io: return true;
        case corrupt:
        case too_new:
        case too_large:
        case not_whole: return false;
    }
    return false;
}

Failure::Failure(const store::StoreError& error)
    : text(error.text), may_pass(server::may_pass(error.fault)) {}

}  // namespace kith::server
