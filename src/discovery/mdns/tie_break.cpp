#include "discovery/mdns/tie_break.hpp"

#include <algorithm>
#include <compare>

namespace kith::discovery::mdns {
namespace {

std::strong_ordering compare(const Proposal& a, const Proposal& b) {
    if (const auto order = a.klass <=> b.klass; order != 0) return order;
    if (const auto order = a.type <=> b.type; order != 0) return order;
    return std::lexicographical_compare_three_way(a.rdata.begin(), a.rdata.end(), b.rdata.begin(),
                                                  b.rdata.end());
}

bool earlier(const Proposal& a, const Proposal& b) { return compare(a, b) < 0; }

}  // namespace

Tie break_tie(std::vector<Proposal> ours, std::vector<Proposal> theirs) {
    std::ranges::sort(ours, earlier);
    std::ranges::sort(theirs, earlier);
    const auto order = std::lexicographical_compare_three_way(
        ours.begin(), ours.end(), theirs.begin(), theirs.end(), compare);
    if (order == 0) return Tie::same;
    return order > 0 ? Tie::ours_wins : Tie::theirs_wins;
}

}  // namespace kith::discovery::mdns
