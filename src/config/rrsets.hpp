#pragma once
// The checks that need all records of a name together: one CNAME and nothing beside it (RFC 1034
// §3.6.2, RFC 2181 §10.1), no record twice (RFC 2181 §5), one TTL for an RRset (RFC 2181 §5.2).

#include "config/plan.hpp"
#include "config/problem_list.hpp"

namespace kith::config {

/// Reports what is wrong, drops records that are there twice, gives each RRset its lowest TTL.
/// O(n log n); the order of the records stays.
void check_rrsets(RecordList& records, const Config& config, ProblemList& problems);

}  // namespace kith::config
