#pragma once
// Results: a value or the error that explains why there is none.
//
// Everything that reads bytes or text from outside returns a Result; nothing throws. The error
// type belongs to the layer (WireError, TextError, NetError ...), is small and says where.

#include <expected>
#include <utility>

namespace kith {

/// std::expected that may not be ignored.
template <class T, class E>
struct [[nodiscard]] Result : std::expected<T, E> {
    using std::expected<T, E>::expected;
};

}  // namespace kith

#define KITH_CAT2(a, b) a##b
#define KITH_CAT(a, b) KITH_CAT2(a, b)
#define KITH_TRY_AS(tmp, decl, ...)                           \
    auto tmp = (__VA_ARGS__);                                 \
    if (!tmp) return std::unexpected(std::move(tmp).error()); \
    decl = *std::move(tmp)
/// Declares `decl` from the value of the expression, or returns its error.
#define KITH_TRY(decl, ...) KITH_TRY_AS(KITH_CAT(kith_try_, __LINE__), decl, __VA_ARGS__)
/// Returns the error of a Result<void, E>, if any.
#define KITH_TRY_VOID(...)                          \
    if (auto kith_done = (__VA_ARGS__); !kith_done) \
    return std::unexpected(std::move(kith_done).error())
