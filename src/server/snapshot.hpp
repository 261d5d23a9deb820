#pragma once
// Snapshot: all that workers read, immutable once published. A copy costs a few pointers: what is large
// is shared, so that one more version of a zone is published thousands of times a second.

#include <memory>

#include "answer/snapshot.hpp"
#include "base/published.hpp"
#include "cache/cache.hpp"
#include "net/tcp_server.hpp"
#include "resolve/forward_config.hpp"
#include "server/transfer_zones.hpp"

namespace kith::server {

struct Snapshot {
    explicit Snapshot(answer::AnswerOptions options) : answer(std::move(options)) {}

    answer::AnswerSnapshot answer;
    std::shared_ptr<const resolve::ForwardConfig> forward;  // never null once published
    cache::CacheLimits cache;                               // of the whole server
    // Changes with `forward` and `cache`: while it stays, workers keep what they have cached. A local
    // zone, record or rewrite comes before the cache, so their changes need no flush.
    std::uint64_t forwarding_version = 0;
    net::TcpSettings tcp;
    TransferZones transfers;                    // zones that others take, or that come from others
    std::shared_ptr<const auth::KeyRing> keys;  // TSIG; null: none
    bool log_queries = false;
    bool resolve_local = false;  // names of the link are asked for there (discovery.hpp)
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;
using PublishedSnapshot = Published<Snapshot>;

}  // namespace kith::server
