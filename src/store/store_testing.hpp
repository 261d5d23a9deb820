#pragma once
// For tests of this module: a folder that goes when the test ends, changes and zones as lines.

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "store/store.hpp"
#include "zone/zone_testing.hpp"

namespace kith::store::test {

class Folder {
public:
    Folder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "kith-store-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        path_ = pattern;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

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
