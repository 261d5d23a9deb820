#pragma once
// ParentCheck: asks servers of the parent zone which DS records a zone has there. Over TCP, so that
// nobody off the path can tell us that a DS is there: a roll would go on too early.
//
// One check, done once. Control thread only.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "dns/name.hpp"
#include "net/loop.hpp"
#include "net/tcp_client.hpp"

namespace kith::server {

/// What the parent has of a zone.
struct DsSet {
    std::vector<std::vector<std::uint8_t>> records;  // RDATA, in order
    std::uint32_t ttl = 0;  // the largest; of a resolver, what is left of it
};

/// Reads the answer to our question: the DS records, none when the parent says that there are none. The
/// error says what is wrong with the answer.
Result<DsSet, std::string> read_ds_answer(Bytes message, std::uint16_t id, dns::NameView zone);

class ParentCheck {
public:
    /// What all servers have alike; or why it is not known: one that does not answer, two that differ.
    using Done = std::function<void(Result<DsSet, std::string> found)>;

    /// `done` is called once, never during this call; the check may be destroyed in it. Destruction
    /// ends it untold. `servers` are not none.
    ParentCheck(net::Loop& loop, Rng& rng, dns::NameView zone, const std::vector<Endpoint>& servers,
                Done done);
    ~ParentCheck();

private:
    struct Asked;
    void on_answer(Asked& asked, Bytes message);
    void on_closed(Asked& asked, const std::string& why);
    void finish(Result<DsSet, std::string> found);

    dns::Name zone_;
    Done done_;
    std::vector<std::unique_ptr<Asked>> asked_;
    net::Timer timer_;
};

}  // namespace kith::server
