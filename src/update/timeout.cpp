#include "update/timeout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>

#include "crypto/digest.hpp"
#include "dns/encoding.hpp"
#include "dns/rdata.hpp"
#include "update/limits.hpp"
#include "update/scratch.hpp"

namespace kith::update {
namespace {

constexpr std::size_t fixed_bytes = 12;
constexpr std::uint8_t no_method = 0;
constexpr std::uint8_t method_sha256_128 = 1;
constexpr std::uint64_t last_printable_second = 253'402'300'799;  // 9999-12-31 23:59:59

using Words = std::vector<std::string_view>;

Words split(std::string_view text) {
    Words out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = text.find_first_not_of(" \t\r\n()", at);
        if (begin == std::string_view::npos) break;
        at = std::min(text.find_first_of(" \t\r\n()", begin), text.size());
        out.push_back(text.substr(begin, at - begin));
    }
    return out;
}

std::unexpected<dns::TextError> text_error(std::string_view text, std::string_view at,
                                           std::string what) {
    const auto position =
        at.data() == nullptr ? text.size() : static_cast<std::size_t>(at.data() - text.data());
    return std::unexpected(dns::TextError{std::move(what), position});
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc{} && end == text.data() + text.size();
}

std::string time_text(std::uint64_t seconds) {
    using namespace std::chrono;
    const sys_seconds time{std::chrono::seconds(std::min(seconds, last_printable_second))};
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<std::uint64_t> parse_time(std::string_view text) {
    using namespace std::chrono;
    if (text.size() != 14) return std::nullopt;
    int fields[6] = {};
    constexpr std::size_t widths[6] = {4, 2, 2, 2, 2, 2};
    for (std::size_t i = 0, at = 0; i < 6; at += widths[i], ++i) {
        unsigned value = 0;
        if (!parse_number(text.substr(at, widths[i]), value)) return std::nullopt;
        fields[i] = static_cast<int>(value);
    }
    const year_month_day date{year(fields[0]), month(static_cast<unsigned>(fields[1])),
                              day(static_cast<unsigned>(fields[2]))};
    if (!date.ok() || fields[3] > 23 || fields[4] > 59 || fields[5] > 60) return std::nullopt;
    const sys_seconds time =
        sys_days(date) + hours(fields[3]) + minutes(fields[4]) + std::chrono::seconds(fields[5]);
    if (time.time_since_epoch().count() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

bool may_be_covered(RrType type) { return !dns::is_meta_type(type); }

/// The leases of one type: what has one, by its end.
struct TypeLeases {
    std::map<std::uint32_t, std::vector<TimeoutHash>> by_end;
    std::size_t leased = 0, all = 0;
};

void append_rdata(RrType type, const TypeLeases& leases,
                  std::vector<std::vector<std::uint8_t>>& out) {
    if (leases.by_end.size() == 1 && leases.leased == leases.all) {
        out.push_back(write_timeout({type, leases.by_end.begin()->first, {}}));
        return;
    }
    for (const auto& [end, unsorted] : leases.by_end) {
        std::vector<TimeoutHash> hashes = unsorted;
        std::ranges::sort(hashes);
        for (std::size_t at = 0; at < hashes.size(); at += timeout_hashes_max) {
            const auto first = hashes.begin() + static_cast<std::ptrdiff_t>(at);
            const auto count = std::min(timeout_hashes_max, hashes.size() - at);
            out.push_back(
                write_timeout({type, end, {first, first + static_cast<std::ptrdiff_t>(count)}}));
        }
    }
}

std::vector<std::vector<std::uint8_t>> timeouts_of_items(const std::vector<Item>& items,
                                                         RrType timeout_type) {
    std::map<RrType, TypeLeases> types;
    for (const Item& item : items) {
        if (item.type == timeout_type) continue;
        TypeLeases& leases = types[item.type];
        ++leases.all;
        if (item.provenance.lease_end == 0) continue;
        ++leases.leased;
        leases.by_end[item.provenance.lease_end].push_back(timeout_hash(item.type, item.rdata));
    }
    std::vector<std::vector<std::uint8_t>> out;
    for (const auto& [type, leases] : types) append_rdata(type, leases, out);
    std::ranges::sort(out);
    return out;
}

}  // namespace

std::optional<Timeout> read_timeout(Bytes rdata) {
    if (rdata.size() < fixed_bytes) return std::nullopt;
    Timeout out;
    out.covered = static_cast<RrType>(load_u16(rdata.data()));
    const std::size_t count = rdata[2];
    out.expiry = std::uint64_t{load_u32(rdata.data() + 4)} << 32 | load_u32(rdata.data() + 8);
    if (!may_be_covered(out.covered)) return std::nullopt;
    // Without a count the method is not looked at (§5.2 of the draft).
    if (count != 0 && rdata[3] != method_sha256_128) return std::nullopt;
    if (rdata.size() != fixed_bytes + count * sizeof(TimeoutHash)) return std::nullopt;
    out.hashes.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        std::ranges::copy(rdata.subspan(fixed_bytes + i * sizeof(TimeoutHash), sizeof(TimeoutHash)),
                          out.hashes[i].begin());
    }
    return out;
}

std::vector<std::uint8_t> write_timeout(const Timeout& timeout) {
    std::vector<std::uint8_t> out(fixed_bytes);
    store_u16(out.data(), static_cast<std::uint16_t>(timeout.covered));
    out[2] = static_cast<std::uint8_t>(timeout.hashes.size());
    out[3] = timeout.hashes.empty() ? no_method : method_sha256_128;
    store_u32(out.data() + 4, static_cast<std::uint32_t>(timeout.expiry >> 32));
    store_u32(out.data() + 8, static_cast<std::uint32_t>(timeout.expiry));
    for (const TimeoutHash& hash : timeout.hashes) out.insert(out.end(), hash.begin(), hash.end());
    return out;
}

std::string timeout_text(const Timeout& timeout) {
    std::string out = fmt::format(
        "{} {} {} {}", dns::type_name(timeout.covered), timeout.hashes.size(),
        timeout.hashes.empty() ? no_method : method_sha256_128, time_text(timeout.expiry));
    if (timeout.hashes.empty()) return out;
    out += " (";
    for (const TimeoutHash& hash : timeout.hashes) {
        out += ' ';
        dns::append_hex(out, hash);
    }
    return out + " )";
}

dns::Text<Timeout> parse_timeout(std::string_view text) {
    const Words words = split(text);
    if (words.size() < 4)
        return text_error(text, {}, "expected TYPE COUNT METHOD YYYYMMDDHHmmSS and hashes");
    Timeout out;
    const auto type = dns::parse_type(words[0]);
    if (!type || !may_be_covered(*type))
        return text_error(text, words[0],
                          fmt::format("expected a record type, found '{}'", words[0]));
    out.covered = *type;
    std::uint8_t count = 0, method = 0;
    if (!parse_number(words[1], count))
        return text_error(text, words[1], "expected a count of 0 to 255");
    if (!parse_number(words[2], method) || (count != 0 && method != method_sha256_128)) {
        return text_error(text, words[2], "expected method 1, or 0 with count 0");
    }
    const auto expiry = parse_time(words[3]);
    if (!expiry) return text_error(text, words[3], "expected a time as YYYYMMDDHHmmSS");
    out.expiry = *expiry;
    if (words.size() != 4U + count)
        return text_error(text, {},
                          fmt::format("expected {} hashes, found {}", count, words.size() - 4));
    for (std::size_t i = 4; i < words.size(); ++i) {
        TimeoutHash hash;
        dns::Writer writer(hash);
        dns::Decoder decoder(dns::Decoder::Base::base16, writer);
        if (words[i].size() != 2 * sizeof hash || !decoder.feed(words[i]) || !decoder.finish()) {
            return text_error(text, words[i], "expected 32 hexadecimal digits");
        }
        out.hashes.push_back(hash);
    }
    return out;
}

TimeoutHash timeout_hash(RrType type, Bytes rdata) {
    std::vector<std::uint8_t> canonical(rdata.begin(), rdata.end());
    dns::canonicalize_rdata(type, canonical);
    crypto::Digest digest(crypto::DigestKind::sha256);
    digest.update(canonical);
    std::array<std::uint8_t, crypto::digest_bytes_max> whole;
    digest.finish(whole);
    TimeoutHash out;
    std::ranges::copy(Bytes(whole).first(out.size()), out.begin());
    return out;
}

std::vector<std::vector<std::uint8_t>> timeouts_of(const std::vector<zone::Record>& records,
                                                   RrType timeout_type) {
    std::vector<Item> items;
    for (const zone::Record& record : records)
        items.push_back({record.type, record.ttl, record.rdata, record.provenance, -1});
    return timeouts_of_items(items, timeout_type);
}

void write_timeouts(Scratch& scratch, RrType timeout_type) {
    const std::uint32_t ttl = scratch.zone().apex_node().find(RrType::SOA).ttl();
    for (auto& [owner, name] : scratch.names()) {
        const auto wanted = timeouts_of_items(name.now, timeout_type);
        name.remove_if([&](const Item& item) {
            return item.type == timeout_type &&
                   std::ranges::find(wanted, item.rdata) == wanted.end();
        });
        for (const std::vector<std::uint8_t>& rdata : wanted) {
            if (name.find(timeout_type, rdata) == nullptr) name.add(timeout_type, ttl, rdata);
        }
        name.set_ttl(timeout_type, ttl);
    }
}

zone::ZoneChange adopt_timeouts(const zone::Zone& zone, RrType timeout_type) {
    Scratch scratch(zone);
    zone.for_each_in_order([&](const Name& owner, zone::NodeView node) {
        const zone::RrSetView timeouts = node.find(timeout_type);
        if (!timeouts) return;
        ScratchName& name = scratch.name(owner);
        for (const Bytes rdata : timeouts) {
            const auto timeout = read_timeout(rdata);
            if (!timeout) continue;
            const auto end = static_cast<std::uint32_t>(
                std::clamp<std::uint64_t>(timeout->expiry, 1, 0xffffffffU));
            for (Item& item : name.now) {
                if (item.type == timeout_type || item.type != timeout->covered) continue;
                if (!timeout->hashes.empty() &&
                    std::ranges::find(timeout->hashes, timeout_hash(item.type, item.rdata)) ==
                        timeout->hashes.end()) {
                    continue;
                }
                item.provenance.lease_end = end;
            }
        }
    });
    return scratch.difference();
}

}  // namespace kith::update
