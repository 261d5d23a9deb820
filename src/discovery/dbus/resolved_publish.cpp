// What the systemd-resolved back-end publishes.

#include <fmt/format.h>

#include <algorithm>

#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/names.hpp"
#include "discovery/dbus/resolved_backend.hpp"
#include "discovery/dbus/resolved_names.hpp"
#include "discovery/dnssd/srv.hpp"
#include "discovery/dnssd/txt.hpp"

namespace kith::discovery::dbus {
namespace {

using dnssd::ServiceRecord;

std::unexpected<dns::TextError> cannot(std::string_view what) {
    return std::unexpected(
        dns::TextError{fmt::format("systemd-resolved does not publish {}", what)});
}

/// Its names are templates, `%H` is the host's name, of what is then read as one escaped label.
std::string escape_template(std::string_view label) {
    std::string out;
    for (const char c : label) {
        if (c == '%') out += '%';
        if (c == '.' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

/// One dictionary a TXT record; an empty value stands for none.
Value txt_values(const std::vector<std::vector<std::uint8_t>>& records) {
    Values out;
    for (const std::vector<std::uint8_t>& rdata : records) {
        Values pairs;
        const dnssd::Txt txt = dnssd::Txt::from_rdata(Bytes(rdata));
        for (const dnssd::TxtEntry& entry : txt.entries()) {
            const std::string value = entry.value.value_or("");
            pairs.push_back({Values{{entry.key}, {ByteArray(value.begin(), value.end())}}});
        }
        if (!pairs.empty()) out.push_back({std::move(pairs)});
    }
    return {std::move(out)};
}

}  // namespace

dns::Text<dnssd::PublicationToken> ResolvedBackend::publish(Time,
                                                            std::span<const ServiceRecord> records,
                                                            dnssd::Scope scope,
                                                            dnssd::RenamePolicy policy) {
    if (published_.size() >= publications_max)
        return cannot(fmt::format("more than {} services", publications_max));
    if (scope.ifindex != 0 || scope.family != IpFamily::none)
        return cannot("a service on one interface or family only");
    Published wanted;
    wanted.policy = policy;
    bool has_srv = false;
    std::size_t pointers = 0;
    for (const ServiceRecord& record : records) {
        if (record.type == dns::RrType::SRV) {
            const auto srv = dnssd::Srv::from_rdata(record.rdata);
            if (!srv || srv->target != host_name_) return cannot("services of other hosts");
            wanted.name = record.owner;
            wanted.port = srv->port;
            wanted.priority = srv->priority;
            wanted.weight = srv->weight;
            has_srv = true;
        } else if (record.type == dns::RrType::TXT) {
            wanted.txt.push_back(record.rdata);
        } else if (record.type == dns::RrType::PTR) {
            ++pointers;
        } else {
            return cannot("records that are no service");
        }
    }
    const auto name = has_srv ? dnssd::InstanceName::from_name(wanted.name) : std::nullopt;
    if (!name) return cannot("records that are no service");
    if (pointers > 2) return cannot("subtypes");
    if (pointers < 2) return cannot("a name without its service");
    wanted.type = name->type.to_text();
    const std::uint64_t id = ++last_id_;
    Published& published = published_[id] = std::move(wanted);
    if (!owner_.empty()) add(id, published);
    return id;
}

void ResolvedBackend::add(std::uint64_t id, Published& published) {
    ++published.attempt;
    const auto name = dnssd::InstanceName::from_name(published.name);
    ask(Kind::add, id, published.attempt, resolved::manager_path, resolved::manager,
        "RegisterService", "sssqqqaa{say}",
        {{fmt::format("kith-{:016x}", rng_.next())},
         {escape_template(name->instance)},
         {published.type},
         {published.port},
         {published.priority},
         {published.weight},
         txt_values(published.txt)});
}

void ResolvedBackend::remove(Published& published) {
    ++published.attempt;
    published.settles_at.reset();
    if (published.path.empty()) return;
    ask(Kind::remove, 0, 0, resolved::manager_path, resolved::manager, "UnregisterService", "o",
        {{published.path}});
    published.path.clear();
}

void ResolvedBackend::on_added(Time now, const Pending& pending, const Reply& reply) {
    const auto* path = value_at<std::string>(reply.values, 0);
    const auto found = published_.find(pending.id);
    if (found == published_.end() || found->second.attempt != pending.attempt) {
        if (reply.error.empty() && path != nullptr)  // withdrawn or changed meanwhile
            ask(Kind::remove, 0, 0, resolved::manager_path, resolved::manager, "UnregisterService",
                "o", {{*path}});
        return;
    }
    Published& published = found->second;
    if (!reply.error.empty() || path == nullptr) {
        tell(dnssd::PublicationEvent{pending.id, dnssd::PublicationState::failed, published.name,
                                     fmt::format("systemd-resolved does not publish '{}': {}{}",
                                                 published.name.to_text(), fault_of(reply),
                                                 reply.error == resolved::auth_required
                                                     ? " (it takes root, or a polkit rule)"
                                                     : "")});
        published_.erase(found);
        return;
    }
    published.path = *path;
    published.settles_at = now + resolved_settle_time;
}

void ResolvedBackend::on_conflict(Time now, std::uint64_t id) {
    Published& published = published_.at(id);
    remove(published);
    const auto next = next_name(published.name);
    if (published.policy == dnssd::RenamePolicy::fail || !next) {
        tell(dnssd::PublicationEvent{id, dnssd::PublicationState::conflict, published.name, {}});
        published_.erase(id);
        return;
    }
    published.name = *next;
    tell(dnssd::PublicationEvent{id, dnssd::PublicationState::renamed, published.name, {}});
    if (++published.conflicts < conflicts_max) return add(id, published);
    if (!std::exchange(published.said_troubled, true))
        tell(dnssd::PublicationEvent{id, dnssd::PublicationState::troubled, published.name, {}});
    published.retry_at = now + conflict_wait;
}

void ResolvedBackend::update_txt(Time, dnssd::PublicationToken token, dns::NameView,
                                 std::span<const std::vector<std::uint8_t>> txt) {
    const auto found = published_.find(token);
    if (found == published_.end()) return;
    Published& published = found->second;
    published.txt.assign(txt.begin(), txt.end());
    if (owner_.empty() || published.retry_at) return;  // registered with it later
    remove(published);
    add(token, published);
}

void ResolvedBackend::withdraw(Time, dnssd::PublicationToken token) {
    const auto found = published_.find(token);
    if (found == published_.end()) return;
    remove(found->second);
    published_.erase(found);
}

}  // namespace kith::discovery::dbus
