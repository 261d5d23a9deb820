#pragma once
// Key files as BIND has them: K<zone>+<algorithm>+<tag>.key with the DNSKEY record, and .private with
// the numbers of the private key ("Private-key-format: v1.3") and the times of its life. Text in and
// out; whoever reads and writes the files sees to it that only one user can read them.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/key.hpp"
#include "dnssec/zone_key.hpp"

namespace kith::dnssec {

/// Times of a key's life (BIND: dnssec-settime); none: not planned.
struct KeyTimes {
    std::optional<UnixTime> created;
    std::optional<UnixTime> publish;       // its DNSKEY stands in the zone from here
    std::optional<UnixTime> activate;      // it signs from here
    std::optional<UnixTime> revoke;        // RFC 5011 §2.1
    std::optional<UnixTime> inactive;      // it signs no more
    std::optional<UnixTime> remove;        // "Delete": its DNSKEY is gone
    std::optional<UnixTime> sync_publish;  // CDS and CDNSKEY from here
    std::optional<UnixTime> sync_remove;   // "SyncDelete": and no more

    friend bool operator==(const KeyTimes&, const KeyTimes&) = default;
};

/// Times at which a key may begin or end to do something, in any order.
std::vector<UnixTime> change_times(const KeyTimes& times);

/// What a key does at `now` by its times and flags; `use` of a key without times stays as it is.
KeyUse use_at(const KeyUse& use, const KeyTimes& times, UnixTime now);

/// A key and the times of its life.
struct TimedKey {
    ZoneKey key;
    KeyTimes times;
};
/// What keys do at `now` by their flags and times: as use_by_flags() of those that are active, so that a
/// key waiting for its time leaves the work to others, and those besides that are only published.
KeySet use_by_times(std::span<const TimedKey> keys, UnixTime now);

/// YYYYMMDDHHmmSS in UTC, of the years 1970 to 9999.
std::string format_key_time(UnixTime time);
std::optional<UnixTime> parse_key_time(std::string_view text);

/// "Kexample.+013+04711": the name of both files without its ending. Bytes of the zone's name that are
/// not letters, digits, "-", "_" or "." are written \DDD, so that no name is a path.
std::string key_file_stem(NameView zone, std::uint8_t algorithm, std::uint16_t tag);

/// Why a key file cannot be used.
struct KeyFileError {
    std::string text;
    std::uint32_t line = 0;  // 0: the file as a whole
};

/// The .key file.
struct PublicKeyFile {
    Name owner;
    std::uint32_t ttl = 0;            // 0: not stated
    std::vector<std::uint8_t> rdata;  // of the DNSKEY
    bool is_key_record = false;       // KEY, of SIG(0), and not DNSKEY
    // In comments, as BIND writes them too. Those of the .private file count where there is one.
    KeyTimes times{};
};
std::string format_public_key(const PublicKeyFile& file);
Result<PublicKeyFile, KeyFileError> parse_public_key(std::string_view text);

/// The .private file.
struct PrivateKeyFile {
    crypto::PrivateKey key;
    KeyTimes times;
};
crypto::SecretBytes format_private_key(const PrivateKeyFile& file);
/// Lines with unknown names are passed over: later versions of the format add some.
Result<PrivateKeyFile, KeyFileError> parse_private_key(std::string_view text);

/// Both together; an error when they are not of the same key.
Result<ZoneKey, KeyFileError> join_key_files(const PublicKeyFile& shown,
                                             const PrivateKeyFile& file);

}  // namespace kith::dnssec
