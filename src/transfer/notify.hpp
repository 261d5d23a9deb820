#pragma once
// NOTIFY (RFC 1996): the messages, and the Notifier that sends them until they are heard.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "dns/message.hpp"
#include "transfer/limits.hpp"
#include "transfer/security.hpp"
#include "zone/zone.hpp"

namespace kith::transfer {

/// A NOTIFY request that came in.
struct NotifyIn {
    std::uint16_t id = 0;
    dns::Name zone;
    dns::RrClass klass = dns::RrClass::IN;
    std::optional<std::uint32_t> serial;  // of the SOA in its answer section, a hint (§3.7)
};

/// Reads a NOTIFY request (opcode NOTIFY, QR clear). Fails with what to answer: FORMERR without one
/// question, NOTIMP for another type than SOA.
Result<NotifyIn, dns::Rcode> read_notify(Bytes message);
/// The answer to it (§4.7), in `buffer` of at least 512 bytes: the question, AA, and the rcode.
Bytes write_notify_reply(Bytes request, dns::Rcode rcode, MessageSigner* signer,
                         MutableBytes buffer);

/// The names a zone's NOTIFY goes to by itself (§2.3): its NS records but for the SOA's MNAME.
std::vector<dns::Name> notify_names(const zone::Zone& zone);

/// Who is told of a zone's new versions.
struct NotifyTarget {
    Endpoint endpoint;
    std::uint32_t key = 0;  // the caller's number of a TSIG key; 0: unsigned

    friend bool operator==(const NotifyTarget&, const NotifyTarget&) = default;
};

/// Sends NOTIFY over UDP without I/O: poll_transmit() out, on_reply() in, on_timer() at
/// next_deadline(). One for all zones. Not thread-safe.
class Notifier {
public:
    struct Transmit {
        Endpoint to;
        std::vector<std::uint8_t> message;
    };
    struct Security {
        std::unique_ptr<MessageSigner> signer;
        std::unique_ptr<MessageVerifier> verifier;
    };
    /// The signer of one request to `target` and the verifier of its reply.
    using MakeSecurity = std::function<Security(std::uint32_t key)>;
    struct Counts {
        std::uint64_t sent = 0, answered = 0, failed = 0, dropped = 0, ignored = 0;
    };
    /// Told when a target has answered or has been given up; `rcode` nullopt: no answer.
    using OnDone = std::function<void(const dns::Name& zone, const Endpoint& to,
                                      std::optional<dns::Rcode> rcode)>;

    /// `rng` must outlive this.
    Notifier(Rng& rng, MakeSecurity make_security = {}, OnDone on_done = {});

    /// There is a new version of a zone, whose SOA has this RDATA and TTL. A target that has not
    /// answered for an older one is told of this one instead.
    void notify(Time now, const dns::Name& zone, dns::RrClass klass, Bytes soa, std::uint32_t ttl,
                const std::vector<NotifyTarget>& targets);
    /// The zone is no longer ours.
    void forget(const dns::Name& zone);

    /// The next message to send; nullopt: none now.
    std::optional<Transmit> poll_transmit(Time now);
    /// Bytes that came from `from`. True when they answered a request.
    bool on_reply(Time now, const Endpoint& from, Bytes message);
    void on_timer(Time now);
    std::optional<Time> next_deadline() const;

    std::size_t in_flight() const { return flying_.size(); }
    std::size_t waiting() const { return waiting_.size(); }
    const Counts& counts() const { return counts_; }

private:
    struct Request {
        dns::Name zone;
        dns::RrClass klass{};
        std::vector<std::uint8_t> soa;
        std::uint32_t ttl = 0;
        NotifyTarget target;
        std::uint16_t id = 0;
        int tries = 0;
        Time due{};
        std::unique_ptr<MessageVerifier> verifier;
    };
    /// Which request: a zone and where to.
    using Key = std::pair<dns::Name, std::string>;

    void notify_one(Time now, Request request);
    std::vector<std::uint8_t> write(Request& request);
    void finish(std::size_t index, std::optional<dns::Rcode> rcode);
    static Key key_of(const Request& request);

    Rng* rng_;
    MakeSecurity make_security_;
    OnDone on_done_;
    std::map<Key, Request> waiting_;  // not sent yet ...
    std::deque<Key> order_;           // ... and in which order; those forgotten are still in it
    std::vector<Request> flying_;     // sent, and to be sent again at `due`
    Counts counts_;
};

}  // namespace kith::transfer
