// The command lines of transfer.hpp.

#include <limits>

#include "cli/grammar.hpp"
#include "cli/transfer.hpp"

namespace kith::cli {

void add_transfer(CLI::App& app) {
    auto options = std::make_shared<TransferOptions>();
    CLI::App* command = app.add_subcommand(
        "transfer", "Take a zone from a server (AXFR, IXFR): ZONE @server[:port]");
    command->add_option("words", options->words, "The zone and @server: example.com @192.0.2.1");
    command->add_option("-s,--server", options->server, "Server address, with :port if not 53");
    command->add_option("-p,--port", options->port, "Server port")->transform(port_number());
    CLI::Option* key = command->add_option(
        "-y,--key", options->key,
        "TSIG key, [algorithm:]name:base64; visible to others in the process list");
    command
        ->add_option("-k,--key-file", options->key_file,
                     "File with the TSIG key, as tsig-keygen writes it")
        ->excludes(key);
    command->add_option("--ixfr", options->serial, "Only what changed since this serial (IXFR)")
        ->transform(whole_number(0, 0xffff'ffff));
    command->add_option("-o,--output", options->output, "File to write; default: standard output");
    command->add_flag("--json", options->json, "One JSON object per record, or per difference");
    command
        ->add_option("--timeout", options->timeout_seconds, "Seconds in which something must come")
        ->transform(number(0.1, 3600))
        ->capture_default_str();
    command->add_option("--bytes-max", options->bytes_max, "Give up on larger transfers")
        ->transform(whole_number(1, std::numeric_limits<std::size_t>::max()));
    run_with(command, options, transfer);
}

void add_zone_tools(CLI::App& zone) {
    auto diff = std::make_shared<ZoneDiffOptions>();
    CLI::App* diff_command = zone.add_subcommand(
        "diff", "What leads from one zone file to another; exit code 1 when they differ");
    diff_command->add_option("from", diff->from, "Zone file")->required();
    diff_command->add_option("to", diff->to, "Zone file")->required();
    diff_command->add_option("--origin", diff->origin,
                             "Zone name; default: the owner of the SOA record");
    diff_command->add_flag("--ignore-serial", diff->ignore_serial,
                           "Another serial alone is no difference");
    diff_command->add_flag("--json", diff->json, "One JSON object");
    run_with(diff_command, diff, zone_diff);

    auto convert = std::make_shared<ZoneConvertOptions>();
    CLI::App* convert_command = zone.add_subcommand("convert", "A zone file in another form");
    convert_command->add_option("file", convert->file, "Zone file")->required();
    convert_command
        ->add_option("--to", convert->form,
                     "zone: a record a line; relative: short owners; json: an object a line")
        ->capture_default_str()
        ->check(one_of({"zone", "relative", "json"}));
    convert_command->add_option("--origin", convert->origin,
                                "Zone name; default: the owner of the SOA record");
    convert_command->add_option("-o,--output", convert->output,
                                "File to write; default: standard output");
    run_with(convert_command, convert, zone_convert);
}

}  // namespace kith::cli
