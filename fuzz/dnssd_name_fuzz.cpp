// Names of services and TXT records of strangers: text and wire forms agree with each other.

#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "discovery/dnssd/service_name.hpp"
#include "discovery/dnssd/txt.hpp"
#include "discovery/dnssd/utf8.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kith;
    using namespace kith::discovery::dnssd;
    const Bytes bytes(data, size);
    const std::string_view text = as_text(bytes);
    if (const auto instance = InstanceName::from_text(text)) {
        if (const auto name = instance->to_name()) {
            const auto back = InstanceName::from_name(*name);
            KITH_CHECK(back && *back == *instance);
            const auto again = InstanceName::from_text(instance->to_text());
            KITH_CHECK(again && *again == *instance);
        }
    }
    if (const auto name = dns::NameView::from_wire(bytes)) {
        if (const auto instance = InstanceName::from_name(*name))
            KITH_CHECK(*instance->to_name() == dns::Name(*name));
    }
    if (const auto selector = TypeSelector::from_text(text)) {
        const auto again = TypeSelector::from_text(selector->to_text());
        KITH_CHECK(again && *again == *selector);
    }
    KITH_CHECK(is_utf8(printable(text)));
    KITH_CHECK(next_instance_name(text).size() <= 63);
    const Txt txt = Txt::from_rdata(bytes);
    KITH_CHECK(Txt::from_rdata(txt.to_rdata()) == txt);
    return 0;
}
