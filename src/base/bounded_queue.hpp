#pragma once
// BoundedQueue<T>: values handed from many threads to one, never more than a bound, never waiting.

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace kith {

template <class T>
class BoundedQueue {
public:
    /// At most `count_max` values that together cost at most `cost_max`.
    BoundedQueue(std::size_t count_max, std::size_t cost_max)
        : count_max_(count_max), cost_max_(cost_max) {}

    enum class Put {
        first,  // the queue was empty: wake the taker
        more,
        full,  // not put
    };
    /// Any thread. `value` is untouched when the queue is full.
    Put put(T&& value, std::size_t cost) {
        const std::lock_guard lock(mutex_);
        if (values_.size() >= count_max_ || cost > cost_max_ - cost_) return Put::full;
        cost_ += cost;
        values_.push_back(std::move(value));
        return values_.size() == 1 ? Put::first : Put::more;
    }

    /// All that is there, in order.
    std::vector<T> take() {
        const std::lock_guard lock(mutex_);
        cost_ = 0;
        return std::exchange(values_, {});
    }

private:
    const std::size_t count_max_;
    const std::size_t cost_max_;
    std::mutex mutex_;
    std::vector<T> values_;
    std::size_t cost_ = 0;
};

}  // namespace kith
