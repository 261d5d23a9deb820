#include "net/load_generator.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "net/descriptor.hpp"
#include "net/load_report.hpp"
#include "net/socket_address.hpp"

namespace kith::net {
namespace {

// ---- the histogram --------------------------------------------------------------------------

TEST(LatencyHistogram, KeepsSmallValuesExactly) {
    LatencyHistogram histogram;
    for (std::uint64_t value = 0; value < 100; ++value) histogram.add(value);
    EXPECT_EQ(histogram.count(), 100U);
    EXPECT_EQ(histogram.max(), 99U);
    EXPECT_EQ(histogram.percentile(0.5), 49U);
    EXPECT_EQ(histogram.percentile(0.01), 0U);
    EXPECT_EQ(histogram.percentile(1.0), 99U);
}

TEST(LatencyHistogram, IsAtMostOneSixtyFourthTooHigh) {
    const std::uint64_t values[] = {
        63,    64,      127,       128,       129,           1'000,          4'095,
        4'096, 999'999, 1'000'000, 123456789, 4'000'000'000, 137'438'953'471};
    for (const std::uint64_t value : values) {
        SCOPED_TRACE(value);
        LatencyHistogram histogram;
        histogram.add(value);
        histogram.add(200'000'000'000);  // so that the maximum does not hide the bucket's end
        const std::uint64_t found = histogram.percentile(0.5);
        EXPECT_GE(found, value);
        EXPECT_LE(found, value + value / 64);
    }
}

TEST(LatencyHistogram, CountsWhatIsTooLongAsTheLongest) {
    LatencyHistogram histogram;
    histogram.add(~std::uint64_t{0});
    EXPECT_EQ(histogram.count(), 1U);
    EXPECT_EQ(histogram.max(), ~std::uint64_t{0});
    EXPECT_EQ(histogram.percentile(0.99), 137'438'953'471U) << "the end of the last bucket, 2^37-1";
}

TEST(LatencyHistogram, HasNoPercentileWithoutSamples) {
    EXPECT_EQ(LatencyHistogram{}.percentile(0.99), 0U);
}

// ---- the report -----------------------------------------------------------------------------

/// Half a second in which 1000 of 1010 queries were answered, every answer after 2 ms.
LoadResult some_result() {
    LoadResult result;
    result.sent = 1010;
    result.answered = 1000;
    result.lost = 10;
    result.unexpected = 3;
    result.send_errors = 4;
    result.truncated = 5;
    result.empty = 6;
    result.rcodes[0] = 900;
    result.rcodes[3] = 100;
    for (int i = 0; i < 1000; ++i) result.latency.add(2'000'000);
    result.elapsed = std::chrono::milliseconds(500);
    result.answers_in_time = 1000;
    result.generator_cpu = std::chrono::microseconds(1500);
    result.server_cpu = std::chrono::microseconds(2250);
    return result;
}

TEST(LoadReport, TellsPeople) {
    EXPECT_EQ(format_load_text(some_result()),
              "queries/s   2000\n"
              "sent        1010, answered 1000, lost 10 (0.9901 %)\n"
              "answers     NOERROR 900, NXDOMAIN 100; truncated 5, empty 6, unexpected 3\n"
              "latency us  p50 2000, p90 2000, p99 2000, p99.9 2000, max 2000\n"
              "CPU us/q    generator 1.500, server 2.250\n");
}

TEST(LoadReport, TellsScripts) {
    EXPECT_EQ(
        format_load_json(some_result()),
        "{\"qps\": 2000, \"sent\": 1010, \"answered\": 1000, \"lost\": 10, \"unexpected\": 3, "
        "\"send_errors\": 4, \"truncated\": 5, \"empty\": 6, \"rcodes\": {\"0\": 900, \"3\": 100}, "
        "\"p50_us\": 2000.0, \"p90_us\": 2000.0, \"p99_us\": 2000.0, \"p999_us\": 2000.0, "
        "\"max_us\": 2000.0, \"seconds\": 0.5000, \"generator_us\": 1.5000, \"server_us\": "
        "2.2500}");
}

TEST(LoadReport, HasNothingToDivideByWithoutAnswers) {
    EXPECT_EQ(format_load_text(LoadResult{}),
              "queries/s   0\n"
              "sent        0, answered 0, lost 0 (0.0000 %)\n"
              "answers     none; truncated 0, empty 0, unexpected 0\n"
              "latency us  p50 0, p90 0, p99 0, p99.9 0, max 0\n"
              "CPU us/q    generator 0.000, server not measured\n");
}

// ---- the query list -------------------------------------------------------------------------

std::string message_text(const QueryList& list, std::size_t index) {
    std::string out;
    for (const std::uint8_t byte : list.message(index)) {
        constexpr char digits[] = "0123456789abcdef";
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

TEST(QueryList, ReadsTheDnsperfForm) {
    const auto list = parse_query_list("# a comment\n\nwww.a AAAA\n  b.\tTXT \r\n ; why\nc A\n. NS",
                                       "q.txt", QueryStyle{});
    ASSERT_TRUE(list.has_value());
    ASSERT_EQ(list->size(), 4U);
    EXPECT_EQ(message_text(*list, 0), "00000000000100000000000003777777016100001c0001");
    EXPECT_EQ(message_text(*list, 1),
              "000000000001000000000000016200"
              "00100001");
    EXPECT_EQ(message_text(*list, 2),
              "000000000001000000000000016300"
              "00010001");
    EXPECT_EQ(message_text(*list, 3),
              "00000000000100000000000000"
              "00020001");
    EXPECT_EQ(list->question(1).size(), 7U);
}

TEST(QueryList, WritesFlagsAndEdns) {
    const auto list = parse_query_list(
        "a A", "", {.recursion_desired = true, .dnssec_ok = true, .udp_payload_bytes = 4096});
    ASSERT_TRUE(list.has_value());
    EXPECT_EQ(message_text(*list, 0),
              "000001000001000000000001"
              "016100"
              "00010001"
              "00"
              "0029"
              "1000"
              "00008000"
              "0000");
    EXPECT_EQ(list->question(0).size(), 7U) << "the OPT record is no part of the question";
}

struct BadLine {
    const char* why;
    const char* text;
    const char* problem;
};

const BadLine bad_lines[] = {
    {"no type", "a A\nb\n", "q.txt:2: error: expected a name and a type, found only 'b'"},
    {"a word too many", "a A IN\n",
     "q.txt:1: error: expected the end of the line after the type, found 'IN'"},
    {"no such type", "a QUUX\n",
     "q.txt:1: error: 'QUUX' is not a record type such as A, AAAA or TYPE65"},
    {"an empty label", "\n\na..b A\n", "q.txt:3: error: 'a..b' is not a domain name"},
};

TEST(QueryList, SaysWhatIsWrongWithALine) {
    for (const BadLine& row : bad_lines) {
        SCOPED_TRACE(row.why);
        const auto list = parse_query_list(row.text, "q.txt", QueryStyle{});
        ASSERT_FALSE(list.has_value());
        ASSERT_EQ(list.error().size(), 1U);
        EXPECT_EQ(list.error()[0].to_text(), row.problem);
    }
}

TEST(QueryList, ReportsEveryBadLineUpToALimit) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "only-a-name\n";
    const auto list = parse_query_list(text, "q.txt", QueryStyle{});
    ASSERT_FALSE(list.has_value());
    EXPECT_EQ(list.error().size(), 20U);
    EXPECT_EQ(list.error()[19].line, 20U);
}

TEST(QueryList, RefusesWhatIsNoQuery) {
    QueryList list;
    const std::vector<std::uint8_t> header(12, 0);
    EXPECT_FALSE(list.add(Bytes(header).first(11))) << "shorter than a header";
    EXPECT_FALSE(list.add(header)) << "no question";
    std::vector<std::uint8_t> cut = header;
    cut.insert(cut.end(), {1, 'a', 0, 0, 1, 0});
    EXPECT_FALSE(list.add(cut)) << "the class has one byte";
    std::vector<std::uint8_t> open = header;
    open.insert(open.end(), {63, 'a', 'b', 'c'});
    EXPECT_FALSE(list.add(open)) << "the label runs past the end";
    EXPECT_FALSE(list.add(std::vector<std::uint8_t>(513, 0))) << "longer than any query";
    cut.push_back(1);
    EXPECT_TRUE(list.add(cut));
    EXPECT_EQ(list.size(), 1U);
}

// ---- the generator, against a server of one thread ------------------------------------------

enum class Behavior { answer, drop_every_tenth, drop_all, wrong_question, wrong_id, refuse, twice };

/// Answers on a loopback port until destroyed, by waking up every few milliseconds.
class Responder {
public:
    explicit Responder(Behavior behavior) : behavior_(behavior) {
        socket_ = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        SocketAddress address(Endpoint{.address = IpAddress::v4(127, 0, 0, 1)});
        EXPECT_EQ(bind(socket_.get(), &address.any, address.size()), 0);
        socklen_t size = sizeof address;
        EXPECT_EQ(getsockname(socket_.get(), &address.any, &size), 0);
        endpoint_ = address.endpoint();
        const timeval wake{.tv_sec = 0, .tv_usec = 5000};
        setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &wake, sizeof wake);
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }

    const Endpoint& endpoint() const { return endpoint_; }
    /// Source addresses seen; read it after the load is over.
    std::vector<IpAddress> clients() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
        return clients_;
    }

private:
    void serve(const std::stop_token& stop) {
        std::array<std::uint8_t, 600> bytes{};
        while (!stop.stop_requested()) {
            SocketAddress peer;
            socklen_t peer_size = sizeof peer;
            const ssize_t size =
                recvfrom(socket_.get(), bytes.data(), bytes.size(), 0, &peer.any, &peer_size);
            if (size < 12) continue;
            const IpAddress from = peer.endpoint().address;
            if (std::ranges::find(clients_, from) == clients_.end()) clients_.push_back(from);
            ++queries_;
            if (behavior_ == Behavior::drop_all) continue;
            if (behavior_ == Behavior::drop_every_tenth && queries_ % 10 == 0) continue;
            bytes[2] |= 0x80;
            if (behavior_ == Behavior::wrong_id) bytes[0] ^= 0x80;
            if (behavior_ == Behavior::wrong_question) bytes[13] ^= 0x01;
            if (behavior_ == Behavior::refuse) bytes[3] = 5;
            for (int i = behavior_ == Behavior::twice ? 2 : 1; i > 0; --i) {
                sendto(socket_.get(), bytes.data(), static_cast<std::size_t>(size), 0, &peer.any,
                       peer_size);
            }
        }
    }

    Behavior behavior_;
    Descriptor socket_;
    Endpoint endpoint_;
    std::uint64_t queries_ = 0;
    std::vector<IpAddress> clients_;
    std::jthread thread_;
};

QueryList some_queries() {
    auto list =
        parse_query_list("a.example A\nbb.example AAAA\nccc.example TXT\n", "", QueryStyle{});
    EXPECT_TRUE(list.has_value());
    return *std::move(list);
}

LoadOptions short_load(const Endpoint& server) {
    using namespace std::chrono_literals;
    return {.server = server,
            .window = 32,
            .sockets = 4,
            .warm_up = 10ms,
            .duration = 100ms,
            .timeout = 40ms};
}

struct LoadCase {
    const char* why;
    Behavior behavior;
    bool some_answered, some_lost, some_unexpected;
    int rcode;
};

const LoadCase load_cases[] = {
    {"every query is answered", Behavior::answer, true, false, false, 0},
    {"a refusal is an answer", Behavior::refuse, true, false, false, 5},
    {"a dropped query is lost and its place is used again", Behavior::drop_every_tenth, true, true,
     false, 0},
    {"a silent server loses all", Behavior::drop_all, false, true, false, 0},
    {"another question is no answer", Behavior::wrong_question, false, true, true, 0},
    {"another id is no answer", Behavior::wrong_id, false, true, true, 0},
    {"the second answer to a query counts no more", Behavior::twice, true, false, true, 0},
};

TEST(RunLoad, CountsEveryQueryOnce) {
    const QueryList queries = some_queries();
    for (const LoadCase& row : load_cases) {
        SCOPED_TRACE(row.why);
        const Responder server(row.behavior);
        LoadOptions options = short_load(server.endpoint());
        // A busy machine must not make a loss where none is expected.
        if (!row.some_lost) options.timeout = std::chrono::seconds(5);
        const auto result = run_load(options, queries);
        ASSERT_TRUE(result.has_value());
        EXPECT_GE(result->sent, 32U) << "at least the window";
        EXPECT_EQ(result->sent, result->answered + result->lost);
        EXPECT_EQ(result->answered > 0, row.some_answered);
        EXPECT_EQ(result->lost > 0, row.some_lost);
        EXPECT_EQ(result->unexpected > 0, row.some_unexpected);
        EXPECT_EQ(result->rcodes[static_cast<std::size_t>(row.rcode)], result->answered);
        EXPECT_EQ(result->latency.count(), result->answered);
        EXPECT_FALSE(result->server_cpu.has_value()) << "no process was named";
    }
}

TEST(RunLoad, LosesAWindowForEveryTimeout) {
    const Responder server(Behavior::drop_all);
    const auto result = run_load(short_load(server.endpoint()), some_queries());
    ASSERT_TRUE(result.has_value());
    // 100 ms at 40 ms a timeout: the window goes out four times at most.
    EXPECT_GE(result->lost, 32U);
    EXPECT_LE(result->lost, 128U);
}

TEST(RunLoad, SpreadsItsSourcesOnLoopback) {
    Responder spread(Behavior::answer);
    LoadOptions options = short_load(spread.endpoint());
    ASSERT_TRUE(run_load(options, some_queries()).has_value());
    const std::vector<IpAddress> clients = spread.clients();
    EXPECT_EQ(clients.size(), 4U);
    EXPECT_NE(std::ranges::find(clients, IpAddress::v4(127, 53, 0, 1)), clients.end());

    Responder one(Behavior::answer);
    options.server = one.endpoint();
    options.sources = LoadSources::one;
    ASSERT_TRUE(run_load(options, some_queries()).has_value());
    EXPECT_EQ(one.clients(), std::vector{IpAddress::v4(127, 0, 0, 1)});
}

TEST(RunLoad, MeasuresTheCpuOfTheServer) {
    const Responder server(Behavior::answer);
    LoadOptions options = short_load(server.endpoint());
    options.server_pids = {getpid()};  // the responder is a thread of this process
    const auto result = run_load(options, some_queries());
    ASSERT_TRUE(result.has_value());
    ASSERT_TRUE(result->server_cpu.has_value());
    EXPECT_GT(*result->server_cpu, result->generator_cpu) << "this process is the generator too";
    EXPECT_GT(result->generator_cpu.count(), 0);
    EXPECT_GT(*result->server_cpu_us_per_query(), 0.0);
    EXPECT_GT(result->queries_per_second(), 0.0);
}

struct BadOptions {
    const char* why;
    LoadOptions options;
    LoadFault fault;
};

const Endpoint some_server{.address = IpAddress::v4(127, 0, 0, 1), .port = 9};

const BadOptions bad_options[] = {
    {"no server", {}, LoadFault::bad_option},
    {"no window", {.server = some_server, .window = 0}, LoadFault::bad_option},
    {"ids would repeat", {.server = some_server, .window = 32769}, LoadFault::bad_option},
    {"no socket", {.server = some_server, .sockets = 0}, LoadFault::bad_option},
    {"source addresses would repeat",
     {.server = some_server, .sockets = 257},
     LoadFault::bad_option},
    {"no time",
     {.server = some_server, .duration = std::chrono::milliseconds(0)},
     LoadFault::bad_option},
    // 2^22 is the largest pid_max of Linux, so no process has this id.
    {"no such process",
     {.server = some_server, .server_pids = {(1 << 22) + 1}},
     LoadFault::server_process},
};

TEST(RunLoad, RefusesBadOptions) {
    for (const BadOptions& row : bad_options) {
        SCOPED_TRACE(row.why);
        const auto result = run_load(row.options, some_queries());
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().fault, row.fault);
        EXPECT_FALSE(result.error().text.empty());
    }
    const auto empty = run_load({.server = some_server}, QueryList{});
    ASSERT_FALSE(empty.has_value());
    EXPECT_EQ(empty.error().fault, LoadFault::no_queries);
}

TEST(RunLoad, OutlivesAServerThatIsNotThere) {
    LoadOptions options = short_load(some_server);  // the discard port: nobody listens
    options.timeout = std::chrono::milliseconds(20);
    const auto result = run_load(options, some_queries());
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->answered, 0U);
    EXPECT_EQ(result->sent, result->lost);
}

}  // namespace
}  // namespace kith::net
