#include "cli/grammar.hpp"
#include "cli/zone_sign.hpp"

namespace kith::cli {
namespace {

void add_sign(CLI::App& zone) {
    auto options = std::make_shared<ZoneSignOptions>();
    CLI::App* command = zone.add_subcommand("sign", "Sign a zone file (DNSSEC)");
    command->add_option("file", options->file, "Zone file, signed or not")->required();
    command
        ->add_option("-o,--output", options->output,
                     "File to write, replaced in one step; - for standard output")
        ->required();
    command->add_option("--origin", options->origin,
                        "Zone name; default: the owner of the SOA record");
    command->add_option(
        "-k,--key", options->keys,
        "Key files (K<zone>+<algorithm>+<tag>); default: all keys of the zone in --folder");
    command->add_option("-K,--folder", options->folder, "Folder of the key files")
        ->capture_default_str();
    command
        ->add_option("--serial", options->serial, "keep, increment, unixtime or date (YYYYMMDDnn)")
        ->capture_default_str();
    command->add_flag("--nsec3", options->nsec3, "Deny names by hashes (NSEC3); default: NSEC");
    command
        ->add_option("--iterations", options->iterations, "Extra hashing of NSEC3; RFC 9276 says 0")
        ->transform(whole_number(0, 0xffff))
        ->capture_default_str();
    command->add_option("--salt", options->salt,
                        "Salt of NSEC3 in hexadecimal; RFC 9276 says none");
    command->add_flag("--opt-out", options->opt_out,
                      "NSEC3 leaves out delegations that are not signed");
    command
        ->add_option("--zonemd", options->zonemd, "Digest of the whole zone: none, sha384, sha512")
        ->capture_default_str();
    command
        ->add_option(
            "--csync", options->csync,
            "CSYNC, by which the parent takes NS and glue: keep, none, approval, immediate")
        ->capture_default_str();
    command->add_option("--validity", options->validity, "How long signatures are good")
        ->capture_default_str();
    command->add_option("--refresh", options->refresh, "How long before their end they are renewed")
        ->capture_default_str();
    command->add_option("--jitter", options->jitter, "By how much at most their ends differ")
        ->capture_default_str();
    command
        ->add_option("--skew", options->skew, "How long ago they begin, for clocks that are behind")
        ->capture_default_str();
    command->add_option("--dnskey-ttl", options->dnskey_ttl,
                        "TTL of DNSKEY, CDS and CDNSKEY; default: that of the key files, or 1h");
    command->add_flag("--no-cds", options->no_cds, "Publish no CDS and CDNSKEY");
    command->add_flag("--stats", options->stats,
                      "Tell how many signatures were made and how long it took");
    run_with(command, options, zone_sign);
}

void add_verify(CLI::App& zone) {
    auto options = std::make_shared<ZoneVerifyOptions>();
    CLI::App* command =
        zone.add_subcommand("verify", "Check a signed zone file: signatures, chain, digest");
    command->add_option("file", options->file, "Zone file")->required();
    command->add_option("--origin", options->origin,
                        "Zone name; default: the owner of the SOA record");
    command->add_option(
        "--ds", options->ds,
        "A DS of the parent that must lead to the zone: 'TAG ALGORITHM DIGEST-TYPE DIGEST'");
    command->add_option("--at", options->at,
                        "As of this time, YYYYMMDDHHmmSS in UTC; default: now");
    command->add_option("--valid-for", options->valid_for,
                        "Signatures must be good for this much longer, such as 3d");
    command->add_flag("--json", options->json, "One JSON object per flaw, for scripts");
    run_with(command, options, zone_verify);
}

}  // namespace

void add_zone_signing(CLI::App& zone) {
    add_sign(zone);
    add_verify(zone);
}

}  // namespace kith::cli
