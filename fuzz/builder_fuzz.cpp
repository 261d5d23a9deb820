// A script for the message builder: each byte of the input chooses what to add, take back or
// reserve. Whatever it does, the message stays inside its limit and reads back as what was added.

#include <algorithm>
#include <string>
#include <vector>

#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using namespace kith::dns;

using fuzz::must;

class Script : public fuzz::ScriptBytes {
public:
    using ScriptBytes::ScriptBytes;
    Name name() {
        NameBuilder builder;
        for (int labels = next() % 6; labels > 0; --labels) {
            const std::size_t size = next() % 4 + 1U;
            std::uint8_t label[4];
            // Few letters, so that suffixes repeat; and pointer bytes, which must stay text.
            constexpr std::uint8_t letters[] = {'a', 'A', 'b', 0xc0, 0x0c, 0, 'z', '*'};
            for (std::uint8_t& byte : label) byte = letters[next() % 8U];
            must(builder.append(Bytes(label, size)));
        }
        return builder.finish();
    }
};

struct Added {
    Name owner;
    RrType type;
    std::vector<std::uint8_t> rdata;
};

Added make_record(Script& script) {
    Added record{script.name(), RrType::NULL_, {}};
    const auto append = [&](const Name& name) {
        record.rdata.insert(record.rdata.end(), name.wire().begin(), name.wire().end());
    };
    switch (script.next() % 4) {
        case 0: record.type = RrType::NS; break;
        case 1: record.type = RrType::MX; break;
        case 2: record.type = RrType::MINFO; break;
        default:
            for (int i = script.next(); i > 0; --i) record.rdata.push_back(script.next());
            return record;
    }
    if (record.type == RrType::MX) record.rdata = {0xc0, 0x0c};
    append(script.name());
    if (record.type == RrType::MINFO) append(script.name());
    return record;
}

void compare(Bytes message, const std::vector<Added>& added) {
    const auto view = MessageView::parse(message);
    must(view.has_value());
    std::vector<std::uint8_t> scratch(rdata_bytes_max);
    std::size_t index = 0;
    view->for_each(Section::answer, [&](const RecordView& record) {
        must(index < added.size());
        const Added& expected = added[index++];
        Writer out(scratch);
        must(expand_rdata(message, record, out).has_value());
        must(record.owner == expected.owner && record.type == expected.type);
        const auto fold = [](std::uint8_t byte) { return lower(byte); };
        must(std::ranges::equal(out.written(), expected.rdata, {}, fold, fold));
    });
    must(index == added.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Script script(Bytes(data, size));
    std::vector<std::uint8_t> buffer(1200, 0xee);
    static MessageBuilder builder;  // one for all inputs: nothing of the message before may remain
    const std::size_t limit = header_bytes + script.next() * 4U;
    builder.start(buffer, limit);
    std::vector<Added> added;
    std::vector<std::pair<MessageBuilder::Mark, std::size_t>> marks;
    while (!script.at_end()) {
        switch (script.next() % 8) {
            case 0: marks.emplace_back(builder.mark(), added.size()); break;
            case 1:
                if (marks.empty()) break;
                builder.rewind(marks.back().first);
                added.resize(marks.back().second);
                marks.pop_back();
                break;
            case 2: builder.reserve(script.next() * 5U); break;
            case 3: {
                if (builder.last_owner_offset() == 0 || added.empty()) break;
                const std::uint8_t address[] = {10, 0, 0, 1};
                const Name owner = added.back().owner;
                if (!builder.add_record_at(Section::answer, builder.last_owner_offset(), RrType::A,
                                           RrClass::IN, 1, address))
                    break;
                added.push_back({owner, RrType::A, {10, 0, 0, 1}});
                break;
            }
            default: {
                Added record = make_record(script);
                const std::size_t before = builder.size();
                const bool fits = builder.add_record(Section::answer, record.owner, record.type,
                                                     RrClass::IN, 1, record.rdata);
                if (fits) added.push_back(std::move(record));
                must(fits || builder.size() == before);
            }
        }
        must(builder.size() <= limit);
    }
    compare(builder.finish(), added);
    must(std::all_of(buffer.begin() + static_cast<std::ptrdiff_t>(limit), buffer.end(),
                     [](std::uint8_t b) { return b == 0xee; }));
    return 0;
}
