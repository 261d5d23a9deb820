#include "discovery/dbus/avahi_backend.hpp"

#include <algorithm>

#include "discovery/dbus/avahi_names.hpp"
#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/names.hpp"

namespace kith::discovery::dbus {

AvahiBackend::AvahiBackend(std::vector<dns::Name> extra_domains)
    : BusBackend(std::move(extra_domains)) {}

std::vector<std::string> AvahiBackend::match_rules() const {
    // What objects say comes to their maker alone, but the rule costs nothing where it does not.
    return {"type='signal',sender='org.freedesktop.Avahi'"};
}

void AvahiBackend::ask(Kind kind, std::uint64_t id, std::uint64_t attempt, std::string path,
                       std::string interface, std::string member, std::string signature,
                       Values arguments) {
    const std::uint64_t number = call(std::move(path), std::move(interface), std::move(member),
                                      std::move(signature), std::move(arguments));
    pending_[number] = {kind, id, attempt};
}

void AvahiBackend::ask_server(Kind kind, std::string member) {
    ask(kind, 0, 0, "/", avahi::server, std::move(member));
}

void AvahiBackend::free_object(const std::string& path, std::string interface, Kind kind) {
    ask(kind, 0, 0, path, std::move(interface), "Free");
}

void AvahiBackend::on_owner(Time now, std::string_view unique_name) {
    if (unique_name == owner_) return;
    if (!owner_.empty()) {
        forget_calls();
        pending_.clear();
        early_.clear();
        refused_.clear();
        host_name_at_.reset();
        browser_paths_.clear();
        group_paths_.clear();
        api_ = 0;
        lose_browsers();
        lose_groups();
        patience_ends_ = now + restart_patience;
    }
    owner_ = unique_name;
    if (owner_.empty()) return;
    is_gone_ = false;
    if (patience_ends_) patience_ends_ = now + restart_patience;
    ask_server(Kind::api_version, "GetAPIVersion");
    ask_server(Kind::version, "GetVersionString");
    ask_server(Kind::host_name, "GetHostNameFqdn");
}

void AvahiBackend::on_reply(Time now, std::uint64_t number, const Reply& reply) {
    const auto found = pending_.find(number);
    if (found == pending_.end()) return;  // of a daemon that is gone
    const Pending pending = found->second;
    pending_.erase(found);
    switch (pending.kind) {
        case Kind::api_version: on_api_version(reply); return;
        case Kind::version:
            if (const auto* text = value_at<std::string>(reply.values, 0))
                version_ = text->substr(0, 64);
            return;
        case Kind::host_name: on_host_name(now, reply); return;
        case Kind::browser_new: on_browser_new(now, pending.id, reply); break;
        case Kind::browser_start: on_browser_start(now, pending.id, reply); return;
        case Kind::group_new: on_group_new(now, pending.id, reply); break;
        case Kind::group_add:
        case Kind::group_update:
        case Kind::group_commit: on_group_reply(now, pending, reply); return;
        case Kind::browser_free:
        case Kind::group_free: return;
    }
    // A path that is given out later may be one that signals of another object had.
    if (!is_path_awaited()) early_.clear();
}

void AvahiBackend::on_api_version(const Reply& reply) {
    const auto* version = value_at<std::uint32_t>(reply.values, 0);
    api_ =
        version != nullptr && *version != 0 ? *version : 1;  // very old ones: the first interface
    for (auto& [id, browser] : browsers_) open(id, browser);
    if (host_name_.is_root()) return;  // groups may name it: when it is known
    for (auto& [id, group] : groups_) {
        if (group.path.empty()) open(id, group);
    }
}

void AvahiBackend::on_host_name(Time now, const Reply& reply) {
    const auto* text = value_at<std::string>(reply.values, 0);
    const auto name = text == nullptr ? std::nullopt : name_from_bus(*text);
    if (!name || name->is_root()) return without_host_name(now, reply);
    if (host_name_ == *name) return;
    const dns::Name before = host_name_;
    host_name_ = *name;
    if (!before.is_root()) follow_host(before, host_name_);
    for (auto& [id, group] : groups_) {
        if (group.path.empty() && api_ != 0) open(id, group);
    }
    tell(dnssd::HostNameEvent{host_name_});
}

void AvahiBackend::without_host_name(Time now, const Reply& reply) {
    host_name_at_ = now + refused_wait;
    // The one it had stays.
    if (host_name_.is_root()) tell(no_host_name("Avahi", reply));
}

void AvahiBackend::on_signal(Time now, const Signal& signal) {
    if (owner_.empty() || signal.sender != owner_) return;  // anybody can send us signals
    if (signal.interface == avahi::server || signal.interface == avahi::server2) {
        const auto* state = value_at<std::int32_t>(signal.values, 0);
        // Once for each interface; the second question is answered as the first.
        if (signal.member == "StateChanged" && state != nullptr &&
            *state == avahi::server_running && signal.interface == avahi::server)
            ask_server(Kind::host_name, "GetHostNameFqdn");
        return;
    }
    if (signal.interface == avahi::record_browser || signal.interface == avahi::entry_group)
        on_object_signal(now, signal);
}

void AvahiBackend::on_object_signal(Time now, const Signal& signal) {
    if (const auto found = browser_paths_.find(signal.path); found != browser_paths_.end()) {
        on_browser_signal(browsers_.at(found->second), signal);
    } else if (const auto group = group_paths_.find(signal.path); group != group_paths_.end()) {
        on_group_signal(now, group->second, signal);
    } else {
        keep_early(signal);
    }
}

bool AvahiBackend::is_path_awaited() const {
    return std::ranges::any_of(pending_, [](const auto& row) {
        return row.second.kind == Kind::browser_new || row.second.kind == Kind::group_new;
    });
}

void AvahiBackend::keep_early(const Signal& signal) {
    if (!is_path_awaited()) return;  // of an object that is no longer ours
    if (early_.size() >= early_signals_max) early_.pop_front();
    early_.push_back(signal);
}

void AvahiBackend::replay_early(Time now, const std::string& path) {
    std::deque<Signal> ours;
    for (Signal& signal : early_) {
        if (signal.path == path) ours.push_back(signal);
    }
    std::erase_if(early_, [&path](const Signal& signal) { return signal.path == path; });
    for (const Signal& signal : ours) on_object_signal(now, signal);
}

std::optional<Time> AvahiBackend::next_deadline() const {
    std::optional<Time> out = patience_ends_;
    const auto take = [&out](Time at) {
        if (!out || at < *out) out = at;
    };
    if (host_name_at_) take(*host_name_at_);
    for (const auto& [id, at] : refused_) take(at);
    for (const auto& [id, group] : groups_) {
        if (group.retry_at) take(*group.retry_at);
    }
    return out;
}

void AvahiBackend::on_timer(Time now) {
    if (patience_ends_ && *patience_ends_ <= now) {
        patience_ends_.reset();
        is_gone_ = owner_.empty();
        for (auto& [id, browser] : browsers_) drop_stale(browser);
    }
    if (host_name_at_ && *host_name_at_ <= now) {
        host_name_at_.reset();
        ask_server(Kind::host_name, "GetHostNameFqdn");
    }
    std::vector<std::uint64_t> due;
    for (const auto& [id, at] : refused_) {
        if (at <= now) due.push_back(id);
    }
    for (const BrowserId id : due) {
        refused_.erase(id);
        open(id, browsers_.at(id));
    }
    due.clear();
    for (const auto& [id, group] : groups_) {
        if (group.retry_at && *group.retry_at <= now) due.push_back(id);
    }
    for (const std::uint64_t id : due) {
        groups_.at(id).retry_at.reset();
        restart(id);
    }
}

void AvahiBackend::shut_down(Time now) {
    while (!groups_.empty()) withdraw(now, groups_.begin()->first);
}

bool AvahiBackend::is_quiet() const {
    return std::ranges::none_of(pending_, [this](const auto& row) {
        return row.second.kind == Kind::group_free ||
               (row.second.kind == Kind::group_new && !groups_.contains(row.second.id));
    });
}

}  // namespace kith::discovery::dbus
