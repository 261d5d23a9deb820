#include "net/load_generator.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "net/descriptor.hpp"
#include "net/socket_address.hpp"

namespace kith::net {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t header_size = 12;
constexpr std::size_t answer_bytes_max = 4096;  // more than any EDNS size in use; the rest is cut
constexpr int batch_max = 64;                   // datagrams a call
constexpr int socket_buffer_bytes = 1 << 20;    // holds a whole window of small answers
constexpr int idle_poll_ms = 1;                 // bounds how late a time-out or the end is noticed
constexpr int scans_per_timeout = 16;           // a loss is noticed at most 1/16 too late

nanoseconds now() { return std::chrono::steady_clock::now().time_since_epoch(); }

std::optional<nanoseconds> read_clock(clockid_t clock) {
    timespec value{};
    if (clock_gettime(clock, &value) != 0) return std::nullopt;
    return std::chrono::seconds(value.tv_sec) + nanoseconds(value.tv_nsec);
}

/// CPU time of whole processes, exited threads included. The kernel brings the clock of a running
/// thread up to date when it is asked, which /proc does only at the next scheduler tick.
class ProcessClocks {
public:
    static Result<ProcessClocks, LoadError> open(const std::vector<pid_t>& pids) {
        ProcessClocks out;
        for (const pid_t pid : pids) {
            clockid_t clock{};
            const int fault = clock_getcpuclockid(pid, &clock);
            if (fault != 0) {
                return std::unexpected(
                    LoadError{LoadFault::server_process,
                              fmt::format("cannot read the CPU time of process {}: {}", pid,
                                          std::strerror(fault))});
            }
            out.clocks_.push_back(clock);
        }
        return out;
    }

    /// Nullopt when there are no processes or one of them has ended.
    std::optional<nanoseconds> read() const {
        if (clocks_.empty()) return std::nullopt;
        nanoseconds total{};
        for (const clockid_t clock : clocks_) {
            const auto value = read_clock(clock);
            if (!value) return std::nullopt;
            total += *value;
        }
        return total;
    }

private:
    std::vector<clockid_t> clocks_;
};

/// The `index`-th source on loopback. Distinct addresses make distinct clients for per-client
/// limits, cookies and the kernel's choice among SO_REUSEPORT sockets.
Endpoint spread_source(int index) {
    return {.address = IpAddress::v4(127, 53, static_cast<std::uint8_t>(index / 200),
                                     static_cast<std::uint8_t>(1 + index % 200))};
}

LoadError socket_error(const char* call, const Endpoint& endpoint) {
    return {LoadFault::socket,
            fmt::format("{} {}: {}", call, endpoint.to_text(), std::strerror(errno))};
}

Result<Descriptor, LoadError> open_socket(const LoadOptions& options, int index) {
    const Endpoint& server = options.server;
    const int family = server.address.is_v4() ? AF_INET : AF_INET6;
    Descriptor out(socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!out) return std::unexpected(socket_error("cannot make a socket for", server));
    // The kernel may grant less; the window still fits, only with less to spare.
    setsockopt(out.get(), SOL_SOCKET, SO_RCVBUF, &socket_buffer_bytes, sizeof socket_buffer_bytes);
    const bool on_loopback = server.address.is_v4() && server.address.is_loopback();
    if (options.sources == LoadSources::spread && on_loopback) {
        const Endpoint source = spread_source(index);
        const SocketAddress local(source);
        if (bind(out.get(), &local.any, local.size()) != 0) {
            return std::unexpected(socket_error("cannot bind", source));
        }
    }
    const SocketAddress peer(server);
    if (connect(out.get(), &peer.any, peer.size()) != 0) {
        return std::unexpected(socket_error("cannot connect to", server));
    }
    return out;
}

/// One query under way, or none. Its place among the slots of its socket is the low bits of the
/// message id, the number of times the slot was used the high bits: ids are unique among what is
/// under way, and an answer that comes after its query was given up finds another id.
struct Slot {
    nanoseconds sent{};
    std::uint32_t query = 0;
    std::uint16_t id = 0;
    bool busy = false;
    bool counted = false;  // sent after the warm-up
};

struct Flow {
    Descriptor socket;
    std::vector<Slot> slots;
    std::vector<std::uint16_t> free;  // indexes of slots that are not busy
};

/// Datagrams of one call, with the headers the kernel wants.
template <std::size_t datagram_bytes>
struct Batch {
    std::array<std::array<std::uint8_t, datagram_bytes>, batch_max> bytes;
    std::array<iovec, batch_max> vectors;
    std::array<mmsghdr, batch_max> messages;

    Batch() {
        for (std::size_t i = 0; i < batch_max; ++i) {
            vectors[i] = {bytes[i].data(), datagram_bytes};
            messages[i] = {};
            messages[i].msg_hdr.msg_iov = &vectors[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
    }
};

enum class Phase : std::uint8_t { warm_up, measure, drain };

class Generator {
public:
    Generator(const LoadOptions& options, const QueryList& queries, ProcessClocks clocks)
        : options_(options), queries_(queries), clocks_(std::move(clocks)) {}

    Result<void, LoadError> open() {
        const int per_socket = (options_.window + options_.sockets - 1) / options_.sockets;
        slot_mask_ = std::bit_ceil(static_cast<unsigned>(per_socket)) - 1;
        for (int i = 0; i < options_.sockets; ++i) {
            KITH_TRY(Descriptor socket, open_socket(options_, i));
            const auto count = static_cast<std::uint16_t>(per_socket);
            Flow& flow = flows_.emplace_back(std::move(socket), std::vector<Slot>(count));
            for (std::uint16_t slot = 0; slot < count; ++slot) {
                flow.slots[slot].id = slot;
                flow.free.push_back(slot);
            }
        }
        return {};
    }

    LoadResult run() {
        const nanoseconds start = now();
        const nanoseconds measure_at = start + options_.warm_up;
        const nanoseconds stop_at = measure_at + options_.duration;
        nanoseconds scan_at = start;
        while (phase_ != Phase::drain || under_way_ > 0) {
            const nanoseconds time = now();
            if (phase_ == Phase::warm_up && time >= measure_at) begin_measuring(time);
            if (phase_ == Phase::measure && time >= stop_at) end_measuring(time);
            if (time >= scan_at) {
                give_up_before(time - options_.timeout);
                scan_at = time + options_.timeout / scans_per_timeout;
            }
            if (!move_packets() && options_.idle == LoadIdle::sleep) wait();
        }
        return std::move(result_);
    }

private:
    void begin_measuring(nanoseconds time) {
        phase_ = Phase::measure;
        measure_start_ = time;
        generator_cpu_start_ = read_clock(CLOCK_THREAD_CPUTIME_ID);
        server_cpu_start_ = clocks_.read();
    }

    void end_measuring(nanoseconds time) {
        phase_ = Phase::drain;
        result_.elapsed = time - measure_start_;
        const auto server_cpu = clocks_.read();
        if (server_cpu && server_cpu_start_) result_.server_cpu = *server_cpu - *server_cpu_start_;
        const auto generator_cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
        result_.generator_cpu =
            generator_cpu.value_or(nanoseconds{}) - generator_cpu_start_.value_or(nanoseconds{});
    }

    /// One round over all sockets; false when nothing moved.
    bool move_packets() {
        bool moved = false;
        for (Flow& flow : flows_) {
            moved = receive(flow) || moved;
            if (phase_ != Phase::drain) moved = send(flow) || moved;
        }
        return moved;
    }

    bool receive(Flow& flow) {
        const int count = recvmmsg(flow.socket.get(), answers_->messages.data(), batch_max,
                                   MSG_DONTWAIT, nullptr);
        if (count <= 0) return false;  // nothing there, or an ICMP error of an earlier query
        const nanoseconds time = now();
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            const Bytes answer{answers_->bytes[i].data(), answers_->messages[i].msg_len};
            accept(flow, answer, time);
        }
        return true;
    }

    void accept(Flow& flow, Bytes answer, nanoseconds time) {
        if (answer.size() < header_size) return unexpected();
        const std::uint16_t id = load_u16(answer.data());
        const std::size_t index = id & slot_mask_;
        if (index >= flow.slots.size()) return unexpected();
        Slot& slot = flow.slots[index];
        if (!slot.busy || slot.id != id || !answers_question(answer, slot.query)) {
            return unexpected();
        }
        if (phase_ == Phase::measure) ++result_.answers_in_time;
        if (slot.counted) count_answer(answer, time - slot.sent);
        release(flow, static_cast<std::uint16_t>(index));
    }

    /// QR is set and the question is ours; a server that could not read it may leave it out.
    bool answers_question(Bytes answer, std::uint32_t query) const {
        if ((answer[2] & 0x80) == 0) return false;
        if (load_u16(answer.data() + 4) == 0) return true;
        const Bytes question = queries_.question(query);
        return answer.size() >= header_size + question.size() &&
               std::memcmp(answer.data() + header_size, question.data(), question.size()) == 0;
    }

    void count_answer(Bytes answer, nanoseconds latency) {
        const std::uint8_t rcode = answer[3] & 0x0f;
        ++result_.answered;
        ++result_.rcodes[rcode];
        if ((answer[2] & 0x02) != 0) ++result_.truncated;
        if (rcode == 0 && load_u16(answer.data() + 6) == 0) ++result_.empty;
        result_.latency.add(static_cast<std::uint64_t>(latency.count()));
    }

    void unexpected() {
        if (phase_ != Phase::warm_up) ++result_.unexpected;
    }

    bool send(Flow& flow) {
        const std::size_t count = std::min<std::size_t>(flow.free.size(), batch_max);
        if (count == 0) return false;
        const nanoseconds time = now();
        for (std::size_t i = 0; i < count; ++i) {
            write_query(flow.slots[flow.free[flow.free.size() - 1 - i]], i, time);
        }
        const int done = sendmmsg(flow.socket.get(), queries_out_->messages.data(),
                                  static_cast<unsigned>(count), MSG_DONTWAIT);
        const std::size_t sent = done > 0 ? static_cast<std::size_t>(done) : 0;
        if (sent < count && phase_ == Phase::measure) ++result_.send_errors;
        for (std::size_t i = 0; i < sent; ++i) {
            flow.slots[flow.free.back()].busy = true;
            flow.free.pop_back();
        }
        under_way_ += sent;
        if (phase_ == Phase::measure) result_.sent += sent;
        return sent > 0;
    }

    void write_query(Slot& slot, std::size_t place, nanoseconds time) {
        slot.query = static_cast<std::uint32_t>(next_query_);
        if (++next_query_ == queries_.size()) next_query_ = 0;
        slot.id = static_cast<std::uint16_t>(slot.id + slot_mask_ + 1);
        slot.sent = time;
        slot.counted = phase_ == Phase::measure;
        const Bytes message = queries_.message(slot.query);
        std::uint8_t* const out = queries_out_->bytes[place].data();
        std::memcpy(out, message.data(), message.size());
        store_u16(out, slot.id);
        queries_out_->vectors[place].iov_len = message.size();
    }

    void release(Flow& flow, std::uint16_t index) {
        flow.slots[index].busy = false;
        flow.free.push_back(index);
        --under_way_;
    }

    void give_up_before(nanoseconds oldest) {
        for (Flow& flow : flows_) {
            for (std::uint16_t i = 0; i < flow.slots.size(); ++i) {
                if (!flow.slots[i].busy || flow.slots[i].sent > oldest) continue;
                if (flow.slots[i].counted) ++result_.lost;
                release(flow, i);
            }
        }
    }

    void wait() {
        std::array<pollfd, LoadOptions::sockets_max> polled{};
        for (std::size_t i = 0; i < flows_.size(); ++i) {
            polled[i] = {flows_[i].socket.get(), POLLIN, 0};
        }
        poll(polled.data(), flows_.size(), idle_poll_ms);
    }

    const LoadOptions& options_;
    const QueryList& queries_;
    ProcessClocks clocks_;
    std::vector<Flow> flows_;
    // On the heap for their size; a quarter of a megabyte does not belong on a stack.
    std::unique_ptr<Batch<answer_bytes_max>> answers_ = std::make_unique<Batch<answer_bytes_max>>();
    std::unique_ptr<Batch<QueryList::message_bytes_max>> queries_out_ =
        std::make_unique<Batch<QueryList::message_bytes_max>>();
    unsigned slot_mask_ = 0;
    std::size_t next_query_ = 0;
    std::size_t under_way_ = 0;
    Phase phase_ = Phase::warm_up;
    nanoseconds measure_start_{};
    std::optional<nanoseconds> generator_cpu_start_;
    std::optional<nanoseconds> server_cpu_start_;
    LoadResult result_;
};

std::optional<LoadError> check_options(const LoadOptions& options, const QueryList& queries) {
    const auto bad = [](std::string text) {
        return LoadError{LoadFault::bad_option, std::move(text)};
    };
    if (queries.empty()) return LoadError{LoadFault::no_queries, "the query list is empty"};
    if (options.server.address.family() == IpFamily::none || options.server.port == 0) {
        return bad("expected the server's address and port");
    }
    if (options.sockets < 1 || options.sockets > LoadOptions::sockets_max) {
        return bad(fmt::format("sockets: expected 1..{}, found {}", LoadOptions::sockets_max,
                               options.sockets));
    }
    if (options.window < 1 || options.window > LoadOptions::window_max) {
        return bad(fmt::format("window: expected 1..{}, found {}", LoadOptions::window_max,
                               options.window));
    }
    if (options.warm_up.count() < 0 || options.duration.count() <= 0 ||
        options.timeout.count() <= 0) {
        return bad("expected a warm-up of 0 ms or more, a duration and a timeout of 1 ms or more");
    }
    return std::nullopt;
}

double microseconds_per(nanoseconds time, std::uint64_t count) {
    return count == 0 ? 0.0
                      : static_cast<double>(time.count()) / 1000.0 / static_cast<double>(count);
}

}  // namespace

double LoadResult::queries_per_second() const {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    return seconds > 0 ? static_cast<double>(answers_in_time) / seconds : 0.0;
}

double LoadResult::generator_cpu_us_per_query() const {
    return microseconds_per(generator_cpu, answers_in_time);
}

std::optional<double> LoadResult::server_cpu_us_per_query() const {
    if (!server_cpu || answers_in_time == 0) return std::nullopt;
    return microseconds_per(*server_cpu, answers_in_time);
}

Result<LoadResult, LoadError> run_load(const LoadOptions& options, const QueryList& queries) {
    if (auto error = check_options(options, queries)) return std::unexpected(*std::move(error));
    KITH_TRY(ProcessClocks clocks, ProcessClocks::open(options.server_pids));
    Generator generator(options, queries, std::move(clocks));
    KITH_TRY_VOID(generator.open());
    return generator.run();
}

}  // namespace kith::net
