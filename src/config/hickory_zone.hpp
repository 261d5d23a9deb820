#pragma once
// One [[zones]] entry of a trust-dns or hickory-dns configuration; a part of hickory.cpp.

#include "config/toml_table.hpp"

namespace kith::config {

enum class HickoryEra : std::uint8_t { of_2016, today };

struct HickoryPlace {
    std::string directory;  // of zone files and what stands beside them
    HickoryEra era = HickoryEra::today;
};

/// Adds what the entry means to `config`: a zone, or upstreams.
void read_hickory_zone(const TomlTable& zone, const HickoryPlace& place, Config& config);

}  // namespace kith::config
