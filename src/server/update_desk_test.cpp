#include "server/update_desk.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"
#include "server/limits.hpp"
#include "store/database.hpp"
#include "update/update_testing.hpp"

namespace kith::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using update::test::message;
using update::test::some_time;
using zone::test::name;

const Name apex = name("example.");

/// A desk with a zone that a key may change, in virtual time.
class Desk : public testing::Test {
protected:
    Desk() : store_(*store::Store::open(folder_.path(), store::Access::own)) {
        store_.serve_from_now();
        EXPECT_TRUE(keeper_.keep(apex, zone::test::zone({"a 300 A 192.0.2.1"}), {}).has_value());
        desk_.set_rules(apex, std::make_shared<update::UpdateRules>(update::test::all_allowed()),
                        {});
    }

    void post(const update::test::Lines& lines) {
        UpdateRequest request;
        request.token = ++token_;
        request.message = message(lines);
        request.requester.key = name("laptop.");
        EXPECT_TRUE(desk_.post(std::move(request), 100));
    }
    /// Both clocks go on, and what is due then happens.
    void pass(std::chrono::seconds time) {
        now_ += time.count();
        loop_.skip(time);
        for (int i = 0; i < 5; ++i) loop_.turn(0s);
    }
    bool serves(std::string_view owner) const {
        return static_cast<bool>(keeper_.serving(apex)->find_node(name(owner).view()));
    }

    test::TemporaryFolder folder_;
    net::Loop loop_;
    store::Store store_;
    UnixTime now_ = some_time;
    std::uint64_t token_ = 0;
    std::vector<dns::Rcode> answers_;
    ZoneKeeper keeper_{loop_, store_, [](std::span<const ZonePtr>) {}, [this] { return now_; }};
    UpdateDesk desk_{loop_, keeper_, store_,
                     [this](std::size_t, std::vector<UpdateReply>&& replies) {
                         for (const UpdateReply& reply : replies)
                             answers_.push_back(reply.refusal.rcode);
                     },
                     [this] { return now_; }};
};

TEST_F(Desk, EndsLeases) {
    post({"lease 60", "add x 300 A 192.0.2.7"});
    pass(0s);
    EXPECT_THAT(answers_, ElementsAre(dns::Rcode::NOERROR));
    pass(59s);
    EXPECT_TRUE(serves("x.example."));
    pass(1s);
    EXPECT_FALSE(serves("x.example."));
    EXPECT_EQ(desk_.counters().expired, 1U);
}

TEST_F(Desk, EndsLeasesLaterWhenItCannotBeKeptNow) {
    post({"lease 60", "add x 300 A 192.0.2.7"});
    pass(0s);
    std::filesystem::rename(folder_.path(), folder_.path() + ".away");
    pass(60s);
    EXPECT_TRUE(serves("x.example.")) << "what is not durable is not served";
    EXPECT_EQ(desk_.counters().expired, 0U);
    const std::uint64_t tries = keeper_.counters().not_kept;
    for (int i = 0; i < 100; ++i) loop_.turn(0s);
    EXPECT_EQ(keeper_.counters().not_kept, tries) << "not again and again";
    std::filesystem::rename(folder_.path() + ".away", folder_.path());
    pass(std::chrono::ceil<std::chrono::seconds>(lease_retry));
    EXPECT_FALSE(serves("x.example."));
    EXPECT_EQ(desk_.counters().expired, 1U);
}

TEST_F(Desk, EndsALeaseThatAFailedUpdateWouldHaveRenewed) {
    post({"lease 60", "add x 300 A 192.0.2.7"});
    pass(0s);
    std::filesystem::rename(folder_.path(), folder_.path() + ".away");
    post({"lease 3600", "add x 300 A 192.0.2.7"});
    pass(30s);
    EXPECT_THAT(answers_, ElementsAre(dns::Rcode::NOERROR, dns::Rcode::SERVFAIL));
    std::filesystem::rename(folder_.path() + ".away", folder_.path());
    pass(30s);
    EXPECT_FALSE(serves("x.example."));
}

TEST_F(Desk, AnswersLateWhenAnotherProgramHasTheDatabase) {
    const auto other = store::Database::open(folder_ / "kith.db", store::OpenMode::write);
    ASSERT_TRUE(other.has_value());
    {
        const auto held = store::Transaction::begin(**other);
        ASSERT_TRUE(held.has_value());
        post({"add x 300 A 192.0.2.7"});
        pass(0s);
        EXPECT_THAT(answers_, IsEmpty());
    }
    pass(1s);
    EXPECT_THAT(answers_, ElementsAre(dns::Rcode::NOERROR));
    EXPECT_TRUE(serves("x.example."));
}

}  // namespace
}  // namespace kith::server
