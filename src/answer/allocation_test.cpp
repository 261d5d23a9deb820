// Answering allocates nothing: every kind of answer, counted by the program's operator new.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "answer/signed_world.hpp"

namespace {
std::atomic<std::size_t> allocations{0};

void* counted(std::size_t bytes) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
    std::abort();
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace kith::answer {
namespace {

TEST(Allocation, IsCounted) {
    const std::size_t before = allocations.load();
    delete new int(7);
    EXPECT_EQ(allocations.load(), before + 1) << "this program's operator new is in use";
}

TEST(Allocation, DoesNotHappenWhileAnswering) {
    AnswerOptions options;
    options.nsid = "a name server";
    options.version = "kith";
    options.cookies.emplace();
    options.forwarding = true;
    World world(options);
    world.zone("lan",
               "@         300 SOA   ns admin 1 2 3 4 300\n"
               "host       60 A     192.0.2.1\nhost 60 A 192.0.2.2\n"
               "www        60 CNAME host\n"
               "mail       60 MX    10 host\n"
               "cut        60 NS    ns.cut\nns.cut 60 A 192.0.2.3\n"
               "*.wild     60 TXT   text\n"
               "moved      60 DNAME lan.\n");
    world.records("nas.home 60 A 192.0.2.9\n~*.home 60 A 192.0.2.10\n");
    world.rewrite("ads.example", {.action = RewriteAction::nxdomain});
    const Asking plain;
    const Asking full{.edns = true,
                      .options = {0, 3, 0, 0, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 12, 0, 0}};
    const Asking chaos{.klass = dns::RrClass::CH};
    const std::pair<const char*, const Asking*> questions[] = {
        {"host.lan A", &plain},       {"host.lan A", &full},
        {"host.lan AAAA", &full},     {"nowhere.lan A", &plain},
        {"www.lan A", &plain},        {"mail.lan MX", &full},
        {"x.cut.lan A", &plain},      {"x.wild.lan TXT", &plain},
        {"www.moved.lan A", &full},   {"host.lan ANY", &plain},
        {"nas.home A", &plain},       {"tv.home AAAA", &plain},
        {"ads.example A", &full},     {"1.0.0.127.in-addr.arpa PTR", &plain},
        {"localhost AAAA", &plain},   {"example.com A", &full},
        {"version.bind TXT", &chaos}, {"lan AXFR", &plain},
    };
    std::vector<std::vector<std::uint8_t>> messages;
    for (const auto& [question, asking] : questions)
        messages.push_back(question_of(question, *asking));
    messages.push_back({0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0});
    const Asking* const last = &plain;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const Asking& asking = i < std::size(questions) ? *questions[i].second : *last;
        const std::size_t before = allocations.load();
        const Bytes response = world.send(messages[i], asking);
        EXPECT_EQ(allocations.load(), before)
            << (i < std::size(questions) ? questions[i].first : "malformed");
        EXPECT_FALSE(response.empty());
    }
}

TEST(Allocation, DoesNotHappenForSignaturesAndProofs) {
    const char* const questions[] = {"x.w.example MX",    "ml.example A",       "ns1.example MX",
                                     "mc.a.example MX",   "mc.b.example MX",    "mc.c.example MX",
                                     "a.z.w.example MX",  "a.z.w.example AAAA", "y.w.example A",
                                     "a.c.x.w.example A", "ai.example ANY"};
    for (const std::string_view lines : {rfc4035_zone, rfc5155_zone}) {
        World world = signed_world("example", lines);
        // The first name that a worker ever hashes makes its context (Nsec3Hasher).
        world.send(question_of("nothing.example A", with_do), with_do);
        for (const char* question : questions) {
            const std::vector<std::uint8_t> message = question_of(question, with_do);
            const std::size_t before = allocations.load();
            const Bytes response = world.send(message, with_do);
            EXPECT_EQ(allocations.load(), before) << question;
            EXPECT_GT(response.size(), 100U) << question;
        }
    }
}

}  // namespace
}  // namespace kith::answer
