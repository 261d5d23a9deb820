#pragma once
// Writing RRsets into a response: whole or not at all.
//
// Truncation (RFC 2181 §9): an RRset that does not fit whole is left out whole. If the response
// needs it, TC is set and nothing more is added, so that a truncated answer is a true prefix of
// the whole one at an RRset boundary. Data that is only a courtesy is left out silently.

#include "answer/stage.hpp"

namespace kith::answer {

/// What it means when an RRset does not fit.
enum class Need : std::uint8_t { required, courtesy };

/// Where records start within an RRset: rotated (for the answer itself) or as stored.
enum class Order : std::uint8_t { rotated, stored };

/// An owner name, written once and pointed to after that.
struct Owner {
    dns::NameView name;
    std::uint16_t offset = 0;  // where it stands in the message; 0: not yet known
};

/// The owner of records for the name being answered.
Owner target_owner(const Query& query);
/// The owner made of the last `labels` labels of the name being answered.
Owner target_suffix(const Query& query, int labels);

/// Adds one record; false: no room, the response is as it was and, if required, TC is set.
bool add_record(Exchange& exchange, dns::Section section, Owner& owner, dns::RrType type,
                std::uint32_t ttl, Bytes rdata, Need need = Need::required);

/// Adds an RRset, whole or not at all, in the same way.
bool add_rrset(Exchange& exchange, dns::Section section, Owner& owner, const zone::RrSetView& rrset,
               Order order, Need need);

/// As add_rrset() of an RRset of `node`, with the signatures over it when the query wants them: both, or
/// neither (RFC 4035 §3.1.1).
bool add_signed(Exchange& exchange, dns::Section section, Owner& owner, zone::NodeView node,
                const zone::RrSetView& rrset, Order order, Need need);

/// Adds the signatures that `node` has over its RRset of type `covered`, which has been added with this
/// TTL: theirs is the same (RFC 4034 §3). Of what is not authoritative there, none. False: no room; the
/// caller takes the RRset out again.
bool add_signatures(Exchange& exchange, dns::Section section, Owner& owner, zone::NodeView node,
                    dns::RrType covered, std::uint32_t ttl, Need need);

/// Writes the proofs of Worker::denial to the authority section and forgets them. Required; to be called
/// before anything is added to the additional section. False: no room.
bool add_proofs(Exchange& exchange);

/// Adds the addresses of the names in an RRset of the answer (RFC 1034 §4.3.2 step 6) that local
/// zones have. A courtesy.
void add_additional(Exchange& exchange, const zone::RrSetView& rrset);

/// Adds a zone's SOA, as `rdata`, to the authority section of a negative answer, with its signatures when
/// the query wants them. Required; false: no room.
bool add_zone_soa(Exchange& exchange, const zone::Zone& zone, std::uint32_t ttl, Bytes rdata);

/// Adds to the authority section an SOA that no zone has, for negative answers of ours
/// (RFC 6303 §3); its TTL and minimum are `ttl`.
void add_made_soa(Exchange& exchange, dns::Section section, Owner owner, std::uint32_t ttl);

/// Adds the DNAME at the last `labels` labels of the name being answered, unless an earlier step of
/// the chain has: an RRset stands in an answer once. False: no room, as add_rrset().
bool add_dname_once(Exchange& exchange, int labels, zone::NodeView node,
                    const zone::RrSetView& dname);

/// Makes `name`, which the alias written last leads to and which stands at `offset` of the response (0: not
/// known), the name to answer. `follow`, or
/// `answered` when that would be a loop or one step too many: then the client gets the aliases
/// found so far and may go on from there.
Verdict follow_alias(Exchange& exchange, dns::NameView name, std::uint16_t offset);

}  // namespace kith::answer
