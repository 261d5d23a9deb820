#include "zone/lineage.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "zone/name_index.hpp"
#include "zone/order_tree.hpp"

namespace kith::zone {
namespace {

// Below this much a zone is not worth tidying up.
constexpr std::size_t worn_bytes_min = std::size_t{1} << 20;
// made_by has 31 bits.
constexpr std::uint32_t version_max = 0x7ffffff0U;

}  // namespace

std::uint32_t Lineage::begin_version() {
    versions_.push_back({++last_number_, {}});
    return last_number_;
}

bool Lineage::is_newest(std::uint32_t version) const {
    return !versions_.empty() && versions_.back().number == version;
}

bool Lineage::is_worn() const {
    if (last_number_ >= version_max) return true;
    return slab_.free_bytes() > worn_bytes_min && slab_.free_bytes() > slab_.reserved_bytes() / 2;
}

void Lineage::retire(std::uint8_t* at, std::size_t bytes, Slab::Align align,
                     std::uint32_t made_by) {
    KITH_CHECK(versions_.size() >= 2);
    const bool is_page = align == Slab::Align::page;
    versions_[versions_.size() - 2].retired.push_back(
        {at, static_cast<std::uint32_t>(bytes), made_by & 0x7fffffffU, is_page ? 1U : 0U});
}

void Lineage::free(const Retired& object) {
    slab_.free(object.at, object.bytes,
               object.is_page != 0 ? Slab::Align::page : Slab::Align::node);
}

void Lineage::release(std::uint32_t version, const NameIndex& index, const OrderTree& order) {
    const auto dead = std::ranges::find(versions_, version, &Version::number);
    KITH_CHECK(dead != versions_.end());
    if (versions_.size() == 1) return;  // the slab goes with the lineage
    const std::uint32_t before = dead == versions_.begin() ? 0 : std::prev(dead)->number;
    if (std::next(dead) == versions_.end()) {
        index.free_newer_than(before, slab_);
        order.free_newer_than(before, slab_);
        std::prev(dead)->retired.clear();
        versions_.erase(dead);
        return;
    }
    for (const Retired& object : dead->retired) {
        if (object.made_by > before) {
            free(object);
        } else {
            std::prev(dead)->retired.push_back(object);
        }
    }
    versions_.erase(dead);
}

}  // namespace kith::zone
