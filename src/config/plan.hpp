#pragma once
// What a configuration means: its names and values in wire form, each record in its zone, the SOA
// and NS records that the file leaves out, reverse records, rules in order. Made from a Config in
// one pass, immutable after; zones are built from it by whoever answers.
//
// Records are kept packed: a million A records take about 60 MB.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ip_address.hpp"
#include "base/problem.hpp"
#include "config/config.hpp"
#include "dns/name.hpp"
#include "dns/rr_type.hpp"

namespace kith::config {

/// Which names a record answers for.
enum class Match : std::uint8_t {
    owner,      // its owner; where that is `*.x`, as RFC 4592 says
    one_label,  // the owner is `*.x`: names exactly one label below x (NanoDNS's wildcard)
};

/// Who says so: a written record is kept where an automatic one (SOA, NS, PTR) contradicts it.
enum class Maker : std::uint8_t { written, automatic };

/// One record. The views hold as long as the list they came from.
struct PlannedRecord {
    dns::NameView owner;  // in the case it was written in
    dns::RrType type{};
    std::uint32_t ttl = 0;  // seconds; the same for all of an RRset
    Bytes rdata;            // wire form, names uncompressed
    Match match = Match::owner;
    Maker maker = Maker::written;
    Offset at = 0;  // where it stands in the file
};

/// Records in the order of the file.
class RecordList {
public:
    std::size_t size() const { return rows_.size(); }
    bool empty() const { return rows_.empty(); }
    /// Requires `index` < size().
    PlannedRecord operator[](std::size_t index) const;

    void add(const PlannedRecord& record);
    void set_ttl(std::size_t index, std::uint32_t ttl) { rows_[index].ttl = ttl; }
    /// Removes those for which `doomed` (one flag a record) is set.
    void remove(const std::vector<bool>& doomed);

private:
    struct Row {
        std::uint64_t start;  // in bytes_: the owner, then the RDATA
        std::uint32_t ttl;
        Offset at;
        std::uint16_t rdata_size;
        dns::RrType type;
        std::uint8_t owner_size;
        Match match;
        Maker maker;
    };
    std::vector<Row> rows_;
    std::vector<std::uint8_t> bytes_;
};

struct PlannedZone {
    dns::Name apex;
    std::size_t index = 0;        // in Config::zones
    std::string file;             // master file; then the list has no SOA and no NS of ours
    bool serial_written = false;  // false: the SOA's serial is a default, any other will do
    RecordList records;
    Offset at = 0;
};

/// How much of the tree below its name a rewrite covers.
enum class Reach : std::uint8_t {
    name,       // the name only
    one_label,  // the name and names one label below
    any_depth,  // the name and all below
};

struct PlannedRewrite {
    std::string wire;  // the name, without its `*.`
    Reach reach = Reach::name;
    RewriteAction action = RewriteAction::nxdomain;
    std::vector<IpAddress> addresses;  // of a redirect: at least one
    Offset at = 0;

    dns::NameView name() const KITH_LIFETIMEBOUND {
        return dns::NameView::unchecked(as_bytes(wire));
    }
};

/// Upstreams for a domain and what is below it; none: answered NXDOMAIN here.
struct PlannedForward {
    dns::Name domain;
    std::vector<Endpoint> upstream;
};

struct Plan {
    std::vector<PlannedZone> zones;  // no two with the same apex
    RecordList overlay;  // records in no zone: they answer, names beside them are forwarded
    std::vector<PlannedRewrite> rewrites;  // the first that matches wins
    std::vector<PlannedForward> forward;   // no two for the same domain; the longest match wins
};

/// Makes the plan and adds every problem of names and values to `problems`. What has an error is
/// left out. Time and memory grow with the number of records (n log n).
Plan make_plan(const Config& config, Problems& problems);

}  // namespace kith::config
