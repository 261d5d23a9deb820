#pragma once
// Rewrites: names that are blocked or redirected before anything else is asked.
//
// The rules of the configuration's `rewrites`, in its order: the first rule that matches wins.
// A lookup is a probe for the name, one for its parent, and one more per label count that a rule
// of any depth has: the number of rules does not matter. Immutable once in a snapshot.

#include <cstdint>
#include <optional>
#include <vector>

#include "answer/name_table.hpp"
#include "base/ip_address.hpp"

namespace kith::answer {

enum class RewriteAction : std::uint8_t {
    nxdomain,  // the name does not exist
    nodata,    // it exists and has nothing
    refuse,    // REFUSED
    redirect,  // it has these addresses and nothing else
};

/// Which names a rule means.
enum class RewriteReach : std::uint8_t {
    exact,      // the name itself
    one_label,  // `*.x` by default: x and the names exactly one label below it
    any_depth,  // `*.x` when configured so: x and everything below
};

struct RewriteRule {
    RewriteAction action = RewriteAction::nxdomain;
    RewriteReach reach = RewriteReach::exact;
    std::optional<std::array<std::uint8_t, 4>> v4{};   // redirect: the answer to A
    std::optional<std::array<std::uint8_t, 16>> v6{};  // redirect: the answer to AAAA
};

class Rewrites {
public:
    /// Adds a rule behind those there are. `name` is the pattern without its `*.`.
    void add(dns::NameView name, const RewriteRule& rule);

    bool empty() const { return rules_.empty(); }
    std::size_t size() const { return rules_.size(); }

    struct Match {
        const RewriteRule* rule = nullptr;
        int labels = 0;  // of the pattern's name, root included
        explicit operator bool() const { return rule != nullptr; }
    };
    /// The first rule in order that means `name`.
    Match find(const dns::LookupName& name) const;

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    /// The first rule of each reach for one name, as indexes into rules_.
    struct ByReach {
        std::uint32_t first[3] = {none, none, none};
    };

    NameTable<ByReach> names_;
    std::vector<RewriteRule> rules_;
    bool any_depth_ = false;
};

}  // namespace kith::answer
