#pragma once
// The owner that entries without one inherit.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "dns/name.hpp"

namespace kith::zone {

enum class OwnerState : std::uint8_t {
    none,  // no entry named one yet
    known,
    broken,  // the last one named could not be read, which is reported already
};

/// A name in wire form with room to be written in blocks.
class Owner {
public:
    OwnerState state() const { return state_; }
    /// Requires state() == known.
    dns::NameView view() const KITH_LIFETIMEBOUND {
        return dns::NameView::unchecked({bytes_.data(), size_});
    }
    void set(dns::NameView name);
    void set_broken() { state_ = OwnerState::broken; }
    void forget() { state_ = OwnerState::none; }

    /// Reads the word at `at` as a name without escapes, completed with `origin` unless it ends
    /// with a dot. Returns the end of the word; nullptr when the name needs the careful way, and
    /// then what this object holds is unspecified until the next set(). Reads no further than `end`.
    const char* read_plain(const char* at, const char* end, dns::NameView origin);

private:
    static constexpr std::size_t block = 16;

    const char* finish_plain(const char* at, std::size_t length, std::size_t label,
                             dns::NameView origin);

    OwnerState state_ = OwnerState::none;
    std::size_t size_ = 1;
    std::array<std::uint8_t, 2 * dns::name_bytes_max + 2 * block> bytes_{};
};

}  // namespace kith::zone
