#pragma once
// std::stable_sort, without the temporary buffer of libstdc++ that C++23 deprecates and clang
// therefore refuses to compile.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace kith::zone {

/// Sorts fewer than 2^32 `items` by `less`; those that are equal stay in their order.
template <class T, class Less>
void stable_sort(std::span<T> items, Less less) {
    struct Numbered {
        T item;
        std::uint32_t number;
    };
    std::vector<Numbered> numbered;
    numbered.reserve(items.size());
    for (T& item : items) {
        numbered.push_back({std::move(item), static_cast<std::uint32_t>(numbered.size())});
    }
    std::ranges::sort(numbered, [&](const Numbered& a, const Numbered& b) {
        if (less(a.item, b.item)) return true;
        return !less(b.item, a.item) && a.number < b.number;
    });
    for (std::size_t i = 0; i < items.size(); ++i) items[i] = std::move(numbered[i].item);
}

}  // namespace kith::zone
