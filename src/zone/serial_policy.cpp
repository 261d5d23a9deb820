#include "zone/serial_policy.hpp"

#include <chrono>

#include "dns/serial.hpp"

namespace kith::zone {

std::uint32_t next_serial(SerialPolicy policy, std::uint32_t last, UnixTime now) {
    std::uint32_t wanted = last + 1;
    switch (policy) {
        case SerialPolicy::increment: break;
        case SerialPolicy::unixtime: wanted = static_cast<std::uint32_t>(now); break;
        case SerialPolicy::dateserial: {
            const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(
                std::chrono::sys_seconds(std::chrono::seconds(now))));
            wanted = ((static_cast<std::uint32_t>(static_cast<int>(date.year())) * 100 +
                       static_cast<unsigned>(date.month())) *
                          100 +
                      static_cast<unsigned>(date.day())) *
                     100;
            break;
        }
    }
    return dns::is_newer(wanted, last) ? wanted : last + 1;
}

}  // namespace kith::zone
