#include "server/zone_file_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "files/file_text.hpp"
#include "files/write_all.hpp"
#include "net/descriptor.hpp"
#include "store/store.hpp"
#include "zone/zone_file_load.hpp"
#include "zone/zone_text.hpp"

namespace kith::server {
namespace {

constexpr mode_t mode_default = 0644;

std::unexpected<std::string> failed(const std::string& file, std::string_view what) {
    return std::unexpected(fmt::format("{}: {}: {}", file, what, std::strerror(errno)));
}

/// Reads back what was written: whatever a name or a string holds ("$", "@", quotes, line ends), the
/// file must say what the zone says before it takes the place of another.
Result<std::uint64_t, std::string> read_back(const std::string& file, const zone::Zone& zone) {
    const auto text = files::FileText::read(file);
    if (!text) return std::unexpected(text.error());
    zone::LoadOptions options;
    options.file = file;
    options.apex = zone.apex();
    options.advice = zone::Advice::omit;
    const zone::LoadResult read = zone::load_zone(text->view(), options, nullptr);
    const std::uint64_t digest = store::digest_of(zone);
    if (read.zone != nullptr && read.zone->serial() == zone.serial() &&
        store::digest_of(*read.zone) == digest)
        return digest;
    return std::unexpected(fmt::format(
        "{}: what was written does not read as the zone it was written from; the file is "
        "left as it was{}{}",
        file, read.problems.empty() ? "" : ": ",
        read.problems.empty() ? "" : read.problems.front().to_text()));
}

}  // namespace

Result<std::uint64_t, std::string> write_zone_file(const std::string& path,
                                                   const zone::Zone& zone) {
    std::error_code ignored;
    const std::filesystem::path target = std::filesystem::weakly_canonical(path, ignored);
    const std::string file = target.empty() ? path : target.string();
    const std::string beside = file + ".kith-new";
    struct stat before {};
    const mode_t mode = ::stat(file.c_str(), &before) == 0 ? before.st_mode & 07777 : mode_default;
    ::unlink(beside.c_str());  // of a try that was cut off
    const net::Descriptor out(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!out) return failed(beside, "cannot create");
    bool good = ::fchmod(out.get(), mode) == 0;
    zone::print_zone(zone, {zone::NameStyle::relative}, [&](std::string_view text) {
        good = good && files::write_all(out.get(), as_bytes(text));
    });
    if (!good || ::fsync(out.get()) != 0) {
        const auto error = failed(beside, "cannot write");
        ::unlink(beside.c_str());
        return error;
    }
    const auto digest = read_back(beside, zone);
    if (!digest) {
        ::unlink(beside.c_str());
        return digest;
    }
    if (::rename(beside.c_str(), file.c_str()) != 0) {
        const auto error = failed(file, "cannot replace");
        ::unlink(beside.c_str());
        return error;
    }
    return digest;
}

}  // namespace kith::server
