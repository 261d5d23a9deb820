// The forms of an answer, as sequences of records (N newest serial, C the client's):
//
//   whole         SOA(N)  other records ...                                   SOA(N)
//   differences   SOA(N)  SOA(C) removed ... SOA(x) added ...  SOA(x) ... ... SOA(N)
//   current       SOA(N)                             and nothing more, N not after C
//
// The second record tells whole and differences apart (RFC 1995 §4, RFC 5936 §6).

#include "transfer/transfer_in.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.hpp"
#include "dns/rdata.hpp"
#include "zone/node_block.hpp"

namespace kith::transfer {
namespace {

using dns::Header;
using dns::Rcode;
using dns::RrType;

bool is_soa(const dns::RecordView& record) { return record.type == RrType::SOA; }

std::uint32_t serial_of(Bytes rdata) { return read_soa_numbers(rdata).serial; }

InFault fault_of(zone::ZoneFault fault) {
    return fault == zone::ZoneFault::out_of_zone ? InFault::out_of_zone : InFault::bad_zone;
}

}  // namespace

std::string_view fault_name(InFault fault) {
    switch (fault) {
        case InFault::none: return "none";
        case InFault::malformed: return "malformed";
        case InFault::not_ours: return "not_ours";
        case InFault::refused: return "refused";
        case InFault::framing: return "framing";
        case InFault::out_of_zone: return "out_of_zone";
        case InFault::bounds: return "bounds";
        case InFault::signature: return "signature";
        case InFault::bad_zone: return "bad_zone";
        case InFault::bad_change: return "bad_change";
        case InFault::old_serial: return "old_serial";
        case InFault::cut: return "cut";
        case InFault::use_tcp: return "use_tcp";
        case InFault::check: return "check";
    }
    return "unknown";
}

TransferIn::TransferIn(InRequest request, MessageVerifier* verifier)
    : request_(std::move(request)), verifier_(verifier) {
    KITH_CHECK(request_.kind == Kind::axfr || request_.present != nullptr);
    rdata_.resize(dns::rdata_bytes_max);
}

TransferIn::~TransferIn() = default;
TransferIn::TransferIn(TransferIn&&) noexcept = default;
TransferIn& TransferIn::operator=(TransferIn&&) noexcept = default;

InState TransferIn::on_message(Bytes message) {
    KITH_CHECK(state_ == InState::more);
    if (!read_message(message)) return state_ = InState::failed;
    if (place_ == Place::end) return state_ = finish();
    if (request_.is_udp) {
        fail(InFault::use_tcp, "the answer does not fit a datagram");
        return state_ = InState::failed;
    }
    return state_;
}

InState TransferIn::on_end() {
    if (state_ != InState::more) return state_;
    fail(InFault::cut,
         fmt::format("expected the closing SOA record, the transfer ended {}", where()));
    return state_ = InState::failed;
}

InResult TransferIn::take_result() {
    KITH_CHECK(state_ == InState::done);
    return std::move(result_);
}

bool TransferIn::fail(InFault fault, std::string text, Rcode rcode) {
    error_ = {fault, rcode, std::move(text)};
    builder_.reset();
    result_ = {};
    return false;
}

std::string TransferIn::where() const {
    return fmt::format("at record {} of message {}", result_.records, result_.messages);
}

bool TransferIn::read_message(Bytes message) {
    ++result_.messages;
    result_.bytes += message.size();
    if (result_.bytes > request_.bounds.bytes_max) {
        return fail(InFault::bounds,
                    fmt::format("the transfer is larger than {} bytes", request_.bounds.bytes_max));
    }
    const auto parsed = dns::MessageView::parse(message);
    if (!parsed) {
        return fail(InFault::malformed,
                    fmt::format("message {}: {}", result_.messages, parsed.error().to_text()));
    }
    if (verifier_ != nullptr && parsed->header().id == request_.id) {
        if (const auto accepted = verifier_->accept(message); !accepted) {
            return fail(InFault::signature,
                        fmt::format("message {}: {}", result_.messages, accepted.error()),
                        parsed->rcode());
        }
    }
    if (!check_header(*parsed) || !check_question(*parsed)) return false;
    read_options(*parsed);
    if (parsed->header().counts[1] == 0) {
        return fail(InFault::framing, fmt::format("message {} has no records", result_.messages));
    }
    bool good = true;
    parsed->for_each(dns::Section::answer, [&](const dns::RecordView& record) {
        good = good && on_record(*parsed, record);
    });
    return good && settle_single_soa();
}

bool TransferIn::check_header(const dns::MessageView& message) {
    const Header& header = message.header();
    if (header.id != request_.id || !header.has(Header::qr) ||
        header.opcode() != dns::Opcode::QUERY) {
        return fail(InFault::not_ours,
                    fmt::format("message {} is no response to our query", result_.messages));
    }
    if (const Rcode rcode = message.rcode(); rcode != Rcode::NOERROR) {
        return fail(InFault::refused,
                    fmt::format("the primary answered {}", dns::rcode_name(rcode)), rcode);
    }
    if (header.has(Header::tc)) {
        if (request_.is_udp) return fail(InFault::use_tcp, "the answer is truncated");
        return fail(InFault::malformed, fmt::format("message {} is truncated", result_.messages));
    }
    return true;
}

bool TransferIn::check_question(const dns::MessageView& message) {
    // RFC 5936 §2.2.1: the first message copies the question, later ones may.
    const std::uint16_t count = message.header().counts[0];
    if (count == 0 && result_.messages > 1) return true;
    const auto question = message.question();
    const RrType type = request_.kind == Kind::axfr ? RrType::AXFR : RrType::IXFR;
    if (count == 1 && question->name == request_.zone && question->type == type &&
        question->klass == request_.klass) {
        return true;
    }
    return fail(InFault::not_ours,
                fmt::format("message {} has another question than ours", result_.messages));
}

void TransferIn::read_options(const dns::MessageView& message) {
    if (result_.messages > 1 || !message.edns()) return;
    const auto expire = message.edns()->option(dns::OptionCode::EXPIRE);
    if (expire && expire->size() == 4) result_.expire_seconds = load_u32(expire->data());
}

bool TransferIn::on_record(const dns::MessageView& message, const dns::RecordView& record) {
    if (++result_.records > request_.bounds.records_max) {
        return fail(InFault::bounds, fmt::format("the transfer has more than {} records",
                                                 request_.bounds.records_max));
    }
    if (record.klass != request_.klass) {
        return fail(InFault::not_ours, fmt::format("a record of another class {}", where()));
    }
    if (!record.owner.is_under(request_.zone)) {
        return fail(InFault::out_of_zone,
                    fmt::format("{} is not in the zone, {}", record.owner.to_text(), where()));
    }
    if (is_soa(record) && record.owner != request_.zone) {
        return fail(InFault::framing,
                    fmt::format("a SOA record of {}, {}", record.owner.to_text(), where()));
    }
    if (dns::is_meta_type(record.type)) {
        return fail(InFault::malformed, fmt::format("a record of type {}, which no zone holds, {}",
                                                    dns::type_name(record.type), where()));
    }
    dns::Writer rdata(rdata_);
    if (const auto read = dns::expand_rdata(message.bytes(), record, rdata); !read) {
        return fail(InFault::malformed,
                    fmt::format("{} {} {}: {}", record.owner.to_text(), dns::type_name(record.type),
                                where(), read.error().to_text()));
    }
    return place_record(record, rdata.written());
}

bool TransferIn::place_record(const dns::RecordView& record, Bytes rdata) {
    switch (place_) {
        case Place::start: return on_first(record, rdata);
        case Place::after_first: return on_second(record, rdata);
        case Place::whole: return on_whole(record, rdata);
        case Place::removed: return on_removed(record, rdata);
        case Place::added: return on_added(record, rdata);
        case Place::end:
            return fail(InFault::framing,
                        fmt::format("a record after the closing SOA, {}", where()));
    }
    return false;
}

bool TransferIn::on_first(const dns::RecordView& record, Bytes rdata) {
    if (!is_soa(record)) {
        return fail(InFault::framing,
                    fmt::format("expected a SOA record first, found {} {}", record.owner.to_text(),
                                dns::type_name(record.type)));
    }
    result_.soa.assign(rdata.begin(), rdata.end());
    newest_serial_ = serial_of(rdata);
    first_ttl_ = record.effective_ttl();
    if (request_.kind == Kind::ixfr) {
        place_ = Place::after_first;
        return true;
    }
    if (request_.present != nullptr && is_newer(request_.present->serial(), newest_serial_)) {
        return fail(InFault::old_serial, fmt::format("the primary has serial {}, we have {}",
                                                     newest_serial_, request_.present->serial()));
    }
    return start_whole(record, rdata);
}

/// An IXFR answer whose message ends after its first SOA: nothing newer; or, over UDP, too much.
bool TransferIn::settle_single_soa() {
    if (place_ != Place::after_first) return true;
    const std::uint32_t ours = request_.present->serial();
    if (newest_serial_ == ours) {
        result_.kind = InResult::Kind::up_to_date;
        place_ = Place::end;
    } else if (is_newer(ours, newest_serial_)) {
        return fail(InFault::old_serial,
                    fmt::format("the primary has serial {}, we have {}", newest_serial_, ours));
    } else if (request_.is_udp) {
        return fail(InFault::use_tcp, "the differences do not fit a datagram");
    }
    return true;
}

bool TransferIn::on_second(const dns::RecordView& record, Bytes rdata) {
    const std::uint32_t ours = request_.present->serial();
    if (newest_serial_ == ours || is_newer(ours, newest_serial_)) {
        return fail(InFault::old_serial,
                    fmt::format("the primary has serial {}, we have {}, and it sends records",
                                newest_serial_, ours));
    }
    if (is_soa(record) && serial_of(rdata) == ours) return start_difference(record, rdata);
    // The whole zone, in the form of AXFR. Its SOA comes first, and has not been added yet.
    dns::RecordView soa = record;
    soa.owner = request_.zone;
    soa.type = RrType::SOA;
    soa.ttl = first_ttl_;
    return start_whole(soa, result_.soa) && on_whole(record, rdata);
}

bool TransferIn::start_whole(const dns::RecordView& record, Bytes rdata) {
    place_ = Place::whole;
    result_.kind = InResult::Kind::whole;
    builder_ =
        std::make_unique<zone::ZoneBuilder>(request_.zone, request_.klass, request_.bounds.zone);
    return add_to_zone(record, rdata);
}

bool TransferIn::on_whole(const dns::RecordView& record, Bytes rdata) {
    return is_soa(record) ? on_last(record, rdata) : add_to_zone(record, rdata);
}

bool TransferIn::add_to_zone(const dns::RecordView& record, Bytes rdata) {
    const auto added = builder_->add(record.owner, record.type, record.effective_ttl(), rdata, 0,
                                     {.source = request_.source});
    if (added) return true;
    return fail(fault_of(added.error()),
                fmt::format("{} {}, {}: {}", record.owner.to_text(), dns::type_name(record.type),
                            where(), zone::fault_text(added.error())));
}

zone::Record TransferIn::make_record(const dns::RecordView& record, Bytes rdata) const {
    return {record.owner,
            record.type,
            record.effective_ttl(),
            {rdata.begin(), rdata.end()},
            {.source = request_.source}};
}

bool TransferIn::start_difference(const dns::RecordView& record, Bytes rdata) {
    if (result_.differences.size() == request_.bounds.differences_max) {
        return fail(InFault::bounds, fmt::format("the transfer has more than {} differences",
                                                 request_.bounds.differences_max));
    }
    place_ = Place::removed;
    result_.kind = InResult::Kind::differences;
    zone::ZoneChange& change = result_.differences.emplace_back();
    change.apex = request_.zone;
    change.from_serial = serial_of(rdata);
    change.removed.push_back(make_record(record, rdata));
    return true;
}

bool TransferIn::on_removed(const dns::RecordView& record, Bytes rdata) {
    zone::ZoneChange& change = result_.differences.back();
    if (!is_soa(record)) {
        change.removed.push_back(make_record(record, rdata));
        return true;
    }
    change.to_serial = serial_of(rdata);
    // Serials only go up, and not beyond the newest: so differences cannot go round for ever.
    const bool goes_up = is_newer(change.to_serial, change.from_serial);
    if (!goes_up || is_newer(change.to_serial, newest_serial_)) {
        return fail(InFault::framing, fmt::format("a difference from serial {} to {}, {}",
                                                  change.from_serial, change.to_serial, where()));
    }
    change.added.push_back(make_record(record, rdata));
    place_ = Place::added;
    return true;
}

bool TransferIn::on_added(const dns::RecordView& record, Bytes rdata) {
    zone::ZoneChange& change = result_.differences.back();
    if (!is_soa(record)) {
        change.added.push_back(make_record(record, rdata));
        return true;
    }
    if (serial_of(rdata) != change.to_serial) {
        return fail(InFault::framing, fmt::format("expected the SOA with serial {}, found {}, {}",
                                                  change.to_serial, serial_of(rdata), where()));
    }
    if (change.to_serial == newest_serial_) return on_last(record, rdata);
    return start_difference(record, rdata);
}

bool TransferIn::on_last(const dns::RecordView&, Bytes rdata) {
    // RFC 5936 §2.2: both are the same; else the zone changed while it was sent. Compression may have
    // given their names another case.
    if (!zone::same_rdata(RrType::SOA, rdata, result_.soa)) {
        return fail(InFault::framing,
                    fmt::format("the first and the last SOA record differ (serials {} and {})",
                                newest_serial_, serial_of(rdata)));
    }
    place_ = Place::end;
    return true;
}

InState TransferIn::finish() {
    if (verifier_ != nullptr && !verifier_->is_covered()) {
        fail(InFault::signature, "the last message of the transfer is not signed");
        return InState::failed;
    }
    if (result_.kind == InResult::Kind::whole && !build_zone()) return InState::failed;
    return InState::done;
}

bool TransferIn::build_zone() {
    zone::BuiltZone built = builder_->finish();
    builder_.reset();
    if (built.zone != nullptr) {
        result_.zone = std::move(built.zone);
        return true;
    }
    const auto bad = std::ranges::find_if(built.problems, [](const zone::ZoneProblem& problem) {
        return !zone::is_harmless(problem.fault);
    });
    if (bad == built.problems.end()) return fail(InFault::bad_zone, "the records make no zone");
    return fail(InFault::bad_zone,
                fmt::format("{} {}: {}", bad->owner.to_text(), dns::type_name(bad->type),
                            zone::fault_text(bad->fault)));
}

Result<zone::ZonePtr, InError> apply_differences(const zone::ZonePtr& present,
                                                 const std::vector<zone::ZoneChange>& differences,
                                                 const zone::Bounds& bounds) {
    zone::ZonePtr zone = present;
    for (const zone::ZoneChange& change : differences) {
        auto next = zone::apply_change(zone, change, bounds);
        if (!next) {
            const zone::ChangeError& error = next.error();
            return std::unexpected(
                InError{InFault::bad_change, Rcode::NOERROR,
                        fmt::format("the difference from serial {} to {} does not fit: {} {}: {}",
                                    change.from_serial, change.to_serial, error.owner.to_text(),
                                    dns::type_name(error.type), zone::fault_text(error.fault))});
        }
        zone = std::move(*next);
    }
    return zone;
}

}  // namespace kith::transfer
