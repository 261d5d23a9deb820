#pragma once
// TransferIn: the messages of one AXFR or IXFR answer, read into a new zone or into changes of the
// one that is there (RFC 5936 §2.2, RFC 1995 §4). Nothing that it reads changes anything: the
// result is a value, and there is none unless the whole transfer was in order.
//
//   TransferIn in(request, verifier);
//   for each message: if (in.on_message(bytes) != InState::more) break;
//
// Not thread-safe. Memory: the records, once; bounded by InBounds.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transfer/limits.hpp"
#include "transfer/security.hpp"
#include "transfer/serial.hpp"
#include "transfer/transfer_query.hpp"
#include "zone/builder.hpp"
#include "zone/change.hpp"

namespace kith::transfer {

struct InBounds {
    std::size_t bytes_max = in_bytes_max;
    std::size_t records_max = in_records_max;
    std::size_t differences_max = in_differences_max;
    /// The primary is configured and so trusted to have sane RRsets, up to what can be answered.
    zone::Bounds zone = zone::file_bounds;
};

struct InRequest {
    Kind kind = Kind::axfr;
    std::uint16_t id = 0;
    dns::Name zone;
    dns::RrClass klass = dns::RrClass::IN;
    zone::ZonePtr present;  // the version we have; null: none, then the kind is axfr
    InBounds bounds;
    bool is_udp = false;       // one message; a SOA alone that is newer means "ask over TCP"
    std::uint16_t source = 0;  // Provenance::source of the records
};

enum class InState : std::uint8_t { more, done, failed };

/// What kind of fault ended a transfer: what to do next depends on it.
enum class InFault : std::uint8_t {
    none,
    malformed,    // not a DNS message, or a record that is none of its type
    not_ours,     // id, question, opcode or class of another exchange
    refused,      // an rcode: see InError::rcode; the primary may speak no IXFR
    framing,      // the SOA records are not where they must be
    out_of_zone,  // a record that does not belong into the zone
    bounds,       // more than InBounds allow
    signature,    // TSIG
    bad_zone,     // well-formed, but no zone (two CNAMEs, no SOA ...)
    bad_change,   // differences that do not fit the version we have
    old_serial,   // the primary has an older version than we do
    cut,          // the connection ended in the middle
    use_tcp,      // UDP: the answer does not fit
    check,        // refused by the check of the whole zone (ZONEMD)
};
/// Stable lower-case word of a fault, for logs and metrics.
std::string_view fault_name(InFault fault);

struct InError {
    InFault fault = InFault::none;
    dns::Rcode rcode = dns::Rcode::NOERROR;
    std::string text;  // what was expected, what was found, at which record
};

/// What a transfer brought.
struct InResult {
    enum class Kind : std::uint8_t { up_to_date, whole, differences } kind = Kind::up_to_date;
    zone::ZonePtr zone;                           // whole: the new zone
    std::vector<zone::ZoneChange> differences;    // exact ones, in order, from the present version
    std::vector<std::uint8_t> soa;                // RDATA of the newest SOA
    std::optional<std::uint32_t> expire_seconds;  // EXPIRE option (RFC 7314)
    std::size_t messages = 0, records = 0, bytes = 0;
};

class TransferIn {
public:
    /// `verifier` may be null: the answer is not signed. It must outlive this.
    explicit TransferIn(InRequest request, MessageVerifier* verifier = nullptr);
    ~TransferIn();
    TransferIn(TransferIn&&) noexcept;
    TransferIn& operator=(TransferIn&&) noexcept;

    /// Takes the next message of the answer. Once it is not `more`, nothing may follow.
    InState on_message(Bytes message);
    /// No further message will come. Fails unless the transfer is done.
    InState on_end();

    InState state() const { return state_; }
    const InError& error() const { return error_; }
    /// The result; requires state() == done; once.
    InResult take_result();

private:
    enum class Place : std::uint8_t {
        start,        // before the first SOA
        after_first,  // IXFR: the second record decides the form
        whole,        // between the first and the last SOA
        removed,      // in the first half of a difference
        added,        // in the second half
        end,          // after the last SOA
    };

    bool read_message(Bytes message);
    bool check_header(const dns::MessageView& message);
    bool check_question(const dns::MessageView& message);
    void read_options(const dns::MessageView& message);
    bool on_record(const dns::MessageView& message, const dns::RecordView& record);
    bool place_record(const dns::RecordView& record, Bytes rdata);
    bool on_first(const dns::RecordView& record, Bytes rdata);
    bool on_second(const dns::RecordView& record, Bytes rdata);
    bool on_whole(const dns::RecordView& record, Bytes rdata);
    bool on_removed(const dns::RecordView& record, Bytes rdata);
    bool on_added(const dns::RecordView& record, Bytes rdata);
    bool on_last(const dns::RecordView& record, Bytes rdata);
    bool start_whole(const dns::RecordView& record, Bytes rdata);
    bool start_difference(const dns::RecordView& record, Bytes rdata);
    bool add_to_zone(const dns::RecordView& record, Bytes rdata);
    zone::Record make_record(const dns::RecordView& record, Bytes rdata) const;
    bool settle_single_soa();
    InState finish();
    bool build_zone();
    bool fail(InFault fault, std::string text, dns::Rcode rcode = dns::Rcode::NOERROR);
    std::string where() const;

    InRequest request_;
    MessageVerifier* verifier_;
    InState state_ = InState::more;
    Place place_ = Place::start;
    InError error_;
    InResult result_;
    std::uint32_t newest_serial_ = 0;  // of the first SOA
    std::uint32_t first_ttl_ = 0;
    std::unique_ptr<zone::ZoneBuilder> builder_;
    std::vector<std::uint8_t> rdata_;  // of the record being read, expanded
};

/// The zone after these differences, in order, from `present`; nothing changes on failure
/// (bad_change). On the thread that applies changes.
Result<zone::ZonePtr, InError> apply_differences(const zone::ZonePtr& present,
                                                 const std::vector<zone::ZoneChange>& differences,
                                                 const zone::Bounds& bounds);

}  // namespace kith::transfer
