#include "discovery/dbus/resolved_backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/names.hpp"
#include "discovery/dbus/resolved_names.hpp"
#include "discovery/dnssd/enumeration.hpp"
#include "dns/message.hpp"
#include "dns/rdata.hpp"
#include "dns/registry.hpp"

namespace kith::discovery::dbus {
namespace {

using resolved::Outcome;

constexpr const char* gone = "systemd-resolved is gone; waiting for it to come back";

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
    host_name_at_.reset();
    ask(Kind::host_name, 0, 0, resolved::manager_path, resolved::properties, "Get", "ss",
        {{resolved::manager}, {std::string("LLMNRHostname")}});  // of mDNS too, without `.local`
}

void ResolvedBackend::on_owner(Time now, std::string_view unique_name) {
    if (unique_name == owner_) return;
    forget_calls();
    pending_.clear();
    host_name_at_.reset();
    for (auto& [id, published] : published_) {
        published.path.clear();
        published.settles_at.reset();
        published.retry_at.reset();  // tried at once when it is back
        ++published.attempt;
    }
    // What it told stays: the answers after its restart tell what is different. The first of them may
    // come before it has found its links.
    if (!owner_.empty() || patience_ends_) patience_ends_ = now + restart_patience;
    owner_ = unique_name;
    for (auto& [token, query] : queries_) {
        query.is_asking = query.past_zone = false;
        query.wait = poll_first;
        query.at = owner_.empty() ? std::nullopt : std::optional(now);
    }
    if (owner_.empty()) return;
    is_gone_ = false;
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

void ResolvedBackend::on_host_name(Time now, const Reply& reply) {
    const auto* label = value_at<std::string>(reply.values, 0);
    dns::NameBuilder builder;
    if (label == nullptr || !builder.append(as_bytes(*label)) ||
        !builder.append(dnssd::local_domain()))
        return without_host_name(now, reply);
    const dns::Name name = builder.finish();
    if (name == host_name_) return;
    host_name_ = name;
    tell(dnssd::HostNameEvent{host_name_});
}

void ResolvedBackend::without_host_name(Time now, const Reply& reply) {
    host_name_at_ = now + refused_wait;
    // The one it had stays.
    if (host_name_.is_root()) tell(no_host_name("systemd-resolved", reply));
}

void ResolvedBackend::on_signal(Time now, const Signal& signal) {
    if (owner_.empty() || signal.sender != owner_) return;
    if (signal.interface == resolved::properties && signal.member == "PropertiesChanged" &&
        signal.path == resolved::manager_path)
        return ask_host_name();
    if (signal.interface != resolved::service_interface || signal.member != "Conflicted") return;
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
    if (is_gone_) tell(dnssd::QueryFailure{token, gone});
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
    ask(Kind::record, token, 0, resolved::manager_path, resolved::manager, "ResolveRecord", "isqqt",
        {{static_cast<std::int32_t>(query.scope.ifindex)},
         {*name},
         {resolved::class_in},
         {static_cast<std::uint16_t>(query.question.type)},
         {query.past_zone ? resolved::flags_mdns | resolved::flag_no_zone : resolved::flags_mdns}});
}

ResolvedBackend::Records ResolvedBackend::read_records(const Query& query, const Reply& reply) {
    Records out;
    const auto* list = value_at<Values>(reply.values, 0);
    if (list == nullptr) return out;
    for (const Value& value : *list) {
        const auto* row = std::get_if<Values>(&value.is);
        const auto* ifindex = row == nullptr ? nullptr : value_at<std::int32_t>(*row, 0);
        const auto* wire = row == nullptr ? nullptr : value_at<ByteArray>(*row, 3);
        auto record = wire == nullptr ? std::nullopt : read_record(*wire);
        if (ifindex == nullptr || !record || record->type != query.question.type ||
            out.size() >= records_per_query_max)
            continue;
        record->ifindex = *ifindex > 0 ? static_cast<std::uint32_t>(*ifindex) : 0;
        RecordKey key(*record);
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
    const bool is_own = flags != nullptr && (*flags & resolved::flag_from_zone) != 0;
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
    const Outcome outcome = resolved::outcome_of(reply.error);
    const bool is_patient = patience_ends_ && now < *patience_ends_;
    if (is_patient || outcome == Outcome::failure)
        records.insert(query.known.begin(), query.known.end());
    for (const auto& [key, record] : query.known) {
        if (!records.contains(key)) event(record, dnssd::RecordChange::removed);
    }
    for (const auto& [key, record] : records) {
        if (!query.known.contains(key)) event(record, dnssd::RecordChange::added);
    }
    const bool is_absent = outcome == Outcome::absent;
    if (is_absent && !query.said_absent) {
        dnssd::RecordEvent absent;
        absent.owner = query.question.name;
        absent.type = query.question.type;
        event(std::move(absent), dnssd::RecordChange::absent);
    }
    query.said_absent = is_absent;
    if (outcome != Outcome::failure && outcome != Outcome::no_link) {
        query.failure.clear();
    } else if (!is_patient && std::exchange(query.failure, reply.error) != reply.error) {
        tell(dnssd::QueryFailure{token, fmt::format("systemd-resolved: {}", reply.text)});
    }
    const bool is_silent = records.empty() && !is_absent;
    query.known = std::move(records);
    query.at = now + query.wait;
    query.wait = std::min(query.wait * 2, is_silent ? poll_silent_max : poll_max);
}

void ResolvedBackend::lose_all() {
    is_gone_ = true;
    for (auto& [token, query] : queries_) {
        for (auto& [key, record] : std::exchange(query.known, {})) {
            record.query = token;
            record.change = dnssd::RecordChange::removed;
            tell(std::move(record));
        }
        query.said_absent = false;
        tell(dnssd::QueryFailure{token, gone});
    }
}

// ---------------------------------------------------------------- time

std::optional<Time> ResolvedBackend::next_deadline() const {
    std::optional<Time> out = patience_ends_;
    const auto take = [&out](const std::optional<Time>& at) {
        if (at && (!out || *at < *out)) out = at;
    };
    take(host_name_at_);
    for (const auto& [token, query] : queries_) take(query.at);
    for (const auto& [id, published] : published_) {
        take(published.retry_at);
        take(published.settles_at);
    }
    return out;
}

void ResolvedBackend::on_timer(Time now) {
    if (patience_ends_ && *patience_ends_ <= now) {
        patience_ends_.reset();
        if (owner_.empty()) lose_all();
    }
    if (host_name_at_ && *host_name_at_ <= now) ask_host_name();
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
