#include "client/c_structures.hpp"

#include <cstddef>

namespace kith::client {
namespace {

// A structure that ends with padding would hide what is added there: an older caller's has the same size.
// On machines whose pointers are wider than int, the member after the last int begins a new word.
static_assert(offsetof(kith_service, name_only) + sizeof(size_t) == sizeof(kith_service));
static_assert(offsetof(kith_service, name_only) % sizeof(size_t) == 0);

Backend read_backend(int backend) {
    switch (backend) {
        case KITH_BACKEND_MDNS: return Backend::mdns;
        case KITH_BACKEND_AVAHI: return Backend::avahi;
        case KITH_BACKEND_RESOLVED: return Backend::resolved;
        case KITH_BACKEND_NONE: return Backend::none;
        default: return Backend::automatic;
    }
}

}  // namespace

/// True when the caller's structure has this member whole.
#define KITH_HAS(structure, member)                                                     \
    ((structure)->size >=                                                               \
     static_cast<std::size_t>(reinterpret_cast<const char*>(&(structure)->member + 1) - \
                              reinterpret_cast<const char*>(structure)))

std::string text_or(const char* text, const char* otherwise) {
    return text == nullptr ? otherwise : text;
}

std::vector<std::string> read_texts(const char* const* list) {
    std::vector<std::string> out;
    for (; list != nullptr && *list != nullptr; ++list) out.emplace_back(*list);
    return out;
}

Family read_family(int family) {
    return family == KITH_FAMILY_IPV4   ? Family::ipv4
           : family == KITH_FAMILY_IPV6 ? Family::ipv6
                                        : Family::any;
}

Options read_options(const kith_options* options) {
    Options out;
    if (options == nullptr) return out;
    if (KITH_HAS(options, interfaces)) out.interfaces = read_texts(options->interfaces);
    if (KITH_HAS(options, family)) out.family = read_family(options->family);
    if (KITH_HAS(options, server) && options->server != nullptr) out.servers = {options->server};
    if (KITH_HAS(options, host_name)) out.host_name = text_or(options->host_name, "");
    if (KITH_HAS(options, backend)) out.backend = read_backend(options->backend);
    return out;
}

std::optional<Service> read_service(const kith_service* service, std::string& why_not) {
    if (service == nullptr || !KITH_HAS(service, no_rename)) {
        why_not = "expected a kith_service whose size member is sizeof(kith_service)";
        return std::nullopt;
    }
    const auto txt = parse_txt(read_texts(service->txt));
    if (!txt) {
        why_not = "expected TXT as key=value or key, at most 255 bytes";
        return std::nullopt;
    }
    Service out;
    out.instance = text_or(service->instance, "");
    out.type = text_or(service->type, "");
    out.domain = text_or(service->domain, "");
    out.host = text_or(service->host, "");
    out.port = service->port;
    out.priority = service->priority;
    out.weight = service->weight;
    out.subtypes = read_texts(service->subtypes);
    out.txt = *txt;
    out.may_rename = service->no_rename == 0;
    if (KITH_HAS(service, name_only)) out.name_only = service->name_only != 0;
    return out;
}

}  // namespace kith::client
