#pragma once
// UpdateForwarder: hands the updates of a secondary's clients on to a primary, as they came, over TCP,
// and brings back what it says (RFC 2136 §6). Whether the sender may do what they ask is the primary's
// to know: their signature goes through untouched.
//
// Control thread only.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/ip_address.hpp"
#include "net/loop.hpp"
#include "net/tcp_client.hpp"

namespace kith::server {

class UpdateForwarder {
public:
    /// The primary's reply; empty: none came.
    using Done = std::function<void(std::vector<std::uint8_t> reply)>;

    explicit UpdateForwarder(net::Loop& loop);
    ~UpdateForwarder();

    /// Tries the primaries in order until one takes the connection; a message that was sent is not
    /// sent again. `done` is called once, never during this call. False: too many are on their way.
    bool forward(std::vector<std::uint8_t> message, std::vector<Endpoint> primaries, Done done);

    std::size_t size() const { return jobs_.size(); }

private:
    struct Job;
    void connect(std::uint64_t id);
    void finish(std::uint64_t id, std::vector<std::uint8_t> reply);

    net::Loop& loop_;
    std::map<std::uint64_t, std::unique_ptr<Job>> jobs_;
    std::uint64_t next_ = 1;
};

}  // namespace kith::server
