#pragma once
// The question for a zone transfer, read and written: AXFR (RFC 5936 §2.1) and IXFR (RFC 1995 §3).

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "dns/message.hpp"
#include "transfer/security.hpp"

namespace kith::transfer {

enum class Kind : std::uint8_t { axfr, ixfr };

struct TransferQuery {
    Kind kind = Kind::axfr;
    std::uint16_t id = 0;
    dns::Name zone;  // case as sent
    dns::RrClass klass = dns::RrClass::IN;
    std::uint32_t serial = 0;  // IXFR: of the version the client has
    bool recursion_desired = false;
    bool has_edns = false;
    bool wants_expire = false;          // RFC 7314
    std::uint16_t payload_bytes = 512;  // largest UDP answer the client takes
};

/// Reads a query whose type is AXFR or IXFR. Fails with what to answer: FORMERR when it has another
/// shape than its RFC says, BADVERS for an EDNS version we do not speak.
Result<TransferQuery, dns::Rcode> read_transfer_query(Bytes message);

/// The fields of a query to a primary.
struct QueryOut {
    Kind kind = Kind::axfr;
    std::uint16_t id = 0;
    dns::NameView zone;
    dns::RrClass klass = dns::RrClass::IN;
    Bytes soa;  // IXFR: RDATA of the SOA we have
    bool edns = true;
};

/// Writes the query, with the EXPIRE option when `edns` is set, and signs it when there is a signer.
std::vector<std::uint8_t> write_transfer_query(const QueryOut& query,
                                               MessageSigner* signer = nullptr);

/// The query for a zone's SOA that precedes a transfer (RFC 1034 §4.3.5), with the EXPIRE option.
std::vector<std::uint8_t> write_soa_query(std::uint16_t id, dns::NameView zone, dns::RrClass klass,
                                          MessageSigner* signer = nullptr);

}  // namespace kith::transfer
