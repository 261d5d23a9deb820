// Bitmaps: record types (RFC 4034 §4.1.2) and ports (RFC 1035 §3.4.2).

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "dns/rdata/codec.hpp"

namespace kith::dns {
namespace {

constexpr std::size_t window_bytes_max = 32;
constexpr std::size_t ports_bytes_max = 8192;  // 65,536 ports

// Sequence of: window u8 (ascending) | length u8 (1..32) | that many bytes, the last one not zero.
Wire<void> check_types(const FieldInput& input) {
    int last_window = -1;
    while (!input.reader.at_end()) {
        const std::uint16_t at = input.reader.offset();
        KITH_TRY(const std::uint8_t window, input.reader.u8());
        KITH_TRY(const std::uint8_t size, input.reader.u8());
        if (window <= last_window || size == 0 || size > window_bytes_max)
            return FieldInput::bad(at);
        KITH_TRY(const Bytes bits, input.reader.take(size));
        if (bits.back() == 0) return FieldInput::bad(at);
        last_window = window;
    }
    return {};
}

/// Calls `visit(number)` for each bit set, the first bit being number `base`.
template <class Visit>
void for_each_bit(Bytes bits, std::size_t base, Visit visit) {
    for (std::size_t i = 0; i < bits.size() * 8; ++i) {
        if ((bits[i / 8] & (0x80U >> i % 8)) != 0) visit(base + i);
    }
}

void print_types(const FieldInput& input, std::string& out) {
    std::string_view gap;
    while (!input.reader.at_end()) {
        const auto window = input.reader.u8();
        const auto size = input.reader.u8();
        const auto bits = input.reader.take(size.value_or(0));
        if (!bits) return;
        for_each_bit(*bits, std::size_t{*window} * 256, [&](std::size_t number) {
            out += gap;
            out += type_name(static_cast<RrType>(number));
            gap = " ";
        });
    }
}

Parsed parse_types(FieldOutput& output) {
    std::vector<std::uint16_t> numbers;
    for (; !output.at_end(); ++output.next) {
        const std::optional<RrType> type = parse_type(output.word());
        if (!type) return refuse("a record type", output);
        numbers.push_back(static_cast<std::uint16_t>(*type));
    }
    std::ranges::sort(numbers);
    for (std::size_t i = 0; i < numbers.size();) {
        const unsigned window = numbers[i] >> 8;
        std::array<std::uint8_t, window_bytes_max> bits{};
        std::size_t size = 0;
        for (; i < numbers.size() && numbers[i] >> 8 == window; ++i) {
            const std::size_t byte = (numbers[i] & 255U) / 8;
            bits[byte] = static_cast<std::uint8_t>(bits[byte] | 0x80U >> numbers[i] % 8);
            size = byte + 1;
        }
        output.out.u8(static_cast<std::uint8_t>(window));
        output.out.u8(static_cast<std::uint8_t>(size));
        output.out.bytes({bits.data(), size});
    }
    return {};
}

Wire<void> check_ports(const FieldInput& input) {
    const std::uint16_t at = input.reader.offset();
    KITH_TRY(const Bytes bits, input.reader.take(input.reader.left()));
    if (bits.size() > ports_bytes_max || (!bits.empty() && bits.back() == 0))
        return FieldInput::bad(at);
    return {};
}

void print_ports(const FieldInput& input, std::string& out) {
    const auto bits = input.reader.take(input.reader.left());
    std::string_view gap;
    for_each_bit(bits ? *bits : Bytes{}, 0, [&](std::size_t port) {
        fmt::format_to(std::back_inserter(out), "{}{}", gap, port);
        gap = " ";
    });
}

Parsed parse_ports(FieldOutput& output) {
    std::vector<std::uint8_t> bits;
    for (; !output.at_end(); ++output.next) {
        std::uint64_t port = 0;
        if (!parse_decimal(output.word(), 65535, port)) return refuse("a port 0..65535", output);
        bits.resize(std::max(bits.size(), static_cast<std::size_t>(port / 8 + 1)));
        bits[port / 8] = static_cast<std::uint8_t>(bits[port / 8] | 0x80U >> port % 8);
    }
    output.out.bytes(bits);
    return {};
}

}  // namespace

const FieldCodec types_codec{check_types, print_types, parse_types, JsonForm::words};
const FieldCodec ports_codec{check_ports, print_ports, parse_ports, JsonForm::words};

}  // namespace kith::dns
