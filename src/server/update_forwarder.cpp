#include "server/update_forwarder.hpp"

#include <utility>

#include "base/log.hpp"
#include "server/limits.hpp"

namespace kith::server {

struct UpdateForwarder::Job {
    Job(net::Loop& loop, std::function<void()> on_late) : timer(loop, std::move(on_late)) {}
    std::vector<std::uint8_t> message;
    std::vector<Endpoint> primaries;  // not tried yet, the next one last
    Done done;
    bool is_sent = false;
    std::unique_ptr<net::TcpClientStream> stream;
    net::Timer timer;
};

UpdateForwarder::UpdateForwarder(net::Loop& loop) : loop_(loop) {}
UpdateForwarder::~UpdateForwarder() = default;

bool UpdateForwarder::forward(std::vector<std::uint8_t> message, std::vector<Endpoint> primaries,
                              Done done) {
    if (jobs_.size() >= updates_forwarded_max || primaries.empty()) return false;
    const std::uint64_t id = next_++;
    auto job = std::make_unique<Job>(loop_, [this, id] { finish(id, {}); });
    job->message = std::move(message);
    job->primaries.assign(primaries.rbegin(), primaries.rend());
    job->done = std::move(done);
    job->timer.arm(loop_.now() + update_forward_timeout);
    jobs_[id] = std::move(job);
    connect(id);
    return true;
}

void UpdateForwarder::connect(std::uint64_t id) {
    Job& job = *jobs_.at(id);
    const Endpoint to = job.primaries.back();
    job.primaries.pop_back();
    net::TcpClientStream::Events events;
    events.connected = [this, id] {
        Job& now = *jobs_.at(id);
        now.is_sent = true;
        now.stream->send(now.message);
    };
    events.message = [this, id](Bytes reply) { finish(id, {reply.begin(), reply.end()}); };
    events.closed = [this, id, to](const std::string& why) {
        Job& now = *jobs_.at(id);
        log::write(log::Level::warning, "update.not_forwarded", log::kv("to", to.to_text()),
                   log::kv("why", why));
        if (now.is_sent || now.primaries.empty()) return finish(id, {});
        connect(id);
    };
    job.stream = std::make_unique<net::TcpClientStream>(loop_, to, std::nullopt, std::move(events));
}

void UpdateForwarder::finish(std::uint64_t id, std::vector<std::uint8_t> reply) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    const std::unique_ptr<Job> job = std::move(found->second);
    jobs_.erase(found);
    // Another message than the answer to ours is as good as none.
    const bool fits = reply.size() >= 12 && reply[0] == job->message[0] &&
                      reply[1] == job->message[1] && (reply[2] & 0x80) != 0;
    job->done(fits ? std::move(reply) : std::vector<std::uint8_t>());
}

}  // namespace kith::server
