#pragma once
// Origin: who made a change, for the journal, the log and `kith watch`.

#include <cstdint>
#include <string>
#include <string_view>

namespace kith::store {

struct Origin {
    enum class Kind : std::uint8_t {
        update,     // a client's UPDATE; `who` is its key, else its address
        file,       // the zone file or the configuration was edited
        transfer,   // a primary; `who` is its address
        signer,     // signatures renewed, keys rolled
        lease,      // records whose time was over
        operator_,  // a command
    };
    Kind kind = Kind::update;
    std::string who;  // at most who_bytes_max bytes are kept
};

/// "update", "file", "transfer", "signer", "lease", "operator".
std::string_view kind_name(Origin::Kind kind);

}  // namespace kith::store
