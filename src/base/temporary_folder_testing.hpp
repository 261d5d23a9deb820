#pragma once
// For tests of any module: a folder of its own, which goes with the test.

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace kith::test {

class TemporaryFolder {
public:
    /// Makes one in `place`.
    explicit TemporaryFolder(
        const std::filesystem::path& place = std::filesystem::temp_directory_path())
        : path_((place / "kith-test-XXXXXX").string()) {
        EXPECT_NE(::mkdtemp(path_.data()), nullptr) << "in " << place;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }
    /// The path of what has this name in it.
    std::string operator/(std::string_view name) const { return path_ + '/' + std::string(name); }
    /// Writes a file and returns its path.
    std::string write(std::string_view name, std::string_view text) const {
        std::string file = *this / name;
        std::ofstream(file, std::ios::binary) << text;
        return file;
    }

private:
    std::string path_;
};

}  // namespace kith::test
