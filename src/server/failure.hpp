#pragma once
// Failure: why something could not be done, and whether it is worth another try as it is.

#include <string>

#include "store/store_error.hpp"

namespace kith::server {

struct Failure {
    std::string text;       // for a person
    bool may_pass = false;  // a disk that is full, a database that another program holds

    /// What a person wrote, or what is there, is wrong.
    Failure(std::string why) : text(std::move(why)) {}  // NOLINT: an error becomes one by itself
    Failure(const store::StoreError& error);
    /// For callers to whom all failures are alike.
    operator std::string() const { return text; }
};

/// Whether the same call of the store may do later.
bool may_pass(store::StoreFault fault);

}  // namespace kith::server
