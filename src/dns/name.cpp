#include "dns/name.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "dns/lower_word.hpp"
#include "dns/text_escape.hpp"

namespace kith::dns {
namespace {

/// Offsets of the labels of `wire`, leftmost first, root left out; returns how many.
int label_offsets(Bytes wire, std::array<std::uint8_t, labels_max>& offsets) {
    int count = 0;
    for (std::size_t at = 0; wire[at] != 0; at += wire[at] + 1U) {
        offsets[static_cast<std::size_t>(count++)] = static_cast<std::uint8_t>(at);
    }
    return count;
}

// Length octets are below 64 and so never letters: the whole wire form compares at once.
bool same_wire(Bytes a, Bytes b) { return same_without_case(a, b); }

std::strong_ordering compare_labels(Bytes a, Bytes b) {
    const std::size_t common = std::min(a.size(), b.size());
    for (std::size_t i = 0; i < common; ++i) {
        if (const auto order = lower(a[i]) <=> lower(b[i]); order != 0) return order;
    }
    return a.size() <=> b.size();
}

Bytes label_at(Bytes wire, std::uint8_t offset) { return wire.subspan(offset + 1U, wire[offset]); }

std::unexpected<TextError> text_error(std::string_view why, std::string_view name, std::size_t at) {
    return std::unexpected(TextError{fmt::format("{} in name '{}'", why, name.substr(0, 300)), at});
}

/// Parses into `builder` all labels of `text`; true when it ended with a dot (absolute).
Text<bool> parse_labels(std::string_view text, NameBuilder& builder) {
    std::array<std::uint8_t, label_bytes_max> label;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t start = at;
        std::size_t length = 0;
        while (at < text.size() && text[at] != '.') {
            const std::size_t here = at;
            const auto byte = read_escaped(text, at);
            if (!byte)
                return text_error("expected \\DDD (000..255) or \\X, found a broken escape", text,
                                  here);
            if (length == label.size()) return text_error("label over 63 bytes", text, start);
            label[length++] = *byte;
        }
        if (length == 0) return text_error("empty label (two dots or a leading dot)", text, start);
        if (!builder.append(Bytes(label.data(), length)))
            return text_error("over 255 bytes", text, start);
        if (at == text.size()) return false;
        ++at;
    }
    return true;
}

}  // namespace

Wire<NameView> NameView::from_wire(Bytes wire) {
    const auto fault = [](WireFault why, std::size_t at) {
        return std::unexpected(WireError{why, static_cast<std::uint16_t>(at)});
    };
    for (std::size_t at = 0; at < wire.size();) {
        const std::uint8_t length = wire[at];
        if (length >= 64)
            return fault(length >= 192 ? WireFault::pointer_refused : WireFault::bad_label_type,
                         at);
        const std::size_t next = at + length + 1U;
        if (next > wire.size()) return fault(WireFault::truncated, at + 1);
        if (length == 0) return NameView(wire.first(next));
        if (next >= name_bytes_max)
            return fault(WireFault::name_too_long, at);  // the root label needs a byte more
        at = next;
    }
    return fault(WireFault::truncated, wire.size());
}

int NameView::label_count() const {
    int count = 1;
    for (std::size_t at = 0; wire_[at] != 0; at += wire_[at] + 1U) ++count;
    return count;
}

NameView NameView::suffix(int labels) const {
    NameView out = *this;
    for (int skip = label_count() - labels; skip > 0; --skip) out = out.parent();
    return out;
}

bool NameView::is_under(NameView apex) const {
    if (apex.size() > size()) return false;
    const std::size_t cut = size() - apex.size();
    std::size_t at = 0;
    while (at < cut) at += wire_[at] + 1U;
    return at == cut && same_wire(wire_.subspan(cut), apex.wire_);
}

std::string NameView::to_text() const {
    if (is_root()) return ".";
    std::string out;
    for (std::size_t at = 0; wire_[at] != 0; at += wire_[at] + 1U) {
        for (const std::uint8_t byte : wire_.subspan(at + 1, wire_[at])) {
            if (byte <= ' ' || byte >= 127) {
                fmt::format_to(std::back_inserter(out), "\\{:03}", byte);
            } else {
                if (std::string_view(".\\\"();@$").find(static_cast<char>(byte)) !=
                    std::string_view::npos)
                    out += '\\';
                out += static_cast<char>(byte);
            }
        }
        out += '.';
    }
    return out;
}

bool operator==(NameView a, NameView b) { return same_wire(a.wire_, b.wire_); }

std::strong_ordering operator<=>(NameView a, NameView b) {
    std::array<std::uint8_t, labels_max> offsets_a, offsets_b;
    int left_a = label_offsets(a.wire_, offsets_a);
    int left_b = label_offsets(b.wire_, offsets_b);
    while (left_a > 0 && left_b > 0) {
        const auto order =
            compare_labels(label_at(a.wire_, offsets_a[static_cast<std::size_t>(--left_a)]),
                           label_at(b.wire_, offsets_b[static_cast<std::size_t>(--left_b)]));
        if (order != 0) return order;
    }
    return left_a <=> left_b;
}

Text<Name> Name::from_text(std::string_view text) { return from_text(text, NameView()); }

Text<Name> Name::from_text(std::string_view text, NameView origin) {
    if (text.empty()) return std::unexpected(TextError{"expected a name, found nothing", 0});
    if (text == ".") return Name();
    if (text == "@") return Name(origin);
    NameBuilder builder;
    KITH_TRY(const bool absolute, parse_labels(text, builder));
    if (absolute) return builder.finish();
    if (!builder.append(origin)) return text_error("over 255 bytes with its origin", text, 0);
    return builder.finish();
}

Name Name::lowered() const {
    Name out = *this;
    std::ranges::transform(wire(), out.bytes_.begin(), lower);
    return out;
}

bool NameBuilder::append(Bytes label) {
    // One byte stays free for the root label.
    if (label.empty() || label.size() > label_bytes_max) return false;
    if (name_.size_ + label.size() + 2 > name_bytes_max) return false;
    name_.bytes_[name_.size_] = static_cast<std::uint8_t>(label.size());
    std::memcpy(name_.bytes_.data() + name_.size_ + 1, label.data(), label.size());
    name_.size_ = static_cast<std::uint8_t>(name_.size_ + label.size() + 1);
    return true;
}

bool NameBuilder::append(NameView suffix) {
    const std::size_t labels = suffix.size() - 1;
    if (name_.size_ + labels + 1 > name_bytes_max) return false;
    std::memcpy(name_.bytes_.data() + name_.size_, suffix.wire().data(), labels);
    name_.size_ = static_cast<std::uint8_t>(name_.size_ + labels);
    return true;
}

Name NameBuilder::finish() {
    name_.bytes_[name_.size_++] = 0;
    return name_;
}

Wire<Name> read_name(Reader& reader) {
    NameBuilder name;
    Reader cursor = reader;                 // follows pointers; `reader` does not
    std::uint16_t limit = reader.offset();  // the next pointer must land below this
    bool jumped = false;
    for (int step = 0; step < labels_max + pointers_max; ++step) {
        const std::uint16_t at = cursor.offset();
        KITH_TRY(const std::uint8_t length, cursor.u8());
        if (length == 0) {
            if (!jumped) reader = cursor;
            return name.finish();
        }
        if (length < 64) {
            KITH_TRY(const Bytes label, cursor.take(length));
            if (!name.append(label))
                return std::unexpected(WireError{WireFault::name_too_long, at});
            continue;
        }
        if (length < 192) return std::unexpected(WireError{WireFault::bad_label_type, at});
        KITH_TRY(const std::uint8_t low, cursor.u8());
        const auto target = static_cast<std::uint16_t>((length & 0x3f) << 8 | low);
        if (target >= limit) return std::unexpected(WireError{WireFault::pointer_forward, at});
        if (!jumped) reader = cursor;
        jumped = true;
        limit = target;
        cursor.seek(target);
    }
    return std::unexpected(WireError{WireFault::too_many_pointers, cursor.offset()});
}

Wire<void> skip_name(Reader& reader) {
    const std::size_t start = reader.offset();
    while (true) {
        const std::uint16_t at = reader.offset();
        KITH_TRY(const std::uint8_t length, reader.u8());
        if (length == 0) return {};
        if (length >= 192) {
            KITH_TRY_VOID(reader.u8());
            return {};
        }
        if (length >= 64) return std::unexpected(WireError{WireFault::bad_label_type, at});
        KITH_TRY_VOID(reader.take(length));
        // The root label, or the rest that a pointer stands for, needs a byte more.
        if (reader.offset() - start + 1 > name_bytes_max)
            return std::unexpected(WireError{WireFault::name_too_long, at});
    }
}

}  // namespace kith::dns
