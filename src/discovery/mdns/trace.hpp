#pragma once
// Tracer: tells who said what and what was made of it, for `kith monitor` and for tests.

#include <string_view>

#include "base/bytes.hpp"
#include "discovery/mdns/types.hpp"

namespace kith::discovery::mdns {

struct Trace {
    enum class Kind : std::uint8_t {
        received,  ///< `message` from `peer`
        sent,      ///< `message` to `peer`
        ignored,   ///< received and passed over; `why` says for which rule
        echo,      ///< our own packet or record came back (bridge, reflector, second interface)
        conflict,  ///< `peer` has a record of the unique name `name`
        tie_lost,  ///< simultaneous probes: `peer` goes first, we ask again in a second
        tie_won,
        renamed,         ///< `name` is given up; `why` says after what
        record_added,    ///< to the cache: `name`, `type`
        record_removed,  ///< from the cache; `why` says for which reason
        suppressed,      ///< a question or answer of ours is not sent: a peer has sent it
        limited,         ///< a table was full; `why` says which
    };
    Time time{};
    Kind kind = Kind::received;
    InterfaceId interface = 0;
    IpFamily family = IpFamily::none;
    Endpoint peer;
    Bytes message;       // received, sent, ignored: the whole datagram
    dns::NameView name;  // root: not about a name
    dns::RrType type{};
    std::string_view why;  // a lower-case clause; static text
};

/// All views in a Trace die when on_trace() returns. It must not call the engine.
class Tracer {
public:
    virtual ~Tracer() = default;
    virtual void on_trace(const Trace& trace) = 0;
};

}  // namespace kith::discovery::mdns
