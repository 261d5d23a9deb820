#pragma once
// Zones and changes on their way to people: as master files, as lines of what went and came, as JSON.
// Internal to client and cli.

#include <functional>
#include <iosfwd>
#include <string>

#include "base/result.hpp"
#include "client/zones.hpp"
#include "zone/change.hpp"

namespace kith::client {

/// The zone, record by record, to `out`.
void write_zone(const zone::Zone& zone, ZoneForm form, std::ostream& out);

/// `; from serial 1 to 2`, then a line for each record removed (`-`) and added (`+`).
void write_change(const zone::ZoneChange& change, dns::RrClass klass, std::ostream& out);
/// {"from":1,"to":2,"removed":[record,...],"added":[record,...]}, one line.
void write_change_json(const zone::ZoneChange& change, dns::RrClass klass, std::ostream& out);

/// Hands `write` a new file that takes the place of `path` once all of it is written. The error names the
/// file and says why.
Result<void, std::string> write_file(const std::string& path,
                                     const std::function<void(std::ostream&)>& write);
/// Hands `write` a stream: `out` when `path` is empty or "-", else as write_file().
Result<void, std::string> write_to(const std::string& path, std::ostream& out,
                                   const std::function<void(std::ostream&)>& write);

}  // namespace kith::client
