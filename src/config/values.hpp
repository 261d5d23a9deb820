#pragma once
// Values from JSON and back, by the type of the member they go to (field.hpp). One overload of
// each function a type; the loops over the tables choose.

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/field.hpp"
#include "config/json_reader.hpp"

namespace kith::config {

/// What was expected; nullopt when the value was read.
using Expected = std::optional<std::string>;

Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, bool& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, std::uint16_t& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, std::uint32_t& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, std::uint64_t& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, milliseconds& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, ByteSize& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, std::string& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, TextAt& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, IpAddress& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, Endpoint& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, IpPrefix& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, HostPort& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, dns::RrType& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, log::Level& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, RewriteDepth& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, RewriteAction& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, SerialRule& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, SigningAlgorithm& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, DenialRule& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, KeyScheme& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, ZonemdRule& out);
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, CsyncRule& out);
template <class T>
Expected read_value(const Scalar& json, Offset at, const Bounds& bounds, std::optional<T>& out) {
    return read_value(json, at, bounds, out.emplace());
}

/// The value as canonical JSON; empty when it is not set.
std::string print_value(bool value);
std::string print_value(std::unsigned_integral auto value) { return std::to_string(value); }
std::string print_value(milliseconds value);  // seconds as a bare number, else text with a unit
std::string print_value(ByteSize value);
std::string print_value(const std::string& value);
std::string print_value(const TextAt& value);
std::string print_value(const IpAddress& value);
std::string print_value(const Endpoint& value);
std::string print_value(const IpPrefix& value);
std::string print_value(const HostPort& value);
std::string print_value(dns::RrType value);
std::string print_value(log::Level value);
std::string print_value(RewriteDepth value);
std::string print_value(RewriteAction value);
std::string print_value(SerialRule value);
std::string print_value(SigningAlgorithm value);
std::string print_value(DenialRule value);
std::string print_value(KeyScheme value);
std::string print_value(ZonemdRule value);
std::string print_value(CsyncRule value);
template <class T>
std::string print_value(const std::optional<T>& value) {
    return value ? print_value(*value) : std::string();
}
template <class T>
std::string print_value(const std::vector<T>& values) {
    std::string out = "[";
    for (const T& value : values) out += (out.size() > 1 ? ", " : "") + print_value(value);
    return out + ']';
}

/// What JSON a type is written as: for messages, the manual and the schema.
struct Form {
    std::string_view words;   // "address with an optional port"
    std::string_view schema;  // members of its JSON Schema, bounds left out
    enum class Unit : std::uint8_t { none, number, duration, bytes, characters } unit;
    std::vector<std::string_view> choices;
};
Form form_of(const bool*);
Form form_of(const std::uint16_t*);
Form form_of(const std::uint32_t*);
Form form_of(const std::uint64_t*);
Form form_of(const milliseconds*);
Form form_of(const ByteSize*);
Form form_of(const std::string*);
Form form_of(const TextAt*);
Form form_of(const IpAddress*);
Form form_of(const Endpoint*);
Form form_of(const IpPrefix*);
Form form_of(const HostPort*);
Form form_of(const dns::RrType*);
Form form_of(const log::Level*);
Form form_of(const RewriteDepth*);
Form form_of(const RewriteAction*);
Form form_of(const SerialRule*);
Form form_of(const SigningAlgorithm*);
Form form_of(const DenialRule*);
Form form_of(const KeyScheme*);
Form form_of(const ZonemdRule*);
Form form_of(const CsyncRule*);
template <class T>
Form form_of(const std::optional<T>*) {
    return form_of(static_cast<const T*>(nullptr));
}

/// "number 12", "text 'abc'", "a list": what stands there, for messages.
std::string found_text(const Scalar& json);

}  // namespace kith::config
