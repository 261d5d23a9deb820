#include "dns/message.hpp"

namespace kith::dns {
namespace {

std::unexpected<WireError> fault(WireFault why, std::size_t at) {
    return std::unexpected(WireError{why, static_cast<std::uint16_t>(at)});
}

/// The fixed part of a record after its owner, and where RDATA is.
struct RecordFrame {
    RrType type;
    std::uint16_t klass;
    std::uint32_t ttl;
    Bytes rdata;
    std::uint16_t rdata_offset;
};

Wire<RecordFrame> read_frame(Reader& reader) {
    KITH_TRY(const std::uint16_t type, reader.u16());
    KITH_TRY(const std::uint16_t klass, reader.u16());
    KITH_TRY(const std::uint32_t ttl, reader.u32());
    KITH_TRY(const std::uint16_t size, reader.u16());
    const std::uint16_t at = reader.offset();
    KITH_TRY(const Bytes rdata, reader.take(size));
    return RecordFrame{static_cast<RrType>(type), klass, ttl, rdata, at};
}

/// Passes over one record and keeps its OPT in `edns`.
Wire<void> check_record(Reader& reader, Section section, std::optional<Edns>& edns) {
    const std::uint16_t start = reader.offset();
    const bool root_owner = reader.left() > 0 && reader.all()[start] == 0;
    KITH_TRY_VOID(skip_name(reader));
    KITH_TRY(const RecordFrame frame, read_frame(reader));
    if (frame.type != RrType::OPT) return {};
    if (section != Section::additional) return fault(WireFault::opt_section, start);
    if (!root_owner) return fault(WireFault::opt_owner, start);
    if (edns) return fault(WireFault::opt_twice, start);
    KITH_TRY(edns, read_edns(frame.klass, frame.ttl, frame.rdata, frame.rdata_offset));
    return {};
}

}  // namespace

Wire<Header> read_header(Bytes message) {
    if (message.size() < header_bytes) return fault(WireFault::truncated, message.size());
    Header header{load_u16(message.data()), load_u16(message.data() + 2), {}};
    for (std::size_t i = 0; i < 4; ++i) header.counts[i] = load_u16(message.data() + 4 + 2 * i);
    return header;
}

Wire<Question> read_question(Reader& reader) {
    KITH_TRY(const Name name, read_name(reader));
    KITH_TRY(const std::uint16_t type, reader.u16());
    KITH_TRY(const std::uint16_t klass, reader.u16());
    return Question{name, static_cast<RrType>(type), static_cast<RrClass>(klass)};
}

Wire<RecordView> read_record(Reader& reader, Section section) {
    KITH_TRY(const Name owner, read_name(reader));
    KITH_TRY(const RecordFrame frame, read_frame(reader));
    return RecordView{owner,     frame.type,  static_cast<RrClass>(frame.klass),
                      frame.ttl, frame.rdata, frame.rdata_offset,
                      section};
}

Wire<MessageView> MessageView::parse(Bytes message) {
    if (message.size() > message_bytes_max) return fault(WireFault::too_large, 0);
    MessageView view;
    view.bytes_ = message;
    KITH_TRY(view.header_, read_header(message));
    Reader reader(message, header_bytes);
    for (int i = 0; i < view.header_.counts[0]; ++i) KITH_TRY_VOID(read_question(reader));
    view.starts_[0] = header_bytes;
    for (std::size_t section = 1; section < 4; ++section) {
        view.starts_[section] = reader.offset();
        for (int i = 0; i < view.header_.counts[section]; ++i) {
            // The owner is read in full, so that for_each() cannot fail later.
            Reader owner = reader;
            KITH_TRY_VOID(read_name(owner));
            KITH_TRY_VOID(check_record(reader, static_cast<Section>(section), view.edns_));
        }
    }
    if (!reader.at_end()) return reader.error(WireFault::trailing_bytes);
    return view;
}

std::optional<Question> MessageView::question() const {
    if (header_.counts[0] == 0) return std::nullopt;
    Reader reader(bytes_, header_bytes);
    const Wire<Question> question = read_question(reader);
    return question ? std::optional(*question) : std::nullopt;
}

Rcode MessageView::rcode() const {
    const unsigned high = edns_ ? edns_->rcode_high : 0U;
    return static_cast<Rcode>(high << 4 | (header_.flags & 15U));
}

Wire<void> read_query(Bytes message, QueryView& query) {
    if (message.size() < header_bytes) return fault(WireFault::truncated, message.size());
    // Field by field into place: a header returned by value costs more than all the rest.
    query.edns.reset();
    query.header.id = load_u16(message.data());
    query.header.flags = load_u16(message.data() + 2);
    for (std::size_t i = 0; i < 4; ++i)
        query.header.counts[i] = load_u16(message.data() + 4 + 2 * i);
    if (message.size() > message_bytes_max) return fault(WireFault::too_large, 0);
    if (query.header.counts[0] != 1) return fault(WireFault::bad_value, 4);
    const Wire<NameView> qname = NameView::from_wire(message.subspan(header_bytes));
    if (!qname) return fault(qname.error().fault, qname.error().offset + header_bytes);
    query.qname = qname->wire();
    const std::size_t name_end = header_bytes + query.qname.size();
    const std::size_t question_end = name_end + 4;
    if (message.size() < question_end)
        return fault(WireFault::truncated, name_end + (message.size() - name_end) / 2 * 2);
    query.qtype = static_cast<RrType>(load_u16(message.data() + name_end));
    query.qclass = static_cast<RrClass>(load_u16(message.data() + name_end + 2));
    query.question_end = static_cast<std::uint16_t>(question_end);
    Reader reader(message, question_end);
    for (std::size_t section = 1; section < 4; ++section) {
        for (int i = 0; i < query.header.counts[section]; ++i) {
            KITH_TRY_VOID(check_record(reader, static_cast<Section>(section), query.edns));
        }
    }
    if (!reader.at_end()) return reader.error(WireFault::trailing_bytes);
    return {};
}

Wire<QueryView> read_query(Bytes message) {
    QueryView query;
    KITH_TRY_VOID(read_query(message, query));
    return query;
}

}  // namespace kith::dns
