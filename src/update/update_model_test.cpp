// Random updates against a second implementation: RFC 2136 §3.2.5 and §3.4.2.7 written down line by
// line over maps of texts, without a thought about speed.

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "update/update_testing.hpp"

namespace kith::update {
namespace {

using namespace test;

class Model {
public:
    struct RrSet {
        std::uint32_t ttl = 0;
        std::set<std::string> data;
    };
    using Names = std::map<std::string, std::map<std::string, RrSet>>;

    explicit Model(const zone::Zone& zone) {
        zone.for_each_in_order([&](const Name& owner, zone::NodeView node) {
            for (const zone::RrSetView rrset : node.rrsets()) {
                RrSet& set = names[owner.to_text()][dns::type_name(rrset.type())];
                set.ttl = rrset.ttl();
                for (const Bytes rdata : rrset)
                    set.data.insert(dns::rdata_to_text(rrset.type(), RrClass::IN, rdata));
            }
        });
    }

    bool has_name(const std::string& owner) const { return names.contains(owner); }
    bool has_rrset(const std::string& owner, const std::string& type) const {
        return has_name(owner) && names.at(owner).contains(type);
    }

    Rcode check(const std::vector<UpdateRecord>& prerequisites) const {
        std::map<std::pair<std::string, std::string>, std::set<std::string>> temp;
        for (const UpdateRecord& rr : prerequisites) {
            const std::string owner = rr.owner.to_text(), type = dns::type_name(rr.type);
            if (rr.klass == RrClass::ANY) {
                if (type == "ANY" && !has_name(owner)) return Rcode::NXDOMAIN;
                if (type != "ANY" && !has_rrset(owner, type)) return Rcode::NXRRSET;
            } else if (rr.klass == RrClass::NONE) {
                if (type == "ANY" && has_name(owner)) return Rcode::YXDOMAIN;
                if (type != "ANY" && has_rrset(owner, type)) return Rcode::YXRRSET;
            } else {
                temp[{owner, type}].insert(dns::rdata_to_text(rr.type, RrClass::IN, rr.rdata));
            }
        }
        for (const auto& [key, data] : temp) {
            if (!has_rrset(key.first, key.second) ||
                names.at(key.first).at(key.second).data != data)
                return Rcode::NXRRSET;
        }
        return Rcode::NOERROR;
    }

    void update(const UpdateRecord& rr) {
        const std::string owner = rr.owner.to_text(), type = dns::type_name(rr.type);
        const std::string data = dns::rdata_to_text(rr.type, RrClass::IN, rr.rdata);
        const bool is_apex = owner == "example.";
        if (rr.klass == RrClass::IN) {
            add(rr, owner, type, data);
        } else if (rr.klass == RrClass::ANY && type == "ANY") {
            if (!has_name(owner)) return;
            std::erase_if(names[owner], [&](const auto& rrset) {
                return !is_apex || (rrset.first != "SOA" && rrset.first != "NS");
            });
        } else if (rr.klass == RrClass::ANY) {
            if (!has_rrset(owner, type) || (is_apex && (type == "SOA" || type == "NS"))) return;
            names[owner].erase(type);
        } else {
            if (type == "SOA" || !has_rrset(owner, type)) return;
            RrSet& set = names[owner][type];
            if (type == "NS" && is_apex && set.data == std::set<std::string>{data}) return;
            set.data.erase(data);
            if (set.data.empty()) names[owner].erase(type);
        }
        if (has_name(owner) && names[owner].empty()) names.erase(owner);
    }

    /// Whether something stands, that did not before, where it cannot.
    bool is_misplaced_since(const Model& before) const {
        for (const auto& [owner, rrsets] : names) {
            for (const auto& [type, set] : rrsets) {
                const bool is_new = std::ranges::any_of(set.data, [&](const std::string& data) {
                    return !before.has_rrset(owner, type) ||
                           !before.names.at(owner).at(type).data.contains(data);
                });
                if (!is_new) continue;
                if (type == "NS" && owner.starts_with("*.")) return true;
                for (const auto& [above, others] : names) {
                    if (owner.ends_with("." + above) && others.contains("DNAME")) return true;
                }
            }
        }
        return false;
    }

    Names names;

private:
    void add(const UpdateRecord& rr, const std::string& owner, const std::string& type,
             const std::string& data) {
        const auto others = [&] {
            if (!has_name(owner)) return false;
            for (const auto& [other, set] : names.at(owner)) {
                if (other != "CNAME") return true;
            }
            return false;
        };
        if (type == "CNAME" && others()) return;
        if (type != "CNAME" && has_rrset(owner, "CNAME")) return;
        if (type == "SOA") {
            if (!has_rrset(owner, "SOA")) return;
            const auto serial_of = [](const std::string& soa) {
                return std::stoul(soa.substr(soa.find(' ', soa.find(' ') + 1) + 1));
            };
            if (serial_of(data) <= serial_of(*names[owner]["SOA"].data.begin())) return;
        }
        if (type == "DNAME" && owner != "example." && has_rrset(owner, "NS")) return;
        if (type == "NS" && owner != "example." && has_rrset(owner, "DNAME")) return;
        RrSet& set = names[owner][type];
        if (type == "CNAME" || type == "SOA" || type == "DNAME") set.data.clear();
        set.ttl = rr.ttl;
        set.data.insert(data);
    }
};

std::string shown(const Model& model) {
    std::string out;
    for (const auto& [owner, rrsets] : model.names) {
        for (const auto& [type, set] : rrsets) {
            out += owner + " " + type + " " + std::to_string(set.ttl);
            for (const std::string& data : set.data) out += " " + data;
            out += "\n";
        }
    }
    return out;
}

class Maker {
public:
    explicit Maker(std::uint64_t seed) : rng_(seed) {}

    UpdateMessage message(std::uint32_t serial) {
        Lines lines;
        for (std::uint32_t left = rng_.below(3); left > 0; --left) lines.push_back(prerequisite());
        for (std::uint32_t left = 1 + rng_.below(6); left > 0; --left)
            lines.push_back(update(serial));
        return test::message(lines);
    }

private:
    std::string pick(std::initializer_list<const char*> words) {
        return *(words.begin() + rng_.below(static_cast<std::uint32_t>(words.size())));
    }
    std::string owner() { return pick({"@", "a", "b", "a.b", "*.b", "c.c"}); }
    std::string typed(std::uint32_t serial) {
        switch (rng_.below(8)) {
            case 0: return "A 10.0.0." + std::to_string(rng_.below(3));
            case 1: return "TXT " + pick({"x", "y"});
            case 2: return "CNAME " + pick({"a", "b"});
            case 3: return "NS " + pick({"a", "b"});
            case 4: return "MX 10 " + pick({"a", "b"});
            case 5: return "DNAME " + pick({"a", "b"});
            case 6: return "SOA a. b. " + std::to_string(serial + rng_.below(4) - 1) + " 1 1 1 1";
            default: return "AAAA ::" + std::to_string(rng_.below(2));
        }
    }
    std::string type() { return pick({"A", "TXT", "CNAME", "NS", "MX", "DNAME", "SOA", "AAAA"}); }
    std::string prerequisite() {
        switch (rng_.below(8)) {
            case 0: return "prereq yxdomain " + owner();
            case 1: return "prereq nxdomain " + owner();
            case 2: return "prereq yxrrset " + owner() + " " + type();
            case 3: return "prereq yxrrset " + owner() + " " + typed(5);
            default: return "prereq nxrrset " + owner() + " " + type();
        }
    }
    std::string update(std::uint32_t serial) {
        switch (rng_.below(8)) {
            case 0: return "delete " + owner();
            case 1: return "delete " + owner() + " " + type();
            case 2:
            case 3: return "delete " + owner() + " " + typed(serial);
            default:
                return "add " + owner() + " " + std::to_string(rng_.below(3)) + " " + typed(serial);
        }
    }

    SeededRng rng_;
};

TEST(UpdateModel, AgreesOnRandomUpdates) {
    int changed = 0, refused = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Maker maker(seed);
        zone::ZonePtr zone = zone::test::zone({"@ 1 NS a"});
        for (int step = 0; step < 150; ++step) {
            const UpdateMessage update = maker.message(zone->serial());
            const Model was(*zone);
            Model model(*zone);
            const UpdateOutcome outcome =
                run_update(*zone, update, requester(), all_allowed(), some_time);
            Rcode expected = model.check(update.prerequisites);
            if (expected == Rcode::NOERROR) {
                for (const UpdateRecord& record : update.updates) model.update(record);
                if (model.is_misplaced_since(was)) expected = Rcode::REFUSED;
            }
            ASSERT_EQ(outcome.refusal.rcode, expected)
                << "seed " << seed << " step " << step << ": " << outcome.refusal.reason;
            if (expected != Rcode::NOERROR) {
                ++refused;
                continue;
            }
            const std::string before = shown(was);
            ASSERT_EQ(outcome.changes(), shown(model) != before)
                << "seed " << seed << " step " << step;
            if (!outcome.changes()) continue;
            ++changed;
            zone::ZoneChange change = outcome.change;
            if (!outcome.has_serial)
                change.to_serial = change.from_serial;  // the model knows no automatic serial
            const auto next = zone::apply_change(zone, change);
            ASSERT_TRUE(next.has_value()) << zone::fault_text(next.error().fault);
            zone = *next;
            ASSERT_EQ(shown(Model(*zone)), shown(model)) << "seed " << seed << " step " << step;
        }
    }
    EXPECT_GT(changed, 500);
    EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace kith::update
