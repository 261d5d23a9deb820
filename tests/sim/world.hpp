#pragma once
// World: hosts with Multicast DNS engines on links in memory, in virtual time.
//
// Segments carry packets to all interfaces on them, the sender's own among them, with loss, repeats
// and delays that put them out of order. Bridges join segments, reflectors copy packets from one to
// another under their own address, partitions cut hosts off. Everything comes from one seed.
//
// The world watches what is sent: a record is multicast on a link at most once a second, or every
// 250 ms against a probe (RFC 6762 §6), and no packet is larger than it may be (§17).

#include <array>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "base/deadline_heap.hpp"
#include "base/rng.hpp"
#include "discovery/mdns/engine.hpp"
#include "discovery/mdns/packet.hpp"
#include "discovery/mdns/record.hpp"
#include "discovery/reflector/junction.hpp"

namespace kith::sim {

namespace mdns = discovery::mdns;

/// How a segment treats its packets.
struct Weather {
    std::uint32_t loss_percent = 0;
    std::uint32_t repeat_percent = 0;
    Duration delay_min = 0ms;
    Duration delay_max = 2ms;
};

enum class Families : std::uint8_t { v4, v4_and_v6 };
enum class Copies : std::uint8_t { same_bytes, rewritten };

class World {
public:
    explicit World(std::uint64_t seed);
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // ---- building

    std::size_t add_segment();
    std::size_t add_host();
    /// Puts a new interface of `host` on `segment`; returns its index. `address`, if not 0, is the
    /// last number of its addresses, so that two interfaces may have the same ones.
    mdns::InterfaceId plug(std::size_t host, std::size_t segment, Families families = Families::v4,
                           std::uint32_t address = 0);
    void unplug(std::size_t host, mdns::InterfaceId interface);
    void replug(std::size_t host, mdns::InterfaceId interface);
    /// Gives the interface other addresses.
    void renumber(std::size_t host, mdns::InterfaceId interface);
    /// Packets of either segment appear on the other, as they are. Joined twice, they appear twice.
    void bridge(std::size_t a, std::size_t b);
    /// Packets of either segment are sent on the other by a host in between, up to `delay` later.
    void reflect(std::size_t a, std::size_t b, Copies copies, Duration delay);
    /// Hosts of different groups do not hear each other; all start in group 0.
    void set_group(std::size_t host, int group) { hosts_[host]->group = group; }
    void set_weather(const Weather& weather) { weather_ = weather; }

    /// Lets `host` reflect between its interfaces, which are called `if1`, `if2` and so on.
    void make_reflector(std::size_t host, const discovery::reflector::Policy& policy);

    // ---- hosts

    struct Host {
        explicit Host(std::uint64_t seed) : rng(seed), engine({}, rng), junction(engine) {}

        struct Plug {
            mdns::InterfaceId id = 0;
            std::size_t segment = 0;
            std::uint32_t address = 0;
            Families families{};
            bool is_in = true;
            // By family: when each record was multicast last, and when each name was probed for, by hash.
            std::array<std::unordered_map<std::uint64_t, Time>, 2> said{}, probed{};
        };
        SeededRng rng;
        mdns::Engine engine;
        std::unique_ptr<discovery::reflector::Reflector> reflector;
        discovery::reflector::Junction junction;  // as in the driver of sockets
        std::vector<Plug> plugs;
        int group = 0;
        std::map<mdns::RegistrationId, dns::Name> established;
        std::vector<mdns::RegistrationEvent> renames;
        std::map<mdns::QueryId, std::set<std::string>> found;  // rdata as bytes, of each query
        std::map<mdns::QueryId, std::map<std::string, int>> holders;  // on how many interfaces
        std::uint64_t sent = 0;
        std::uint64_t engine_sent = 0;  // of these, the engine's
    };
    Host& host(std::size_t index) { return *hosts_[index]; }
    std::size_t host_count() const { return hosts_.size(); }
    /// Calls `use(engine, now)` and carries what comes of it.
    template <class Use>
    auto with(std::size_t index, Use use) {
        mdns::Engine& engine = hosts_[index]->engine;
        if constexpr (std::is_void_v<decltype(use(engine, now_))>) {
            use(engine, now_);
            drain(index);
        } else {
            auto result = use(engine, now_);
            drain(index);
            return result;
        }
    }

    // ---- time

    void run(Duration duration);
    Time now() const { return now_; }
    SeededRng& rng() { return rng_; }
    /// Packets from the reflectors of hosts.
    std::uint64_t reflected() const { return reflected_; }
    std::uint64_t packets() const { return packets_; }
    std::uint64_t bytes() const { return bytes_; }
    /// What was sent against the rules, with who and when.
    const std::vector<std::string>& complaints() const { return complaints_; }

    /// Something that is not an engine sends on a segment.
    void inject(std::size_t segment, const Endpoint& source,
                const std::vector<std::uint8_t>& message);
    /// Packets that were sent to this address by unicast, which no host has.
    std::uint64_t sent_to(const Endpoint& address) const {
        const auto found = unicasts_.find({address.address.to_text(), address.port});
        return found == unicasts_.end() ? 0 : found->second;
    }

private:
    /// A message on the wire, read once for all who get it.
    struct Datagram {
        std::vector<std::uint8_t> bytes;
        mdns::Packet packet;
        bool is_readable = false;
        std::vector<std::uint64_t> probes;  // hashes of the names it asks to have
    };
    using Message = std::shared_ptr<const Datagram>;
    static Message make_message(std::vector<std::uint8_t> bytes);
    struct Delivery {
        Time at{};
        std::uint64_t serial = 0;
        std::size_t host = 0;
        mdns::PacketInfo info;
        Message message;
        bool operator>(const Delivery& other) const {
            return at != other.at ? at > other.at : serial > other.serial;
        }
    };
    struct Joint {
        std::size_t a = 0, b = 0;
        bool reflects = false;
        Copies copies{};
        Duration delay{};
        std::uint32_t number = 0;
    };

    void drain(std::size_t index);
    void print(std::size_t host, const mdns::Transmit& transmit, const Datagram& message) const;
    void send(std::size_t host, const mdns::Transmit& transmit, const Message& message);
    void carry(std::size_t segment, std::size_t sender, const Endpoint& source,
               const mdns::Transmit& transmit, const Message& message, Duration after, int hops);
    void deliver(std::size_t host, const Host::Plug& plug, const Endpoint& source,
                 const mdns::Transmit& transmit, const Message& message, Duration after);
    static IpPrefix own_address(const Host::Plug& plug, IpFamily family);
    void configure(std::size_t host, const Host::Plug& plug);
    void watch(std::size_t host, Host::Plug& plug, const mdns::Transmit& transmit,
               const Datagram& message);
    void take_events(std::size_t index);
    void complain(std::size_t host, const std::string& what);

    static constexpr std::size_t nobody = ~std::size_t{0};

    SeededRng rng_;
    Time now_ = Time{} + 1000h;
    Weather weather_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::size_t segments_ = 0;
    std::vector<Joint> joints_;
    std::priority_queue<Delivery, std::vector<Delivery>, std::greater<>> deliveries_;
    DeadlineHeap timers_;  // of hosts
    std::uint64_t serial_ = 0;
    std::uint32_t next_address_ = 10;
    SeededRng hash_rng_{1};
    mdns::Hasher hasher_{hash_rng_};
    std::uint64_t packets_ = 0, bytes_ = 0, reflected_ = 0;
    std::map<std::pair<std::string, std::uint16_t>, std::uint64_t> unicasts_;
    std::vector<std::string> complaints_;
};

/// The seeds to run: KITH_SEED alone, or 1..KITH_SEEDS, or 1..`count`.
std::vector<std::uint64_t> seeds(std::uint64_t count);

}  // namespace kith::sim
