#pragma once
// Which back-end asks the link. Internal to client.

#include <string>

#include "client/discovery.hpp"

namespace kith::client {

struct LinkChoice {
    Backend backend = Backend::mdns;   // never automatic
    Backend fallback = Backend::none;  // when the sockets of mdns cannot be had
    std::string hint;                  // added to what is said when they cannot
    std::string complaint;             // not empty: what was asked for cannot be had
};

/// What of the system bus matters for the choice.
struct DaemonsSeen {
    bool has_avahi = false;
    bool has_resolved = false;
    std::string why_not;  // no bus: why
};

/// Avahi first: it may have the port to itself (`disallow-other-stacks`), and who registers through it is
/// seen by all its clients. resolved shares its port, and its bus can neither browse continuously nor
/// register without root, so that our own engine beside it does more.
LinkChoice choose_link(const Options& options, const DaemonsSeen& seen);

/// The same with what is on the system bus now.
LinkChoice choose_link(const Options& options);

}  // namespace kith::client
