#include "discovery/dbus/resolved_backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/names.hpp"
#include "discovery/dnssd/enumeration.hpp"
#include "dns/message.hpp"
#include "dns/rdata.hpp"
#include "dns/registry.hpp"

namespace kith::discovery::dbus {
namespace {

const std::string manager_path = "/org/freedesktop/resolve1";
const std::string manager = "org.freedesktop.resolve1.Manager";
const std::string properties = "org.freedesktop.DBus.Properties";
constexpr std::uint64_t flags_mdns = 1 << 3 | 1 << 4;  // by Multicast DNS over IPv4 and IPv6
constexpr std::uint64_t flag_no_zone = 1 << 13;        // nothing that resolved publishes itself
constexpr std::uint64_t flag_from_zone = std::uint64_t{1}
                                         << 21;  // of an answer: published by itself
constexpr std::uint16_t class_in = 1;

/// One record in wire form, from its owner to the end of its RDATA.
std::optional<dnssd::RecordEvent> read_record(Bytes wire) {
    dns::Reader reader(wire);
    const auto record = dns::read_record(reader, dns::Section::answer);
    if (!record || !reader.at_end() || record->klass != dns::RrClass::IN) return std::nullopt;
    std::vector<std::uint8_t> buffer(dns::rdata_bytes_max);
    dns::Writer writer(buffer);
    if (!dns::expand_rdata(wire, *record, writer)) return std::nullopt;
    dnssd::RecordEvent out;
    out.owner = record->owner;
    out.type = record->type;
    out.ttl = record->effective_ttl();
    out.rdata.assign(writer.written().begin(), writer.written().end());
    return out;
}

}  // namespace

ResolvedBackend::ResolvedBackend(Rng& rng, std::vector<dns::Name> extra_domains)
    : BusBackend(std::move(extra_domains)), rng_(rng) {}

std::vector<std::string> ResolvedBackend::match_rules() const {
    return {"type='signal',sender='org.freedesktop.resolve1'"};
}

void ResolvedBackend::ask(Kind kind, std::uint64_t id, std::uint64_t attempt, std::string path,
                          std::string interface, std::string member, std::string signature,
                          Values arguments) {
    const std::uint64_t number = call(std::move(path), std::move(interface), std::move(member),
                                      std::move(signature), std::move(arguments));
    pending_[number] = {kind, id, attempt};
}

void ResolvedBackend::ask_host_name() {
    ask(Kind::host_name, 0, 0, manager_path, properties, "Get", "ss",
        {{manager}, {std::string("LLMNRHostname")}});  // of mDNS too, without `.local`
}

void ResolvedBackend::on_owner(Time now, std::string_view unique_name) {
    if (unique_name == owner_) return;
    forget_calls();
    pending_.clear();
    for (auto& [id, published] : published_) {
        published.path.clear();
        published.settles_at.reset();
        ++published.attempt;
    }
    owner_ = unique_name;
    // What it told stays: the answers after its restart tell what is different. The first of them may
    // come before it has found its links.
    patience_ends_ = now + restart_patience;
    for (auto& [token, query] : queries_) {
        query.is_asking = query.past_zone = false;
        query.wait = poll_first;
        query.at = owner_.empty() ? std::nullopt : std::optional(now);
    }
    if (owner_.empty()) {
        for (const auto& [token, query] : queries_)
            tell(dnssd::QueryFailure{token,
                                     "systemd-resolved is gone; waiting for it to come back"});
        return;
    }
    ask_host_name();
    for (auto& [id, published] : published_) add(id, published);
}

void ResolvedBackend::on_reply(Time now, std::uint64_t number, const Reply& reply) {
    const auto found = pending_.find(number);
    if (found == pending_.end()) return;
    const Pending pending = found->second;
    pending_.erase(found);
    switch (pending.kind) {
        case Kind::host_name: on_host_name(now, reply); return;
        case Kind::record: on_records(now, pending.id, reply); return;
        case Kind::add: on_added(now, pending, reply); return;
        case Kind::remove: return;
    }
}

void ResolvedBackend::on_host_name(Time, const Reply& reply) {
    const auto* label = value_at<std::string>(reply.values, 0);
    dns::NameBuilder builder;
    if (label == nullptr || !builder.append(as_bytes(*label)) ||
        !builder.append(dnssd::local_domain()))
        return count_ignored();
    const dns::Name name = builder.finish();
    if (name == host_name_) return;
    host_name_ = name;
    tell(dnssd::HostNameEvent{host_name_});
}

void ResolvedBackend::on_signal(Time now, const Signal& signal) {
    if (owner_.empty() || signal.sender != owner_) return;
    if (signal.interface == properties && signal.member == "PropertiesChanged" &&
        signal.path == manager_path)
        return ask_host_name();
    if (signal.interface != "org.freedesktop.resolve1.DnssdService" ||
        signal.member != "Conflicted")
        return;
    const auto found = std::ranges::find_if(published_, [&signal](const auto& row) {
        return !row.second.path.empty() && row.second.path == signal.path;
    });
    if (found != published_.end()) on_conflict(now, found->first);
}

// ---------------------------------------------------------------- questions

std::optional<dnssd::QueryToken> ResolvedBackend::start_query(Time,
                                                              const dnssd::RecordQuestion& question,
                                                              dnssd::Scope scope) {
    if (queries_.size() >= queries_max) return std::nullopt;
    const dnssd::QueryToken token = ++last_id_;
    Query& query = queries_[token];
    query.question = question;
    query.scope = scope;
    query.wait = poll_first;
    if (!owner_.empty()) ask_records(token, query);
    return token;
}

void ResolvedBackend::stop_query(Time, dnssd::QueryToken token) { queries_.erase(token); }

void ResolvedBackend::reconfirm(Time now, const dnssd::RecordEvent& record) {
    for (auto& [token, query] : queries_) {
        if (query.is_asking || query.question.name != record.owner ||
            query.question.type != record.type || owner_.empty())
            continue;
        query.at = now;
        query.wait = poll_first;
    }
}

void ResolvedBackend::ask_records(dnssd::QueryToken token, Query& query) {
    query.at.reset();
    const auto name = name_to_bus(query.question.name);
    if (!name || query.question.type == dns::RrType::ANY) {
        const std::string why =
            name ? "systemd-resolved takes no questions for all types at once; ask for each"
                 : fmt::format("systemd-resolved takes no name with a zero byte, as '{}'",
                               query.question.name.to_text());
        return tell(dnssd::QueryFailure{token, why});
    }
    query.is_asking = true;
    ask(Kind::record, token, 0, manager_path, manager, "ResolveRecord", "isqqt",
        {{static_cast<std::int32_t>(query.scope.ifindex)},
         {*name},
         {class_in},
         {static_cast<std::uint16_t>(query.question.type)},
         {query.past_zone ? flags_mdns | flag_no_zone : flags_mdns}});
}

ResolvedBackend::Records ResolvedBackend::read_records(const Query& query, const Reply& reply) {
    Records out;
    const auto* list = value_at<Values>(reply.values, 0);
    if (list == nullptr) {
        count_ignored();
        return out;
    }
    for (const Value& value : *list) {
        const auto* row = std::get_if<Values>(&value.is);
        const auto* ifindex = row == nullptr ? nullptr : value_at<std::int32_t>(*row, 0);
        const auto* wire = row == nullptr ? nullptr : value_at<ByteArray>(*row, 3);
        auto record = wire == nullptr ? std::nullopt : read_record(*wire);
        if (ifindex == nullptr || !record || record->type != query.question.type ||
            out.size() >= records_per_query_max) {
            count_ignored();
            continue;
        }
        record->ifindex = *ifindex > 0 ? static_cast<std::uint32_t>(*ifindex) : 0;
        RecordKey key{record->ifindex, record->owner.lowered(), record->rdata};
        out.emplace(std::move(key), std::move(*record));
    }
    return out;
}

void ResolvedBackend::on_records(Time now, dnssd::QueryToken token, const Reply& reply) {
    const auto found = queries_.find(token);
    if (found == queries_.end()) return;
    Query& query = found->second;
    query.is_asking = false;
    Records records;
    if (reply.error.empty()) records = read_records(query, reply);
    const auto* flags = value_at<std::uint64_t>(reply.values, 1);
    const bool is_own = flags != nullptr && (*flags & flag_from_zone) != 0;
    if (is_own && !query.past_zone && query.question.type == dns::RrType::PTR) {
        query.own = std::move(records);
        query.past_zone = true;
        return ask_records(token, query);
    }
    if (std::exchange(query.past_zone, false)) records.merge(std::exchange(query.own, {}));
    take(now, token, query, std::move(records), reply);
}

void ResolvedBackend::take(Time now, dnssd::QueryToken token, Query& query, Records records,
                           const Reply& reply) {
    const auto event = [&](dnssd::RecordEvent record, dnssd::RecordChange change) {
        record.query = token;
        record.change = change;
        tell(std::move(record));
    };
    if (patience_ends_ && now < *patience_ends_)
        records.insert(query.known.begin(), query.known.end());
    for (const auto& [key, record] : query.known) {
        if (!records.contains(key)) event(record, dnssd::RecordChange::removed);
    }
    for (const auto& [key, record] : records) {
        if (!query.known.contains(key)) event(record, dnssd::RecordChange::added);
    }
    // "Has no record of this type" is an answer; that nobody answers is none.
    const bool is_absent = reply.error == "org.freedesktop.resolve1.NoSuchRR";
    if (is_absent && !query.said_absent) {
        dnssd::RecordEvent absent;
        absent.owner = query.question.name;
        absent.type = query.question.type;
        event(std::move(absent), dnssd::RecordChange::absent);
    }
    query.said_absent = is_absent;
    const bool is_silent = records.empty() && !is_absent;
    query.known = std::move(records);
    query.at = now + query.wait;
    query.wait = std::min(query.wait * 2, is_silent ? poll_silent_max : poll_max);
}

// ---------------------------------------------------------------- time

std::optional<Time> ResolvedBackend::next_deadline() const {
    std::optional<Time> out;
    const auto take = [&out](const std::optional<Time>& at) {
        if (at && (!out || *at < *out)) out = at;
    };
    for (const auto& [token, query] : queries_) take(query.at);
    for (const auto& [id, published] : published_) {
        take(published.retry_at);
        take(published.settles_at);
    }
    return out;
}

void ResolvedBackend::on_timer(Time now) {
    for (auto& [token, query] : queries_) {
        if (query.at && *query.at <= now) ask_records(token, query);
    }
    for (auto& [id, published] : published_) {
        if (published.retry_at && *published.retry_at <= now) {
            published.retry_at.reset();
            add(id, published);
        }
        if (published.settles_at && *published.settles_at <= now) {
            published.settles_at.reset();
            published.conflicts = 0;
            published.said_troubled = false;
            tell(dnssd::PublicationEvent{
                id, dnssd::PublicationState::established, published.name, {}});
        }
    }
}

void ResolvedBackend::shut_down(Time now) {
    while (!published_.empty()) withdraw(now, published_.begin()->first);
}

bool ResolvedBackend::is_quiet() const {
    return std::ranges::none_of(pending_, [this](const auto& row) {
        return row.second.kind == Kind::remove ||
               (row.second.kind == Kind::add && !published_.contains(row.second.id));
    });
}

}  // namespace kith::discovery::dbus
