#pragma once
// For tests of this module: messages written as lines of presentation form, and a toy signature.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dns/message_builder.hpp"
#include "transfer/security.hpp"
#include "transfer/transfer_in.hpp"
#include "transfer/transfer_out.hpp"
#include "zone/zone_testing.hpp"

namespace kith::transfer::test {

using Message = std::vector<std::uint8_t>;

/// A response to a transfer query of id 7 for example., with these records as its answer.
struct MessageShape {
    std::uint16_t id = 7;
    dns::RrType type = dns::RrType::AXFR;
    std::string question = "example.";  // empty: none
    std::uint16_t flags = dns::Header::qr | dns::Header::aa;
    dns::Rcode rcode = dns::Rcode::NOERROR;
    dns::RrClass klass = dns::RrClass::IN;
};

inline Message message(const std::vector<std::string>& lines, const MessageShape& shape = {}) {
    Message buffer(65535);
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.header().id = shape.id;
    builder.header().flags = shape.flags;
    builder.set_rcode(shape.rcode);
    if (!shape.question.empty()) {
        builder.add_question(zone::test::name(shape.question), shape.type, dns::RrClass::IN);
    }
    for (const std::string& line : lines) {
        const zone::Record record = zone::test::record(line, zone::test::name("example."));
        EXPECT_TRUE(builder.add_record(dns::Section::answer, record.owner, record.type, shape.klass,
                                       record.ttl, record.rdata));
    }
    buffer.resize(builder.finish().size());
    return buffer;
}

inline std::string soa_line(std::uint32_t serial) {
    return "example. 300 SOA ns.example. hostmaster.example. " + std::to_string(serial) +
           " 2 3 4 5";
}

/// All records of a message's answer section, one line each.
inline std::vector<std::string> answer_lines(Bytes bytes) {
    std::vector<std::string> out;
    const auto view = dns::MessageView::parse(bytes);
    EXPECT_TRUE(view.has_value());
    if (!view) return out;
    view->for_each(dns::Section::answer, [&](const dns::RecordView& record) {
        std::uint8_t space[65535];
        dns::Writer rdata(space);
        EXPECT_TRUE(dns::expand_rdata(bytes, record, rdata));
        out.push_back(record.owner.to_text() + " " + std::to_string(record.ttl) + " " +
                      dns::type_name(record.type) + " " +
                      dns::rdata_to_text(record.type, record.klass, rdata.written()));
    });
    return out;
}

/// Signs by appending a TSIG-shaped record with a running number, to see order and room.
class CountingSigner final : public MessageSigner {
public:
    static constexpr std::size_t record_bytes = 1 + 10 + 4;
    explicit CountingSigner(std::uint32_t seed = 0) : next_(seed) {}
    std::size_t room() const override { return record_bytes; }
    std::size_t sign(MutableBytes buffer, std::size_t size) override {
        KITH_CHECK(size + record_bytes <= buffer.size());
        std::uint8_t* at = buffer.data() + size;
        at[0] = 0;
        store_u16(at + 1, static_cast<std::uint16_t>(dns::RrType::TSIG));
        store_u16(at + 3, static_cast<std::uint16_t>(dns::RrClass::ANY));
        store_u32(at + 5, 0);
        store_u16(at + 9, 4);
        store_u32(at + 11, next_++);
        store_u16(buffer.data() + 10, static_cast<std::uint16_t>(load_u16(buffer.data() + 10) + 1));
        return size + record_bytes;
    }

private:
    std::uint32_t next_;
};

/// Accepts what CountingSigner signs, and unsigned messages in between.
class CountingVerifier final : public MessageVerifier {
public:
    explicit CountingVerifier(std::uint32_t seed = 0) : next_(seed) {}
    Result<void, std::string> accept(Bytes message) override {
        const auto view = dns::MessageView::parse(message);
        if (!view) return std::unexpected(std::string("not a message"));
        is_covered_ = false;
        bool good = true;
        view->for_each(dns::Section::additional, [&](const dns::RecordView& record) {
            if (record.type != dns::RrType::TSIG) return;
            good = record.rdata.size() == 4 && load_u32(record.rdata.data()) == next_++;
            is_covered_ = good;
        });
        if (!good) return std::unexpected(std::string("wrong signature"));
        return {};
    }
    bool is_covered() const override { return is_covered_; }

private:
    std::uint32_t next_;
    bool is_covered_ = false;
};

inline TransferQuery query(Kind kind, std::uint32_t serial = 0) {
    TransferQuery out;
    out.kind = kind;
    out.id = 7;
    out.zone = zone::test::name("example.");
    out.serial = serial;
    return out;
}

/// All messages of a transfer.
inline std::vector<Message> run(TransferOut& out) {
    std::vector<Message> messages;
    Message buffer(65535);
    while (!out.done()) {
        const Bytes bytes = out.next_message(buffer);
        messages.emplace_back(bytes.begin(), bytes.end());
    }
    return messages;
}

inline ChangePtr change(std::uint32_t from, std::uint32_t to, std::vector<zone::Record> removed,
                        std::vector<zone::Record> added) {
    return std::make_shared<zone::ZoneChange>(zone::ZoneChange{
        zone::test::name("example."), from, to, std::move(removed), std::move(added)});
}

}  // namespace kith::transfer::test
