#include <fmt/format.h>

#include "client/record_text.hpp"
#include "client/update_session.hpp"
#include "dns/limits.hpp"

namespace kith::client {

struct Update::State {
    std::optional<dns::Name> zone;
    update::UpdateBuilder builder{dns::Name()};
    std::optional<Error> error;  // the first
};

namespace {

using Builder = update::UpdateBuilder;

constexpr std::chrono::milliseconds timeout_max = std::chrono::hours(24);
constexpr int retries_max = 100;

Expected<SessionSettings> read_settings(const UpdateOptions& options) {
    using namespace std::chrono_literals;
    if (options.timeout <= 0ms || options.timeout > timeout_max)
        return error_of(ErrorKind::input, "timeout: expected more than nothing, and up to a day");
    if (options.retry <= 0ms || options.retry > timeout_max)
        return error_of(ErrorKind::input, "retry: expected more than nothing, and up to a day");
    if (options.retries < 0 || options.retries > retries_max) {
        return error_of(ErrorKind::input, fmt::format("retries: expected 0 to {}, found {}",
                                                      retries_max, options.retries));
    }
    return SessionSettings{options.server, std::nullopt,    options.timeout,
                           options.retry,  options.retries, options.tcp_only};
}

/// Has the builder take a name, once it is read.
Expected<void> with_name(Builder& builder, const std::string& owner,
                         void (Builder::*take)(dns::NameView)) {
    KITH_TRY(const dns::Name name, read_name("owner", owner));
    (builder.*take)(name);
    return {};
}

/// As with_name(), with a type.
Expected<void> with_rrset(Builder& builder, const std::string& owner, const std::string& type,
                          void (Builder::*take)(dns::NameView, dns::RrType)) {
    KITH_TRY(const dns::Name name, read_name("owner", owner));
    KITH_TRY(const dns::RrType read, read_type(type));
    (builder.*take)(name, read);
    return {};
}

}  // namespace

Update::Update(const std::string& zone) : state_(std::make_unique<State>()) {
    state_->builder.set_payload(dns::udp_bytes_default);
    if (zone.empty()) return;
    auto name = read_name("zone", zone);
    if (name) {
        state_->zone = *name;
    } else {
        state_->error = std::move(name).error();
    }
}
Update::~Update() = default;
Update::Update(const Update& other) : state_(std::make_unique<State>(*other.state_)) {}
Update& Update::operator=(const Update& other) {
    *state_ = *other.state_;
    return *this;
}

/// Keeps the first error for send().
Update& Update::note(Expected<void> done) {
    if (!done && !state_->error) state_->error = std::move(done).error();
    return *this;
}

Update& Update::require_name(const std::string& owner) {
    return note(with_name(state_->builder, owner, &Builder::require_name));
}

Update& Update::require_no_name(const std::string& owner) {
    return note(with_name(state_->builder, owner, &Builder::require_no_name));
}

Update& Update::require_rrset(const std::string& owner, const std::string& type) {
    return note(with_rrset(state_->builder, owner, type, &Builder::require_rrset));
}

Update& Update::require_no_rrset(const std::string& owner, const std::string& type) {
    return note(with_rrset(state_->builder, owner, type, &Builder::require_no_rrset));
}

Update& Update::require_record(const Record& record) {
    return note([&]() -> Expected<void> {
        KITH_TRY(const zone::Record read, read_record(record));
        state_->builder.require_record(read.owner, read.type, read.rdata);
        return {};
    }());
}

Update& Update::add(const Record& record) {
    return note([&]() -> Expected<void> {
        KITH_TRY(const zone::Record read, read_record(record));
        state_->builder.add(read.owner, read.type, read.ttl, read.rdata);
        return {};
    }());
}

Update& Update::create(const std::vector<Record>& rrset) {
    return note([&]() -> Expected<void> {
        KITH_TRY(const auto records, read_rrset(rrset));
        state_->builder.create(records);
        return {};
    }());
}

Update& Update::append(const std::vector<Record>& rrset, Existing existing) {
    using Needed = Builder::Existing;
    return note([&]() -> Expected<void> {
        KITH_TRY(const auto records, read_rrset(rrset));
        state_->builder.append(records,
                               existing == Existing::required ? Needed::required : Needed::any);
        return {};
    }());
}

Update& Update::compare_and_swap(const std::vector<Record>& current,
                                 const std::vector<Record>& next) {
    return note([&]() -> Expected<void> {
        KITH_TRY(const auto before, read_rrset(current));
        KITH_TRY(const auto after, read_rrset(next));
        if (before.front().owner != after.front().owner ||
            before.front().type != after.front().type)
            return error_of(ErrorKind::input,
                            "expected records of one name and type on both sides");
        state_->builder.compare_and_swap(before, after);
        return {};
    }());
}

Update& Update::delete_by_rdata(const std::vector<Record>& rrset) {
    return note([&]() -> Expected<void> {
        KITH_TRY(const auto records, read_rrset(rrset));
        for (const zone::Record& record : records)
            state_->builder.remove_record(record.owner, record.type, record.rdata);
        return {};
    }());
}

Update& Update::delete_rrset(const std::string& owner, const std::string& type) {
    return note(with_rrset(state_->builder, owner, type, &Builder::remove_rrset));
}

Update& Update::delete_all(const std::string& owner) {
    return note(with_name(state_->builder, owner, &Builder::remove_name));
}

Update& Update::lease(std::chrono::seconds records, std::optional<std::chrono::seconds> keys) {
    const auto fits = [](std::chrono::seconds time) {
        return time.count() >= 0 && time.count() <= 0xffffffff;
    };
    if (!fits(records) || (keys && !fits(*keys)))
        return note(error_of(ErrorKind::input, "lease: expected seconds that fit 32 bits"));
    update::Lease lease{static_cast<std::uint32_t>(records.count()), std::nullopt};
    if (keys) lease.key_seconds = static_cast<std::uint32_t>(keys->count());
    state_->builder.set_lease(lease);
    return *this;
}

std::string Update::to_text() const {
    return script_of(state_->builder.content(), state_->zone, dns::RrClass::IN);
}

Expected<UpdateReply> Update::send(const UpdateOptions& options) const {
    if (state_->error) return std::unexpected(*state_->error);
    if (state_->builder.empty()) return error_of(ErrorKind::input, "there is nothing to send");
    KITH_TRY(SessionSettings settings, read_settings(options));
    const UpdateWorld world = system_update_world();
    UpdateSession session(std::move(settings), options.key, world);
    session.builder() = state_->builder;
    if (state_->zone) session.set_zone(*state_->zone);
    KITH_TRY(const UpdateSession::Done done, session.send());
    return done.reply;
}

Expected<UpdateReply> notify(const std::string& zone, const UpdateOptions& options) {
    KITH_TRY(const dns::Name name, read_name("zone", zone));
    KITH_TRY(SessionSettings settings, read_settings(options));
    const UpdateWorld world = system_update_world();
    UpdateSession session(std::move(settings), options.key, world);
    KITH_TRY(const UpdateSession::Done done, session.notify(name, dns::RrType::SOA));
    return done.reply;
}

}  // namespace kith::client
