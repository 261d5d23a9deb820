// Any bytes as UPDATE messages against a zone. A message that is read is written by the builder as the
// same update; a change that comes out can be applied, and the same update again then changes nothing
// (unless it only adds to what it deleted); what policy does not grant does not change; and the
// language of `kith update` gives back each record that it prints.

#include <algorithm>
#include <string>
#include <vector>

#include "dns/rdata.hpp"
#include "dns/serial.hpp"
#include "support.hpp"
#include "update/lease.hpp"
#include "update/script.hpp"
#include "update/timeout.hpp"
#include "update/update.hpp"
#include "update/update_builder.hpp"
#include "zone/builder.hpp"
#include "zone/node_block.hpp"

namespace {

using namespace kith;
using namespace kith::update;

constexpr UnixTime now = 1'700'000'000;
constexpr RrType timeout_type = RrType{65432};

using fuzz::must;

Name name(std::string_view text) { return *Name::from_text(text); }

const zone::ZonePtr& base() {
    static const zone::ZonePtr zone = [] {
        zone::ZoneBuilder builder(name("example."));
        const auto add = [&](std::string_view owner, RrType type, std::string_view data,
                             zone::Provenance provenance = {}) {
            must(builder
                     .add(name(owner), type, 300, *dns::rdata_from_text(type, data), 1, provenance)
                     .has_value());
        };
        add("example.", RrType::SOA, "ns.example. host.example. 1 2 3 4 5");
        add("example.", RrType::NS, "ns.example.");
        add("ns.example.", RrType::A, "10.0.0.1");
        add("a.example.", RrType::A, "10.0.0.1", {1, 1, 1'700'000'100});
        add("a.example.", RrType::TXT, "x");
        add("c.example.", RrType::CNAME, "a.example.");
        add("s.example.", RrType::NS, "ns.s.example.");
        add("private.example.", RrType::A, "10.0.0.2");
        return builder.finish().zone;
    }();
    return zone;
}

UpdateRules rules(std::uint8_t choice) {
    std::vector<Grant> grants;
    for (const char* line : {"deny * subdomain private.example.",
                             (choice & 1) != 0 ? "grant * own" : "grant * zonesub ANY TYPE65432"}) {
        grants.push_back(*parse_grant(line, name("example.")));
    }
    UpdateRules out;
    out.policy = Policy(std::move(grants));
    if ((choice & 2) != 0) out.timeout_type = timeout_type;
    if ((choice & 4) != 0) out.leases.default_seconds = 60;
    out.is_signed_here = (choice & 8) != 0;
    return out;
}

void check_language(const UpdateRecord& record, RrClass klass) {
    if (klass != RrClass::IN ||
        (record.klass != klass && record.klass != RrClass::ANY && record.klass != RrClass::NONE))
        return;
    if (dns::is_meta_type(record.type) && record.type != RrType::ANY) return;
    if (record.klass == RrClass::ANY && !record.rdata.empty()) return;
    if (record.klass != RrClass::ANY && record.type == RrType::ANY) return;
    UpdateRecord wanted = record;
    if (wanted.klass != klass) wanted.ttl = 0;
    if (wanted.ttl > 0x7fffffffU) return;
    const auto command = parse_script_line(update_text(wanted, klass), {});
    if (!command) return;  // data that has no text form of its own
    must(command->kind == ScriptCommand::Kind::update && command->record.owner == wanted.owner &&
         command->record.type == wanted.type);
    // Deleting a record without data is written as deleting the RRset.
    if (!wanted.rdata.empty()) must(command->record == wanted);
}

/// A compressed name takes the case of the name it points to.
bool same_but_for_case(const std::vector<UpdateRecord>& a, const std::vector<UpdateRecord>& b) {
    return std::ranges::equal(a, b, [](const UpdateRecord& left, const UpdateRecord& right) {
        return left.owner == right.owner && left.type == right.type && left.klass == right.klass &&
               left.ttl == right.ttl &&
               std::ranges::equal(left.rdata, right.rdata, {}, dns::lower, dns::lower);
    });
}

void check_builder(const UpdateMessage& message) {
    // Data that belongs to nothing is refused when the update is run; the builder does not write it.
    const auto is_unfit = [](const UpdateRecord& record) {
        return (record.klass == RrClass::ANY || dns::is_meta_type(record.type)) &&
               !record.rdata.empty();
    };
    if (std::ranges::any_of(message.prerequisites, is_unfit) ||
        std::ranges::any_of(message.updates, is_unfit))
        return;
    UpdateBuilder builder(message.zone, message.zone_class);
    for (const UpdateRecord& record : message.prerequisites) builder.add_prerequisite(record);
    for (const UpdateRecord& record : message.updates) builder.add_update(record);
    builder.set_lease(message.lease);
    const auto written = builder.message(message.id);
    if (!written) return;
    const auto again = read_update(*written);
    must(again.has_value());
    must(again->zone == message.zone && again->lease == message.lease && again->id == message.id);
    must(same_but_for_case(again->prerequisites, message.prerequisites) &&
         same_but_for_case(again->updates, message.updates));
}

/// A SOA whose serial is neither newer nor older than the zone's, until that moves (RFC 1982 §3.2).
bool is_half_way(const UpdateRecord& record) {
    const auto serial = record.type == RrType::SOA ? zone::soa_serial(record.rdata) : std::nullopt;
    return serial && dns::compare_serials(*serial, base()->serial()) == dns::SerialOrder::undefined;
}

void check_private(const zone::ZoneChange& change) {
    const Name secret = name("private.example.");
    for (const auto* const records : {&change.removed, &change.added}) {
        must(std::ranges::none_of(
            *records, [&](const zone::Record& record) { return record.owner.is_under(secret); }));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 8192) return 0;
    const Bytes message(data + 1, size - 1);
    std::vector<std::uint8_t> buffer(512);
    const auto read = read_update(message);
    const auto zone_of = read_update_zone(message);
    must(!read || (zone_of && zone_of->name == read->zone));
    if (!read) must(read.error().rcode == Rcode::FORMERR && !read.error().reason.empty());
    const Refusal* const refusal = read ? nullptr : &read.error();
    const Bytes response = write_update_response(
        buffer, 512, message, read ? Rcode::NOERROR : Rcode::FORMERR, refusal, Lease{1, 2}, 100);
    must(response.empty() == (message.size() < 12));
    must(response.empty() || dns::MessageView::parse(response).has_value());
    if (!read) return 0;
    check_builder(*read);
    for (const UpdateRecord& record : read->updates) check_language(record, read->zone_class);

    UpdateMessage update = *read;
    const Requester who{name("key."), IpAddress::v4(10, 0, 0, 1), 1, 1};
    const UpdateRules all = rules(data[0]);
    const UpdateOutcome outcome = run_update(*base(), update, who, all, now);
    must(outcome.is_good() == outcome.refusal.reason.empty());
    check_private(outcome.change);
    if (!outcome.is_good()) {
        must(!outcome.changes() && !outcome.granted);
        return 0;
    }
    if (!outcome.changes()) return 0;
    zone::ZoneChange change = outcome.change;
    if (!outcome.has_serial) ++change.to_serial;
    const auto next = zone::apply_change(base(), change);
    must(next.has_value());
    // Without prerequisites and deletions an update is idempotent.
    update.prerequisites.clear();
    const bool only_adds = std::ranges::all_of(update.updates, [&](const UpdateRecord& record) {
        return record.klass == update.zone_class && !is_half_way(record);
    });
    if (only_adds && !outcome.has_serial) {
        const UpdateOutcome second = run_update(**next, update, who, all, now);
        must(!second.is_good() || !second.changes() || second.only_leases ||
             all.timeout_type == timeout_type);
    }
    const Expiry over = expired(**next, now + 1'000'000'000, all.timeout_type);
    zone::ZoneChange end = over.change;
    ++end.to_serial;
    must(zone::apply_change(*next, end).has_value());
    return 0;
}
