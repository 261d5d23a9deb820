// Fields whose shape earlier bytes decide: gateways (IPSECKEY, AMTRELAY) and HIP.
//
//   IPSECKEY  precedence 8 | gateway type 8          | algorithm 8 | gateway | public key
//   AMTRELAY  precedence 8 | discovery 1 | type 7    | relay
//   HIP       tag length 8 | algorithm 8 | key length 16 | tag | public key | rendezvous servers

#include <fmt/format.h>

#include "dns/encoding.hpp"
#include "dns/rdata/codec.hpp"

namespace kith::dns {
namespace {

enum Gateway : std::uint8_t { gateway_none, gateway_ipv4, gateway_ipv6, gateway_name };

// 4..127 have no meaning yet (RFC 4025 §2.3, RFC 8777 §4.2.3): such RDATA is shown as opaque.
const FieldCodec* gateway_form(std::uint8_t byte) {
    switch (byte & 0x7fU) {
        case gateway_ipv4: return &ipv4_codec;
        case gateway_ipv6: return &ipv6_codec;
        case gateway_name: return &name_codec;
        default: return nullptr;
    }
}

Wire<void> check_gateway(const FieldInput& input) {
    const FieldCodec* const form = gateway_form(input.rdata[1]);
    return form != nullptr ? form->check(input) : Wire<void>{};
}

void print_gateway(const FieldInput& input, std::string& out) {
    const FieldCodec* const form = gateway_form(input.rdata[1]);
    if (form == nullptr) {
        out += '.';
    } else {
        form->print(input, out);
    }
}

Parsed parse_gateway(FieldOutput& output) {
    if (output.rdata().size() < 2)
        return refuse("room for a gateway", output);  // out of space before it
    const FieldCodec* const form = gateway_form(output.rdata()[1]);
    if (form != nullptr) return form->parse(output);
    if (output.at_end() || output.word() != ".") return refuse("\".\" for no gateway", output);
    ++output.next;
    return {};
}

// The bit is looked at here and passed over by the relay type.

Wire<void> check_discovery(const FieldInput& input) {
    if (input.reader.at_end()) return input.reader.error(WireFault::truncated);
    return {};
}

void print_discovery(const FieldInput& input, std::string& out) {
    out += (input.rdata[1] & 0x80U) != 0 ? '1' : '0';
}

Parsed parse_discovery(FieldOutput& output) {
    if (output.at_end() || (output.word() != "0" && output.word() != "1"))
        return refuse("0 or 1", output);
    output.out.u8(output.word() == "1" ? 0x80 : 0);
    ++output.next;
    return {};
}

Wire<void> check_relay_type(const FieldInput& input) {
    const std::uint16_t at = input.reader.offset();
    KITH_TRY(const std::uint8_t byte, input.reader.u8());
    if ((byte & 0x7fU) > gateway_name) return FieldInput::bad(at);
    return {};
}

void print_relay_type(const FieldInput& input, std::string& out) {
    const auto byte = input.reader.u8();
    out += fmt::to_string(byte.value_or(0) & 0x7fU);
}

Parsed parse_relay_type(FieldOutput& output) {
    std::uint64_t value = 0;
    if (output.at_end() || !parse_decimal(output.word(), gateway_name, value)) {
        return refuse("a number 0..3", output);
    }
    ++output.next;
    if (output.out.overflow()) return {};
    std::uint8_t& byte = output.out.data()[output.out.size() - 1];
    byte = static_cast<std::uint8_t>(byte | value);
    return {};
}

constexpr std::size_t hip_fixed_bytes = 4;

Wire<void> check_hip_algorithm(const FieldInput& input) {
    const std::uint16_t at = input.reader.offset();
    KITH_TRY(const Bytes fixed, input.reader.take(hip_fixed_bytes));
    if (fixed[0] == 0 || load_u16(fixed.data() + 2) == 0) return FieldInput::bad(at);
    return {};
}

void print_hip_algorithm(const FieldInput& input, std::string& out) {
    const auto fixed = input.reader.take(hip_fixed_bytes);
    if (fixed) out += fmt::to_string((*fixed)[1]);
}

Parsed parse_hip_algorithm(FieldOutput& output) {
    std::uint64_t value = 0;
    if (output.at_end() || !parse_decimal(output.word(), 255, value))
        return refuse("a number 0..255", output);
    ++output.next;
    output.out.u16(
        static_cast<std::uint16_t>(value));  // the tag's length is filled in with the tag
    output.out.u16(0);
    return {};
}

Wire<void> check_hip_tag(const FieldInput& input) {
    KITH_TRY_VOID(input.reader.take(input.rdata[0]));
    return {};
}

void print_hip_tag(const FieldInput& input, std::string& out) {
    const auto bytes = input.reader.take(input.rdata[0]);
    if (bytes) append_hex(out, *bytes);
}

/// Decodes one word; 1..`most` bytes.
Parsed parse_part(FieldOutput& output, Decoder::Base base, std::size_t most, std::size_t& size) {
    const std::size_t start = output.out.size();
    Decoder decoder(base, output.out);
    const bool fits = !output.at_end() && decoder.feed(output.word()) && decoder.finish();
    size = output.out.size() - start;
    if (!fits || ((size == 0 || size > most) && !output.out.overflow())) {
        return refuse(fmt::format("1..{} bytes of {} in one word", most,
                                  base == Decoder::Base::base16 ? "hexadecimal digits" : "base64"),
                      output);
    }
    ++output.next;
    return {};
}

Parsed parse_hip_tag(FieldOutput& output) {
    std::size_t size = 0;
    KITH_TRY_VOID(parse_part(output, Decoder::Base::base16, 255, size));
    if (!output.out.overflow()) output.out.data()[output.start] = static_cast<std::uint8_t>(size);
    return {};
}

Wire<void> check_hip_key(const FieldInput& input) {
    KITH_TRY_VOID(input.reader.take(load_u16(input.rdata.data() + 2)));
    return {};
}

void print_hip_key(const FieldInput& input, std::string& out) {
    const auto bytes = input.reader.take(load_u16(input.rdata.data() + 2));
    if (bytes) append_base64(out, *bytes);
}

Parsed parse_hip_key(FieldOutput& output) {
    std::size_t size = 0;
    KITH_TRY_VOID(parse_part(output, Decoder::Base::base64, 0xffff, size));
    if (!output.out.overflow())
        output.out.patch_u16(output.start + 2, static_cast<std::uint16_t>(size));
    return {};
}

}  // namespace

const FieldCodec gateway_codec{check_gateway, print_gateway, parse_gateway, JsonForm::text};
const FieldCodec discovery_bit_codec{check_discovery, print_discovery, parse_discovery,
                                     JsonForm::decimal};
const FieldCodec relay_type_codec{check_relay_type, print_relay_type, parse_relay_type,
                                  JsonForm::decimal};
const FieldCodec hip_algorithm_codec{check_hip_algorithm, print_hip_algorithm, parse_hip_algorithm,
                                     JsonForm::decimal};
const FieldCodec hip_tag_codec{check_hip_tag, print_hip_tag, parse_hip_tag, JsonForm::text};
const FieldCodec hip_key_codec{check_hip_key, print_hip_key, parse_hip_key, JsonForm::text};

}  // namespace kith::dns
