// How ZoneKeeper makes the next version of a zone from what is staged: its serial, its signatures, and
// what becomes of a part that spoils the rest.

#include <algorithm>

#include "base/log.hpp"
#include "dns/serial.hpp"
#include "server/change_fit.hpp"
#include "server/zone_keeper_parts.hpp"
#include "server/zone_upkeep.hpp"
#include "zone/difference_at.hpp"

namespace kith::server {
namespace {

using zone::Record;

void add_owners(const ZoneChange& change, std::vector<Name>& owners) {
    for (const Record& record : change.removed) owners.push_back(record.owner);
    for (const Record& record : change.added) owners.push_back(record.owner);
}

void make_set(std::vector<Name>& owners) {
    std::ranges::sort(owners);
    const auto rest = std::ranges::unique(owners);
    owners.erase(rest.begin(), rest.end());
}

}  // namespace

Result<ZonePtr, std::string> ZoneKeeper::with_signatures(const Signer& sign, const ZonePtr& zone,
                                                         const ZoneChange* change,
                                                         std::span<const Name> due) {
    KITH_TRY(ZoneChange extra, upkeep_with(sign)(*zone, change, due));
    if (extra.removed.empty() && extra.added.empty()) return zone;
    extra.apex = zone->apex();
    extra.from_serial = extra.to_serial = zone->serial();
    auto signed_zone = zone::apply_change(zone, extra, zone::file_bounds);
    if (!signed_zone) return std::unexpected(misfit(signed_zone.error()));
    return std::move(*signed_zone);
}

/// Gives what is staged its serial and signatures.
Result<ZoneKeeper::Sealed, std::string> ZoneKeeper::seal(Kept& kept) const {
    Sealed sealed{&kept, kept.working, nullptr};
    std::vector<Name> owners = {kept.apex};
    std::vector<Name> due;
    bool is_resigned = false;
    for (const Part& part : kept.parts) {
        if (part.change) add_owners(*part.change, owners);
        due.insert(due.end(), part.due.begin(), part.due.end());
        is_resigned = is_resigned || !part.change;
    }
    make_set(owners);
    ZoneChange change = zone::difference_at(*kept.serving, *kept.working, owners);
    const bool unseen = zone::is_provenance_only(change) && !is_resigned;
    if (unseen && change.added.empty()) {
        sealed.zone = kept.serving;
        sealed.is_nothing = true;
        return sealed;
    }
    if (!unseen && !kept.is_given) {
        std::uint32_t serial = kept.working->serial();
        if (!dns::is_newer(serial, kept.serving->serial())) {
            serial = zone::next_serial(kept.settings.serial, kept.serving->serial(), now_());
            const ZoneChange step{kept.apex, kept.working->serial(), serial, {}, {}};
            auto next = zone::apply_change(kept.working, step, kept.settings.bounds);
            if (!next) return std::unexpected(misfit(next.error()));
            sealed.zone = std::move(*next);
            change = zone::difference_at(*kept.serving, *sealed.zone, owners);
        }
        const ZonePtr plain = sealed.zone;
        KITH_TRY(ZoneChange extra, upkeep_with(kept.settings.sign)(*plain, &change, due));
        if (!extra.removed.empty() || !extra.added.empty()) {
            extra.apex = kept.apex;
            extra.from_serial = extra.to_serial = serial;
            auto next = zone::apply_change(plain, extra, zone::file_bounds);
            if (!next) return std::unexpected(misfit(next.error()));
            sealed.zone = std::move(*next);
            add_owners(extra, owners);
            make_set(owners);
            change = zone::difference_at(*kept.serving, *sealed.zone, owners);
        }
    }
    sealed.change = std::make_shared<const ZoneChange>(std::move(change));
    return sealed;
}

/// One part of what is staged cannot be signed, or makes a zone that cannot be: finds which, by
/// signing them one after the other, and stages the rest anew.
void ZoneKeeper::sift(Kept& kept, std::vector<Ended>& ended) {
    std::vector<Part> good;
    ZonePtr trial = kept.serving;
    for (Part& part : std::exchange(kept.parts, {})) {
        const auto signed_trial = [&]() -> Result<ZonePtr, std::string> {
            ZoneChange change = part.change.value_or(ZoneChange{kept.apex, 0, 0, {}, {}});
            fit_serials(change, *trial);
            auto next = zone::apply_change(trial, change, kept.settings.bounds);
            if (!next) return std::unexpected(misfit(next.error()));
            return with_signatures(kept.settings.sign, *next, &change, part.due);
        }();
        if (signed_trial) {
            trial = *signed_trial;
            good.push_back(std::move(part));
            continue;
        }
        refuse(std::move(part), signed_trial.error(), ended);
    }
    trial = nullptr;
    restage(kept, std::move(good),
            ended);  // what fails was about signatures that only the trial had
}

/// Stages these parts once more, on the version that serves; what does not fit it is refused.
void ZoneKeeper::restage(Kept& kept, std::vector<Part> parts, std::vector<Ended>& ended) {
    kept.working = kept.serving;
    for (Part& part : parts) {
        if (part.change) {
            fit_serials(*part.change, *kept.working);
            auto next = zone::apply_change(kept.working, *part.change, kept.settings.bounds);
            if (!next) {
                refuse(std::move(part), misfit(next.error()), ended);
                continue;
            }
            kept.working = std::move(*next);
        }
        kept.parts.push_back(std::move(part));
    }
}

void ZoneKeeper::refuse(Part&& part, std::string text, std::vector<Ended>& ended) {
    ended.push_back({{}, {Outcome::Kind::refused, 0, std::move(text)}});
    ended.back().parts.push_back(std::move(part));
    ++counters_.refused;
}

/// The next version of each zone for which something is staged; what cannot be is ended.
std::vector<ZoneKeeper::Sealed> ZoneKeeper::seal_all(std::vector<Ended>& ended) {
    std::vector<Sealed> sealed;
    for (const auto& [key, kept] : zones_) {
        if (kept->parts.empty()) continue;
        auto one = seal(*kept);
        if (!one) {
            log::write(log::Level::error, "change.refused", log::kv("zone", kept->apex.to_text()),
                       log::kv("text", one.error()));
            kept->working = kept->serving;
            if (kept->parts.size() > 1) {
                sift(*kept, ended);
                if (kept->parts.empty()) continue;
                one = seal(*kept);
            }
        }
        if (one) {
            sealed.push_back(std::move(*one));
            continue;
        }
        kept->working = kept->serving;
        ended.push_back(end(*kept, {Outcome::Kind::refused, 0, one.error()}));
    }
    return sealed;
}

}  // namespace kith::server
