// Bytes as a change of the journal, and a script of changes folded in two ways. What decodes must
// encode to the same bytes; what is encoded must come back as it was; and any damage must show.

#include <vector>

#include "dns/rdata.hpp"
#include "store/change_codec.hpp"
#include "support.hpp"

namespace {

using namespace kith;

using fuzz::must;

std::uint32_t crc32(Bytes bytes) {
    std::uint32_t value = ~0U;
    for (const std::uint8_t byte : bytes) {
        value ^= byte;
        for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0xedb88320U : 0);
    }
    return ~value;
}

bool same(const zone::ZoneChange& a, const zone::ZoneChange& b) {
    return a.apex == b.apex && a.from_serial == b.from_serial && a.to_serial == b.to_serial &&
           a.removed == b.removed && a.added == b.added;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    // Without its checksum right nothing gets far: the fuzzer writes the rest.
    std::vector<std::uint8_t> blob(data + 1, data + size);
    if ((data[0] & 1) != 0) {
        const std::uint32_t sum = crc32(blob);
        for (const int shift : {24, 16, 8, 0})
            blob.push_back(static_cast<std::uint8_t>(sum >> shift));
    }
    const auto change = store::decode_change(blob);
    if (!change) {
        must(!store::fault_text(change.error()).empty());
        return 0;
    }
    for (const auto* records : {&change->removed, &change->added}) {
        for (const zone::Record& record : *records) {
            must(record.owner.is_under(change->apex));
            must(dns::check_rdata(record.type, dns::RrClass::IN, record.rdata).has_value());
        }
    }
    // The same change may be written in longer ways; ours is one form.
    const std::vector<std::uint8_t> again = store::encode_change(*change);
    must(again.size() <= blob.size());
    const auto decoded = store::decode_change(again);
    must(decoded.has_value() && same(*decoded, *change));
    must(store::encode_change(*decoded) == again);
    if (change->removed.size() < 0xffff && change->added.size() < 0xffff) {
        const store::NetRrSet net{change->removed, change->added};
        const auto kept = store::decode_net(store::encode_net(net, change->apex), change->apex);
        must(kept.has_value() && kept->removed == net.removed && kept->added == net.added);
    }
    std::vector<std::uint8_t> damaged = again;
    damaged[data[0] % damaged.size()] ^= 0x10;
    must(!store::decode_change(damaged).has_value());
    return 0;
}
