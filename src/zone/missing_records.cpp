#include "zone/missing_records.hpp"

#include <algorithm>

namespace kith::zone {
namespace {

/// Looks for records of one RRset in another version of it.
class Search {
public:
    Search(const RrSetView& rrset, const RrSetView& there) : rrset_(rrset), there_(there) {
        if (!there) return;
        rdatas_.reserve(there.count());
        for (const Bytes rdata : there) rdatas_.push_back(rdata);
    }

    /// Both are in the same order but for what differs: the record is most often where the last
    /// one found was, or next to it.
    bool finds(Bytes rdata, int index) {
        for (std::size_t tries = 0; tries < rdatas_.size(); ++tries) {
            const std::size_t at = (next_ + tries) % rdatas_.size();
            if (!std::ranges::equal(rdatas_[at], rdata)) continue;
            next_ = at + 1;
            return there_.record_ttl(rdata) == rrset_.record_ttl(rdata) &&
                   there_.provenance(static_cast<int>(at)) == rrset_.provenance(index);
        }
        return false;
    }

private:
    RrSetView rrset_;
    RrSetView there_;
    std::vector<Bytes> rdatas_;
    std::size_t next_ = 0;
};

}  // namespace

void append_missing(const Name& owner, NodeView node, NodeView other, std::vector<Record>& out) {
    if (!node) return;
    for (const RrSetView rrset : node.rrsets()) {
        Search search(rrset, other ? other.find(rrset.type()) : RrSetView());
        int index = 0;
        for (const Bytes rdata : rrset) {
            if (!search.finds(rdata, index)) {
                out.push_back({owner,
                               rrset.type(),
                               rrset.record_ttl(rdata),
                               {rdata.begin(), rdata.end()},
                               rrset.provenance(index)});
            }
            ++index;
        }
    }
}

}  // namespace kith::zone
