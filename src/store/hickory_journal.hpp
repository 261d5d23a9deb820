#pragma once
// The journals of trust-dns and hickory-dns: `.jrnl` files, SQLite databases with a table `records` of
// (client_id, soa_serial, timestamp, record), each record one RR in wire form as it stood in the update
// section of a message (RFC 2136 §2.5): its class says what it does. A record of type AXFR stands in
// front of a dump of the whole zone.
//
// Read only, and trusting nothing.

#include <functional>
#include <string>
#include <string_view>

#include "store/store_error.hpp"
#include "zone/change.hpp"

namespace kith::store {

enum class HickoryAction : std::uint8_t {
    clear,  // the whole zone follows: what was before counts no more
    add,
    remove_record,  // class NONE
    remove_rrset,   // class ANY
    remove_name,    // class ANY, type ANY
};
/// "clear", "add", "remove-record", "remove-rrset", "remove-name".
std::string_view hickory_action_name(HickoryAction action);

struct HickoryRow {
    std::uint64_t number = 0;  // of the row
    std::uint32_t serial = 0;
    std::string at;  // as it was written
    HickoryAction action{};
    zone::Record record;  // of clear and remove_name the owner only; of remove_rrset without RDATA
};

/// Visits every row in order. Fails when the file is no such journal, or has a record that is none.
Stored<void> read_hickory_journal(const std::string& file,
                                  const std::function<void(HickoryRow&& row)>& visit);

/// The records of the zone after all rows, from `records`, those of its zone file; a clear empties
/// them. What a zone with these rules was: adding replaces a SOA or CNAME, and the apex keeps its SOA
/// and NS (RFC 2136 §3.4.2).
Stored<std::vector<zone::Record>> replay_hickory_journal(const std::string& file,
                                                         const zone::Name& apex,
                                                         std::vector<zone::Record> records);

}  // namespace kith::store
