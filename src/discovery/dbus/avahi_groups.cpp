// What the Avahi back-end publishes: EntryGroup objects.

#include <fmt/format.h>

#include <algorithm>

#include "discovery/dbus/avahi_backend.hpp"
#include "discovery/dbus/avahi_names.hpp"
#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/names.hpp"
#include "discovery/mdns/record.hpp"

namespace kith::discovery::dbus {
namespace {

using dnssd::ServiceRecord;

std::int32_t protocol_of(IpFamily family) {
    return family == IpFamily::v4   ? avahi::protocol_v4
           : family == IpFamily::v6 ? avahi::protocol_v6
                                    : avahi::any;
}

std::uint32_t flags_of(const std::vector<ServiceRecord>& records, const ServiceRecord& record) {
    if (record.sharing == dnssd::Sharing::shared) return avahi::publish_use_multicast;
    const auto same = std::ranges::count_if(records, [&record](const ServiceRecord& other) {
        return other.type == record.type && other.owner == record.owner;
    });
    // Allowed for all, two programs of this machine could have one name and neither would be told.
    const std::uint32_t several = same > 1 ? avahi::publish_allow_multiple : 0;
    return avahi::publish_use_multicast | avahi::publish_unique | several;
}

/// Arguments of AddRecord; nullopt when Avahi cannot take the name.
std::optional<Values> add_arguments(const std::vector<ServiceRecord>& records,
                                    const ServiceRecord& record, dnssd::Scope scope,
                                    std::uint32_t more_flags) {
    const auto owner = name_to_bus(record.owner);
    if (!owner) return std::nullopt;
    const std::int32_t ifindex =
        scope.ifindex == 0 ? avahi::any : static_cast<std::int32_t>(scope.ifindex);
    return Values{
        {ifindex},    {protocol_of(scope.family)}, {flags_of(records, record) | more_flags},
        {*owner},     {avahi::class_in},           {static_cast<std::uint16_t>(record.type)},
        {record.ttl}, {ByteArray(record.rdata)}};
}

constexpr const char* add_signature = "iiusqquay";

}  // namespace

dns::Text<dnssd::PublicationToken> AvahiBackend::publish(Time,
                                                         std::span<const ServiceRecord> records,
                                                         dnssd::Scope scope,
                                                         dnssd::RenamePolicy policy) {
    if (groups_.size() >= publications_max)
        return std::unexpected(dns::TextError{
            fmt::format("{} things are published, which is the most", publications_max)});
    const std::uint64_t id = ++last_id_;
    Group& group = groups_[id];
    group.records.assign(records.begin(), records.end());
    group.scope = scope;
    group.policy = policy;
    group.unique = unique_name(group.records);
    open(id, group);
    return id;
}

void AvahiBackend::open(std::uint64_t id, Group& group) {
    if (owner_.empty() || api_ == 0 || host_name_.is_root()) return;  // when these are known
    const bool asked = std::ranges::any_of(pending_, [id](const auto& row) {
        return row.second.kind == Kind::group_new && row.second.id == id;
    });
    if (group.path.empty() && !asked)
        ask(Kind::group_new, id, 0, "/",
            api_ >= avahi::api_with_server2 ? avahi::server2 : avahi::server, "EntryGroupNew");
}

void AvahiBackend::on_group_new(Time now, std::uint64_t id, const Reply& reply) {
    const auto* path = value_at<std::string>(reply.values, 0);
    const auto found = groups_.find(id);
    if (found == groups_.end()) {  // withdrawn meanwhile
        if (reply.error.empty() && path != nullptr)
            free_object(*path, avahi::entry_group, Kind::group_free);
        return;
    }
    if (!reply.error.empty()) return fail(id, reply.text);
    if (path == nullptr || path->empty() || browser_paths_.contains(*path) ||
        group_paths_.contains(*path))
        return fail(id, "Avahi's answer makes no sense");
    found->second.path = *path;
    group_paths_[*path] = id;
    add_records(id);
    replay_early(now, std::string(*path));
}

void AvahiBackend::add_records(std::uint64_t id) {
    Group& group = groups_.at(id);
    ++group.attempt;
    group.is_committed = false;
    group.adds_left = group.records.size();
    std::vector<Values> calls;
    for (const ServiceRecord& record : group.records) {
        auto arguments = add_arguments(group.records, record, group.scope, 0);
        if (!arguments)
            return fail(id, fmt::format("Avahi takes no name with a zero byte, as '{}'",
                                        record.owner.to_text()));
        calls.push_back(std::move(*arguments));
    }
    for (Values& arguments : calls)
        ask(Kind::group_add, id, group.attempt, group.path, avahi::entry_group, "AddRecord",
            add_signature, std::move(arguments));
}

void AvahiBackend::restart(std::uint64_t id) {
    Group& group = groups_.at(id);
    if (group.path.empty()) return open(id, group);
    ask(Kind::group_free, id, 0, group.path, avahi::entry_group, "Reset");
    add_records(id);
}

void AvahiBackend::on_group_reply(Time now, const Pending& pending, const Reply& reply) {
    const auto found = groups_.find(pending.id);
    if (found == groups_.end() || found->second.attempt != pending.attempt) return;
    Group& group = found->second;
    if (pending.kind == Kind::group_update) {
        if (!reply.error.empty()) restart(pending.id);
        return;
    }
    if (!reply.error.empty()) {
        if (reply.error == avahi::collision_error) return on_conflict(now, pending.id);
        return fail(pending.id, reply.text);
    }
    // Committed when all records are in: a part of a service is none.
    if (pending.kind == Kind::group_add && --group.adds_left == 0) {
        group.is_committed = true;
        ask(Kind::group_commit, pending.id, group.attempt, group.path, avahi::entry_group,
            "Commit");
    }
}

void AvahiBackend::on_group_signal(Time now, std::uint64_t id, const Signal& signal) {
    if (signal.member != "StateChanged") return;
    const auto* state = value_at<std::int32_t>(signal.values, 0);
    if (state == nullptr) return;
    Group& group = groups_.at(id);
    if (!group.is_committed) return;  // of the attempt before
    if (*state == avahi::group_established) {
        group.conflicts = 0;
        group.said_troubled = false;
        tell(dnssd::PublicationEvent{id, dnssd::PublicationState::established, group.unique, {}});
    } else if (*state == avahi::group_collision) {
        on_conflict(now, id);
    } else if (*state == avahi::group_failure) {
        const auto* why = value_at<std::string>(signal.values, 1);
        fail(id, why != nullptr ? *why : "no reason given");
    }
}

void AvahiBackend::on_conflict(Time now, std::uint64_t id) {
    Group& group = groups_.at(id);
    const auto next = next_name(group.unique);
    if (group.policy == dnssd::RenamePolicy::fail || !next) {
        tell(dnssd::PublicationEvent{id, dnssd::PublicationState::conflict, group.unique, {}});
        return withdraw(now, id);
    }
    rename_records(group.records, group.unique, *next);
    group.unique = *next;
    tell(dnssd::PublicationEvent{id, dnssd::PublicationState::renamed, group.unique, {}});
    if (++group.conflicts < conflicts_max) return restart(id);
    if (!std::exchange(group.said_troubled, true))
        tell(dnssd::PublicationEvent{id, dnssd::PublicationState::troubled, group.unique, {}});
    ++group.attempt;  // what is still answered is of no interest
    group.is_committed = false;
    group.retry_at = now + conflict_wait;
}

void AvahiBackend::fail(std::uint64_t id, std::string text) {
    Group& group = groups_.at(id);
    tell(dnssd::PublicationEvent{
        id, dnssd::PublicationState::failed, group.unique,
        fmt::format("Avahi does not publish '{}': {}", group.unique.to_text(), text)});
    withdraw({}, id);
}

void AvahiBackend::update_txt(Time, dnssd::PublicationToken token, dns::NameView owner,
                              std::span<const std::vector<std::uint8_t>> txt) {
    const auto found = groups_.find(token);
    if (found == groups_.end()) return;
    Group& group = found->second;
    const auto is_txt = [owner](const ServiceRecord& record) {
        return record.type == dns::RrType::TXT && record.owner.view() == owner;
    };
    const auto before = std::ranges::count_if(group.records, is_txt);
    std::erase_if(group.records, is_txt);
    for (const std::vector<std::uint8_t>& rdata : txt)
        group.records.push_back(
            {dns::Name(owner), dns::RrType::TXT, dnssd::other_ttl, rdata, dnssd::Sharing::unique});
    if (group.path.empty() || group.retry_at) return;  // published with the rest
    if (!group.is_committed || before != 1 || txt.size() != 1) return restart(token);
    auto arguments =
        add_arguments(group.records, group.records.back(), group.scope, avahi::publish_update);
    if (arguments)
        ask(Kind::group_update, token, group.attempt, group.path, avahi::entry_group, "AddRecord",
            add_signature, std::move(*arguments));
}

void AvahiBackend::withdraw(Time, dnssd::PublicationToken token) {
    const auto found = groups_.find(token);
    if (found == groups_.end()) return;
    if (!found->second.path.empty()) {
        group_paths_.erase(found->second.path);
        free_object(found->second.path, avahi::entry_group, Kind::group_free);
    }
    groups_.erase(found);
}

void AvahiBackend::follow_host(dns::NameView from, dns::NameView to) {
    std::vector<std::uint64_t> changed;
    for (auto& [id, group] : groups_) {
        for (ServiceRecord& record : group.records) {
            const auto target = mdns::target_of(record.type, record.rdata);
            if (!target || *target != from) continue;
            record.rdata = mdns::with_target(record.type, record.rdata, to);
            if (changed.empty() || changed.back() != id) changed.push_back(id);
        }
    }
    for (const std::uint64_t id : changed) {
        Group& group = groups_.at(id);
        if (!group.path.empty() && !group.retry_at) restart(id);
    }
}

void AvahiBackend::lose_groups() {
    for (auto& [id, group] : groups_) {
        group.path.clear();
        group.retry_at.reset();
        group.is_committed = false;
        ++group.attempt;
    }
}

}  // namespace kith::discovery::dbus
