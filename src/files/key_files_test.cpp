#include "files/key_files.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"

namespace kith::files {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Two folders: that of a configuration, and that of a service manager's credentials.
class SecretFiles : public testing::Test {
protected:
    SecretFiles() {
        fs::create_directory(root_ / "etc");
        fs::create_directory(root_ / "credentials");
    }
    ~SecretFiles() override { ::unsetenv("CREDENTIALS_DIRECTORY"); }
    std::string write(const std::string& file, mode_t mode) const {
        const std::string path = root_.write(file, "the content of " + file);
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    void be_a_service() const {
        ::setenv("CREDENTIALS_DIRECTORY", (root_ / "credentials").c_str(), 1);
    }

    test::TemporaryFolder root_;
};

TEST_F(SecretFiles, AreForOneUserOnly) {
    struct Row {
        const char* why;
        mode_t mode;
        bool in_etc, in_credentials;  // good there
    };
    const Row rows[] = {
        {"its owner's", 0600, true, true},
        {"its owner's, to read", 0400, true, true},
        {"as systemd shows a credential that an access list grants to the service", 0440, false,
         true},
        {"a group may write", 0620, false, false},
        {"everybody may read", 0444, false, false},
    };
    be_a_service();
    for (const Row& row : rows) {
        const auto in_etc = read_secret_file(write("etc/laptop.key", row.mode));
        const auto given = read_secret_file(write("credentials/laptop.key", row.mode));
        EXPECT_EQ(in_etc.has_value(), row.in_etc) << row.why;
        EXPECT_EQ(given.has_value(), row.in_credentials) << row.why;
        if (in_etc) continue;
        EXPECT_THAT(in_etc.error(), HasSubstr("others than its owner may use this private key"));
        fs::remove(root_ / "etc/laptop.key");
        fs::remove(root_ / "credentials/laptop.key");
    }
}

TEST_F(SecretFiles, AreNoCredentialsWithoutAServiceManager) {
    const std::string path = write("credentials/laptop.key", 0440);
    EXPECT_FALSE(read_secret_file(path).has_value());
    be_a_service();
    EXPECT_TRUE(read_secret_file(path).has_value());
}

TEST_F(SecretFiles, AreFoundAmongCredentialsFirst) {
    const std::string folder = root_ / "etc";
    const std::string in_etc = write("etc/laptop.key", 0600);
    const std::string given = write("credentials/laptop.key", 0400);
    EXPECT_EQ(secret_file_path(folder, "laptop.key"), in_etc);
    be_a_service();
    EXPECT_EQ(secret_file_path(folder, "laptop.key"), given);
    EXPECT_EQ(secret_file_path(folder, "./laptop.key"), folder + "/./laptop.key")
        << "what names a folder means that one";
    EXPECT_EQ(secret_file_path(folder, "other.key"), folder + "/other.key");
    EXPECT_EQ(secret_file_path(folder, "/elsewhere/laptop.key"), "/elsewhere/laptop.key");
}

}  // namespace
}  // namespace kith::files
