#pragma once
// RecordKey: what makes two records of one question the same. Internal to the back-ends.

#include "discovery/dbus/message.hpp"
#include "discovery/dnssd/backend.hpp"

namespace kith::discovery::dbus {

struct RecordKey {
    std::uint32_t ifindex = 0;
    dns::Name owner;  // lower case
    ByteArray rdata;

    explicit RecordKey(const dnssd::RecordEvent& record)
        : ifindex(record.ifindex), owner(record.owner.lowered()), rdata(record.rdata) {}
    auto operator<=>(const RecordKey&) const = default;
};

}  // namespace kith::discovery::dbus
