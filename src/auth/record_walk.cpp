#include "auth/record_walk.hpp"

#include "dns/name.hpp"

namespace kith::auth {

dns::Wire<RecordWalk> RecordWalk::begin(Bytes message) {
    KITH_TRY(const dns::Header header, dns::read_header(message));
    RecordWalk walk(message, header.counts[1] + header.counts[2] + header.counts[3]);
    for (int i = 0; i < header.counts[0]; ++i) {
        KITH_TRY_VOID(dns::skip_name(walk.reader_));
        KITH_TRY_VOID(walk.reader_.take(4));
    }
    return walk;
}

dns::Wire<bool> RecordWalk::next() {
    if (left_ == 0) {
        if (!reader_.at_end()) return reader_.error(dns::WireFault::trailing_bytes);
        return false;
    }
    --left_;
    offset_ = reader_.offset();
    KITH_TRY_VOID(dns::skip_name(reader_));
    KITH_TRY(const std::uint16_t type, reader_.u16());
    KITH_TRY(const std::uint16_t klass, reader_.u16());
    KITH_TRY(ttl_, reader_.u32());
    KITH_TRY(const std::uint16_t size, reader_.u16());
    rdata_offset_ = reader_.offset();
    KITH_TRY(rdata_, reader_.take(size));
    type_ = static_cast<dns::RrType>(type);
    klass_ = static_cast<dns::RrClass>(klass);
    return true;
}

}  // namespace kith::auth
