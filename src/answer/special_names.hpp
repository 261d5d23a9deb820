#pragma once
// Special-use names: names that have no business on the public Internet and are therefore
// answered here and never forwarded, unless the configuration says who knows them.
//
// One table (special_names.cpp) holds them all: localhost and the reserved top-level names
// (RFC 6761, 6762, 7686, 9476), home.arpa (RFC 8375), the reverse zones of private and reserved
// addresses (RFC 6303, 7793) and those of protocols (RFC 9462, 9665). Local zones and records
// come before it, so `home.arpa` or `168.192.in-addr.arpa` can be served like any zone.

#include "answer/name_table.hpp"

namespace kith::answer {

enum class SpecialKind : std::uint8_t {
    empty_zone,  // RFC 6303 §3: SOA and NS at the name, nothing below it
    no_data,     // every name at and below exists and has nothing
    localhost,   // at and below: 127.0.0.1 and ::1
    loopback,    // as empty_zone, and the name is a PTR to localhost.
    inside,      // a name inside the empty zone above that exists and has nothing
};

class SpecialNames {
public:
    SpecialNames();  ///< the whole table

    struct Match {
        SpecialKind kind{};
        int labels = 0;  // of the special name that decides; 0: none
        explicit operator bool() const { return labels != 0; }
    };
    /// What the table says about `name`, looking at its last `labels` labels and what is above.
    Match find(const dns::LookupName& name, int labels) const;

private:
    NameTable<SpecialKind> names_;
};

}  // namespace kith::answer
