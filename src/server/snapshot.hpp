#pragma once
// Snapshot: all that workers read, immutable once published.

#include <memory>

#include "answer/snapshot.hpp"
#include "base/published.hpp"
#include "net/tcp_server.hpp"
#include "cache/cache.hpp"
#include "resolve/forward_config.hpp"
#include "server/transfer_zones.hpp"

namespace kith::server {

struct Snapshot {
    explicit Snapshot(answer::AnswerOptions options) : answer(std::move(options)) {}

    answer::AnswerSnapshot answer;
    resolve::ForwardConfig forward;
    cache::CacheLimits cache;  // of the whole server
    // Changes with `forward` and `cache`: while it stays, workers keep what they have cached. A local
    // zone, record or rewrite comes before the cache, so their changes need no flush.
    std::uint64_t forwarding_version = 0;
    net::TcpSettings tcp;
    TransferZones transfers;                    // zones that others take, or that come from others
    std::shared_ptr<const auth::KeyRing> keys;  // TSIG; null: none
    bool log_queries = false;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;
using PublishedSnapshot = Published<Snapshot>;

}  // namespace kith::server
