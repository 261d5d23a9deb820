#pragma once
// One run of a ZoneSigner over a zone: what both ways of signing, whole and incremental, do to a name.
//
// The signatures of a name are in three heaps that are looked after separately: those over data, those
// over its NSEC, and those over an NSEC3 whose hash is its label.

#include <optional>
#include <set>
#include <vector>

#include "dnssec/csync.hpp"
#include "dnssec/sign_sink.hpp"
#include "dnssec/signer_keys.hpp"
#include "dnssec/standing.hpp"

namespace kith::dnssec {

/// An RRset at the apex that signing makes.
struct MadeSet {
    RrType type{};
    std::uint32_t ttl = 0;
    std::vector<std::vector<std::uint8_t>> rdatas;
};

/// What a signer keeps from one run to the next.
struct SignerState {
    Name apex;
    KeySet keys;
    SigningPolicy policy;
    SignerKeys signers;
    Nsec3Hasher hasher;
    Canonicalizer canonicalizer;
};

/// The RRsets that signing makes at the apex of a zone, by type; ZONEMD as a place that is held.
std::vector<MadeSet> make_apex_sets(const SignerState& state, const zone::Zone& zone,
                                    CsyncSerial csync);
/// Whether RRsets of this type at the apex are signing's, so that others are removed. ZONEMD is even when
/// none is made: one from elsewhere is not of the signed zone, and whoever checks it would refuse the zone.
bool is_managed(const SigningPolicy& policy, RrType type);
/// Whether the RRset has exactly these records.
bool same_records(const zone::RrSetView& rrset, const MadeSet& made);

/// Which RRsets get new signatures, whatever the old ones are.
class Fresh {
public:
    static Fresh all() { return Fresh(true); }
    static Fresh none() { return Fresh(false); }
    void insert(RrType type) { types_.insert(type); }
    bool contains(RrType type) const { return all_ || types_.contains(type); }

private:
    explicit Fresh(bool all) : all_(all) {}
    bool all_;
    std::set<RrType> types_;
};

class SigningPass {
public:
    SigningPass(SignerState& state, const zone::Zone& zone, UnixTime now, Rng& rng, SignSink& sink,
                CsyncSerial csync = CsyncSerial::is_new);

    const zone::Zone& zone() const { return zone_; }
    SignerState& state() { return state_; }
    const SigningPolicy& policy() const { return state_.policy; }
    const std::vector<MadeSet>& made_sets() const { return made_; }

    bool is_managed(RrType type) const { return dnssec::is_managed(policy(), type); }
    /// Brings the RRsets made at the apex to what they should be; adds the types that changed.
    void write_made_sets(Fresh& fresh);
    /// Signatures over the data of a name.
    void sign_data(zone::NodeView node, Standing standing, const Fresh& fresh);
    /// The NSEC of a name, which is followed by `next`, and its signatures.
    void write_nsec(zone::NodeView node, Standing standing, zone::NodeView next,
                    const Fresh& fresh);
    /// The NSEC3 with this RDATA at the name of this hash, and its signatures.
    void write_nsec3(const Nsec3Hash& hash, Bytes rdata, const Fresh& fresh);
    /// Removes NSEC or NSEC3 from a name, with its signatures.
    void remove_denial(zone::NodeView node, RrType type);

    /// Types a bitmap shows of a name, but NSEC, in ascending order.
    std::vector<RrType> shown_types(zone::NodeView node, Standing standing) const;
    /// Whether a name is in the chain of NSEC3.
    bool has_nsec3(Standing standing) const;
    /// RDATA of an NSEC3.
    std::vector<std::uint8_t> make_nsec3(const Nsec3Hash& next, Bytes bitmap) const;

    /// The signatures of a ZONEMD that takes the place of the one that held it.
    void sign_zonemd(Bytes rdata);

    void fail(const SignError& error) { error_ = error; }
    /// The first thing that went wrong.
    const std::optional<SignError>& error() const { return error_; }

private:
    struct OldSignature {
        Rrsig rrsig;
        Bytes rdata;
        std::uint32_t ttl;
        bool kept;
    };
    enum class Heap : std::uint8_t { data, nsec, nsec3 };

    void read_signatures(zone::NodeView node, Heap heap);
    void drop_signatures(NameView owner);
    bool keep_signature(NameView owner, const SignedSet& set, const ZoneKey& key);
    template <class Canonical>
    void sign_set(NameView owner, const SignedSet& set, const Fresh& fresh, Canonical canonical);
    void add_imported(NameView owner, const SignedSet& set);
    void write_denial(NameView owner, zone::NodeView node, RrType type, Bytes rdata,
                      const Fresh& fresh);
    SignatureTimes times(RrType type);
    void remove_set(NameView owner, const zone::RrSetView& rrset);

    SignerState& state_;
    const zone::Zone& zone_;
    UnixTime now_;
    Rng& rng_;
    SignSink& sink_;
    std::uint32_t denial_ttl_ = 0;
    std::vector<MadeSet> made_;
    std::vector<OldSignature> old_;
    std::optional<SignError> error_;
};

/// Signs everything anew.
void sign_whole(SigningPass& pass);
/// Signs what changed, and what is due at `also`. Requires is_signed_alike().
void sign_changes(SigningPass& pass, const zone::ZoneChange& change, std::span<const Name> also);
/// Whether the zone already has the denial that the policy wants, so that a part may be signed.
bool is_signed_alike(const SigningPass& pass);
/// Whether a change is too wide for its names to be followed one by one: DNAME at the apex.
bool touches_everything(const zone::Zone& zone, const zone::ZoneChange& change);

}  // namespace kith::dnssec
