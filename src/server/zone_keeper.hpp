#pragma once
// ZoneKeeper: the change feed. It owns every zone of record: the version that serves, the version
// being made, journal, history and consumers. All data that changes a zone moves through it:
//
//   producer: stage(change)      checked against the version being made; many may join
//   keeper:   commit()           signs what changed, next serial, journal (durable), publishes
//   consumer: Feed               told what happened, in order, after it is durable and published
//
// UPDATE, transfers in, the signer's clock, leases that end and edited files are producers; NOTIFY,
// IXFR, events and the log are consumers. A change that is refused, or that cannot be made durable,
// changes nothing.
//
// Control thread only.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "server/change_history.hpp"
#include "server/failure.hpp"
#include "server/file_state.hpp"
#include "store/limits.hpp"
#include "store/store.hpp"
#include "zone/change.hpp"
#include "zone/serial_policy.hpp"

namespace kith::server {

using store::Origin;
using zone::ChangeError;
using zone::Name;
using zone::NameView;
using zone::SerialPolicy;
using zone::Zone;
using zone::ZoneChange;
using zone::ZonePtr;

/// What happened to a zone, for consumers.
struct FeedEvent {
    std::shared_ptr<const ZoneChange> change;  // null: the zone came or was replaced whole
    ZonePtr zone;                              // after it
    Origin origin;                             // of the last change in it
    UnixTime at = 0;
};
using Consumer = std::function<void(const FeedEvent& event)>;

/// How a commit went, for whoever staged a part of it.
struct Outcome {
    enum class Kind : std::uint8_t {
        done,      // durable and served
        refused,   // the zone cannot be so; `text` says why
        not_kept,  // the journal could not be written: try later
    };
    Kind kind = Kind::done;
    std::uint32_t serial = 0;  // done: of the version that has it
    std::string text;
};
using Done = std::function<void(const Outcome& outcome)>;

/// What signing makes of a change: the RRSIG, NSEC, NSEC3 records to remove and add besides. `after`
/// is the zone with the change in it, with the serial it will have. `change`: what was done; null:
/// nobody knows what was signed before, all of the zone is to be signed. `due`: names whose
/// signatures are to be renewed. An error refuses the change.
using Signer = std::function<Result<ZoneChange, std::string>(
    const Zone& after, const ZoneChange* change, std::span<const Name> due)>;

struct KeeperSettings {
    SerialPolicy serial = SerialPolicy::increment;
    std::uint64_t journal_bytes_max = store::journal_bytes_max_default;  // on disk
    std::size_t history_bytes_max = std::size_t{16} << 20;               // in memory, for IXFR
    zone::Bounds bounds = zone::change_bounds;
    Signer sign;             // empty: the zone is served as it is
    std::string write_file;  // path of the zone file to write back to; empty: never
    FileState file_state;    // of that file before it was read: one that changed is not overwritten
    /// What a zone that the store has never seen begins with, on top of its file, and who says so.
    std::optional<ZoneChange> first;
    std::string first_from;
};

class ZoneKeeper {
public:
    /// Publishes the next versions of these zones together.
    using Publish = std::function<void(std::span<const ZonePtr> zones)>;
    using Clock = std::function<UnixTime()>;

    /// `loop` and `store` must outlive it.
    ZoneKeeper(net::Loop& loop, store::Store& store, Publish publish, Clock now);
    ~ZoneKeeper();

    // --- which zones --------------------------------------------------------------------------

    /// Takes a zone over, at start or reload. `from_file` is what its file and the configuration say
    /// now; null for a secondary. Where the journal knows the zone, the two are reconciled: an
    /// edited file becomes a change on top of what the journal has, so that neither loses. A zone
    /// that is kept already only gets its settings and its edits. The version to serve; null for a
    /// secondary that has never been transferred.
    Result<ZonePtr, std::string> keep(NameView apex, ZonePtr from_file, KeeperSettings settings);

    /// keep() in steps, for many zones at once: nothing changes before take(), which does all or none.
    /// No change may be staged in between.
    struct Takeover;
    using TakeoverPtr = std::shared_ptr<Takeover>;
    /// Reads what the store has and reconciles it with the file; `settings.sign` is not looked at.
    Result<TakeoverPtr, Failure> read(NameView apex, ZonePtr from_file, KeeperSettings settings);
    /// Gives it its serial and signatures.
    Result<void, std::string> prepare(Takeover& takeover, Signer sign) const;
    /// Makes all of them durable in one transaction; they serve from now on. On failure nothing has
    /// changed.
    store::Stored<void> take(std::span<const TakeoverPtr> all);
    /// Tells consumers what take() has changed: when it is published.
    void announce();

    /// Serves no more of this zone; what is stored stays.
    void release(NameView apex);
    bool keeps(NameView apex) const { return find(apex) != nullptr; }
    std::vector<Name> zones() const;

    // --- producers ----------------------------------------------------------------------------

    /// The version that serves; null: none.
    ZonePtr serving(NameView apex) const;
    /// The version being made: what is staged is in it. Prerequisites are checked against it.
    ZonePtr working(NameView apex) const;

    /// Adds a change to the version being made; its serials do not matter. It is committed with
    /// what else is staged at the end of this turn of the loop; `done` is called when that is
    /// durable and served, or has failed. An error here (the change does not fit) is final, and
    /// `done` is not called.
    Result<void, ChangeError> stage(ZoneChange change, Origin origin, Done done);
    /// As stage(), for changes that come with their serials and need no signing: IXFR. The next
    /// change must start where this one ends.
    Result<void, ChangeError> stage_given(ZoneChange change, Origin origin, Done done);
    /// Replaces the zone with another one as it is, serial included: AXFR. Commits what is staged
    /// first.
    void replace(ZonePtr next, Origin origin, Done done);
    /// Has the signer look at the zone again although nothing changed: signatures at `due` that
    /// end, keys that came or went. False: the zone is not kept, or has no signer.
    bool resign(NameView apex, std::vector<Name> due, Origin origin, Done done);

    /// Commits what is staged, now: every `done` has been called when it returns.
    void commit();
    /// As commit(), but while another program holds the database, what is staged waits for it for up to
    /// lock_wait, and is tried again by itself.
    void commit_when_free();
    /// Writes files back that are to be, now, as after a while they are by themselves.
    void write_files_now() { write_files(); }

    // --- consumers ----------------------------------------------------------------------------

    void subscribe(Consumer consumer) { consumers_.push_back(std::move(consumer)); }
    /// The newest changes; empty for a zone that is not kept.
    ChangeHistory history(NameView apex) const;

    struct Counters {
        std::uint64_t changes = 0;  // staged and done
        std::uint64_t commits = 0;  // transactions
        std::uint64_t refused = 0;
        std::uint64_t not_kept = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    struct Kept;
    struct Sealed;
    struct Part;
    struct Ended {
        std::vector<Part> parts;
        Outcome outcome;
    };
    enum class Patience : std::uint8_t { none, for_locks };

    Kept* find(NameView apex) const;
    Result<void, ChangeError> stage(Kept& kept, ZoneChange change, Origin origin, Done done);
    void commit_soon();
    void commit(Patience patience);
    std::vector<Sealed> seal_all(std::vector<Ended>& ended);
    Result<Sealed, std::string> seal(Kept& kept) const;
    void sift(Kept& kept, std::vector<Ended>& ended);
    void refuse(Part&& part, std::string text, std::vector<Ended>& ended);
    static Result<ZonePtr, std::string> with_signatures(const Signer& sign, const ZonePtr& zone,
                                                        const ZoneChange* change,
                                                        std::span<const Name> due);
    Ended end(Kept& kept, Outcome outcome);
    static void tell(const std::vector<Ended>& all);
    bool may_wait(const store::StoreError& error, Patience patience);
    store::Stored<void> seal_and_store(std::vector<Sealed>& sealed, std::vector<Ended>& ended);
    store::Stored<void> store(std::span<Sealed> sealed);
    void serve(std::span<const Sealed> sealed, std::vector<Ended>& ended);
    void restage(Kept& kept, std::vector<Part> parts, std::vector<Ended>& ended);
    void catch_up(std::vector<Ended>& ended);
    Result<std::optional<FeedEvent>, Failure> catch_up(Kept& kept);
    void note_failure(const store::StoreError& error, NameView zone);
    void note_success();
    Result<void, Failure> read_edit(Takeover& takeover) const;
    Result<void, Failure> read_known(Takeover& takeover) const;
    Result<void, Failure> read_first(Takeover& takeover) const;
    store::Stored<void> write(std::span<const TakeoverPtr> all);
    store::Stored<void> write(const Takeover& takeover, UnixTime now);
    std::optional<FeedEvent> settle(Takeover& takeover);
    store::Stored<void> write_base(Kept& kept);
    void load_history(Kept& kept);
    void after_change(Kept& kept, const ZoneChange& change);
    void compact();
    void write_files();
    bool write_back(Kept& kept);

    net::Loop& loop_;
    store::Store& store_;
    Publish publish_;
    Clock now_;
    Counters counters_;
    std::vector<Consumer> consumers_;
    std::map<std::string, std::unique_ptr<Kept>> zones_;  // by apex, lower case, wire form
    std::vector<FeedEvent> untold_;                       // of take(), for announce()
    std::optional<Time> waits_since_;                     // for whoever holds the database
    std::string failure_;        // of the last transaction; empty: it went well
    bool is_uncertain_ = false;  // what failed may be in the store all the same
    Time failure_logged_;
    net::Timer commit_timer_;
    net::Timer compact_timer_;
    net::Timer write_timer_;
};

}  // namespace kith::server
