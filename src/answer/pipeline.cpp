// The one ordered list of stages, and the loop over it.

#include <iterator>

#include "answer/stage.hpp"

namespace kith::answer {
namespace {

constexpr Stage ordered_stages[] = {
    // About the message.
    {"message", false, check_message},  // silence, FORMERR
    {"edns", false, check_edns},        // BADVERS, cookies, NOTIMP
    {"chaos", false, answer_chaos},     // version.bind and its like
    {"type", false, check_type},        // classes and types that are no records
    // About the name, and again about the target of each alias.
    {"rewrites", true, rewrite},             // first, whatever else knows the name
    {"unavailable", true, check_available},  // what we ought to be the authority for, and cannot
    {"zones", true, answer_from_zones},      // what we are the authority for
    {"records", true, answer_from_records},  // single names of the configuration
    {"special", true, answer_special},       // names that must not leak
    {"forward", true, forward},              // cache and upstreams
    {"refuse", true, refuse},                // nobody's: always answers
};
static_assert(std::size(ordered_stages) <= stage_count_max);

constexpr std::size_t first_name_stage = 4;
static_assert(ordered_stages[first_name_stage].answers_names &&
              !ordered_stages[first_name_stage - 1].answers_names);

}  // namespace

std::span<const Stage> stages() { return ordered_stages; }

Verdict run_stages(Exchange& exchange) {
    // Ends: `refuse` never says next, and follow_alias() bounds how often `follow` is said.
    for (std::size_t i = 0;;) {
        const Verdict verdict = ordered_stages[i].handle(exchange);
        exchange.worker.counters.stages[i][static_cast<std::size_t>(verdict)].add();
        if (verdict == Verdict::next) {
            ++i;
        } else if (verdict == Verdict::follow) {
            i = first_name_stage;
        } else {
            return verdict;
        }
    }
}

}  // namespace kith::answer
