#pragma once
// Cache: what other hosts said on one interface (RFC 6762 §5.2, §10).
//
//   set      one name, type and class: records linked, newest first; found by hash
//   record   found by hash of all it says; one deadline each: refresh, then expiry
//   source   the host that said it: a list of its records by age, and their number
//
// Bounded in records and bytes. When full, the host with the most records loses its oldest one, so
// that a flood from one address displaces itself and not the others (RFC 6762 knows no such rule;
// a cache without one can be emptied by any host on the link).
//
// Nothing here is O(records) for a packet but a cache-flush bit, which walks one set.

#include <memory>
#include <string>

#include "base/deadline_heap.hpp"
#include "base/hash_index.hpp"
#include "discovery/mdns/context.hpp"
#include "discovery/mdns/packet.hpp"

namespace kith::discovery::mdns {

/// A record as the cache tells about it; views die with the next change of the cache.
struct CachedRecord {
    dns::NameView name;
    std::uint64_t name_hash = 0;
    dns::RrType type{};
    dns::RrClass klass{};
    Bytes rdata;
    std::uint32_t ttl = 0;       // as received, seconds
    std::uint32_t ttl_left = 0;  // seconds
    Endpoint source;
    bool is_unique = false;
};

class CacheListener {
public:
    virtual ~CacheListener() = default;
    virtual void on_added(Time now, const CachedRecord& record) = 0;
    virtual void on_removed(Time now, const CachedRecord& record, QueryEvent::Reason reason) = 0;
    /// Somebody here waits for records like this one (RFC 6762 §5.2: only then they are refreshed).
    virtual bool is_wanted(dns::NameView name, std::uint64_t name_hash, dns::RrType type,
                           dns::RrClass klass) = 0;
    /// A wanted record is at 80, 85, 90 or 95 % of its life.
    virtual void on_refresh_due(Time now, const CachedRecord& record) = 0;
};

class Cache {
public:
    static constexpr std::uint32_t none = HashIndex::none;

    Cache(Context& context, InterfaceId interface, CacheListener& listener);

    /// Takes in a record of a response: adds, refreshes, or with TTL 0 ends it in a second.
    void store(Time now, const PacketRecord& record, const Endpoint& source);
    /// The cache-flush bit of a record of the response just stored (RFC 6762 §10.2).
    void flush_older(Time now, const PacketRecord& record);
    /// A peer asks this by multicast; if nobody answers, what is asked for is gone (RFC 6762 §10.5).
    /// The records of the asker itself are left out: it does not answer its own questions.
    void on_peer_question(Time now, const PacketQuestion& question, const IpAddress& asker);
    /// A peer has listed this as known: no answer is to be expected for it.
    void on_peer_known(Time now, const PacketRecord& record);
    /// Ends the record in ten seconds unless it is heard again (RFC 6762 §10.4); false: not cached.
    bool reconfirm(Time now, const RecordKey& key);
    /// A new question wants these: their refreshing starts, if they were past it.
    void rearm(Time now, dns::NameView name, std::uint64_t name_hash, dns::RrType type);
    /// What was heard may be of another network: everything ends in ten seconds unless heard again.
    void doubt_all(Time now);
    void clear(Time now, QueryEvent::Reason reason);

    /// Takes a record out that is one of our own now.
    void drop(Time now, const RecordKey& key);

    bool has(const RecordKey& key) const;
    bool has_name(dns::NameView name, std::uint64_t name_hash) const {
        return first_set(name, name_hash) != none;
    }
    /// Calls `visit(const CachedRecord&)` for the records of `name` and `type` (may be ANY).
    template <class Visit>
    void for_each(Time now, dns::NameView name, std::uint64_t name_hash, dns::RrType type,
                  Visit visit) const {
        for (std::uint32_t set = first_set(name, name_hash); set != none;
             set = sets_[set].next_at_name) {
            if (type != dns::RrType::ANY && sets_[set].type != type) continue;
            for (std::uint32_t i = sets_[set].newest; i != none; i = records_[i].older_in_set)
                visit(view(now, records_[i]));
        }
    }
    template <class Visit>
    void for_each(Time now, Visit visit) const {
        for (const Entry& entry : records_) {
            if (entry.set != none) visit(view(now, entry));
        }
    }
    /// As for_each(), of records that a question lists as known: with more than half their life
    /// left (RFC 6762 §7.1) and not in doubt.
    template <class Visit>
    void for_each_known_answer(Time now, dns::NameView name, std::uint64_t name_hash,
                               dns::RrType type, Visit visit) const {
        for (std::uint32_t set = first_set(name, name_hash); set != none;
             set = sets_[set].next_at_name) {
            if (type != dns::RrType::ANY && sets_[set].type != type) continue;
            for (std::uint32_t i = sets_[set].newest; i != none; i = records_[i].older_in_set) {
                if (is_known_answer(now, records_[i])) visit(view(now, records_[i]));
            }
        }
    }
    bool is_known_answer(Time now, const RecordKey& key) const;
    /// Until when the unique records of a type at a name answer a question completely: 80 % of
    /// their life. nullopt: there are none, or others may exist.
    std::optional<Time> complete_until(Time now, dns::NameView name, std::uint64_t name_hash,
                                       dns::RrType type) const;

    void on_timer(Time now);
    std::optional<Time> next_timer() const;

    std::size_t size() const { return count_; }
    std::size_t bytes() const { return bytes_; }
    std::size_t source_count() const { return source_count_; }

private:
    struct Entry {
        std::uint32_t set = none;  // none: free
        std::uint32_t newer_in_set = none, older_in_set = none;
        std::uint32_t newer_of_source = none, older_of_source = none;
        std::uint32_t source = 0;
        std::uint32_t ttl = 0;
        std::uint8_t refreshes = 0;  // done of the four
        std::uint8_t jitter = 0;     // 0..200: hundredths of a percent of the TTL
        bool is_unique = false;
        bool is_doubted = false;  // reconfirm()
        QueryEvent::Reason ends_by = QueryEvent::Reason::expired;
        Time received{};
        Time expires{};
        Time seen{};  // received, or known to a peer
        std::uint64_t hash = 0;
        std::string rdata;
    };
    /// Questions of peers for one set. Those within half a second are one: a host asks on both of
    /// its links, and others ask the same at the same time.
    struct Unanswered {
        Time first{}, last{};
        int count = 0;
        std::vector<std::pair<IpAddress, int>> askers;  // with the number of the question, from 1
    };
    struct Set {
        std::string name;  // empty: free
        std::uint64_t name_hash = 0;
        dns::RrType type{};
        dns::RrClass klass{};
        std::uint32_t newest = none, oldest = none;
        std::uint32_t count = 0;
        std::uint32_t next_at_name = none;       // a list of the sets of one name
        std::unique_ptr<Unanswered> unanswered;  // while peers' questions wait for an answer

        dns::NameView view() const { return dns::NameView::unchecked(as_bytes(name)); }
    };
    struct Source {
        IpAddress address;
        std::uint32_t newest = none, oldest = none;
        std::uint32_t count = 0;
    };
    CachedRecord view(Time now, const Entry& entry) const;
    static bool is_known_answer(Time now, const Entry& entry);
    Time refresh_time(const Entry& entry, int step) const;
    std::uint32_t first_set(dns::NameView name, std::uint64_t name_hash) const;
    std::uint32_t find_set(const RecordKey& key) const;
    std::uint32_t find(const RecordKey& key, std::uint64_t hash) const;
    std::uint32_t make_set(const RecordKey& key);
    std::uint32_t make_source(const IpAddress& address);
    void drop_source(std::uint32_t source);
    bool make_room(Time now, std::uint32_t source, std::size_t bytes);
    bool evict(Time now, std::uint32_t inserting);
    void add(Time now, const PacketRecord& record, std::uint64_t hash, const Endpoint& source);
    void renew(Time now, std::uint32_t index, const PacketRecord& record, const Endpoint& source);
    void fill(Time now, Entry& entry, const PacketRecord& record, std::uint32_t source);
    void set_deadline(std::uint32_t index);
    void erase(Time now, std::uint32_t index, QueryEvent::Reason reason);
    void link_in_set(std::uint32_t index);
    void unlink_in_set(std::uint32_t index);
    void link_of_source(std::uint32_t index);
    void unlink_of_source(std::uint32_t index);
    void drop_set(std::uint32_t set);
    void end_unanswered(Time now, std::uint32_t set);
    static std::size_t bytes_of(std::size_t rdata_size) { return sizeof(Entry) + 32 + rdata_size; }

    Context& context_;
    InterfaceId interface_;
    CacheListener& listener_;
    std::vector<Entry> records_;
    std::vector<std::uint32_t> free_records_;
    std::vector<Set> sets_;
    std::vector<std::uint32_t> free_sets_;
    std::vector<Source> sources_;  // [0] is shared by those there was no room for
    std::vector<std::uint32_t> free_sources_;
    HashIndex by_record_, by_name_, by_source_;  // by_name_: the first set of a name
    DeadlineHeap deadlines_;                     // of records
    DeadlineHeap unanswered_;                    // of sets
    IndexedHeap<std::int64_t> largest_;          // of sources, by -count
    std::size_t count_ = 0, bytes_ = 0, source_count_ = 0;
    std::uint8_t jitter_ = 0;  // of records that come in now
    Time jitter_until_{};
};

}  // namespace kith::discovery::mdns
