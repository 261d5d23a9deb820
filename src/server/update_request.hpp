#pragma once
// What workers and the control thread tell each other of an UPDATE.

#include <cstdint>
#include <optional>
#include <vector>

#include "update/policy.hpp"
#include "update/update_message.hpp"

namespace kith::server {

/// A well-formed update by somebody who was authenticated.
struct UpdateRequest {
    std::size_t worker = 0;   // who waits for the reply ...
    std::uint64_t token = 0;  // ... and for which of its clients
    update::UpdateMessage message;
    update::Requester requester;
    /// Of a secondary's zone: the message as it came, for its primary; then only `message.zone` counts.
    std::vector<std::uint8_t> forwarded;
};

struct UpdateReply {
    std::uint64_t token = 0;
    update::Refusal refusal;  // NOERROR: it is done, durable and served
    std::optional<update::Lease> granted;
    std::vector<std::uint8_t> forwarded;  // what the primary answered, to be passed on as it is
};

}  // namespace kith::server
