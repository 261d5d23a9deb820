#pragma once
// SecondaryTimers: when a secondary asks which primary for its zone, and when the zone expires
// (RFC 1034 §4.3.5, RFC 1035 §3.3.13, RFC 1996 §4, RFC 7314). It does no I/O: the owner calls
// on_*() with the time, and after each call looks at next_deadline() and poll_start().
//
// At most one refresh is in flight and at most one more is wanted after it, however many NOTIFY
// come: a storm costs two refreshes.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ip_address.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "transfer/limits.hpp"
#include "transfer/serial.hpp"

namespace kith::transfer {

/// Bounds that the configuration may narrow.
struct TimerBounds {
    Duration refresh_min = transfer::refresh_min;
    Duration refresh_max = transfer::refresh_max;
    Duration retry_min = transfer::retry_min;
    Duration retry_max = transfer::retry_max;
};

enum class ZoneHealth : std::uint8_t {
    absent,   // never loaded: answer SERVFAIL
    good,     // serve it
    expired,  // no word from a primary for too long: answer SERVFAIL (RFC 1034 §4.3.5)
};

class SecondaryTimers {
public:
    /// Primaries are numbers 0..primaries-1, tried in order; requires at least one. `rng` must
    /// outlive this.
    SecondaryTimers(std::size_t primaries, const TimerBounds& bounds, Rng& rng, Time now);

    /// A zone kept from before is there. `verified` is when a primary last confirmed it, at most
    /// `now`; `expire` how long it was good for from then. It is refreshed at once.
    void on_restored(Time now, const SoaNumbers& soa, Time verified, Duration expire);
    /// A NOTIFY that was found good, from primary `from` if it is one. `serial` is that of the SOA
    /// in it, if any: a version we have is no reason to ask (RFC 1996 §3.11).
    void on_notify(Time now, std::optional<std::size_t> from, std::optional<std::uint32_t> serial);
    /// A person wants it now.
    void on_wanted(Time now);

    /// The refresh that was started is over: the primary has nothing newer, or has given this.
    /// `expire_option` is what its EXPIRE option said, in seconds.
    void on_refreshed(Time now, const SoaNumbers& soa, std::optional<std::uint32_t> expire_option);
    /// It failed; another primary is tried now, or all of them later.
    void on_refresh_failed(Time now);

    void on_timer(Time now);
    /// When on_timer() must be called; nullopt while a refresh without other deadlines runs.
    std::optional<Time> next_deadline() const;

    /// The primary to start a refresh with now, once; nullopt: none.
    std::optional<std::size_t> poll_start();
    bool is_refreshing() const { return refreshing_; }

    ZoneHealth health() const { return health_; }
    /// When the zone expires; nullopt while there is none.
    std::optional<Time> expires_at() const;
    /// What the EXPIRE option of our own answers says (RFC 7314 §3.3): whole seconds left.
    std::uint32_t expire_seconds(Time now) const;
    /// When a primary last confirmed the zone, and for how long: what to keep on disk.
    Time verified_at() const { return verified_; }
    Duration expire() const { return expire_; }
    const SoaNumbers& soa() const { return soa_; }
    int failures() const { return failures_; }

private:
    void start(Time now, std::size_t primary);
    void go_on_after(Time now, Duration wait);
    Duration refresh_wait() const;
    Duration retry_wait() const;
    Duration jittered(Duration most);

    std::size_t primaries_;
    TimerBounds bounds_;
    Rng* rng_;
    ZoneHealth health_ = ZoneHealth::absent;
    SoaNumbers soa_;
    Time verified_{};
    Duration expire_{};
    Time refresh_at_;  // when nothing is in flight
    Time last_start_{};
    bool refreshing_ = false;
    bool wanted_again_ = false;                   // a NOTIFY came while refreshing ...
    std::optional<std::uint32_t> wanted_serial_;  // ... that named this serial
    std::optional<std::size_t> to_start_;
    std::size_t current_ = 0;    // primary of the refresh in flight
    std::size_t tried_ = 0;      // primaries that failed in this round
    std::size_t preferred_ = 0;  // the one that worked or sent NOTIFY last
    int failures_ = 0;           // rounds in a row in which all failed
};

}  // namespace kith::transfer
