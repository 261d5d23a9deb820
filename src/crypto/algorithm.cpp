#include "crypto/algorithm.hpp"

#include <array>
#include <charconv>

#include "base/check.hpp"

namespace kith::crypto {
namespace {

constexpr AlgorithmRow rows[] = {
    {Algorithm::RSASHA1, "RSASHA1", Family::rsa, Signing::refused, DigestKind::sha1, 0, 0},
    {Algorithm::RSASHA1_NSEC3_SHA1, "NSEC3RSASHA1", Family::rsa, Signing::refused, DigestKind::sha1,
     0, 0},
    {Algorithm::RSASHA256, "RSASHA256", Family::rsa, Signing::allowed, DigestKind::sha256, 0, 0},
    {Algorithm::RSASHA512, "RSASHA512", Family::rsa, Signing::allowed, DigestKind::sha512, 0, 0},
    {Algorithm::ECDSAP256SHA256, "ECDSAP256SHA256", Family::ecdsa, Signing::allowed,
     DigestKind::sha256, 64, 64},
    {Algorithm::ECDSAP384SHA384, "ECDSAP384SHA384", Family::ecdsa, Signing::allowed,
     DigestKind::sha384, 96, 96},
    {Algorithm::ED25519, "ED25519", Family::eddsa, Signing::allowed, DigestKind::sha512, 32, 64},
    {Algorithm::ED448, "ED448", Family::eddsa, Signing::allowed, DigestKind::sha512, 57, 114},
};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

bool same_word(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (upper(a[i]) != upper(b[i])) return false;
    }
    return true;
}

}  // namespace

std::span<const AlgorithmRow> all_algorithms() { return rows; }

const AlgorithmRow* find_algorithm(std::uint8_t number) {
    for (const AlgorithmRow& row : rows) {
        if (static_cast<std::uint8_t>(row.algorithm) == number) return &row;
    }
    return nullptr;
}

const AlgorithmRow& row_of(Algorithm algorithm) {
    const AlgorithmRow* const row = find_algorithm(static_cast<std::uint8_t>(algorithm));
    KITH_CHECK(row != nullptr);
    return *row;
}

std::optional<Algorithm> parse_algorithm(std::string_view text) {
    for (const AlgorithmRow& row : rows) {
        if (same_word(row.mnemonic, text)) return row.algorithm;
    }
    std::uint8_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    const AlgorithmRow* const row = find_algorithm(number);
    if (row == nullptr) return std::nullopt;
    return row->algorithm;
}

std::string algorithm_name(std::uint8_t number) {
    const AlgorithmRow* const row = find_algorithm(number);
    return row != nullptr ? std::string(row->mnemonic) : std::to_string(number);
}

}  // namespace kith::crypto
