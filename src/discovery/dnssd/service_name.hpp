#pragma once
// Names of services (RFC 6763 §4, §7): `<Instance>.<_service._proto>.<Domain>`.
//
// On the wire and in dns::Name a name is labels, and an instance is any one label. As one string
// (for people, command lines and other programs) dots and backslashes inside the instance are
// escaped with a backslash (§4.3), and nothing else is: what is not ASCII stays UTF-8.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dns/name.hpp"
#include "dns/wire_error.hpp"

namespace kith::discovery::dnssd {

/// `_tcp` for what runs over TCP, `_udp` for everything else (RFC 6763 §7).
enum class Protocol : std::uint8_t { tcp, udp };

/// A type of service such as `_ipp._tcp`. Compares without ASCII case.
class ServiceType {
public:
    ServiceType() = default;  ///< `_._tcp`: no type

    /// `_ipp._tcp` (a final dot is allowed). Underscores and protocol are checked, the rest only so far
    /// that it is a label: types of others may break RFC 6335, and are still found. See check().
    static dns::Text<ServiceType> from_text(std::string_view text);
    /// From the two labels, without their length bytes.
    static std::optional<ServiceType> from_labels(Bytes service, Bytes protocol);

    /// What RFC 6335 §5.1 and RFC 6763 §7 say about a type that is going to be registered: 1 to 15
    /// letters, digits and hyphens, a letter among them, no hyphen at an end or beside another.
    dns::Text<void> check() const;

    Protocol protocol() const { return protocol_; }
    /// `_ipp`, as written.
    const std::string& service() const { return service_; }
    /// `_ipp._tcp`; bytes that are not printable ASCII, dots and backslashes as in a master file.
    std::string to_text() const;
    /// Appends both labels; false when they do not fit.
    bool append_to(dns::NameBuilder& name) const;

    friend bool operator==(const ServiceType& a, const ServiceType& b);

private:
    std::string service_ = "_";
    Protocol protocol_ = Protocol::tcp;
};

/// A type with the subtype that narrows it (RFC 6763 §7.1), both as a user writes them.
struct TypeSelector {
    std::string subtype;  // the label's bytes, such as `_printer`; empty: all of the type
    ServiceType type;

    /// `_http._tcp`, `_printer._sub._http._tcp`, and Apple's `_http._tcp,_printer`.
    static dns::Text<TypeSelector> from_text(std::string_view text);
    std::string to_text() const;
    /// The name that is asked for PTR records.
    dns::Text<dns::Name> browse_name(dns::NameView domain) const;
    friend bool operator==(const TypeSelector&, const TypeSelector&) = default;
};

/// One instance of a service.
struct InstanceName {
    std::string instance;  // the label's bytes: UTF-8, as the owner wrote them
    ServiceType type;
    dns::Name domain;

    /// Splits a name that a PTR record pointed to; nullopt when it is no instance's. The type and the
    /// domain are the name's own, whatever was asked (RFC 6763 §4.2).
    static std::optional<InstanceName> from_name(dns::NameView name);
    /// Reads one string, `\` escaping the next character: `Dr\. Who._ipp._tcp.local`. The instance ends
    /// at the first unescaped dot (RFC 6763 §4.3).
    static dns::Text<InstanceName> from_text(std::string_view text);

    /// Errors: an instance that is not 1..63 bytes, or a name over 255 bytes.
    dns::Text<dns::Name> to_name() const;
    /// §4.3: dots and backslashes of the instance escaped; no final dot.
    std::string to_text() const;
    friend bool operator==(const InstanceName& a, const InstanceName& b);
};

/// RFC 6763 §4.1.1: 1..63 bytes of UTF-8 (Net-Unicode) without control characters 0x00..0x1F and 0x7F.
/// What is registered must pass; what others register is shown as it is.
dns::Text<void> check_instance(std::string_view instance);

/// §4.3: backslashes before dots and backslashes.
std::string escape_instance(std::string_view instance);
/// The reverse: `\.`, `\\`, and `\DDD` as master files write any byte. Error: a broken escape.
dns::Text<std::string> unescape_instance(std::string_view text);

/// Bytes of a label as text for a terminal: valid UTF-8 stays, control characters and broken UTF-8
/// become `\DDD`, a backslash becomes `\\`.
std::string printable(std::string_view bytes);

/// The name to try when `instance`, 1 to 63 bytes, is taken: see mdns::next_name().
std::string next_instance_name(std::string_view instance);

}  // namespace kith::discovery::dnssd
