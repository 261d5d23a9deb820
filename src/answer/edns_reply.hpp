#pragma once
// EdnsReply: the OPT record of one response (RFC 6891), decided when the query's options have
// been read and written when everything else is in the message.
//
// begin() reads the options we know (NSID, COOKIE, TCP keepalive, expire, padding), writes ours into a
// buffer of the worker and says how many bytes to set aside; unknown options and flags are
// ignored (RFC 8906 §3.2.4). The extended error and padding are decided in finish(), which uses
// what room is left.

#include <array>
#include <optional>

#include "answer/query.hpp"
#include "answer/snapshot.hpp"
#include "dns/message_builder.hpp"

namespace kith::answer {

class EdnsReply {
public:
    /// Reads the query's EDNS and sets room for the response's OPT aside. Sets query.cookie.
    /// Returns the rcode that EDNS itself calls for: NOERROR, FORMERR (a malformed option) or
    /// BADVERS (RFC 6891 §6.1.3).
    dns::Rcode begin(const AnswerSnapshot& snapshot, Query& query, dns::MessageBuilder& response);

    /// Writes OPT if the query had one. The last thing to be added to a response.
    void finish(const Query& query, dns::MessageBuilder& response);

private:
    bool read_option(const AnswerSnapshot& snapshot, Query& query, const dns::Option& option);
    bool read_cookie(const AnswerSnapshot& snapshot, Query& query, Bytes value);
    void read_expire(const AnswerSnapshot& snapshot, const Query& query);
    void put(dns::OptionCode code, Bytes value);
    std::size_t reserved_bytes() const;
    void put_error(const ExtendedError& error, std::size_t room);
    void put_padding(std::size_t message_bytes, std::size_t room);

    std::array<std::uint8_t, opt_options_bytes_max> options_;
    std::size_t size_ = 0;
    std::uint16_t payload_bytes_ = 0;  // what we accept
    bool wanted_ = false;
    bool padding_ = false;
    bool cookie_seen_ = false;
    bool nsid_seen_ = false;
    bool keepalive_seen_ = false;
    std::optional<std::uint32_t> expire_;  // asked for, and in how many seconds
};

}  // namespace kith::answer
