#pragma once
// FileWatch: notices that any of a set of files has changed.
//
// inotify tells at once, by watching the files' folders (editors replace files, and a symbolic
// link may be turned); a poll of size, inode and modification time every five seconds finds what
// inotify cannot see (network file systems, a folder that came later). Both only trigger: whether
// the content is new is for the reader to say.

#include <functional>
#include <set>
#include <string>

#include "net/loop.hpp"
#include "server/file_state.hpp"

namespace kith::server {

class FileWatch {
public:
    static constexpr Duration poll_interval = 5s;
    // Editors write in several steps; the change is reported when nothing happened for this long.
    static constexpr Duration settle_time = 50ms;
    // A file that changes all the time is reported this long after its first change at the latest.
    static constexpr Duration settle_time_max = 1s;
    // Where something else is written all the time, such as a log, the folders are looked at this often.
    static constexpr Duration look_interval = 10ms;

    FileWatch(net::Loop& loop, std::function<void()> on_change);
    ~FileWatch();

    /// Replaces the set of watched files, with the states that count as unchanged: those from
    /// before they were read. Files that do not exist (yet) may be among them.
    void set_files(FileStates files);

private:
    void watch_folders();
    void look();
    void on_poll();
    void on_settled();
    void note_change();
    bool changed() const;

    net::Loop& loop_;
    std::function<void()> on_change_;
    net::Timer poll_;
    net::Timer settle_;
    net::Timer rest_;  // after a look
    net::Descriptor inotify_;
    FileStates files_;
    FileStates seen_;  // while settle_ runs: the states that started it
    Time changing_since_;
    std::set<std::string> folders_;
};

}  // namespace kith::server
