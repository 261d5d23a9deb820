#pragma once
// Scratch: names of a zone that are being edited, as plain lists of records; and the difference in
// the end. Inside update/ only.

#include <map>
#include <vector>

#include "zone/change.hpp"

namespace kith::update {

using dns::Name;
using dns::NameView;
using dns::RrType;

/// A record of a name being edited.
struct Item {
    RrType type{};
    std::uint32_t ttl = 0;
    std::vector<std::uint8_t> rdata;
    zone::Provenance provenance;
    int origin = -1;  // index in ScratchName::before; -1: new
};

struct ScratchName {
    std::vector<Item> before;
    std::vector<Item> now;

    bool has(RrType type) const;
    std::size_t count(RrType type) const;
    /// The record of this type and RDATA; null when there is none.
    Item* find(RrType type, Bytes rdata);
    /// Adds a record that is not there. One that was there before the edit keeps being that one.
    Item& add(RrType type, std::uint32_t ttl, Bytes rdata);
    /// Removes all that `condition(const Item&)` is true for.
    template <class Condition>
    void remove_if(Condition condition) {
        std::erase_if(now, condition);
    }
    void set_ttl(RrType type, std::uint32_t ttl);
    bool is_changed() const;
};

class Scratch {
public:
    /// `zone` must outlive it.
    explicit Scratch(const zone::Zone& zone) : zone_(zone) {}

    const zone::Zone& zone() const { return zone_; }
    /// The records of `owner`, read from the zone when it is asked for first.
    ScratchName& name(NameView owner);
    std::map<Name, ScratchName>& names() { return names_; }
    const std::map<Name, ScratchName>& names() const { return names_; }

    /// Records more (or fewer, negative) than in the zone.
    std::ptrdiff_t growth() const;
    /// What is different, in canonical order of owners; serials are both the zone's. A record whose
    /// TTL changed is removed and added; one of which only the provenance changed is added only.
    zone::ZoneChange difference() const;

private:
    const zone::Zone& zone_;
    std::map<Name, ScratchName> names_;
};

}  // namespace kith::update
