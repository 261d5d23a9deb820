#include <limits>

#include "cli/grammar.hpp"
#include "cli/journal.hpp"

namespace kith::cli {

void add_journal(CLI::App& app) {
    CLI::App* const journal =
        app.add_subcommand("journal", "Show what is kept of zones that change while they serve");
    journal->require_subcommand(1);

    auto list = std::make_shared<JournalListOptions>();
    CLI::App* const list_command = journal->add_subcommand(
        "list", "The zones, their serials and how much of their past is kept");
    add_state_place(list_command, list->place);
    list_command->add_flag("--json", list->json, "One JSON object a zone");
    run_with(list_command, list, journal_list);

    auto show = std::make_shared<JournalShowOptions>();
    CLI::App* const show_command =
        journal->add_subcommand("show", "The changes of a zone: when, who, what");
    add_state_place(show_command, show->place);
    show_command->add_option("ZONE", show->zone, "Name of the zone");
    show_command->add_option("--hickory", show->hickory,
                             "A .jrnl database of trust-dns or hickory-dns instead");
    show_command->add_option("--from", show->from, "Number of the first change to show")
        ->transform(whole_number(0, std::numeric_limits<std::uint64_t>::max()));
    show_command->add_option("-n,--count", show->count, "Only the newest so many")
        ->transform(whole_number(0, std::numeric_limits<std::uint64_t>::max()));
    show_command->add_flag("--json", show->json, "One JSON object a change");
    run_with(show_command, show, journal_show);

    auto compact = std::make_shared<JournalCompactOptions>();
    CLI::App* const compact_command = journal->add_subcommand(
        "compact", "Fold old changes into the zones; the server must not run");
    add_state_place(compact_command, compact->place);
    compact_command->add_option("ZONE", compact->zone, "Only this zone");
    compact_command->add_option("--keep", compact->keep,
                                "Bytes of changes that stay, such as 1MiB");
    run_with(compact_command, compact, journal_compact);
}

}  // namespace kith::cli
