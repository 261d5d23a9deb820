#pragma once
// SharedVector<T>: a vector whose copies share what they have in common.
//
// For values that are published whole and differ in one element from the value before: a copy costs
// a pointer for every `chunk_items` elements, and changing one element copies one chunk. Reading is
// one more load than a vector needs. As with any value, who changes a copy owns it; copies that are
// only read may be read by any thread.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace kith {

template <class T>
class SharedVector {
public:
    // 64 pointers are 512 bytes: the square root of a few thousand elements, of which there may be
    // one for each zone of a server.
    static constexpr std::size_t chunk_items = 64;

    SharedVector() = default;
    explicit SharedVector(std::vector<T> items) : size_(items.size()) {
        for (std::size_t start = 0; start < size_; start += chunk_items) {
            auto chunk = std::make_shared<Chunk>();
            const std::size_t end = std::min(start + chunk_items, size_);
            for (std::size_t i = start; i < end; ++i) chunk->push_back(std::move(items[i]));
            chunks_.push_back(std::move(chunk));
        }
    }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    /// Requires `index` < size(). Good until this very copy changes there.
    const T& operator[](std::size_t index) const {
        KITH_DCHECK(index < size_);
        return (*chunks_[index / chunk_items])[index % chunk_items];
    }
    /// Replaces an element of this copy; others keep theirs.
    void set(std::size_t index, T value) {
        KITH_DCHECK(index < size_);
        auto chunk = std::make_shared<Chunk>(*chunks_[index / chunk_items]);
        (*chunk)[index % chunk_items] = std::move(value);
        chunks_[index / chunk_items] = std::move(chunk);
    }
    void push_back(T value) {
        auto chunk = size_ % chunk_items == 0 ? std::make_shared<Chunk>()
                                              : std::make_shared<Chunk>(*chunks_.back());
        chunk->push_back(std::move(value));
        if (size_++ % chunk_items == 0) {
            chunks_.push_back(std::move(chunk));
        } else {
            chunks_.back() = std::move(chunk);
        }
    }
    /// Forgets the first elements: whole chunks, as many as fit in `count`; returns how many.
    std::size_t drop_front(std::size_t count) {
        const std::size_t chunks = std::min(count, size_) / chunk_items;
        chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(chunks));
        size_ -= chunks * chunk_items;
        return chunks * chunk_items;
    }

private:
    using Chunk = std::vector<T>;
    std::vector<std::shared_ptr<const Chunk>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace kith
