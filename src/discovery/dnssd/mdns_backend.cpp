#include "discovery/dnssd/mdns_backend.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "discovery/dnssd/enumeration.hpp"

namespace kith::discovery::dnssd {
namespace {

std::unexpected<dns::TextError> refusal(dns::NameView name, mdns::RegisterFault fault) {
    return std::unexpected(dns::TextError{
        fmt::format("'{}' cannot be registered: {}", name.to_text(), mdns::describe(fault))});
}

mdns::RegisteredRecord registered(const ServiceRecord& record) {
    const auto ownership =
        record.sharing == Sharing::unique ? mdns::Ownership::unique : mdns::Ownership::shared;
    return {{record.owner, record.type, dns::RrClass::IN, record.ttl, record.rdata},
            ownership,
            mdns::any_interface};
}

/// ` (192.0.2.7:5353 has it)`, or nothing when it is not known who.
std::string rival_text(const Endpoint& rival) {
    return rival.address.family() == IpFamily::none ? std::string()
                                                    : fmt::format(" ({} has it)", rival.to_text());
}

}  // namespace

dns::Text<void> MdnsBackend::set_host_label(Time now, std::string_view label) {
    dns::NameBuilder builder;
    if (!builder.append(as_bytes(label)) || !builder.append(local_domain())) {
        return std::unexpected(
            dns::TextError{fmt::format("a host's name has 1 to 63 bytes, found '{}'", label)});
    }
    const dns::Name name = builder.finish();
    const auto id = engine_.set_host(now, name);
    if (!id) return refusal(name, id.error());
    host_ = *id;
    host_name_ = name;
    return {};
}

std::optional<QueryToken> MdnsBackend::start_query(Time now, const RecordQuestion& question,
                                                   Scope scope) {
    mdns::QueryRequest request;
    request.name = question.name;
    request.type = question.type;
    request.interface = scope.ifindex;
    const mdns::QueryId id = engine_.start_query(now, request);
    if (id == 0) return std::nullopt;
    return id;
}

void MdnsBackend::stop_query(Time, QueryToken query) { engine_.stop_query(query); }

void MdnsBackend::reconfirm(Time now, const RecordEvent& record) {
    engine_.reconfirm(now, record.ifindex,
                      {record.owner, record.type, dns::RrClass::IN, record.ttl, record.rdata});
}

dns::Text<PublicationToken> MdnsBackend::publish(Time now, std::span<const ServiceRecord> records,
                                                 Scope scope, RenamePolicy policy) {
    mdns::RegistrationRequest request;
    request.rename =
        policy == RenamePolicy::rename ? mdns::RenameStyle::instance : mdns::RenameStyle::refuse;
    request.interface = scope.ifindex;
    Publication publication;
    for (const ServiceRecord& record : records) {
        if (record.type == dns::RrType::TXT) publication.txt.push_back(request.records.size());
        request.records.push_back(registered(record));
    }
    const auto id = engine_.add_registration(now, std::move(request));
    if (!id)
        return refusal(records.empty() ? dns::NameView() : records.front().owner.view(),
                       id.error());
    publications_.emplace(*id, std::move(publication));
    return *id;
}

void MdnsBackend::update_txt(Time now, PublicationToken token, dns::NameView owner,
                             std::span<const std::vector<std::uint8_t>> txt) {
    const auto found = publications_.find(token);
    if (found == publications_.end()) return;
    std::vector<std::size_t>& indexes = found->second.txt;
    while (indexes.size() > txt.size()) {
        [[maybe_unused]] const auto done = engine_.remove_record(now, token, indexes.back());
        indexes.pop_back();
    }
    for (std::size_t i = 0; i < txt.size(); ++i) {
        if (i < indexes.size()) {
            [[maybe_unused]] const auto done =
                engine_.update_record(now, token, indexes[i], txt[i]);
            continue;
        }
        const auto added = engine_.add_record(
            now, token,
            registered({dns::Name(owner), dns::RrType::TXT, other_ttl, txt[i], Sharing::unique}));
        if (added) indexes.push_back(*added);
    }
}

void MdnsBackend::withdraw(Time now, PublicationToken publication) {
    const auto found = publications_.find(publication);
    if (found == publications_.end() || found->second.is_withdrawn) return;
    found->second.is_withdrawn = true;
    ++withdrawing_;
    engine_.remove_registration(now, publication);
}

std::optional<BackendEvent> MdnsBackend::from_query(mdns::QueryEvent event) const {
    RecordEvent out;
    switch (event.kind) {
        case mdns::QueryEvent::Kind::added: out.change = RecordChange::added; break;
        case mdns::QueryEvent::Kind::removed: out.change = RecordChange::removed; break;
        case mdns::QueryEvent::Kind::absent: out.change = RecordChange::absent; break;
        case mdns::QueryEvent::Kind::finished:
            return std::nullopt;  // of one-shot queries, which are not ours
    }
    out.query = event.query;
    out.ifindex = event.interface;
    out.owner = event.record.name;
    out.type = event.record.type;
    out.ttl = event.record.ttl;
    out.rdata = std::move(event.record.rdata);
    return out;
}

std::optional<BackendEvent> MdnsBackend::from_host(const mdns::RegistrationEvent& event) {
    if (event.kind == mdns::RegistrationEvent::Kind::withdrawn) return std::nullopt;
    if (event.kind == mdns::RegistrationEvent::Kind::probing || event.name.is_root())
        return std::nullopt;
    host_name_ = event.name;
    return HostNameEvent{event.name};
}

std::optional<BackendEvent> MdnsBackend::from_registration(const mdns::RegistrationEvent& event) {
    if (event.registration == host_ && host_ != 0) return from_host(event);
    using Kind = mdns::RegistrationEvent::Kind;
    PublicationEvent out{event.registration, {}, event.name, rival_text(event.rival)};
    switch (event.kind) {
        case Kind::probing: return std::nullopt;
        case Kind::established: out.state = PublicationState::established; break;
        case Kind::renamed: out.state = PublicationState::renamed; break;
        case Kind::troubled: out.state = PublicationState::troubled; break;
        case Kind::lost:
            out.state = PublicationState::conflict;
            publications_.erase(event.registration);
            break;
        case Kind::withdrawn: {
            const auto found = publications_.find(event.registration);
            if (found != publications_.end() && found->second.is_withdrawn) --withdrawing_;
            publications_.erase(event.registration);
            return std::nullopt;
        }
    }
    return out;
}

std::optional<BackendEvent> MdnsBackend::poll_event() {
    while (auto event = engine_.poll_registration_event()) {
        if (auto out = from_registration(*event)) return out;
    }
    while (auto event = engine_.poll_query_event()) {
        if (auto out = from_query(std::move(*event))) return out;
    }
    return std::nullopt;
}

}  // namespace kith::discovery::dnssd
