#include "zone/zone_file_address.hpp"

#include <cstring>
#include <string_view>

#include "base/ip_address.hpp"
#include "zone/scanner.hpp"

namespace kith::zone {
namespace {

// The line feed that the caller promises ends every loop below: none of them passes it.

const char* skip_blanks(const char* at) {
    while (is_blank(*at)) ++at;
    return at;
}

/// Passes `word`, in any case, and the blanks after it; nullptr: something else stands there.
const char* skip_word(const char* at, std::string_view lower_word) {
    for (const char c : lower_word) {
        if ((*at++ | 0x20) != c) return nullptr;
    }
    return is_blank(*at) ? skip_blanks(at) : nullptr;
}

/// Passes a TTL of one to nine digits and the blanks after it; nullptr: any other number.
const char* skip_ttl(const char* at, std::optional<std::uint32_t>& ttl) {
    const char* const begin = at;
    std::uint32_t value = 0;
    for (; *at >= '0' && *at <= '9' && at - begin < 9; ++at) {
        value = value * 10 + static_cast<std::uint32_t>(*at - '0');
    }
    if (!is_blank(*at)) return nullptr;
    ttl = value;
    return skip_blanks(at);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// [ttl] [IN] or [IN] [ttl].
const char* skip_head(const char* at, std::optional<std::uint32_t>& ttl) {
    ttl.reset();
    if (is_digit(*at) && (at = skip_ttl(at, ttl)) == nullptr) return nullptr;
    if ((*at | 0x20) == 'i' && (at = skip_word(at, "in")) == nullptr) return nullptr;
    if (!ttl && is_digit(*at)) return skip_ttl(at, ttl);
    return at;
}

const char* skip_type(const char* at, dns::RrType& type) {
    if ((*at | 0x20) != 'a') return nullptr;
    type = is_blank(at[1]) ? dns::RrType::A : dns::RrType::AAAA;
    return skip_word(at, type == dns::RrType::A ? "a" : "aaaa");
}

bool read_address(std::string_view word, AddressLine& line) {
    if (line.type == dns::RrType::A) {
        std::uint8_t quad[4];
        if (!parse_ipv4(word, quad)) return false;
        std::memcpy(line.address.data(), quad, sizeof quad);
        return true;
    }
    std::uint8_t bytes[16];
    if (!parse_ipv6(word, bytes)) return false;
    std::memcpy(line.address.data(), bytes, sizeof bytes);
    return true;
}

/// Passes blanks, a comment and the line's end; nullptr: there is another word.
const char* skip_rest(const char* at, const char* end) {
    at = skip_blanks(at);
    if (*at == ';') {
        at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    }
    if (*at == '\r') ++at;
    return *at == '\n' ? at + 1 : nullptr;
}

}  // namespace

bool read_address_line(const char* at, const char* end, dns::NameView origin, Owner& owner,
                       AddressLine& line) {
    if (is_blank(*at)) {
        if (owner.state() != OwnerState::known) return false;
    } else {
        // Only a word is an owner: a directive, a comment or a parenthesis must not touch it.
        if (*at == '$' || find_word_end(at, at + 1) == at) return false;
        at = owner.read_plain(at, end, origin);
        if (at == nullptr || !is_blank(*at)) return false;
    }
    if ((at = skip_head(skip_blanks(at), line.ttl)) == nullptr) return false;
    if ((at = skip_type(at, line.type)) == nullptr) return false;
    const char* const word_end = find_word_end(at, end);
    if (!read_address({at, static_cast<std::size_t>(word_end - at)}, line)) return false;
    line.next = skip_rest(word_end, end);
    return line.next != nullptr;
}

}  // namespace kith::zone
