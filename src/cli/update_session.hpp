#pragma once
// UpdateSession: collects what is to change and sends it: finds zone and server, signs, tries again,
// checks the reply and says what it means.

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/update.hpp"
#include "cli/update_keys.hpp"
#include "update/script.hpp"
#include "update/update_builder.hpp"

namespace kith::cli {

class UpdateSession {
public:
    UpdateSession(const UpdateOptions& options, UpdateKey key, const UpdateWorld& world,
                  std::ostream& out, std::ostream& err);

    update::UpdateBuilder& builder() { return builder_; }
    /// There is nothing that send() would send.
    bool is_empty() const { return builder_.empty(); }
    void set_server(std::string host, std::optional<std::uint32_t> port);
    void set_zone(const dns::Name& zone);
    void set_class(dns::RrClass klass);
    void set_local(const Endpoint& local) { local_ = local; }
    void set_key(UpdateKey key) { key_ = std::move(key); }
    void set_debug() { is_debug_ = true; }
    void set_lease(const update::Lease& lease) { builder_.set_lease(lease); }

    /// Sends what was collected, if anything, and forgets it. An error has been told.
    enum class Sent : std::uint8_t { good, failed };
    Sent send();
    /// Sends a NOTIFY for `zone` instead.
    Sent notify(const dns::Name& zone, dns::RrType type);
    /// The message so far in the language of updates.
    std::string shown() const;
    /// The last reply in words; empty: none yet.
    std::string last_reply() const;

private:
    using Message = std::vector<std::uint8_t>;
    /// A reply that may be believed.
    struct Reply {
        Message message;
        std::size_t size = 0;  // without its TSIG
    };

    OrText<Reply> exchange(const Endpoint& server, Message message);
    OrText<Message> ask_until(const Endpoint& server, const Message& message, UpdateWay way);
    OrText<Message> sign(Message message, auth::TsigMac& mac) const;
    OrText<std::size_t> check_signature(const Message& reply, const auth::TsigMac& mac) const;
    std::size_t signature_bytes() const;
    OrText<void> find_zone();
    OrText<Endpoint> find_server();
    OrText<Endpoint> resolve(const std::string& host, std::uint16_t port);
    OrText<Message> query(const Endpoint& server, const dns::Name& name, dns::RrType type);
    dns::Name first_name() const;
    Sent judge(const Reply& reply, std::string_view what);
    Sent fail(const std::string& text);
    void debug(std::string_view title, Bytes message) const;

    const UpdateOptions& options_;
    const UpdateWorld& world_;
    std::ostream& out_;
    std::ostream& err_;
    UpdateKey key_;
    update::UpdateBuilder builder_;
    dns::RrClass klass_ = dns::RrClass::IN;
    std::optional<dns::Name> zone_;  // as told
    std::optional<dns::Name> found_zone_;
    std::string primary_;  // MNAME of the zone, when it was asked for
    std::string server_;
    std::uint16_t port_ = 53;
    std::optional<Endpoint> local_;
    Message last_reply_;
    bool is_debug_ = false;
};

}  // namespace kith::cli
