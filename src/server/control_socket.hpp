#pragma once
// ControlSocket: how commands of the same machine reach the server that runs: a Unix socket in the state
// directory, which only its owner (and root) may use. One line asks, the answer ends with the
// connection:
//
//   key roll example. ksk\n        ->    ok\n<text>        or        error\n<text>
//
// Control thread only.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/descriptor.hpp"
#include "net/loop.hpp"

namespace kith::server {

inline constexpr std::string_view control_socket_name = "kith.control";

class ControlSocket {
public:
    /// What a request does; the value is the text for its user, the error says what stands against it.
    using Handler = std::function<Result<std::string, std::string>(std::string_view request)>;

    /// Listens in `folder`, which nobody else must use: an old socket there is replaced.
    static Result<std::unique_ptr<ControlSocket>, std::string> open(net::Loop& loop,
                                                                    const std::string& folder,
                                                                    Handler handler);
    ~ControlSocket();
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

private:
    struct Client;
    ControlSocket(net::Loop& loop, std::string path, net::Descriptor listener, Handler handler);
    void listen();
    void accept();
    void serve(Client& client);
    void drop(int fd);

    net::Loop& loop_;
    std::string path_;
    net::Descriptor listener_;
    Handler handler_;
    net::Timer pause_;  // until descriptors may be free again
    std::map<int, std::unique_ptr<Client>> clients_;
};

/// Asks the server that uses `folder`, and waits for its answer. The error says what to do when there is
/// none that runs.
Result<std::string, std::string> ask_control(const std::string& folder, std::string_view request);

}  // namespace kith::server
