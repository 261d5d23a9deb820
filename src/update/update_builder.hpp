#pragma once
// UpdateBuilder: puts an UPDATE message together (RFC 2136 §2), for clients.
//
//   UpdateBuilder update(zone);
//   update.require_no_rrset(name, RrType::A);
//   update.add(name, RrType::A, 300, rdata);
//   std::optional<std::vector<std::uint8_t>> message = update.message(id, reserve);
//
// A value: copy it, change it, send it again. Records are sent in the order given (§3.4.2).

#include <optional>
#include <vector>

#include "update/update_message.hpp"
#include "zone/change.hpp"

namespace kith::update {

class UpdateBuilder {
public:
    explicit UpdateBuilder(NameView zone, RrClass klass = RrClass::IN);
    /// For clients that learn the zone after they know what to change.
    void set_zone(NameView zone) { message_.zone = zone; }
    void set_class(RrClass klass) { message_.zone_class = klass; }
    /// Takes records as they stand in a message: what parse_script_line() gives.
    void add_prerequisite(UpdateRecord record) {
        message_.prerequisites.push_back(std::move(record));
    }
    void add_update(UpdateRecord record) { message_.updates.push_back(std::move(record)); }

    // Prerequisites (§2.4). RDATA is wire form without compression, as dns::rdata_from_text() gives.
    void require_name(NameView name);                   ///< in use (yxdomain)
    void require_no_name(NameView name);                ///< not in use (nxdomain)
    void require_rrset(NameView name, RrType type);     ///< exists (yxrrset)
    void require_no_rrset(NameView name, RrType type);  ///< does not exist (nxrrset)
    void require_record(NameView name, RrType type,
                        Bytes rdata);  ///< of an RRset that is exactly so

    // Updates (§2.5).
    void add(NameView name, RrType type, std::uint32_t ttl, Bytes rdata);
    void remove_record(NameView name, RrType type, Bytes rdata);
    void remove_rrset(NameView name, RrType type);
    void remove_name(NameView name);

    // trust-dns's operations: what each needs in one call. All records of `rrset` are of one name and
    // type, and there is at least one.
    void create(const std::vector<zone::Record>& rrset);  ///< fails when the RRset exists
    enum class Existing : std::uint8_t { any, required };
    void append(const std::vector<zone::Record>& rrset, Existing existing);
    void compare_and_swap(const std::vector<zone::Record>& current,
                          const std::vector<zone::Record>& next);

    /// Asks for a lease (RFC 9664); nullopt: none.
    void set_lease(const std::optional<Lease>& lease) { message_.lease = lease; }
    /// Bytes offered for UDP replies in OPT; 0: no OPT, unless there is a lease.
    void set_payload(std::uint16_t bytes) { payload_bytes_ = bytes; }

    const UpdateMessage& content() const { return message_; }
    bool empty() const { return message_.prerequisites.empty() && message_.updates.empty(); }
    void clear();

    /// The message; nullopt when it would pass 65,535 bytes less `reserve` (for TSIG or SIG(0)).
    std::optional<std::vector<std::uint8_t>> message(std::uint16_t id,
                                                     std::size_t reserve = 0) const;

private:
    UpdateMessage message_;
    std::uint16_t payload_bytes_ = 0;
};

/// A NOTIFY for a zone (RFC 1996), as trust-dns's client sends it; `soa` is the new SOA's RDATA, or
/// empty.
std::vector<std::uint8_t> notify_message(std::uint16_t id, NameView zone, RrClass klass,
                                         RrType type, Bytes soa = {});

}  // namespace kith::update
