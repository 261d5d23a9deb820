#include "answer/snapshot.hpp"

#include <algorithm>

namespace kith::answer {
namespace {

AnswerOptions bounded(AnswerOptions options) {
    options.nsid.resize(std::min(options.nsid.size(), nsid_bytes_max));
    options.version.resize(std::min(options.version.size(), chaos_text_bytes_max));
    options.hostname.resize(std::min(options.hostname.size(), chaos_text_bytes_max));
    options.udp_payload_bytes_max =
        std::max<std::uint16_t>(options.udp_payload_bytes_max, dns::udp_bytes_plain);
    return options;
}

}  // namespace

AnswerSettings::AnswerSettings(AnswerOptions given)
    : options(bounded(std::move(given))), forward_clients(options.forward_clients) {
    for (const dns::Name& name : options.forward_names) forward_names[name] = 1;
}

bool AnswerSnapshot::forwards_for(const IpAddress& client) const {
    if (!options.forwarding) return false;
    return options.forward_clients.empty() || settings_->forward_clients.contains(client);
}

}  // namespace kith::answer
