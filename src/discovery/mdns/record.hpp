#pragma once
// What makes two records the same, and the keyed hashes that find them.
//
// RDATA is compared as Multicast DNS means it: byte by byte, but names within it ignore ASCII case,
// for a responder may write a name as another one did.

#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "base/siphash.hpp"
#include "discovery/mdns/types.hpp"

namespace kith::discovery::mdns {

/// The top bit of a class: cache-flush in records, unicast reply wanted in questions
/// (RFC 6762 §18.12, §18.13).
inline constexpr std::uint16_t class_top_bit = 0x8000;

/// Who a record is about: everything but its TTL.
struct RecordKey {
    dns::NameView name;
    std::uint64_t name_hash = 0;
    dns::RrType type{};
    dns::RrClass klass{};
    Bytes rdata;
};

/// True when RDATA of `type` says the same.
bool same_rdata(dns::RrType type, Bytes a, Bytes b);

/// Hashes that peers cannot foresee.
class Hasher {
public:
    explicit Hasher(Rng& rng);
    std::uint64_t of_record(const RecordKey& key) const;  ///< agrees with same_rdata()
    std::uint64_t of_set(std::uint64_t name_hash, dns::RrType type, dns::RrClass klass) const;
    std::uint64_t of_bytes(Bytes bytes) const { return siphash24(key_, bytes); }

private:
    SipHashKey key_;
};

/// The name that RDATA points at: of PTR, SRV, CNAME and DNAME records. Requires checked RDATA.
std::optional<dns::NameView> target_of(dns::RrType type, Bytes rdata);

/// `rdata` with `to` in place of its target.
std::vector<std::uint8_t> with_target(dns::RrType type, Bytes rdata, dns::NameView to);

/// Whether an NSEC record says that its name has no records of `type`: false when it does not say.
bool nsec_denies(Bytes rdata, dns::RrType type);

/// For traces.
std::string_view reason_text(QueryEvent::Reason reason);

/// The two bytes of a class, with the top bit if `flush`.
enum class Flush : std::uint8_t { no, yes };
dns::RrClass wire_class(dns::RrClass klass, Flush flush);

}  // namespace kith::discovery::mdns
