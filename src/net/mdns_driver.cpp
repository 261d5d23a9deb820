#include "net/mdns_driver.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <limits>

#include "base/log.hpp"
#include "net/limits.hpp"

namespace kith::net {
namespace {

namespace mdns = discovery::mdns;
using mdns::SocketKind;

constexpr IpFamily families[] = {IpFamily::v4, IpFamily::v6};

Duration read_clock(clockid_t clock) {
    timespec at{};
    ::clock_gettime(clock, &at);
    return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

/// How long the machine has slept since it was booted.
Duration time_asleep() { return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC); }

mdns::LinkConfig config_of(const LinkState& link, IpFamily family) {
    mdns::LinkConfig out;
    out.mtu = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(link.mtu, std::numeric_limits<std::uint16_t>::max()));
    for (const IpPrefix& prefix : link.addresses) {
        if (prefix.address.family() == family) out.addresses.push_back(prefix);
    }
    return out;
}

}  // namespace

MdnsDriver::MdnsDriver(Loop& loop, mdns::Engine& engine, MdnsDriverOptions options,
                       std::function<void()> on_events)
    : loop_(loop),
      engine_(engine),
      junction_(engine),
      options_(std::move(options)),
      on_events_(std::move(on_events)),
      timer_(loop,
             [this] {
                 look_for_sleep();
                 engine_.on_timer(loop_.now());
                 after_input();
             }),
      settle_(loop, [this] { read_links(); }),
      neighbor_timer_(loop, [this] { look_for_neighbors(); }) {}

MdnsDriver::~MdnsDriver() {
    for (std::optional<MdnsSocket>* socket : {&v4_, &v6_, &one_shot_v4_, &one_shot_v6_}) {
        if (*socket) loop_.unwatch((*socket)->fd());
    }
    for (const auto& [link, socket] : groups_) loop_.unwatch(socket.fd());
    if (monitor_) loop_.unwatch(monitor_->fd());
    if (clock_changes_) loop_.unwatch(clock_changes_.get());
}

Net<void> MdnsDriver::start() {
    std::string complaint;
    if (options_.use_ipv4) open_socket(IpFamily::v4, v4_, complaint);
    if (options_.use_ipv6) open_socket(IpFamily::v6, v6_, complaint);
    if (!v4_ && !v6_)
        return std::unexpected(NetError{
            EADDRINUSE, complaint.empty() ? "neither IPv4 nor IPv6 is to be used" : complaint});
    KITH_TRY(monitor_, LinkMonitor::open());
    loop_.watch(monitor_->fd(), EPOLLIN, [this](std::uint32_t) { on_link_notice(); });
    asleep_ = time_asleep();
    watch_clock();
    look_for_neighbors();
    read_links();
    return {};
}

void MdnsDriver::open_socket(IpFamily family, std::optional<MdnsSocket>& socket,
                             std::string& complaint) {
    auto opened = MdnsSocket::open(family, mdns::port);
    if (!opened) {
        complaint = opened.error().text;
        log::write(log::Level::debug, "mdns.family_left_out", log::kv("why", complaint));
        return;
    }
    socket = std::move(*opened);
    loop_.watch(socket->fd(), EPOLLIN,
                [this, &socket](std::uint32_t) { on_readable(*socket, SocketKind::mdns); });
}

MdnsSocket* MdnsDriver::socket_for(IpFamily family, SocketKind kind) {
    const bool is_v6 = family == IpFamily::v6;
    if (kind == SocketKind::mdns) {
        std::optional<MdnsSocket>& socket = is_v6 ? v6_ : v4_;
        return socket ? &*socket : nullptr;
    }
    std::optional<MdnsSocket>& socket = is_v6 ? one_shot_v6_ : one_shot_v4_;
    if (!socket) {
        auto opened = MdnsSocket::open(family, 0);
        if (!opened) return nullptr;
        socket = std::move(*opened);
        loop_.watch(socket->fd(), EPOLLIN,
                    [this, &socket](std::uint32_t) { on_readable(*socket, SocketKind::one_shot); });
    }
    return &*socket;
}

void MdnsDriver::on_readable(MdnsSocket& socket, SocketKind kind) {
    look_for_sleep();
    for (int i = 0; i < mdns_packets_per_turn; ++i) {
        const auto datagram = socket.receive();
        if (!datagram) break;
        give(socket, kind, *datagram);
        send_waiting();  // whoever asked waits; whether there is more to read may wait
    }
    after_input();
}

void MdnsDriver::give(MdnsSocket& socket, SocketKind kind, const MdnsDatagram& datagram) {
    if (datagram.is_cut) {
        ++stats_.packets_cut;
        return;
    }
    mdns::PacketInfo info;
    info.interface = datagram.interface;
    info.family = socket.family();
    info.source = datagram.source;
    info.destination =
        datagram.destination.is_multicast() ? mdns::Destination::group : mdns::Destination::unicast;
    info.socket = kind;
    info.hop_limit = datagram.hop_limit;
    if (info.destination == mdns::Destination::unicast) {
        asked_.push_front({datagram.source, datagram.destination});
        if (asked_.size() > mdns_asked_max) asked_.pop_back();
    }
    junction_.on_packet(loop_.now(), info, datagram.bytes);
}

void MdnsDriver::send(const mdns::Transmit& transmit) {
    MdnsSocket* const socket = socket_for(transmit.family(), transmit.socket);
    if (socket == nullptr) return;
    IpAddress from;
    if (transmit.destination == mdns::Destination::unicast) {
        const auto asked = std::ranges::find(asked_, transmit.to, &Asked::client);
        if (asked != asked_.end()) from = asked->local;
    }
    if (!socket->send(transmit.interface, transmit.to, from, transmit.message))
        ++stats_.send_failures;
}

void MdnsDriver::send_waiting() {
    while (const auto transmit = junction_.poll_transmit(loop_.now())) send(*transmit);
}

void MdnsDriver::flush() {
    send_waiting();
    if (const auto next = engine_.next_timer()) {
        timer_.arm(*next);
    } else {
        timer_.cancel();
    }
}

void MdnsDriver::after_input() {
    send_waiting();
    if (engine_.has_events()) on_events_();
    flush();
}

void MdnsDriver::on_link_notice() {
    monitor_->drain();
    const Time now = loop_.now();
    if (!links_changed_since_) links_changed_since_ = now;
    settle_.arm(std::min(now + link_settle_time, *links_changed_since_ + link_settle_time_max));
}

void MdnsDriver::read_links() {
    links_changed_since_.reset();
    const auto links = monitor_->read();
    if (!links) {
        log::write(log::Level::warning, "mdns.interfaces_unreadable",
                   log::kv("why", links.error().text));
        return;
    }
    std::map<std::uint32_t, LinkState> now_used;
    for (const LinkState& link : *links) {
        const InterfaceVerdict verdict = judge(options_.interfaces, link);
        if (verdict == InterfaceVerdict::used) {
            now_used.emplace(link.index, link);
        } else {
            log::write(log::Level::debug, "mdns.interface_left_out", log::kv("name", link.name),
                       log::kv("why", describe(verdict)));
        }
    }
    std::vector<std::uint32_t> gone;
    for (const auto& [index, link] : used_) {
        const auto found = now_used.find(index);
        // An index with another name is another interface.
        if (found == now_used.end() || found->second.name != link.name) gone.push_back(index);
    }
    for (const std::uint32_t index : gone) drop(index);
    for (const auto& [index, link] : now_used) {
        const auto before = used_.find(index);
        const LinkState* const old = before == used_.end() ? nullptr : &before->second;
        if (old != nullptr && *old == link) continue;
        for (const IpFamily family : families) bring(link, family, old);
        used_[index] = link;
    }
    after_input();
}

void MdnsDriver::bring(const LinkState& link, IpFamily family, const LinkState* before) {
    if (socket_for(family, SocketKind::mdns) == nullptr) return;
    const mdns::LinkConfig config = config_of(link, family);
    // Without an address of the family there is nothing to send from.
    if (config.addresses.empty()) return leave(link.index, family);
    if (!groups_.contains({link.index, family})) {
        if (!join(link, family)) return;
        log::write(log::Level::info, "mdns.interface_used", log::kv("name", link.name),
                   log::kv("family", family == IpFamily::v4 ? 4 : 6),
                   log::kv("addresses", config.addresses.size()));
    } else if (before != nullptr && config_of(*before, family).addresses == config.addresses &&
               before->mtu == link.mtu) {
        return;
    }
    ++link_changes_;
    if (!engine_.set_link(loop_.now(), link.index, family, config)) {
        log::write(log::Level::warning, "mdns.too_many_interfaces", log::kv("name", link.name));
        return leave(link.index, family);
    }
    if (auto* const reflector = junction_.reflector())
        reflector->set_link(link.index, link.name, family, config);
}

bool MdnsDriver::join(const LinkState& link, IpFamily family) {
    auto opened = MdnsSocket::open_group(family, link.index, mdns::port);
    if (!opened) {
        log::write(log::Level::debug, "mdns.join_failed", log::kv("name", link.name),
                   log::kv("error", opened.error().text));
        return false;
    }
    const auto place = groups_.emplace(std::pair(link.index, family), std::move(*opened)).first;
    MdnsSocket& socket = place->second;
    loop_.watch(socket.fd(), EPOLLIN,
                [this, &socket](std::uint32_t) { on_readable(socket, SocketKind::mdns); });
    return true;
}

void MdnsDriver::leave(std::uint32_t index, IpFamily family) {
    const auto found = groups_.find({index, family});
    if (found == groups_.end()) return;
    loop_.unwatch(found->second.fd());
    stats_.packets_dropped += found->second.dropped();
    groups_.erase(found);
    ++link_changes_;
    engine_.remove_link(loop_.now(), index, family);
    if (auto* const reflector = junction_.reflector()) reflector->remove_link(index, family);
}

void MdnsDriver::set_reflector(discovery::reflector::Reflector* reflector) {
    junction_.set_reflector(reflector);
    if (reflector == nullptr) return;
    for (const auto& [key, socket] : groups_) {
        const auto link = used_.find(key.first);
        if (link != used_.end())
            reflector->set_link(key.first, link->second.name, key.second,
                                config_of(link->second, key.second));
    }
}

void MdnsDriver::drop(std::uint32_t index) {
    for (const IpFamily family : families) leave(index, family);
    log::write(log::Level::info, "mdns.interface_gone", log::kv("name", used_[index].name));
    used_.erase(index);
}

void MdnsDriver::set_interfaces(InterfaceRules rules) {
    options_.interfaces = std::move(rules);
    if (monitor_) read_links();
}

void MdnsDriver::look_for_neighbors() {
    const bool shared = port_is_shared(mdns::port, {v4_ ? v4_->fd() : -1, v6_ ? v6_->fd() : -1});
    if (shared != is_shared_) {
        is_shared_ = shared;
        log::write(log::Level::info, shared ? "mdns.port_shared" : "mdns.port_ours");
        engine_.set_reverse_names(loop_.now(), shared ? mdns::ReverseNames::left_to_others
                                                      : mdns::ReverseNames::published);
    }
    engine_.set_unicast_replies(shared ? mdns::UnicastReplies::may_not_reach_us
                                       : mdns::UnicastReplies::reach_us);
    neighbor_timer_.arm(loop_.now() + mdns_neighbor_interval);
}

void MdnsDriver::watch_clock() {
    // The kernel cancels this timer when the wall clock is set, which is also what waking up does.
    clock_changes_ = Descriptor(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!clock_changes_) return;
    const auto arm = [this] {
        itimerspec far{};
        far.it_value.tv_sec = std::numeric_limits<std::int32_t>::max();
        ::timerfd_settime(clock_changes_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far,
                          nullptr);
    };
    arm();
    loop_.watch(clock_changes_.get(), EPOLLIN, [this, arm](std::uint32_t) {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto got = ::read(clock_changes_.get(), &count, sizeof count);
        arm();
        look_for_sleep();
        after_input();
    });
}

void MdnsDriver::look_for_sleep() {
    const Duration asleep = time_asleep();
    if (asleep - asleep_ > suspend_min) {
        log::write(
            log::Level::info, "mdns.woke_up",
            log::kv("slept_s",
                    std::chrono::duration_cast<std::chrono::seconds>(asleep - asleep_).count()));
        for (auto& [link, socket] : groups_) socket.rejoin();
        ++link_changes_;
        engine_.on_wake(loop_.now());
    }
    asleep_ = asleep;
}

bool MdnsDriver::has_link() const { return !groups_.empty(); }

MdnsDriverStats MdnsDriver::stats() const {
    MdnsDriverStats out = stats_;
    for (const std::optional<MdnsSocket>* socket : {&v4_, &v6_, &one_shot_v4_, &one_shot_v6_}) {
        if (*socket) out.packets_dropped += (*socket)->dropped();
    }
    for (const auto& [link, socket] : groups_) out.packets_dropped += socket.dropped();
    return out;
}

std::string MdnsDriver::interface_name(std::uint32_t index) const {
    const auto found = used_.find(index);
    return found == used_.end() ? std::string() : found->second.name;
}

}  // namespace kith::net
