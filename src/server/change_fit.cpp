#include "server/change_fit.hpp"

#include <fmt/format.h>

#include "dns/registry.hpp"
#include "zone/node_block.hpp"

namespace kith::server {

void fit_serials(zone::ZoneChange& change, const zone::Zone& zone) {
    change.from_serial = change.to_serial = zone.serial();
    for (const zone::Record& record : change.added) {
        if (record.type == zone::RrType::SOA)
            change.to_serial = zone::soa_serial(record.rdata).value_or(change.to_serial);
    }
}

std::string misfit(const zone::ChangeError& error) {
    return fmt::format("{} {}: {}", error.owner.to_text(), dns::type_name(error.type),
                       zone::fault_text(error.fault));
}

}  // namespace kith::server
