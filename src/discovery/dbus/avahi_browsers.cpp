// Questions of the Avahi back-end: RecordBrowser objects.

#include <fmt/format.h>

#include <algorithm>

#include "discovery/dbus/avahi_backend.hpp"
#include "discovery/dbus/avahi_names.hpp"
#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/names.hpp"
#include "dns/rdata.hpp"
#include "dns/registry.hpp"

namespace kith::discovery::dbus {
namespace {

constexpr const char* gone = "avahi-daemon is gone; waiting for it to come back";

}  // namespace

std::optional<dnssd::QueryToken> AvahiBackend::start_query(Time,
                                                           const dnssd::RecordQuestion& question,
                                                           dnssd::Scope scope) {
    if (by_token_.size() >= queries_max) return std::nullopt;
    const dnssd::QueryToken token = ++last_id_;
    const QuestionKey key{question.name.lowered(), question.type, scope.ifindex};
    const auto found = by_question_.find(key);
    if (found != by_question_.end()) {
        Browser& browser = browsers_.at(found->second);
        by_token_[token] = found->second;
        browser.askers.insert(token);
        for (const auto& [item_key, item] : browser.items) {
            dnssd::RecordEvent record = item.record;
            record.query = token;
            record.change = dnssd::RecordChange::added;
            tell(std::move(record));
        }
        if (!browser.failure.empty()) tell(dnssd::QueryFailure{token, browser.failure});
        return token;
    }
    const BrowserId id = ++last_id_;
    Browser& browser = browsers_[id];
    browser.key = key;
    browser.name = question.name;
    browser.askers = {token};
    by_question_[key] = id;
    by_token_[token] = id;
    if (is_gone_) tell_failure(browser, gone);
    open(id, browser);
    return token;
}

void AvahiBackend::stop_query(Time now, dnssd::QueryToken token) {
    const auto found = by_token_.find(token);
    if (found == by_token_.end()) return;
    const BrowserId id = found->second;
    by_token_.erase(found);
    Browser& browser = browsers_.at(id);
    browser.askers.erase(token);
    if (!browser.askers.empty()) return;
    if (!browser.path.empty()) {
        browser_paths_.erase(browser.path);
        free_object(browser.path, avahi::record_browser, Kind::browser_free);
        ask_again_first_refused(now);  // there is room for one more
    }
    refused_.erase(id);
    by_question_.erase(browser.key);
    browsers_.erase(id);
}

void AvahiBackend::ask_again_first_refused(Time now) {
    if (!refused_.empty()) refused_.begin()->second = now;
}

void AvahiBackend::open(BrowserId id, Browser& browser) {
    if (api_ == 0) return;  // on_api_version() goes on
    const auto name = name_to_bus(browser.name);
    if (!name || browser.key.type == dns::RrType::ANY) {
        const std::string why = name
                                    ? "Avahi takes no questions for all types at once; ask for each"
                                    : fmt::format("Avahi takes no name with a zero byte, as '{}'",
                                                  browser.name.to_text());
        return tell_failure(browser, why);
    }
    browser.failure.clear();
    const bool prepares = api_ >= avahi::api_with_server2;
    const std::int32_t ifindex =
        browser.key.ifindex == 0 ? avahi::any : static_cast<std::int32_t>(browser.key.ifindex);
    ask(Kind::browser_new, id, 0, "/", prepares ? avahi::server2 : avahi::server,
        prepares ? "RecordBrowserPrepare" : "RecordBrowserNew", "iisqqu",
        {{ifindex},
         {avahi::any},
         {*name},
         {avahi::class_in},
         {static_cast<std::uint16_t>(browser.key.type)},
         {avahi::lookup_use_multicast}});
}

void AvahiBackend::on_browser_new(Time now, BrowserId id, const Reply& reply) {
    const auto* path = value_at<std::string>(reply.values, 0);
    const auto found = browsers_.find(id);
    if (found == browsers_.end()) {  // stopped meanwhile
        if (reply.error.empty() && path != nullptr)
            free_object(*path, avahi::record_browser, Kind::browser_free);
        return;
    }
    Browser& browser = found->second;
    if (!reply.error.empty()) return refuse(now, id, browser, reply.text);
    if (path == nullptr || path->empty() || browser_paths_.contains(*path) ||
        group_paths_.contains(*path))
        return refuse(now, id, browser, "Avahi's answer makes no sense");
    browser.path = *path;
    browser_paths_[browser.path] = id;
    if (api_ >= avahi::api_with_server2)
        ask(Kind::browser_start, id, 0, browser.path, avahi::record_browser, "Start");
    replay_early(now, std::string(browser.path));
}

void AvahiBackend::on_browser_start(Time now, BrowserId id, const Reply& reply) {
    const auto found = browsers_.find(id);
    if (found == browsers_.end() || reply.error.empty()) return;
    Browser& browser = found->second;
    browser_paths_.erase(browser.path);
    free_object(browser.path, avahi::record_browser, Kind::browser_free);
    browser.path.clear();
    refuse(now, id, browser, reply.text);
}

void AvahiBackend::refuse(Time now, BrowserId id, Browser& browser, const std::string& why) {
    refused_[id] = now + refused_wait;
    tell_failure(browser,
                 fmt::format("Avahi does not take the question for {} {}: {}",
                             browser.name.to_text(), dns::type_name(browser.key.type), why));
}

void AvahiBackend::on_browser_signal(Browser& browser, const Signal& signal) {
    if (signal.member == "ItemNew") {
        if (auto record = read_item(browser, signal.values)) add_item(browser, std::move(*record));
    } else if (signal.member == "ItemRemove") {
        if (const auto record = read_item(browser, signal.values)) remove_item(browser, *record);
    } else if (signal.member == "Failure") {
        const auto* why = value_at<std::string>(signal.values, 0);
        tell_failure(browser, fmt::format("Avahi: {}", why != nullptr ? *why : "no reason given"));
    }
}

std::optional<dnssd::RecordEvent> AvahiBackend::read_item(const Browser& browser,
                                                          const Values& values) const {
    const auto* ifindex = value_at<std::int32_t>(values, 0);
    const auto* protocol = value_at<std::int32_t>(values, 1);
    const auto* name = value_at<std::string>(values, 2);
    const auto* klass = value_at<std::uint16_t>(values, 3);
    const auto* type = value_at<std::uint16_t>(values, 4);
    const auto* rdata = value_at<ByteArray>(values, 5);
    if (ifindex == nullptr || protocol == nullptr || name == nullptr || klass == nullptr ||
        type == nullptr || rdata == nullptr)
        return std::nullopt;
    if (*klass != avahi::class_in || dns::RrType(*type) != browser.key.type ||
        rdata->size() > dns::rdata_bytes_max)
        return std::nullopt;
    const auto owner = name_from_bus(*name);
    if (!owner || !dns::check_rdata(browser.key.type, dns::RrClass::IN, *rdata))
        return std::nullopt;
    dnssd::RecordEvent out;
    out.ifindex = *ifindex > 0 ? static_cast<std::uint32_t>(*ifindex) : 0;
    out.family = *protocol == avahi::protocol_v4   ? IpFamily::v4
                 : *protocol == avahi::protocol_v6 ? IpFamily::v6
                                                   : IpFamily::none;
    out.owner = *owner;
    out.type = browser.key.type;
    out.rdata = *rdata;
    return out;
}

void AvahiBackend::tell_askers(const Browser& browser, dnssd::RecordEvent record) {
    for (const dnssd::QueryToken token : browser.askers) {
        record.query = token;
        tell(record);
    }
}

void AvahiBackend::tell_failure(Browser& browser, std::string text) {
    for (const dnssd::QueryToken token : browser.askers) tell(dnssd::QueryFailure{token, text});
    browser.failure = std::move(text);
}

void AvahiBackend::add_item(Browser& browser, dnssd::RecordEvent record) {
    RecordKey key(record);
    const auto found = browser.items.find(key);
    if (found != browser.items.end()) {  // over the other family, or again after a restart
        found->second.families.insert(record.family);
        return;
    }
    if (browser.items.size() >= records_per_query_max) return;
    record.change = dnssd::RecordChange::added;
    browser.items.emplace(std::move(key), Item{{record.family}, record});
    tell_askers(browser, std::move(record));
}

void AvahiBackend::remove_item(Browser& browser, const dnssd::RecordEvent& record) {
    const auto found = browser.items.find(RecordKey(record));
    if (found == browser.items.end()) return;
    found->second.families.erase(record.family);
    if (!found->second.families.empty()) return;
    dnssd::RecordEvent event = std::move(found->second.record);
    browser.items.erase(found);
    event.change = dnssd::RecordChange::removed;
    tell_askers(browser, std::move(event));
}

void AvahiBackend::lose_browsers() {
    for (auto& [id, browser] : browsers_) {
        browser.path.clear();
        for (auto& [key, item] : browser.items) item.families.clear();
    }
}

void AvahiBackend::drop_stale(Browser& browser) {
    std::vector<RecordKey> stale;
    for (const auto& [key, item] : browser.items) {
        if (item.families.empty()) stale.push_back(key);
    }
    for (const RecordKey& key : stale) {
        dnssd::RecordEvent event = std::move(browser.items.at(key).record);
        browser.items.erase(key);
        event.change = dnssd::RecordChange::removed;
        tell_askers(browser, std::move(event));
    }
    if (is_gone_) tell_failure(browser, gone);
}

}  // namespace kith::discovery::dbus
