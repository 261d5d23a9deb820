#pragma once
// Where the parts of verify_zone() report to.

#include "dnssec/zone_verifier.hpp"

namespace kith::dnssec {

class FlawList {
public:
    explicit FlawList(ZoneReport& report) : report_(report) {}

    void add(NameView owner, dns::RrType type, std::string text) {
        if (report_.flaws.size() >= flaws_max) {
            ++report_.flaws_left_out;
            return;
        }
        report_.flaws.push_back({owner, type, std::move(text)});
    }

private:
    ZoneReport& report_;
};

/// Checks the NSEC and NSEC3 chains: closed, complete, with the right bitmaps.
void verify_denial(const zone::Zone& zone, FlawList& flaws);

}  // namespace kith::dnssec
