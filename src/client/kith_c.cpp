// The C functions of kith.h over the C++ library. No exception leaves: out of memory ends the program, as
// everywhere here.

#include <map>
#include <utility>

#include "client/c_structures.hpp"
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

kith_event head_of(const client::EventHead& event) {
    kith_event out{};
    out.change = static_cast<int>(event.change);
    out.more_coming = event.more_coming ? 1 : 0;
    out.interface_index = event.interface.index;
    out.interface_name = event.interface.name.c_str();
    out.error = event.error.empty() ? nullptr : event.error.c_str();
    return out;
}

client::Scope scope_of(const kith_scope* scope) {
    if (scope == nullptr) return {};
    return {scope->interface_index, client::read_family(scope->family)};
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
    auto opened = client::Discovery::open(client::read_options(options), &open_error);
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
                               client::text_or(type, ""),
                               [on_event, context](const client::BrowseEvent& event) {
                                   const kith_browse_event out{
                                       head_of(event), event.name.instance.c_str(),
                                       event.name.type.c_str(), event.name.domain.c_str()};
                                   if (on_event != nullptr) on_event(&out, context);
                               },
                               client::text_or(domain, "local"), scope_of(scope)));
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
            client::text_or(domain, "local"), scope_of(scope)));
}

kith_operation kith_browse_domains(kith_discovery* discovery, const char* kind, const char* domain,
                                   const kith_scope* scope,
                                   void (*on_event)(const kith_domain_event*, void*),
                                   void* context) {
    return keep(discovery,
                discovery->discovery->browse_domains(
                    client::text_or(kind, "b"),
                    [on_event, context](const client::DomainEvent& event) {
                        const kith_domain_event out{head_of(event), event.domain.c_str()};
                        if (on_event != nullptr) on_event(&out, context);
                    },
                    client::text_or(domain, "local"), scope_of(scope)));
}

kith_operation kith_resolve(kith_discovery* discovery, const char* instance, const char* type,
                            const char* domain, const kith_scope* scope,
                            void (*on_event)(const kith_resolve_event*, void*), void* context) {
    const client::ServiceName name{client::text_or(instance, ""), client::text_or(type, ""),
                                   client::text_or(domain, "local")};
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
                               client::text_or(name, ""), client::text_or(type, "A"),
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
    const auto wanted = client::read_service(service, discovery->error);
    if (!wanted) return 0;
    return keep(discovery, discovery->discovery->register_service(
                               *wanted, register_callback(on_event, context), scope_of(scope)));
}

kith_operation kith_register_address(kith_discovery* discovery, const char* name,
                                     const char* address,
                                     void (*on_event)(const kith_register_event*, void*),
                                     void* context) {
    return keep(discovery, discovery->discovery->register_address(
                               client::text_or(name, ""), client::text_or(address, ""),
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
    const auto pairs = client::parse_txt(client::read_texts(txt));
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
