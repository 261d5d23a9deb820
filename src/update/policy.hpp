#pragma once
// Who may change what: rules of a key or an address, names, and types. What no rule grants is
// refused.
//
// One line a rule, in the spirit of BIND's update-policy:
//
//   grant KEY acme [NAME...]              TXT at _acme-challenge of these names (all of the zone)
//   grant KEY self [TYPE...]              the name that is the key's
//   grant KEY selfsub [TYPE...]           that name and all below
//   grant KEY selfwild [TYPE...]          only names below it
//   grant KEY name NAME [TYPE...]         exactly NAME
//   grant KEY subdomain NAME [TYPE...]    NAME and all below
//   grant KEY wildcard *.NAME [TYPE...]   all below NAME
//   grant KEY zonesub [TYPE...]           all of the zone
//   grant KEY own [NAME] [TYPE...]        subdomain, but each RRset belongs to who created it
//   deny  KEY ...                         the same, forbidden
//
// KEY is the name of a TSIG or SIG(0) key, `*` for any key that was verified, `*.NAME` for any below
// a name, or an address prefix (192.0.2.0/24), which needs no key. `KEY@PREFIX` demands both.
// TYPE may be `ANY`: all types that clients may write. `TYPE(5)` bounds the records of an RRset.
// Without types a rule is for all but SOA, NS, and what belongs to signing (policy.cpp); those must
// be named. Rules are looked at in order and the first that fits a record decides, as in BIND.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "dns/wire_error.hpp"
#include "update/update_message.hpp"

namespace kith::update {

/// Who asks: what was proven, and from where.
struct Requester {
    std::optional<Name> key;  // of the TSIG or SIG(0) that was verified; none: unsigned
    IpAddress address;
    /// The number kept with each record that is created (zone::Provenance), for `own`. The caller
    /// keeps the table of keys and numbers; 0 owns nothing.
    std::uint16_t source = 0;
    std::uint16_t owner = 0;

    std::string to_text() const;  ///< "key ddns.example. at 192.0.2.7"
};

enum class NameRule : std::uint8_t {
    acme,
    self,
    selfsub,
    selfwild,
    name,
    subdomain,
    wildcard,
    zonesub,
    own
};
enum class Verb : std::uint8_t { grant, deny };

struct TypeRule {
    RrType type{};
    std::uint16_t records_max = 0;  // of an RRset; 0: as many as the zone's bounds allow
};

struct Grant {
    Verb verb = Verb::grant;
    std::optional<Name> key;          // none: an address alone is enough
    bool any_key = false;             // `*`, and with `key` all below it
    std::optional<IpPrefix> address;  // none: from anywhere
    NameRule rule = NameRule::zonesub;
    std::vector<Name> names;      // of acme any number, of the others at most one
    std::vector<TypeRule> types;  // none: what clients usually may write

    /// As one line of the language above.
    std::string to_text() const;
};

/// Reads one line; names without a final dot are completed with `origin`, key names are absolute.
dns::Text<Grant> parse_grant(std::string_view line, NameView origin);

/// What a policy says of one record.
struct Ruling {
    bool granted = false;
    bool own_only = false;          // the RRset must be the requester's (NameRule::own)
    std::uint16_t records_max = 0;  // 0: no bound of its own
    const Grant* grant = nullptr;   // that decided; null: none fitted
};

/// The rules of one zone. Immutable once served.
class Policy {
public:
    Policy() = default;  ///< refuses everything
    explicit Policy(std::vector<Grant> grants) : grants_(std::move(grants)) {}

    bool empty() const { return grants_.empty(); }
    const std::vector<Grant>& grants() const { return grants_; }
    /// True when any rule could grant this requester anything: refused at once otherwise, before
    /// its records are read.
    bool knows(const Requester& requester) const;
    /// Whether `requester` may write records of this name and type. `type` ANY (delete all RRsets)
    /// asks about a rule without regard to types; apply then asks for each RRset that is there.
    Ruling rule(const Requester& requester, NameView zone, NameView owner, RrType type) const;

private:
    std::vector<Grant> grants_;
};

/// Types that the signer owns (RRSIG, NSEC, NSEC3, NSEC3PARAM, DNSKEY, CDS, CDNSKEY, CSYNC, ZONEMD,
/// and KEY's old friends SIG and NXT): a client writes them only when a rule names them.
bool belongs_to_signer(RrType type);

}  // namespace kith::update
