#include "dnssec/canonical.hpp"

#include <algorithm>

#include "dns/rdata.hpp"

namespace kith::dnssec {
namespace {

bool bytes_less(Bytes a, Bytes b) { return std::ranges::lexicographical_compare(a, b); }

}  // namespace

Bytes Canonicalizer::rrset(const CanonicalHead& head, const zone::RrSetView& rrset) {
    rdata_.clear();
    order_.clear();
    for (const Bytes rdata : rrset) add(head.type, rdata);
    return write(head);
}

Bytes Canonicalizer::rrset(const CanonicalHead& head, std::span<const Bytes> rdatas) {
    rdata_.clear();
    order_.clear();
    for (const Bytes rdata : rdatas) add(head.type, rdata);
    return write(head);
}

void Canonicalizer::add(RrType type, Bytes rdata) {
    const std::size_t at = rdata_.size();
    rdata_.insert(rdata_.end(), rdata.begin(), rdata.end());
    dns::canonicalize_rdata(type, MutableBytes(rdata_).subspan(at));
    order_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(rdata.size())});
}

Bytes Canonicalizer::write(const CanonicalHead& head) {
    const auto bytes = [this](const Place& place) {
        return Bytes(rdata_).subspan(place.at, place.size);
    };
    if (order_.size() > 1) {
        std::ranges::sort(order_, bytes_less, bytes);
        const auto [first, last] = std::ranges::unique(order_, std::ranges::equal, bytes);
        order_.erase(first, last);
    }
    out_.clear();
    std::uint8_t fixed[10];
    store_u16(fixed, static_cast<std::uint16_t>(head.type));
    store_u16(fixed + 2, static_cast<std::uint16_t>(head.klass));
    store_u32(fixed + 4, head.ttl);
    for (const Place& place : order_) {
        const Bytes owner = head.owner.wire();
        const Bytes rdata = bytes(place);
        store_u16(fixed + 8, static_cast<std::uint16_t>(place.size));
        out_.insert(out_.end(), owner.begin(), owner.end());
        out_.insert(out_.end(), fixed, fixed + sizeof fixed);
        out_.insert(out_.end(), rdata.begin(), rdata.end());
    }
    return out_;
}

}  // namespace kith::dnssec
