#include "base/check.hpp"
#include "config/plan.hpp"

namespace kith::config {

PlannedRecord RecordList::operator[](std::size_t index) const {
    const Row& row = rows_[index];
    const Bytes bytes(bytes_);
    return {dns::NameView::unchecked(bytes.subspan(row.start, row.owner_size)),
            row.type,
            row.ttl,
            bytes.subspan(row.start + row.owner_size, row.rdata_size),
            row.match,
            row.maker,
            row.at};
}

void RecordList::add(const PlannedRecord& record) {
    KITH_CHECK(record.rdata.size() <= dns::rdata_bytes_max);
    const Bytes owner = record.owner.wire();
    rows_.push_back({bytes_.size(), record.ttl, record.at,
                     static_cast<std::uint16_t>(record.rdata.size()), record.type,
                     static_cast<std::uint8_t>(owner.size()), record.match, record.maker});
    bytes_.insert(bytes_.end(), owner.begin(), owner.end());
    bytes_.insert(bytes_.end(), record.rdata.begin(), record.rdata.end());
}

void RecordList::remove(const std::vector<bool>& doomed) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (!doomed[i]) rows_[kept++] = rows_[i];
    }
    rows_.resize(kept);
}

}  // namespace kith::config
