#include "files/zone_input.hpp"

#include <filesystem>

#include "files/file_text.hpp"

namespace kith::files {
namespace {

namespace fs = std::filesystem;

Result<zone::IncludedFile, std::string> read_include(std::string_view path, std::string_view from) {
    const std::string name = (fs::path(from).parent_path() / path).string();
    auto text = FileText::read(name);
    if (!text) return std::unexpected(text.error());
    return zone::IncludedFile{name, std::string(text->view())};
}

}  // namespace

zone::LoadResult load_zone_input(const std::string& file, const std::string& origin,
                                 zone::Advice advice) {
    zone::LoadResult result;
    const auto text = FileText::read(file);
    if (!text) {
        result.problems.push_back({file, 0, 0, text.error(), Severity::error});
        return result;
    }
    zone::LoadOptions options;
    options.file = file;
    options.advice = advice;
    if (!origin.empty()) {
        const auto apex = dns::Name::from_text(origin);
        if (!apex) {
            result.problems.push_back(
                {file, 0, 0, "--origin: " + apex.error().text, Severity::error});
            return result;
        }
        options.apex = *apex;
    }
    return zone::load_zone(text->view(), options, read_include);
}

}  // namespace kith::files
