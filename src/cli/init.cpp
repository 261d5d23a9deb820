#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/commands.hpp"
#include "config/samples.hpp"
#include "files/write_all.hpp"
#include "net/descriptor.hpp"

namespace kith::cli {
namespace {

/// Writes a new file, or replaces one if told to; empty: done.
std::string write_file(const std::string& path, std::string_view text, bool replace) {
    const int mode = O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL);
    const net::Descriptor file(::open(path.c_str(), mode, 0644));
    if (!file && errno == EEXIST)
        return fmt::format("{} exists; choose another name, or --force replaces it", path);
    if (!file) return fmt::format("cannot write {}: {}", path, std::strerror(errno));
    if (files::write_all(file.get(), as_bytes(text))) return {};
    return fmt::format("cannot write {}: {}", path, std::strerror(errno));
}

}  // namespace

int init(const InitOptions& options, std::ostream& out, std::ostream& err) {
    const bool as_nanodns = options.persona == Persona::nanodns;
    const std::string_view text = as_nanodns ? config::nanodns_sample() : config::home_sample();
    if (const std::string problem = write_file(options.output, text, options.force || as_nanodns);
        !problem.empty()) {
        err << (as_nanodns ? "Error: " : "kith init: ") << problem << '\n';
        return 1;
    }
    if (as_nanodns) {
        fmt::print(out, "Example config written to {}\n", options.output);
    } else {
        fmt::print(
            out,
            "Wrote {0}. Change its addresses and names, then:\n  kith check {0}\n  kith serve {0}\n",
            options.output);
    }
    return 0;
}

}  // namespace kith::cli
