#include "server/hickory_import.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "store/hickory_journal.hpp"
#include "zone/builder.hpp"
#include "zone/missing_records.hpp"

namespace kith::server {
namespace {

std::vector<zone::Record> records_of(const zone::Zone& zone) {
    std::vector<zone::Record> out;
    zone.for_each_in_order([&out](const dns::Name& owner, zone::NodeView node) {
        zone::append_missing(owner, node, {}, out);
    });
    return out;
}

}  // namespace

Result<zone::ZoneChange, std::string> hickory_import(const zone::Zone& from_file,
                                                     const std::string& path) {
    const dns::Name apex(from_file.apex());
    zone::ZoneChange nothing{apex, from_file.serial(), from_file.serial(), {}, {}};
    if (!std::filesystem::exists(path)) return nothing;
    const auto records = store::replay_hickory_journal(path, apex, records_of(from_file));
    if (!records) return std::unexpected(records.error().text);
    zone::ZoneBuilder builder(apex);
    for (const zone::Record& record : *records) {
        if (!builder.add(record.owner, record.type, record.ttl, record.rdata)) {
            return std::unexpected(fmt::format("{}: a record of {} cannot be in this zone", path,
                                               record.owner.to_text()));
        }
    }
    const zone::BuiltZone built = builder.finish();
    if (!built.zone) return std::unexpected(fmt::format("{}: what it holds makes no zone", path));
    return zone::difference(from_file, *built.zone);
}

}  // namespace kith::server
