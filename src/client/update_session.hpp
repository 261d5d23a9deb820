#pragma once
// UpdateSession: collects what is to change and sends it: finds zone and server, signs, tries again,
// checks the reply and says what it means. Below `Update` of zones.hpp and below `kith update`.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "auth/tsig.hpp"
#include "base/ip_address.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "client/request_key.hpp"
#include "client/zones.hpp"
#include "net/net_error.hpp"
#include "update/update_builder.hpp"

namespace kith::client {

/// How messages get to a server; for tests another than the network.
enum class UpdateWay : std::uint8_t { udp, tcp };
using UpdateTransport = std::function<net::Net<std::vector<std::uint8_t>>(
    const Endpoint& server, Bytes message, UpdateWay way, Duration timeout,
    const std::optional<Endpoint>& local)>;

/// What a session has around it.
struct UpdateWorld {
    UpdateTransport transport;
    std::function<UnixTime()> now;
    Rng* rng = nullptr;  // used by one thread at a time
    /// The resolver asked for names and zones when no server is given.
    Endpoint resolver;
};
/// The network, the clock and resolv.conf. Its Rng is the calling thread's.
UpdateWorld system_update_world();

/// The commands of nsupdate's language that make this update; the zone and the class only where they
/// are not the ones that go without saying.
std::string script_of(const update::UpdateMessage& message, const std::optional<dns::Name>& zone,
                      dns::RrClass klass);

struct SessionSettings {
    std::string server{};  // address or name, with :port if not 53; empty: asked for
    std::optional<std::uint16_t> port{};
    Duration timeout = 300s;  // for all of one send()
    Duration retry = 3s;      // for each try over UDP
    int retries = 3;
    bool tcp_only = false;
};

/// Must not outlive the world given. One thread at a time.
class UpdateSession {
public:
    UpdateSession(SessionSettings settings, MessageKey key, const UpdateWorld& world);

    update::UpdateBuilder& builder() { return builder_; }
    /// There is nothing that send() would send.
    bool is_empty() const { return builder_.empty(); }
    void set_server(std::string host, std::optional<std::uint32_t> port);
    void set_zone(const dns::Name& zone);
    void set_class(dns::RrClass klass);
    void set_local(const Endpoint& local) { local_ = local; }
    void set_key(MessageKey key) { key_ = std::move(key); }
    void set_lease(const update::Lease& lease) { builder_.set_lease(lease); }
    /// Is shown every message with a word on where it goes or comes from.
    using OnMessage = std::function<void(std::string_view title, Bytes message)>;
    void set_on_message(OnMessage on_message) { on_message_ = std::move(on_message); }

    struct Done {
        UpdateReply reply;
        std::optional<update::Lease> granted;
    };
    /// Sends what was collected and forgets it. Requires that it is not empty.
    Expected<Done> send();
    /// Sends a NOTIFY for `zone` instead.
    Expected<Done> notify(const dns::Name& zone, dns::RrType type);
    /// The message so far in the language of updates.
    std::string shown() const;
    /// The last reply in words; empty: none yet.
    std::string last_reply() const;

private:
    using Message = std::vector<std::uint8_t>;
    /// A reply that may be believed.
    struct Reply {
        Message message;
        Verdict verdict{};
    };

    Expected<Done> send_collected();
    Expected<Reply> exchange(const Endpoint& server, Message message);
    Expected<Message> ask_until(const Endpoint& server, const Message& message, UpdateWay way);
    Expected<Message> sign(Message message, auth::TsigMac& mac) const;
    Expected<Verdict> check_signature(const Message& reply, const auth::TsigMac& mac) const;
    std::size_t signature_bytes() const;
    Expected<void> find_zone();
    Expected<Endpoint> find_server();
    Expected<Endpoint> resolve(const std::string& host, std::uint16_t port);
    Expected<Message> query(const Endpoint& server, const dns::Name& name, dns::RrType type);
    dns::Name first_name() const;
    Expected<Done> judge(const Reply& reply, std::string_view what, const Endpoint& server) const;
    void show(const std::string& title, Bytes message) const;

    SessionSettings settings_;
    const UpdateWorld& world_;
    MessageKey key_;
    update::UpdateBuilder builder_;
    OnMessage on_message_;
    dns::RrClass klass_ = dns::RrClass::IN;
    std::optional<dns::Name> zone_;  // as told
    std::optional<dns::Name> found_zone_;
    std::string primary_;  // MNAME of the zone, when it was asked for
    std::string server_;
    std::uint16_t port_ = 53;
    std::optional<Endpoint> local_;
    Message last_reply_;
    Time deadline_{};  // of the send() under way
};

/// What a TSIG on a reply is worth; unsigned requests have none to judge.
Verdict verdict_of(const auth::TsigReply& reply);

}  // namespace kith::client
