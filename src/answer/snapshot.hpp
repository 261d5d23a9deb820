#pragma once
// AnswerSnapshot: everything that decides what a query is answered, immutable once published.
//
// The control thread builds one from the configuration and the zones and publishes it whole; a
// worker takes it once per batch and passes it down. Reading needs no lock.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "answer/cookies.hpp"
#include "answer/rewrites.hpp"
#include "answer/special_names.hpp"
#include "base/ip_prefix_set.hpp"
#include "base/time.hpp"
#include "zone/zone.hpp"
#include "zone/zone_set.hpp"

namespace kith::answer {

enum class AnyPolicy : std::uint8_t {
    one_rrset,  // RFC 8482 §4.1, over every transport: the answer must not depend on it
    all,        // everything at the name, as before RFC 8482
};

enum class CookiePolicy : std::uint8_t {
    offer,    // answer everybody, give cookies to those that ask
    require,  // over UDP answer BADCOOKIE to a client that sent a cookie we did not make
};

struct AnswerOptions {
    std::string nsid;      // RFC 5001, at most nsid_bytes_max bytes; empty: none is sent
    std::string version;   // version.bind and version.server CH TXT; empty: REFUSED
    std::string hostname;  // hostname.bind and id.server CH TXT; empty: REFUSED
    std::uint16_t udp_payload_bytes_max = dns::udp_bytes_default;
    AnyPolicy any = AnyPolicy::one_rrset;
    CookiePolicy cookie_policy = CookiePolicy::offer;
    std::optional<CookieSecrets> cookies;                // none: the COOKIE option is ignored
    std::chrono::milliseconds tcp_idle_timeout{10'000};  // told to clients (RFC 7828)

    bool forwarding = false;                // names that are not ours are asked elsewhere ...
    std::vector<IpPrefix> forward_clients;  // ... for these clients; empty: for all
    /// Names with upstreams of their own. They are forwarded even when they are special-use names
    /// or lie inside a local zone, if they are longer than its name: the longest match decides.
    std::vector<dns::Name> forward_names;
};

/// What a configuration decides, all but the zones.
struct AnswerSettings {
    explicit AnswerSettings(AnswerOptions given);

    AnswerOptions options;
    /// Records of the configuration that lie in none of the zones, as a zone whose apex is the
    /// root; may be null. Only names that own records are answered from it, all else passes; the
    /// root and the SOA a zone must have there are never answered.
    zone::ZonePtr records;
    Rewrites rewrites;
    SpecialNames special_names;
    NameTable<char> forward_names;  // options.forward_names
    IpPrefixSet forward_clients;    // options.forward_clients
};

/// A copy shares its settings with the original, so that the next version of one zone is published
/// at the cost of a few pointers, whatever else there is.
class AnswerSnapshot {
    std::shared_ptr<AnswerSettings> settings_;

public:
    AnswerSnapshot() : AnswerSnapshot(AnswerOptions{}) {}
    explicit AnswerSnapshot(AnswerOptions given)
        : settings_(std::make_shared<AnswerSettings>(std::move(given))) {}

    const AnswerOptions& options = settings_->options;
    const zone::ZonePtr& records = settings_->records;
    const Rewrites& rewrites = settings_->rewrites;
    const SpecialNames& special_names = settings_->special_names;

    zone::ZoneSet zones;
    /// Zones that are ours to answer and that have not come, or are too old to be told: everything
    /// in them is SERVFAIL (RFC 1034 §4.3.5). Null: none.
    std::shared_ptr<const NameTable<char>> unavailable;
    /// When zones that this server is a secondary of expire, as seconds since 1970, by their names: for
    /// the EXPIRE option. Null: none.
    using ExpiresAt = std::shared_ptr<const std::atomic<UnixTime>>;
    std::shared_ptr<const NameTable<ExpiresAt>> expires;

    /// To fill in before this snapshot or any copy of it is published.
    AnswerSettings& settings() { return *settings_; }

    AnswerSnapshot(const AnswerSnapshot& other)
        : settings_(other.settings_),
          zones(other.zones),
          unavailable(other.unavailable),
          expires(other.expires) {}
    AnswerSnapshot& operator=(const AnswerSnapshot&) = delete;

    /// True when names may be looked up elsewhere for this client.
    bool forwards_for(const IpAddress& client) const;
    /// Labels of the longest of options.forward_names at or above `name`; 0: none.
    int forward_labels(const dns::LookupName& name) const {
        return settings_->forward_names.closest(name).labels;
    }
};

}  // namespace kith::answer
