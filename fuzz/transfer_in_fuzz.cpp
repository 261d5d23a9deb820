// The messages of a transfer in, AXFR and IXFR, each after two bytes of length. What is refused must
// leave nothing behind; what is taken as a zone must come out of TransferOut and go in again as the
// same zone; differences that apply must lead to a zone that is told from the present one by the same
// records.

#include <algorithm>
#include <string>
#include <vector>

#include "dns/rdata.hpp"
#include "support.hpp"
#include "transfer/transfer_in.hpp"
#include "transfer/transfer_out.hpp"

namespace {

using namespace kith;
using namespace kith::transfer;

using fuzz::must;

const dns::Name apex = *dns::Name::from_text("example.");

zone::ZonePtr make_present() {
    zone::ZoneBuilder builder(apex);
    std::vector<std::uint8_t> soa(22);
    store_u32(&soa[2], 1);
    must(builder.add(apex, dns::RrType::SOA, 300, soa).has_value());
    const std::uint8_t address[] = {192, 0, 2, 1};
    for (const char* owner : {"a.example.", "b.example.", "x.y.example."}) {
        must(builder.add(*dns::Name::from_text(owner), dns::RrType::A, 60, address).has_value());
    }
    return builder.finish().zone;
}

std::string picture(const zone::Zone& zone) {
    std::string out;
    zone.for_each_in_order([&](const dns::Name& owner, zone::NodeView node) {
        out += owner.lowered().to_text();
        for (const zone::RrSetView rrset : node.rrsets()) {
            std::vector<std::string> records;
            for (const Bytes rdata : rrset) {
                std::vector<std::uint8_t> copy(rdata.begin(), rdata.end());
                dns::canonicalize_rdata(rrset.type(), copy);
                records.push_back(std::string(as_text(copy)) +
                                  std::to_string(rrset.record_ttl(rdata)));
            }
            std::ranges::sort(records);
            out += dns::type_name(rrset.type());
            for (const std::string& record : records) out += "|" + record;
        }
    });
    return out;
}

/// Sends the zone and takes it in again.
zone::ZonePtr round_trip(const zone::ZonePtr& zone) {
    TransferQuery query;
    query.id = 7;
    query.zone = apex;
    TransferOut out(query, {zone, {}, {}}, nullptr, 600);
    InRequest request;
    request.id = 7;
    request.zone = apex;
    TransferIn in(request);
    std::vector<std::uint8_t> buffer(65535);
    while (!out.done()) {
        const Bytes message = out.next_message(buffer);
        must(!message.empty());
        must(in.on_message(message) == (out.done() ? InState::done : InState::more));
    }
    return in.take_result().zone;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const zone::ZonePtr present = make_present();
    const std::string before = picture(*present);
    InRequest request;
    request.kind = (data[0] & 1) != 0 ? Kind::ixfr : Kind::axfr;
    request.is_udp = (data[0] & 2) != 0;
    request.id = 7;
    request.zone = apex;
    if (request.kind == Kind::ixfr) request.present = present;
    request.bounds = {.bytes_max = 1 << 20, .records_max = 10'000, .differences_max = 100};
    TransferIn in(request);
    Bytes rest(data + 1, size - 1);
    while (in.state() == InState::more && rest.size() >= 2) {
        const std::size_t length = std::min<std::size_t>(load_u16(rest.data()), rest.size() - 2);
        std::vector<std::uint8_t> message(rest.begin() + 2,
                                          rest.begin() + 2 + static_cast<std::ptrdiff_t>(length));
        // The fuzzer need not guess the id.
        if (message.size() >= 2) store_u16(message.data(), 7);
        in.on_message(message);
        rest = rest.subspan(2 + length);
    }
    in.on_end();
    if (in.state() == InState::failed) {
        must(in.error().fault != InFault::none && !in.error().text.empty());
    } else {
        InResult result = in.take_result();
        zone::ZonePtr zone = result.zone;
        if (result.kind == InResult::Kind::differences) {
            const auto applied =
                apply_differences(present, result.differences, request.bounds.zone);
            if (applied) zone = *applied;
        }
        if (zone != nullptr) {
            must(zone->apex() == apex.view());
            must(zone->serial() == read_soa_numbers(result.soa).serial);
            must(picture(*round_trip(zone)) == picture(*zone));
        }
    }
    must(picture(*present) == before);
    return 0;
}
