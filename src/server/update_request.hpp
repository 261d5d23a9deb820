#pragma once
// What workers and the control thread tell each other of an UPDATE.

#include <cstdint>
#include <optional>

#include "update/policy.hpp"
#include "update/update_message.hpp"

namespace kith::server {

/// A well-formed update by somebody who was authenticated.
struct UpdateRequest {
    std::size_t worker = 0;   // who waits for the reply ...
    std::uint64_t token = 0;  // ... and for which of its clients
    update::UpdateMessage message;
    update::Requester requester;
};

struct UpdateReply {
    std::uint64_t token = 0;
    update::Refusal refusal;  // NOERROR: it is done, durable and served
    std::optional<update::Lease> granted;
};

}  // namespace kith::server
