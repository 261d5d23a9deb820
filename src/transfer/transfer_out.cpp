#include "transfer/transfer_out.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "transfer/serial.hpp"

namespace kith::transfer {
namespace {

using dns::Rcode;
using dns::RrType;
using dns::Section;

constexpr std::size_t opt_bytes = 11;
constexpr std::size_t expire_option_bytes = 4 + 4;

// Header, the longest question, OPT: what a message holds before any record.
constexpr std::size_t message_bytes_least =
    dns::header_bytes + dns::name_bytes_max + 4 + opt_bytes + expire_option_bytes;

// A record that is as short as can be: a pointer, type, class, TTL and no data.
constexpr std::size_t record_bytes_least = 12;

zone::RrSetView soa_of(const zone::Zone& zone) { return zone.apex_node().find(RrType::SOA); }

void start_answer(dns::MessageBuilder& builder, const TransferQuery& query) {
    builder.header().id = query.id;
    // RFC 5936 §2.2.1: AA is set; RD is copied, and has no meaning.
    builder.set_flag(dns::Header::qr);
    builder.set_flag(dns::Header::aa);
    if (query.recursion_desired) builder.set_flag(dns::Header::rd);
}

std::size_t edns_room(const TransferQuery& query) {
    if (!query.has_edns) return 0;
    return opt_bytes + (query.wants_expire ? expire_option_bytes : 0);
}

void write_edns(dns::MessageBuilder& builder, const TransferQuery& query, const Source& source,
                std::size_t reserved_after) {
    if (!query.has_edns) return;
    std::uint8_t option[expire_option_bytes] = {};
    store_u16(option, static_cast<std::uint16_t>(dns::OptionCode::EXPIRE));
    store_u16(option + 2, 4);
    const std::uint32_t own = read_soa_numbers(soa_of(*source.zone).rdata(0)).expire;
    store_u32(option + 4, source.expire_seconds.value_or(own));
    KITH_CHECK(builder.add_opt(dns::udp_bytes_default, Rcode::NOERROR, 0, 0,
                               query.wants_expire ? Bytes(option) : Bytes()));
    builder.reserve(reserved_after);
}

/// Not even the SOA fits: ask over TCP (RFC 2181 §9).
Bytes write_truncated(const TransferQuery& query, MutableBytes buffer) {
    dns::MessageBuilder builder;
    builder.start(buffer, dns::message_bytes_max);
    start_answer(builder, query);
    builder.set_flag(dns::Header::tc);
    KITH_CHECK(builder.add_question(query.zone, RrType::IXFR, query.klass));
    return builder.finish();
}

}  // namespace

TransferOut::TransferOut(const TransferQuery& query, Source source,
                         std::unique_ptr<MessageSigner> signer, std::size_t message_bytes)
    : query_(query),
      source_(std::move(source)),
      signer_(std::move(signer)),
      message_bytes_(std::max(message_bytes, message_bytes_least)) {
    KITH_CHECK(source_.zone != nullptr);
    choose_shape();
}

std::size_t Source::changed_records() const {
    std::size_t count = 0;
    for (const ChangePtr& change : changes) count += change->removed.size() + change->added.size();
    return count;
}

void TransferOut::choose_shape() {
    if (query_.kind == Kind::axfr) return;
    const std::uint32_t serial = source_.zone->serial();
    if (query_.serial == serial || is_newer(query_.serial, serial)) {
        shape_ = Shape::current;  // RFC 1995 §2
        return;
    }
    const bool from_client =
        !source_.changes.empty() && source_.changes.front()->from_serial == query_.serial;
    if (!from_client) return;
    if (source_.changed_records() > 4 * source_.zone->record_count())
        return;  // whatever cancels out
    differences_ = make_differences(*source_.zone, source_.changes);
    std::size_t records = 0;
    for (const Difference& difference : differences_) records += difference.record_count();
    // RFC 1995 §2: the whole zone is sent when it is the smaller of the two.
    if (differences_.empty() || records > source_.zone->record_count()) {
        differences_.clear();
        return;
    }
    shape_ = Shape::differences;
}

Bytes TransferOut::next_message(MutableBytes buffer) {
    KITH_CHECK(!done() && buffer.size() >= dns::message_bytes_max);
    const std::size_t records_before = counts_.records;
    Bytes message = write_message(buffer, message_bytes_);
    if (counts_.records == records_before) message = write_message(buffer, dns::message_bytes_max);
    if (counts_.records == records_before) {
        place_ = Place::done;
        return {};
    }
    ++counts_.messages;
    if (signer_ != nullptr) message = buffer.first(signer_->sign(buffer, message.size()));
    counts_.bytes += message.size();
    return message;
}

Bytes TransferOut::write_message(MutableBytes buffer, std::size_t limit) {
    builder_.start(buffer, limit);
    start_answer(builder_, query_);
    const std::size_t signature = signer_ != nullptr ? signer_->room() : 0;
    // RFC 5936 §2.2.1: the question stands in the first message at least.
    const bool is_first = counts_.messages == 0;
    builder_.reserve(signature + (is_first ? edns_room(query_) : 0));
    if (is_first) {
        const RrType type = query_.kind == Kind::axfr ? RrType::AXFR : RrType::IXFR;
        KITH_CHECK(builder_.add_question(query_.zone, type, query_.klass));
    }
    while (!done() && put_next()) ++counts_.records;
    if (is_first) write_edns(builder_, query_, source_, signature);
    return builder_.finish();
}

bool TransferOut::put_next() {
    switch (place_) {
        case Place::first_soa:
            if (!put_soa()) return false;
            if (shape_ == Shape::current) place_ = Place::done;
            if (shape_ == Shape::differences) place_ = Place::differences;
            if (shape_ == Shape::whole) start_zone();
            return true;
        case Place::zone: return put_zone_record();
        case Place::differences: return put_difference_record();
        case Place::last_soa:
            if (!put_soa()) return false;
            place_ = Place::done;
            return true;
        case Place::done: break;
    }
    return false;
}

bool TransferOut::put(NameView owner, RrType type, std::uint32_t ttl, Bytes rdata) {
    return builder_.add_record(Section::answer, owner, type, query_.klass, ttl, rdata);
}

bool TransferOut::put_soa() {
    const zone::RrSetView soa = soa_of(*source_.zone);
    return put(source_.zone->apex(), RrType::SOA, soa.ttl(), soa.rdata(0));
}

void TransferOut::start_zone() {
    place_ = Place::zone;
    node_ = source_.zone->first();
    start_node();
    settle();
}

void TransferOut::start_node() {
    owner_ = node_.node().owner(source_.zone->apex());
    rrset_ = node_.node().rrsets().begin();
    if (rrset_ != zone::NodeView::Iterator()) record_ = (*rrset_).begin();
}

/// Goes forward to the next record to send: over the ends of RRsets and nodes, empty nodes, and the
/// SOA, which stands at both ends only.
void TransferOut::settle() {
    while (true) {
        if (rrset_ == zone::NodeView::Iterator()) {
            node_.next();
            if (!node_) {
                place_ = Place::last_soa;
                return;
            }
            start_node();
            continue;
        }
        const zone::RrSetView rrset = *rrset_;
        if (rrset.type() != RrType::SOA && record_.index() < rrset.count()) return;
        ++rrset_;
        if (rrset_ != zone::NodeView::Iterator()) record_ = (*rrset_).begin();
    }
}

bool TransferOut::put_zone_record() {
    const zone::RrSetView rrset = *rrset_;
    const Bytes rdata = *record_;
    if (!put(owner_, rrset.type(), rrset.record_ttl(rdata), rdata)) return false;
    ++record_;
    settle();
    return true;
}

bool TransferOut::put_difference_record() {
    const Difference& difference = differences_[difference_];
    // Numbered: the old SOA, what is removed, the new SOA, what is added (RFC 1995 §4).
    const std::size_t new_soa = 1 + difference.removed.size();
    const zone::Record& record = index_ == 0         ? difference.soa_before
                                 : index_ < new_soa  ? *difference.removed[index_ - 1]
                                 : index_ == new_soa ? difference.soa_after
                                                     : *difference.added[index_ - new_soa - 1];
    if (!put(record.owner, record.type, record.ttl, record.rdata)) return false;
    if (++index_ < difference.record_count()) return true;
    index_ = 0;
    if (++difference_ == differences_.size()) place_ = Place::last_soa;
    return true;
}

zone::ZonePtr TransferOut::release_zone() {
    place_ = Place::done;
    return std::exchange(source_.zone, nullptr);
}

Bytes answer_ixfr_over_udp(const TransferQuery& query, const Source& source, MessageSigner* signer,
                           std::size_t payload_bytes_max, MutableBytes buffer) {
    const std::size_t limit = std::max(
        std::min<std::size_t>(query.payload_bytes, payload_bytes_max), dns::udp_bytes_plain);
    const std::size_t signature = signer != nullptr ? signer->room() : 0;
    TransferQuery soa_only = query;
    soa_only.serial = source.zone->serial();
    // What cannot fit is not made: the sender of a datagram may be anybody, and differences are work.
    const bool may_fit = source.changed_records() <= limit / record_bytes_least;
    // Not signed while it may still be thrown away: a signer counts what it signs.
    TransferOut out(may_fit ? query : soa_only, source, nullptr,
                    limit - std::min(limit, signature));
    Bytes message = out.next_message(buffer);
    if (out.shape() == Shape::whole || !out.done() || message.size() + signature > limit) {
        message = TransferOut(soa_only, source, nullptr, limit).next_message(buffer);
    }
    if (message.size() + signature > limit) message = write_truncated(query, buffer);
    if (signer == nullptr) return message;
    return buffer.first(signer->sign(buffer, message.size()));
}

Bytes write_transfer_error(Bytes query, Rcode rcode, std::optional<dns::EdeCode> code,
                           std::string_view why, MessageSigner* signer, MutableBytes buffer) {
    dns::QueryView view;
    const bool readable = dns::read_query(query, view).has_value();
    dns::MessageBuilder builder;
    if (readable) {
        builder.start_response(buffer, dns::message_bytes_max, query, view);
    } else {
        builder.start(buffer, dns::message_bytes_max);
        if (query.size() >= 2) builder.header().id = load_u16(query.data());
        builder.set_flag(dns::Header::qr);
    }
    builder.set_rcode(rcode);
    if (readable && view.edns) {
        // Extended DNS Error (RFC 8914 §2): code, length, INFO-CODE, text.
        std::vector<std::uint8_t> option;
        if (code) {
            option.resize(6 + why.size());
            store_u16(option.data(), static_cast<std::uint16_t>(dns::OptionCode::EDE));
            store_u16(&option[2], static_cast<std::uint16_t>(2 + why.size()));
            store_u16(&option[4], static_cast<std::uint16_t>(*code));
            std::ranges::copy(as_bytes(why), option.begin() + 6);
        }
        KITH_CHECK(builder.add_opt(dns::udp_bytes_default, rcode, 0, 0, option));
    }
    const std::size_t size = builder.finish().size();
    return buffer.first(signer != nullptr ? signer->sign(buffer, size) : size);
}

}  // namespace kith::transfer
