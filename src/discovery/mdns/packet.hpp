#pragma once
// Packet: a Multicast DNS message taken apart, names and RDATA expanded. One object is used again
// for packet after packet, so that reading allocates nothing once it has grown.
//
// Hostile input is bounded here: the questions and records looked at (limits.hpp), the bytes names
// expand to, and the work per name (dns/name.hpp). A record whose RDATA cannot be read is left out
// and the rest is used (RFC 6762 §6.1), and so is one of another class than IN, in which RDATA could be
// anything; a message whose structure is broken is refused whole.

#include <optional>
#include <vector>

#include "discovery/mdns/record.hpp"
#include "dns/message.hpp"

namespace kith::discovery::mdns {

enum class Wants : std::uint8_t { multicast, unicast };  // QM and QU, RFC 6762 §5.4

struct PacketQuestion {
    dns::NameView name;
    std::uint64_t name_hash = 0;
    dns::RrType type{};
    dns::RrClass klass{};  // top bit taken off
    Wants wants = Wants::multicast;
};

struct PacketRecord {
    dns::NameView name;
    std::uint64_t name_hash = 0;
    dns::RrType type{};
    dns::RrClass klass{};  // top bit taken off: IN
    Flush flush = Flush::no;
    std::uint32_t ttl = 0;
    Bytes rdata;  // expanded and checked
    dns::Section section{};

    RecordKey key() const { return {name, name_hash, type, klass, rdata}; }
};

class Packet {
public:
    /// Reads `message`; false when it is no DNS message. Views stay valid until the next read() and
    /// do not look into `message`.
    bool read(Bytes message);
    /// What the last read() said. Without it nothing below means anything.
    bool is_readable() const { return is_readable_; }

    const dns::Header& header() const { return header_; }
    bool is_response() const { return header_.has(dns::Header::qr); }
    /// Of a query: it proposes records, which makes it a probe (RFC 6762 §8.1).
    bool is_probe() const {
        return header_.counts[static_cast<std::size_t>(dns::Section::authority)] != 0;
    }
    bool is_truncated() const { return header_.has(dns::Header::tc); }
    const std::vector<PacketQuestion>& questions() const { return questions_; }
    /// All sections in order; OPT and what could not be read left out.
    const std::vector<PacketRecord>& records() const { return records_; }
    /// UDP payload that an OPT record offers; nullopt without one.
    std::optional<std::uint16_t> edns_payload() const { return edns_payload_; }

private:
    struct Place {
        std::size_t name_at, name_size, rdata_at, rdata_size;
    };
    enum class NameRead : std::uint8_t { done, too_long, broken };

    NameRead read_owner(dns::Reader& reader, Place& place, std::uint64_t& hash);
    bool read_all(Bytes message);
    bool read_questions(dns::Reader& reader);
    bool read_records(dns::Reader& reader, dns::Section section);
    bool expand(Bytes message, const dns::RecordView& record, Place& place);
    void set_views();

    bool is_readable_ = false;
    dns::Header header_;
    std::vector<PacketQuestion> questions_;
    std::vector<PacketRecord> records_;
    std::vector<Place> question_places_, record_places_;
    std::vector<std::uint8_t> bytes_;    // names and RDATA
    std::vector<std::uint8_t> scratch_;  // one RDATA
    std::optional<std::uint16_t> edns_payload_;
    // The owner read last: most records of a message have the owner of the one before.
    std::size_t last_owner_offset_ = 0;
    Place last_owner_{};
    std::uint64_t last_owner_hash_ = 0;
};

}  // namespace kith::discovery::mdns
