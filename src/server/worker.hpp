#pragma once
// Worker: one thread that answers queries: its sockets, its event loop, its cache and forwarding
// engine. Workers share the published snapshot and nothing else.

#include <memory>
#include <thread>
#include <vector>

#include "answer/answerer.hpp"
#include "net/loop.hpp"
#include "net/system.hpp"
#include "net/tcp_server.hpp"
#include "net/udp_listener.hpp"
#include "server/forward_port.hpp"
#include "server/snapshot.hpp"
#include "server/transfer_service.hpp"
#include "server/update_service.hpp"
#include "server/upstream_io.hpp"

namespace kith::server {

/// How workers hand things to the control thread. Called on any of them; must not wait.
struct ControlPort {
    /// Takes a version of a zone, to be let go where zones are made. Empty: it is let go at once.
    std::function<void(zone::ZonePtr)> give_back;
    /// A NOTIFY was found good. May drop it when there are too many.
    std::function<void(HeardNotify)> on_notify;
    /// An UPDATE that deserves to be looked at; the reply comes by Worker::deliver(). False: there are
    /// too many.
    UpdateService::Post on_update;
    /// A question about a name of the link; the answer comes by Worker::deliver_local(). Empty: SERVFAIL.
    std::function<void(LocalQuestion)> on_local;
};

class Worker {
public:
    /// One of `workers`, each of which has an equal share of the cache.
    Worker(const PublishedSnapshot& published, std::size_t workers, ControlPort control = {});
    ~Worker();  ///< stops the thread

    /// Opens UDP and TCP on `local` and returns it with its port. Before start(), on the control
    /// thread: so ports below 1024 are bound before privileges go.
    net::Net<Endpoint> listen(const Endpoint& local);

    void start(int index);
    /// Ends the thread after its current turn; waits for it.
    void stop();
    /// Lets the worker take up the snapshot published last. Control thread.
    void snapshot_published();

    /// What a worker counted, readable from any thread.
    const answer::AnswerCounters& counters() const { return answerer_.counters(); }
    /// Answers updates that this worker handed over. Any thread.
    void deliver(std::vector<UpdateReply> replies);
    /// Answers a question about a name of the link. Any thread.
    void deliver_local(std::uint64_t token, std::shared_ptr<const cache::Answer> answer);
    /// Runs `look` on the worker's thread, where everything may be read.
    void inspect(std::function<void(const Worker&)> look);
    const resolve::Forwarder& forwarder() const { return forwarder_; }
    const cache::Cache& cache() const { return cache_; }
    const net::TcpServer& tcp() const { return tcp_; }
    const TransferService& transfers() const { return transfers_; }
    const UpdateService& updates() const { return updates_; }

private:
    void on_udp(const net::UdpListener& listener);
    void answer_batch(const net::UdpListener& listener, std::size_t count);
    void on_tcp_message(net::TcpClient client, const Endpoint& peer, const Endpoint& local,
                        Bytes message);
    void resume(const resolve::Completion& completion);
    void drive_forwarder();
    void take_snapshot();
    cache::CacheLimits share_of_cache() const;
    answer::Answerer::Response answer(answer::Query& query, const Arrival& arrival,
                                      MutableBytes buffer);
    bool answer_transfer(const answer::Query& query, const Arrival& arrival, MutableBytes buffer,
                         Bytes& message);
    bool answer_update(const answer::Query& query, const Arrival& arrival, MutableBytes buffer,
                       Bytes& message);
    void finish_update(const UpdateReply& reply);
    void log_query(const answer::Query& query, const answer::Answerer::Response& response) const;

    const std::size_t workers_;
    PublishedSnapshot::Reader reader_;
    const Snapshot* snapshot_;
    std::uint64_t forwarding_version_;  // of the snapshot that cache and forwarder are set up for
    net::Loop loop_;
    net::SystemRng rng_;
    cache::Cache cache_;
    resolve::Forwarder forwarder_;
    Parking parking_;
    WorkerForwardPort forward_port_;
    UpstreamIo upstream_io_;
    answer::Answerer answerer_;
    TransferService transfers_;
    UpdateService updates_;
    net::TcpServer tcp_;
    std::vector<std::unique_ptr<net::UdpListener>> udp_;
    net::UdpBatch batch_;
    std::unique_ptr<answer::Query[]> queries_;  // one for each place of the batch
    std::unique_ptr<answer::Query> single_;     // TCP and resumed queries
    std::vector<std::uint8_t> large_;           // a response of any size
    bool driving_ = false;
    std::thread thread_;
};

}  // namespace kith::server
