#pragma once
// SignedZone: one zone that is signed while it serves: its signer, its keys, and the look that goes
// over the zone again and again for what is to be signed.
//
// Everything that keys wait for is learned from what is served: a turn() is shown the zone that is
// durable and public, and tells the keys what stands in it. So nothing is counted as done that was only
// meant, whatever failed in between.
//
// No loop and no clock. Control thread only.

#include <memory>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "dnssec/zone_signer.hpp"
#include "server/managed_keys.hpp"

namespace kith::server {

/// Shared by whoever signs the zone's changes and whoever brings it other keys.
using ZoneSignerPtr = std::shared_ptr<dnssec::ZoneSigner>;
/// The error says why these keys or this policy cannot sign the zone.
Result<ZoneSignerPtr, std::string> make_signer(zone::NameView apex, dnssec::KeySet keys,
                                               const dnssec::SigningPolicy& policy);
/// What signing adds to a zone that changed (zone_keeper.hpp: Signer).
Result<zone::ZoneChange, std::string> sign_with(dnssec::ZoneSigner& signer, const zone::Zone& after,
                                                const zone::ZoneChange* change,
                                                std::span<const zone::Name> due, UnixTime wall,
                                                Rng& rng);

class SignedZone {
public:
    /// `managed`: whose keys `signer` has; null when somebody else looks after them.
    SignedZone(zone::NameView apex, ZoneSignerPtr signer, std::unique_ptr<ManagedKeys> managed);
    /// Goes on with another signer, of the keys it has.
    void set_signer(ZoneSignerPtr signer);
    /// Whoever signs does it with these keys from now on. The error says why they cannot; all is as it
    /// was then.
    Result<void, std::string> set_keys(dnssec::KeySet keys);

    struct Turn {
        std::vector<zone::Name> due;  // to be signed again
        Duration wait{};              // until the next turn, if nothing happens before
    };
    /// Looks at a part of the zone that serves, and takes steps of the keys that are due. An error
    /// says what could not be kept; what serves stays as it is.
    Result<Turn, std::string> turn(const zone::Zone& serving, const Clocks& clocks);
    /// A change was made, which led to `after`: its TTLs count. True: names that it did not touch are to
    /// be signed again, so the next turn should come soon.
    bool on_change(const zone::ZoneChange& change, const zone::Zone& after);

    /// Null when the keys are somebody else's.
    ManagedKeys* managed() const { return managed_.get(); }
    const dnssec::ZoneSigner& signer() const { return *signer_; }

private:
    Result<void, std::string> take_steps(const zone::Zone& serving, const Clocks& clocks);
    void begin_pass();
    Result<Duration, std::string> end_pass(const Clocks& clocks);

    zone::Name apex_;
    ZoneSignerPtr signer_;
    std::unique_ptr<ManagedKeys> managed_;
    bool is_behind_ = false;  // the keys of `signer_` are not those of managed_ any more
    // The pass over the zone that is under way.
    std::uint32_t denial_ttl_ = 0;  // it looks for
    zone::Name next_;
    std::uint32_t generation_ = 0;  // of the keys it looks for
    UnixTime first_due_ = 0;
    int passes_with_work_ = 0;  // one after the other
    bool is_clean_ = true;      // nothing was due so far
};

}  // namespace kith::server
