#include "server/signed_zone.hpp"

#include <algorithm>

#include "dnssec/standing.hpp"

namespace kith::server {
namespace {

using dnssec::KeySet;
using dnssec::SigningPolicy;
using zone::Zone;
using zone::ZoneChange;

// Between two looks at parts of a large zone.
constexpr Duration look_step = 100ms;
// Signatures are looked at this often at the least, whatever the clocks did.
constexpr UnixTime look_seconds_max = 3600;
// What was renewed is looked at again soon; what needs it every time is a fault somewhere, and must not
// make versions without end.
constexpr int passes_in_a_row = 3;
constexpr Duration pass_back_off = 60s;

std::string text_of(const dnssec::SignError& error) {
    std::string out(dnssec::fault_text(error.fault));
    if (!error.owner.is_root()) out = error.owner.to_text() + ": " + out;
    return out;
}

}  // namespace

Result<ZoneSignerPtr, std::string> make_signer(zone::NameView apex, KeySet keys,
                                               const SigningPolicy& policy) {
    auto made = dnssec::ZoneSigner::make(apex, std::move(keys), policy);
    if (!made) return std::unexpected(text_of(made.error()));
    return std::make_shared<dnssec::ZoneSigner>(std::move(*made));
}

Result<ZoneChange, std::string> sign_with(dnssec::ZoneSigner& signer, const Zone& after,
                                          const ZoneChange* change, std::span<const zone::Name> due,
                                          UnixTime wall, Rng& rng) {
    auto extra = change == nullptr ? signer.sign(after, wall, rng)
                                   : signer.resign(after, *change, due, wall, rng);
    if (!extra) return std::unexpected(text_of(extra.error()));
    return std::move(*extra);
}

SignedZone::SignedZone(zone::NameView apex, ZoneSignerPtr signer,
                       std::unique_ptr<ManagedKeys> managed)
    : apex_(apex), managed_(std::move(managed)) {
    set_signer(std::move(signer));
}

void SignedZone::set_signer(ZoneSignerPtr signer) {
    signer_ = std::move(signer);
    is_behind_ = false;
    passes_with_work_ = 0;
    begin_pass();
}

Result<void, std::string> SignedZone::set_keys(KeySet keys) {
    KITH_TRY(const ZoneSignerPtr made, make_signer(apex_, std::move(keys), signer_->policy()));
    *signer_ = std::move(*made);
    set_signer(signer_);
    return {};
}

bool SignedZone::on_change(const ZoneChange& change, const Zone& after) {
    if (managed_ != nullptr)
        for (const zone::Record& record : change.added) managed_->see_ttl(record.ttl);
    return dnssec::denial_ttl(after) != denial_ttl_;
}

void SignedZone::begin_pass() {
    next_ = apex_;
    first_due_ = 0;
    is_clean_ = true;
    if (managed_ != nullptr) generation_ = managed_->manager().signing_generation();
}

/// Tells the keys what is served, and signs with what they say then.
Result<void, std::string> SignedZone::take_steps(const Zone& serving, const Clocks& clocks) {
    // Not of a signer that should have been replaced.
    if (!is_behind_ && signer_->shows_keys(serving)) KITH_TRY_VOID(managed_->on_served(clocks));
    KITH_TRY(const bool has_changed, managed_->advance(clocks));
    is_behind_ = is_behind_ || has_changed;
    return is_behind_ ? set_keys(managed_->key_set()) : Result<void, std::string>();
}

Result<SignedZone::Turn, std::string> SignedZone::turn(const Zone& serving, const Clocks& clocks) {
    if (managed_ != nullptr) KITH_TRY_VOID(take_steps(serving, clocks));
    if (const std::uint32_t ttl = dnssec::denial_ttl(serving); ttl != denial_ttl_) {
        denial_ttl_ = ttl;
        begin_pass();
    }
    dnssec::DueNames due = signer_->find_due(serving, next_, clocks.wall);
    if (managed_ != nullptr) managed_->see_ttl(due.ttl_max);
    if (due.first_due != 0 && (first_due_ == 0 || due.first_due < first_due_))
        first_due_ = due.first_due;
    is_clean_ = is_clean_ && due.owners.empty();
    next_ = due.next;
    Turn turn{std::move(due.owners), look_step};
    if (due.at_end) {
        KITH_TRY(turn.wait, end_pass(clocks));
    }
    return turn;
}

Result<Duration, std::string> SignedZone::end_pass(const Clocks& clocks) {
    const UnixTime first = first_due_;
    const bool was_clean = is_clean_;
    const std::uint32_t generation = generation_;
    begin_pass();
    if (!was_clean) return ++passes_with_work_ < passes_in_a_row ? look_step : pass_back_off;
    passes_with_work_ = 0;
    UnixTime wait = look_seconds_max;
    if (first != 0) wait = std::clamp<UnixTime>(first - clocks.wall, 1, wait);
    if (managed_ != nullptr) {
        KITH_TRY_VOID(managed_->on_signed(generation, clocks));
        if (const auto due = managed_->due_in()) wait = std::min(wait, *due);
    }
    return std::max<Duration>(std::chrono::seconds(wait), look_step);
}

}  // namespace kith::server
