#include "discovery/mdns/record.hpp"

#include <algorithm>
#include <array>

#include "dns/name.hpp"

namespace kith::discovery::mdns {
namespace {

constexpr std::size_t no_name = ~std::size_t{0};

/// Where the one name that ends RDATA of `type` begins.
std::size_t name_start(dns::RrType type) {
    switch (type) {
        case dns::RrType::NS:
        case dns::RrType::CNAME:
        case dns::RrType::PTR:
        case dns::RrType::DNAME: return 0;
        case dns::RrType::MX:
        case dns::RrType::AFSDB:
        case dns::RrType::RT:
        case dns::RrType::KX: return 2;
        case dns::RrType::SRV: return 6;
        default: return no_name;
    }
}

/// Longest RDATA that is folded: a prefix of 6 bytes and a name.
constexpr std::size_t folded_max = 6 + dns::name_bytes_max;

}  // namespace

bool same_rdata(dns::RrType type, Bytes a, Bytes b) {
    if (a.size() != b.size()) return false;
    const std::size_t start = name_start(type);
    if (start >= a.size()) return std::ranges::equal(a, b);
    return std::ranges::equal(a.first(start), b.first(start)) &&
           std::ranges::equal(a.subspan(start), b.subspan(start), {}, dns::lower, dns::lower);
}

Hasher::Hasher(Rng& rng) {
    for (std::size_t i = 0; i < key_.size(); i += 8) {
        const std::uint64_t bits = rng.next();
        std::memcpy(key_.data() + i, &bits, 8);
    }
}

std::uint64_t Hasher::of_record(const RecordKey& key) const {
    const std::uint64_t set = of_set(key.name_hash, key.type, key.klass);
    const std::size_t start = name_start(key.type);
    if (start >= key.rdata.size() || key.rdata.size() > folded_max)
        return set ^ siphash24(key_, key.rdata);
    std::array<std::uint8_t, folded_max> folded;
    std::ranges::copy(key.rdata.first(start), folded.begin());
    std::ranges::transform(key.rdata.subspan(start),
                           folded.begin() + static_cast<std::ptrdiff_t>(start), dns::lower);
    return set ^ siphash24(key_, Bytes(folded.data(), key.rdata.size()));
}

std::uint64_t Hasher::of_set(std::uint64_t name_hash, dns::RrType type, dns::RrClass klass) const {
    // The name's hash is keyed already; types and classes need only be kept apart.
    const auto low = static_cast<std::uint64_t>(type) << 16 | static_cast<std::uint64_t>(klass);
    return (name_hash ^ low) * 0x9e3779b97f4a7c15U;
}

std::optional<dns::NameView> target_of(dns::RrType type, Bytes rdata) {
    if (type != dns::RrType::PTR && type != dns::RrType::SRV && type != dns::RrType::CNAME &&
        type != dns::RrType::DNAME)
        return std::nullopt;
    const std::size_t start = name_start(type);
    if (start >= rdata.size()) return std::nullopt;
    const auto name = dns::NameView::from_wire(rdata.subspan(start));
    return name ? std::optional(*name) : std::nullopt;
}

std::vector<std::uint8_t> with_target(dns::RrType type, Bytes rdata, dns::NameView to) {
    const Bytes head = rdata.first(std::min(name_start(type), rdata.size()));
    std::vector<std::uint8_t> out(head.begin(), head.end());
    out.insert(out.end(), to.wire().begin(), to.wire().end());
    return out;
}

bool nsec_denies(Bytes rdata, dns::RrType type) {
    const auto next = dns::NameView::from_wire(rdata);
    if (!next) return false;
    const auto number = static_cast<std::size_t>(type);
    Bytes windows = rdata.subspan(next->size());
    while (windows.size() >= 2) {
        const std::size_t window = windows[0];
        const std::size_t size = windows[1];
        if (windows.size() < 2 + size) return false;
        if (window == number / 256) {
            const std::size_t byte = number % 256 / 8;
            return byte >= size || (windows[2 + byte] & 0x80U >> number % 8) == 0;
        }
        windows = windows.subspan(2 + size);
    }
    return true;
}

std::string_view reason_text(QueryEvent::Reason reason) {
    switch (reason) {
        case QueryEvent::Reason::none: return "";
        case QueryEvent::Reason::goodbye: return "its owner withdrew it";
        case QueryEvent::Reason::flushed: return "its owner replaced it";
        case QueryEvent::Reason::expired: return "its time to live is over";
        case QueryEvent::Reason::unconfirmed: return "nobody answered for it";
        case QueryEvent::Reason::evicted: return "the cache was full";
        case QueryEvent::Reason::link_down: return "the link went down";
    }
    return "";
}

dns::RrClass wire_class(dns::RrClass klass, Flush flush) {
    const auto bits = static_cast<std::uint16_t>(klass);
    return static_cast<dns::RrClass>(flush == Flush::yes ? bits | class_top_bit : bits);
}

}  // namespace kith::discovery::mdns
