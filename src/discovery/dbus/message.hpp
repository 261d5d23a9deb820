#pragma once
// Messages of D-Bus as values: what back-ends without I/O want called, and what they are told.
//
// What comes from the bus is checked where it is used: text() and its like give nothing when the value
// is not there or of another type.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kith::discovery::dbus {

struct Value;
/// An array, a structure or an entry of a dictionary; the signature tells which.
using Values = std::vector<Value>;
using ByteArray = std::vector<std::uint8_t>;

/// One value: b y n q i u x t, texts (s o g), an array of bytes, or values. A variant is its content.
struct Value {
    std::variant<bool, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                 std::int64_t, std::uint64_t, std::string, ByteArray, Values>
        is;
    friend bool operator==(const Value&, const Value&) = default;
};

/// The value at `index` when it is there and of this type.
template <class T>
const T* value_at(const Values& values, std::size_t index) {
    return index < values.size() ? std::get_if<T>(&values[index].is) : nullptr;
}

/// A method to be called at the service a backend talks to.
struct Call {
    std::uint64_t id = 0;  // of the reply; never 0
    std::string path, interface, member;
    std::string signature;  // of `arguments`
    Values arguments;
};

/// What a call gave: values, or the error's name and sentence.
struct Reply {
    Values values;
    std::string error;  // `org.freedesktop.Avahi.CollisionError`; empty: it worked
    std::string text;
};

struct Signal {
    std::string sender;  // unique name: `:1.7`
    std::string path, interface, member;
    Values values;
};

}  // namespace kith::discovery::dbus
