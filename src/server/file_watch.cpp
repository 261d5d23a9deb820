#include "server/file_watch.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace kith::server {

FileWatch::FileWatch(net::Loop& loop, std::function<void()> on_change)
    : loop_(loop),
      on_change_(std::move(on_change)),
      poll_(loop, [this] { on_poll(); }),
      settle_(loop, [this] { on_settled(); }),
      rest_(loop, [this] { loop_.rewatch(inotify_.get(), EPOLLIN); }) {}

FileWatch::~FileWatch() {
    if (inotify_) loop_.unwatch(inotify_.get());
}

void FileWatch::set_files(FileStates files) {
    files_ = std::move(files);
    watch_folders();
    poll_.arm(loop_.now() + poll_interval);
    settle_.cancel();
    note_change();  // while it was being read
}

void FileWatch::watch_folders() {
    std::set<std::string> folders;
    for (const auto& [file, state] : files_) {
        // The folder of the file as named, and of what it is a link to.
        const std::filesystem::path path(file);
        std::error_code ignored;
        const std::filesystem::path real = std::filesystem::weakly_canonical(path, ignored);
        for (const auto& each : {path, real})
            folders.insert(each.has_parent_path() ? each.parent_path().string() : ".");
    }
    if (folders == folders_ && inotify_) return;
    folders_ = std::move(folders);
    if (inotify_) loop_.unwatch(inotify_.get());
    inotify_ = net::Descriptor(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify_) return;  // out of instances: the poll does the work
    constexpr std::uint32_t events = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM |
                                     IN_CREATE | IN_DELETE | IN_ATTRIB;
    for (const std::string& folder : folders_)
        ::inotify_add_watch(inotify_.get(), folder.c_str(), events);
    loop_.watch(inotify_.get(), EPOLLIN, [this](std::uint32_t) { look(); });
}

/// Something happened in the folders. What it was does not matter, so one read is enough; and as it
/// may never end, the next comes after a rest.
void FileWatch::look() {
    alignas(inotify_event) std::array<char, 65536> buffer;
    [[maybe_unused]] const auto got = ::read(inotify_.get(), buffer.data(), buffer.size());
    loop_.rewatch(inotify_.get(), 0);
    rest_.arm(loop_.now() + look_interval);
    note_change();
}

void FileWatch::on_poll() {
    poll_.arm(loop_.now() + poll_interval);
    note_change();
}

/// Starts the settle time, and starts it anew when a file has changed once more. What else happens in
/// the folders does not count: a log may be written there all the time.
void FileWatch::note_change() {
    if (!changed()) return;
    FileStates states;
    for (const auto& [file, state] : files_) states[file] = file_state(file);
    if (!settle_.armed()) {
        changing_since_ = loop_.now();
    } else if (states == seen_) {
        return;
    }
    seen_ = std::move(states);
    settle_.arm(std::min(loop_.now() + settle_time, changing_since_ + settle_time_max));
}

bool FileWatch::changed() const {
    for (const auto& [file, state] : files_) {
        if (file_state(file) != state) return true;
    }
    return false;
}

void FileWatch::on_settled() {
    if (!changed()) return;
    for (auto& [file, state] : files_) state = file_state(file);
    on_change_();
}

}  // namespace kith::server
