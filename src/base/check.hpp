#pragma once
// Three kinds of check, for bugs only; input from outside is never checked with these.
//
//   KITH_CHECK(c)       always on; a broken invariant ends the process with file and line
//   KITH_DCHECK(c)      debug and fuzz builds only, for hot loops
//   KITH_LIFETIMEBOUND  marks a view that dies with the object it came from (clang warns)

namespace kith {

/// Prints the broken condition to standard error and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace kith

#define KITH_CHECK(...)                                             \
    do {                                                            \
        if (!(__VA_ARGS__)) [[unlikely]]                            \
            ::kith::check_failed(#__VA_ARGS__, __FILE__, __LINE__); \
    } while (false)

#ifdef NDEBUG
#define KITH_DCHECK(...) static_cast<void>(sizeof((__VA_ARGS__)))
#else
#define KITH_DCHECK(...) KITH_CHECK(__VA_ARGS__)
#endif

#ifdef __clang__
#define KITH_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define KITH_LIFETIMEBOUND
#endif
