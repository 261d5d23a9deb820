#pragma once
// What is legal in a zone but probably not meant, record by record.

#include <unordered_set>

#include "base/problem.hpp"
#include "zone/zone.hpp"
#include "zone/zone_file.hpp"

namespace kith::zone {

/// What advice needs to know of all records before it judges one.
struct AdviceContext {
    std::unordered_set<std::uint64_t> name_servers;  // dns::name_hash of every NS target
    bool has_occluded = false;                       // there is a cut or a DNAME somewhere
};

/// Notes `record` in `context`; for every record, before the first advise().
void learn(AdviceContext& context, const FileRecord& record, dns::NameView apex);

/// Reports what is doubtful about `record`, which is one of `zone`'s, to `problems`.
void advise(const AdviceContext& context, const Zone& zone, const FileRecord& record,
            ProblemList& problems);

/// True for letters, digits and inner hyphens in every label (RFC 952, RFC 1123 §2.1); the leftmost
/// may be "*".
bool is_host_name(dns::NameView name);

}  // namespace kith::zone
