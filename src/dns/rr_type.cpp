#include "dns/rr_type.hpp"

#include <charconv>

#include <fmt/format.h>

#include "dns/rdata_table.hpp"
#include "dns/registry.hpp"

namespace kith::dns {

std::string type_name(RrType type) {
    const TypeRow* const row = find_type(type);
    if (row != nullptr) return std::string(row->mnemonic);
    return fmt::format("TYPE{}", static_cast<unsigned>(type));
}

std::optional<RrType> parse_type(std::string_view text) {
    if (const TypeRow* const row = find_type(text)) return row->type;
    if (text == "*") return RrType::ANY;
    if (text.size() < 5 || !equal_ignoring_case(text.substr(0, 4), "TYPE")) return std::nullopt;
    std::uint16_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data() + 4, end, number);
    if (fault != std::errc{} || stop != end) return std::nullopt;
    return static_cast<RrType>(number);
}

}  // namespace kith::dns
