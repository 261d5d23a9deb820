#pragma once
// Domain names (RFC 1034 §3.1, RFC 1035 §3.1). Two types: NameView to look, Name to keep.
//
// Both are always absolute, valid and uncompressed: 1..255 bytes, labels of 1..63 bytes, ending
// with the root label. Case is kept; comparison ignores ASCII case (RFC 4343).

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "dns/limits.hpp"
#include "dns/wire.hpp"

namespace kith::dns {

/// `byte` in lower case when it is an ASCII letter (RFC 4343 §3).
constexpr std::uint8_t lower(std::uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<std::uint8_t>(byte + 32) : byte;
}

class Name;

/// A borrowed name. The bytes it looks at must outlive it.
class NameView {
public:
    NameView() : wire_(root_wire) {}  ///< the root
    /// Requires valid uncompressed wire form with nothing after the root label.
    static NameView unchecked(Bytes wire) { return NameView(wire); }
    /// The name at the start of `wire`; bytes after its root label are not part of it.
    /// Fails with truncated, bad_label_type, pointer_refused or name_too_long.
    static Wire<NameView> from_wire(Bytes wire);

    Bytes wire() const { return wire_; }
    std::size_t size() const { return wire_.size(); }
    bool is_root() const { return wire_.size() == 1; }
    bool is_wildcard() const { return wire_.size() > 2 && wire_[0] == 1 && wire_[1] == '*'; }
    int label_count() const;  ///< 1 for the root: the root label counts
    /// The first label without its length octet; requires !is_root().
    Bytes first_label() const { return wire_.subspan(1, wire_[0]); }
    NameView parent() const {
        return NameView(wire_.subspan(wire_[0] + 1U));
    }  ///< requires !is_root()
    /// The last `labels` labels (root included); requires 1 <= labels <= label_count().
    NameView suffix(int labels) const;
    bool is_under(NameView apex) const;  ///< true also when equal
    /// RFC 1035 §5.1 presentation form with the final dot; unprintable bytes as \DDD.
    std::string to_text() const;

    friend bool operator==(NameView a, NameView b);
    /// Canonical order, RFC 4034 §6.1: by label from the root, lower case, as unsigned bytes.
    friend std::strong_ordering operator<=>(NameView a, NameView b);

private:
    friend class Name;
    static constexpr std::uint8_t root_wire[1] = {0};
    explicit NameView(Bytes wire) : wire_(wire) {}
    Bytes wire_;
};

/// An owned name of 256 bytes, never on the heap.
class Name {
public:
    Name() = default;                                                      ///< the root
    Name(NameView view) : size_(static_cast<std::uint8_t>(view.size())) {  // NOLINT: views convert
        std::memcpy(bytes_.data(), view.wire().data(), view.size());
    }
    /// `a.b.` and `a.b` alike, `@` is not special; escapes \X and \DDD (RFC 1035 §5.1).
    static Text<Name> from_text(std::string_view text);
    /// As from_text(), but a name without a final dot is completed with `origin`, and `@` is it.
    static Text<Name> from_text(std::string_view text, NameView origin);

    NameView view() const KITH_LIFETIMEBOUND { return NameView(Bytes(bytes_.data(), size_)); }
    operator NameView() const KITH_LIFETIMEBOUND { return view(); }
    Bytes wire() const KITH_LIFETIMEBOUND { return {bytes_.data(), size_}; }
    std::size_t size() const { return size_; }
    bool is_root() const { return size_ == 1; }
    bool is_wildcard() const { return view().is_wildcard(); }
    int label_count() const { return view().label_count(); }
    bool is_under(NameView apex) const { return view().is_under(apex); }
    std::string to_text() const { return view().to_text(); }
    /// The same name in lower case.
    Name lowered() const;

    friend bool operator==(const Name& a, const Name& b) { return a.view() == b.view(); }
    friend std::strong_ordering operator<=>(const Name& a, const Name& b) {
        return a.view() <=> b.view();
    }

private:
    friend class NameBuilder;
    std::array<std::uint8_t, name_bytes_max> bytes_{};
    std::uint8_t size_ = 1;
};

static_assert(sizeof(Name) == 256, "a Name fills four cache lines exactly");

/// Builds a Name label by label, left to right.
class NameBuilder {
public:
    NameBuilder() { name_.size_ = 0; }
    /// False when the label is empty or too long, or the name would pass 255 bytes with its root.
    bool append(Bytes label);
    /// Appends the labels of `suffix`, its root included, and finishes; false when too long.
    bool append(NameView suffix);
    /// The bytes so far, without the root label.
    std::size_t size() const { return name_.size_; }
    Name finish();

private:
    Name name_;
};

/// Reads one possibly compressed name and leaves `reader` after it (RFC 1035 §4.1.4). Pointers
/// must go strictly backwards. On error the reader's position is unspecified.
Wire<Name> read_name(Reader& reader);

/// Passes over one possibly compressed name without following pointers.
Wire<void> skip_name(Reader& reader);

}  // namespace kith::dns
