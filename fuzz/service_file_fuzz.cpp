// Service files of Avahi and systemd: whatever the bytes, an answer; and what is read can be registered and
// gives records whose RDATA is well formed.

#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "discovery/dnssd/service_file.hpp"
#include "dns/rdata.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kith;
    using namespace kith::discovery::dnssd;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    const Specifiers specifiers{"nas", "id", "boot", "6.1", "x86-64", "debian", "12"};
    const ServiceFile file = data[0] % 2 == 0 ? read_avahi_service(text, "f", specifiers)
                                              : read_systemd_dnssd(text, "f", specifiers);
    KITH_CHECK(file.services.empty() || !has_errors(file.problems));
    const dns::Name host = *dns::Name::from_text("nas.local.");
    for (const Service& service : file.services) {
        KITH_CHECK(check_service(service).has_value());
        const auto records = make_records(service, host);
        if (!records) continue;  // a name over 255 bytes with its domain
        for (const ServiceRecord& record : *records)
            KITH_CHECK(dns::check_rdata(record.type, dns::RrClass::IN, record.rdata).has_value());
    }
    return 0;
}
