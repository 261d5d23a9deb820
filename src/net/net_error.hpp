#pragma once
// What went wrong with a socket, in words an operator can act on.

#include <string>

#include "base/result.hpp"

namespace kith::net {

struct NetError {
    int error = 0;     // errno
    std::string text;  // what was tried, on what, what the kernel said, what to do
};

template <class T>
using Net = Result<T, NetError>;

}  // namespace kith::net
