#pragma once
// Key files on disk (dnssec/key_file.hpp): read so that only keys of one user are used, written so that
// only one user can read them.

#include <string>
#include <vector>

#include "dnssec/key_file.hpp"

namespace kith::files {

/// One key of a zone as its files have it.
struct StoredKey {
    std::string stem;  // path of its files without ".key" or ".private"
    dns::Name owner;
    std::uint32_t ttl = 0;       // of the DNSKEY; 0: not stated
    bool is_key_record = false;  // KEY, for SIG(0)
    dnssec::ZoneKey key;         // without private half when there is no .private file
    dnssec::KeyTimes times;
};

/// The key at `path`: its .key or .private file, or what both names have in common. A private key that
/// anyone but its owner may read is refused. The error names the file and says what to do.
Result<StoredKey, std::string> read_key_files(const std::string& path);
/// All keys of `zone` in `folder`, by algorithm and tag; keys of other zones are passed over. One that
/// cannot be read is an error: signing with the others could break the zone.
Result<std::vector<StoredKey>, std::string> read_key_folder(const std::string& folder,
                                                            dns::NameView zone);
/// Writes the two files into `folder`, the private one with mode 0600; returns their stem, that of the
/// key given is not looked at. Fails when files of that name exist, and then changes nothing.
Result<std::string, std::string> write_key_files(const std::string& folder, const StoredKey& key);

/// Where a secret file is that the configuration in `folder` calls `file`: a name without a folder is
/// one of the service manager's credentials when there is one (CREDENTIALS_DIRECTORY,
/// systemd.exec(5)), so that one configuration goes for the service and for its operator.
std::string secret_file_path(const std::string& folder, const std::string& file);
/// Reads a file with secrets, of at most crypto::private_key_text_bytes_max bytes; refused when anyone
/// but its owner may read it. Credentials of the service manager may be read by a group: it hands
/// them to the service's user that way, and to nobody else.
Result<crypto::SecretBytes, std::string> read_secret_file(const std::string& path);
/// Writes a new file with mode 0600; fails when there is one.
Result<void, std::string> write_secret_file(const std::string& path, Bytes content);

}  // namespace kith::files
