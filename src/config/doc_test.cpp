// Documents against the program: generated pages, samples, examples, the JSON in docs/*.md.
// KITH_GOLDEN_WRITE=1 rewrites the generated pages.

#include "config/doc.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/describe.hpp"
#include "config/json_reader.hpp"
#include "config/load.hpp"
#include "config/nanodns.hpp"
#include "config/samples.hpp"
#include "config/sections.hpp"

namespace kith::config {
namespace {

std::string read_source(const std::string& path) {
    std::ifstream in(KITH_SOURCE_DIR "/" + path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

void expect_generated(const std::string& path, const std::string& text) {
    if (std::getenv("KITH_GOLDEN_WRITE") != nullptr)
        std::ofstream(KITH_SOURCE_DIR "/" + path, std::ios::binary) << text;
    EXPECT_EQ(read_source(path), text) << path;
}

std::string problems_text(const Problems& problems) {
    std::string out;
    for (const Problem& problem : problems) out += problem.to_text() + '\n';
    return out;
}

/// A sentence for mdoc: `words` as they would be typed, no line that looks like a request.
std::string mdoc_text(std::string_view text) {
    std::string out;
    bool is_open = false;
    for (const char c : text) {
        if (c == '\xc2') continue;
        if (c == '\xa7') {  // the section sign, the one character beyond ASCII
            out += "\\(sc";
        } else if (c == '`') {
            out += is_open ? "\\(cq" : "\\(oq";
            is_open = !is_open;
        } else if (c == '\\') {
            out += "\\e";
        } else {
            if ((c == '.' || c == '\'') && out.empty()) out += "\\&";
            out += c;
        }
    }
    return out;
}

/// kith.json(5): the tables as a man page.
std::string man_page() {
    std::string out =
        ".\\\" Made of the tables in src/config/settings.hpp by the tests (KITH_GOLDEN_WRITE=1); do not "
        "edit.\n"
        ".Dd November 22, 2026\n.Dt KITH.JSON 5\n.Os kith\n.Sh NAME\n.Nm kith.json\n"
        ".Nd configuration of kith\n.Sh DESCRIPTION\n"
        "JSON with comments and, where somebody likes it, a comma after the last item.\n"
        ".Xr kith 1\ntells how the file is found and read again;\n.Ql kith check\n"
        "reports every problem of it.\n"
        "A duration is a number of seconds, or text such as\n.Ql \"250ms\" ,\n.Ql \"5m\"\nor\n"
        ".Ql \"1d\" ;\na size is a number of bytes, or text such as\n.Ql \"64MiB\" .\n"
        "Settings marked\n.Ql restart\ntake effect at the next start, others at once.\n";
    each_section([&](std::string_view path, auto, std::string_view what, const auto& fields) {
        out += fmt::format(".Ss {}\n{}\n.Bl -tag -width indent\n",
                           path.empty() ? "Top level" : path, mdoc_text(what));
        for (const auto& field : fields) {
            const Description words = describe(field);
            out += fmt::format(".It Cm {}\n{}\n.br\nValue: {}{}{}{}.\n", field.key,
                               mdoc_text(field.doc), mdoc_text(words.value),
                               field.need == Need::required ? "; required" : "",
                               words.standard.empty() || field.need == Need::required
                                   ? ""
                                   : "; default: " + mdoc_text(words.standard),
                               field.reload == Reload::restart ? "; restart" : "");
        }
        out += ".El\n";
    });
    return out + ".Sh SEE ALSO\n.Xr kith 1\n";
}

TEST(Documents, GeneratedPagesAreWhatTheProgramPrints) {
    expect_generated("docs/kith.json.5", man_page());
    expect_generated("docs/generated/config.md", doc_markdown());
    expect_generated("docs/generated/config.schema.json", schema_json());
}

/// Counts keys, to see that a text is JSON and not empty.
class Keys final : public JsonEvents {
public:
    void on_object_begin(Offset) override {}
    void on_object_end(Offset) override {}
    void on_list_begin(Offset) override {}
    void on_list_end(Offset) override {}
    void on_key(Offset, std::string_view key) override { keys.emplace_back(key); }
    void on_scalar(Offset, const Scalar&) override {}
    std::vector<std::string> keys;
};

TEST(Documents, SchemaIsJsonWithEveryKey) {
    const std::string schema = schema_json();
    const Lines lines(schema);
    Keys keys;
    EXPECT_FALSE(read_json(schema, lines, keys).has_value());
    for (const char* key : {"server", "upstream_timeout", "soa", "mname", "records", "wildcard",
                            "match", "auto_ptr"}) {
        EXPECT_THAT(keys.keys, testing::Contains(key));
    }
}

TEST(Documents, SamplesAreGood) {
    EXPECT_EQ(problems_text(check_config(home_sample(), "home.json").problems), "");
    // NanoDNS's own sample asks for what is not served yet, and names a server it gives no address.
    EXPECT_EQ(problems_text(check_config(nanodns_sample(), "n.json").problems),
              "n.json:18:5: warning: mgmt_port: read and checked, but not served yet\n"
              "n.json:34:9: warning: name server ns1.internal.lan. has no address; add an A or "
              "AAAA record\n");
    EXPECT_EQ(nanodns_sample(), read_source("examples/nanodns.json"));
}

TEST(Documents, ExampleIsGood) {
    EXPECT_EQ(problems_text(check_config(read_source("examples/home.json"), "home.json").problems),
              "");
}

/// Every ```json block of our pages is a whole configuration that loads without a problem.
TEST(Documents, ConfigurationsInPagesAreGood) {
    int blocks = 0;
    for (const char* page : {"docs/config.md", "docs/nanodns.md"}) {
        const std::string text = read_source(page);
        constexpr std::string_view opening = "```json\n";
        for (std::size_t at = text.find(opening); at != text.npos;
             at = text.find(opening, at + 1)) {
            const std::size_t start = at + opening.size();
            const std::string block = text.substr(start, text.find("```", start) - start);
            EXPECT_EQ(problems_text(check_config(block, page).problems), "") << block;
            ++blocks;
        }
    }
    EXPECT_EQ(blocks, 7);
}

TEST(DocText, ExplainsOneKeyOrNamesTheNearest) {
    EXPECT_EQ(*doc_text("workers"),
              "workers (server)\n    Threads that answer; 0 is one for each processor.\n"
              "    value:   number 0..256\n    default: 0\n    reload:  restart\n");
    EXPECT_EQ(*doc_text("server.workers"), *doc_text("workers"));
    EXPECT_NE(*doc_text("transfer.zonemd"), *doc_text("zonemd")) << "signing has one too";
    EXPECT_EQ(*doc_text("zones.<name>.transfer.zonemd"), *doc_text("transfer.zonemd"));
    EXPECT_EQ(doc_text("worker").error(), "no setting is called 'worker'; did you mean 'workers'?");
    EXPECT_EQ(doc_text("primary").error(),
              "no setting is called 'primary'; did you mean 'primaries'?");
    EXPECT_EQ(doc_text("wrokshop").error(),
              "no setting is called 'wrokshop'; `kith config doc` lists them");
}

TEST(NanodnsCheck, PrintsNanodnsBlock) {
    const Loaded loaded = load_config(nanodns_sample(), "nanodns.json");
    EXPECT_EQ(nanodns_check_text(loaded.config, "nanodns.json"),
              "✓ Config valid: nanodns.json\n"
              "  Records        : 6\n"
              "  Rewrites       : 2\n"
              "  Zones          : 1\n"
              "  Bind           : 0.0.0.0:53\n"
              "  Upstream       : [\"8.8.8.8\", \"1.1.1.1\"] timeout=3s port=53\n"
              "  Cache          : enabled=true ttl=300s size=1000\n"
              "  Hot-reload     : true\n"
              "  Config version : 1\n"
              "  Mgmt API       : 0.0.0.0:9053\n");
}

TEST(NanodnsCheck, PrintsPeersOnlyWhereThereAreSome) {
    const Loaded loaded =
        load_config(R"({"server": {"peers": ["10.0.0.2:9053", "n3:9053"], "mgmt_port": 0}})", "f");
    const std::string text = nanodns_check_text(loaded.config, "f");
    EXPECT_THAT(text, testing::EndsWith("  Mgmt API       : disabled\n"
                                        "  Peers          : [\"10.0.0.2:9053\", \"n3:9053\"]\n"));
}

TEST(NanodnsReason, SaysItInNanodnsWords) {
    struct Row {
        const char* why;
        std::string_view text, expected;
    };
    const Row rows[] = {
        {"not an IPv4 address", R"({"records": [{"name": "a.lan", "type": "A", "value": "x"}]})",
         "Record 'a.lan': invalid IPv4 'x'"},
        {"not an IPv6 address",
         R"({"records": [{"name": "b.lan", "type": "AAAA", "value": "10.0.0.1"}]})",
         "Record 'b.lan': invalid IPv6 '10.0.0.1'"},
        {"syntax", "{", "Cannot parse config: n.json"},
        {"a type that does not fit", R"({"server": {"port": "53"}})",
         "Cannot parse config: n.json"},
        {"only a warning", R"({"server": {"prot": 53}})", ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const Checked checked = check_config(row.text, "n.json");
        EXPECT_EQ(nanodns_reason(checked.config, checked.problems, "n.json"), row.expected);
    }
    EXPECT_EQ(nanodns_unreadable("n.json"), "Cannot read config: n.json");
}

}  // namespace
}  // namespace kith::config
