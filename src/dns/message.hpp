#pragma once
// A DNS message as a view over its bytes (RFC 1035 §4), read in place.

#include <optional>

#include "dns/edns.hpp"
#include "dns/name.hpp"
#include "dns/registry.hpp"
#include "dns/rr_type.hpp"

namespace kith::dns {

inline constexpr std::size_t header_bytes = 12;

/// The fixed header (RFC 1035 §4.1.1, RFC 4035 §3 for AD and CD).
struct Header {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    std::uint16_t counts[4] = {};  // question, answer, authority, additional

    static constexpr std::uint16_t qr = 0x8000, aa = 0x0400, tc = 0x0200, rd = 0x0100, ra = 0x0080,
                                   z = 0x0040, ad = 0x0020, cd = 0x0010;
    bool has(std::uint16_t flag) const { return (flags & flag) != 0; }
    Opcode opcode() const { return static_cast<Opcode>(flags >> 11 & 15); }
    /// The low four bits only; the whole is in ParsedMessage::rcode().
    Rcode rcode_low() const { return static_cast<Rcode>(flags & 15); }
};

/// The 12 bytes of a header; truncated when there are fewer.
Wire<Header> read_header(Bytes message);

enum class Section : std::uint8_t { question = 0, answer = 1, authority = 2, additional = 3 };

struct Question {
    Name name;
    RrType type{};
    RrClass klass{};
};

/// One record as it stands in a message. `rdata` may hold compressed names: its meaning needs the
/// whole message (rdata.hpp: expand_rdata).
struct RecordView {
    Name owner;
    RrType type{};
    RrClass klass{};
    std::uint32_t ttl = 0;  // as sent; see effective_ttl()
    Bytes rdata;
    std::uint16_t rdata_offset = 0;  // of rdata in the message
    Section section{};

    /// TTL as RFC 2181 §8 reads it: the top bit set means 0.
    std::uint32_t effective_ttl() const { return ttl > 0x7fffffffU ? 0 : ttl; }
};

/// Reads `reader`'s next question or record; the reader stands in the whole message.
Wire<Question> read_question(Reader& reader);
Wire<RecordView> read_record(Reader& reader, Section section);

/// A message whose structure has been checked from the first byte to the last: every name ends,
/// every record fits, there is at most one OPT and it is in the right place, nothing is left over.
class MessageView {
public:
    /// Walks the whole message once. Any number of questions is legal here. Names inside RDATA
    /// are not followed. Errors: see WireFault.
    static Wire<MessageView> parse(Bytes message);

    const Header& header() const { return header_; }
    Bytes bytes() const { return bytes_; }
    /// The first question; nullopt when QDCOUNT is 0.
    std::optional<Question> question() const;
    const std::optional<Edns>& edns() const { return edns_; }
    /// All 12 bits (RFC 6891 §6.1.3).
    Rcode rcode() const;

    /// Calls `visit(const RecordView&)` for each record of `section` in order; OPT is left out.
    template <class Visit>
    void for_each(Section section, Visit visit) const {
        Reader reader(bytes_, starts_[static_cast<std::size_t>(section)]);
        for (int i = 0; i < header_.counts[static_cast<std::size_t>(section)]; ++i) {
            const Wire<RecordView> record = read_record(reader, section);
            if (!record) return;  // parse() has seen it: cannot happen
            if (record->type != RrType::OPT) visit(*record);
        }
    }

private:
    MessageView() = default;
    Bytes bytes_;
    Header header_;
    std::uint16_t starts_[4] = {};
    std::optional<Edns> edns_;
};

/// The part of a query that answering needs, read in one pass without allocation. Unlike
/// MessageView::parse() it is made for the hot path: a plain query (one question, nothing else or
/// only an OPT) is read straight through.
struct QueryView {
    Header header;
    Bytes qname;  // wire form in the message: uncompressed, case as sent
    RrType qtype{};
    RrClass qclass{};
    std::uint16_t question_end = 0;  // offset after the question
    std::optional<Edns> edns;
};

/// Reads a query. Requires QDCOUNT 1 to get qname; with another QDCOUNT it fails with bad_value at
/// byte 4 after checking the header only. A compressed qname is refused (pointer_refused): nothing
/// stands before it that it could point to.
Wire<QueryView> read_query(Bytes message);
/// As read_query(), into a QueryView that is used again and again: the one for hot loops. On error
/// its header is set if there was one, all else is unspecified.
Wire<void> read_query(Bytes message, QueryView& query);

}  // namespace kith::dns
