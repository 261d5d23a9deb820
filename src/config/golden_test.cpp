// Every file of tests/golden/config: a configuration, a line `---`, then what comes of it: its
// problems, and unless one is an error the plan. KITH_GOLDEN_WRITE=1 rewrites the results.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/dump.hpp"
#include "config/load.hpp"
#include "dns/rdata.hpp"

namespace kith::config {
namespace {

constexpr std::string_view separator = "---\n";

std::string record_text(const PlannedRecord& record) {
    return fmt::format("  {} {} {} {}{}{}\n", record.owner.to_text(), record.ttl,
                       dns::type_name(record.type),
                       dns::rdata_to_text(record.type, dns::RrClass::IN, record.rdata),
                       record.match == Match::one_label ? " (one label)" : "",
                       record.maker == Maker::automatic ? " (automatic)" : "");
}

std::string records_text(const RecordList& records) {
    std::string out;
    for (std::size_t i = 0; i < records.size(); ++i) out += record_text(records[i]);
    return out;
}

std::string plan_text(const Plan& plan) {
    std::string out;
    for (const PlannedZone& zone : plan.zones) {
        const std::string file = zone.file.empty() ? "" : " from " + zone.file;
        out += fmt::format("zone {}{}\n{}", zone.apex.to_text(), file, records_text(zone.records));
    }
    if (!plan.overlay.empty()) out += "overlay\n" + records_text(plan.overlay);
    constexpr std::string_view reaches[] = {"", " and one label below", " and all below"};
    for (const PlannedRewrite& rewrite : plan.rewrites) {
        out += fmt::format("rewrite {}{}:", rewrite.name().to_text(),
                           reaches[static_cast<int>(rewrite.reach)]);
        out += rewrite.action == RewriteAction::nxdomain ? " nxdomain" : "";
        for (const IpAddress& address : rewrite.addresses) out += ' ' + address.to_text();
        out += '\n';
    }
    for (const PlannedForward& forward : plan.forward) {
        out += fmt::format("forward {}:", forward.domain.to_text());
        for (const Endpoint& upstream : forward.upstream) out += ' ' + upstream.to_text();
        out += '\n';
    }
    return out;
}

std::string result_text(std::string_view input) {
    const Checked checked = check_config(input, "config.json");
    std::string out;
    for (const Problem& problem : checked.problems) out += problem.to_text() + '\n';
    return has_errors(checked.problems) ? out : out + plan_text(checked.plan);
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

class Golden : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Golden, Config) {
    const std::string whole = read_file(GetParam());
    const std::size_t at = whole.rfind("\n---\n") + 1;
    ASSERT_NE(at, 0U) << "no line '---' in " << GetParam();
    const std::string input = whole.substr(0, at);
    const std::string result = result_text(input);
    if (std::getenv("KITH_GOLDEN_WRITE") != nullptr) {
        std::ofstream(GetParam(), std::ios::binary) << input << separator << result;
    }
    EXPECT_EQ(whole.substr(at + separator.size()), result);
}

TEST_P(Golden, SurvivesDumpAndLoad) {
    const std::string whole = read_file(GetParam());
    const Loaded first = load_config(whole.substr(0, whole.rfind("\n---\n") + 1), "config.json");
    const std::string dumped = dump_config(first.config);
    const Loaded again = load_config(dumped, "dump.json");
    EXPECT_FALSE(has_errors(again.problems)) << dumped;
    EXPECT_EQ(dump_config(again.config), dumped);
}

std::vector<std::filesystem::path> golden_files() {
    std::vector<std::filesystem::path> out;
    for (const auto& entry :
         std::filesystem::directory_iterator(KITH_SOURCE_DIR "/tests/golden/config")) {
        if (entry.path().extension() == ".golden") out.push_back(entry.path());
    }
    std::ranges::sort(out);
    return out;
}

std::string test_name(const testing::TestParamInfo<std::filesystem::path>& info) {
    std::string name = info.param.stem().string();
    std::ranges::replace(name, '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(golden_files()), test_name);

}  // namespace
}  // namespace kith::config
