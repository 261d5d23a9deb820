#pragma once
// Query: one query on its way through the stages, and what has been decided about its answer.
//
// A worker keeps a Query for each slot of its receive batch and uses it again and again: it is
// 3 kB of which a plain query touches a few hundred bytes, so it is never cleared as a whole.
// Whoever receives sets the first group of members, Answerer::prepare() the second, and the
// stages the third. A Query borrows the message and, between prepare() and respond(), the
// snapshot: both must stay.

#include <array>
#include <optional>
#include <string_view>

#include "answer/limits.hpp"
#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "dns/message.hpp"
#include "dns/name_hash.hpp"
#include "zone/node.hpp"

namespace kith::zone {
class Zone;
}

namespace kith::answer {

/// What a parked query waited for. Only the ForwardPort that parked it knows what is inside.
struct FetchedAnswer;

enum class Transport : std::uint8_t { udp, tcp, tls, https, quic };

/// True when every message stands alone, may be forged and must fit a datagram.
constexpr bool is_datagram(Transport transport) { return transport == Transport::udp; }
constexpr bool is_encrypted(Transport transport) { return transport >= Transport::tls; }

/// What a stage says about a query.
enum class Verdict : std::uint8_t {
    next,      // not mine; the response is as it was, ask the next stage
    answered,  // the response is complete, send it
    later,     // somebody keeps the query and has it answered again from the start
    drop,      // say nothing
    follow,    // an alias is in the answer and target() is its target: ask the stages for it
};
inline constexpr std::size_t verdict_count = 5;

/// Why a query went wrong, for a person at a client (RFC 8914). `text` is a constant.
struct ExtendedError {
    dns::EdeCode code{};
    std::string_view text;
};

/// What the query's COOKIE option proves (RFC 7873 §5.2).
enum class CookieState : std::uint8_t {
    absent,       // no option, or cookies are off
    client_only,  // a client that does not know our cookie yet
    invalid,      // a server cookie that is not ours, or too old
    valid,        // the client is where its address says it is
};

/// What reading the message found; all but `question` are answered (or not) by the first stage.
enum class Reading : std::uint8_t {
    question,      // one question: `view` and `qname` are set
    silence,       // must not be answered: too short, a response, a port that answers back
    other_opcode,  // not QUERY; `view` is set if there is one readable question
    cookie_only,   // no question but a COOKIE option (RFC 7873 §5.4)
    malformed,     // a header and something that is not a query
};

struct Query {
    // From the transport.
    Bytes message;
    Endpoint client;
    Endpoint local;
    Transport transport = Transport::udp;
    Time now;
    UnixTime unix_now = 0;
    const FetchedAnswer* fetched = nullptr;  // set when a parked query is answered again

    // From prepare().
    Reading reading = Reading::silence;
    dns::QueryView view;
    dns::LookupName qname;
    const zone::Zone* zone = nullptr;      // deepest local zone around target(); null: none
    std::optional<zone::NodeView> likely;  // from approach(): of that zone, perhaps of qname

    // From the stages.
    dns::Rcode rcode = dns::Rcode::NOERROR;
    std::optional<ExtendedError> error;
    CookieState cookie = CookieState::absent;
    bool forwarding = false;         // this client may have names looked up elsewhere: RA
    int steps = 0;                   // aliases followed so far
    dns::LookupName alias;           // where they led; read it with target()
    std::uint16_t alias_offset = 0;  // where it stands in the response, 0: not known
    std::array<std::uint64_t, chain_steps_max + 1> seen;    // hashes of the names answered so far
    std::array<std::uint64_t, chain_steps_max + 1> dnames;  // and of the DNAMEs in the answer
    int dname_count = 0;

    /// The name to answer now: the question's, or the target of the last alias. Lower case.
    const dns::LookupName& target() const { return steps == 0 ? qname : alias; }
    dns::RrType type() const { return view.qtype; }
    /// DO: RRSIGs and proofs are wanted (RFC 4035 §3.1).
    bool wants_dnssec() const { return view.edns && view.edns->dnssec_ok; }
    bool wants_recursion() const { return view.header.has(dns::Header::rd); }
    void explain(dns::EdeCode code, std::string_view text = {}) { error = {code, text}; }
};

}  // namespace kith::answer
