#include "zone/zone_file_load.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "zone/zone_file_advice.hpp"

namespace kith::zone {
namespace {

/// Numbers every line of all files of a load, so that the builder can tell two records apart by one
/// number and problems find their way back to file and line.
class LineNumbers {
public:
    std::uint32_t tag(const FileRecord& record) {
        if (runs_.empty() || runs_.back().file != record.file || record.line < line_) {
            runs_.push_back({next_, record.line, std::string(record.file)});
        }
        line_ = record.line;
        const std::uint32_t tag = runs_.back().tag + (record.line - runs_.back().line);
        next_ = std::max(next_, tag + 1);
        return tag;
    }
    /// Sets the place of `problem` to that of the record with `tag`; 0: the file as a whole.
    void place(std::uint32_t tag, Problem& problem) const {
        if (tag == 0) return;
        const auto after = std::ranges::upper_bound(runs_, tag, {}, &Run::tag);
        const Run& run = *std::prev(after);
        problem.file = run.file;
        problem.line = run.line + (tag - run.tag);
    }

private:
    struct Run {  // lines of one file without a gap by an include
        std::uint32_t tag;
        std::uint32_t line;
        std::string file;
    };
    std::vector<Run> runs_;
    std::uint32_t next_ = 1;
    std::uint32_t line_ = 0;
};

ZoneFileOptions file_options(const LoadOptions& options, const dns::Name& apex) {
    return {.file = options.file,
            .origin = apex,
            .klass = options.klass,
            .default_ttl = {},
            .address_lines = AddressLines::fast};
}

/// The owner of the first SOA, with relative names taken from the root until a $ORIGIN.
std::optional<dns::Name> find_apex(std::string_view text, const LoadOptions& options,
                                   const IncludeReader& include, ProblemList& problems) {
    std::optional<dns::Name> apex;
    read_zone_file(
        text, file_options(options, {}), include,
        [&](const FileRecord& record) {
            if (record.type != RrType::SOA) return Reading::go_on;
            apex = record.owner;
            return Reading::stop;
        },
        problems);
    return apex;
}

class Loader {
public:
    Loader(std::string_view text, const LoadOptions& options, const IncludeReader& include,
           const dns::Name& apex)
        : text_(text),
          options_(options),
          include_(include),
          apex_(apex),
          builder_(apex, options.klass, options.bounds),
          problems_(options.problems_kept) {}

    LoadResult load();

private:
    void add(const FileRecord& record);
    void report(const ZoneProblem& found);
    void check_apex(const Zone& zone);
    void give_advice(const Zone& zone);

    std::string_view text_;
    const LoadOptions& options_;
    const IncludeReader& include_;
    dns::Name apex_;
    ZoneBuilder builder_;
    ProblemList problems_;
    LineNumbers lines_;
    AdviceContext advice_;
};

LoadResult Loader::load() {
    read_zone_file(
        text_, file_options(options_, apex_), include_,
        [this](const FileRecord& record) {
            add(record);
            return Reading::go_on;
        },
        problems_);
    const bool unread = problems_.errors() > 0;
    BuiltZone built = builder_.finish();
    for (const ZoneProblem& found : built.problems) {
        // Of a file with errors it is not known that the SOA is missing.
        if (found.fault != ZoneFault::no_soa || !unread) report(found);
    }
    for (std::size_t i = 0; i < built.problems_left_out; ++i)
        problems_.count(built.zone ? Severity::warning : Severity::error);
    if (built.zone && problems_.errors() == 0) check_apex(*built.zone);
    if (built.zone && problems_.errors() == 0 && options_.advice == Advice::give)
        give_advice(*built.zone);
    LoadResult out;
    if (problems_.errors() == 0) out.zone = std::move(built.zone);
    out.problems = problems_.take();
    return out;
}

void Loader::add(const FileRecord& record) {
    const auto added =
        builder_.add(record.owner, record.type, record.ttl, record.rdata, lines_.tag(record));
    if (added) return learn(advice_, record, apex_);
    std::string why(fault_text(added.error()));
    if (added.error() == ZoneFault::out_of_zone) {
        why = fmt::format("{} is not in the zone {}; does it lack or have a final dot by mistake?",
                          record.owner.to_text(), apex_.to_text());
    }
    problems_.add({std::string(record.file), record.line, 0, std::move(why), Severity::error});
}

void Loader::report(const ZoneProblem& found) {
    Problem problem;
    problem.severity = is_harmless(found.fault) ? Severity::warning : Severity::error;
    problem.file = options_.file;
    lines_.place(found.tag, problem);
    if (found.fault == ZoneFault::no_soa) {
        problem.text = fmt::format("{} has no SOA record", apex_.to_text());
    } else {
        problem.text = fmt::format("{} {}: {}", found.owner.to_text(), dns::type_name(found.type),
                                   fault_text(found.fault));
    }
    if (found.other != 0) {
        Problem other;
        lines_.place(found.other, other);
        problem.text += other.file == problem.file
                            ? fmt::format(" (see line {})", other.line)
                            : fmt::format(" (see {}:{})", other.file, other.line);
    }
    problems_.add(std::move(problem));
}

void Loader::check_apex(const Zone& zone) {
    if (zone.apex_node().find(RrType::NS)) return;
    Problem problem;
    problem.file = options_.file;
    problem.text = fmt::format("{} has no NS record; a zone names its servers (RFC 1034 §4.2.1)",
                               apex_.to_text());
    problems_.add(std::move(problem));
}

void Loader::give_advice(const Zone& zone) {
    ProblemList reported_already(0);
    read_zone_file(
        text_, file_options(options_, apex_), include_,
        [&](const FileRecord& record) {
            if (record.owner.is_under(apex_)) advise(advice_, zone, record, problems_);
            return Reading::go_on;
        },
        reported_already);
}

}  // namespace

LoadResult load_zone(std::string_view text, const LoadOptions& options,
                     const IncludeReader& include) {
    ProblemList problems(options.problems_kept);  // why there is no SOA, for example
    const auto apex = options.apex ? options.apex : find_apex(text, options, include, problems);
    if (apex) return Loader(text, options, include, *apex).load();
    LoadResult out;
    Problem problem;
    problem.file = options.file;
    problem.text =
        "expected a SOA record, to learn the zone's name; say the name, or correct the SOA";
    problems.add(std::move(problem));
    out.problems = problems.take();
    return out;
}

}  // namespace kith::zone
