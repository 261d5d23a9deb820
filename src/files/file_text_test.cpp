#include "files/file_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"
#include "files/key_files.hpp"
#include "net/descriptor.hpp"

namespace kith::files {
namespace {

TEST(FileText, ReadsFilesUpToTheirBound) {
    const test::TemporaryFolder folder;
    const std::string empty = folder.write("empty", "");
    const std::string ten = folder.write("ten", "0123456789");
    const struct {
        const char* why;
        std::string path;
        std::size_t bytes_max;
        std::string text, error;  // one of them
    } rows[] = {
        {"an empty file is a file", empty, 10, "", ""},
        {"as many bytes as may be", ten, 10, "0123456789", ""},
        {"one more", ten, 9, "", "cannot read " + ten + ": expected at most 9 bytes, found 10"},
        {"none", folder / "none", 10, "",
         "cannot read " + (folder / "none") + ": No such file or directory"},
        {"a folder", folder.path(), 10, "",
         "cannot read " + folder.path() + ": expected a file, found a folder"},
        {"a device without an end", "/dev/zero", 10, "",
         "cannot read /dev/zero: expected a file, found a device"},
        {"a file of the kernel, which says that it has no bytes, and has some", "/proc/self/status",
         10, "", "cannot read /proc/self/status: expected at most 10 bytes, found more"},
    };
    for (const auto& row : rows) {
        const auto text = FileText::read(row.path, row.bytes_max);
        EXPECT_EQ(text.has_value(), row.error.empty()) << row.why;
        EXPECT_EQ(text ? std::string(text->view()) : text.error(),
                  row.error.empty() ? row.text : row.error)
            << row.why;
    }
    EXPECT_TRUE(FileText::read("/proc/self/status")->view().starts_with("Name:"));
}

TEST(FileText, ReadsAPipeToItsEnd) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const net::Descriptor reader(ends[0]);
    const std::string path = "/dev/fd/" + std::to_string(ends[0]);
    const std::string large(300'000, 'x');  // more than a pipe holds
    std::thread writer([&large, out = net::Descriptor(ends[1])] {
        for (std::size_t at = 0; at < large.size();) {
            const ssize_t put = ::write(out.get(), large.data() + at, large.size() - at);
            ASSERT_GT(put, 0);
            at += static_cast<std::size_t>(put);
        }
    });
    const auto text = FileText::read(path);
    writer.join();
    ASSERT_TRUE(text.has_value()) << text.error();
    EXPECT_EQ(text->view(), large);
}

TEST(FileText, APipeIsNoEmptyFile) {
    const test::TemporaryFolder folder;
    const std::string pipe = folder / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto text = FileText::read(pipe);
    ASSERT_FALSE(text.has_value());
    EXPECT_EQ(text.error(),
              "cannot read " + pipe + ": expected a file, found a pipe that nobody has written to");
    const auto secret = read_secret_file(pipe);
    ASSERT_FALSE(secret.has_value());
    EXPECT_EQ(secret.error(), "cannot read " + pipe + ": expected a file, found a pipe");
    EXPECT_EQ(read_secret_file("/dev/zero").error(),
              "cannot read /dev/zero: expected a file, found a device");
}

TEST(FileText, APipeWithoutAnEndIsGivenUp) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    net::Descriptor reader(ends[0]);
    const std::string path = "/dev/fd/" + std::to_string(ends[0]);
    ::signal(SIGPIPE, SIG_IGN);
    std::thread writer([out = net::Descriptor(ends[1])] {
        const std::string block(60'000, 'x');
        while (::write(out.get(), block.data(), block.size()) > 0) {
        }
    });
    const auto text = FileText::read(path, 1'000'000);
    reader = {};
    writer.join();
    ASSERT_FALSE(text.has_value());
    EXPECT_EQ(text.error(), "cannot read " + path + ": expected at most 1000000 bytes, found more");
}

}  // namespace
}  // namespace kith::files
