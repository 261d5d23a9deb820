#include "discovery/dnssd/srv.hpp"

#include <algorithm>

namespace kith::discovery::dnssd {
namespace {

/// RFC 2782: of those left, one is drawn with a chance of its weight among the sum; those of weight 0
/// stand first, so that they are drawn only when the random number is 0.
void order_equals(std::vector<Srv>::iterator first, std::vector<Srv>::iterator last, Rng& rng) {
    std::stable_partition(first, last, [](const Srv& srv) { return srv.weight == 0; });
    for (; last - first > 1; ++first) {
        std::uint32_t sum = 0;
        for (auto at = first; at != last; ++at) sum += at->weight;
        const std::uint32_t drawn = rng.below(sum + 1);
        std::uint32_t running = 0;
        auto chosen = first;
        for (auto at = first; at != last; ++at) {
            running += at->weight;
            if (running >= drawn) {
                chosen = at;
                break;
            }
        }
        std::rotate(first, chosen, chosen + 1);  // the others keep their order
    }
}

}  // namespace

std::optional<Srv> Srv::from_rdata(Bytes rdata) {
    if (rdata.size() < 7) return std::nullopt;
    const auto target = dns::NameView::from_wire(rdata.subspan(6));
    if (!target || target->size() != rdata.size() - 6) return std::nullopt;
    return Srv{load_u16(rdata.data()), load_u16(rdata.data() + 2), load_u16(rdata.data() + 4),
               dns::Name(*target)};
}

std::vector<std::uint8_t> Srv::to_rdata() const {
    std::vector<std::uint8_t> out(6 + target.size());
    store_u16(out.data(), priority);
    store_u16(out.data() + 2, weight);
    store_u16(out.data() + 4, port);
    std::memcpy(out.data() + 6, target.wire().data(), target.size());
    return out;
}

void order_targets(std::vector<Srv>& records, Rng& rng) {
    const auto available = [](const Srv& srv) { return !srv.target.is_root(); };
    if (std::ranges::any_of(records, available))
        std::erase_if(records, [&](const Srv& srv) { return !available(srv); });
    std::ranges::stable_sort(records, {}, &Srv::priority);
    for (auto first = records.begin(); first != records.end();) {
        const auto last = std::find_if(
            first, records.end(), [&](const Srv& srv) { return srv.priority != first->priority; });
        order_equals(first, last, rng);
        first = last;
    }
}

}  // namespace kith::discovery::dnssd
