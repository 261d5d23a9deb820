#pragma once
// TransferService: a worker's answers to AXFR, IXFR and NOTIFY, out of the snapshot.
//
// One per worker, on its thread. Zones of transfers that are being sent are handed back to the
// control thread, where the last owner of a version must let it go (zone/zone.hpp).

#include <functional>
#include <memory>

#include "answer/query.hpp"
#include "net/tcp_server.hpp"
#include "server/log_limit.hpp"
#include "server/transfer_zones.hpp"
#include "transfer/transfer_out.hpp"
#include "transfer/tsig_security.hpp"

namespace kith::server {

/// A NOTIFY that was found good.
struct HeardNotify {
    dns::Name zone;
    Endpoint from;
    std::optional<std::uint32_t> serial;
};

struct TransferCounters {
    std::uint64_t whole = 0, differences = 0, current = 0;  // answers begun, by form
    std::uint64_t sent = 0, cut = 0;                        // streams, by their end
    std::uint64_t refused = 0;                              // not allowed, or signed badly
    std::uint64_t busy = 0;                                 // over net::tcp_streams_max
    std::uint64_t notified = 0, notify_refused = 0;
};

class TransferService {
public:
    struct Hooks {
        std::function<void(zone::ZonePtr)> give_back;  // to the control thread; any thread
        std::function<void(HeardNotify)> on_notify;    // the same; drops what is too much
        transfer::UnixClock now;
    };
    explicit TransferService(Hooks hooks) : hooks_(std::move(hooks)) {}

    /// True for messages that answer() may have something to say to: requires a prepared query.
    static bool is_for_us(const answer::Query& query);

    struct Answer {
        bool is_ours = false;  // false: the zone is none of ours; answer it like any other message
        Bytes message;         // in the buffer given; empty: see `stream`
        std::unique_ptr<net::TcpStream> stream;
    };
    /// Answers `query` into `buffer`, of 65,535 bytes. `streams`: how many this worker is sending. A
    /// stream must not outlive the service.
    Answer answer(const TransferZones& zones, const std::shared_ptr<const auth::KeyRing>& ring,
                  const answer::Query& query, std::size_t streams, MutableBytes buffer);

    const TransferCounters& counters() const { return counters_; }

private:
    struct Exchange;
    class OutStream;
    void answer_transfer(Exchange& exchange);
    void answer_notify(Exchange& exchange);
    void refuse(Exchange& exchange, dns::Rcode rcode, dns::EdeCode code, std::string_view why);
    void start(Exchange& exchange, const transfer::TransferQuery& query, transfer::Source source);
    void log_refused(const Exchange& exchange, std::string_view why) const;
    enum class End : std::uint8_t { sent, cut };
    void on_end(const transfer::TransferOut& out, const Endpoint& client, End end,
                zone::ZonePtr zone);

    Hooks hooks_;
    TransferCounters counters_;
    LogLimit sent_lines_;
    LogLimit cut_lines_;
};

}  // namespace kith::server
