#include "cli/grammar.hpp"
#include "cli/key.hpp"
#include "cli/key_control.hpp"
#include "cli/key_presign.hpp"
#include "crypto/limits.hpp"

namespace kith::cli {
namespace {

constexpr const char* algorithm_help =
    "ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448, RSASHA256 or RSASHA512";
constexpr const char* role_help =
    "csk: signs everything; ksk: signs the keys; zsk: signs the rest; host: for signed updates (SIG(0))";
constexpr const char* folder_help = "Folder of the key files";

void add_generate(CLI::App& key) {
    auto options = std::make_shared<KeyGenerateOptions>();
    CLI::App* command = key.add_subcommand(
        "generate",
        "Make a key, or keys of the role zsk that follow each other, and write their files");
    command->add_option("zone", options->zone, "Name of the zone")->required();
    command->add_option("-a,--algorithm", options->algorithm, algorithm_help)
        ->capture_default_str();
    command->add_option("-r,--role", options->role, role_help)->capture_default_str();
    command->add_option("-b,--bits", options->bits, "Size of an RSA key, 1024 to 4096")
        ->transform(whole_number(crypto::rsa_bits_generated_min, crypto::rsa_bits_max))
        ->capture_default_str();
    command->add_option("-K,--folder", options->folder, folder_help)->capture_default_str();
    command->add_option("--ttl", options->ttl, "TTL of the DNSKEY record")->capture_default_str();
    command
        ->add_option("--count", options->count,
                     "Keys of the role zsk that follow each other, for a server without the ksk")
        ->transform(whole_number(1, key_count_max))
        ->capture_default_str();
    command->add_option("--lifetime", options->lifetime, "How long each of them signs");
    command
        ->add_option(
            "--overlap", options->overlap,
            "How long each is published before and after; more than the zone's largest TTL")
        ->capture_default_str();
    command->add_option("--from", options->from,
                        "When the first of them begins, YYYYMMDDHHMMSS in UTC; default: now");
    command->add_flag("--json", options->json, "One JSON object a key, for scripts");
    run_with(command, options, key_generate);
}

void add_list(CLI::App& key) {
    auto options = std::make_shared<KeyListOptions>();
    CLI::App* command = key.add_subcommand("list", "Show keys: tag, algorithm, role, times");
    command->add_option(
        "file", options->files,
        "Key files (K<zone>+<algorithm>+<tag>); default: those of --zone in --folder");
    command->add_option("-K,--folder", options->folder, folder_help)->capture_default_str();
    command->add_option("-z,--zone", options->zone, "Zone whose keys to show; default: all zones");
    command->add_flag("--json", options->json, "One JSON object per key, for scripts");
    run_with(command, options, key_list);
}

void add_ds(CLI::App& key) {
    auto options = std::make_shared<KeyDsOptions>();
    CLI::App* command =
        key.add_subcommand("ds", "Print the DS records that the parent zone is to publish");
    command->add_option("file", options->files, "Key files (K<zone>+<algorithm>+<tag>)")
        ->required();
    command
        ->add_option("-d,--digest", options->digests,
                     "sha256, sha384 or sha1; more than once for more records")
        ->capture_default_str();
    command->add_flag("--dnskey", options->dnskey,
                      "The DNSKEY record instead, as some registries want it");
    run_with(command, options, key_ds);
}

void add_import(CLI::App& key) {
    auto options = std::make_shared<KeyImportOptions>();
    CLI::App* command = key.add_subcommand(
        "import", "Make key files from a private key in PEM or DER, or in BIND's format");
    command
        ->add_option("file", options->file,
                     "PKCS#8 or PKCS#1, PEM or DER; or a .private file of BIND")
        ->required();
    command->add_option("-z,--zone", options->zone, "Name of the zone")->required();
    command->add_option("-a,--algorithm", options->algorithm,
                        std::string(algorithm_help) + "; a .private file names its own");
    command->add_option("-r,--role", options->role, role_help)->capture_default_str();
    command->add_option("-K,--folder", options->folder, folder_help)->capture_default_str();
    command->add_option("--ttl", options->ttl, "TTL of the DNSKEY record")->capture_default_str();
    run_with(command, options, key_import);
}

void add_export(CLI::App& key) {
    auto options = std::make_shared<KeyExportOptions>();
    CLI::App* command =
        key.add_subcommand("export", "Write the private key for another program; unprotected");
    command->add_option("file", options->file, "Key files (K<zone>+<algorithm>+<tag>)")->required();
    command->add_option("-f,--format", options->format, "pem or der (PKCS#8), or bind")
        ->capture_default_str();
    command->add_option("-o,--output", options->output,
                        "New file, for its owner alone; default: standard output");
    run_with(command, options, key_export);
}

void add_status(CLI::App& key) {
    auto options = std::make_shared<KeyStatusOptions>();
    CLI::App* command = key.add_subcommand(
        "status", "Keys of the zones that the running server signs, and what they wait for");
    command->add_option("zone", options->zone, "Name of the zone; default: all");
    add_state_place(command, options->place);
    command->add_flag("--json", options->json, "One JSON object a zone, for scripts");
    run_with(command, options, key_status);
}

void add_roll(CLI::App& key) {
    auto options = std::make_shared<KeyRollOptions>();
    CLI::App* command =
        key.add_subcommand("roll", "Have the running server replace a key, step by step");
    command->add_option("zone", options->zone, "Name of the zone")->required();
    command->add_flag("--csk", options->csk, "The key that signs everything");
    command->add_flag("--ksk", options->ksk, "The key that signs the keys");
    command->add_flag("--zsk", options->zsk, "The key that signs the rest");
    command->add_option("--algorithm", options->algorithm,
                        std::string("All keys, to this algorithm: ") + algorithm_help);
    add_state_place(command, options->place);
    run_with(command, options, key_roll);
}

void add_ds_seen(CLI::App& key) {
    auto options = std::make_shared<KeyDsSeenOptions>();
    CLI::App* command = key.add_subcommand(
        "ds-seen", "Tell the running server that the parent zone has the DS records now");
    command->add_option("zone", options->zone, "Name of the zone")->required();
    command->add_option("key", options->keys,
                        "Keys whose DS are there, such as 13/04711; default: those waited for");
    command->add_flag("--none", options->none, "The parent has no DS of this zone");
    add_state_place(command, options->place);
    run_with(command, options, key_ds_seen);
}

void add_check_parent(CLI::App& key) {
    auto options = std::make_shared<KeyCheckParentOptions>();
    CLI::App* command = key.add_subcommand(
        "check-parent", "Have the running server ask the parent's servers for the DS now");
    command->add_option("zone", options->zone, "Name of the zone")->required();
    add_state_place(command, options->place);
    run_with(command, options, key_check_parent);
}

void add_presign(CLI::App& key) {
    auto options = std::make_shared<KeyPresignOptions>();
    CLI::App* command = key.add_subcommand(
        "presign", "Sign the keys for a time to come, where the private half of the ksk is");
    command->add_option("zone", options->zone, "Name of the zone")->required();
    command->add_option("-K,--folder", options->folder, folder_help)->capture_default_str();
    command->add_option("--from", options->from,
                        "When it begins, YYYYMMDDHHMMSS in UTC; default: now");
    command->add_option("--every", options->every, "From one signature to the next")
        ->capture_default_str();
    command->add_option("--validity", options->validity, "How long each signature is good for")
        ->capture_default_str();
    command->add_option("--periods", options->periods, "How many signatures, one after the other")
        ->transform(whole_number(1, presign_periods_max))
        ->capture_default_str();
    command->add_option("--ttl", options->ttl, "TTL of the DNSKEY records, as dnskey_ttl has it")
        ->capture_default_str();
    command->add_option("-o,--output", options->output, "File to write; default: standard output");
    run_with(command, options, key_presign);
}

}  // namespace

void add_key(CLI::App& app) {
    CLI::App* key = app.add_subcommand("key", "Keys of signed zones");
    key->require_subcommand(1);
    add_generate(*key);
    add_list(*key);
    add_ds(*key);
    add_import(*key);
    add_export(*key);
    add_presign(*key);
    add_status(*key);
    add_roll(*key);
    add_ds_seen(*key);
    add_check_parent(*key);
}

}  // namespace kith::cli
