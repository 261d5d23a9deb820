#include "net/dbus_library.hpp"

#include <dlfcn.h>

namespace kith::net {
namespace {

struct Loaded {
    DbusLibrary library;
    std::string complaint;  // empty: all is there
};

template <class Function>
void find(void* handle, const char* name, Function& out, std::string& complaint) {
    void* const found = ::dlsym(handle, name);
    if (found == nullptr && complaint.empty())
        complaint = std::string("libsystemd.so.0 has no ") + name;
    out = reinterpret_cast<Function>(found);
}

Loaded load() {
    Loaded out;
    void* const handle = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        out.complaint = "libsystemd.so.0 is not there";
        return out;
    }
#define KITH_FIND(name) find(handle, "sd_bus_" #name, out.library.name, out.complaint);
    KITH_SD_BUS_FUNCTIONS(KITH_FIND)
#undef KITH_FIND
    return out;
}

}  // namespace

const DbusLibrary* dbus_library(std::string& why) {
    static const Loaded loaded = load();
    if (loaded.complaint.empty()) return &loaded.library;
    why = loaded.complaint;
    return nullptr;
}

}  // namespace kith::net
