// What reading a query and writing its answer cost, with the figure expected on one core of a
// server from 2023. Together they are to stay a small part of the kernel's 1.9 us per query.

#include <vector>

#include <benchmark/benchmark.h>

#include "dns/message.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"

namespace kith::dns {
namespace {

using B = std::vector<std::uint8_t>;

B make_query() {
    B buffer(512);
    MessageBuilder builder;
    builder.start_query(buffer, 7, *Name::from_text("www.example.com."), RrType::A, RrClass::IN);
    builder.add_opt(1232, Rcode::NOERROR, 0, 0, B{0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8});
    const Bytes message = builder.finish();
    return {message.begin(), message.end()};
}

// A query with OPT and a cookie. Expected: below 30 ns.
void read_plain_query(benchmark::State& state) {
    const B message = make_query();
    QueryView query;
    for (auto _ : state) {
        auto done = read_query(message, query);
        benchmark::DoNotOptimize(done);
        benchmark::DoNotOptimize(query);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_plain_query);

// The common answer: one address of the question's name, and OPT. Expected: below 25 ns.
void answer_address(benchmark::State& state) {
    const B message = make_query();
    const auto query = read_query(message);
    const B address = {192, 0, 2, 1};
    B buffer(1232);
    MessageBuilder builder;
    for (auto _ : state) {
        builder.start_response(buffer, buffer.size(), message, *query);
        builder.add_record_at(Section::answer, header_bytes, RrType::A, RrClass::IN, 60, address);
        builder.add_opt(1232, Rcode::NOERROR, 0, 0, {});
        benchmark::DoNotOptimize(builder.finish());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(answer_address);

// Two NS and their addresses, all compressed. Expected: below 350 ns.
void answer_referral(benchmark::State& state) {
    const B message = make_query();
    const auto query = read_query(message);
    const Name apex = *Name::from_text("example.com."), one = *Name::from_text("ns1.example.com."),
               two = *Name::from_text("ns2.example.com.");
    const B address = {192, 0, 2, 1};
    B buffer(1232);
    MessageBuilder builder;
    for (auto _ : state) {
        builder.start_response(buffer, buffer.size(), message, *query);
        builder.add_record(Section::authority, apex, RrType::NS, RrClass::IN, 60, one.wire());
        builder.add_record_at(Section::authority, builder.last_owner_offset(), RrType::NS,
                              RrClass::IN, 60, two.wire());
        builder.add_record(Section::additional, one, RrType::A, RrClass::IN, 60, address);
        builder.add_record(Section::additional, two, RrType::A, RrClass::IN, 60, address);
        benchmark::DoNotOptimize(builder.finish());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(answer_referral);

// Called for each record of a master file. Expected: below 40 ns for addresses.
void parse_rdata_text(benchmark::State& state) {
    struct Row {
        RrType type;
        const char* text;
    };
    const Row rows[] = {{RrType::A, "192.0.2.123"},
                        {RrType::AAAA, "2001:db8::1:2"},
                        {RrType::MX, "10 mail.example.com."}};
    const Row& row = rows[state.range(0)];
    const auto tokens = split_tokens(row.text);
    std::uint8_t buffer[512];
    for (auto _ : state) {
        Writer out(buffer);
        auto done = parse_rdata(row.type, RrClass::IN, *tokens, NameView(), out);
        benchmark::DoNotOptimize(done);
        benchmark::DoNotOptimize(buffer);
    }
    state.SetLabel(type_name(row.type));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse_rdata_text)->DenseRange(0, 2);

}  // namespace
}  // namespace kith::dns
