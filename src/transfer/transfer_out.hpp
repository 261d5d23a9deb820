#pragma once
// TransferOut: the answer to one AXFR or IXFR query, message by message, out of an immutable zone
// and its newest changes. It copies nothing of the zone: a cursor goes over it.
//
//   TransferOut out(query, source, signer);
//   while (!out.done()) send(out.next_message(buffer));
//
// One thread at a time. It keeps the zone alive: where the last ZonePtr must be let go on a certain
// thread (zone/zone.hpp), take it out with release_zone() first.

#include <memory>
#include <optional>

#include "dns/message_builder.hpp"
#include "transfer/difference.hpp"
#include "transfer/limits.hpp"
#include "transfer/security.hpp"
#include "transfer/transfer_query.hpp"
#include "zone/zone.hpp"

namespace kith::transfer {

using dns::NameView;

/// What a transfer is made of.
struct Source {
    zone::ZonePtr zone;
    /// IXFR: the changes from the client's serial to the zone, exact ones (difference.hpp). Empty
    /// when they are not known: then it gets the whole zone.
    std::vector<ChangePtr> changes;
    /// Seconds until the zone expires here when this server is a secondary (RFC 7314 §3.1.1.1);
    /// none: the SOA's, as a primary answers.
    std::optional<std::uint32_t> expire_seconds;

    /// Records of all changes, also those that cancel out.
    std::size_t changed_records() const;
};

/// What a query turned out to get.
enum class Shape : std::uint8_t {
    whole,        // every record between two copies of the SOA
    differences,  // RFC 1995 §4
    current,      // the SOA alone: the client has this version or a newer one
};

struct OutCounts {
    std::size_t messages = 0, records = 0, bytes = 0;
};

class TransferOut {
public:
    /// `signer` may be null: unsigned. `query.klass` and `query.zone` must be the zone's.
    TransferOut(const TransferQuery& query, Source source,
                std::unique_ptr<MessageSigner> signer = nullptr,
                std::size_t message_bytes = out_message_bytes);

    Shape shape() const { return shape_; }
    bool done() const { return place_ == Place::done; }
    /// Writes the next message and returns it; requires !done() and 65,535 bytes of `buffer`. Empty:
    /// a record that no message holds together with its signature; the transfer is over, and the
    /// connection must be closed, or the client would wait.
    Bytes next_message(MutableBytes buffer);
    const OutCounts& counts() const { return counts_; }

    /// Ends the transfer and hands back the zone, to be let go where zones may be.
    zone::ZonePtr release_zone();

private:
    enum class Place : std::uint8_t { first_soa, zone, differences, last_soa, done };

    void choose_shape();
    Bytes write_message(MutableBytes buffer, std::size_t limit);
    /// Adds the record that is next; false: no room.
    bool put_next();
    bool put(NameView owner, dns::RrType type, std::uint32_t ttl, Bytes rdata);
    bool put_soa();
    bool put_zone_record();
    bool put_difference_record();
    void start_zone();
    void start_node();
    void settle();
    void add_edns();

    TransferQuery query_;
    Source source_;
    std::unique_ptr<MessageSigner> signer_;
    std::size_t message_bytes_;
    dns::MessageBuilder builder_;
    OutCounts counts_;
    Shape shape_ = Shape::whole;
    Place place_ = Place::first_soa;
    // Where we are in the zone: node, RRset and record.
    zone::Cursor node_;
    dns::Name owner_;
    zone::NodeView::Iterator rrset_;
    zone::RrSetView::Iterator record_;
    // Where we are in the differences: which, and record of it, the SOA records counted.
    std::vector<Difference> differences_;
    std::size_t difference_ = 0;
    std::size_t index_ = 0;
};

/// The answer to an IXFR query over UDP, in one message (RFC 1995 §2): the differences when they
/// fit, else the SOA alone, which sends the client to TCP. `payload_bytes_max` is what this server
/// sends over UDP at most; the result is in `buffer`, of at least 65,535 bytes.
Bytes answer_ixfr_over_udp(const TransferQuery& query, const Source& source, MessageSigner* signer,
                           std::size_t payload_bytes_max, MutableBytes buffer);

/// An empty answer to a transfer query: REFUSED, NOTAUTH, SERVFAIL, FORMERR ... with the reason in
/// an Extended DNS Error when the query had EDNS. `why` may be empty. Returns what it wrote.
Bytes write_transfer_error(Bytes query, dns::Rcode rcode, std::optional<dns::EdeCode> code,
                           std::string_view why, MessageSigner* signer, MutableBytes buffer);

}  // namespace kith::transfer
