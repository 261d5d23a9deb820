#pragma once
// DenialCache: what a worker has found out about names that denials keep coming back to.
//
// Every denial below a name needs the same NSEC3 of that name and the same NSEC or NSEC3 that covers
// or matches its wildcard. Finding them costs two hashes and two searches; here they are kept, so that
// a denial hashes and searches the one name that differs. Entries are of one version of one zone
// (Zone::id()), and what they point to lives as long as that: they are read for no other.

#include <array>
#include <cstdint>

#include "answer/limits.hpp"
#include "zone/node.hpp"

namespace kith::answer {

class DenialCache {
public:
    struct Entry {
        std::uint64_t zone = 0;  // Zone::id(); 0: free
        std::uint64_t name = 0;  // its hash: keyed, so that nobody can make two names meet here
        bool knows_match = false;
        bool knows_wildcard = false;
        zone::NodeView match;  // the NSEC3 of the name; none: it has none
        zone::NodeView
            wildcard;  // NSEC or NSEC3 that covers "*" below the name; none: nothing does
    };

    /// The entry of this name; what was there of another is forgotten.
    Entry& at(std::uint64_t zone, std::uint64_t name) {
        Entry& entry = entries_[(name ^ zone * 0x9e3779b97f4a7c15U) % denial_cache_entries];
        if (entry.zone != zone || entry.name != name) {
            entry = Entry();
            entry.zone = zone;
            entry.name = name;
        }
        return entry;
    }

private:
    std::array<Entry, denial_cache_entries> entries_;
};

}  // namespace kith::answer
