#include "server/zone_upkeep.hpp"

#include "dnssec/zonemd.hpp"

namespace kith::server {
namespace {

using dnssec::ZonemdVerdict;
using zone::RrType;

bool is_wrong(ZonemdVerdict verdict) {
    switch (verdict) {
        case ZonemdVerdict::bad_digest:
        case ZonemdVerdict::bad_serial:
        case ZonemdVerdict::duplicate: return true;
        case ZonemdVerdict::absent:
        case ZonemdVerdict::good:
        case ZonemdVerdict::unsupported: return false;
    }
    return false;
}

/// The ZONEMD records at the apex, and the signatures over them that somebody else made.
ZoneChange removal_of_zonemd(const Zone& zone) {
    ZoneChange out{zone.apex(), zone.serial(), zone.serial(), {}, {}};
    for (const RrType type : {RrType::ZONEMD, RrType::RRSIG}) {
        const zone::RrSetView rrset = zone.apex_node().find(type);
        if (!rrset) continue;
        for (const Bytes rdata : rrset) {
            const bool covers =
                load_u16(rdata.data()) == static_cast<std::uint16_t>(RrType::ZONEMD);
            if (type == RrType::RRSIG && !covers) continue;
            out.removed.push_back(
                {zone.apex(), type, rrset.record_ttl(rdata), {rdata.begin(), rdata.end()}, {}});
        }
    }
    return out;
}

}  // namespace

const Signer& upkeep_with(const Signer& sign) {
    static const Signer unsigned_upkeep =
        [](const Zone& after, const ZoneChange*,
           std::span<const Name>) -> Result<ZoneChange, std::string> {
        if (!is_wrong(dnssec::check_zonemd(after))) return ZoneChange{};
        return removal_of_zonemd(after);
    };
    return sign ? sign : unsigned_upkeep;
}

}  // namespace kith::server
