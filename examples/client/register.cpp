// Offers a web server inside a poll() loop of one's own, changes its TXT record, and says goodbye.

#include <kith/discovery.hpp>

#include <poll.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {
volatile std::sig_atomic_t ended = 0;

void process(kith::client::Discovery& discovery) {
    pollfd poll_for[] = {{discovery.fd(), POLLIN, 0}};  // beside the program's own descriptors
    poll(poll_for, 1, discovery.timeout_ms());
    discovery.process();
}
}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGINT, [](int) { ended = 1; });
    std::string error;
    const auto discovery = kith::client::Discovery::open({}, &error);
    if (!discovery) {
        std::fprintf(stderr, "%s\n", error.c_str());
        return 1;
    }
    kith::client::Service service;
    service.instance = argc > 1 ? argv[1] : "Example";
    service.type = "_http._tcp";
    service.port = 8080;
    service.txt = {{"path", "/"}};
    bool registered = false;
    const auto registration = discovery->register_service(service, [&](const kith::client::RegisterEvent& event) {
        if (event.error.empty()) std::printf("registered %s\n", event.name.to_text().c_str());
        else std::fprintf(stderr, "%s\n", event.error.c_str());
        std::fflush(stdout);
        registered = true;
    });
    if (!registration) {
        std::fprintf(stderr, "%s\n", registration.error().c_str());
        return 1;
    }
    while (!ended && !registered) process(*discovery);
    discovery->update_txt(registration, {{"path", "/"}, {"state", "ready"}});
    while (!ended) process(*discovery);

    discovery->shut_down();  // others forget us now and not in 75 minutes
    while (!discovery->is_quiet()) process(*discovery);
}
