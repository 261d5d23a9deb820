#pragma once
// For tests of this module: a folder with a configuration, and the zones of record it makes.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "base/temporary_folder_testing.hpp"
#include "server/record_zones.hpp"
#include "zone/zone_testing.hpp"

namespace kith::server {

namespace fs = std::filesystem;

/// A folder with a configuration and its files.
class RecordConfig : public testing::Test {
protected:
    RecordConfig() { fs::create_directory(folder_ / "empty"); }

    void write(const std::string& file, std::string_view text) const {
        std::ofstream(folder_ / file) << text;
    }
    LoadedSnapshot load(std::string_view config) {
        write("kith.json", config);
        Loader loader({(folder_ / "kith.json").string(), {}, false}, {}, rng_);
        return loader.load();
    }
    /// All problems, with the folder left out.
    std::string check(std::string_view config) {
        LoadedSnapshot loaded = load(config);
        RecordZones::check(loaded);
        std::string out;
        for (const Problem& problem : loaded.problems) out += problem.to_text() + '\n';
        const std::string folder = folder_.string() + '/';
        for (auto at = out.find(folder); at != out.npos; at = out.find(folder))
            out.erase(at, folder.size());
        return out;
    }

    test::TemporaryFolder temporary_;
    const fs::path folder_ = temporary_.path();
    SeededRng rng_{1};
};

/// The zones of record of a server, without the rest of it.
class Reloads : public RecordConfig {
protected:
    Reloads() {
        lines().clear();
        log::set_sink(
            [](log::Level, std::string_view line) { lines() += std::string(line) + '\n'; });
        write("a.zone", zone_text("a.", "one 60 A 192.0.2.1"));
        write("b.zone", zone_text("b.", "one 60 A 192.0.2.1"));
    }
    ~Reloads() override { log::set_sink(nullptr); }
    /// All that was logged.
    static std::string& lines() {
        static std::string all;
        return all;
    }
    static std::string zone_text(std::string_view apex, std::string_view line) {
        return fmt::format(
            "$ORIGIN {}\n@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n{}\n", apex,
            line);
    }
    /// Loads and completes; true: it took effect.
    bool reload(std::string_view zones) {
        LoadedSnapshot loaded = load(fmt::format(
            R"({{"server": {{"listen": ["127.0.0.1:5399"], "upstream": []}}, "zones": {{{}}}}})",
            zones));
        EXPECT_NE(loaded.snapshot, nullptr)
            << (loaded.problems.empty() ? "" : loaded.problems[0].to_text());
        return take(loaded);
    }
    bool take(LoadedSnapshot& loaded) {
        records_->complete(loaded);
        problems_ = loaded.problems.size();
        last_ = loaded.problems.empty() ? "" : loaded.problems.back().to_text();
        may_pass_ = loaded.may_pass;
        if (loaded.snapshot == nullptr) return false;
        current_ = loaded.snapshot;
        records_->announce();
        return true;
    }
    std::unique_ptr<RecordZones> make() {
        return std::make_unique<RecordZones>(
            loop_, rng_,
            RecordZones::Hooks{[this] { return current_; },
                               [this](SnapshotPtr snapshot) { current_ = std::move(snapshot); },
                               [](std::size_t, std::vector<UpdateReply>&&) {},
                               [](const Endpoint&) { return false; }});
    }
    /// As a new process.
    void restart() {
        records_.reset();
        current_ = nullptr;
        records_ = make();
    }
    /// Lets time pass, with what happens in it.
    void pass(Duration time) {
        loop_.skip(time);
        for (int turns = 0; turns < 3; ++turns) loop_.turn(0s);
    }
    zone::NodeView apex_node(std::string_view apex) const {
        return records_->keeper()->serving(*dns::Name::from_text(apex))->apex_node();
    }
    bool serves(std::string_view apex, std::string_view owner) const {
        const auto zone = records_->keeper()->serving(*dns::Name::from_text(apex));
        return zone != nullptr && zone->find_node(dns::Name::from_text(owner)->view());
    }

    net::Loop loop_;
    SnapshotPtr current_;
    std::string last_;
    bool may_pass_ = false;
    std::size_t problems_ = 0;
    std::unique_ptr<RecordZones> records_ = make();
};

}  // namespace kith::server
