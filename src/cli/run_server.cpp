#include "cli/run_server.hpp"

#include <ostream>

#include "cli/problems.hpp"
#include "dns/name_hash.hpp"
#include "net/system.hpp"
#include "server/log_sink.hpp"

namespace kith::cli {

int run_server(server::ConfigSource source, const server::Overrides& overrides,
               const std::function<void(const server::Server&)>& started, std::ostream& err) {
    server::use_standard_error_for_log();
    server::Server::block_signals();
    net::SystemRng rng;
    dns::set_name_hash_key(rng.next(), rng.next());

    server::Server server(std::move(source), overrides);
    const Problems problems = server.start();
    print_problems(problems, err);
    if (has_errors(problems)) return 1;
    started(server);
    server.run();
    return 0;
}

}  // namespace kith::cli
