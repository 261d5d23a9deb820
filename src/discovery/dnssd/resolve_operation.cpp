// Resolving an instance: SRV and TXT of its name, and the addresses of the hosts that the SRV
// records name. Each interface is kept apart: what is told on one link says nothing of another.
//
// Works with servers that add nothing to their answers (RFC 6763 §12): everything is asked for.

#include <algorithm>
#include <set>
#include <utility>

#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/operation.hpp"

namespace kith::discovery::dnssd {
namespace {

using dns::RrType;
using Rdata = std::vector<std::uint8_t>;

/// Of a set of records, each with the families it was heard over.
using Heard = std::map<Rdata, std::set<IpFamily>>;

/// Takes one change into `heard`; false when nothing changed, or there is no room.
bool apply(Heard& heard, const RecordEvent& record, std::size_t most) {
    const auto found = heard.find(record.rdata);
    if (record.change == RecordChange::added) {
        if (found != heard.end()) {
            found->second.insert(record.family);
            return false;
        }
        if (heard.size() >= most) return false;
        heard.emplace(record.rdata, std::set{record.family});
        return true;
    }
    if (found == heard.end()) return false;
    found->second.erase(record.family);
    if (!found->second.empty()) return false;
    heard.erase(found);
    return true;
}

bool same_result(const ResolveResult& a, const ResolveResult& b) {
    return a.srv == b.srv && a.addresses == b.addresses && a.txt == b.txt &&
           a.alternatives == b.alternatives;
}

class Resolve final : public Session::Operation {
public:
    Resolve(Session& session, InstanceName name, Scope scope)
        : Operation(session), name_(std::move(name)), scope_(scope) {}

    dns::Text<void> start(Time now) override {
        KITH_TRY(const dns::Name name, name_.to_name());
        KITH_TRY(const Query srv, ask(now, {name, RrType::SRV}, scope_));
        KITH_TRY(const Query txt, ask(now, {name, RrType::TXT}, scope_));
        srv_ = srv;
        txt_ = txt;
        return {};
    }

    void on_record(Time now, Backend& backend, const RecordEvent& record) override {
        if (is(srv_, backend, record) && record.type == RrType::SRV) {
            on_srv(now, record);
        } else if (is(txt_, backend, record) && record.type == RrType::TXT) {
            on_txt(now, record);
        } else {
            on_address(now, backend, record);
        }
    }

    void on_settled(Time) override {
        for (auto& [ifindex, site] : sites_) {
            if (std::exchange(site.is_dirty, false)) report(ifindex, site);
        }
    }

    void reconfirm(Time now) override {
        for (const auto& [ifindex, site] : sites_) {
            for (const auto& [rdata, families] : site.srv_records) {
                RecordEvent record{srv_.token, RecordChange::added, ifindex, IpFamily::none,
                                   {},         RrType::SRV,         0,       rdata};
                if (const auto owner = name_.to_name()) record.owner = *owner;
                srv_.backend->reconfirm(now, record);
            }
        }
    }

    std::optional<Time> deadline() const override {
        std::optional<Time> out;
        for (const auto& [ifindex, site] : sites_) {
            if (site.patience_ends && (!out || *site.patience_ends < *out))
                out = site.patience_ends;
        }
        return out;
    }

    void on_timer(Time now) override {
        for (auto& [ifindex, site] : sites_) {
            if (!site.patience_ends || *site.patience_ends > now) continue;
            site.patience_ends.reset();
            site.waited = true;
            report(ifindex, site);
        }
    }

private:
    /// What is known on one interface.
    struct Site {
        Heard srv_records;
        Heard txt_records;
        bool txt_absent = false;  // said so by its owner
        std::vector<Srv> order;   // chosen when the set of SRV records changed
        std::optional<Time> patience_ends;
        bool is_dirty = false;  // to be looked at when all that came has been told
        bool waited = false;    // patience is over: report what there is
        std::optional<ResolveResult> reported;
    };
    /// A host that SRV records name.
    struct Target {
        Query a, aaaa;
        struct Known {
            Heard addresses[2];  // A, AAAA
            bool absent[2] = {};
        };
        std::map<std::uint32_t, Known> known;  // by interface
    };

    static bool is(const Query& query, const Backend& backend, const RecordEvent& record) {
        return query.backend == &backend && query.token == record.query;
    }

    Site* site_of(std::uint32_t ifindex) {
        const auto found = sites_.find(ifindex);
        if (found != sites_.end()) return &found->second;
        if (sites_.size() >= interfaces_per_resolve_max) return nullptr;
        return &sites_[ifindex];
    }

    void on_srv(Time now, const RecordEvent& record) {
        Site* const site = site_of(record.ifindex);
        if (site == nullptr || record.change == RecordChange::absent) return;
        if (record.change == RecordChange::added && !Srv::from_rdata(record.rdata)) return;
        if (!apply(site->srv_records, record, srv_per_instance_max)) return;
        site->order.clear();
        for (const auto& [rdata, families] : site->srv_records)
            site->order.push_back(*Srv::from_rdata(rdata));
        order_targets(site->order, rng());
        follow_targets(now);
        if (!site->order.empty() && !site->reported && !site->patience_ends && !site->waited) {
            site->patience_ends = now + resolve_patience;
        }
        site->is_dirty = true;
    }

    void on_txt(Time, const RecordEvent& record) {
        Site* const site = site_of(record.ifindex);
        if (site == nullptr) return;
        if (record.change == RecordChange::absent) {
            site->txt_absent = true;
        } else {
            if (record.change == RecordChange::added) site->txt_absent = false;
            apply(site->txt_records, record, txt_records_max);
        }
        site->is_dirty = true;
    }

    void on_address(Time, Backend& backend, const RecordEvent& record) {
        for (auto& [name, target] : targets_) {
            const bool a = is(target.a, backend, record);
            if (!a && !is(target.aaaa, backend, record)) continue;
            const std::size_t which = a ? 0 : 1;
            if (target.known.size() >= interfaces_per_resolve_max &&
                !target.known.contains(record.ifindex))
                return;
            Target::Known& known = target.known[record.ifindex];
            if (record.change == RecordChange::absent) {
                known.absent[which] = true;
            } else {
                if (record.rdata.size() != (a ? 4U : 16U)) return;
                known.absent[which] = false;
                apply(known.addresses[which], record, addresses_per_target_max);
            }
            for (auto& [ifindex, site] : sites_) {
                if (record.ifindex == 0 || ifindex == record.ifindex) site.is_dirty = true;
            }
            return;
        }
    }

    /// Asks for the addresses of the hosts named now, and no longer for those of others.
    void follow_targets(Time now) {
        std::set<dns::Name> wanted;
        for (const auto& [ifindex, site] : sites_) {
            for (const Srv& srv : site.order) {
                if (!srv.target.is_root() && wanted.size() < srv_per_instance_max)
                    wanted.insert(srv.target.lowered());
            }
        }
        for (auto at = targets_.begin(); at != targets_.end();) {
            if (wanted.contains(at->first)) {
                ++at;
                continue;
            }
            if (at->second.a.token != 0) end(now, Query(at->second.a));
            if (at->second.aaaa.token != 0) end(now, Query(at->second.aaaa));
            at = targets_.erase(at);
        }
        for (const dns::Name& name : wanted) {
            if (targets_.contains(name)) continue;
            Target& target = targets_[name];
            // Without a backend for the host's domain its name and port still are an answer.
            if (const auto query = ask(now, {name, RrType::A}, scope_)) target.a = *query;
            if (const auto query = ask(now, {name, RrType::AAAA}, scope_)) target.aaaa = *query;
        }
    }

    std::vector<ScopedAddress> addresses_of(const Target& target, std::uint32_t ifindex) const {
        std::vector<ScopedAddress> out;
        for (const auto& [where, known] : target.known) {
            if (where != ifindex && where != 0) continue;
            for (const Heard& heard : known.addresses) {
                for (const auto& [rdata, families] : heard)
                    out.push_back({*IpAddress::from_bytes(rdata), where});
            }
        }
        // Those that need no interface to be used first.
        std::ranges::stable_partition(
            out, [](const ScopedAddress& at) { return !at.address.is_link_local(); });
        return out;
    }

    /// Both families known, one way or the other.
    bool is_complete(const Target& target, std::uint32_t ifindex) const {
        bool done[2] = {target.a.token == 0, target.aaaa.token == 0};
        for (const auto& [where, known] : target.known) {
            if (where != ifindex && where != 0) continue;
            for (std::size_t i = 0; i < 2; ++i)
                done[i] |= known.absent[i] || !known.addresses[i].empty();
        }
        return done[0] && done[1];
    }

    void report(std::uint32_t ifindex, Site& site) {
        if (site.order.empty()) {
            site.patience_ends.reset();
            site.waited = false;
            if (site.reported)
                emit(Change::removed, ifindex, IpFamily::none,
                     *std::exchange(site.reported, std::nullopt));
            return;
        }
        const auto found = targets_.find(site.order.front().target.lowered());
        const bool whole = (!site.txt_records.empty() || site.txt_absent) &&
                           (found == targets_.end() || is_complete(found->second, ifindex));
        if (!whole && !site.waited && !site.reported) return;
        ResolveResult result{
            name_, site.order.front(), {}, {}, {site.order.begin() + 1, site.order.end()}};
        if (found != targets_.end()) result.addresses = addresses_of(found->second, ifindex);
        for (const auto& [rdata, families] : site.txt_records) result.txt.push_back(rdata);
        if (site.reported && same_result(*site.reported, result)) return;
        site.patience_ends.reset();
        const Change change = site.reported ? Change::changed : Change::added;
        site.reported = result;
        emit(change, ifindex, IpFamily::none, std::move(result));
    }

    InstanceName name_;
    Scope scope_;
    Query srv_, txt_;
    std::map<std::uint32_t, Site> sites_;
    std::map<dns::Name, Target> targets_;  // by name in lower case
};

}  // namespace

std::unique_ptr<Session::Operation> make_resolve(Session& session, const InstanceName& name,
                                                 Scope scope) {
    return std::make_unique<Resolve>(session, name, scope);
}

}  // namespace kith::discovery::dnssd
