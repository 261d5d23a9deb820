// The tables of Cache: places, lists, and who goes when there is no more room.

#include <algorithm>

#include "discovery/mdns/cache.hpp"
#include "discovery/mdns/pool.hpp"
#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {
namespace {

constexpr std::size_t sources_shared = 0;

}  // namespace

/// none: the name has too many types.
std::uint32_t Cache::make_set(const RecordKey& key) {
    const std::uint32_t first = first_set(key.name, key.name_hash);
    std::size_t types = 0;
    for (std::uint32_t set = first; set != none; set = sets_[set].next_at_name) ++types;
    if (types >= cache_types_per_name) return none;
    const std::uint32_t index = take_place(sets_, free_sets_);
    Set& set = sets_[index];
    set.name = as_text(key.name.wire());
    set.name_hash = key.name_hash;
    set.type = key.type;
    set.klass = key.klass;
    bytes_ += sizeof(Set) + set.name.size();
    if (first == none) {
        insert_growing(by_name_, key.name_hash, index);
    } else {
        set.next_at_name = sets_[first].next_at_name;
        sets_[first].next_at_name = index;
    }
    return index;
}

void Cache::drop_set(std::uint32_t index) {
    Set& set = sets_[index];
    const std::uint32_t first = first_set(set.view(), set.name_hash);
    if (first == index) {
        by_name_.erase(set.name_hash, index);
        if (set.next_at_name != none) insert_growing(by_name_, set.name_hash, set.next_at_name);
    } else {
        std::uint32_t before = first;
        while (sets_[before].next_at_name != index) before = sets_[before].next_at_name;
        sets_[before].next_at_name = set.next_at_name;
    }
    unanswered_.erase(index);
    bytes_ -= sizeof(Set) + set.name.size();
    set = Set{};
    free_sets_.push_back(index);
}

std::uint32_t Cache::make_source(const IpAddress& address) {
    const std::uint64_t hash = context_.hasher.of_bytes(address.bytes());
    const std::uint32_t found = by_source_.find(
        hash, [&](std::uint32_t index) { return sources_[index].address == address; });
    if (found != none) return found;
    if (source_count_ >= cache_sources_max) return sources_shared;
    const std::uint32_t index = take_place(sources_, free_sources_);
    sources_[index].address = address;
    insert_growing(by_source_, hash, index);
    ++source_count_;
    return index;
}

void Cache::drop_source(std::uint32_t index) {
    if (index == sources_shared || sources_[index].count != 0) return;
    by_source_.erase(context_.hasher.of_bytes(sources_[index].address.bytes()), index);
    free_sources_.push_back(index);
    --source_count_;
}

bool Cache::make_room(Time now, std::uint32_t source, std::size_t bytes) {
    while (count_ >= context_.config.cache_records ||
           bytes_ + bytes > context_.config.cache_bytes) {
        if (!evict(now, source)) return false;
    }
    return true;
}

/// Ends the oldest record of the host that has the most; of `inserting`, if none has more.
bool Cache::evict(Time now, std::uint32_t inserting) {
    const auto largest = largest_.first();
    if (!largest) return false;
    const bool is_own_fault =
        -largest->time <= static_cast<std::int64_t>(sources_[inserting].count);
    const std::uint32_t victim = is_own_fault ? inserting : largest->item;
    ++context_.stats.cache_evicted;
    erase(now, sources_[victim].oldest, QueryEvent::Reason::evicted);
    return true;
}

void Cache::erase(Time now, std::uint32_t index, QueryEvent::Reason reason) {
    Entry& entry = records_[index];
    const CachedRecord gone = view(now, entry);
    context_.trace_name(now, Trace::Kind::record_removed, interface_, gone.name, gone.type,
                        gone.source, reason_text(reason));
    // Out of every table first: the listener may look at what is left.
    by_record_.erase(entry.hash, index);
    deadlines_.erase(index);
    unlink_in_set(index);
    const std::uint32_t source = entry.source;
    unlink_of_source(index);
    --count_;
    bytes_ -= bytes_of(entry.rdata.size());
    listener_.on_removed(now, gone, reason);
    if (sets_[entry.set].count == 0) drop_set(entry.set);
    drop_source(source);
    entry = Entry{};
    free_records_.push_back(index);
}

void Cache::link_in_set(std::uint32_t index) {
    Entry& entry = records_[index];
    Set& set = sets_[entry.set];
    entry.newer_in_set = none;
    entry.older_in_set = set.newest;
    (set.newest != none ? records_[set.newest].newer_in_set : set.oldest) = index;
    set.newest = index;
    ++set.count;
}

void Cache::unlink_in_set(std::uint32_t index) {
    const Entry& entry = records_[index];
    Set& set = sets_[entry.set];
    (entry.newer_in_set != none ? records_[entry.newer_in_set].older_in_set : set.newest) =
        entry.older_in_set;
    (entry.older_in_set != none ? records_[entry.older_in_set].newer_in_set : set.oldest) =
        entry.newer_in_set;
    --set.count;
}

void Cache::link_of_source(std::uint32_t index) {
    Entry& entry = records_[index];
    Source& source = sources_[entry.source];
    entry.newer_of_source = none;
    entry.older_of_source = source.newest;
    (source.newest != none ? records_[source.newest].newer_of_source : source.oldest) = index;
    source.newest = index;
    ++source.count;
    largest_.set(entry.source, -static_cast<std::int64_t>(source.count));
}

void Cache::unlink_of_source(std::uint32_t index) {
    const Entry& entry = records_[index];
    Source& source = sources_[entry.source];
    (entry.newer_of_source != none ? records_[entry.newer_of_source].older_of_source
                                   : source.newest) = entry.older_of_source;
    (entry.older_of_source != none ? records_[entry.older_of_source].newer_of_source
                                   : source.oldest) = entry.newer_of_source;
    if (--source.count == 0) {
        largest_.erase(entry.source);
    } else {
        largest_.set(entry.source, -static_cast<std::int64_t>(source.count));
    }
}

}  // namespace kith::discovery::mdns
