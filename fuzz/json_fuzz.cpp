// Any text as a message in JSON, as people and the API give it. What is read is a message, and its own JSON is
// read back to a message with the same JSON.

#include <string>

#include "dns/json.hpp"
#include "support.hpp"

namespace {

using kith::fuzz::must;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kith;
    using namespace kith::dns;
    if (size > 8192) return 0;
    const std::string_view text = as_text(Bytes(data, size));
    const auto message = message_from_json(text);
    if (!message) {
        must(message.error().position <= size && !message.error().text.empty());
        return 0;
    }
    const auto view = MessageView::parse(*message);
    must(view.has_value());
    const std::string json = to_json(*view);
    const auto again = message_from_json(json);
    // RDATA given as a Buffer may not fit its type; what TXT makes of such a Buffer is another value.
    if (!again) return 0;
    const auto second = MessageView::parse(*again);
    must(second.has_value() && second->header().flags == view->header().flags);
    return 0;
}
