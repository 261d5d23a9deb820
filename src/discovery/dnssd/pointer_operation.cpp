// Operations on PTR records: instances of a type, types, domains. The same record may come in over
// IPv4 and IPv6; an interface has it once, from the first to the last of them.

#include <set>

#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/operation.hpp"

namespace kith::discovery::dnssd {
namespace {

/// The name that a PTR record points to; nullopt when its RDATA is no name.
std::optional<dns::Name> pointed_to(const RecordEvent& record) {
    const auto name = dns::NameView::from_wire(record.rdata);
    if (!name || name->size() != record.rdata.size()) return std::nullopt;
    return dns::Name(*name);
}

class PointerOperation : public Session::Operation {
public:
    PointerOperation(Session& session, Scope scope) : Operation(session), scope_(scope) {}

    dns::Text<void> start(Time now) final {
        KITH_TRY(const dns::Name name, question());
        KITH_TRY(query_, ask(now, {name, dns::RrType::PTR}, scope_));
        return {};
    }

    void on_record(Time, Backend&, const RecordEvent& record) final {
        if (record.change == RecordChange::absent || record.type != dns::RrType::PTR) return;
        const auto target = pointed_to(record);
        if (!target) return;
        const Key key{record.ifindex, target->lowered()};
        if (record.change == RecordChange::added) {
            add(key, *target, record);
        } else {
            remove(key, *target, record);
        }
    }

    void reconfirm(Time now) final {
        for (const auto& [key, seen] : seen_) {
            query_.backend->reconfirm(now, seen.record);
        }
    }

protected:
    /// What is asked.
    virtual dns::Text<dns::Name> question() const = 0;
    /// False when the target is nothing that such a record may point to.
    virtual bool report(Change change, const RecordEvent& record, const dns::Name& target) = 0;

private:
    struct Key {
        std::uint32_t ifindex;
        dns::Name target;  // lower case
        auto operator<=>(const Key&) const = default;
    };
    struct Seen {
        std::set<IpFamily> families;
        RecordEvent record;
    };

    void add(const Key& key, const dns::Name& target, const RecordEvent& record) {
        const auto found = seen_.find(key);
        if (found != seen_.end()) {
            found->second.families.insert(record.family);
            return;
        }
        if (seen_.size() >= instances_per_browse_max) {
            count_dropped_instance();
            return;
        }
        if (report(Change::added, record, target))
            seen_.emplace(key, Seen{{record.family}, record});
    }

    void remove(const Key& key, const dns::Name& target, const RecordEvent& record) {
        const auto found = seen_.find(key);
        if (found == seen_.end()) return;
        found->second.families.erase(record.family);
        if (!found->second.families.empty()) return;
        seen_.erase(found);
        report(Change::removed, record, target);
    }

    Scope scope_;
    Query query_;
    std::map<Key, Seen> seen_;
};

class Browse final : public PointerOperation {
public:
    Browse(Session& session, TypeSelector type, dns::NameView domain, Scope scope)
        : PointerOperation(session, scope), type_(std::move(type)), domain_(domain) {}

protected:
    dns::Text<dns::Name> question() const override { return type_.browse_name(domain_); }
    bool report(Change change, const RecordEvent& record, const dns::Name& target) override {
        // The instance's type and domain are what its name says, not what was asked (RFC 6763 §4.2).
        auto name = InstanceName::from_name(target);
        if (!name) return false;
        emit(change, record.ifindex, record.family, BrowseResult{std::move(*name)});
        return true;
    }

private:
    TypeSelector type_;
    dns::Name domain_;
};

class TypeEnumeration final : public PointerOperation {
public:
    TypeEnumeration(Session& session, dns::NameView domain, Scope scope)
        : PointerOperation(session, scope), domain_(domain) {}

protected:
    dns::Text<dns::Name> question() const override { return type_enumeration_name(domain_); }
    bool report(Change change, const RecordEvent& record, const dns::Name& target) override {
        // Two labels and the domain (RFC 6763 §9).
        if (target.label_count() < 3) return false;
        const dns::NameView protocol = target.view().parent();
        const auto type =
            ServiceType::from_labels(target.view().first_label(), protocol.first_label());
        if (!type) return false;
        emit(change, record.ifindex, record.family,
             TypeResult{*type, dns::Name(protocol.parent())});
        return true;
    }

private:
    dns::Name domain_;
};

class DomainEnumeration final : public PointerOperation {
public:
    DomainEnumeration(Session& session, DomainKind kind, dns::NameView domain, Scope scope)
        : PointerOperation(session, scope), kind_(kind), domain_(domain) {}

protected:
    dns::Text<dns::Name> question() const override {
        return domain_enumeration_name(kind_, domain_);
    }
    bool report(Change change, const RecordEvent& record, const dns::Name& target) override {
        emit(change, record.ifindex, record.family, DomainResult{kind_, target});
        return true;
    }

private:
    DomainKind kind_;
    dns::Name domain_;
};

}  // namespace

std::unique_ptr<Session::Operation> make_browse(Session& session, const TypeSelector& type,
                                                dns::NameView domain, Scope scope) {
    return std::make_unique<Browse>(session, type, domain, scope);
}

std::unique_ptr<Session::Operation> make_type_enumeration(Session& session, dns::NameView domain,
                                                          Scope scope) {
    return std::make_unique<TypeEnumeration>(session, domain, scope);
}

std::unique_ptr<Session::Operation> make_domain_enumeration(Session& session, DomainKind kind,
                                                            dns::NameView domain, Scope scope) {
    return std::make_unique<DomainEnumeration>(session, kind, domain, scope);
}

}  // namespace kith::discovery::dnssd
