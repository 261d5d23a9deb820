#pragma once
// ZoneBuilder: a whole zone from its records, in any order, in one go.
//
//   ZoneBuilder builder(apex);
//   for each record: builder.add(owner, type, ttl, rdata, line);
//   BuiltZone built = builder.finish();
//
// add() copies the record; finish() sorts, merges and checks. Records in canonical order, as most
// transfers and printed zones are, are not sorted again. Not thread-safe.

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "zone/fault.hpp"
#include "zone/limits.hpp"
#include "zone/zone.hpp"

namespace kith::zone {

/// One thing wrong with the records given.
struct ZoneProblem {
    ZoneFault fault{};
    Name owner;
    RrType type{};
    std::uint32_t tag = 0;    // of the record, as given to add(); 0 for no_soa
    std::uint32_t other = 0;  // tag of the record it collides with, 0 when there is none
};

struct BuiltZone {
    ZonePtr zone;                       // null when a problem is not harmless
    std::vector<ZoneProblem> problems;  // at most problems_max, in canonical order of owners
    std::size_t problems_left_out = 0;
};

class ZoneBuilder {
public:
    explicit ZoneBuilder(NameView apex, dns::RrClass klass = dns::RrClass::IN,
                         const Bounds& bounds = file_bounds);
    ~ZoneBuilder();
    ZoneBuilder(const ZoneBuilder&) = delete;
    ZoneBuilder& operator=(const ZoneBuilder&) = delete;

    /// Adds one record; `rdata` is checked wire form without compression (dns::check_rdata). `tag`
    /// is the caller's, to tell where the record came from: a line, an index. Fails with
    /// out_of_zone, meta_type or rdata_size, and leaves the record out.
    Result<void, ZoneFault> add(NameView owner, RrType type, std::uint32_t ttl, Bytes rdata,
                                std::uint32_t tag = 0, const Provenance& provenance = {});
    /// The wildcard `owner` ("*.x") stands for one label only (NodeView::one_label_wildcard()).
    /// No effect unless records are added there.
    void set_one_label_wildcard(NameView owner);

    /// Records added so far, duplicates included.
    std::size_t record_count() const;

    /// The zone, or every reason why there is none. The builder is empty afterwards.
    BuiltZone finish();

private:
    class Work;
    std::unique_ptr<Work> work_;
    Name apex_;
    dns::RrClass klass_;
    Bounds bounds_;
};

}  // namespace kith::zone
