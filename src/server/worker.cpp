#include "server/worker.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"
#include "server/signed_query.hpp"

namespace kith::server {
namespace {

using answer::Query;
using answer::Verdict;

// Batches one socket may have in a turn, so that a flood on one address leaves turns for TCP,
// other addresses and upstreams' replies.
constexpr int batches_per_turn = 8;

// As many datagrams at once say that a socket is under load: then it is polled until it is empty. To
// stop waiting and to resume cost 2.2 us together, waiting 0.18 us a datagram (on loopback).
constexpr std::size_t busy_batch = 16;

// Ports of which one ought to be free for both UDP and TCP.
constexpr int free_port_tries = 32;

}  // namespace

Worker::Worker(const PublishedSnapshot& published, std::size_t workers, ControlPort control)
    : workers_(workers),
      reader_(published),
      snapshot_(&reader_.refresh()),
      forwarding_version_(snapshot_->forwarding_version),
      cache_(share_of_cache()),
      forwarder_(*snapshot_->forward, cache_, rng_),
      forward_port_(forwarder_, parking_),
      upstream_io_(loop_, forwarder_, rng_, [this] { drive_forwarder(); }),
      answerer_(&forward_port_),
      transfers_({std::move(control.give_back), std::move(control.on_notify),
                  [] { return net::unix_now(); }}),
      updates_(std::move(control.on_update)),
      tcp_(loop_, snapshot_->tcp,
           [this](net::TcpClient client, const Endpoint& peer, const Endpoint& local,
                  Bytes message) { on_tcp_message(client, peer, local, message); }),
      queries_(new Query[net::UdpBatch::capacity]),
      single_(new Query) {
    forward_port_.set_snapshot(*snapshot_);
    forward_port_.set_local(std::move(control.on_local));
}

Worker::~Worker() {
    stop();
    for (const auto& listener : udp_) loop_.unwatch(listener->fd());
}

net::Net<Endpoint> Worker::listen(const Endpoint& local) {
    // The port that port 0 found for UDP may be taken for TCP: then another is tried.
    for (int tries = local.port == 0 ? free_port_tries : 1;; --tries) {
        KITH_TRY(net::UdpListener udp, net::UdpListener::open(local));
        const auto tcp = tcp_.listen(udp.local());
        if (!tcp && tries > 1) continue;
        if (!tcp) return std::unexpected(tcp.error());
        udp_.push_back(std::make_unique<net::UdpListener>(std::move(udp)));
        const net::UdpListener& kept = *udp_.back();
        loop_.watch(kept.fd(), EPOLLIN, [this, &kept](std::uint32_t) { on_udp(kept); });
        return kept.local();
    }
}

cache::CacheLimits Worker::share_of_cache() const {
    cache::CacheLimits out = snapshot_->cache;
    out.bytes_max /= workers_;
    out.entries_max = (out.entries_max + workers_ - 1) / workers_;
    return out;
}

void Worker::start(int index) {
    thread_ = std::thread([this, index] {
        ::pthread_setname_np(::pthread_self(), fmt::format("kith-worker-{}", index).c_str());
        loop_.run();
    });
}

void Worker::stop() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
}

void Worker::snapshot_published() {
    loop_.post([this] { take_snapshot(); });
}

void Worker::inspect(std::function<void(const Worker&)> look) {
    loop_.post([this, look = std::move(look)] { look(*this); });
}

void Worker::take_snapshot() {
    const Snapshot* const before = snapshot_;
    snapshot_ = &reader_.refresh();
    if (snapshot_ == before) return;
    forward_port_.set_snapshot(*snapshot_);
    tcp_.set_settings(snapshot_->tcp);
    if (std::exchange(forwarding_version_, snapshot_->forwarding_version) ==
        snapshot_->forwarding_version)
        return;
    cache_ = cache::Cache(share_of_cache());
    forwarder_.reconfigure(*snapshot_->forward);
    drive_forwarder();
}

void Worker::on_udp(const net::UdpListener& listener) {
    for (int round = 0; round < batches_per_turn; ++round) {
        const std::size_t count = batch_.receive(listener);
        if (count == 0) return loop_.wait_for(listener.fd());
        if (count >= busy_batch) loop_.poll_each_turn(listener.fd());
        take_snapshot();
        answer_batch(listener, count);
        if (count < net::UdpBatch::capacity) return;
        loop_.update_now();
    }
}

void Worker::answer_batch(const net::UdpListener& listener, std::size_t count) {
    const UnixTime unix_now = net::unix_now();
    for (std::size_t i = 0; i < count; ++i) {
        Query& query = queries_[i];
        query.message = batch_.query(i);
        query.client = batch_.client(i);
        query.local = batch_.local(listener, i);
        query.transport = answer::Transport::udp;
        query.now = loop_.now();
        query.unix_now = unix_now;
        query.fetched = nullptr;
        answerer_.prepare(snapshot_->answer, query);
    }
    for (std::size_t i = 0; i < count; ++i) answerer_.approach(queries_[i]);
    const std::size_t parked_before = parking_.size();
    Arrival arrival;
    arrival.udp = &listener;
    arrival.batch = &batch_;
    for (std::size_t i = 0; i < count; ++i) {
        arrival.index = i;
        if (TransferService::is_for_us(queries_[i])) [[unlikely]] {
            Bytes message;
            if (answer_transfer(queries_[i], arrival, batch_.reply_buffer(i), message)) {
                if (!message.empty()) batch_.reply(i, message.size());
                continue;
            }
        }
        if (UpdateService::is_for_us(queries_[i])) [[unlikely]] {
            Bytes message;
            if (answer_update(queries_[i], arrival, batch_.reply_buffer(i), message)) {
                if (!message.empty()) batch_.reply(i, message.size());
                continue;
            }
        }
        const auto response = answer(queries_[i], arrival, batch_.reply_buffer(i));
        if (response.verdict == Verdict::answered) batch_.reply(i, response.message.size());
    }
    batch_.flush(listener);
    if (parking_.size() != parked_before || forwarder_.questions() != 0) drive_forwarder();
}

answer::Answerer::Response Worker::answer(Query& query, const Arrival& arrival,
                                          MutableBytes buffer) {
    forward_port_.set_arrival(arrival);
    answer::Answerer::Response response;
    if (may_be_signed(query)) [[unlikely]] {
        response.message =
            answer_signed(query, snapshot_->keys.get(), buffer, [&](MutableBytes room) {
                const auto plain = answerer_.respond(snapshot_->answer, query, room);
                response.verdict = plain.verdict;
                return plain.verdict == Verdict::answered ? plain.message : Bytes();
            });
        if (!response.message.empty()) response.verdict = Verdict::answered;
    } else {
        response = answerer_.respond(snapshot_->answer, query, buffer);
    }
    if (snapshot_->log_queries) log_query(query, response);
    return response;
}

/// Answers AXFR, IXFR and NOTIFY for zones they concern; false: it is for the stages. Over TCP the
/// answer is on its way, over UDP it is in `buffer`.
bool Worker::answer_transfer(const Query& query, const Arrival& arrival, MutableBytes buffer,
                             Bytes& message) {
    large_.resize(dns::message_bytes_max);
    auto answer = transfers_.answer(snapshot_->transfers, snapshot_->keys, query,
                                    tcp_.stream_count(), large_);
    if (!answer.is_ours) return false;
    if (arrival.udp == nullptr) {
        if (answer.stream != nullptr) {
            tcp_.send_stream(arrival.tcp_client, std::move(answer.stream));
        } else {
            tcp_.send(arrival.tcp_client, answer.message);
        }
        return true;
    }
    // What passes the buffer passes what any datagram of ours may have: nothing can be said.
    if (answer.message.size() > buffer.size()) return true;
    std::ranges::copy(answer.message, buffer.begin());
    message = buffer.first(answer.message.size());
    return true;
}

/// As answer_transfer(), for UPDATE; the answer may come later.
bool Worker::answer_update(const Query& query, const Arrival& arrival, MutableBytes buffer,
                           Bytes& message) {
    if (snapshot_->transfers.size() == 0 || snapshot_->keys == nullptr) return false;
    large_.resize(dns::message_bytes_max);
    const auto answer = updates_.answer(snapshot_->transfers, snapshot_->answer.zones,
                                        snapshot_->keys, query, parking_.next_token(), large_);
    if (answer.is_later) {
        parking_.park(arrival, query);
    } else if (arrival.udp == nullptr) {
        tcp_.send(arrival.tcp_client, answer.message);
    } else if (answer.message.size() <= buffer.size()) {
        std::ranges::copy(answer.message, buffer.begin());
        message = buffer.first(answer.message.size());
    }
    return true;
}

void Worker::deliver_local(std::uint64_t token, std::shared_ptr<const cache::Answer> answer) {
    loop_.post([this, token, answer = std::move(answer)] {
        forward_port_.local_answered();
        const cache::Freshness freshness =
            answer->has_records() ? cache::Freshness::fresh : cache::Freshness::failed;
        resume({token, answer->view(loop_.now(), freshness)});
    });
}

void Worker::deliver(std::vector<UpdateReply> replies) {
    loop_.post([this, replies = std::move(replies)] {
        for (const UpdateReply& reply : replies) finish_update(reply);
    });
}

void Worker::finish_update(const UpdateReply& reply) {
    const auto parked = parking_.take(reply.token);
    if (!parked) return;
    large_.resize(dns::message_bytes_max);
    const auto transport = parked->udp != nullptr ? answer::Transport::udp : answer::Transport::tcp;
    const Bytes message =
        updates_.finish(reply, parked->message, transport, net::unix_now(), large_);
    if (parked->udp != nullptr) {
        if (!message.empty()) net::send_reply(*parked->udp, parked->udp_peer, message);
    } else if (message.empty()) {
        tcp_.done(parked->tcp_client);
    } else {
        tcp_.send(parked->tcp_client, message);
    }
}

void Worker::on_tcp_message(net::TcpClient client, const Endpoint& peer, const Endpoint& local,
                            Bytes message) {
    take_snapshot();
    Arrival arrival;
    arrival.tcp_client = client;
    Query& query = *single_;
    query.message = message;
    query.client = peer;
    query.local = local;
    query.transport = answer::Transport::tcp;
    query.now = loop_.now();
    query.unix_now = net::unix_now();
    query.fetched = nullptr;
    answerer_.prepare(snapshot_->answer, query);
    Bytes none;
    if (TransferService::is_for_us(query) && answer_transfer(query, arrival, {}, none)) return;
    if (UpdateService::is_for_us(query) && answer_update(query, arrival, {}, none)) return;
    large_.resize(dns::message_bytes_max);
    const auto response = answer(query, arrival, large_);
    if (response.verdict == Verdict::answered) {
        tcp_.send(client, response.message);
    } else if (response.verdict == Verdict::drop) {
        tcp_.done(client);
    }
    if (forwarder_.questions() != 0) drive_forwarder();
}

void Worker::resume(const resolve::Completion& completion) {
    const auto parked = parking_.take(completion.token);
    if (!parked) return;
    Arrival arrival;
    arrival.udp = parked->udp;
    arrival.udp_peer = &parked->udp_peer;
    arrival.tcp_client = parked->tcp_client;
    const answer::FetchedAnswer fetched{&completion.answer};
    Query& query = *single_;
    query.message = parked->message;
    query.transport = arrival.udp != nullptr ? answer::Transport::udp : answer::Transport::tcp;
    query.client = parked->client;
    query.local = parked->local;
    query.now = loop_.now();
    query.unix_now = net::unix_now();
    query.fetched = &fetched;
    answerer_.prepare(snapshot_->answer, query);
    large_.resize(dns::message_bytes_max);
    const auto response = answer(query, arrival, large_);
    if (arrival.udp != nullptr) {
        if (response.verdict == Verdict::answered)
            net::send_reply(*parked->udp, parked->udp_peer, response.message);
    } else if (response.verdict == Verdict::answered) {
        tcp_.send(arrival.tcp_client, response.message);
    } else if (response.verdict == Verdict::drop) {
        tcp_.done(arrival.tcp_client);
    }
}

void Worker::drive_forwarder() {
    if (driving_) return;  // a reply while draining: the loop below sees what it brought
    driving_ = true;
    bool woke = true;
    while (woke) {
        upstream_io_.drain();
        woke = false;
        while (const auto completion = forwarder_.poll_completion()) {
            resume(*completion);
            woke = true;
        }
    }
    driving_ = false;
}

void Worker::log_query(const Query& query, const answer::Answerer::Response& response) const {
    if (query.reading != answer::Reading::question || response.verdict == Verdict::later) return;
    const dns::NameView name = dns::NameView::unchecked(query.view.qname);
    log::write(log::Level::info, "query.answered",
               log::kv("client", query.client.address.to_text()), log::kv("name", name.to_text()),
               log::kv("type", dns::type_name(query.view.qtype)),
               log::kv("transport",
                       std::string_view(query.transport == answer::Transport::udp ? "udp" : "tcp")),
               log::kv("rcode", response.verdict == Verdict::drop ? std::string("none")
                                                                  : dns::rcode_name(query.rcode)));
}

}  // namespace kith::server
