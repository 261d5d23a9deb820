#include "transfer/secondary_timers.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace kith::transfer {
namespace {

Duration seconds(std::uint32_t count) { return std::chrono::seconds(count); }

}  // namespace

SecondaryTimers::SecondaryTimers(std::size_t primaries, const TimerBounds& bounds, Rng& rng,
                                 Time now)
    : primaries_(primaries),
      bounds_(bounds),
      rng_(&rng),
      refresh_at_(now),
      last_start_(now - notify_spacing) {
    KITH_CHECK(primaries > 0);
}

Duration SecondaryTimers::jittered(Duration most) {
    // Up to a quarter earlier, so that secondaries started together do not ask together for ever.
    const auto quarter = std::chrono::duration_cast<std::chrono::milliseconds>(most / 4).count();
    const auto bound =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(quarter, 0, 0x7fffffff)) + 1;
    return most - std::chrono::milliseconds(rng_->below(bound));
}

Duration SecondaryTimers::refresh_wait() const {
    return std::clamp(seconds(soa_.refresh), bounds_.refresh_min, bounds_.refresh_max);
}

Duration SecondaryTimers::retry_wait() const {
    const int doublings = failures_ - 1;
    if (health_ == ZoneHealth::absent) {
        return std::min(bootstrap_retry_min * (1 << std::min(doublings, 16)), bootstrap_retry_max);
    }
    const Duration retry = std::clamp(seconds(soa_.retry), bounds_.retry_min, bounds_.retry_max);
    // Never less often than if nothing were wrong.
    return std::min(retry * (1 << std::min(doublings, retry_doublings_max)),
                    std::max(retry, refresh_wait()));
}

void SecondaryTimers::on_restored(Time now, const SoaNumbers& soa, Time verified, Duration expire) {
    soa_ = soa;
    verified_ = verified;
    expire_ = expire;
    health_ = now < verified + expire ? ZoneHealth::good : ZoneHealth::expired;
    if (!refreshing_) refresh_at_ = now;
}

void SecondaryTimers::on_notify(Time now, std::optional<std::size_t> from,
                                std::optional<std::uint32_t> serial) {
    const bool have_it = health_ == ZoneHealth::good && serial && !is_newer(*serial, soa_.serial);
    if (have_it) return;
    if (from && *from < primaries_) preferred_ = *from;
    if (refreshing_) {
        const bool is_first = !wanted_again_;
        wanted_again_ = true;
        // The newest of several; one without a serial wants a look in any case.
        if (!serial || (!is_first && !wanted_serial_)) {
            wanted_serial_.reset();
        } else if (is_first || is_newer(*serial, *wanted_serial_)) {
            wanted_serial_ = serial;
        }
        return;
    }
    refresh_at_ = std::min(refresh_at_, std::max(now, last_start_ + notify_spacing));
    on_timer(now);
}

void SecondaryTimers::on_wanted(Time now) {
    if (refreshing_) {
        wanted_again_ = true;
        wanted_serial_.reset();
        return;
    }
    refresh_at_ = now;
    on_timer(now);
}

void SecondaryTimers::on_refreshed(Time now, const SoaNumbers& soa,
                                   std::optional<std::uint32_t> expire_option) {
    const bool is_same = health_ != ZoneHealth::absent && soa.serial == soa_.serial;
    const Duration left =
        health_ == ZoneHealth::good ? verified_ + expire_ - now : Duration::zero();
    soa_ = soa;
    // What RFC 1912 §2.2 demands of a SOA is given to those that do not: else a zone would expire
    // before its first retry.
    const Duration most =
        std::min(std::max(seconds(soa.expire), refresh_wait() + retry_min), expire_max);
    expire_ = most;
    if (expire_option) {
        // RFC 7314 §4: the primary's own rest counts, but never more than the SOA's; a look that
        // found nothing new takes away nothing.
        const Duration option = seconds(*expire_option);
        expire_ = std::min(is_same ? std::max(option, left) : option, most);
    }
    verified_ = now;
    health_ = ZoneHealth::good;
    failures_ = 0;
    preferred_ = current_;
    if (wanted_serial_ && !is_newer(*wanted_serial_, soa.serial)) wanted_again_ = false;
    go_on_after(now, jittered(refresh_wait()));
}

void SecondaryTimers::on_refresh_failed(Time now) {
    if (++tried_ < primaries_) {
        start(now, (current_ + 1) % primaries_);
        return;
    }
    ++failures_;
    go_on_after(now, jittered(retry_wait()));
}

void SecondaryTimers::go_on_after(Time now, Duration wait) {
    refreshing_ = false;
    tried_ = 0;
    to_start_.reset();
    refresh_at_ = now + wait;
    if (wanted_again_) refresh_at_ = std::max(now, last_start_ + notify_spacing);
    wanted_again_ = false;
    wanted_serial_.reset();
    on_timer(now);
}

void SecondaryTimers::start(Time now, std::size_t primary) {
    refreshing_ = true;
    current_ = primary;
    to_start_ = primary;
    last_start_ = now;
}

void SecondaryTimers::on_timer(Time now) {
    if (health_ == ZoneHealth::good && now >= verified_ + expire_) health_ = ZoneHealth::expired;
    if (!refreshing_ && now >= refresh_at_) start(now, preferred_);
}

std::optional<Time> SecondaryTimers::next_deadline() const {
    std::optional<Time> out;
    if (!refreshing_) out = refresh_at_;
    if (const auto expires = expires_at(); expires && health_ == ZoneHealth::good) {
        out = out ? std::min(*out, *expires) : *expires;
    }
    return out;
}

std::optional<std::size_t> SecondaryTimers::poll_start() {
    return std::exchange(to_start_, std::nullopt);
}

std::optional<Time> SecondaryTimers::expires_at() const {
    if (health_ == ZoneHealth::absent) return std::nullopt;
    return verified_ + expire_;
}

std::uint32_t SecondaryTimers::expire_seconds(Time now) const {
    if (health_ != ZoneHealth::good || now >= verified_ + expire_) return 0;
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(verified_ + expire_ - now);
    return static_cast<std::uint32_t>(left.count());
}

}  // namespace kith::transfer
