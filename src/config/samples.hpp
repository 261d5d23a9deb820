#pragma once
// The files that `init` writes.

#include <string_view>

namespace kith::config {

/// NanoDNS 1.0.6's example, byte for byte what `nanodns init` writes.
std::string_view nanodns_sample();

/// A home network, explained: what `kith init` writes.
std::string_view home_sample();

}  // namespace kith::config
