#pragma once
// Reader and Writer: bounds-checked cursors over wire-format bytes.

#include "base/bytes.hpp"
#include "dns/wire_error.hpp"

namespace kith::dns {

/// Reads network-order fields from borrowed bytes; copying a Reader copies the position only.
class Reader {
public:
    explicit Reader(Bytes bytes, std::size_t offset = 0) : bytes_(bytes), at_(offset) {}

    std::uint16_t offset() const { return static_cast<std::uint16_t>(at_); }
    std::size_t left() const { return bytes_.size() - at_; }
    bool at_end() const { return at_ == bytes_.size(); }
    Bytes all() const { return bytes_; }
    /// Requires `offset` <= size of the bytes.
    void seek(std::size_t offset) { at_ = offset; }

    Wire<std::uint8_t> u8() {
        if (left() < 1) return truncated();
        return bytes_[at_++];
    }
    Wire<std::uint16_t> u16() {
        if (left() < 2) return truncated();
        at_ += 2;
        return load_u16(bytes_.data() + at_ - 2);
    }
    Wire<std::uint32_t> u32() {
        if (left() < 4) return truncated();
        at_ += 4;
        return load_u32(bytes_.data() + at_ - 4);
    }
    Wire<Bytes> take(std::size_t count) {
        if (left() < count) return truncated();
        at_ += count;
        return bytes_.subspan(at_ - count, count);
    }
    std::unexpected<WireError> error(WireFault fault) const {
        return std::unexpected(WireError{fault, offset()});
    }

private:
    std::unexpected<WireError> truncated() const { return error(WireFault::truncated); }

    Bytes bytes_;
    std::size_t at_;
};

/// Writes network-order fields into a buffer of fixed size. A write that does not fit writes
/// nothing and sets overflow(), which stays set: check once at the end, or roll back.
class Writer {
public:
    explicit Writer(MutableBytes buffer) : buffer_(buffer) {}

    std::size_t size() const { return size_; }
    std::size_t room() const { return buffer_.size() - size_; }
    bool overflow() const { return overflow_; }
    Bytes written() const { return {buffer_.data(), size_}; }
    std::uint8_t* data() { return buffer_.data(); }

    void u8(std::uint8_t value) {
        if (std::uint8_t* at = grow(1)) *at = value;
    }
    void u16(std::uint16_t value) {
        if (std::uint8_t* at = grow(2)) store_u16(at, value);
    }
    void u32(std::uint32_t value) {
        if (std::uint8_t* at = grow(4)) store_u32(at, value);
    }
    void bytes(Bytes value) {
        if (value.empty()) return;
        if (std::uint8_t* at = grow(value.size())) std::memcpy(at, value.data(), value.size());
    }
    /// Overwrites two bytes written before; requires `at` + 2 <= size().
    void patch_u16(std::size_t at, std::uint16_t value) { store_u16(buffer_.data() + at, value); }
    /// Forgets what was written after `size`, and the overflow with it.
    void rewind(std::size_t size) {
        size_ = size;
        overflow_ = false;
    }
    /// Room for `count` bytes that the caller fills, or nullptr (overflow).
    std::uint8_t* grow(std::size_t count) {
        if (room() < count) {
            overflow_ = true;
            return nullptr;
        }
        size_ += count;
        return buffer_.data() + size_ - count;
    }

private:
    MutableBytes buffer_;
    std::size_t size_ = 0;
    bool overflow_ = false;
};

}  // namespace kith::dns
