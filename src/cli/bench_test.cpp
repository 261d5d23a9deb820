#include "cli/bench.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "net/descriptor.hpp"
#include "net/socket_address.hpp"

namespace kith::cli {
namespace {

struct BadBench {
    const char* why;
    BenchOptions options;
    int code;
    const char* complaint;  // a part of what is written to standard error
};

const BadBench bad_benches[] = {
    {"a name is no address",
     {.server = "ns.example", .queries = {"a A"}},
     2,
     "expected a server's address"},
    {"a negative time",
     {.server = "127.0.0.1:9", .queries = {"a A"}, .seconds = -1},
     2,
     "expected times of 0 to"},
    {"time that is no number",
     {.server = "127.0.0.1:9", .queries = {"a A"}, .timeout_seconds = 0.0 / 0.0},
     2,
     "expected times of 0 to"},
    {"no room for a query",
     {.server = "127.0.0.1:9", .queries = {"a A"}, .window = 0},
     2,
     "window: expected 1.."},
    {"no such file",
     {.server = "127.0.0.1:9", .queries_file = "/nonexistent/q"},
     1,
     "cannot read /nonexistent/q: No such file"},
    {"a query without a type",
     {.server = "127.0.0.1:9", .queries = {"a A", "b"}},
     1,
     "--query:2: error: expected a name and a type"},
    {"nothing to ask", {.server = "127.0.0.1:9"}, 2, "which queries? expected -q"},
    {"nobody listens",
     {.server = "127.0.0.1:9",
      .queries = {"a A"},
      .seconds = 0.02,
      .warm_up_seconds = 0,
      .timeout_seconds = 0.02},
     1,
     "127.0.0.1:9 never answered"},
};

TEST(Bench, SaysWhyItDidNotMeasure) {
    for (const BadBench& row : bad_benches) {
        SCOPED_TRACE(row.why);
        std::ostringstream out, err;
        EXPECT_EQ(bench(row.options, out, err), row.code);
        EXPECT_NE(err.str().find(row.complaint), std::string::npos) << err.str();
    }
}

/// Sends every query back as its own NOERROR answer, until destroyed.
class Echo {
public:
    Echo() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        net::SocketAddress address(Endpoint{.address = IpAddress::v4(127, 0, 0, 1)});
        EXPECT_EQ(bind(socket_.get(), &address.any, address.size()), 0);
        socklen_t size = sizeof address;
        EXPECT_EQ(getsockname(socket_.get(), &address.any, &size), 0);
        server = address.endpoint().to_text();
        const timeval wake{.tv_sec = 0, .tv_usec = 5000};
        setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &wake, sizeof wake);
        thread_ = std::jthread([this](const std::stop_token& stop) {
            std::array<std::uint8_t, 512> bytes{};
            while (!stop.stop_requested()) {
                net::SocketAddress peer;
                socklen_t peer_size = sizeof peer;
                const ssize_t got =
                    recvfrom(socket_.get(), bytes.data(), bytes.size(), 0, &peer.any, &peer_size);
                bytes[2] |= 0x80;
                if (got > 0)
                    sendto(socket_.get(), bytes.data(), static_cast<std::size_t>(got), 0, &peer.any,
                           peer_size);
            }
        });
    }
    std::string server;

private:
    net::Descriptor socket_;
    std::jthread thread_;
};

BenchOptions short_bench(const Echo& echo) {
    return {.server = echo.server,
            .queries = {"a.example A"},
            .window = 8,
            .sockets = 2,
            .seconds = 0.05,
            .warm_up_seconds = 0.01,
            .timeout_seconds = 5};
}

TEST(Bench, WritesLinesForPeople) {
    const Echo echo;
    std::ostringstream out, err;
    EXPECT_EQ(bench(short_bench(echo), out, err), 0) << err.str();
    EXPECT_EQ(out.str().substr(0, 9), "queries/s");
    EXPECT_NE(out.str().find("lost 0 (0.0000 %)"), std::string::npos) << out.str();
    EXPECT_NE(out.str().find("answers     NOERROR "), std::string::npos) << out.str();
    EXPECT_NE(out.str().find("server not measured"), std::string::npos) << out.str();
}

TEST(Bench, WritesJsonForScriptsAndReadsFiles) {
    const Echo echo;
    BenchOptions options = short_bench(echo);
    const std::string path = testing::TempDir() + "kith_bench_test_queries";
    std::ofstream(path) << "# two of them\na.example A\nb.example AAAA\n";
    options.queries = {};
    options.queries_file = path;
    options.json = true;
    options.pids = {getpid()};
    std::ostringstream out, err;
    EXPECT_EQ(bench(options, out, err), 0) << err.str();
    std::remove(path.c_str());
    EXPECT_EQ(out.str().substr(0, 8), "{\"qps\": ");
    EXPECT_EQ(out.str().find("\"server_us\": null"), std::string::npos) << "the process was named";
    EXPECT_EQ(out.str().back(), '\n');
}

}  // namespace
}  // namespace kith::cli
