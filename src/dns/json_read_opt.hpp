#pragma once

#include "dns/json_values.hpp"
#include "dns/message_builder.hpp"

namespace kith::dns {

/// Adds the OPT record that `opt` describes.
Read<void> add_opt(const boost::json::object& opt, MessageBuilder& builder);

}  // namespace kith::dns
