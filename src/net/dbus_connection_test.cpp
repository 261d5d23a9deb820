#include "net/dbus_connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"
#include "net/bus_driver.hpp"
#include "net/dbus_library.hpp"
#include "net/descriptor.hpp"

namespace kith::net {
namespace {

/// A system bus that takes connections, says nothing and goes away.
class SilentBus {
public:
    SilentBus() {
        const std::string path = folder_ / "bus";
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        is_up_ = ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address),
                        sizeof address) == 0 &&
                 ::listen(listener_.get(), 4) == 0;
        ::setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + path).c_str(), 1);
    }
    ~SilentBus() { ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS"); }
    bool is_up() const { return is_up_; }
    /// Takes one connection and ends it.
    void drop() { Descriptor(::accept(listener_.get(), nullptr, nullptr)); }

private:
    test::TemporaryFolder folder_;
    Descriptor listener_;
    bool is_up_ = false;
};

class DbusConnectionTest : public testing::Test {
protected:
    void SetUp() override {
        std::string why;
        if (dbus_library(why) == nullptr) GTEST_SKIP() << why;
        ASSERT_TRUE(bus.is_up());
        connection = DbusConnection::open(why);
        ASSERT_NE(connection, nullptr) << why;
    }

    SilentBus bus;
    std::unique_ptr<DbusConnection> connection;
};

TEST_F(DbusConnectionTest, ALostConnectionIsNoReply) {
    int replies = 0;
    const discovery::dbus::Call call{1, "/", "org.freedesktop.Avahi.Server", "GetHostName", "", {}};
    connection->call("org.freedesktop.Avahi", call, [&](const auto&) { ++replies; });
    bus.drop();
    EXPECT_FALSE(connection->wait(10s, [] { return false; }));
    EXPECT_FALSE(connection->process()) << "lost";
    connection->call("org.freedesktop.Avahi", call, [&](const auto&) { ++replies; });
    EXPECT_FALSE(connection->process());
    EXPECT_EQ(replies, 0) << "who waits asks again when the bus is back";
}

TEST_F(DbusConnectionTest, ACallThatCannotBeSentIsToldLater) {
    std::string error;
    const discovery::dbus::Call call{1, "/", "org.freedesktop.Avahi.Server", "Get", "s", {}};
    connection->call("no service's name", call, [&](const auto& reply) { error = reply.text; });
    EXPECT_EQ(error, "") << "not from inside the call";
    EXPECT_TRUE(connection->process());
    EXPECT_EQ(error, "Get could not be called: Invalid argument");
}

}  // namespace
}  // namespace kith::net
