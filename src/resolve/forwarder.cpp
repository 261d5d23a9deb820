// A question's life: start() sends the first message; every event ends in proceed() or step(),
// which send the next one, or give up, or leave it waiting with its next deadline in the heap.
// finish_*() hand the outcome to cache and clients and release() the question.

#include "resolve/forwarder.hpp"

#include <algorithm>
#include <utility>

#include "resolve/query_writer.hpp"

namespace kith::resolve {
namespace {

using cache::Found;
using cache::Freshness;

/// What we forward: class IN, and types that name data (RFC 6895 §3.1).
bool is_forwardable(const Ask& ask) {
    if (ask.klass != dns::RrClass::IN) return false;
    return ask.type == dns::RrType::ANY || !dns::is_meta_type(ask.type);
}

// A name with fewer letters comes back in the case we gave it too often by chance.
constexpr int loop_letters_min = 12;

int count_letters(dns::NameView name) {
    return static_cast<int>(std::ranges::count_if(name.wire(), [](std::uint8_t byte) {
        const std::uint8_t low = dns::lower(byte);
        return low >= 'a' && low <= 'z';
    }));
}

}  // namespace

Forwarder::Forwarder(const ForwardConfig& config, cache::Cache& cache, Rng& rng)
    : config_(config),
      cache_(cache),
      rng_(rng),
      waiters_(config.waiters_max, config.waiters_per_client_max, rng.next()) {
    routes_.assign(config_, servers_);
}

void Forwarder::reconfigure(const ForwardConfig& config) {
    config_ = config;
    ++epoch_;
    cache_.clear();
    by_key_.clear();
    for (std::uint32_t index = newest_; index != none; index = questions_[index]->older) {
        questions_[index]->is_found_by_key = false;
    }
    waiters_.set_limits(config.waiters_max, config.waiters_per_client_max);
    routes_.assign(config_, servers_);
    servers_.forget_unused([this](ServerIndex server) {
        for (std::uint32_t index = newest_; index != none; index = questions_[index]->older) {
            const Question& question = *questions_[index];
            if (place_of(question, server) < question.server_count) return true;
        }
        const auto is_connected = [server](const Connection& connection) {
            return connection.socket != 0 && connection.server == server;
        };
        return routes_.uses(server) || std::ranges::any_of(connections_, is_connected);
    });
}

AskResult Forwarder::ask(Time now, const Ask& ask) {
    ++stats_.asked;
    const cache::Key key{ask.name, ask.type, ask.klass, ask.flags};
    const Found found = cache_.find(now, key);
    switch (found.state) {
        case Found::State::fresh:
            ++stats_.hits;
            if (found.prefetch && config_.prefetched) prefetch(now, key);
            return {AskResult::State::hit, found.answer, found.answer.ede};
        case Found::State::stale:
            if (!config_.stale_served) break;
            ++stats_.stale;
            return {AskResult::State::hit, found.answer, found.answer.ede};
        case Found::State::failed:
            ++stats_.failed_from_cache;
            return {AskResult::State::failed,
                    {},
                    found.answer.ede.value_or(dns::EdeCode::cached_error)};
        case Found::State::none:
        case Found::State::stale_recheck: break;
    }
    return park(now, ask, found);
}

AskResult Forwarder::park(Time now, const Ask& ask, const Found& found) {
    const cache::Key key{ask.name, ask.type, ask.klass, ask.flags};
    const std::span<const ServerIndex> servers = routes_.find(ask.name);
    if (!is_forwardable(ask) || servers.empty()) {
        ++stats_.never_forwarded;
        return {AskResult::State::refused, {}, std::nullopt};
    }
    const bool has_stale = config_.stale_served && found.state == Found::State::stale_recheck;
    std::uint32_t index = find_question(key);
    if (index != none && is_our_own(*questions_[index], ask)) {
        ++stats_.loops;
        return {AskResult::State::failed, {}, dns::EdeCode::other};
    }
    if (index != none && has_stale && questions_[index]->stale_sent) {
        ++stats_.stale;
        return {AskResult::State::hit, found.answer, found.answer.ede};
    }
    if (waiters_.is_client_full(ask.client)) {
        ++stats_.client_limited;
        return {AskResult::State::failed, {}, dns::EdeCode::other};
    }
    const bool crowded =
        index != none && questions_[index]->waiters.count >= waiters_per_question_max;
    if (waiters_.is_full() || crowded || (index == none && !make_room(now))) {
        ++stats_.full_refused;
        return {AskResult::State::failed, {}, dns::EdeCode::other};
    }
    const bool is_new = index == none;
    if (is_new) index = start(now, key, servers);
    Question& question = *questions_[index];
    waiters_.add(question.waiters, ask.token, ask.client);
    ++(is_new ? stats_.parked : stats_.joined);
    if (has_stale && question.stale_at == never)
        question.stale_at = now + config_.stale_client_timeout;
    proceed(now, index);
    return {AskResult::State::parked, {}, std::nullopt};
}

/// Asks ahead of time, for the cache only; never at the expense of a client.
void Forwarder::prefetch(Time now, const cache::Key& key) {
    if (question_count_ >= config_.questions_max / 2 || find_question(key) != none) return;
    const std::span<const ServerIndex> servers = routes_.find(key.name);
    if (servers.empty()) return;
    ++stats_.prefetches;
    proceed(now, start(now, key, servers));
}

void Forwarder::cancel(Token token) { waiters_.cancel(token); }

/// 0x20 marks our questions: the same name in the very same case, while ours is in flight, can only
/// have come from us through someone who forwards to us.
bool Forwarder::is_our_own(const Question& question, const Ask& ask) const {
    if (!std::ranges::equal(ask.name_as_sent.wire(), question.sent_name.wire())) return false;
    if (count_letters(question.sent_name) < loop_letters_min) return false;
    return std::ranges::any_of(question.attempts, [](const Attempt& attempt) {
        return attempt.socket != 0 && attempt.case_kept;
    });
}

cache::Key Forwarder::key_of(const Question& question) {
    scratch_name_.assign(question.name);
    return {scratch_name_, question.type, question.klass, question.flags};
}

std::uint32_t Forwarder::find_question(const cache::Key& key) const {
    return by_key_.find(key.hash(), [&](std::uint32_t index) {
        const Question& question = *questions_[index];
        return question.type == key.type && question.klass == key.klass &&
               question.flags == key.flags && question.name.view() == key.name.view();
    });
}

/// The table is full: the oldest question goes if it has waited long enough. False: it has not.
bool Forwarder::make_room(Time now) {
    if (question_count_ < config_.questions_max) return true;
    if (oldest_ == none || now - questions_[oldest_]->started < jostle_after) return false;
    ++stats_.full_evicted;
    Question& question = *questions_[oldest_];
    // Nothing was learned about the name, so the failure is not cached.
    deliver(question, cache::Answer::failure(question.name, question.type, question.klass), now,
            Freshness::failed, dns::EdeCode::other);
    release(now, oldest_);
    return true;
}

/// A question without messages yet; proceed() sends the first.
std::uint32_t Forwarder::start(Time now, const cache::Key& key,
                               std::span<const ServerIndex> servers) {
    if (free_questions_.empty()) {
        free_questions_.push_back(static_cast<std::uint32_t>(questions_.size()));
        questions_.push_back(std::make_unique<Question>());
    }
    const std::uint32_t index = free_questions_.back();
    free_questions_.pop_back();
    Question& question = *questions_[index];
    question = Question{};
    question.index = index;
    question.is_in_flight = true;
    question.name = key.name.view();
    question.sent_name = question.name;
    question.hash = key.hash();
    question.type = key.type;
    question.klass = key.klass;
    question.flags = key.flags;
    question.started = now;
    question.epoch = epoch_;
    question.server_count = servers.size();
    std::ranges::copy(servers, question.servers.begin());
    if (config_.case_randomized) randomize_case(question.sent_name, rng_);
    if (by_key_.is_full()) by_key_.grow();
    by_key_.insert(question.hash, index);
    question.is_found_by_key = true;
    question.older = newest_;
    if (newest_ != none) questions_[newest_]->newer = index;
    newest_ = index;
    if (oldest_ == none) oldest_ = index;
    ++question_count_;
    return index;
}

/// Sends the first message, or the next when none is on its way; fails the question when nothing
/// is left to try.
void Forwarder::proceed(Time now, std::uint32_t index) {
    Question& question = *questions_[index];
    if (!question.is_in_flight) return;  // it ended while several of its attempts were being ended
    while (!has_open_attempt(question)) {
        if (!send_next(now, index)) {
            finish_failed(now, index);
            return;
        }
    }
    reschedule(index);
}

/// A deadline of the question has come.
void Forwarder::step(Time now, std::uint32_t index) {
    Question& question = *questions_[index];
    if (now >= question.started + config_.total_timeout) {
        finish_failed(now, index);
        return;
    }
    if (now >= question.stale_at) answer_stale(now, question);
    for (std::size_t i = 0; i < question.attempt_count; ++i) {
        Attempt& attempt = question.attempts[i];
        if (attempt.socket == 0 || now < attempt.give_up) continue;
        if (attempt.over_tcp) {
            ++stats_.timeouts;
            servers_[attempt.server].on_timeout(now);
            if (Connection* const connection = find_connection(attempt.socket))
                connection->is_suspect = true;
            lose_attempt(question, attempt, Loss::timed_out);
        }
        end_attempt(now, question, i);
    }
    if (now >= question.retry_at) {
        question.retry_at = never;
        // Silence: the latest message or its reply is lost, or the server is slow.
        const Attempt& latest = question.attempts[question.attempt_count - 1];
        if (!latest.over_tcp) {
            ++stats_.timeouts;
            servers_[latest.server].on_timeout(now);
        }
        send_next(now, index);
    }
    proceed(now, index);
}

void Forwarder::reschedule(std::uint32_t index) {
    const Question& question = *questions_[index];
    Time next = std::min(question.started + config_.total_timeout, question.retry_at);
    if (!question.waiters.is_empty()) next = std::min(next, question.stale_at);
    for (const Attempt& attempt : question.attempts) {
        if (attempt.socket != 0) next = std::min(next, attempt.give_up);
    }
    deadlines_.set(index, next);
}

/// RFC 8767 §5: upstream takes too long, clients get what we have; the question goes on.
void Forwarder::answer_stale(Time now, Question& question) {
    question.stale_at = never;
    const Found found = cache_.peek(now, key_of(question));
    if (found.state != Found::State::stale_recheck && found.state != Found::State::stale) return;
    question.stale_sent = true;
    std::optional<cache::Answer> copy = cache::Answer::from_message(found.answer.message);
    KITH_CHECK(copy.has_value());  // it was made by from_message()
    stats_.stale += question.waiters.count;
    deliver(question, std::move(*copy), found.answer.stored, Freshness::stale, found.answer.ede);
}

void Forwarder::finish_answered(Time now, std::uint32_t index, const cache::Answer& answer,
                                bool is_cacheable) {
    Question& question = *questions_[index];
    ++stats_.answered;
    if (question.epoch == epoch_) {
        const cache::Answer nothing;
        cache_.store(now, key_of(question), is_cacheable ? answer : nothing);
    }
    deliver(question, answer.copy(), now, Freshness::fresh, std::nullopt);
    release(now, index);
}

void Forwarder::finish_failed(Time now, std::uint32_t index) {
    Question& question = *questions_[index];
    ++stats_.failed;
    if (question.epoch == epoch_) {
        cache_.fail(now, key_of(question), question.ede);
        if (config_.stale_served) answer_stale(now, question);
    }
    const dns::EdeCode why = question.ede.value_or(dns::EdeCode::no_reachable_authority);
    deliver(question, cache::Answer::failure(question.name, question.type, question.klass), now,
            Freshness::failed, why);
    release(now, index);
}

void Forwarder::deliver(Question& question, cache::Answer answer, Time stored, Freshness freshness,
                        std::optional<dns::EdeCode> ede) {
    if (question.waiters.is_empty()) return;
    deliveries_.push_back(
        Delivery{std::move(answer), stored, freshness, ede, std::exchange(question.waiters, {})});
}

void Forwarder::release(Time now, std::uint32_t index) {
    Question& question = *questions_[index];
    for (std::size_t i = 0; i < question.attempt_count; ++i) end_attempt(now, question, i);
    if (question.is_found_by_key) by_key_.erase(question.hash, index);
    question.is_found_by_key = false;
    question.is_in_flight = false;
    unlink(index);
    deadlines_.erase(index);
    free_questions_.push_back(index);
    --question_count_;
}

void Forwarder::unlink(std::uint32_t index) {
    const Question& question = *questions_[index];
    (question.newer != none ? questions_[question.newer]->older : newest_) = question.older;
    (question.older != none ? questions_[question.older]->newer : oldest_) = question.newer;
}

void Forwarder::on_timer(Time now) {
    for (std::optional<DeadlineHeap::Due> due = deadlines_.first(); due && due->time <= now;
         due = deadlines_.first()) {
        step(now, due->item);
    }
    close_idle_connections(now);
}

std::optional<Time> Forwarder::next_timer() const {
    const std::optional<DeadlineHeap::Due> due = deadlines_.first();
    Time next = due ? due->time : never;
    for (const Connection& connection : connections_) {
        if (connection.socket != 0) next = std::min(next, connection.idle_until);
    }
    return next == never ? std::nullopt : std::optional(next);
}

std::optional<Completion> Forwarder::poll_completion() {
    while (!deliveries_.empty()) {
        Delivery& front = deliveries_.front();
        if (const std::optional<Token> token = waiters_.take(front.waiters)) {
            cache::CachedAnswer answer = front.answer.view(front.stored, front.freshness);
            answer.ede = front.ede;
            return Completion{*token, answer};
        }
        delivered_ = std::move(front);
        deliveries_.pop_front();
    }
    return std::nullopt;
}

std::vector<Forwarder::ServerView> Forwarder::servers(Time now) const {
    std::vector<ServerView> out;
    for (const Server& server : servers_.all()) {
        if (!server.in_use) continue;
        out.push_back({server.endpoint, server.round_trip, server.timeouts,
                       server.is_backed_off(now), server.sent, server.answered});
    }
    return out;
}

}  // namespace kith::resolve
