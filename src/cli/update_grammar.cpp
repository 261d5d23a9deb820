// The words of `kith update`.

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "cli/grammar.hpp"
#include "cli/problems.hpp"
#include "cli/update.hpp"
#include "config/text.hpp"

namespace kith::cli {
namespace {

constexpr std::uint32_t ttl_max = 0x7fff'ffff;  // RFC 2181 §8

void add_common(CLI::App* command, UpdateOptions& options) {
    command->add_option("-s,--server", options.server,
                        "Server, with :port if not 53; default: the zone's primary");
    command->add_option("-p,--port", options.port, "Server port")->transform(port_number());
    command->add_option("-z,--zone", options.zone,
                        "Zone to change; default: the one the name is in");
    command->add_option("-y,--tsig", options.key_word,
                        "TSIG key: [algorithm:]name:secret (others see it: better -k)");
    command->add_option(
        "-k,--key", options.key_file,
        "File with a TSIG key, or with a private key for SIG(0): K*.private or PEM");
    command->add_option("--signer", options.signer,
                        "Owner of the KEY record, for a private key in PEM");
    command->add_flag("-v,--tcp", options.tcp, "Send over TCP from the start");
    command->add_flag("-d,--debug", options.debug, "Print the messages sent and received");
    command
        ->add_option("-t,--timeout", options.timeout_seconds, "Seconds until an update is given up")
        ->transform(number(0.001, 86'400))
        ->capture_default_str();
    command
        ->add_option("-u,--wait", options.retry_seconds, "Seconds to wait for each reply over UDP")
        ->transform(number(0.001, 3600))
        ->capture_default_str();
    command->add_option("-r,--retries", options.retries, "How often to send again over UDP")
        ->transform(whole_number(0, 100))
        ->capture_default_str();
    command
        ->add_option("--lease", options.lease,
                     "Seconds after which the server removes the records (RFC 9664)")
        ->transform(whole_number(0, 0xffff'ffff));
}

struct OperationWords {
    UpdateOperation operation;
    const char* name;
    const char* help;
};
constexpr OperationWords operations[] = {
    {UpdateOperation::create, "create", "Add records, if there are none of this name and type"},
    {UpdateOperation::append, "append", "Add records to those of this name and type"},
    {UpdateOperation::compare_and_swap, "compare-and-swap",
     "Replace records, if they are still as expected"},
    {UpdateOperation::delete_by_rdata, "delete-by-rdata", "Delete records with this data"},
    {UpdateOperation::delete_rrset, "delete-rrset", "Delete all records of this name and type"},
    {UpdateOperation::delete_all, "delete-all", "Delete all records of this name"},
    {UpdateOperation::notify, "notify", "Tell a secondary that a zone has changed (RFC 1996)"},
};

bool has_ttl(UpdateOperation operation) {
    return operation == UpdateOperation::create || operation == UpdateOperation::append ||
           operation == UpdateOperation::compare_and_swap;
}

/// `common` is that of `update` itself, so that options may stand before and behind the operation.
void add_operation(CLI::App* update, const OperationWords& words,
                   const std::shared_ptr<UpdateOptions>& common) {
    auto options = std::make_shared<UpdateOperationOptions>();
    options->operation = words.operation;
    CLI::App* command = update->add_subcommand(words.name, words.help);
    add_common(command, *common);
    if (words.operation == UpdateOperation::notify) {
        options->type = "SOA";
        command->add_option("zone-name", options->name, "Zone")->required();
        command->add_option("type", options->type, "What changed")->capture_default_str();
    } else {
        command->add_option("name", options->name, "Owner of the records")->required();
    }
    if (words.operation != UpdateOperation::delete_all &&
        words.operation != UpdateOperation::notify) {
        command->add_option("type", options->type, "Record type")->required();
    }
    if (has_ttl(words.operation))
        command->add_option("ttl", options->ttl, "TTL in seconds")
            ->transform(whole_number(0, ttl_max))
            ->required();
    if (words.operation == UpdateOperation::compare_and_swap) {
        command
            ->add_option("--current", options->current,
                         "Data of a record that is there now; as often as there are records")
            ->required()
            ->allow_extra_args(false);
    }
    if (has_ttl(words.operation) || words.operation == UpdateOperation::delete_by_rdata) {
        command
            ->add_option("data", options->data,
                         "Data of the records, one word each: 192.0.2.1 or '10 mail.example.'")
            ->required();
    }
    if (words.operation == UpdateOperation::append) {
        command->add_flag("--must-exist", options->must_exist,
                          "Only if there are records of this name and type");
    }
    command->callback([options, common] {
        options->common = *common;
        throw CLI::RuntimeError(
            update_operation(*options, client::system_update_world(), std::cout, std::cerr));
    });
}

/// Who leaves the operation out, or mistypes it, is taken to name a file.
std::string unreadable_text(const std::string& file, const char* why) {
    std::vector<std::string_view> known;
    for (const OperationWords& words : operations) known.emplace_back(words.name);
    const std::string meant = config::did_you_mean(file, known);
    return fmt::format("cannot read {}: {}{}", file, why,
                       meant.empty() ? "; expected a file of commands, or an operation: see "
                                       "`kith update --help`; -s names a server"
                                     : meant);
}

int run_script(const UpdateOptions& options) {
    const UpdateWorld world = client::system_update_world();
    if (options.file.empty() || options.file == "-") {
        const Prompt prompt = ::isatty(STDIN_FILENO) == 1 ? Prompt::yes : Prompt::no;
        return update_script(options, std::cin, "(standard input)", prompt, world, std::cout,
                             std::cerr);
    }
    std::ifstream file(options.file);
    if (!file)
        return failed(std::cerr, "update", unreadable_text(options.file, std::strerror(errno)));
    return update_script(options, file, options.file, Prompt::no, world, std::cout, std::cerr);
}

}  // namespace

void add_update(CLI::App& app) {
    auto options = std::make_shared<UpdateOptions>();
    CLI::App* command = app.add_subcommand(
        "update", "Change a zone on its server (RFC 2136), in nsupdate's language");
    command->add_option("file", options->file,
                        "File of commands; default: standard input. `help` in it lists them");
    add_common(command, *options);
    command->add_flag_function(
        "-g,-o,--gsstsig",
        [](std::int64_t) {
            throw CLI::ValidationError(
                "GSS-TSIG (Kerberos) is not supported: use -y or -k with a TSIG key or SIG(0)");
        },
        "Refused: kith has no GSS-TSIG");
    for (const OperationWords& words : operations) add_operation(command, words, options);
    command->require_subcommand(0, 1);
    command->final_callback([command, options] {
        if (command->get_subcommands().empty()) throw CLI::RuntimeError(run_script(*options));
    });
}

}  // namespace kith::cli
