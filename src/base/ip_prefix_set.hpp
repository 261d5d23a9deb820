#pragma once
// IpPrefixSet: does an address lie in one of these prefixes? Made for asking once a query: the
// prefixes are kept as masks and values of whole words, so that a dozen cost a dozen comparisons.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ip_address.hpp"

namespace kith {

/// Immutable; any number of threads may read it.
class IpPrefixSet {
public:
    IpPrefixSet() = default;  ///< contains nothing
    explicit IpPrefixSet(std::span<const IpPrefix> prefixes);

    bool contains(const IpAddress& address) const;

private:
    struct V4 {
        std::uint32_t mask, value;
    };
    struct V6 {
        std::array<std::uint64_t, 2> mask, value;
    };
    std::vector<V4> v4_;
    std::vector<V6> v6_;
};

}  // namespace kith
