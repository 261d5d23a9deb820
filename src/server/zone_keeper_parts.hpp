#pragma once
// What ZoneKeeper has inside; private to its sources: zone_keeper.cpp (producers, the commit), zone_seal.cpp,
// zone_housekeeping.cpp, zone_takeover.cpp, zone_catch_up.cpp.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/zone_keeper.hpp"

namespace kith::server {

inline std::string key_of(NameView apex) {
    return std::string(as_text(Name(apex).lowered().wire()));
}

inline store::Base file_base(const Zone& zone) {
    return {store::Base::Kind::file, store::digest_of(zone), zone.serial()};
}

/// What one producer staged.
struct ZoneKeeper::Part {
    Origin origin;
    Done done;
    std::optional<ZoneChange> change;  // none: signatures are to be renewed
    std::vector<Name> due;             // those
};

/// One zone of record.
struct ZoneKeeper::Kept {
    Name apex;
    KeeperSettings settings;
    ZonePtr serving;
    ZonePtr working;  // serving, with what is staged
    ChangeHistory history;
    std::optional<store::Base>
        base;  // as stored; none: nothing is stored yet, as nothing changed yet
    std::uint64_t change_bytes = 0;  // in the journal, about
    bool wants_compaction = false;
    bool wants_writing = false;

    std::vector<Part> parts;  // staged
    bool is_given = false;    // serials come from elsewhere
};

/// A version ready to be kept.
struct ZoneKeeper::Sealed {
    Kept* kept = nullptr;
    ZonePtr zone;
    std::shared_ptr<const ZoneChange> change;
    bool is_nothing = false;  // what was staged changes nothing
    bool sets_base = false;   // nothing was stored of the zone before
};

/// A zone on its way to be kept.
struct ZoneKeeper::Takeover {
    Name apex;
    KeeperSettings settings;
    Kept* kept = nullptr;  // it is already
    ZonePtr from_file;
    std::optional<store::KeptZone> known;  // what the store has; read for new zones and for edits
    ZonePtr zone;                          // what is to serve
    bool is_step = false;                  // it becomes a version of its own, after `last`
    bool is_forgotten = false;             // what is stored is of no use
    std::uint32_t last = 0;
    ZoneChange net;                            // of a step: what differs from the file
    std::shared_ptr<const ZoneChange> change;  // of a step: from the version before; null: unknown

    /// What the file is as a base; found out once, as it costs what the file is long.
    const store::Base& base() const {
        if (!base_) base_ = file_base(*from_file);
        return *base_;
    }
    /// The version that a step's change starts from; null: none.
    ZonePtr before() const {
        if (kept != nullptr) return kept->serving;
        return known || !settings.first ? nullptr : from_file;
    }

private:
    mutable std::optional<store::Base> base_;
};

}  // namespace kith::server
