// The C functions of kith.h over the C++ library. No exception leaves: out of memory ends the program, as
// everywhere here.

#include <map>
#include <utility>

#include "client/discovery.hpp"
#include "client/kith.h"

namespace client = kith::client;

struct kith_discovery {
    std::unique_ptr<client::Discovery> discovery;
    std::map<kith_operation, client::Operation> operations;
    std::string error;
    std::string text;  // what kith_backend() and kith_host_name() returned last
};

namespace {

thread_local std::string open_error;  // of the last kith_open() of this thread

std::string text_or(const char* text, const char* otherwise) {
    return text == nullptr ? otherwise : text;
}

std::vector<std::string> texts(const char* const* list) {
    std::vector<std::string> out;
    for (; list != nullptr && *list != nullptr; ++list) out.emplace_back(*list);
    return out;
}

/// True when the caller's structure has the member that ends `bytes` from its start.
bool has(std::size_t size, std::size_t bytes) { return size >= bytes; }

kith_event head_of(const client::EventHead& event) {
    kith_event out{};
    out.change = static_cast<int>(event.change);
    out.more_coming = event.more_coming ? 1 : 0;
    out.interface_index = event.interface.index;
    out.interface_name = event.interface.name.c_str();
    out.error = event.error.empty() ? nullptr : event.error.c_str();
    return out;
}

client::Family family_of(int family) {
    return family == KITH_FAMILY_IPV4   ? client::Family::ipv4
           : family == KITH_FAMILY_IPV6 ? client::Family::ipv6
                                        : client::Family::any;
}

client::Scope scope_of(const kith_scope* scope) {
    if (scope == nullptr) return {};
    return {scope->interface_index, family_of(scope->family)};
}

client::Backend backend_of(int backend) {
    switch (backend) {
        case KITH_BACKEND_MDNS: return client::Backend::mdns;
        case KITH_BACKEND_AVAHI: return client::Backend::avahi;
        case KITH_BACKEND_RESOLVED: return client::Backend::resolved;
        case KITH_BACKEND_NONE: return client::Backend::none;
        default: return client::Backend::automatic;
    }
}

kith_operation keep(kith_discovery* discovery, client::Operation operation) {
    if (!operation) {
        discovery->error = operation.error();
        return 0;
    }
    const kith_operation id = operation.id();
    discovery->operations.emplace(id, std::move(operation));
    return id;
}

std::function<void(const client::RegisterEvent&)> register_callback(
    void (*on_event)(const kith_register_event*, void*), void* context) {
    return [on_event, context](const client::RegisterEvent& event) {
        const kith_register_event out{head_of(event), event.name.instance.c_str(),
                                      event.name.type.c_str(), event.name.domain.c_str(),
                                      event.renamed ? 1 : 0};
        if (on_event != nullptr) on_event(&out, context);
    };
}

}  // namespace

extern "C" {

kith_discovery* kith_open(const kith_options* options) {
    client::Options wanted;
    if (options != nullptr) {
        if (has(options->size, offsetof(kith_options, family)))
            wanted.interfaces = texts(options->interfaces);
        if (has(options->size, offsetof(kith_options, server)))
            wanted.family = family_of(options->family);
        if (has(options->size, offsetof(kith_options, host_name)) && options->server != nullptr)
            wanted.servers = {options->server};
        if (has(options->size, offsetof(kith_options, backend)))
            wanted.host_name = text_or(options->host_name, "");
        if (has(options->size, sizeof(kith_options))) wanted.backend = backend_of(options->backend);
    }
    auto opened = client::Discovery::open(wanted, &open_error);
    if (opened == nullptr) return nullptr;
    return new kith_discovery{std::move(opened), {}, {}, {}};
}

void kith_close(kith_discovery* discovery) {
    if (discovery == nullptr) return;
    discovery->operations.clear();
    delete discovery;
}

const char* kith_error(const kith_discovery* discovery) {
    return discovery == nullptr ? open_error.c_str() : discovery->error.c_str();
}

int kith_fd(const kith_discovery* discovery) { return discovery->discovery->fd(); }
int kith_timeout_ms(const kith_discovery* discovery) { return discovery->discovery->timeout_ms(); }
void kith_process(kith_discovery* discovery) { discovery->discovery->process(); }
void kith_shut_down(kith_discovery* discovery) { discovery->discovery->shut_down(); }
int kith_is_quiet(const kith_discovery* discovery) {
    return discovery->discovery->is_quiet() ? 1 : 0;
}

const char* kith_backend(kith_discovery* discovery) {
    discovery->text = discovery->discovery->backend();
    return discovery->text.c_str();
}

const char* kith_host_name(kith_discovery* discovery) {
    discovery->text = discovery->discovery->host_name();
    return discovery->text.c_str();
}

kith_operation kith_browse(kith_discovery* discovery, const char* type, const char* domain,
                           const kith_scope* scope,
                           void (*on_event)(const kith_browse_event*, void*), void* context) {
    return keep(discovery, discovery->discovery->browse(
                               text_or(type, ""),
                               [on_event, context](const client::BrowseEvent& event) {
                                   const kith_browse_event out{
                                       head_of(event), event.name.instance.c_str(),
                                       event.name.type.c_str(), event.name.domain.c_str()};
                                   if (on_event != nullptr) on_event(&out, context);
                               },
                               text_or(domain, "local"), scope_of(scope)));
}

kith_operation kith_browse_types(kith_discovery* discovery, const char* domain,
                                 const kith_scope* scope,
                                 void (*on_event)(const kith_type_event*, void*), void* context) {
    return keep(
        discovery,
        discovery->discovery->browse_types(
            [on_event, context](const client::TypeEvent& event) {
                const kith_type_event out{head_of(event), event.type.c_str(), event.domain.c_str()};
                if (on_event != nullptr) on_event(&out, context);
            },
            text_or(domain, "local"), scope_of(scope)));
}

kith_operation kith_browse_domains(kith_discovery* discovery, const char* kind, const char* domain,
                                   const kith_scope* scope,
                                   void (*on_event)(const kith_domain_event*, void*),
                                   void* context) {
    return keep(discovery,
                discovery->discovery->browse_domains(
                    text_or(kind, "b"),
                    [on_event, context](const client::DomainEvent& event) {
                        const kith_domain_event out{head_of(event), event.domain.c_str()};
                        if (on_event != nullptr) on_event(&out, context);
                    },
                    text_or(domain, "local"), scope_of(scope)));
}

kith_operation kith_resolve(kith_discovery* discovery, const char* instance, const char* type,
                            const char* domain, const kith_scope* scope,
                            void (*on_event)(const kith_resolve_event*, void*), void* context) {
    const client::ServiceName name{text_or(instance, ""), text_or(type, ""),
                                   text_or(domain, "local")};
    return keep(discovery, discovery->discovery->resolve(
                               name,
                               [on_event, context](const client::ResolveEvent& event) {
                                   std::vector<std::string> addresses;
                                   for (const client::Address& address : event.addresses)
                                       addresses.push_back(address.to_text());
                                   std::vector<const char*> address_texts;
                                   for (const std::string& address : addresses)
                                       address_texts.push_back(address.c_str());
                                   std::vector<kith_txt> txt;
                                   for (const client::TxtPair& pair : event.txt) {
                                       txt.push_back({pair.key.c_str(),
                                                      pair.value ? pair.value->c_str() : nullptr,
                                                      pair.value ? pair.value->size() : 0});
                                   }
                                   kith_resolve_event out{};
                                   out.head = head_of(event);
                                   out.instance = event.name.instance.c_str();
                                   out.type = event.name.type.c_str();
                                   out.domain = event.name.domain.c_str();
                                   out.host = event.target.host.c_str();
                                   out.port = event.target.port;
                                   out.priority = event.target.priority;
                                   out.weight = event.target.weight;
                                   out.address_count = address_texts.size();
                                   out.addresses = address_texts.data();
                                   out.txt_count = txt.size();
                                   out.txt = txt.data();
                                   if (on_event != nullptr) on_event(&out, context);
                               },
                               scope_of(scope)));
}

kith_operation kith_query(kith_discovery* discovery, const char* name, const char* type,
                          const kith_scope* scope,
                          void (*on_event)(const kith_record_event*, void*), void* context) {
    return keep(discovery, discovery->discovery->query(
                               text_or(name, ""), text_or(type, "A"),
                               [on_event, context](const client::RecordEvent& event) {
                                   const kith_record_event out{
                                       head_of(event),     event.is_absent ? 1 : 0,
                                       event.name.c_str(), event.type.c_str(),
                                       event.text.c_str(), event.ttl,
                                       event.rdata.data(), event.rdata.size()};
                                   if (on_event != nullptr) on_event(&out, context);
                               },
                               scope_of(scope)));
}

kith_operation kith_register(kith_discovery* discovery, const kith_service* service,
                             const kith_scope* scope,
                             void (*on_event)(const kith_register_event*, void*), void* context) {
    if (service == nullptr || !has(service->size, offsetof(kith_service, name_only))) {
        discovery->error = "expected a kith_service whose size member is sizeof(kith_service)";
        return 0;
    }
    client::Service wanted;
    wanted.instance = text_or(service->instance, "");
    wanted.type = text_or(service->type, "");
    wanted.domain = text_or(service->domain, "");
    wanted.host = text_or(service->host, "");
    wanted.port = service->port;
    wanted.priority = service->priority;
    wanted.weight = service->weight;
    wanted.subtypes = texts(service->subtypes);
    wanted.may_rename = service->no_rename == 0;
    if (has(service->size, sizeof(kith_service))) wanted.name_only = service->name_only != 0;
    const auto txt = client::parse_txt(texts(service->txt));
    if (!txt) {
        discovery->error = "expected TXT as key=value or key, at most 255 bytes";
        return 0;
    }
    wanted.txt = *txt;
    return keep(discovery, discovery->discovery->register_service(
                               wanted, register_callback(on_event, context), scope_of(scope)));
}

kith_operation kith_register_address(kith_discovery* discovery, const char* name,
                                     const char* address,
                                     void (*on_event)(const kith_register_event*, void*),
                                     void* context) {
    return keep(discovery,
                discovery->discovery->register_address(text_or(name, ""), text_or(address, ""),
                                                       register_callback(on_event, context)));
}

int kith_monitor(kith_discovery* discovery, void (*on_event)(const kith_monitor_event*, void*),
                 void* context) {
    std::function<void(const client::MonitorEvent&)> callback;
    if (on_event != nullptr) {
        callback = [on_event, context](const client::MonitorEvent& event) {
            const kith_monitor_event out{
                event.kind.c_str(), event.interface.index, event.interface.name.c_str(),
                event.peer.c_str(), event.name.c_str(),    event.type.c_str(),
                event.why.c_str(),  event.message.data(),  event.message.size()};
            on_event(&out, context);
        };
    }
    discovery->error = discovery->discovery->monitor(std::move(callback));
    return discovery->error.empty() ? 0 : -1;
}

int kith_update_txt(kith_discovery* discovery, kith_operation registration,
                    const char* const* txt) {
    const auto found = discovery->operations.find(registration);
    const auto pairs = client::parse_txt(texts(txt));
    discovery->error = found == discovery->operations.end() ? "no such registration"
                       : !pairs ? "expected TXT as key=value or key, at most 255 bytes"
                                : "";
    if (discovery->error.empty())
        discovery->error = discovery->discovery->update_txt(found->second, *pairs);
    return discovery->error.empty() ? 0 : -1;
}

void kith_reconfirm(kith_discovery* discovery, kith_operation operation) {
    const auto found = discovery->operations.find(operation);
    if (found != discovery->operations.end()) discovery->discovery->reconfirm(found->second);
}

void kith_cancel(kith_discovery* discovery, kith_operation operation) {
    discovery->operations.erase(operation);
}

}  // extern "C"
