#include <algorithm>

#include "dnssec/signing_pass.hpp"
#include "dnssec/type_bitmap.hpp"

namespace kith::dnssec {
namespace {

using zone::NodeView;

/// NSEC from each name to the next: written when the next is known.
class NsecWriter {
public:
    explicit NsecWriter(SigningPass& pass) : pass_(pass) {}

    void visit(NodeView node, Standing standing) {
        pass_.remove_denial(node, RrType::NSEC3);
        if (!has_nsec(standing)) return pass_.remove_denial(node, RrType::NSEC);
        if (last_) pass_.write_nsec(last_, last_standing_, node, Fresh::all());
        last_ = node;
        last_standing_ = standing;
    }
    void finish() {
        pass_.write_nsec(last_, last_standing_, pass_.zone().apex_node(), Fresh::all());
    }

private:
    SigningPass& pass_;
    NodeView last_;
    Standing last_standing_ = Standing::absent;
};

/// NSEC3s in the order of hashes: written when all names are known.
class Nsec3Writer {
public:
    explicit Nsec3Writer(SigningPass& pass) : pass_(pass) {}

    void visit(NodeView node, Standing standing);
    /// The names of the first two of one hash, if there are any.
    const Nsec3Hash* finish();

private:
    struct Entry {
        Nsec3Hash hash;
        std::uint32_t bitmap_at;
        std::uint32_t bitmap_bytes;
    };
    bool is_wanted(NodeView node) const;

    SigningPass& pass_;
    std::vector<Entry> entries_;
    std::vector<std::uint8_t> bitmaps_;
    std::vector<NodeView> old_;  // with NSEC3s of an earlier signing
};

void Nsec3Writer::visit(NodeView node, Standing standing) {
    pass_.remove_denial(node, RrType::NSEC);
    const zone::RrSetView rrsigs = node.find(RrType::RRSIG);
    if (node.find(RrType::NSEC3) || (rrsigs && !has_data(node))) old_.push_back(node);
    if (!pass_.has_nsec3(standing)) return;
    const std::size_t at = bitmaps_.size();
    append_type_bitmap(pass_.shown_types(node, standing), bitmaps_);
    entries_.push_back({pass_.state().hasher.hash(node.owner(pass_.zone().apex())),
                        static_cast<std::uint32_t>(at),
                        static_cast<std::uint32_t>(bitmaps_.size() - at)});
}

bool Nsec3Writer::is_wanted(NodeView node) const {
    const NameView apex = pass_.zone().apex();
    const auto hash = nsec3_hash_of(node.owner(apex), apex);
    return hash && std::ranges::binary_search(entries_, *hash, {}, &Entry::hash);
}

const Nsec3Hash* Nsec3Writer::finish() {
    std::ranges::sort(entries_, {}, &Entry::hash);
    const auto twice = std::ranges::adjacent_find(entries_, {}, &Entry::hash);
    if (twice != entries_.end()) return &twice->hash;
    for (const NodeView node : old_) {
        if (!is_wanted(node)) pass_.remove_denial(node, RrType::NSEC3);
    }
    for (std::size_t i = 0; i < entries_.size() && !pass_.error(); ++i) {
        const Entry& entry = entries_[i];
        const Nsec3Hash& next = entries_[(i + 1) % entries_.size()].hash;
        const Bytes bitmap = Bytes(bitmaps_).subspan(entry.bitmap_at, entry.bitmap_bytes);
        pass_.write_nsec3(entry.hash, pass_.make_nsec3(next, bitmap), Fresh::all());
    }
    return nullptr;
}

template <class Writer>
void sign_names(SigningPass& pass, Writer& chain) {
    for (zone::Cursor at = pass.zone().first(); at && !pass.error(); at.next()) {
        const NodeView node = at.node();
        const Standing standing = standing_of(pass.zone(), node);
        pass.sign_data(node, standing, Fresh::all());
        chain.visit(node, standing);
    }
}

}  // namespace

void sign_whole(SigningPass& pass) {
    Fresh fresh = Fresh::all();
    pass.write_made_sets(fresh);
    if (pass.policy().denial == Denial::nsec) {
        NsecWriter chain(pass);
        sign_names(pass, chain);
        if (!pass.error()) chain.finish();
        return;
    }
    Nsec3Writer chain(pass);
    sign_names(pass, chain);
    if (pass.error()) return;
    if (const Nsec3Hash* const twice = chain.finish()) {
        pass.fail(
            {SignFault::hash_collision, nsec3_owner(*twice, pass.zone().apex()), RrType::NSEC3});
    }
}

}  // namespace kith::dnssec
