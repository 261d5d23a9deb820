// Shows the printers of the network as they come and go, and where each is.
//
//   c++ -std=c++20 browse.cpp $(pkg-config --cflags --libs kith)

#include <kith/discovery.hpp>

#include <cstdio>
#include <map>

int main(int argc, char** argv) {
    const char* const type = argc > 1 ? argv[1] : "_ipp._tcp";
    std::string error;
    const auto discovery = kith::client::Discovery::open({}, &error);
    if (!discovery) {
        std::fprintf(stderr, "%s\n", error.c_str());
        return 1;
    }

    // What is found is resolved for as long as it is there: destroying an Operation ends it.
    std::map<std::string, kith::client::Operation> resolving;
    const auto on_resolved = [](const kith::client::ResolveEvent& event) {
        if (!event.error.empty() || event.change == kith::client::Change::removed) return;
        std::printf("%s is at %s:%u", event.name.instance.c_str(), event.target.host.c_str(), event.target.port);
        for (const auto& address : event.addresses) std::printf(" %s", address.to_text().c_str());
        std::printf("\n");
        std::fflush(stdout);
    };
    const auto browsing = discovery->browse(type, [&](const kith::client::BrowseEvent& event) {
        if (!event.error.empty()) return;
        const std::string key = event.name.to_text() + event.interface.name;
        if (event.change == kith::client::Change::removed) {
            std::printf("%s is gone\n", event.name.instance.c_str());
            std::fflush(stdout);
            resolving.erase(key);
        } else {
            resolving.insert_or_assign(key, discovery->resolve(event.name, on_resolved, {event.interface.index}));
        }
    });
    if (!browsing) {
        std::fprintf(stderr, "%s\n", browsing.error().c_str());
        return 1;
    }
    discovery->run_until([] { return false; }, std::chrono::seconds(argc > 2 ? std::atoi(argv[2]) : 3600));
}
