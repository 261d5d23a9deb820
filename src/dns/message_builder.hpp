#pragma once
// MessageBuilder: writes one DNS message into the caller's buffer, compressing names
// (RFC 1035 §4.1.4) and never passing a size limit.
//
// Sections are written in order. A record that does not fit leaves the message exactly as it was
// and add_*() says so: the caller decides between leaving it out and setting TC (RFC 2181 §9).
// Room for what must stand at the end (OPT) is set aside with reserve(). No allocation; one
// builder per worker, used again and again.

#include <array>

#include "dns/message.hpp"
#include "dns/name_hash.hpp"

namespace kith::dns {

/// In whose RDATA names are compressed.
enum class Compression : std::uint8_t {
    rfc1035,  ///< the types of RFC 1035 only (RFC 3597 §4)
    multicast,  ///< also SRV, NSEC, DNAME and others that every Multicast DNS reader knows (RFC 6762 §18.14)
};

class MessageBuilder {
public:
    /// Starts an empty message in `buffer` that may grow to `limit` bytes (at most buffer.size()
    /// and 65,535; at least 12). Forgets everything before.
    void start(MutableBytes buffer, std::size_t limit);
    /// Starts a query for `name`: opcode QUERY, no flags. Requires room for the question.
    void start_query(MutableBytes buffer, std::uint16_t id, NameView name, RrType type,
                     RrClass klass);
    /// Starts the response to `query`, whose bytes are `message`: same id, opcode, RD, CD and
    /// question (case kept, RFC 1034 §3.1 and 0x20), QR set, rcode NOERROR.
    void start_response(MutableBytes buffer, std::size_t limit, Bytes message,
                        const QueryView& query);

    Header& header() { return header_; }
    void set_rcode(Rcode rcode);  ///< the low four bits; the rest is the caller's OPT
    void set_flag(std::uint16_t flag) {
        header_.flags = static_cast<std::uint16_t>(header_.flags | flag);
    }
    /// From here on; start() goes back to Compression::rfc1035.
    void set_compression(Compression compression) { compression_ = compression; }
    void clear_flag(std::uint16_t flag) {
        header_.flags = static_cast<std::uint16_t>(header_.flags & ~flag);
    }

    /// Bytes that later records leave free, for OPT or TSIG at the end. Cleared by start().
    void reserve(std::size_t bytes) { reserved_ = bytes; }
    std::size_t size() const { return size_; }
    std::size_t room() const { return size_ + reserved_ < limit_ ? limit_ - size_ - reserved_ : 0; }

    bool add_question(NameView name, RrType type, RrClass klass);
    /// Adds one record, compressing `owner` and the names in `rdata`: uncompressed wire form that
    /// check_rdata() accepts, or nothing (UPDATE).
    /// False: no room, message unchanged.
    bool add_record(Section section, NameView owner, RrType type, RrClass klass, std::uint32_t ttl,
                    Bytes rdata);
    /// As add_record() with an owner that already stands at `owner_offset` of the message, such as
    /// the question's name at 12.
    bool add_record_at(Section section, std::uint16_t owner_offset, RrType type, RrClass klass,
                       std::uint32_t ttl, Bytes rdata);
    /// Where the last compressed name in the RDATA of the record added last stands, as
    /// last_owner_offset(); 0 when there is none.
    std::uint16_t last_name_offset() const { return last_name_; }
    /// Where the owner of the record added last stands, for add_record_at(); 0 when it is the root, beyond
    /// the reach of a pointer, or after rewind().
    std::uint16_t last_owner_offset() const { return last_owner_; }
    /// Counts `answers` and `authorities` more records and returns the place for their `bytes` bytes of wire
    /// form, which the caller fills; compressed names in them may point at what stands before.
    /// nullptr: no room, message unchanged. For records kept ready-made, as the cache does.
    std::uint8_t* append_records(std::size_t bytes, std::uint16_t answers,
                                 std::uint16_t authorities);
    /// Adds OPT with these options as they are (bytes of whole options); uses reserved room.
    bool add_opt(std::uint16_t payload_bytes, Rcode rcode, std::uint8_t version,
                 std::uint16_t flags, Bytes options);

    /// A point to go back to, so that a half-written RRset can be taken out again.
    struct Mark {
        std::size_t size;
        std::uint16_t counts[4];
    };
    Mark mark() const;
    void rewind(const Mark& mark);

    /// Writes the header and returns the whole message. The builder stays usable: more may be added
    /// and finish() called again.
    Bytes finish();

private:
    struct Target {
        std::uint32_t epoch = 0;  // of the message it belongs to
        std::uint32_t tag = 0;    // upper hash bits
        std::uint16_t offset = 0;
    };
    static constexpr std::size_t target_slots = 2 * compression_targets_max;
    static_assert(target_slots <= 256, "a slot fits the byte of target_order_");

    /// A name of at most one label in front of an end of the question's name.
    struct ShortName {
        std::uint16_t offset = 0;  // where it stands
        std::uint16_t ending = 0;  // where its end stands, in the question
    };
    static constexpr std::size_t short_names_max = 8;

    bool write_name(NameView name);
    bool write_name_by_table(NameView name);
    bool write_short_name(Bytes label, std::uint16_t ending);
    void fill_table();
    void set_last_name(std::size_t start);
    bool write_rdata(RrType type, Bytes rdata);
    bool finish_record(Section section, std::size_t start, RrType type, RrClass klass,
                       std::uint32_t ttl, Bytes rdata);
    bool put(Bytes bytes);
    bool put_u16(std::uint16_t value);
    std::uint16_t find_target(NameView suffix, std::uint64_t hash) const;
    void remember(std::uint64_t hash, std::size_t offset);
    bool stands_at(NameView lowered, std::size_t offset) const;
    void take_back(std::size_t size);

    std::uint8_t* data_ = nullptr;
    std::size_t limit_ = 0;
    std::size_t reserved_ = 0;
    std::size_t size_ = 0;
    std::size_t question_name_size_ = 0;  // 0: in the table, or no question
    Compression compression_ = Compression::rfc1035;
    Header header_;
    LookupName lookup_;  // of the name being written
    std::uint16_t last_owner_ = 0;
    std::uint16_t last_name_ = 0;
    std::size_t short_name_count_ = 0;
    std::array<ShortName, short_names_max> short_names_;
    std::uint32_t epoch_ = 0;
    std::size_t target_count_ = 0;
    std::array<Target, target_slots> targets_{};
    std::array<std::uint8_t, compression_targets_max> target_order_{};  // slots, oldest first
};

}  // namespace kith::dns
