// Any bytes as a configuration. Never crashes; problems stand inside the text; what loads prints
// itself and loads again as the same; what is JSON to us is JSON to Boost.JSON, and the reverse.

#include <cstdint>
#include <string_view>

#include <boost/json.hpp>

#include "config/dump.hpp"
#include "config/json_reader.hpp"
#include "config/load.hpp"
#include "support.hpp"

namespace {

using namespace kith::config;

using kith::fuzz::must;

class Nothing final : public JsonEvents {
public:
    void on_object_begin(Offset) override {}
    void on_object_end(Offset) override {}
    void on_list_begin(Offset) override {}
    void on_list_end(Offset) override {}
    void on_key(Offset, std::string_view) override {}
    void on_scalar(Offset, const Scalar&) override {}
};

/// The second opinion. Not asked where Boost.JSON 1.81 is known to differ: it takes no byte order
/// mark, ends no comment at `**/`, and refuses huge exponents, which we never evaluate.
void compare_with_boost(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf") || text.find("**") != text.npos) return;
    const Lines lines(text);
    Nothing nothing;
    const auto refused = read_json(text, lines, nothing);
    if (refused && refused->text.find("at most") != std::string::npos) return;  // a bound of ours
    boost::json::parse_options options;
    options.allow_comments = true;
    options.allow_trailing_commas = true;
    boost::system::error_code error;
    boost::json::parse(text, error, {}, options);
    if (error == boost::json::error::exponent_overflow) return;
    must(refused.has_value() == bool(error));
}

void check_problems(const Checked& checked, std::string_view text) {
    for (const kith::Problem& problem : checked.problems) {
        must(!problem.text.empty());
        if (problem.line == 0) continue;  // the note that there are more
        must(problem.line <= text.size() + 1 && problem.column <= text.size() + 1);
    }
}

void check_round_trip(const Checked& checked) {
    const std::string dumped = dump_config(checked.config);
    const Checked again = check_config(dumped, "dump");
    must(dump_config(again.config) == dumped);
    // What was wrong stays wrong only in the plan's part: values that did not load are gone.
    if (has_errors(checked.problems)) return;
    must(!has_errors(again.problems));
    must(again.plan.zones.size() == checked.plan.zones.size());
    must(again.plan.overlay.size() == checked.plan.overlay.size());
    must(again.plan.rewrites.size() == checked.plan.rewrites.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 65536) return 0;  // larger ones find nothing new, only slower
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Checked checked = check_config(text, "fuzz");
    check_problems(checked, text);
    check_round_trip(checked);
    compare_with_boost(text);
    return 0;
}
