#pragma once
// What is inside the handles of zones.hpp. Internal to client.

#include "client/zones.hpp"
#include "files/key_files.hpp"
#include "zone/zone.hpp"

namespace kith::client {

struct SigningKey::Material {
    files::StoredKey key;
};

struct Zone::Material {
    zone::ZonePtr zone;
};

}  // namespace kith::client
