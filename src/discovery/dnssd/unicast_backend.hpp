#pragma once
// UnicastBackend: DNS-SD against any DNS server (RFC 6763 §10 ff.), as an engine without I/O.
//
// Each query is asked over UDP, over TCP when the reply is truncated, and again when the shortest TTL
// of its answer has almost run out; the difference to the answer before is what is reported. Replies are
// believed only if socket, id and question are right (RFC 5452); every question has a socket of its own.

#include <array>
#include <deque>
#include <map>
#include <set>

#include "base/rng.hpp"
#include "discovery/dnssd/backend.hpp"

namespace kith::discovery::dnssd {

class UnicastBackend final : public Backend {
public:
    /// Asks `server` about names under any of `domains`; an empty list is all names but those of
    /// multicast. `rng` must be cryptographic outside of tests and outlives the backend.
    UnicastBackend(const Endpoint& server, std::vector<dns::Name> domains, Rng& rng);

    std::string describe() const override;
    bool serves(dns::NameView name) const override;
    std::optional<QueryToken> start_query(Time now, const RecordQuestion& question,
                                          Scope scope) override;
    void stop_query(Time now, QueryToken query) override;
    void reconfirm(Time now, const RecordEvent& record) override;
    /// Always an error: this machine does not publish into zones of a server here.
    dns::Text<PublicationToken> publish(Time now, std::span<const ServiceRecord> records,
                                        Scope scope, RenamePolicy policy) override;
    void update_txt(Time, PublicationToken, dns::NameView,
                    std::span<const std::vector<std::uint8_t>>) override {}
    void withdraw(Time, PublicationToken) override {}
    dns::Name host_name() const override { return {}; }
    std::optional<BackendEvent> poll_event() override;

    enum class Transport : std::uint8_t { udp, tcp };
    /// "Open a new socket for `exchange`, send `message` to `to`", or with no message: "close it".
    struct Transmit {
        std::uint64_t exchange = 0;
        Transport transport = Transport::udp;
        Endpoint to;
        std::vector<std::uint8_t> message;  // empty: close
    };
    std::optional<Transmit> poll_transmit();
    /// A whole message received on the socket of `exchange`, from the server it is connected to.
    void on_reply(Time now, std::uint64_t exchange, Bytes message);
    void on_failed(Time now, std::uint64_t exchange);  ///< no socket, refused, closed
    std::optional<Time> next_deadline() const;
    void on_timer(Time now);

private:
    using Rdata = std::vector<std::uint8_t>;
    struct Query {
        RecordQuestion question;
        std::uint64_t exchange = 0;  // 0: not waiting for a reply
        std::uint16_t id = 0;
        int tries = 0;
        Time at{};  // next: a retry or the next poll
        std::map<Rdata, std::uint32_t> known;
        bool said_absent = false;
        bool said_failed = false;
    };
    struct Answer {
        std::map<Rdata, std::uint32_t> records;
        std::uint32_t ttl_min = 0;
        bool is_good = false;  // NOERROR or NXDOMAIN
        std::string why;       // not good
    };

    void ask(Time now, QueryToken token, Query& query, Transport transport);
    void close(Query& query);
    Answer read(const Query& query, Bytes message) const;
    void take(Time now, QueryToken token, Query& query, const Answer& answer);
    void retry(Time now, QueryToken token, Query& query, const std::string& why);

    Endpoint server_;
    std::vector<dns::Name> domains_;
    Rng& rng_;
    std::map<QueryToken, Query> queries_;
    std::map<std::uint64_t, QueryToken> exchanges_;
    std::deque<Transmit> transmits_;
    std::deque<BackendEvent> events_;
    std::uint64_t last_token_ = 0;
    std::uint64_t last_exchange_ = 0;
};

}  // namespace kith::discovery::dnssd
