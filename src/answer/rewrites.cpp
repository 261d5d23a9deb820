#include "answer/rewrites.hpp"

namespace kith::answer {

void Rewrites::add(dns::NameView name, const RewriteRule& rule) {
    std::uint32_t& first = names_[name].first[static_cast<std::size_t>(rule.reach)];
    // A later rule for the same names can never be the first to match.
    if (first != none) return;
    first = static_cast<std::uint32_t>(rules_.size());
    rules_.push_back(rule);
    any_depth_ = any_depth_ || rule.reach == RewriteReach::any_depth;
}

Rewrites::Match Rewrites::find(const dns::LookupName& name) const {
    if (rules_.empty()) return {};
    std::uint32_t best = none;
    int best_labels = 0;
    const auto consider = [&](int labels, RewriteReach least) {
        const ByReach* const found = names_.find(name, labels);
        if (found == nullptr) return;
        for (auto reach = static_cast<std::size_t>(least); reach < 3; ++reach) {
            if (found->first[reach] >= best) continue;
            best = found->first[reach];
            best_labels = labels;
        }
    };
    const int labels = name.label_count();
    consider(labels, RewriteReach::exact);
    if (labels > 1) consider(labels - 1, RewriteReach::one_label);
    if (any_depth_) {
        for (int above = labels - 2; above > 0; --above) consider(above, RewriteReach::any_depth);
    }
    if (best == none) return {};
    return {&rules_[best], best_labels};
}

}  // namespace kith::answer
