#pragma once
// Denial: the NSEC or NSEC3 records that prove a negative answer, an answer made from a wildcard, or
// that a delegation is not signed (RFC 4035 §3.1.3, RFC 5155 §7.2, RFC 6840 §4 and §5).
//
// Which records prove something is found first and written later (add_proofs()): a proof is whole or
// the answer is a failure, and with aliases answers come before proofs. What is found is checked: it
// covers or matches the name, and its bitmap does not say otherwise. So a broken chain is a failure
// with an explanation, and never a wrong proof.

#include <array>
#include <optional>
#include <span>

#include "answer/denial_cache.hpp"
#include "answer/nsec3_hash.hpp"
#include "dns/name_hash.hpp"
#include "zone/zone.hpp"

namespace kith::answer {

/// How a zone proves what is not there.
struct Chain {
    enum class Kind : std::uint8_t {
        none,  // not at all: it is not signed
        nsec,
        nsec3,
        unusable,    // signed, and without NSEC; NSEC3 of an unknown algorithm
        too_costly,  // NSEC3 of more than nsec3_iterations_max iterations
    };
    Kind kind = Kind::none;
    std::uint16_t iterations = 0;
    Bytes salt;  // in the memory of the zone
};

/// RFC 5155 §7.3: the first NSEC3PARAM that can be used; without one NSEC, if the apex has one.
Chain find_chain(const zone::Zone& zone);

/// One record set to write as part of a proof.
struct Proof {
    const zone::Zone* zone = nullptr;
    zone::NodeView node;
    dns::RrType type{};
};

/// What a worker keeps for denials, and the proofs of the answer being made.
class DenialWork {
public:
    const Chain& chain_of(const zone::Zone& zone);
    void add(const Proof& proof);
    void clear() { proof_count_ = 0; }
    std::span<const Proof> proofs() const { return {proofs_.data(), proof_count_}; }

    Nsec3Hasher hasher;
    DenialCache cache;

private:
    std::array<Proof, proofs_max> proofs_;
    std::size_t proof_count_ = 0;
    std::uint64_t chain_zone_ = 0;  // Zone::id()
    Chain chain_;
};

class Denial {
public:
    /// `name` is under the apex of `zone`; both and `work` stay as long as the Denial.
    Denial(DenialWork& work, const zone::Zone& zone, const dns::LookupName& name)
        : work_(work), zone_(zone), name_(name), chain_(work.chain_of(zone)) {}

    Chain::Kind kind() const { return chain_.kind; }

    // Each adds to the proofs of `work` what its answer needs: nothing where the zone has no chain that
    // can be used. False: the chain is broken.

    /// The last `labels` labels of the name exist, as `node`, without this type. Also for a cut
    /// without DS.
    bool no_data(zone::NodeView node, int labels, dns::RrType type);
    /// Neither the name nor a wildcard for it exists.
    bool no_name(const zone::Lookup& found);
    /// The answer is made from found.wildcard.
    bool from_wildcard(const zone::Lookup& found);
    /// found.wildcard is for the name and lacks the type.
    bool wildcard_no_data(const zone::Lookup& found, dns::RrType type);

private:
    struct Nsec3 {
        std::uint8_t flags = 0;
        Bytes next;
        Bytes bitmap;
    };
    enum class OptOut : std::uint8_t { allowed, required };

    void add(zone::NodeView node);
    bool has_chain() const {
        return chain_.kind == Chain::Kind::nsec || chain_.kind == Chain::Kind::nsec3;
    }
    bool is_nsec() const { return chain_.kind == Chain::Kind::nsec; }

    zone::NodeView nsec_cover(dns::NameView name) const;
    bool no_data_nsec(zone::NodeView node, dns::NameView name, dns::RrType type);

    std::optional<Nsec3> read_nsec3(zone::NodeView node) const;
    zone::NodeView find_match(dns::NameView name);
    zone::NodeView match(int labels);
    zone::NodeView wildcard_match(int labels);
    zone::NodeView find_cover(dns::NameView name);
    bool add_cover(dns::NameView name, OptOut opt_out);
    int add_closest(int labels);
    zone::NodeView wildcard_cover(int labels);
    bool has_neither(zone::NodeView node, dns::RrType type) const;

    DenialWork& work_;
    const zone::Zone& zone_;
    const dns::LookupName& name_;
    const Chain& chain_;
};

}  // namespace kith::answer
