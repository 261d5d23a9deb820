#pragma once
// LockFile: keeps a second server out of a state directory. The kernel lets go of it when the process
// ends, however it ends.

#include <string>
#include <utility>

#include "store/store_error.hpp"

namespace kith::store {

class LockFile {
public:
    LockFile() = default;  ///< holds nothing
    /// Takes the lock, making the file (mode 0600) where there is none. in_use: somebody has it.
    static Stored<LockFile> take(const std::string& file);
    ~LockFile();
    LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    LockFile& operator=(LockFile&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }

private:
    int descriptor_ = -1;
};

}  // namespace kith::store
