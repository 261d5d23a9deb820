#include "dnssec/csync.hpp"

#include <algorithm>

#include "dns/serial.hpp"
#include "dnssec/type_bitmap.hpp"

namespace kith::dnssec {
namespace {

using dns::NameView;
using dns::RrType;
using zone::RrSetView;
using zone::Zone;

// RFC 7477 §2.1.1.2.
constexpr std::uint16_t flag_immediate = 1;
constexpr std::uint16_t flag_soaminimum = 2;
constexpr std::size_t head_bytes = 6;  // serial and flags

/// Whether the target of one of these NS records is as `is_it` says.
template <class IsIt>
bool has_target(const RrSetView& servers, IsIt is_it) {
    for (const Bytes rdata : servers) {
        const auto target = NameView::from_wire(rdata);
        if (target && is_it(*target)) return true;
    }
    return false;
}

/// Whether the CSYNC that is there may stay: it is this one but for its serial, which the zone has reached.
bool may_stay(const RrSetView& there, Bytes wanted, std::uint32_t zone_serial) {
    return there && there.count() == 1 && there.rdata(0).size() == wanted.size() &&
           std::ranges::equal(there.rdata(0).subspan(4), wanted.subspan(4)) &&
           !dns::is_newer(load_u32(there.rdata(0).data()), zone_serial);
}

}  // namespace

std::optional<std::vector<std::uint8_t>> make_csync(const Zone& zone, CsyncRule rule,
                                                    CsyncSerial serial) {
    const RrSetView servers = zone.apex_node().find(RrType::NS);
    if (rule == CsyncRule::keep || rule == CsyncRule::none || !servers) return std::nullopt;
    std::vector<std::uint8_t> rdata(head_bytes);
    store_u32(rdata.data(), zone.serial());
    store_u16(rdata.data() + 4,
              rule == CsyncRule::immediate ? flag_immediate | flag_soaminimum : flag_soaminimum);
    constexpr RrType with_glue[] = {RrType::A, RrType::NS, RrType::AAAA};
    constexpr RrType without[] = {RrType::NS};
    const bool has_glue =
        has_target(servers, [&](NameView target) { return target.is_under(zone.apex()); });
    append_type_bitmap(has_glue ? std::span<const RrType>(with_glue) : without, rdata);
    const RrSetView there = zone.apex_node().find(RrType::CSYNC);
    if (serial == CsyncSerial::stays && may_stay(there, rdata, zone.serial())) {
        store_u32(rdata.data(), load_u32(there.rdata(0).data()));
    }
    return rdata;
}

bool touches_delegation(const Zone& after, const zone::ZoneChange& change) {
    const RrSetView servers = after.apex_node().find(RrType::NS);
    const auto is_of_it = [&](const zone::Record& record) {
        if (record.type == RrType::NS) return record.owner.view() == after.apex();
        const bool is_address = record.type == RrType::A || record.type == RrType::AAAA;
        return is_address && servers &&
               has_target(servers, [&](NameView target) { return target == record.owner.view(); });
    };
    return std::ranges::any_of(change.removed, is_of_it) ||
           std::ranges::any_of(change.added, is_of_it);
}

}  // namespace kith::dnssec
