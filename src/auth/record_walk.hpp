#pragma once
// RecordWalk: the records of a message one after the other, in place, for what looks for the signature at
// its end. Private to this module.

#include "dns/message.hpp"
#include "dns/wire.hpp"

namespace kith::auth {

/// Owners are passed over and RDATA is not looked into.
class RecordWalk {
public:
    /// Stands before the first record; the error says where header or questions end too soon.
    static dns::Wire<RecordWalk> begin(Bytes message);

    /// Goes to the next record. False: there is none, and nothing is left over, which is an error.
    dns::Wire<bool> next();

    std::size_t offset() const { return offset_; }  ///< of the record in the message
    dns::RrType type() const { return type_; }
    dns::RrClass klass() const { return klass_; }
    std::uint32_t ttl() const { return ttl_; }
    Bytes rdata() const { return rdata_; }
    std::size_t rdata_offset() const { return rdata_offset_; }
    bool is_last() const { return left_ == 0; }
    /// An error right behind the record.
    std::unexpected<dns::WireError> error(dns::WireFault fault) const {
        return reader_.error(fault);
    }

private:
    RecordWalk(Bytes message, int records) : reader_(message, dns::header_bytes), left_(records) {}
    dns::Reader reader_;
    int left_;  // records behind this one
    std::size_t offset_ = 0;
    std::size_t rdata_offset_ = 0;
    dns::RrType type_{};
    dns::RrClass klass_{};
    std::uint32_t ttl_ = 0;
    Bytes rdata_;
};

}  // namespace kith::auth
