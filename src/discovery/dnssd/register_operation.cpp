// Registering a service: its records are published together; a name that another owns is given up
// and the next one tried (RFC 6762 §9).

#include <fmt/format.h>

#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/operation.hpp"

namespace kith::discovery::dnssd {
namespace {

class Register final : public Registration {
public:
    Register(Session& session, Service service, RenamePolicy policy)
        : Registration(session),
          service_(std::move(service)),
          asked_for_(service_.instance),
          policy_(policy) {}

    dns::Text<void> start(Time now) override {
        KITH_TRY_VOID(check_service(service_));
        KITH_TRY(const dns::Name name, service_.name().to_name());
        KITH_TRY(backend_, backend_of(name));
        return publish(now);
    }

    void on_publication(Time now, Backend&, const PublicationEvent& event) override {
        if (event.publication != publication_) return;
        switch (event.state) {
            case PublicationState::established: {
                const RegisterResult result{service_.name(), service_.instance != asked_for_};
                emit(is_registered_ ? Change::changed : Change::added, service_.ifindex,
                     service_.family, result);
                is_registered_ = true;
                tries_ = 0;
                return;
            }
            case PublicationState::renamed:
                if (const auto name = InstanceName::from_name(event.name))
                    service_.instance = name->instance;
                return;
            case PublicationState::troubled:
                emit(Change::changed, service_.ifindex, service_.family,
                     Failure{fmt::format(
                         "no name for '{}' could be had for a minute: others claim them all{}",
                         asked_for_, event.text)});
                return;
            case PublicationState::conflict: on_conflict(now); return;
            case PublicationState::failed: fail(event.text); return;
        }
    }

    void on_host_name(Time now, Backend& backend, const HostNameEvent& event) override {
        // Only a registration that waited for the name: others follow it by themselves.
        if (&backend != backend_ || publication_ != 0 || failed_) return;
        if (!event.why_not.empty())
            return emit(Change::changed, service_.ifindex, service_.family, Failure{event.why_not});
        if (const auto good = publish(now); !good) fail(good.error().text);
    }

    dns::Text<void> update_txt(Time now, std::vector<std::vector<std::uint8_t>> txt) override {
        Service changed = service_;
        changed.txt = std::move(txt);
        KITH_TRY_VOID(check_service(changed));
        service_ = std::move(changed);
        if (publication_ == 0) return {};  // published with it when the host has a name
        KITH_TRY(const dns::Name owner, service_.name().to_name());
        if (service_.txt.empty()) {
            const std::vector<std::vector<std::uint8_t>> none = {{0}};
            backend_->update_txt(now, publication_, owner, none);
        } else {
            backend_->update_txt(now, publication_, owner, service_.txt);
        }
        return {};
    }

    void stop(Time now) override {
        withdraw(now);
        Registration::stop(now);
    }

private:
    dns::Text<void> publish(Time now) {
        const dns::Name host = backend_->host_name();
        if (service_.host.is_root() && host.is_root()) return {};  // on_host_name() goes on
        KITH_TRY(const std::vector<ServiceRecord> records, make_records(service_, host));
        KITH_TRY(publication_,
                 backend_->publish(now, records, {service_.ifindex, service_.family}, policy_));
        know_publication(*backend_, publication_);
        return {};
    }

    void withdraw(Time now) {
        if (publication_ == 0) return;
        backend_->withdraw(now, publication_);
        forget_publication(*backend_, publication_);
        publication_ = 0;
    }

    void on_conflict(Time now) {
        forget_publication(*backend_, publication_);
        publication_ = 0;
        const std::string taken = service_.name().to_text();
        if (policy_ == RenamePolicy::fail)
            return fail(fmt::format("'{}' is another's on this link", taken));
        if (++tries_ > rename_tries_max)
            return fail(fmt::format(
                "every name tried is another's, the last '{}'; somebody claims all names on this link",
                taken));
        service_.instance = next_instance_name(service_.instance);
        if (const auto good = publish(now); !good) fail(good.error().text);
    }

    void fail(std::string text) {
        failed_ = true;
        emit(Change::removed, service_.ifindex, service_.family, Failure{std::move(text)});
    }

    Service service_;
    std::string asked_for_;
    RenamePolicy policy_;
    Backend* backend_ = nullptr;
    PublicationToken publication_ = 0;  // 0: none
    bool is_registered_ = false;
    bool failed_ = false;
    int tries_ = 0;
};

/// Records as they are: an address under a name of its own, an alias.
class Publication final : public Session::Operation {
public:
    Publication(Session& session, std::vector<ServiceRecord> records, Scope scope,
                RenamePolicy policy)
        : Operation(session), records_(std::move(records)), scope_(scope), policy_(policy) {}

    dns::Text<void> start(Time now) override {
        if (records_.empty())
            return std::unexpected(dns::TextError{"expected a record to publish, found none"});
        KITH_TRY(backend_, backend_of(records_.front().owner));
        KITH_TRY(publication_, backend_->publish(now, records_, scope_, policy_));
        know_publication(*backend_, publication_);
        return {};
    }

    void on_publication(Time, Backend&, const PublicationEvent& event) override {
        const dns::Name name = event.name.is_root() ? records_.front().owner : event.name;
        switch (event.state) {
            case PublicationState::established:
                emit(is_established_ ? Change::changed : Change::added, scope_.ifindex,
                     scope_.family, PublishResult{name, name != records_.front().owner});
                is_established_ = true;
                return;
            case PublicationState::renamed: return;
            case PublicationState::troubled: return;
            case PublicationState::conflict:
                emit(Change::removed, scope_.ifindex, scope_.family,
                     Failure{fmt::format("'{}' is another's on this link{}", name.to_text(),
                                         event.text)});
                return;
            case PublicationState::failed:
                emit(Change::removed, scope_.ifindex, scope_.family, Failure{event.text});
                return;
        }
    }

    void stop(Time now) override {
        if (publication_ != 0) backend_->withdraw(now, publication_);
        Operation::stop(now);
    }

private:
    std::vector<ServiceRecord> records_;
    Scope scope_;
    RenamePolicy policy_;
    Backend* backend_ = nullptr;
    PublicationToken publication_ = 0;
    bool is_established_ = false;
};

}  // namespace

std::unique_ptr<Session::Operation> make_publication(Session& session,
                                                     std::vector<ServiceRecord> records,
                                                     Scope scope, RenamePolicy policy) {
    return std::make_unique<Publication>(session, std::move(records), scope, policy);
}

std::unique_ptr<Registration> make_registration(Session& session, const Service& service,
                                                RenamePolicy policy) {
    return std::make_unique<Register>(session, service, policy);
}

}  // namespace kith::discovery::dnssd
