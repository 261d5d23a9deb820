#pragma once
// OwnRecords: the records that one interface answers for, found by name and by what they say.

#include <array>
#include <string>
#include <vector>

#include "base/hash_index.hpp"
#include "discovery/mdns/link.hpp"
#include "discovery/mdns/packet.hpp"

namespace kith::discovery::mdns {

/// When something of ours was multicast on one link, and when it will be.
struct Sending {
    static constexpr Time never = Time::min();  // also earlier than anything
    Time last = never;
    Time not_before = never;  // while it waits to be sent
};

/// How often something was said again on one link because an echo had taken it out of caches.
struct EchoAnswers {
    int count = 0;
    Time last_echo = Time::min();
};

struct OwnRecord {
    enum class State : std::uint8_t {
        free,
        silent,  ///< its name is still being probed for
        live,
        twin,     ///< as live, but another record that says the same speaks for both
        leaving,  ///< withdrawn, goodbye not sent yet
    };
    State state = State::free;
    Ownership ownership = Ownership::shared;
    dns::RrType type{};
    dns::RrClass klass{};
    std::uint32_t name = 0;  // in OwnRecords
    std::uint32_t ttl = 0;
    std::string rdata;
    std::uint64_t hash = 0;
    RegistrationId registration = 0;
    std::uint32_t slot = 0;        // in its registration
    std::uint32_t serial = 0;      // never used twice, where an index may be
    std::uint32_t known_in = 0;    // stamp of the query that lists it as known
    std::uint32_t written_in = 0;  // stamp of the message it was written to last
    std::uint32_t answer_in = 0;   // stamp of the response it is an answer of
    int announcements_left = 0;
    Duration announce_gap{};
    std::array<Sending, 2> sending;
    std::array<EchoAnswers, 2> echo_answers;

    /// Answered with, by itself or by the one that says the same.
    bool is_offered() const { return state == State::live || state == State::twin; }
    bool is_unique() const { return ownership != Ownership::shared; }
    Bytes data() const { return as_bytes(rdata); }
};

struct OwnName {
    std::string wire;
    std::uint64_t hash = 0;
    std::vector<std::uint32_t> records;
    std::uint32_t nsec_ttl = 0;         // of the NSEC that waits to be sent
    std::uint32_t nsec_written_in = 0;  // as OwnRecord::written_in
    std::uint32_t nsec_answer_in = 0;   // as OwnRecord::answer_in
    std::array<Sending, 2> nsec;        // of the NSEC that denies other types

    dns::NameView view() const { return dns::NameView::unchecked(as_bytes(wire)); }
};

class OwnRecords {
public:
    static constexpr std::uint32_t none = HashIndex::none;

    std::uint32_t add(const Record& record, Ownership ownership, std::uint64_t hash);
    void erase(std::uint32_t record);

    OwnRecord& record(std::uint32_t index) { return records_[index]; }
    const OwnRecord& record(std::uint32_t index) const { return records_[index]; }
    OwnName& name(std::uint32_t index) { return names_[index]; }
    const OwnName& name(std::uint32_t index) const { return names_[index]; }
    OwnName& name_of(const OwnRecord& record) { return names_[record.name]; }
    const OwnName& name_of(const OwnRecord& record) const { return names_[record.name]; }

    std::uint32_t find_name(dns::NameView name,
                            std::uint64_t hash) const;  ///< none: no records of it
    /// A record that says the same, not a leaving one or a twin; `hash` is Hasher::of_record().
    std::uint32_t find(const RecordKey& key, std::uint64_t hash) const;
    /// Another record in this state that says the same as `record`.
    std::uint32_t find_same(std::uint32_t record, OwnRecord::State state) const;
    /// Another one that says the same and is not leaving.
    std::uint32_t find_same_wanted(std::uint32_t record) const;

    /// True when we are the only ones to have the name: it has unique records that are live.
    bool owns(std::uint32_t name) const;
    /// Types of live records at `name` as an NSEC bitmap of window 0; empty when a type above 255
    /// is there (RFC 6762 §6.1) or nothing.
    std::string nsec_rdata(std::uint32_t name) const;

    std::size_t size() const { return count_; }
    /// One past the highest index in use, to walk all; skip State::free.
    std::uint32_t end() const { return static_cast<std::uint32_t>(records_.size()); }

private:
    bool says_same(const OwnRecord& one, const OwnRecord& other) const;
    std::uint32_t name_index(dns::NameView name, std::uint64_t hash);

    std::vector<OwnRecord> records_;
    std::vector<std::uint32_t> free_records_;
    std::vector<OwnName> names_;
    std::vector<std::uint32_t> free_names_;
    HashIndex by_name_, by_record_;
    std::size_t count_ = 0;
    std::uint32_t next_serial_ = 1;
};

}  // namespace kith::discovery::mdns
