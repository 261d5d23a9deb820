// Signed zones as reloads and restarts meet them.

#include <arpa/inet.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/system.hpp"
#include "server/limits.hpp"
#include "server/managed_keys.hpp"
#include "server/record_zones_testing.hpp"
#include "store/database.hpp"

namespace kith::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr UnixTime day = 86400;

class SignedReloads : public Reloads {
protected:
    enum class Parent : std::uint8_t { may_have_ds, has_ds, has_none };

    /// A month ago the zone a. was signed here for the first time.
    void sign_before(Parent parent) {
        auto store = store::Store::open((folder_ / "kith-state").string(), store::Access::own);
        ASSERT_TRUE(store.has_value());
        auto keys = ManagedKeys::open(*store, *dns::Name::from_text("a."), {});
        ASSERT_TRUE(keys.has_value());
        ManagedKeys& made = **keys;
        Clocks clocks{net::unix_now() - 30 * day, {}};
        for (int days = 0; days < 20; ++days) {
            EXPECT_TRUE(made.advance(clocks).has_value());
            if (parent == Parent::has_none) return;
            EXPECT_TRUE(made.on_served(clocks).has_value());
            EXPECT_TRUE(made.on_signed(made.manager().signing_generation(), clocks).has_value());
            clocks.wall += day;
            clocks.now += std::chrono::seconds(day);
        }
        ASSERT_THAT(made.manager().wanted_ds(), Not(IsEmpty()));
        if (parent == Parent::has_ds) {
            EXPECT_TRUE(made.on_ds_seen(made.manager().wanted_ds(), clocks).has_value());
        }
        EXPECT_TRUE(made.is_bound());
    }
};

constexpr const char* is_signed = R"("a.": {"file": "a.zone", "dnssec": {}})";
/// Ways to say that a. is not to be signed.
struct Ending {
    const char* why;
    const char* zones;
};
constexpr Ending endings[] = {
    {"it is of record for another reason", R"("a.": {"file": "a.zone", "serial": "increment"})"},
    {"it is not of record any more",
     R"("a.": {"file": "a.zone"}, "b.": {"file": "b.zone", "serial": "increment"})"},
    {"no zone is", R"("a.": {"file": "a.zone"})"},
};

TEST_F(SignedReloads, DoNotEndWhatAParentVouchesFor) {
    sign_before(Parent::has_ds);
    ASSERT_TRUE(reload(is_signed)) << last_;
    for (const Ending& ending : endings) {
        EXPECT_FALSE(reload(ending.zones)) << ending.why;
        EXPECT_THAT(last_, HasSubstr("\"remove_ds\": true")) << ending.why;
        EXPECT_FALSE(may_pass_) << ending.why;
        EXPECT_TRUE(apex_node("a.").find(dns::RrType::DNSKEY)) << ending.why;
    }
    EXPECT_TRUE(reload(R"("b.": {"file": "b.zone", "serial": "increment"})"))
        << "a zone that is not served at all is nobody's trouble";
}

TEST_F(SignedReloads, DoNotEndItByARestartEither) {
    sign_before(Parent::may_have_ds);
    for (const Ending& ending : endings) {
        restart();
        EXPECT_FALSE(reload(ending.zones)) << ending.why;
        EXPECT_THAT(last_, HasSubstr("zone a.: the parent has, or may take, DS")) << ending.why;
    }
    restart();
    EXPECT_TRUE(reload(is_signed)) << last_;
}

TEST_F(SignedReloads, EndWhatNobodyVouchesFor) {
    for (const Ending& ending : endings) {
        restart();
        fs::remove_all(folder_ / "kith-state");
        sign_before(Parent::has_none);
        EXPECT_TRUE(reload(ending.zones)) << ending.why << ": " << last_;
    }
}

TEST_F(SignedReloads, SayWhenItIsNotKnownWhetherSomethingEnds) {
    fs::create_directory(folder_ / "kith-state");
    write("kith-state/kith.db", std::string(5000, 'x'));
    EXPECT_TRUE(reload(R"("a.": {"file": "a.zone"})")) << "nothing here needs the database";
    EXPECT_THAT(last_, HasSubstr("warning"));
    EXPECT_THAT(last_, HasSubstr("whether a zone was signed here is not known"));
}

TEST_F(SignedReloads, SignAnewUntilItIsDone) {
    const auto is_as_told = [this](std::string_view setting) {
        if (setting.find("nsec3") != setting.npos)
            return static_cast<bool>(apex_node("a.").find(dns::RrType::NSEC3PARAM));
        if (setting.find("zonemd") != setting.npos)
            return static_cast<bool>(apex_node("a.").find(dns::RrType::ZONEMD));
        return apex_node("a.").find(dns::RrType::DNSKEY).ttl() == 77;
    };
    for (const char* setting :
         {R"("denial": "nsec3")", R"("zonemd": "sha384")", R"("dnskey_ttl": 77)"}) {
        restart();
        fs::remove_all(folder_ / "kith-state");
        ASSERT_TRUE(reload(is_signed)) << last_;
        ASSERT_FALSE(is_as_told(setting)) << setting;
        const auto other = store::Database::open((folder_ / "kith-state/kith.db").string(),
                                                 store::OpenMode::write);
        ASSERT_TRUE(other.has_value());
        {
            const auto held = store::Transaction::begin(**other);
            ASSERT_TRUE(held.has_value());
            ASSERT_TRUE(
                reload(fmt::format(R"("a.": {{"file": "a.zone", "dnssec": {{{}}}}})", setting)))
                << last_;
            pass(lock_retry);
            pass(lock_wait);
            EXPECT_FALSE(is_as_told(setting)) << setting;
            EXPECT_THAT(lines(), HasSubstr("signing.failed"));
        }
        pass(signing_retry);
        EXPECT_TRUE(is_as_told(setting)) << setting;
    }
}

/// A server of the parent zone, of which only is known whether it was asked.
class ParentServer {
public:
    ParentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_.get(), any, size), 0);
        EXPECT_EQ(::listen(socket_.get(), 8), 0);
        EXPECT_EQ(::getsockname(socket_.get(), any, &size), 0);
        port_ = ntohs(address.sin_port);
    }
    std::string config() const {
        return fmt::format(
            R"("a.": {{"file": "a.zone", "dnssec": {{"parent_servers": ["127.0.0.1:{}"]}}}})",
            port_);
    }
    bool was_asked() const {
        return static_cast<bool>(net::Descriptor(::accept(socket_.get(), nullptr, nullptr)));
    }

private:
    net::Descriptor socket_;
    std::uint16_t port_ = 0;
};

TEST_F(SignedReloads, GoOnAskingTheParent) {
    sign_before(Parent::may_have_ds);
    const ParentServer first, second;
    ASSERT_TRUE(reload(first.config())) << last_;
    pass(parent_check_first);
    EXPECT_TRUE(first.was_asked());
    ASSERT_TRUE(reload(second.config()));
    pass(parent_check_first);
    EXPECT_TRUE(second.was_asked()) << "what the first would have said does not matter";
    ASSERT_TRUE(reload(first.config()));
    ASSERT_TRUE(reload(is_signed)) << "nobody is to be asked";
    pass(parent_check_first);
    ASSERT_TRUE(reload(first.config()));
    pass(parent_check_first);
    EXPECT_TRUE(first.was_asked());
}

}  // namespace
}  // namespace kith::server
