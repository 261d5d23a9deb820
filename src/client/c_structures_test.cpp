#include "client/c_structures.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace kith::client {
namespace {

/// kith_service as it was before `name_only` came.
struct OldService {
    std::size_t size;
    const char *instance, *type;
    const char *domain, *host;
    std::uint16_t port, priority, weight;
    const char* const* subtypes;
    const char* const* txt;
    int no_rename;
};

kith_service service() {
    kith_service out{};
    out.size = sizeof out;
    out.instance = "Web";
    out.type = "_http._tcp";
    return out;
}

TEST(CStructures, AnOlderServiceHasNoNewerMembers) {
    std::string why;
    kith_service filled;
    std::memset(&filled, 0xff,
                sizeof filled);  // what an older caller's padding may hold, and what follows
    const kith_service good = service();
    std::memcpy(&filled, &good, sizeof(OldService));
    std::memset(reinterpret_cast<char*>(&filled) + offsetof(OldService, no_rename) + sizeof(int),
                0xff, sizeof filled - offsetof(OldService, no_rename) - sizeof(int));
    filled.size = sizeof(OldService);
    const auto old = read_service(&filled, why);
    ASSERT_TRUE(old) << why;
    EXPECT_EQ(old->instance, "Web");
    EXPECT_TRUE(old->may_rename);
    EXPECT_FALSE(old->name_only);
    filled.size = sizeof filled;
    EXPECT_TRUE(read_service(&filled, why)->name_only);
}

TEST(CStructures, AServiceWithoutASizeIsRefused) {
    std::string why;
    EXPECT_FALSE(read_service(nullptr, why));
    kith_service small = service();
    small.size = 0;
    EXPECT_FALSE(read_service(&small, why));
    EXPECT_EQ(why, "expected a kith_service whose size member is sizeof(kith_service)");
    small = service();
    const char* const txt[] = {"=no key", nullptr};
    small.txt = txt;
    EXPECT_FALSE(read_service(&small, why));
    EXPECT_EQ(why, "expected TXT as key=value or key, at most 255 bytes");
}

TEST(CStructures, OptionsAreReadAsFarAsTheyGo) {
    const char* const interfaces[] = {"eth*", nullptr};
    kith_options options{};
    options.interfaces = interfaces;
    options.family = KITH_FAMILY_IPV6;
    options.server = "192.0.2.53";
    options.host_name = "nas";
    options.backend = KITH_BACKEND_NONE;
    struct Row {
        std::size_t size;
        int read;  // members from the first on
        const char* why;
    };
    const Row rows[] = {
        {0, 0, "no size: nothing is believed"},
        {offsetof(kith_options, interfaces), 0, "the size alone"},
        {offsetof(kith_options, interfaces) + 1, 0, "a part of a member"},
        {offsetof(kith_options, family), 1, "interfaces"},
        {offsetof(kith_options, family) + sizeof(int), 2, "without the padding behind it"},
        {offsetof(kith_options, host_name), 3, "server"},
        {offsetof(kith_options, backend), 4, "host_name"},
        {offsetof(kith_options, backend) + sizeof(int), 5, "all members"},
        {sizeof options, 5, "all"},
        {sizeof options + 64, 5, "a newer caller's"},
    };
    for (const Row& row : rows) {
        options.size = row.size;
        const Options out = read_options(&options);
        EXPECT_EQ(!out.interfaces.empty(), row.read > 0) << row.why;
        EXPECT_EQ(out.family, row.read > 1 ? Family::ipv6 : Family::any) << row.why;
        EXPECT_EQ(!out.servers.empty(), row.read > 2) << row.why;
        EXPECT_EQ(out.host_name, row.read > 3 ? "nas" : "") << row.why;
        EXPECT_EQ(out.backend, row.read > 4 ? Backend::none : Backend::automatic) << row.why;
    }
    EXPECT_EQ(read_options(nullptr).backend, Backend::automatic);
}

}  // namespace
}  // namespace kith::client
