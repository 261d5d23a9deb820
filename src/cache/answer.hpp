#pragma once
// Answer: what an upstream said to one question, as a message that is ready to be sent again.
//
//   header 12 | question, name in lower case | answer records | authority records | TTL offsets
//
// The records are compressed against this very question, so a response to the same question takes
// them with one copy; then each TTL is lowered by the answer's age (RFC 1035 §3.2.1, RFC 2181 §8).
// Pointers to the question's name give the asker's own case back. The offsets (16 bits each) say
// where the TTLs are.
//
// Answer owns, CachedAnswer looks. Neither knows a clock: `now` is an argument.

#include <memory>
#include <optional>
#include <span>

#include "base/time.hpp"
#include "dns/message.hpp"
#include "dns/message_builder.hpp"

namespace kith::cache {

enum class Freshness : std::uint8_t {
    fresh,   // within its TTL
    stale,   // past its TTL, upstream does not answer (RFC 8767)
    failed,  // no data: SERVFAIL (RFC 9520)
};

/// A borrowed answer and how to treat it. Valid until the owner (the cache, the forwarder) is next
/// called with anything but a const member.
struct CachedAnswer {
    Bytes message;                               // whole, as shown above, id 0
    std::span<const std::uint16_t> ttl_offsets;  // of every record, ascending
    Time stored{};                               // when it came in
    std::uint32_t ttl_seconds = 0;               // lowest TTL of its records
    std::uint16_t body_offset = 0;               // first byte after the question
    Freshness freshness = Freshness::fresh;
    std::optional<dns::EdeCode> ede;  // extended error the response should carry

    dns::Rcode rcode() const;
    /// The question's name, in lower case.
    dns::NameView name() const;
    /// True when this answers the question; `name` in any case.
    bool is_for(dns::NameView name, dns::RrType type, dns::RrClass klass) const;
    /// Whole seconds since it was stored.
    std::uint32_t age_seconds(Time now) const;
};

/// Where write_answer() appends.
enum class Place : std::uint8_t {
    question,  // the response holds its question only, and this answers it: one copy
    chain,     // anything else, such as after a local CNAME: record by record
};

/// Appends the records of `answer` with aged TTLs (stale: 30 seconds) and sets the rcode. False:
/// not everything fitted; whole RRsets only are in, and TC is set. Requires that the question of
/// `out` is that of `answer` when `place` is `question`. Extended errors are the caller's OPT.
bool write_answer(const CachedAnswer& answer, Time now, Place place, dns::MessageBuilder& out);

class Answer {
public:
    Answer() = default;  ///< nothing; is_empty()
    /// Keeps a copy of a message as shown above: one question with an uncompressed lower-case
    /// name, records in answer and authority, nothing else. nullopt when it has another form or more than
    /// answer_records_max records.
    static std::optional<Answer> from_message(Bytes message);
    /// The answer "SERVFAIL" to a question; `name` in lower case.
    static Answer failure(dns::NameView name, dns::RrType type, dns::RrClass klass);

    bool is_empty() const { return data_ == nullptr; }
    Bytes message() const { return {data_.get(), message_bytes_}; }
    /// Lowest TTL of the records; 0 without records.
    std::uint32_t ttl_seconds() const { return ttl_seconds_; }
    bool has_records() const { return ttl_count_ != 0; }
    /// Heap bytes it takes, allocator's overhead included.
    std::size_t bytes() const;
    Answer copy() const;
    CachedAnswer view(Time stored, Freshness freshness) const KITH_LIFETIMEBOUND;

private:
    Answer(Bytes message, std::span<const std::uint16_t> ttl_offsets, std::uint16_t body_offset);
    std::size_t offsets_at() const { return (message_bytes_ + 1U) & ~std::size_t{1}; }
    std::size_t data_bytes() const { return offsets_at() + ttl_count_ * sizeof(std::uint16_t); }

    std::unique_ptr<std::uint8_t[]> data_;
    std::uint32_t ttl_seconds_ = 0;
    std::uint16_t message_bytes_ = 0;
    std::uint16_t ttl_count_ = 0;
    std::uint16_t body_offset_ = 0;
};

}  // namespace kith::cache
