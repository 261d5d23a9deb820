#pragma once
// What the fuzz targets share.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>

#include "base/bytes.hpp"

namespace kith::fuzz {

/// What an oracle holds to be so; says where when it is not.
inline void must(bool condition, std::source_location where = std::source_location::current()) {
    if (condition) return;
    std::fprintf(stderr, "%s:%u: does not hold\n", where.file_name(),
                 static_cast<unsigned>(where.line()));
    std::abort();
}

/// The input as numbers to choose by; 0 from its end on.
class ScriptBytes {
public:
    explicit ScriptBytes(Bytes bytes) : bytes_(bytes) {}
    bool at_end() const { return at_ == bytes_.size(); }
    std::uint8_t next() { return at_end() ? std::uint8_t{0} : bytes_[at_++]; }
    /// So many bytes, fewer at the end.
    Bytes take(std::size_t most) {
        const Bytes out = bytes_.subspan(at_, std::min(most, bytes_.size() - at_));
        at_ += out.size();
        return out;
    }

private:
    Bytes bytes_;
    std::size_t at_ = 0;
};

}  // namespace kith::fuzz
