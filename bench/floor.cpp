// The bare floor: what the kernel charges for one query and one answer over UDP.
//
// Receives up to 64 datagrams a call, sets the QR bit of each, appends the sixteen bytes of an
// A record whose owner points at the question, and sends them back. It looks at nothing else, so
// it is no DNS server: it is the lower bound that every server which uses sockets is compared
// with. One thread, one socket bound to one address, no library of the project.
//
// Usage: kith_floor ADDRESS PORT          (ends on SIGTERM)
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr unsigned batch_size = 64;      // the batch the servers are compared at
constexpr std::size_t query_max = 1232;  // longer datagrams are cut, as nothing here reads them
constexpr std::size_t header_size = 12;
constexpr int receive_buffer_bytes = 4 << 20;  // the whole window of any generator fits

// A record of the owner at offset 12: class IN, TTL 60, 192.0.2.1.
constexpr std::array<std::uint8_t, 16> answer_record = {0xc0, 12, 0, 1, 0,   1, 0, 0,
                                                        0,    60, 0, 4, 192, 0, 2, 1};

struct Batch {
    std::array<std::array<std::uint8_t, query_max + answer_record.size()>, batch_size> bytes{};
    std::array<sockaddr_in, batch_size> peers{};
    std::array<iovec, batch_size> vectors{};
    std::array<mmsghdr, batch_size> messages{};
};

/// Makes every slot ready to receive: recvmmsg overwrites both lengths.
void prepare(Batch& batch) {
    for (unsigned i = 0; i < batch_size; ++i) {
        batch.vectors[i] = {batch.bytes[i].data(), query_max};
        msghdr& header = batch.messages[i].msg_hdr;
        header = {};
        header.msg_name = &batch.peers[i];
        header.msg_namelen = sizeof(sockaddr_in);
        header.msg_iov = &batch.vectors[i];
        header.msg_iovlen = 1;
    }
}

/// Turns the first `count` datagrams into answers. Too short ones go back as they are: dropping
/// them would need a second list, and no generator sends them.
void answer(Batch& batch, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        const std::size_t size = batch.messages[i].msg_len;
        std::uint8_t* const bytes = batch.bytes[i].data();
        if (size >= header_size) {
            bytes[2] |= 0x80;  // QR
            bytes[7] = 1;      // ANCOUNT
        }
        std::memcpy(bytes + size, answer_record.data(), answer_record.size());
        batch.vectors[i].iov_len = size + answer_record.size();
    }
}

int open_socket(const char* address, const char* port) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    char* end = nullptr;
    const unsigned long number = std::strtoul(port, &end, 10);
    if (*end != '\0' || number == 0 || number > 65535 ||
        inet_pton(AF_INET, address, &local.sin_addr) != 1) {
        std::fprintf(stderr, "floor: expected an IPv4 address and a port, found '%s' '%s'\n",
                     address, port);
        return -1;
    }
    local.sin_port = htons(static_cast<std::uint16_t>(number));
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    // SO_RCVBUFFORCE needs root; without it the kernel's limit is what we get.
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer_bytes,
                   sizeof receive_buffer_bytes) != 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    // sockaddr_in is what the C interface means by sockaddr.
    if (bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        std::fprintf(stderr, "floor: cannot bind %s port %s: %s\n", address, port,
                     std::strerror(errno));
        return -1;
    }
    return fd;
}

void serve(int fd, Batch& batch) {
    while (true) {
        prepare(batch);
        const int received =
            recvmmsg(fd, batch.messages.data(), batch_size, MSG_WAITFORONE, nullptr);
        if (received <= 0) continue;  // a signal, or an ICMP error of an earlier send
        const auto count = static_cast<unsigned>(received);
        answer(batch, count);
        // A datagram that cannot be sent stops the call there: step over it.
        for (unsigned sent = 0; sent < count;) {
            const int done = sendmmsg(fd, batch.messages.data() + sent, count - sent, 0);
            sent += done > 0 ? static_cast<unsigned>(done) : 1;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: kith_floor ADDRESS PORT\n");
        return 2;
    }
    const int fd = open_socket(argv[1], argv[2]);
    if (fd < 0) return 1;
    static Batch batch;
    serve(fd, batch);
}
