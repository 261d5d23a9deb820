#include "layers.hpp"

#include <gtest/gtest.h>

#include <span>

namespace kith::layers {
namespace {

constexpr std::string_view rules_text = R"(
# lowest first
base:
dns:    base
config: dns base   # trailing comment
net:    dns base
pure base dns config
library boost/json config
)";

Rules rules() {
    std::vector<Finding> findings;
    Rules parsed = parse_rules("layers.txt", rules_text, findings);
    EXPECT_TRUE(findings.empty());
    return parsed;
}

TEST(Rules, ReadsEdgesPurityAndLibraries) {
    const Rules read = rules();
    ASSERT_EQ(read.modules.size(), 4u);
    EXPECT_EQ(read.find("config")->below, (std::vector<std::string>{"dns", "base"}));
    EXPECT_TRUE(read.find("dns")->pure);
    EXPECT_FALSE(read.find("net")->pure);
    EXPECT_EQ(read.find("web"), nullptr);
    ASSERT_EQ(read.libraries.size(), 1u);
    EXPECT_EQ(read.libraries[0].prefix, "boost/json");
}

struct BadRules {
    const char* why;
    const char* text;
    const char* expected;
};

TEST(Rules, RefusesWhatCannotHold) {
    const BadRules rows[] = {
        {"an edge to nowhere", "base:\ndns: bases\n", "unknown module bases in the line of dns"},
        {"two modules include each other", "base: dns\ndns: base\n",
         "cycle of modules: base -> dns -> base"},
        {"a module includes itself", "base: base\n", "cycle of modules: base -> base"},
        {"a longer way round", "a: b\nb: c\nc: d a\nd:\n", "cycle of modules: a -> b -> c -> a"},
        {"the same module again", "base:\nbase:\n", "module base is declared twice"},
        {"a pure module that is not there", "base:\npure base dsn\n", "unknown module dsn"},
        {"a library for nobody", "base:\nlibrary boost/json\n", "expected `module: modules`"},
        {"a forgotten colon", "base\n", "found `base`"},
    };
    for (const BadRules& row : rows) {
        std::vector<Finding> findings;
        parse_rules("layers.txt", row.text, findings);
        ASSERT_EQ(findings.size(), 1u) << row.why;
        EXPECT_NE(findings[0].text.find(row.expected), std::string::npos)
            << row.why << ": " << findings[0].text;
    }
}

struct Source {
    const char* why;
    const char* path;
    const char* text;
    const char* expected;  // nullptr: nothing is found
    int line = 1;
};

void expect_rows(const Rules& rules, std::span<const Source> rows) {
    for (const Source& row : rows) {
        std::vector<Finding> findings;
        check_source(rules, row.path, row.text, findings);
        if (row.expected == nullptr) {
            EXPECT_TRUE(findings.empty()) << row.why << ": " << findings[0].text;
            continue;
        }
        ASSERT_EQ(findings.size(), 1u) << row.why;
        EXPECT_NE(findings[0].text.find(row.expected), std::string::npos)
            << row.why << ": " << findings[0].text;
        EXPECT_EQ(findings[0].line, row.line) << row.why;
        EXPECT_EQ(findings[0].file, std::string("src/") + row.path) << row.why;
    }
}

TEST(CheckSource, IncludesBetweenModules) {
    const Source rows[] = {
        {"downwards", "dns/name.cpp", "#include \"base/bytes.hpp\"\n", nullptr},
        {"its own", "dns/name.cpp", "#include \"dns/name.hpp\"\n", nullptr},
        {"upwards", "base/bytes.cpp", "\n#include \"dns/name.hpp\"\n", "no edge from base to dns",
         2},
        {"sideways", "net/udp.cpp", "#include \"config/config.hpp\"\n",
         "no edge from net to config"},
        {"upwards, from a test", "base/a_test.cpp", "#include \"dns/name.hpp\"\n",
         "no edge from base to dns"},
        {"blanks do not hide it", "base/a.cpp", "  #  include \"dns/name.hpp\"\n", "no edge"},
        {"after a comment that spans lines", "base/a.cpp", "/* a\n*/ #include \"dns/name.hpp\"\n",
         "no edge", 2},
        {"commented out", "base/a.cpp", "// #include \"dns/name.hpp\"\n", nullptr},
        {"in a block comment", "base/a.cpp", "/*\n#include \"dns/name.hpp\"\n*/\n", nullptr},
        {"in a raw string", "base/a.cpp", "auto t = R\"x(\n#include \"dns/name.hpp\"\n)x\";\n",
         nullptr},
        {"beside it, not from src/", "dns/name.cpp", "#include \"name.hpp\"\n",
         "starts with a module"},
        {"up and down again", "dns/name.cpp", "#include \"../base/bytes.hpp\"\n",
         "starts with a module"},
        {"no such module", "dns/name.cpp", "#include \"bass/bytes.hpp\"\n", "starts with a module"},
        {"a folder without rules", "web/page.cpp", "int page;\n", "src/web has no line"},
        {"another's private part", "dns/a.cpp", "#include \"base/detail/a.hpp\"\n",
         "private to base"},
        {"another's private header", "dns/a.cpp", "#include \"base/a_internal.hpp\"\n",
         "private to base"},
        {"its own private part", "base/a.cpp", "#include \"base/detail/a.hpp\"\n", nullptr},
        {"a source file", "dns/a.cpp", "#include \"dns/b.cpp\"\n", "nobody's interface"},
        {"a test's helper in the program", "dns/a.cpp", "#include \"dns/a_testing.hpp\"\n",
         "tests only"},
        {"a test's helper in a test", "dns/a_test.cpp", "#include \"dns/a_testing.hpp\"\n",
         nullptr},
    };
    expect_rows(rules(), rows);
}

TEST(CheckSource, HeadersOfOthers) {
    const Source rows[] = {
        {"renames our enumerators", "net/a.cpp", "#include <arpa/nameser.h>\n",
         "use dns/registry.hpp"},
        {"the same, from a test", "net/a_test.cpp", "#include <resolv.h>\n",
         "use dns/registry.hpp"},
        {"sockets in the network layer", "net/a.cpp", "#include <sys/socket.h>\n", nullptr},
        {"sockets in a pure module", "dns/a.cpp", "#include <sys/socket.h>\n", "belongs to net"},
        {"files in a pure module", "config/a.cpp", "#include <fstream>\n", "take text"},
        {"threads in a pure module", "dns/a.hpp", "#include <thread>\n", "belong to server"},
        {"randomness in a pure module", "dns/a.cpp", "#include <random>\n", "take an Rng&"},
        {"files in a test", "dns/a_test.cpp", "#include <fstream>\n", nullptr},
        {"a lock outside base", "dns/a.cpp", "#include <mutex>\n", "inside types of base"},
        {"a lock inside base", "base/a.hpp", "#include <mutex>\n", nullptr},
        {"a library's owner", "config/a.cpp", "#include <boost/json/parse.hpp>\n", nullptr},
        {"a library of another", "dns/a.cpp", "#include <boost/json/parse.hpp>\n",
         "gives boost/json to others"},
        {"time's types", "dns/a.hpp", "#include <chrono>\n", nullptr},
    };
    expect_rows(rules(), rows);
}

TEST(CheckSource, WordsOfPureModules) {
    const Source rows[] = {
        {"asks the clock", "dns/a.cpp", "auto t = std::chrono::steady_clock::now();\n",
         "take the time"},
        {"through an alias", "dns/a.cpp", "auto t = Clock::now();\n", "take the time"},
        {"is told the time", "dns/a.cpp", "void age(Time now) { use(now); }\n", nullptr},
        {"the network has clocks", "net/a.cpp", "auto t = Clock::now();\n", nullptr},
        {"a bench has clocks", "dns/a_bench.cpp", "auto t = Clock::now();\n", nullptr},
        {"the environment", "config/a.cpp", "if (std::getenv(\"HOME\")) {}\n", "as an argument"},
        {"randomness", "dns/a.cpp", "int i = std::rand();\n", "take an Rng&"},
        {"part of a longer word", "dns/a.cpp", "int operand = brand;\n", nullptr},
        {"said in a comment", "dns/a.cpp", "// not Clock::now(): see above\nint a;\n", nullptr},
        {"said in a string", "dns/a.cpp", "say(\"rand \\\" getenv\");\n", nullptr},
        {"after a string", "dns/a.cpp", "say(\"\\\\\"); getenv(x);\n", "as an argument"},
        {"after a character", "dns/a.cpp", "f('\"', '\\''); getenv(x);\n", "as an argument"},
        {"after a number with marks", "dns/a.cpp", "int a = 1'000; getenv(x); int b = 1'0;\n",
         "as an argument"},
        {"after a comment that looks like a string", "dns/a.cpp", "// don't\ngetenv(x);\n",
         "as an argument", 2},
    };
    expect_rows(rules(), rows);
}

}  // namespace
}  // namespace kith::layers
