#pragma once
// Scrubbing: what of an upstream's reply is kept. Only this, everything else is dropped unread:
//
// - the CNAME and DNAME steps that lead on from the question's name, at most chain_steps_max;
//   DNAME's CNAME is made here, not believed;
// - the records of the asked type (all types for ANY) at the name where the steps end;
// - when there are none: one SOA of the authority section whose owner is that name or above it
//   (RFC 2308 §5), and, if DNSSEC was asked for, NSEC, NSEC3 and RRSIG records at or below that owner;
// - RRSIG records of what is kept, if DNSSEC was asked for.
//
// The additional section is never read. RDATA that is kept is checked field by field and names in
// it are expanded, so nothing that leaves here can be malformed.

#include <vector>

#include "base/result.hpp"
#include "cache/answer.hpp"

namespace kith::resolve {

/// A question as the cache knows it; `name` in lower case.
struct CleanQuestion {
    dns::NameView name;
    dns::RrType type{};
    dns::RrClass klass{};
    bool dnssec_ok = false;
};

/// Lifetimes in seconds that records are brought between.
struct TtlRules {
    std::uint32_t least = 0;
    std::uint32_t most = 86400;
    std::uint32_t negative_most = 3600;  // SOA minimum and TTL, whichever is lower, is cut to this
};

enum class ScrubFault : std::uint8_t {
    malformed,  // a record that would be kept is broken
    chain_too_long,
    chain_loop,
    too_many_records,
    inconsistent,  // NXDOMAIN with data, several CNAMEs at one name
    referral,      // a delegation instead of an answer: the server does not resolve for us
    too_large,
};

struct Scrubbed {
    cache::Answer answer;
    bool is_cacheable = true;  // false: negative without SOA (RFC 2308 §5)
};

/// Buffers of scrub(), kept between calls; about 200 kB once used.
class Scrubber {
public:
    Scrubber() = default;
    /// `reply` has matched the question and its rcode is NOERROR or NXDOMAIN.
    Result<Scrubbed, ScrubFault> scrub(const dns::MessageView& reply, const CleanQuestion& question,
                                       const TtlRules& rules);

private:
    using Done = Result<void, ScrubFault>;

    Done collect(const dns::MessageView& reply, const CleanQuestion& question);
    Result<bool, ScrubFault> follow(dns::Name& target);
    Done follow_dname(const dns::RecordView& dname, dns::Name& target);
    Result<bool, ScrubFault> add_answer(const dns::Name& target, const CleanQuestion& question);
    Result<bool, ScrubFault> add_negative(const dns::Name& target, const CleanQuestion& question);
    Done add_rrset(dns::NameView owner, dns::RrType type, dns::Section section,
                   std::uint32_t ttl_most);
    Done add_signatures(dns::NameView owner, dns::RrType covered, dns::Section section,
                        std::uint32_t ttl_most);
    Done add(const dns::RecordView& record, std::uint32_t ttl);
    Result<Bytes, ScrubFault> expand(const dns::RecordView& record);
    const dns::RecordView* find(dns::NameView owner, dns::RrType type) const;
    std::uint32_t lifetime(const dns::RecordView& record, std::uint32_t ttl_most) const;

    Bytes message_;
    TtlRules rules_;
    bool dnssec_ok_ = false;
    std::vector<dns::RecordView> answers_;
    std::vector<dns::RecordView> authorities_;
    std::vector<std::uint8_t> buffer_;
    std::vector<std::uint8_t> rdata_;
    dns::MessageBuilder builder_;
};

}  // namespace kith::resolve
