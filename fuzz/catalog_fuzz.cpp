// Catalog zones out of a script of records. One that is read must be written and read again as the
// same members; and carrying out a plan must leave nothing to plan.

#include <string>
#include <vector>

#include "support.hpp"
#include "transfer/catalog.hpp"
#include "zone/builder.hpp"

namespace {

using namespace kith;
using namespace kith::transfer;

using fuzz::must;

const dns::Name apex = *dns::Name::from_text("catalog.");

class Script : public fuzz::ScriptBytes {
public:
    using ScriptBytes::ScriptBytes;
    dns::Name name(const dns::Name& under) {
        constexpr std::string_view labels[] = {"zones", "ZONES", "version", "group", "coo",
                                               "ext",   "a",     "B",       "c"};
        dns::NameBuilder builder;
        for (int left = next() % 4; left > 0; --left)
            must(builder.append(as_bytes(labels[next() % 9U])));
        must(builder.append(under.view()));
        return builder.finish();
    }
};

zone::ZonePtr make_catalog(Script& script) {
    zone::ZoneBuilder builder(apex);
    const std::vector<std::uint8_t> soa(22);
    must(builder.add(apex, dns::RrType::SOA, 0, soa).has_value());
    for (int left = script.next() % 32; left > 0 && !script.at_end(); --left) {
        const dns::Name owner = script.name(apex);
        if (script.next() % 2 == 0) {
            const dns::Name target = script.name(dns::Name());
            static_cast<void>(builder.add(owner, dns::RrType::PTR, 0, target.wire()));
        } else {
            const std::uint8_t text[] = {1, static_cast<std::uint8_t>('1' + script.next() % 3)};
            static_cast<void>(builder.add(owner, dns::RrType::TXT, 0, text));
        }
    }
    return builder.finish().zone;
}

CatalogMembers members_of(const std::map<dns::Name, Ownership>& owned, const dns::Name& catalog) {
    CatalogMembers out;
    for (const auto& [name, ownership] : owned) {
        if (ownership.catalog == catalog) out.emplace(name, ownership.member);
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 2048) return 0;
    Script script(Bytes(data, size));
    std::map<dns::Name, Ownership> owned;
    owned[*dns::Name::from_text("a.")] = {dns::Name(), {}};  // of the configuration
    while (!script.at_end()) {
        const zone::ZonePtr catalog = make_catalog(script);
        if (catalog == nullptr) continue;
        const auto members = read_catalog(*catalog);
        if (!members) {
            must(!members.error().text.empty());
            continue;
        }
        zone::ZoneBuilder builder(apex);
        for (const zone::Record& record : write_catalog(apex, 5, *members)) {
            must(builder.add(record.owner, record.type, record.ttl, record.rdata).has_value());
        }
        const zone::BuiltZone built = builder.finish();
        must(built.zone != nullptr);
        const auto again = read_catalog(*built.zone);
        must(again.has_value() && *again == *members);
        const CatalogPlan plan = plan_catalog(apex, *members, owned);
        for (const auto* list : {&plan.add, &plan.reset, &plan.take, &plan.regroup}) {
            for (const CatalogMember& member : *list) owned[member.zone] = {apex, member};
        }
        for (const dns::Name& name : plan.remove) owned.erase(name);
        must(plan_catalog(apex, *members, owned).is_empty());
        must(members_of(owned, apex).size() + plan.conflicts.size() == members->size());
    }
    return 0;
}
