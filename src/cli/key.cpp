#include "cli/key.hpp"

#include <algorithm>
#include <filesystem>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "client/key_making.hpp"
#include "config/text.hpp"
#include "dns/rdata.hpp"
#include "dnssec/presign.hpp"
#include "files/key_files.hpp"
#include "net/system.hpp"

namespace kith::cli {
namespace {

namespace fs = std::filesystem;
using dnssec::ZoneKey;
using files::StoredKey;

// Two keys of a zone with one tag cost validators work and signers their bearings; 65,536 tags make a
// second one rare, and a few tries enough.
constexpr int tag_tries = 16;

/// What a person meant by words of the command line, or what is wrong with them.
struct Wanted {
    dns::Name zone;
    crypto::Algorithm algorithm{};
    std::uint16_t flags = 0;
    std::uint32_t ttl = 0;
};

Read<std::uint16_t> read_role(const std::string& role) {
    if (role == "csk" || role == "ksk") return dnssec::ksk_flags;
    if (role == "zsk") return dnssec::zsk_flags;
    if (role == "host") return client::host_flags;
    return std::unexpected(
        fmt::format("--role: expected csk, ksk, zsk or host, found {}", config::shown(role)));
}

Read<crypto::Algorithm> read_algorithm(const std::string& text) {
    const auto algorithm = crypto::parse_algorithm(text);
    if (!algorithm || crypto::row_of(*algorithm).signing == crypto::Signing::refused) {
        return std::unexpected(fmt::format(
            "--algorithm: expected ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448, RSASHA256 or RSASHA512, found {}",
            text.empty() ? "nothing" : config::shown(text)));
    }
    return *algorithm;
}

Read<Wanted> read_wanted(const std::string& zone, const std::string& role, const std::string& ttl) {
    Wanted out;
    KITH_TRY(const dns::Name name, read_name("zone", zone));
    out.zone = name.lowered();
    KITH_TRY(out.flags, read_role(role));
    KITH_TRY(out.ttl, read_seconds("--ttl", ttl));
    return out;
}

bool is_host(const StoredKey& key) { return key.is_key_record; }

const char* role_text(const StoredKey& key) {
    if (is_host(key)) return "host";
    return key.key.is_sep() ? "ksk/csk" : "zsk";
}

std::string time_text(const std::optional<UnixTime>& time) {
    return time ? dnssec::format_key_time(*time) : "-";
}

int bits_of(const ZoneKey& key) {
    const auto read = dnssec::Dnskey::read(key.rdata());
    const auto shown = crypto::PublicKey::from_wire(read->algorithm, read->key);
    return shown ? shown->bits() : 0;
}

void print_json(const StoredKey& key, std::ostream& out) {
    std::string times;
    const auto add_time = [&](std::string_view name, const std::optional<UnixTime>& time) {
        if (time) times += fmt::format(R"(,"{}":"{}")", name, dnssec::format_key_time(*time));
    };
    add_time("created", key.times.created);
    add_time("publish", key.times.publish);
    add_time("activate", key.times.activate);
    add_time("inactive", key.times.inactive);
    add_time("delete", key.times.remove);
    fmt::print(
        out,
        R"({{"zone":{},"tag":{},"algorithm":"{}","bits":{},"role":"{}","private":{},"files":{}{}}})"
        "\n",
        config::json_text(key.owner.to_text()), key.key.tag(),
        crypto::algorithm_name(key.key.algorithm()), bits_of(key.key), role_text(key),
        key.key.private_key().has_value(), config::json_text(key.stem), times);
}

/// Whether another key of the zone in the folder has this tag.
bool is_tag_taken(const std::string& folder, const Wanted& wanted, const ZoneKey& key) {
    std::error_code ignored;
    for (const crypto::AlgorithmRow& row : crypto::all_algorithms()) {
        const std::string stem =
            dnssec::key_file_stem(wanted.zone, static_cast<std::uint8_t>(row.algorithm), key.tag());
        if (fs::exists(fs::path(folder) / (stem + ".key"), ignored)) return true;
    }
    return false;
}

/// `times`: instead of now and without end.
Read<std::string> write_key(const std::string& folder, const Wanted& wanted, ZoneKey key,
                            const std::optional<dnssec::KeyTimes>& times = std::nullopt) {
    StoredKey stored =
        client::new_stored_key(wanted.zone, wanted.ttl, std::move(key), net::unix_now());
    const auto created = stored.times.created;
    if (times) stored.times = *times;
    stored.times.created = created;
    return files::write_key_files(folder, stored);
}

/// A key whose tag no other of the zone in the folder has.
Read<ZoneKey> make_key(const KeyGenerateOptions& options, const Wanted& wanted) {
    std::optional<ZoneKey> key;
    for (int tries = 0; tries < tag_tries && (!key || is_tag_taken(options.folder, wanted, *key));
         ++tries) {
        auto made = crypto::PrivateKey::generate(wanted.algorithm, options.bits);
        if (!made)
            return std::unexpected(
                fmt::format("cannot make a key: {}", crypto::fault_text(made.error())));
        key.emplace(wanted.flags, *std::move(made));
    }
    return *std::move(key);
}

/// The times of each key to make; none: from now on, without end.
Read<std::vector<std::optional<dnssec::KeyTimes>>> read_times(const KeyGenerateOptions& options) {
    std::vector<std::optional<dnssec::KeyTimes>> out(1);
    if (options.lifetime.empty()) {
        if (options.count == 1 && options.from.empty()) return out;
        return std::unexpected("--lifetime: expected how long each of the keys signs, found none");
    }
    if (options.role != "zsk")
        return std::unexpected(
            "--lifetime: expected --role zsk; the parent has a part in the lives of other keys");
    KITH_TRY(const std::uint32_t lifetime, read_seconds("--lifetime", options.lifetime));
    KITH_TRY(const std::uint32_t overlap, read_seconds("--overlap", options.overlap));
    KITH_TRY(const UnixTime from, read_begin(options.from));
    if (overlap == 0 || overlap >= lifetime)
        return std::unexpected(
            fmt::format("--overlap: expected a time shorter than --lifetime ({}), found {}",
                        options.lifetime, options.overlap));
    const auto all = dnssec::succession(from, lifetime, overlap, options.count);
    out.assign(all.begin(), all.end());
    return out;
}

Read<std::vector<StoredKey>> read_all(const std::vector<std::string>& files) {
    std::vector<StoredKey> keys;
    for (const std::string& file : files) {
        KITH_TRY(StoredKey key, files::read_key_files(file));
        keys.push_back(std::move(key));
    }
    return keys;
}

Read<std::vector<StoredKey>> find_keys(const KeyListOptions& options) {
    if (!options.files.empty()) return read_all(options.files);
    if (!options.zone.empty()) {
        KITH_TRY(const dns::Name zone, read_name("--zone", options.zone));
        return files::read_key_folder(options.folder, zone);
    }
    std::vector<std::string> files;
    std::error_code error;
    for (fs::directory_iterator at(options.folder, error); !error && at != fs::directory_iterator();
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (name.starts_with("K") && name.ends_with(".key")) files.push_back(at->path().string());
    }
    if (error)
        return std::unexpected(
            fmt::format("{}: cannot read this folder: {}", options.folder, error.message()));
    std::ranges::sort(files);
    return read_all(files);
}

Read<crypto::PrivateKey> read_private(const KeyImportOptions& options) {
    KITH_TRY(const crypto::SecretBytes content, files::read_secret_file(options.file));
    const std::string_view text = as_text(content.bytes());
    if (text.starts_with("Private-key-format:")) {
        auto file = dnssec::parse_private_key(text);
        if (!file)
            return std::unexpected(
                fmt::format("{}:{}: {}", options.file, file.error().line, file.error().text));
        return file->key;
    }
    KITH_TRY(const crypto::Algorithm algorithm, read_algorithm(options.algorithm));
    auto key = text.find("-----BEGIN") != text.npos
                   ? crypto::PrivateKey::from_pem(algorithm, text)
                   : crypto::PrivateKey::from_der(algorithm, content.bytes());
    if (!key)
        return std::unexpected(
            fmt::format("{}: {}", options.file, crypto::fault_text(key.error())));
    return *std::move(key);
}

}  // namespace

int key_generate(const KeyGenerateOptions& options, std::ostream& out, std::ostream& err) {
    auto wanted = read_wanted(options.zone, options.role, options.ttl);
    if (!wanted) return wrong_usage(err, "key generate", wanted.error());
    const auto algorithm = read_algorithm(options.algorithm);
    if (!algorithm) return wrong_usage(err, "key generate", algorithm.error());
    wanted->algorithm = *algorithm;
    const auto all_times = read_times(options);
    if (!all_times) return wrong_usage(err, "key generate", all_times.error());
    for (const auto& times : *all_times) {
        auto key = make_key(options, *wanted);
        if (!key) return failed(err, "key generate", key.error());
        const auto stem = write_key(options.folder, *wanted, *std::move(key), times);
        if (!stem) return failed(err, "key generate", stem.error());
        if (!options.json) {
            fmt::print(out, "{}\n", *stem);
            continue;
        }
        const auto stored = files::read_key_files(*stem);
        if (!stored) return failed(err, "key generate", stored.error());
        print_json(*stored, out);
    }
    return 0;
}

int key_list(const KeyListOptions& options, std::ostream& out, std::ostream& err) {
    const auto keys = find_keys(options);
    if (!keys) return failed(err, "key list", keys.error());
    for (const StoredKey& key : *keys) {
        if (options.json) {
            print_json(key, out);
            continue;
        }
        fmt::print(out, "{}  tag {}  {} {} bits  {}{}\n", key.owner.to_text(), key.key.tag(),
                   crypto::algorithm_name(key.key.algorithm()), bits_of(key.key), role_text(key),
                   key.key.private_key() ? "" : "  no private key");
        fmt::print(out, "    created {}  publish {}  activate {}  inactive {}  delete {}\n",
                   time_text(key.times.created), time_text(key.times.publish),
                   time_text(key.times.activate), time_text(key.times.inactive),
                   time_text(key.times.remove));
    }
    if (!keys->empty()) return exit_good;
    return options.json ? exit_failed
                        : failed(err, "key list",
                                 fmt::format("no keys found in {}; `kith key generate` makes one",
                                             options.folder));
}

int key_ds(const KeyDsOptions& options, std::ostream& out, std::ostream& err) {
    const auto keys = read_all(options.files);
    if (!keys) return failed(err, "key ds", keys.error());
    for (const StoredKey& key : *keys) {
        if (key.is_key_record)
            return failed(err, "key ds",
                          fmt::format("{}: a KEY record of SIG(0) has no DS", key.stem));
        if (options.dnskey) {
            fmt::print(out, "{} IN DNSKEY {}\n", key.owner.to_text(),
                       dns::rdata_to_text(dns::RrType::DNSKEY, dns::RrClass::IN, key.key.rdata()));
            continue;
        }
        if (!key.key.is_sep()) {
            fmt::print(
                err,
                "kith key ds: {}: this key signs the zone (flags 256); a DS stands for one that signs the keys\n",
                key.stem);
        }
        for (const std::string& text : options.digests) {
            const auto digest = client::parse_digest(text);
            if (!digest)
                return wrong_usage(
                    err, "key ds",
                    fmt::format("--digest: expected sha256, sha384 or sha1, found {}",
                                config::shown(text)));
            fmt::print(out, "{} IN DS {}\n", key.owner.to_text(),
                       dns::rdata_to_text(dns::RrType::DS, dns::RrClass::IN,
                                          dnssec::make_ds(key.owner, key.key.rdata(), *digest)));
        }
    }
    return 0;
}

int key_import(const KeyImportOptions& options, std::ostream& out, std::ostream& err) {
    const auto wanted = read_wanted(options.zone, options.role, options.ttl);
    if (!wanted) return wrong_usage(err, "key import", wanted.error());
    auto key = read_private(options);
    if (!key) return failed(err, "key import", key.error());
    const auto stem = write_key(options.folder, *wanted, ZoneKey(wanted->flags, *std::move(key)));
    if (!stem) return failed(err, "key import", stem.error());
    fmt::print(out, "{}\n", *stem);
    return 0;
}

int key_export(const KeyExportOptions& options, std::ostream& out, std::ostream& err) {
    const auto stored = files::read_key_files(options.file);
    if (!stored) return failed(err, "key export", stored.error());
    const auto& key = stored->key.private_key();
    if (!key)
        return failed(err, "key export",
                      fmt::format("{}.private: there is no private key", stored->stem));
    crypto::SecretBytes content;
    if (options.format == "pem") {
        content = key->to_pem();
    } else if (options.format == "der") {
        content = key->to_der();
    } else if (options.format == "bind") {
        content = dnssec::format_private_key({*key, stored->times});
    } else {
        return wrong_usage(err, "key export",
                           fmt::format("--format: expected pem, der or bind, found {}",
                                       config::shown(options.format)));
    }
    if (options.output.empty()) {
        out << as_text(content.bytes());
        return out.flush().good() ? 0 : 1;
    }
    const auto written = files::write_secret_file(options.output, content.bytes());
    return written ? 0 : failed(err, "key export", written.error());
}

}  // namespace kith::cli
