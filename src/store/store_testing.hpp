#pragma once
// For tests of this module: changes and zones as lines.

#include <string>

#include "base/temporary_folder_testing.hpp"
#include "store/store.hpp"
#include "zone/zone_testing.hpp"

namespace kith::store::test {

inline ZoneChange change(std::uint32_t from, std::uint32_t to,
                         std::initializer_list<std::string_view> removed,
                         std::initializer_list<std::string_view> added) {
    return {zone::test::name("example."), from, to, zone::test::records(removed),
            zone::test::records(added)};
}

/// One line a record, "- " or "+ " in front.
inline std::vector<std::string> lines(const ZoneChange& change) {
    std::vector<std::string> out;
    const auto add = [&out](char sign, const std::vector<zone::Record>& records) {
        for (const zone::Record& record : records) {
            out.push_back(std::string(1, sign) + ' ' + record.owner.to_text() + ' ' +
                          std::to_string(record.ttl) + ' ' + dns::type_name(record.type) + ' ' +
                          dns::rdata_to_text(record.type, dns::RrClass::IN, record.rdata));
        }
    };
    add('-', change.removed);
    add('+', change.added);
    return out;
}

}  // namespace kith::store::test
