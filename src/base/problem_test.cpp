#include "base/problem.hpp"

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Problem, SaysWhereAsFarAsItIsKnown) {
    EXPECT_EQ((Problem{"a.json", 3, 5, "bad", Severity::error}.to_text()),
              "a.json:3:5: error: bad");
    EXPECT_EQ((Problem{"a.json", 3, 0, "bad", Severity::warning}.to_text()),
              "a.json:3: warning: bad");
    EXPECT_EQ((Problem{"a.json", 0, 0, "bad", Severity::error}.to_text()), "a.json: error: bad");
    EXPECT_EQ((Problem{"", 3, 0, "bad", Severity::error}.to_text()), "line 3: error: bad");
    EXPECT_EQ((Problem{"", 0, 0, "bad", Severity::error}.to_text()), "error: bad");
}

TEST(Problem, SendsNoControlsToATerminal) {
    EXPECT_EQ((Problem{"\x1b]0;x\x07", 1, 0, "cannot read \x1b[2J\x7f, caf\u00e9", Severity::error}
                   .to_text()),
              "\\x1b]0;x\\x07:1: error: cannot read \\x1b[2J\\x7f, caf\u00e9");
}

}  // namespace
}  // namespace kith
