#include "server/control_socket.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"
#include "server/limits.hpp"

namespace kith::server {
namespace {

class ControlSocketTest : public testing::Test {
protected:
    ControlSocketTest() {
        auto opened = ControlSocket::open(loop_, folder_.path(), [](std::string_view request) {
            return Result<std::string, std::string>(std::string(request) + "!\n");
        });
        EXPECT_TRUE(opened.has_value());
        socket_ = std::move(*opened);
    }
    net::Descriptor ask(std::string_view line) const {
        net::Descriptor out(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = folder_ / control_socket_name;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        EXPECT_EQ(::connect(out.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::send(out.get(), line.data(), line.size(), 0),
                  static_cast<ssize_t>(line.size()));
        return out;
    }
    static std::string answer(const net::Descriptor& from) {
        char text[100];
        const ssize_t got = ::recv(from.get(), text, sizeof text, 0);
        return got < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(got));
    }
    bool has_work() const {
        pollfd poll{loop_.poll_fd(), POLLIN, 0};
        return ::poll(&poll, 1, 0) == 1;
    }

    test::TemporaryFolder folder_;
    net::Loop loop_;
    std::unique_ptr<ControlSocket> socket_;
};

TEST_F(ControlSocketTest, Answers) {
    const net::Descriptor client = ask("hello\n");
    for (int turns = 0; turns < 3; ++turns) loop_.turn(0s);
    EXPECT_EQ(answer(client), "ok\nhello!\n");
}

TEST_F(ControlSocketTest, RestsWithoutDescriptors) {
    // Once before: a sanitizer looks closely at the first object of a class, with descriptors of its own.
    loop_.turn(0s);
    ASSERT_FALSE(has_work());
    const net::Descriptor client = ask("hello\n");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit few{64, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    std::vector<net::Descriptor> all;
    for (;;) {
        net::Descriptor one(::dup(client.get()));
        if (!one) break;
        all.push_back(std::move(one));
    }
    loop_.turn(0s);
    EXPECT_FALSE(has_work()) << "it would spin";
    loop_.skip(control_pause);
    loop_.turn(0s);
    EXPECT_EQ(answer(client), "nothing") << "it has tried again, and rests again";
    all.clear();
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    loop_.skip(control_pause);
    for (int turns = 0; turns < 4; ++turns) loop_.turn(0s);
    EXPECT_EQ(answer(client), "ok\nhello!\n");
}

}  // namespace
}  // namespace kith::server
