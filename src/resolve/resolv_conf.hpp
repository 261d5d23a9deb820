#pragma once
// resolv.conf as a source of upstreams: text in, settings out (resolv.conf(5)). No files here.

#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/problem.hpp"
#include "base/time.hpp"
#include "dns/name.hpp"

namespace kith::resolve {

struct ResolvConf {
    std::vector<Endpoint> upstreams;  // `nameserver` lines in order, without repeats, port 53
    std::vector<dns::Name> search;    // the last `search` or `domain` line; for information
    Duration timeout = 5s;            // options timeout:n, 1..30 s
    int attempts = 2;                 // options attempts:n, 1..5
    bool rotate = false;              // options rotate
    bool trust_ad = false;            // options trust-ad
};

/// Reads the text. Like every reader of this file it skips what it does not understand; `problems`
/// (when given) gets a warning with line and column for each. A loopback server such as systemd's
/// 127.0.0.53 is an upstream like any other: whether it is ourselves is is_own_endpoint()'s question.
/// `%zone` after a link-local address must be a number (an interface index).
ResolvConf parse_resolv_conf(std::string_view text, Problems* problems = nullptr);

}  // namespace kith::resolve
