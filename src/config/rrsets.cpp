// Records are sorted by a hash of their owner, and only then by name, type and data: most
// comparisons are of one number.

#include "config/rrsets.hpp"

#include <algorithm>
#include <compare>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include "config/text.hpp"

namespace kith::config {
namespace {

using dns::RrType;

/// FNV-1a of the lower-case name; the file's author is trusted, so no key is needed.
std::uint64_t hash_of(dns::NameView name) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const std::uint8_t byte : name.wire()) hash = (hash ^ dns::lower(byte)) * 0x100000001b3U;
    return hash;
}

struct Entry {
    std::uint64_t hash;
    std::uint32_t index;
};

class RrsetCheck {
public:
    RrsetCheck(RecordList& records, const Config& config, ProblemList& problems)
        : records_(records), config_(config), problems_(problems), doomed_(records.size()) {}

    void run() {
        std::vector<Entry> order(records_.size());
        for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = {hash_of(records_[i].owner), i};
        std::ranges::sort(order, [this](Entry a, Entry b) { return before(a, b); });
        for (auto from = order.begin(); from != order.end();) {
            const auto to = std::find_if(from, order.end(), [&](Entry entry) {
                return entry.hash != from->hash || owner(entry) != owner(*from);
            });
            check_name(std::span(from, to));
            from = to;
        }
        if (std::ranges::find(doomed_, true) != doomed_.end()) records_.remove(doomed_);
    }

private:
    dns::NameView owner(Entry entry) const { return records_[entry.index].owner; }

    bool before(Entry a, Entry b) const {
        if (a.hash != b.hash) return a.hash < b.hash;
        const PlannedRecord left = records_[a.index];
        const PlannedRecord right = records_[b.index];
        if (const auto order = left.owner <=> right.owner; order != 0) return order < 0;
        if (left.type != right.type) return left.type < right.type;
        const auto order = std::lexicographical_compare_three_way(
            left.rdata.begin(), left.rdata.end(), right.rdata.begin(), right.rdata.end());
        return order != 0 ? order < 0 : a.index < b.index;
    }

    std::uint32_t line(const PlannedRecord& record) const {
        return config_.lines.at(record.at).line;
    }

    static std::string title(const PlannedRecord& record) {
        return fmt::format("{} {}", dns::type_name(record.type), record.owner.to_text());
    }

    void check_name(std::span<const Entry> name) {
        if (name.size() == 1) return;
        for (auto from = name.begin(); from != name.end();) {
            const RrType type = records_[from->index].type;
            const auto to = std::find_if(
                from, name.end(), [&](Entry entry) { return records_[entry.index].type != type; });
            check_rrset(std::span(from, to));
            from = to;
        }
        check_alias(name);
        check_match(name);
    }

    void check_rrset(std::span<const Entry> rrset) {
        for (std::size_t i = 1; i < rrset.size(); ++i) {
            const PlannedRecord first = records_[rrset[i - 1].index];
            const PlannedRecord again = records_[rrset[i].index];
            if (!std::ranges::equal(first.rdata, again.rdata)) continue;
            doomed_[rrset[i].index] = true;
            if (first.maker == Maker::automatic || again.maker == Maker::automatic) continue;
            problems_.warn(again.at, fmt::format("{} is there twice, first in line {}; remove one",
                                                 title(again), line(first)));
        }
        std::uint32_t least = records_[rrset[0].index].ttl;
        std::uint32_t most = least;
        for (const Entry entry : rrset) {
            least = std::min(least, records_[entry.index].ttl);
            most = std::max(most, records_[entry.index].ttl);
        }
        if (least == most) return;
        for (const Entry entry : rrset) records_.set_ttl(entry.index, least);
    }

    /// The first entry, by place, that `wanted` holds for; the name's size when none does.
    template <class Wanted>
    std::size_t first_of(std::span<const Entry> name, const Wanted& wanted) const {
        std::size_t best = name.size();
        for (std::size_t i = 0; i < name.size(); ++i) {
            if (!wanted(records_[name[i].index])) continue;
            if (best == name.size() || name[i].index < name[best].index) best = i;
        }
        return best;
    }

    void check_alias(std::span<const Entry> name) {
        const auto is_cname = [](const PlannedRecord& record) {
            return record.type == RrType::CNAME;
        };
        // DNSSEC's own types may stand beside a CNAME (RFC 4034 §3, §4).
        const auto is_other = [](const PlannedRecord& record) {
            return record.type != RrType::CNAME && record.type != RrType::RRSIG &&
                   record.type != RrType::NSEC;
        };
        const std::size_t cname = first_of(name, is_cname);
        if (cname == name.size()) return;
        const PlannedRecord alias = records_[name[cname].index];
        if (const std::size_t other = first_of(name, is_other); other != name.size()) {
            const PlannedRecord beside = records_[name[other].index];
            problems_.error(
                alias.at,
                fmt::format(
                    "{} must be the only record of its name, found {} in line {}; remove one",
                    title(alias), dns::type_name(beside.type), line(beside)));
        }
        const std::size_t second = first_of(name, [&](const PlannedRecord& record) {
            return is_cname(record) && !std::ranges::equal(record.rdata, alias.rdata);
        });
        if (second == name.size()) return;
        problems_.error(
            records_[name[second].index].at,
            fmt::format("expected one CNAME for {}, found another in line {}; remove one",
                        alias.owner.to_text(), line(alias)));
    }

    void check_match(std::span<const Entry> name) {
        const auto is = [](Match match) {
            return [match](const PlannedRecord& record) { return record.match == match; };
        };
        const std::size_t one = first_of(name, is(Match::one_label));
        const std::size_t any = first_of(name, is(Match::owner));
        if (one == name.size() || any == name.size()) return;
        problems_.warn(
            records_[name[one].index].at,
            fmt::format(
                "\"wildcard\" covers one label, but {} in line {} covers any number: they are "
                "answered together; write both one way",
                records_[name[any].index].owner.to_text(), line(records_[name[any].index])));
    }

    RecordList& records_;
    const Config& config_;
    ProblemList& problems_;
    std::vector<bool> doomed_;
};

}  // namespace

void check_rrsets(RecordList& records, const Config& config, ProblemList& problems) {
    RrsetCheck(records, config, problems).run();
}

}  // namespace kith::config
