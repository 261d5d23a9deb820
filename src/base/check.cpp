#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace kith {

void check_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "kith: bug: %s does not hold (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace kith
