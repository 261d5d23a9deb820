#include <sstream>

#include <fmt/format.h>

#include "client/handles.hpp"
#include "client/record_text.hpp"
#include "client/zone_print.hpp"
#include "client/zone_signing.hpp"
#include "dns/rdata.hpp"
#include "dnssec/zone_verifier.hpp"
#include "files/zone_input.hpp"
#include "net/system.hpp"
#include "zone/zone_file_load.hpp"

namespace kith::client {
namespace {

Expected<Zone> handle(zone::LoadResult loaded) {
    if (loaded.zone) return Zone(std::make_shared<Zone::Material>(std::move(loaded.zone)));
    std::string all;
    for (const Problem& problem : loaded.problems)
        all += (all.empty() ? "" : "\n") + problem.to_text();
    return error_of(ErrorKind::input, std::move(all));
}

std::chrono::sys_seconds time_of(UnixTime time) {
    return std::chrono::sys_seconds(std::chrono::seconds(time));
}

}  // namespace

Expected<Zone> Zone::from_text(std::string_view text, const std::string& origin) {
    zone::LoadOptions options;
    options.advice = zone::Advice::omit;
    if (!origin.empty()) {
        KITH_TRY(options.apex, read_name("origin", origin));
    }
    return handle(zone::load_zone(text, options));
}

Expected<Zone> Zone::from_file(const std::string& path, const std::string& origin) {
    if (!origin.empty()) {
        KITH_TRY_VOID(read_name("origin", origin));
    }
    return handle(files::load_zone_input(path, origin, zone::Advice::omit));
}

std::string Zone::name() const { return zone_->zone->apex().to_text(); }
std::uint32_t Zone::serial() const { return zone_->zone->serial(); }
std::size_t Zone::record_count() const { return zone_->zone->record_count(); }

void Zone::for_each(const std::function<void(const Record&)>& visit) const {
    zone_->zone->for_each_in_order([&](const dns::Name& owner, zone::NodeView node) {
        for (const zone::RrSetView rrset : node.rrsets()) {
            for (const Bytes rdata : rrset)
                visit(from(owner, rrset.type(), rrset.record_ttl(rdata), rdata));
        }
    });
}

std::string Zone::to_text(ZoneForm form) const {
    std::ostringstream out;
    write_zone(*zone_->zone, form, out);
    return std::move(out).str();
}

Expected<void> Zone::save(const std::string& path, ZoneForm form) const {
    auto written =
        write_file(path, [&](std::ostream& out) { write_zone(*zone_->zone, form, out); });
    if (!written) return error_of(ErrorKind::file, std::move(written).error());
    return {};
}

Expected<Zone> Zone::sign(const std::vector<SigningKey>& keys, const SignOptions& options) const {
    std::vector<files::StoredKey> stored;
    for (const SigningKey& key : keys) {
        const files::StoredKey& each = key.material().key;
        if (each.owner.view() != zone_->zone->apex() || each.is_key_record) {
            return error_of(ErrorKind::input,
                            fmt::format("expected keys of the zone {}, found {} {}", name(),
                                        key.owner(), each.is_key_record ? "KEY" : "DNSKEY"));
        }
        stored.push_back(each);
    }
    KITH_TRY(SignedZone done, sign_zone(zone_->zone, stored, options));
    return Zone(std::make_shared<Material>(std::move(done.zone)));
}

Expected<VerifyReport> Zone::verify(const VerifyOptions& options) const {
    dnssec::VerifyOptions wanted;
    wanted.valid_for = options.valid_for.count();
    for (const std::string& text : options.ds) {
        auto rdata = dns::rdata_from_text(dns::RrType::DS, text);
        if (!rdata)
            return error_of(ErrorKind::input, fmt::format("ds '{}': {}", text, rdata.error().text));
        wanted.ds.push_back(*std::move(rdata));
    }
    const UnixTime now = options.now ? options.now->time_since_epoch().count() : net::unix_now();
    const dnssec::ZoneReport found = dnssec::verify_zone(*zone_->zone, now, wanted);
    VerifyReport out;
    for (const dnssec::ZoneFlaw& flaw : found.flaws)
        out.flaws.push_back(
            {flaw.owner.to_text(), std::string(dns::type_name(flaw.type)), flaw.text});
    out.flaws_left_out = found.flaws_left_out;
    out.rrsets = found.rrsets;
    out.signatures = found.signatures;
    if (found.first_expiration != 0) out.first_expiration = time_of(found.first_expiration);
    return out;
}

Expected<ZoneDifference> Zone::difference_to(const Zone& later) const {
    const zone::Zone& before = *zone_->zone;
    const zone::Zone& after = *later.zone_->zone;
    if (before.apex() != after.apex()) {
        return error_of(ErrorKind::input, fmt::format("expected one zone twice, found {} and {}",
                                                      name(), later.name()));
    }
    return from(zone::difference(before, after));
}

}  // namespace kith::client
