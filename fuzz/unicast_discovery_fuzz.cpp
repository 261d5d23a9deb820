// Replies of DNS servers to discovery: whatever the bytes, the engine goes on, keeps what it may and no
// more, tells removals only of what it told before, and asks again.

#include <algorithm>
#include <cstdint>
#include <set>

#include "base/check.hpp"
#include "base/rng.hpp"
#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/unicast_backend.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kith;
    using namespace kith::discovery::dnssd;
    if (size < 2) return 0;
    SeededRng rng(data[0]);
    UnicastBackend backend(Endpoint{IpAddress::v4(192, 0, 2, 53), 53, 0}, {}, rng);
    Time now{};
    const auto token = backend.start_query(
        now, {*dns::Name::from_text("_http._tcp.example."), dns::RrType::PTR}, {});
    KITH_CHECK(token.has_value());
    std::set<std::vector<std::uint8_t>> known;
    for (std::size_t at = 1; at + 1 < size;) {
        std::uint64_t exchange = 0;
        std::vector<std::uint8_t> query;
        while (const auto transmit = backend.poll_transmit()) {
            if (transmit->message.empty()) continue;
            exchange = transmit->exchange;
            query = transmit->message;
        }
        // The reply is the query's id and question with what the input says for the rest.
        const std::size_t length = std::min<std::size_t>(std::size_t{data[at]} * 4, size - at - 1);
        std::vector<std::uint8_t> reply(data + at + 1, data + at + 1 + length);
        at += 1 + length;
        if (exchange != 0 && reply.size() >= 12 && query.size() >= 12) {
            std::copy(query.begin(), query.begin() + 2, reply.begin());
            reply[2] = static_cast<std::uint8_t>(reply[2] | 0x80);
            backend.on_reply(now, exchange, reply);
            // Once more with the question in its place.
            std::vector<std::uint8_t> whole(query.begin(), query.end() - 11);  // without OPT
            whole[2] = reply[2];
            whole[3] = reply[3];
            std::copy(reply.begin() + 6, reply.begin() + 12, whole.begin() + 6);
            whole.insert(whole.end(), reply.begin() + 12, reply.end());
            backend.on_reply(now, exchange, whole);
        }
        while (const auto event = backend.poll_event()) {
            const auto* record = std::get_if<RecordEvent>(&*event);
            if (record == nullptr) continue;
            if (record->change == RecordChange::added)
                KITH_CHECK(known.insert(record->rdata).second);
            if (record->change == RecordChange::removed)
                KITH_CHECK(known.erase(record->rdata) == 1);
        }
        KITH_CHECK(known.size() <= unicast_records_max);
        KITH_CHECK(backend.next_deadline().has_value());
        now = *backend.next_deadline();
        backend.on_timer(now);
    }
    return 0;
}
