// `kith check`: what it prints of a configuration.

#include <gtest/gtest.h>

#include <sstream>

#include "base/temporary_folder_testing.hpp"
#include "cli/commands.hpp"

namespace kith::cli {
namespace {

struct Checked {
    int code;
    std::string out, err;
};
Checked run(const kith::test::TemporaryFolder& folder, std::string_view config) {
    CheckOptions options;
    options.config = folder.write("kith.json", config);
    std::ostringstream out, err;
    const int code = check(options, out, err);
    return {code, out.str(), err.str()};
}

TEST(Check, ListsTheZonesThatAreServed) {
    const kith::test::TemporaryFolder folder;
    const Checked done = run(folder, R"({
        "server": {"port": 5300, "host": "127.0.0.1", "upstream": []},
        "zones": {
            "example.lan": {},
            "example.com": {"transfer": {"primaries": ["192.0.2.1", "[2001:db8::1]:5353"]}}
        },
        "records": [{"name": "ns1.example.lan", "type": "A", "value": "192.0.2.2"}]
    })");
    EXPECT_EQ(done.err, "");
    EXPECT_EQ(done.code, 0);
    EXPECT_EQ(done.out.substr(done.out.find('\n') + 1),
              "  zone example.lan.  3 records, serial 2024010101\n"
              "  secondary zone example.com.  from  192.0.2.1  [2001:db8::1]:5353\n"
              "  listen 127.0.0.1:5300\n");
}

TEST(Check, ComplainsOfABadKeyOnce) {
    struct Row {
        const char* why;
        std::string_view key, zone;
        std::string_view problem;
    };
    const Row rows[] = {
        {"a grant of a key whose file is not there", R"("file": "nosuch.key")",
         R"("update": ["grant laptop. zonesub ANY"])", "No such file"},
        {"a transfer with a key whose secret is none", R"("secret": "%")",
         R"("transfer": {"allow": ["key laptop."]})", "secret: "},
        {"a primary with a key without secret", "",
         R"("transfer": {"primaries": ["192.0.2.1 key laptop."]})",
         "expected either 'secret' or 'file'"},
        {"a key that is not there at all", R"("secret": "c2VjcmV0")",
         R"("transfer": {"allow": ["key desktop."]})", "there is no key desktop. under 'keys'"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const kith::test::TemporaryFolder folder;
        const Checked done =
            run(folder, R"({"keys": {"laptop.": {)" + std::string(row.key) +
                            R"(}}, "zones": {"example.lan": {)" + std::string(row.zone) + "}}}");
        EXPECT_EQ(done.code, 1);
        EXPECT_NE(done.err.find(row.problem), std::string::npos) << done.err;
        EXPECT_TRUE(done.err.ends_with("not valid: 1 error\n") ||
                    done.err.ends_with("not valid: 1 error, 1 warning\n"))
            << done.err;
    }
}

}  // namespace
}  // namespace kith::cli
