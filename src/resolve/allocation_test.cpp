// An answer from the cache costs no allocation, from ask() to the finished message.

#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "resolve/upstream_script.hpp"

namespace {
std::size_t allocations = 0;
}

// Replaced for the whole test program; the array forms of the library call these. Not inlined: the
// compiler would see free() for memory from new and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    void* const memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) std::abort();
    return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace kith::resolve::test {
namespace {

TEST(Forwarder, AnswersFromTheCacheWithoutAllocating) {
    Bench bench(Bench::one_server());
    bench.ask("www.example");
    const Sent query = *bench.take_sent();
    bench.reply_udp(
        query, make_reply(query.message, {{"www.example.", 300, dns::RrType::CNAME, "web.example."},
                                          {"web.example.", 300, dns::RrType::A, "192.0.2.1"}}));
    std::array<std::uint8_t, 1232> buffer;
    dns::MessageBuilder builder;
    const dns::Name asked = name("www.example");
    const dns::LookupName lookup(asked);
    int hits = 0;
    const std::size_t before = allocations;
    for (const cache::Place place : {cache::Place::question, cache::Place::chain}) {
        builder.start(buffer, buffer.size());
        builder.add_question(asked, dns::RrType::A, dns::RrClass::IN);
        const AskResult result =
            bench.forwarder.ask(bench.now, {lookup, dns::RrType::A, dns::RrClass::IN, {}, 2, 2});
        hits += result.state == AskResult::State::hit ? 1 : 0;
        write_answer(result.answer, bench.now, place, builder);
        builder.finish();
    }
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(hits, 2);
    EXPECT_GT(before, 0U) << "the counter must count";
}

}  // namespace
}  // namespace kith::resolve::test
