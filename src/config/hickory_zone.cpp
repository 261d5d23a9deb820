#include "config/hickory_zone.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/hickory.hpp"
#include "config/text.hpp"

namespace kith::config {
namespace {

using enum KeyUse;

constexpr std::chrono::milliseconds validity = std::chrono::weeks(52);

// clang-format off
constexpr KeyRow zone_keys[] = {
    {"zone"}, {"zone_type"}, {"file"}, {"allow_update"}, {"enable_dnssec"},
    {"axfr_policy"}, {"keys"}, {"nx_proof_kind"}, {"stores"},
};
constexpr KeyRow store_keys[] = {
    {"type"}, {"zone_path"}, {"zone_file_path"}, {"journal_path"}, {"journal_file_path"},
    {"allow_update"}, {"tsig_keys"}, {"name_servers"},
    {"options", no_effect, "upstreams are chosen by their latency, see `server` in kith's own configuration"},
};
constexpr KeyRow tsig_keys[] = {
    {"name"}, {"key_file"}, {"algorithm"},
    {"fudge", no_effect, "it is 300 seconds"},
};
constexpr KeyRow signing_keys[] = {
    {"key_path"}, {"algorithm"},
    {"signer_name", no_effect, "signatures name the zone"},
    {"password", not_yet, "keys are read without a password"},
    {"purpose", no_effect, "the key signs the zone"},
};
constexpr KeyRow name_server_keys[] = {
    {"ip"}, {"socket_addr"}, {"protocol"}, {"connections"},
    {"trust_negative_responses", no_effect, "negative answers are kept as RFC 2308 says"},
    {"tls_dns_name", not_yet, "upstreams are asked over UDP and TCP"},
};
constexpr KeyRow connection_keys[] = {
    {"protocol"}, {"port"},
    {"bind_addr", not_yet, "the system chooses the address that upstreams are asked from"},
};
// clang-format on

struct AlgorithmName {
    std::string_view name;
    SigningAlgorithm algorithm;
};
constexpr AlgorithmName algorithms[] = {
    {"RSASHA256", SigningAlgorithm::rsasha256},
    {"RSASHA512", SigningAlgorithm::rsasha512},
    {"ECDSAP256SHA256", SigningAlgorithm::ecdsap256sha256},
    {"ECDSAP384SHA384", SigningAlgorithm::ecdsap384sha384},
    {"ED25519", SigningAlgorithm::ed25519},
};

class ZoneEntry {
public:
    ZoneEntry(const TomlTable& entry, const HickoryPlace& place, Config& config)
        : entry_(entry), place_(place), config_(config) {}

    void read() {
        entry_.check_keys(zone_keys);
        const auto name = entry_.text("zone");
        if (!name) {
            if (!entry_.has("zone"))
                entry_.error(entry_.place(), "a zone: expected 'zone', its name");
            return;
        }
        zone_.name = {*name, entry_.place_of("zone")};
        zone_.at = entry_.place();
        const std::string type = entry_.text("zone_type").value_or(std::string());
        if (type == "External") return read_external();
        if (place_.era == HickoryEra::of_2016 && (type == "Hint" || type == "Forward")) {
            return entry_.warn(
                entry_.place_of("zone_type"),
                fmt::format("zone {}: {} zones were never served", shown(*name), type));
        }
        static constexpr std::string_view served[] = {"Primary", "Secondary", "Master", "Slave",
                                                      "External"};
        if (std::ranges::find(served, type) == std::end(served)) {
            return entry_.error(
                entry_.place_of("zone_type"),
                fmt::format(
                    "zone {}: expected 'zone_type' Primary, Secondary or External, found {}{}",
                    shown(*name), shown(type), did_you_mean(type, served)));
        }
        if (type == "Secondary" || type == "Slave") {
            entry_.warn(
                entry_.place_of("zone_type"),
                "nothing here says where the zone is transferred from: it is served as its file has it");
        }
        if (place_.era == HickoryEra::of_2016) {
            read_2016();
        } else {
            read_today();
        }
        if (zone_.file.text.empty()) {
            return entry_.error(
                entry_.place(),
                fmt::format("zone {}: expected 'file', or a store with a 'zone_path'",
                            shown(*name)));
        }
        config_.zones.push_back(std::move(zone_));
    }

private:
    std::string path(std::string_view text) const {
        if (text.starts_with('/')) return std::string(text);
        return fmt::format("{}/{}", place_.directory, text);
    }

    void set_file(const TomlTable& table, std::string_view key) {
        if (const auto file = table.text(key)) zone_.file = {path(*file), table.place_of(key)};
    }

    void read_2016() {
        set_file(entry_, "file");
        const std::string& file = zone_.file.text;
        if (entry_.flag("allow_update").value_or(false)) {
            // Any SIG(0) of a KEY in the zone.
            zone_.update.push_back({"grant * zonesub ANY", entry_.place_of("allow_update")});
            zone_.import_journal = {replace_extension(file, ".jrnl"),
                                    entry_.place_of("allow_update")};
        }
        if (!entry_.flag("enable_dnssec").value_or(false)) return;
        Dnssec& dnssec = sign(entry_.place_of("enable_dnssec"));
        dnssec.algorithm = SigningAlgorithm::rsasha256;
        dnssec.authorizes_updates = true;  // its key was a KEY of the zone too
        dnssec.key_files.push_back({replace_extension(file, ".key"), SigningAlgorithm::rsasha256,
                                    entry_.place_of("enable_dnssec")});
    }

    Dnssec& sign(Offset at) {
        Dnssec& dnssec = zone_.dnssec.emplace();
        dnssec.at = at;
        dnssec.signature_validity = validity;
        return dnssec;
    }

    void read_today() {
        set_file(entry_, "file");
        for (const toml::table* const table : entry_.tables("stores"))
            read_store(entry_.inside(*table, "a store"));
        const std::string policy = entry_.text("axfr_policy").value_or("Deny");
        if (policy == "AllowAll") {
            allow_transfer({"0.0.0.0/0", "::/0"});
        } else if (policy == "AllowSigned") {
            std::vector<std::string> keys;
            for (const std::string& key : zone_key_names_) keys.push_back("key " + key);
            if (keys.empty())
                entry_.warn(entry_.place_of("axfr_policy"),
                            "AllowSigned without tsig_keys: nobody can take the zone");
            allow_transfer(keys);
        } else if (policy != "Deny") {
            entry_.error(
                entry_.place_of("axfr_policy"),
                fmt::format("'axfr_policy': expected Deny, AllowAll or AllowSigned, found {}",
                            shown(policy)));
        }
        read_signing_keys();
        read_proof();
    }

    void allow_transfer(const std::vector<std::string>& who) {
        Transfer& transfer = zone_.transfer.emplace();
        transfer.at = entry_.place_of("axfr_policy");
        for (const std::string& text : who) transfer.allow.push_back({text, transfer.at});
    }

    void read_store(const TomlTable& store) {
        store.check_keys(store_keys);
        const std::string type = store.text("type").value_or(std::string());
        if (type != "file" && type != "sqlite") {
            return store.error(
                store.place_of("type"),
                fmt::format("a store: expected type file or sqlite, found {}", shown(type)));
        }
        if (!zone_.file.text.empty()) {
            return store.error(store.place(), "the zone has a file already: expected one store");
        }
        set_file(store, store.has("zone_path") ? "zone_path" : "zone_file_path");
        if (type == "file") return;
        if (const std::string_view key =
                store.has("journal_path") ? "journal_path" : "journal_file_path";
            const auto journal = store.text(key)) {
            if (*journal == ":memory:" || journal->starts_with("file:")) {
                store.warn(store.place_of(key), "the journal is kept in the state directory");
            } else {
                zone_.import_journal = {path(*journal), store.place_of(key)};
            }
        }
        const bool allowed = store.flag("allow_update").value_or(false);
        for (const toml::table* const table : store.tables("tsig_keys"))
            read_tsig_key(store.inside(*table, "a TSIG key"), allowed);
        if (allowed && zone_.update.empty())
            zone_.update.push_back({"grant * zonesub ANY", store.place_of("allow_update")});
        if (!zone_.is_of_record())
            zone_.serial = SerialRule::increment;  // what its journal has is kept
    }

    void read_tsig_key(const TomlTable& table, bool may_update) {
        table.check_keys(tsig_keys);
        const auto name = table.text("name");
        const auto file = table.text("key_file");
        if (!name || !file)
            return table.error(table.place(), "a TSIG key: expected 'name' and 'key_file'");
        zone_key_names_.push_back(*name);
        if (may_update)
            zone_.update.push_back(
                {fmt::format("grant {} zonesub ANY", *name), table.place_of("name")});
        for (const Key& known : config_.keys) {
            if (known.name.text == *name && known.file.text == path(*file)) return;
        }
        Key key;
        key.name = {*name, table.place_of("name")};
        key.file = {path(*file), table.place_of("key_file")};
        key.algorithm = {table.text("algorithm").value_or("hmac-sha256"),
                         table.place_of("algorithm")};
        key.at = table.place();
        config_.keys.push_back(std::move(key));
    }

    void read_signing_keys() {
        for (const toml::table* const table : entry_.tables("keys")) {
            const TomlTable key = entry_.inside(*table, "a key");
            key.check_keys(signing_keys);
            const auto file = key.text("key_path");
            const auto algorithm = key.text("algorithm");
            const auto row = algorithm
                                 ? std::ranges::find(algorithms, *algorithm, &AlgorithmName::name)
                                 : std::end(algorithms);
            if (!file || row == std::end(algorithms)) {
                key.error(
                    key.place(),
                    "a key: expected 'key_path', and 'algorithm' RSASHA256, RSASHA512, ECDSAP256SHA256, ECDSAP384SHA384 or ED25519");
                continue;
            }
            Dnssec& dnssec = zone_.dnssec ? *zone_.dnssec : sign(entry_.place_of("keys"));
            if (dnssec.key_files.empty()) dnssec.algorithm = row->algorithm;
            dnssec.key_files.push_back({path(*file), row->algorithm, key.place_of("key_path")});
        }
    }

    void read_proof() {
        const toml::node* const node = entry_.table().get("nx_proof_kind");
        if (node == nullptr || !zone_.dnssec) return;
        if (node->is_string()) {
            const std::string kind = *entry_.text("nx_proof_kind");
            if (kind != "nsec")
                entry_.error(
                    entry_.place_of("nx_proof_kind"),
                    fmt::format("'nx_proof_kind': expected nsec or a table nsec3, found {}",
                                shown(kind)));
            return;
        }
        const toml::table* const nsec3 =
            node->is_table() ? (*node->as_table())["nsec3"].as_table() : nullptr;
        if (nsec3 == nullptr)
            return entry_.error(entry_.place_of("nx_proof_kind"),
                                "'nx_proof_kind': expected nsec, or a table nsec3");
        const TomlTable table = entry_.inside(*nsec3, "nsec3");
        static constexpr KeyRow rows[] = {{"algorithm"}, {"salt"}, {"iterations"}, {"opt_out"}};
        table.check_keys(rows);
        zone_.dnssec->denial = DenialRule::nsec3;
        zone_.dnssec->nsec3_iterations =
            static_cast<std::uint16_t>(table.number("iterations", 0, 100).value_or(0));
        zone_.dnssec->nsec3_opt_out = table.flag("opt_out").value_or(false);
        for (const char byte : table.text("salt").value_or(std::string())) {
            fmt::format_to(std::back_inserter(zone_.dnssec->nsec3_salt), "{:02x}",
                           static_cast<unsigned char>(byte));
        }
    }

    /// Names that are forwarded: those below the zone's.
    void read_external() {
        for (const toml::table* const table : entry_.tables("stores")) {
            const TomlTable store = entry_.inside(*table, "a store");
            const std::string type = store.text("type").value_or(std::string());
            if (type == "forward") {
                store.check_keys(store_keys);
                read_upstreams(store);
            } else {
                store.error(
                    store.place_of("type"),
                    fmt::format(
                        "kith cannot do this yet: a store of type {}; it forwards (type forward)",
                        shown(type)));
            }
        }
    }

    void read_upstreams(const TomlTable& store) {
        std::vector<Endpoint> upstreams;
        for (const toml::table* const table : store.tables("name_servers")) {
            const TomlTable server = store.inside(*table, "a name server");
            server.check_keys(name_server_keys);
            if (const auto upstream = read_upstream(server)) upstreams.push_back(*upstream);
        }
        if (upstreams.empty())
            return store.error(store.place(),
                               "a forward store: expected 'name_servers' with an 'ip' each");
        if (zone_.name.text == ".") {
            config_.server.upstream = std::move(upstreams);
        } else {
            config_.server.forward.push_back({zone_.name, std::move(upstreams)});
        }
    }

    std::optional<Endpoint> read_upstream(const TomlTable& server) const {
        std::uint16_t port = 53;
        if (const auto protocol = server.text("protocol");
            protocol && *protocol != "udp" && *protocol != "tcp")
            refuse_protocol(server, *protocol);
        for (const toml::table* const table : server.tables("connections")) {
            const TomlTable connection = server.inside(*table, "a connection");
            connection.check_keys(connection_keys);
            port = static_cast<std::uint16_t>(connection.number("port", 1, 65'535).value_or(port));
            for (const toml::table* const kind : connection.tables("protocol")) {
                const std::string type = (*kind)["type"].value_or(std::string());
                if (type != "udp" && type != "tcp") refuse_protocol(connection, type);
            }
        }
        const std::string_view key = server.has("ip") ? "ip" : "socket_addr";
        const auto text = server.text(key);
        const auto endpoint = text ? Endpoint::from_text(*text, port) : std::nullopt;
        if (text && !endpoint)
            server.error(server.place_of(key),
                         fmt::format("'{}': expected an IP address, found {}", key, shown(*text)));
        return endpoint;
    }

    static void refuse_protocol(const TomlTable& table, std::string_view protocol) {
        table.error(table.place_of("protocol"),
                    fmt::format("kith cannot do this yet: upstreams over {}; expected udp or tcp",
                                shown(protocol)));
    }

    const TomlTable& entry_;
    const HickoryPlace& place_;
    Config& config_;
    Zone zone_;
    std::vector<std::string> zone_key_names_;
};

}  // namespace

void read_hickory_zone(const TomlTable& zone, const HickoryPlace& place, Config& config) {
    ZoneEntry(zone, place, config).read();
}

}  // namespace kith::config
