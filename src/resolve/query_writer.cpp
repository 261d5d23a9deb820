#include "resolve/query_writer.hpp"

#include <array>

namespace kith::resolve {

void randomize_case(dns::Name& name, Rng& rng) {
    std::array<std::uint8_t, dns::name_bytes_max> bytes;
    const Bytes wire = name.wire();
    std::uint64_t bits = 0;
    int bits_left = 0;
    for (std::size_t i = 0; i < wire.size(); ++i) {
        // Length octets are below 64, so no letter is ever one.
        const std::uint8_t low = dns::lower(wire[i]);
        const bool is_letter = low >= 'a' && low <= 'z';
        if (is_letter && bits_left == 0) {
            bits = rng.next();
            bits_left = 64;
        }
        bytes[i] = is_letter && (bits & 1) != 0 ? static_cast<std::uint8_t>(low - 32) : low;
        if (!is_letter) continue;
        bits >>= 1;
        --bits_left;
    }
    name = dns::NameView::unchecked(Bytes(bytes).first(wire.size()));
}

std::size_t write_query(const QueryFields& fields, MutableBytes buffer) {
    dns::Writer writer(buffer);
    writer.u16(fields.id);
    writer.u16(static_cast<std::uint16_t>(dns::Header::rd |
                                          (fields.flags.checking_disabled ? dns::Header::cd : 0U)));
    writer.u16(1);
    writer.u16(0);
    writer.u16(0);
    writer.u16(fields.edns_payload_bytes != 0 ? 1 : 0);
    writer.bytes(fields.name.wire());
    writer.u16(static_cast<std::uint16_t>(fields.type));
    writer.u16(static_cast<std::uint16_t>(fields.klass));
    if (fields.edns_payload_bytes != 0) {
        writer.u8(0);
        writer.u16(static_cast<std::uint16_t>(dns::RrType::OPT));
        writer.u16(fields.edns_payload_bytes);
        writer.u32(fields.flags.dnssec_ok ? 0x8000U : 0U);  // rcode, version 0, DO
        writer.u16(0);
    }
    KITH_CHECK(!writer.overflow());
    return writer.size();
}

}  // namespace kith::resolve
