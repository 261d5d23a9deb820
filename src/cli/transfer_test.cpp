// `kith transfer` against a server on loopback, and the zone tools on files.

#include "cli/transfer.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "base/temporary_folder_testing.hpp"
#include "net/tcp_server.hpp"
#include "transfer/transfer_out.hpp"
#include "zone/zone_testing.hpp"

namespace kith::cli {
namespace {

using zone::test::name;

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class CliTransfer : public testing::Test {
protected:
    struct Outcome {
        int code;
        std::string out, err;
    };
    /// Runs `kith transfer` while another thread answers transfers of a zone with one change.
    Outcome run(TransferOptions options) {
        std::promise<Endpoint> ready;
        std::promise<net::Loop*> running;
        std::thread server([&] {
            net::Loop loop;
            const zone::ZonePtr first = zone::test::zone(
                {"@ 300 NS ns", "a 60 A 192.0.2.1", "b 60 TXT b", "c 60 TXT c", "d 60 TXT d"});
            const zone::ZoneChange change{
                name("example."),
                1,
                2,
                {zone::test::record("a 60 A 192.0.2.1", name("example."))},
                {}};
            const zone::ZonePtr second = *zone::apply_change(first, change);
            const auto difference =
                std::make_shared<zone::ZoneChange>(zone::difference(*first, *second));
            std::optional<net::TcpServer> tcp;
            tcp.emplace(
                loop, net::TcpSettings{},
                [&](net::TcpClient client, const Endpoint&, const Endpoint&, Bytes message) {
                    std::vector<std::uint8_t> buffer(65535);
                    const auto query = transfer::read_transfer_query(message);
                    if (!query || query->zone != name("example.")) {
                        return tcp->send(
                            client, transfer::write_transfer_error(message, dns::Rcode::NOTAUTH, {},
                                                                   "", nullptr, buffer));
                    }
                    transfer::TransferOut out(*query, {second, {difference}, {}});
                    tcp->send(client, out.next_message(buffer));
                });
            ready.set_value(*tcp->listen({IpAddress::v4(127, 0, 0, 1), 0, 0}));
            running.set_value(&loop);
            loop.run();
            tcp.reset();
        });
        options.words.push_back("@" + ready.get_future().get().to_text());
        std::ostringstream out, err;
        const int code = transfer(options, out, err);
        running.get_future().get()->stop();
        server.join();
        return {code, out.str(), err.str()};
    }

    test::TemporaryFolder folder_;
};

TEST_F(CliTransfer, PrintsAZoneAsAMasterFile) {
    const Outcome outcome = run({.words = {"example"}});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("b.example. 60 IN TXT \"b\""), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find("192.0.2.1"), std::string::npos);
    const std::string copy = folder_.write("copy", outcome.out);
    std::ostringstream out, err;
    EXPECT_EQ(zone_diff({.from = copy, .to = copy}, out, err), 0)
        << "and it reads back: " << err.str();
}

TEST_F(CliTransfer, PrintsDifferences) {
    const Outcome outcome = run({.words = {"example"}, .serial = 1});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out,
              "; example. from serial 1 to 2\n"
              "-example. 300 IN SOA ns.example. hostmaster.example. 1 2 3 4 5\n"
              "-a.example. 60 IN A 192.0.2.1\n"
              "+example. 300 IN SOA ns.example. hostmaster.example. 2 2 3 4 5\n");
    const Outcome json = run({.words = {"example"}, .serial = 1, .json = true});
    EXPECT_TRUE(json.out.starts_with("{\"from\":1,\"to\":2,\"removed\":[{")) << json.out;
    const Outcome nothing = run({.words = {"example"}, .serial = 2});
    EXPECT_EQ(nothing.code, 0);
    EXPECT_EQ(nothing.out, "");
    EXPECT_EQ(nothing.err, "example.: nothing newer than serial 2\n");
}

TEST_F(CliTransfer, WritesAFileOnlyWhenAllIsThere) {
    const std::string path = folder_.write("zone", "before");
    const Outcome refused = run({.words = {"other"}, .output = path});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.err.find("NOTAUTH"), std::string::npos) << refused.err;
    EXPECT_EQ(read_file(path), "before");
    const Outcome taken = run({.words = {"example"}, .output = path, .json = true});
    EXPECT_EQ(taken.code, 0) << taken.err;
    EXPECT_EQ(taken.out, "");
    EXPECT_NE(read_file(path).find("\"type\":\"SOA\""), std::string::npos) << read_file(path);
}

TEST_F(CliTransfer, SaysWhatIsWrongWithItsWords) {
    const struct {
        TransferOptions options;
        std::string_view expected;
    } rows[] = {
        {{.words = {}}, "which zone?"},
        {{.words = {"example"}}, "which server?"},
        {{.words = {"example", "@ns.example"}}, "found 'ns.example'"},
        {{.words = {"a", "b", "@127.0.0.1"}}, "found another one: 'b'"},
        {{.words = {"a..b", "@127.0.0.1"}}, "zone: empty label"},
        {{.words = {"example", "@127.0.0.1"}, .key = "move"}, "-y:"},
        {{.words = {"example", "@127.0.0.1"}, .key_file = "/nonexistent"}, "/nonexistent"},
    };
    for (const auto& row : rows) {
        std::ostringstream out, err;
        EXPECT_EQ(transfer(row.options, out, err), 2) << row.expected;
        EXPECT_NE(err.str().find(row.expected), std::string::npos) << err.str();
    }
}

constexpr std::string_view soa = "$ORIGIN example.\n$TTL 60\n@ SOA ns h ";

TEST_F(CliTransfer, ZoneDiffTellsWhatDiffers) {
    const std::string a =
        folder_.write("a", std::string(soa) + "1 2 3 4 5\n@ NS ns\nold A 192.0.2.1\n");
    const std::string b =
        folder_.write("b", std::string(soa) + "2 2 3 4 5\n@ NS ns\nnew A 192.0.2.1\n");
    const std::string c =
        folder_.write("c", std::string(soa) + "3 2 3 4 5\n@ NS ns\nold A 192.0.2.1\n");
    const std::string other =
        folder_.write("other", "$ORIGIN other.\n@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns.example.\n");
    std::ostringstream out, err;
    EXPECT_EQ(zone_diff({.from = a, .to = b}, out, err), 1);
    EXPECT_EQ(out.str(),
              "; example. from serial 1 to 2\n"
              "-example. 60 IN SOA ns.example. h.example. 1 2 3 4 5\n"
              "-old.example. 60 IN A 192.0.2.1\n"
              "+example. 60 IN SOA ns.example. h.example. 2 2 3 4 5\n"
              "+new.example. 60 IN A 192.0.2.1\n");
    out.str("");
    EXPECT_EQ(zone_diff({.from = a, .to = c}, out, err), 1) << "another serial";
    out.str("");
    EXPECT_EQ(zone_diff({.from = a, .to = c, .ignore_serial = true}, out, err), 0);
    EXPECT_EQ(out.str(), "");
    EXPECT_EQ(zone_diff({.from = a, .to = other}, out, err), 2);
    EXPECT_NE(err.str().find("expected one zone twice"), std::string::npos) << err.str();
    EXPECT_EQ(zone_diff({.from = a, .to = "/nonexistent"}, out, err), 2);
}

TEST_F(CliTransfer, ZoneConvertWritesEachForm) {
    const std::string a =
        folder_.write("a", std::string(soa) + "1 2 3 4 5\n@ NS ns\nhost A 192.0.2.1\n");
    const struct {
        std::string form;
        std::string_view expected;
    } rows[] = {{"zone", "host.example."},
                {"relative", "\nhost 60"},
                {"json", "\"name\":\"host.example\""}};
    for (const auto& row : rows) {
        std::ostringstream out, err;
        EXPECT_EQ(zone_convert({.file = a, .form = row.form}, out, err), 0) << err.str();
        EXPECT_NE(out.str().find(row.expected), std::string::npos) << out.str();
    }
    std::ostringstream out, err;
    EXPECT_EQ(zone_convert({.file = a, .output = "/nonexistent/file"}, out, err), 1);
    EXPECT_NE(err.str().find("/nonexistent/file"), std::string::npos) << err.str();
}

}  // namespace
}  // namespace kith::cli
