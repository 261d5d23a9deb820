// Any bytes as a name on the wire and as a name in text. What read_name() accepts has one wire form
// and one text that lead back to it, and a slow second reader agrees. What text gives is the same.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "dns/name.hpp"
#include "dns/name_hash.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using namespace kith::dns;

using fuzz::must;

/// RFC 1035 §4.1.4 as plainly as it can be said; nullopt for what must not be accepted.
std::optional<std::vector<std::uint8_t>> slow_name(Bytes message, std::size_t at) {
    std::vector<std::uint8_t> out;
    std::size_t limit = at, steps = 0;
    while (steps++ < 160 && at < message.size()) {
        const std::size_t length = message[at];
        if (length == 0) {
            out.push_back(0);
            return out.size() <= 255 ? std::optional(out) : std::nullopt;
        }
        if (length >= 192) {
            if (at + 1 >= message.size()) return std::nullopt;
            const std::size_t target = (length & 63) * 256 + message[at + 1];
            if (target >= limit) return std::nullopt;
            limit = at = target;
        } else if (length >= 64 || at + length >= message.size()) {
            return std::nullopt;
        } else {
            for (std::size_t i = 0; i <= length; ++i) out.push_back(message[at + i]);
            at += length + 1;
        }
    }
    return std::nullopt;
}

void check_name(const Name& name) {
    const auto whole = NameView::from_wire(name.wire());
    must(whole && whole->size() == name.size());
    const auto back = Name::from_text(name.to_text());
    must(back && std::ranges::equal(back->wire(), name.wire()));
    const LookupName lookup(name);
    must(lookup.hash() == name_hash(name.lowered()) && lookup.view() == name.view());
    must(std::ranges::equal(lookup.view().wire(), name.lowered().wire()));
    must((name <=> name.lowered()) == std::strong_ordering::equal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > message_bytes_max) return 0;
    const Bytes bytes(data, size);
    const std::size_t start = data[0] < size ? data[0] : 0;
    Reader reader(bytes, start);
    const Wire<Name> name = read_name(reader);
    const auto slow = slow_name(bytes, start);
    must(name.has_value() == slow.has_value());
    if (name) {
        must(std::ranges::equal(name->wire(), *slow) && reader.offset() <= size);
        Reader skipper(bytes, start);
        must(skip_name(skipper).has_value() && skipper.offset() == reader.offset());
        check_name(*name);
    } else {
        must(name.error().offset <= size);
    }
    if (const Text<Name> parsed = Name::from_text(as_text(bytes))) {
        check_name(*parsed);
    } else {
        must(parsed.error().position <= size);
    }
    return 0;
}
