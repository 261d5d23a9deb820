#include "discovery/mdns/cache.hpp"

#include <algorithm>

#include "discovery/mdns/limits.hpp"
#include "discovery/mdns/pool.hpp"
#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {
namespace {

constexpr int refresh_count = 4;
// Records that come in together are refreshed together, by questions in one packet; RFC 6762 §5.2
// wants hosts apart from each other, not the records of one host.
constexpr Duration jitter_shared_for = 10s;
// Questions for one set that are this close are taken for one.
constexpr Duration same_question = 500ms;
constexpr std::size_t unanswered_askers_max = 16;  // remembered for each set

std::uint32_t seconds_left(Time now, Time until) {
    if (until <= now) return 0;
    return static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(until - now).count());
}

}  // namespace

Cache::Cache(Context& context, InterfaceId interface, CacheListener& listener)
    : context_(context), interface_(interface), listener_(listener), sources_(1) {}

CachedRecord Cache::view(Time now, const Entry& entry) const {
    const Set& set = sets_[entry.set];
    return {set.view(),
            set.name_hash,
            set.type,
            set.klass,
            as_bytes(entry.rdata),
            entry.ttl,
            seconds_left(now, entry.expires),
            {sources_[entry.source].address, port, interface_},
            entry.is_unique};
}

// ---------------------------------------------------------------- finding

std::uint32_t Cache::first_set(dns::NameView name, std::uint64_t name_hash) const {
    return by_name_.find(name_hash, [&](std::uint32_t index) {
        return sets_[index].name_hash == name_hash && sets_[index].view() == name;
    });
}

std::uint32_t Cache::find_set(const RecordKey& key) const {
    std::uint32_t set = first_set(key.name, key.name_hash);
    while (set != none && (sets_[set].type != key.type || sets_[set].klass != key.klass))
        set = sets_[set].next_at_name;
    return set;
}

std::uint32_t Cache::find(const RecordKey& key, std::uint64_t hash) const {
    return by_record_.find(hash, [&](std::uint32_t index) {
        const Entry& entry = records_[index];
        const Set& set = sets_[entry.set];
        return entry.hash == hash && set.type == key.type && set.klass == key.klass &&
               set.view() == key.name && same_rdata(key.type, as_bytes(entry.rdata), key.rdata);
    });
}

bool Cache::has(const RecordKey& key) const {
    return find(key, context_.hasher.of_record(key)) != none;
}

void Cache::drop(Time now, const RecordKey& key) {
    const std::uint32_t index = find(key, context_.hasher.of_record(key));
    if (index != none) erase(now, index, QueryEvent::Reason::flushed);
}

bool Cache::is_known_answer(Time now, const Entry& entry) {
    const Duration life = std::chrono::seconds(entry.ttl);
    return !entry.is_doubted && entry.ends_by == QueryEvent::Reason::expired &&
           entry.expires - now > life / 2;
}

bool Cache::is_known_answer(Time now, const RecordKey& key) const {
    const std::uint32_t index = find(key, context_.hasher.of_record(key));
    return index != none && is_known_answer(now, records_[index]);
}

std::optional<Time> Cache::complete_until(Time now, dns::NameView name, std::uint64_t name_hash,
                                          dns::RrType type) const {
    std::optional<Time> until;
    if (type == dns::RrType::ANY) return until;  // one answer says nothing about other types
    for (std::uint32_t set = first_set(name, name_hash); set != none;
         set = sets_[set].next_at_name) {
        const bool is_denial = sets_[set].type == dns::RrType::NSEC;
        if (sets_[set].type != type && !is_denial) continue;
        for (std::uint32_t i = sets_[set].newest; i != none; i = records_[i].older_in_set) {
            const Entry& entry = records_[i];
            if (!entry.is_unique || entry.is_doubted) continue;
            if (entry.ends_by != QueryEvent::Reason::expired) continue;
            if (is_denial && sets_[set].type != type && !nsec_denies(as_bytes(entry.rdata), type))
                continue;
            const Time due = refresh_time(entry, 0);
            if (due > now) until = until ? std::min(*until, due) : due;
        }
    }
    return until;
}

// ---------------------------------------------------------------- taking in

void Cache::store(Time now, const PacketRecord& record, const Endpoint& source) {
    const std::uint64_t hash = context_.hasher.of_record(record.key());
    const std::uint32_t index = find(record.key(), hash);
    if (index == none) {
        if (record.ttl != 0) add(now, record, hash, source);
        return;
    }
    if (record.ttl != 0) {
        renew(now, index, record, source);
        return;
    }
    Entry& entry = records_[index];  // a goodbye, RFC 6762 §10.1
    entry.expires = std::min(entry.expires, now + goodbye_grace);
    entry.ends_by = QueryEvent::Reason::goodbye;
    deadlines_.set(index, entry.expires);
}

void Cache::add(Time now, const PacketRecord& record, std::uint64_t hash, const Endpoint& source) {
    std::uint32_t from = make_source(source.address);
    const bool has_room = make_room(now, from, bytes_of(record.rdata.size()));
    std::uint32_t set = find_set(record.key());
    if (set != none && sets_[set].count >= cache_records_per_set) evict(now, from);
    if (set == none && has_room) set = make_set(record.key());
    from = make_source(source.address);  // an eviction may have taken its last record and its place
    if (!has_room || set == none || sets_[set].count >= cache_records_per_set) {
        ++context_.stats.cache_refused;
        context_.trace_name(now, Trace::Kind::limited, interface_, record.name, record.type, source,
                            "no room in the cache for this name");
        drop_source(from);
        return;
    }
    const std::uint32_t index = take_place(records_, free_records_);
    Entry& entry = records_[index];
    entry.set = set;
    entry.hash = hash;
    entry.rdata = as_text(record.rdata);
    fill(now, entry, record, from);
    insert_growing(by_record_, hash, index);
    link_in_set(index);
    link_of_source(index);
    ++count_;
    bytes_ += bytes_of(record.rdata.size());
    set_deadline(index);
    ++context_.stats.cache_added;
    context_.trace_name(now, Trace::Kind::record_added, interface_, record.name, record.type,
                        source, {});
    listener_.on_added(now, view(now, records_[index]));
}

void Cache::renew(Time now, std::uint32_t index, const PacketRecord& record,
                  const Endpoint& source) {
    const std::uint32_t from = make_source(source.address);
    const std::uint32_t before = records_[index].source;
    unlink_in_set(index);
    unlink_of_source(index);
    fill(now, records_[index], record, from);
    link_in_set(index);
    link_of_source(index);
    drop_source(before);
    set_deadline(index);
}

void Cache::fill(Time now, Entry& entry, const PacketRecord& record, std::uint32_t source) {
    if (jitter_until_ <= now) {
        jitter_ = static_cast<std::uint8_t>(context_.rng.below(201));
        jitter_until_ = now + jitter_shared_for;
    }
    entry.ttl = std::min(record.ttl, cache_ttl_max);
    entry.received = entry.seen = now;
    entry.expires = now + std::chrono::seconds(entry.ttl);
    entry.refreshes = 0;
    entry.jitter = jitter_;
    entry.is_unique = record.flush == Flush::yes;
    entry.is_doubted = false;
    entry.ends_by = QueryEvent::Reason::expired;
    entry.source = source;
}

/// The moment of refresh `step` (0..3): at 80, 85, 90, 95 % of the life and up to 2 % later.
Time Cache::refresh_time(const Entry& entry, int step) const {
    const auto life = std::chrono::milliseconds(std::uint64_t{entry.ttl} * 1000);
    return entry.received + life * (8000 + 500 * step + entry.jitter) / 10000;
}

void Cache::set_deadline(std::uint32_t index) {
    const Entry& entry = records_[index];
    const bool refreshes = entry.refreshes < refresh_count &&
                           entry.ends_by == QueryEvent::Reason::expired && !entry.is_doubted;
    deadlines_.set(index, refreshes ? std::min(refresh_time(entry, entry.refreshes), entry.expires)
                                    : entry.expires);
}

void Cache::flush_older(Time now, const PacketRecord& record) {
    const std::uint32_t set = find_set(record.key());
    if (set == none) return;
    // Oldest last: from the first young one on all are young.
    for (std::uint32_t i = sets_[set].oldest; i != none; i = records_[i].newer_in_set) {
        Entry& entry = records_[i];
        if (entry.received + flush_grace >= now) break;
        if (entry.expires <= now + flush_grace) continue;
        entry.expires = now + flush_grace;
        entry.ends_by = QueryEvent::Reason::flushed;
        deadlines_.set(i, entry.expires);
    }
}

bool Cache::reconfirm(Time now, const RecordKey& key) {
    const std::uint32_t index = find(key, context_.hasher.of_record(key));
    if (index == none) return false;
    Entry& entry = records_[index];
    entry.is_doubted = true;
    if (entry.expires > now + reconfirm_wait) {
        entry.expires = now + reconfirm_wait;
        entry.ends_by = QueryEvent::Reason::unconfirmed;
    }
    deadlines_.set(index, entry.expires);
    return true;
}

void Cache::rearm(Time now, dns::NameView name, std::uint64_t name_hash, dns::RrType type) {
    for (std::uint32_t set = first_set(name, name_hash); set != none;
         set = sets_[set].next_at_name) {
        if (type != dns::RrType::ANY && sets_[set].type != type) continue;
        for (std::uint32_t i = sets_[set].newest; i != none; i = records_[i].older_in_set) {
            Entry& entry = records_[i];
            std::uint8_t step = 0;
            while (step < refresh_count && refresh_time(entry, step) <= now) ++step;
            entry.refreshes = step;
            set_deadline(i);
        }
    }
}

void Cache::doubt_all(Time now) {
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
        Entry& entry = records_[i];
        if (entry.set == none || entry.expires <= now + reconfirm_wait) continue;
        entry.is_doubted = true;
        entry.expires = now + reconfirm_wait;
        entry.ends_by = QueryEvent::Reason::unconfirmed;
        deadlines_.set(i, entry.expires);
    }
}

void Cache::clear(Time now, QueryEvent::Reason reason) {
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
        if (records_[i].set != none) erase(now, i, reason);
    }
}

// ---------------------------------------------------------------- passive observation of failures

void Cache::on_peer_question(Time now, const PacketQuestion& question, const IpAddress& asker) {
    for (std::uint32_t set = first_set(question.name, question.name_hash); set != none;
         set = sets_[set].next_at_name) {
        if (question.type != dns::RrType::ANY && sets_[set].type != question.type) continue;
        std::unique_ptr<Unanswered>& asked = sets_[set].unanswered;
        if (!asked) {
            asked = std::make_unique<Unanswered>();
            asked->first = now;
            unanswered_.set(set, now + passive_failure_wait);
        }
        if (asked->count == 0 || asked->last + same_question < now) ++asked->count;
        asked->last = now;
        if (asked->askers.size() < unanswered_askers_max)
            asked->askers.emplace_back(asker, asked->count);
    }
}

void Cache::on_peer_known(Time now, const PacketRecord& record) {
    const std::uint32_t index = find(record.key(), context_.hasher.of_record(record.key()));
    if (index != none) records_[index].seen = now;
}

/// Ten seconds after the first question: ends what two questions asked for and nobody gave.
void Cache::end_unanswered(Time now, std::uint32_t set) {
    const std::unique_ptr<Unanswered> asked = std::move(sets_[set].unanswered);
    unanswered_.erase(set);
    const auto questions_of_others = [&](const IpAddress& owner) {
        int count = asked->count;
        int last = 0;
        for (const auto& [asker, number] : asked->askers) {
            if (asker != owner || number == last) continue;
            last = number;
            --count;
        }
        return count;
    };
    // A record multicast less than a second before the question is not sent again (RFC 6762 §6).
    std::vector<std::uint32_t> gone;
    for (std::uint32_t i = sets_[set].oldest; i != none; i = records_[i].newer_in_set) {
        const Entry& entry = records_[i];
        if (entry.seen + multicast_interval >= asked->first) continue;
        if (questions_of_others(sources_[entry.source].address) >= passive_failure_queries)
            gone.push_back(i);
    }
    for (const std::uint32_t index : gone) erase(now, index, QueryEvent::Reason::unconfirmed);
}

// ---------------------------------------------------------------- time

void Cache::on_timer(Time now) {
    for (auto due = unanswered_.first(); due && due->time <= now; due = unanswered_.first())
        end_unanswered(now, due->item);
    for (auto due = deadlines_.first(); due && due->time <= now; due = deadlines_.first()) {
        Entry& entry = records_[due->item];
        if (entry.expires <= now) {
            if (entry.ends_by == QueryEvent::Reason::expired) ++context_.stats.cache_expired;
            erase(now, due->item, entry.ends_by);
            continue;
        }
        const Set& set = sets_[entry.set];
        const bool is_wanted = listener_.is_wanted(set.view(), set.name_hash, set.type, set.klass);
        // A record that nobody wants is left alone until a question rearms it.
        entry.refreshes =
            is_wanted ? static_cast<std::uint8_t>(entry.refreshes + 1) : refresh_count;
        set_deadline(due->item);
        if (is_wanted) listener_.on_refresh_due(now, view(now, entry));
    }
}

std::optional<Time> Cache::next_timer() const {
    const auto a = deadlines_.first();
    const auto b = unanswered_.first();
    if (a && b) return std::min(a->time, b->time);
    if (a) return a->time;
    return b ? std::optional(b->time) : std::nullopt;
}

}  // namespace kith::discovery::mdns
