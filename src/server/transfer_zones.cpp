#include "server/transfer_zones.hpp"

namespace kith::server {
namespace {

std::string key_of(dns::NameView apex) {
    return std::string(as_text(dns::Name(apex).lowered().wire()));
}

}  // namespace

TransferZones::TransferZones(std::vector<TransferZone> zones) {
    auto index = std::make_shared<Index>();
    std::vector<std::shared_ptr<const TransferZone>> all;
    for (TransferZone& zone : zones) {
        if (!index->emplace(key_of(zone.apex), all.size()).second) continue;
        all.push_back(std::make_shared<const TransferZone>(std::move(zone)));
    }
    zones_ = SharedVector<std::shared_ptr<const TransferZone>>(std::move(all));
    index_ = std::move(index);
}

const TransferZone* TransferZones::find(dns::NameView apex) const {
    if (index_ == nullptr) return nullptr;
    const auto found = index_->find(key_of(apex));
    return found == index_->end() ? nullptr : zones_[found->second].get();
}

void TransferZones::put(TransferZone zone) {
    const std::string key = key_of(zone.apex);
    auto value = std::make_shared<const TransferZone>(std::move(zone));
    if (index_ != nullptr) {
        if (const auto found = index_->find(key); found != index_->end()) {
            zones_.set(found->second, std::move(value));
            return;
        }
    }
    auto index = index_ == nullptr ? std::make_shared<Index>() : std::make_shared<Index>(*index_);
    index->emplace(key, zones_.size());
    zones_.push_back(std::move(value));
    index_ = std::move(index);
}

void TransferZones::erase(dns::NameView apex) {
    if (find(apex) == nullptr) return;
    auto index = std::make_shared<Index>(*index_);
    const auto found = index->find(key_of(apex));
    zones_.set(found->second, nullptr);  // its place stays empty until the next reload
    index->erase(found);
    index_ = std::move(index);
}

}  // namespace kith::server
