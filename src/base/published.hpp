#pragma once
// Published<T>: an immutable value that one thread replaces and every worker reads.
//
// The writer (the control thread) builds a whole new value and publishes it; readers see it from
// their next refresh(), which they call once per receive batch, never inside a query. Replaced
// values are destroyed on the writer's thread, by publish() or collect(): freeing a large zone
// must not stall a worker.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace kith {

template <class T>
class Published {
public:
    using Value = std::shared_ptr<const T>;
    explicit Published(Value first) : current_(std::move(first)) {}

    /// Readers see `next` from their next refresh() on. Writer's thread only.
    void publish(Value next) {
        {
            const std::lock_guard lock(mutex_);
            retired_.push_back(std::exchange(current_, std::move(next)));
            generation_.fetch_add(1, std::memory_order_release);
        }
        collect();
    }

    /// Destroys replaced values that no reader holds any more; returns how many are still held.
    /// Writer's thread only.
    std::size_t collect() {
        std::vector<Value> dead;  // declared before the lock, so destroyed after it
        const std::lock_guard lock(mutex_);
        std::erase_if(retired_, [&dead](Value& value) {
            if (value.use_count() > 1) return false;
            dead.push_back(std::move(value));
            return true;
        });
        return retired_.size();
    }

    /// The value now, for the writer and for tests.
    Value current() const {
        const std::lock_guard lock(mutex_);
        return current_;
    }

    /// One per thread; must not outlive its Published.
    class Reader {
    public:
        explicit Reader(const Published& source) : source_(&source) { refresh(); }
        /// The value now: one acquire load unless it changed. The reference holds until the next
        /// refresh().
        const T& refresh() {
            if (source_->generation_.load(std::memory_order_acquire) != seen_) {
                Value next;
                {
                    const std::lock_guard lock(source_->mutex_);
                    next = source_->current_;
                    seen_ = source_->generation_.load(std::memory_order_relaxed);
                    held_.swap(next);
                    // Released under the lock: collect() then either sees it held or finds it
                    // alone in `retired_`, so the writer is always the one to destroy it.
                    next.reset();
                }
            }
            return *held_;
        }

    private:
        const Published* source_;
        Value held_;
        std::uint64_t seen_ = 0;
    };

private:
    mutable std::mutex mutex_;
    Value current_;
    std::vector<Value> retired_;
    std::atomic<std::uint64_t> generation_{1};
};

}  // namespace kith
