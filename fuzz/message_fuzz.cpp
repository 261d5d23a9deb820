// Any bytes as a message. Both readers agree; text can be printed; JSON leads back to a message,
// compressed by our builder, with the same header and the same records.

#include <algorithm>
#include <string>
#include <vector>

#include "dns/json.hpp"
#include "dns/message.hpp"
#include "dns/message_builder.hpp"
#include "dns/message_text.hpp"
#include "dns/rdata.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using namespace kith::dns;

using fuzz::must;

void check_query(Bytes bytes, const Wire<MessageView>& view) {
    const Wire<QueryView> query = read_query(bytes);
    if (!query) must(query.error().offset <= bytes.size());
    if (!view || !query) {
        // A question's name stands first and has nothing to point to.
        must(!view || view->header().counts[0] != 1 ||
             query.error().fault == WireFault::pointer_refused);
        return;
    }
    must(view->question()->name.view() == NameView::unchecked(query->qname));
    must(view->question()->type == query->qtype && view->question()->klass == query->qclass);
    must(view->edns().has_value() == query->edns.has_value());
}

/// The records of `message` in order, one line each; false when some RDATA does not fit its type.
bool list_records(const MessageView& message, std::vector<std::string>& out) {
    std::vector<std::uint8_t> scratch(rdata_bytes_max);
    bool fits = true;
    for (const Section section : {Section::answer, Section::authority, Section::additional}) {
        message.for_each(section, [&](const RecordView& record) {
            Writer expanded(scratch);
            // An UPDATE's empty records have no meaning here that survives another class.
            const bool good = expand_rdata(message.bytes(), record, expanded).has_value() &&
                              !record.rdata.empty();
            fits = fits && good && (static_cast<unsigned>(record.klass) & 0x8000U) == 0;
            if (good) must(check_rdata(record.type, record.klass, expanded.written()).has_value());
            out.push_back(
                to_text(record.owner, record.type, record.klass, record.ttl, expanded.written()));
            // A compressed name takes the case of the name it points to.
            std::ranges::transform(out.back(), out.back().begin(), [](char c) {
                return static_cast<char>(lower(static_cast<std::uint8_t>(c)));
            });
        });
    }
    return fits;
}

void check_json(const MessageView& message, const std::vector<std::string>& records) {
    const auto back = message_from_json(to_json(message));
    must(back.has_value());
    const auto view = MessageView::parse(*back);
    must(view.has_value());
    must(view->header().flags == message.header().flags &&
         view->header().id == message.header().id);
    must(view->edns().has_value() == message.edns().has_value());
    std::vector<std::string> again;
    must(list_records(*view, again) && again == records);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    const Bytes bytes(data, size);
    const Wire<MessageView> view = MessageView::parse(bytes);
    check_query(bytes, view);
    if (!view) {
        must(view.error().offset <= size);
        return 0;
    }
    must(!to_text(*view).empty());
    std::vector<std::string> records;
    const std::string json = to_json(*view);
    must(json.size() < json_bytes_max);
    if (list_records(*view, records)) check_json(*view, records);
    return 0;
}
