#include "resolve/scrub.hpp"

#include <algorithm>

#include "cache/limits.hpp"
#include "dns/rdata.hpp"
#include "resolve/limits.hpp"

namespace kith::resolve {
namespace {

using dns::RrType;
using dns::Section;

std::unexpected<ScrubFault> fault(ScrubFault why) { return std::unexpected(why); }

/// RRSIG's first field is the type it covers (RFC 4034 §3.1).
bool signs(const dns::RecordView& record, RrType covered) {
    return record.type == RrType::RRSIG && record.rdata.size() >= 2 &&
           load_u16(record.rdata.data()) == static_cast<std::uint16_t>(covered);
}

/// RFC 6672 §2.2: `name`'s labels below `owner`, put in front of `target`. False: too long.
bool substitute(dns::NameView name, dns::NameView owner, dns::NameView target, dns::Name& out) {
    dns::NameBuilder builder;
    for (dns::NameView rest = name; rest.size() > owner.size(); rest = rest.parent()) {
        if (!builder.append(rest.first_label())) return false;
    }
    if (!builder.append(target)) return false;
    out = builder.finish();
    return true;
}

}  // namespace

Result<Scrubbed, ScrubFault> Scrubber::scrub(const dns::MessageView& reply,
                                             const CleanQuestion& question, const TtlRules& rules) {
    message_ = reply.bytes();
    rules_ = rules;
    dnssec_ok_ = question.dnssec_ok;
    KITH_TRY_VOID(collect(reply, question));
    buffer_.resize(dns::message_bytes_max);
    rdata_.resize(dns::rdata_bytes_max);
    builder_.start(buffer_, buffer_.size());
    builder_.set_flag(dns::Header::qr);
    if (!builder_.add_question(question.name, question.type, question.klass))
        return fault(ScrubFault::too_large);
    const bool nxdomain = reply.rcode() == dns::Rcode::NXDOMAIN;
    if (nxdomain) builder_.set_rcode(dns::Rcode::NXDOMAIN);

    dns::Name target = question.name;
    bool is_cacheable = true;
    for (int steps = 0;; ++steps) {
        KITH_TRY(const bool answered, add_answer(target, question));
        if (answered && nxdomain) return fault(ScrubFault::inconsistent);
        if (answered) break;
        KITH_TRY(const bool moved, follow(target));
        if (!moved) {
            KITH_TRY(is_cacheable, add_negative(target, question));
            if (!is_cacheable && steps == 0 && !nxdomain &&
                std::ranges::any_of(authorities_,
                                    [](const auto& record) { return record.type == RrType::NS; })) {
                return fault(ScrubFault::referral);
            }
            break;
        }
        if (target == dns::Name(question.name)) return fault(ScrubFault::chain_loop);
        // A loop further down ends here too.
        if (steps == chain_steps_max) return fault(ScrubFault::chain_too_long);
    }
    std::optional<cache::Answer> answer = cache::Answer::from_message(builder_.finish());
    if (!answer) return fault(ScrubFault::too_many_records);
    return Scrubbed{std::move(*answer), is_cacheable};
}

Scrubber::Done Scrubber::collect(const dns::MessageView& reply, const CleanQuestion& question) {
    answers_.clear();
    authorities_.clear();
    if (reply.header().counts[1] > cache::answer_records_max)
        return fault(ScrubFault::too_many_records);
    reply.for_each(Section::answer, [&](const dns::RecordView& record) {
        if (record.klass == question.klass) answers_.push_back(record);
    });
    // What a negative answer needs is a dozen records; more is not read.
    reply.for_each(Section::authority, [&](const dns::RecordView& record) {
        if (record.klass == question.klass && authorities_.size() < 32)
            authorities_.push_back(record);
    });
    return {};
}

const dns::RecordView* Scrubber::find(dns::NameView owner, RrType type) const {
    for (const dns::RecordView& record : answers_) {
        if (record.type == type && record.owner == dns::Name(owner)) return &record;
    }
    return nullptr;
}

Result<bool, ScrubFault> Scrubber::follow(dns::Name& target) {
    if (const dns::RecordView* const cname = find(target, RrType::CNAME)) {
        KITH_TRY(const Bytes rdata, expand(*cname));
        const auto next = dns::NameView::from_wire(rdata);
        if (!next) return fault(ScrubFault::malformed);
        const dns::Name owner = target;
        target = *next;
        for (const dns::RecordView& other : answers_) {
            if (other.type != RrType::CNAME || other.owner != owner) continue;
            KITH_TRY(const Bytes again, expand(other));
            const auto same = dns::NameView::from_wire(again);
            if (!same || *same != target.view()) return fault(ScrubFault::inconsistent);
        }
        KITH_TRY_VOID(add(*cname, lifetime(*cname, rules_.most)));
        KITH_TRY_VOID(add_signatures(owner, RrType::CNAME, Section::answer, rules_.most));
        return true;
    }
    for (const dns::RecordView& record : answers_) {
        if (record.type != RrType::DNAME || record.owner == target ||
            !target.is_under(record.owner))
            continue;
        KITH_TRY_VOID(follow_dname(record, target));
        return true;
    }
    return false;
}

Scrubber::Done Scrubber::follow_dname(const dns::RecordView& dname, dns::Name& target) {
    KITH_TRY(const Bytes rdata, expand(dname));
    const auto to = dns::NameView::from_wire(rdata);
    if (!to) return fault(ScrubFault::malformed);
    dns::Name next;
    if (!substitute(target, dname.owner, *to, next)) return fault(ScrubFault::malformed);
    const std::uint32_t ttl = lifetime(dname, rules_.most);
    KITH_TRY_VOID(add(dname, ttl));
    KITH_TRY_VOID(add_signatures(dname.owner, RrType::DNAME, Section::answer, rules_.most));
    if (!builder_.add_record(Section::answer, target, RrType::CNAME, dname.klass, ttl,
                             next.wire())) {
        return fault(ScrubFault::too_large);
    }
    target = next;
    return {};
}

Result<bool, ScrubFault> Scrubber::add_answer(const dns::Name& target,
                                              const CleanQuestion& question) {
    if (question.type != RrType::ANY) {
        if (find(target, question.type) == nullptr) return false;
        KITH_TRY_VOID(add_rrset(target, question.type, Section::answer, rules_.most));
        return true;
    }
    bool found = false;
    for (const dns::RecordView& record : answers_) {
        if (record.owner != target || dns::is_meta_type(record.type)) continue;
        KITH_TRY_VOID(add(record, lifetime(record, rules_.most)));
        found = true;
    }
    return found;
}

/// All records of one type at one name with one lifetime, the lowest (RFC 2181 §5.2).
Scrubber::Done Scrubber::add_rrset(dns::NameView owner, RrType type, Section section,
                                   std::uint32_t ttl_most) {
    const auto& records = section == Section::answer ? answers_ : authorities_;
    std::uint32_t ttl = ttl_most;
    for (const dns::RecordView& record : records) {
        if (record.type == type && record.owner == dns::Name(owner))
            ttl = std::min(ttl, lifetime(record, ttl_most));
    }
    for (const dns::RecordView& record : records) {
        if (record.type == type && record.owner == dns::Name(owner))
            KITH_TRY_VOID(add(record, ttl));
    }
    return add_signatures(owner, type, section, ttl_most);
}

Scrubber::Done Scrubber::add_signatures(dns::NameView owner, RrType covered, Section section,
                                        std::uint32_t ttl_most) {
    if (!dnssec_ok_) return {};
    for (const dns::RecordView& record : section == Section::answer ? answers_ : authorities_) {
        if (!signs(record, covered) || record.owner != dns::Name(owner)) continue;
        KITH_TRY_VOID(add(record, lifetime(record, ttl_most)));
    }
    return {};
}

/// The SOA and, with DNSSEC, the proof. False: no SOA that could speak for `target`.
Result<bool, ScrubFault> Scrubber::add_negative(const dns::Name& target,
                                                const CleanQuestion& question) {
    const auto soa = std::ranges::find_if(authorities_, [&](const dns::RecordView& record) {
        return record.type == RrType::SOA && target.is_under(record.owner);
    });
    if (soa == authorities_.end()) return false;
    KITH_TRY(const Bytes rdata, expand(*soa));
    if (rdata.size() < 22) return fault(ScrubFault::malformed);  // two names and five numbers
    const std::uint32_t minimum = load_u32(rdata.data() + rdata.size() - 4);
    // RFC 2308 §5: the lower of TTL and MINIMUM. The caps are ours.
    const std::uint32_t most = std::min({minimum, rules_.negative_most, rules_.most});
    KITH_TRY_VOID(add(*soa, lifetime(*soa, most)));
    KITH_TRY_VOID(add_signatures(soa->owner, RrType::SOA, Section::authority, most));
    if (!question.dnssec_ok) return true;
    for (const dns::RecordView& record : authorities_) {
        const bool proves = record.type == RrType::NSEC || record.type == RrType::NSEC3 ||
                            signs(record, RrType::NSEC) || signs(record, RrType::NSEC3);
        if (proves && record.owner.is_under(soa->owner))
            KITH_TRY_VOID(add(record, lifetime(record, most)));
    }
    return true;
}

std::uint32_t Scrubber::lifetime(const dns::RecordView& record, std::uint32_t ttl_most) const {
    return std::min(std::max(record.effective_ttl(), rules_.least), ttl_most);
}

Result<Bytes, ScrubFault> Scrubber::expand(const dns::RecordView& record) {
    dns::Writer writer(rdata_);
    if (!dns::expand_rdata(message_, record, writer) || writer.overflow())
        return fault(ScrubFault::malformed);
    return writer.written();
}

Scrubber::Done Scrubber::add(const dns::RecordView& record, std::uint32_t ttl) {
    KITH_TRY(const Bytes rdata, expand(record));
    if (!builder_.add_record(record.section, record.owner, record.type, record.klass, ttl, rdata)) {
        return fault(ScrubFault::too_large);
    }
    return {};
}

}  // namespace kith::resolve
