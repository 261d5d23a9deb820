#include "transfer/refresh.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "dns/rdata.hpp"

namespace kith::transfer {
namespace {

using dns::Header;
using dns::Rcode;
using dns::RrType;

InError error_of(InFault fault, std::string text, Rcode rcode = Rcode::NOERROR) {
    return {fault, rcode, std::move(text)};
}

/// Whether the same primary may have better luck with the whole zone.
bool helps_to_ask_for_all(InFault fault) {
    switch (fault) {
        case InFault::malformed:
        case InFault::refused:
        case InFault::framing:
        case InFault::out_of_zone:
        case InFault::bounds:
        case InFault::bad_zone:
        case InFault::bad_change:
        case InFault::check: return true;
        case InFault::none:
        case InFault::not_ours:
        case InFault::signature:
        case InFault::old_serial:
        case InFault::cut:
        case InFault::use_tcp: return false;
    }
    return false;
}

Bytes soa_rdata(const zone::Zone& zone) { return zone.apex_node().find(RrType::SOA).rdata(0); }

}  // namespace

Refresh::Refresh(RefreshSettings settings, Rng& rng, Time now)
    : settings_(std::move(settings)), rng_(&rng), give_up_(now + transfer_timeout) {
    const bool is_incremental =
        settings_.present != nullptr && settings_.form == RefreshSettings::Form::incremental;
    kind_ = is_incremental ? Kind::ixfr : Kind::axfr;
    const bool asks_first =
        settings_.present != nullptr && settings_.first == RefreshSettings::First::soa;
    asks_first ? send_soa_query(now) : open(now);
}

void Refresh::act(Action::Kind kind, std::vector<std::uint8_t> message) {
    actions_.push_back({kind, std::move(message)});
}

std::optional<Refresh::Action> Refresh::poll_action() {
    if (actions_.empty()) return std::nullopt;
    Action out = std::move(actions_.front());
    actions_.erase(actions_.begin());
    return out;
}

void Refresh::send_soa_query(Time now) {
    ++tries_;
    id_ = static_cast<std::uint16_t>(rng_->next());
    security_ = settings_.make_security ? settings_.make_security() : Security{};
    act(Action::Kind::send_udp,
        write_soa_query(id_, settings_.zone, settings_.klass, security_.signer.get()));
    deadline_ = now + soa_query_timeout;
}

void Refresh::on_udp(Time now, Bytes message) {
    if (step_ != Step::soa) return;
    const auto parsed = dns::MessageView::parse(message);
    if (!parsed || parsed->header().id != id_ || !parsed->header().has(Header::qr) ||
        parsed->header().opcode() != dns::Opcode::QUERY) {
        return;
    }
    const auto question = parsed->question();
    if (!question || question->name != settings_.zone || question->type != RrType::SOA ||
        question->klass != settings_.klass) {
        return;
    }
    // Anybody may send a datagram: one that is not signed as it must be is as good as none.
    if (security_.verifier != nullptr) {
        if (!security_.verifier->accept(message) || !security_.verifier->is_covered()) {
            return open(now);
        }
    }
    // What went wrong is found out over TCP, where all of it is asked anew.
    if (parsed->header().has(Header::tc) || parsed->rcode() != Rcode::NOERROR) return open(now);
    std::vector<std::uint8_t> soa;
    parsed->for_each(dns::Section::answer, [&](const dns::RecordView& record) {
        if (record.type != RrType::SOA || record.owner != settings_.zone) return;
        soa.resize(2 * dns::name_bytes_max + 20);
        dns::Writer rdata(soa);
        const bool good = dns::expand_rdata(message, record, rdata).has_value();
        soa.resize(good ? rdata.size() : 0);
    });
    if (soa.empty() || !parsed->header().has(Header::aa)) {
        return fail(now,
                    error_of(InFault::refused, "the primary is not authoritative for the zone"));
    }
    std::optional<std::uint32_t> expire;
    if (parsed->edns()) {
        const auto option = parsed->edns()->option(dns::OptionCode::EXPIRE);
        if (option && option->size() == 4) expire = load_u32(option->data());
    }
    on_soa(now, soa, expire);
}

void Refresh::on_soa(Time now, Bytes rdata, std::optional<std::uint32_t> expire) {
    const SoaNumbers soa = read_soa_numbers(rdata);
    const std::uint32_t ours = settings_.present->serial();
    switch (compare_serials(soa.serial, ours)) {
        case SerialOrder::newer:
        case SerialOrder::undefined: return open(now);
        case SerialOrder::older:
            return fail(now, error_of(InFault::old_serial,
                                      fmt::format("the primary has serial {}, we have {}",
                                                  soa.serial, ours)));
        case SerialOrder::equal: break;
    }
    result_.transfer.kind = InResult::Kind::up_to_date;
    result_.transfer.soa.assign(rdata.begin(), rdata.end());
    result_.transfer.expire_seconds = expire;
    result_.soa = soa;
    finish();
}

void Refresh::open(Time now) {
    if (is_open_) act(Action::Kind::close);
    is_open_ = true;
    in_.reset();
    security_ = {};
    step_ = Step::connecting;
    deadline_ = now + connect_timeout;
    act(Action::Kind::open_tcp);
}

void Refresh::on_connected(Time now) {
    if (step_ == Step::connecting) send_transfer_query(now);
}

void Refresh::send_transfer_query(Time now) {
    step_ = Step::transferring;
    deadline_ = now + message_timeout;
    pace_due_ = now + pace_period;
    pace_bytes_ = 0;
    minutes_ = 1;
    id_ = static_cast<std::uint16_t>(rng_->next());
    security_ = settings_.make_security ? settings_.make_security() : Security{};
    QueryOut query{kind_, id_, settings_.zone, settings_.klass, {}, edns_};
    if (kind_ == Kind::ixfr) query.soa = soa_rdata(*settings_.present);
    act(Action::Kind::send_tcp, write_transfer_query(query, security_.signer.get()));
    InRequest request;
    request.kind = kind_;
    request.id = id_;
    request.zone = settings_.zone;
    request.klass = settings_.klass;
    request.present = settings_.present;
    request.bounds = settings_.bounds;
    request.source = settings_.source;
    in_ = std::make_unique<TransferIn>(std::move(request), security_.verifier.get());
}

void Refresh::on_tcp_message(Time now, Bytes message) {
    if (step_ != Step::transferring) return;
    deadline_ = now + message_timeout;
    pace_bytes_ += message.size();
    if (in_->on_message(message) != InState::more) on_transfer_over(now);
}

void Refresh::on_tcp_closed(Time now, std::string_view why) {
    if (step_ == Step::connecting) {
        is_open_ = false;
        return fail(now, error_of(InFault::cut, fmt::format("cannot connect: {}", why)));
    }
    if (step_ != Step::transferring) return;
    is_open_ = false;
    in_->on_end();
    InError error = in_->error();
    error.text += fmt::format(" ({})", why);
    fail(now, std::move(error));
}

void Refresh::on_transfer_over(Time now) {
    if (in_->state() == InState::done) return take(now);
    const InError error = in_->error();
    if (kind_ == Kind::axfr && edns_ && error.fault == InFault::refused &&
        error.rcode == Rcode::FORMERR) {
        // RFC 6891 §6.2.2: it may be too old for EDNS.
        edns_ = false;
        return open(now);
    }
    fail(now, error);
}

void Refresh::take(Time now) {
    result_.transfer = in_->take_result();
    result_.soa = read_soa_numbers(result_.transfer.soa);
    switch (result_.transfer.kind) {
        case InResult::Kind::up_to_date: return finish();
        case InResult::Kind::whole: result_.zone = result_.transfer.zone; break;
        case InResult::Kind::differences: {
            auto applied = apply_differences(settings_.present, result_.transfer.differences,
                                             settings_.bounds.zone);
            if (!applied) return fail(now, std::move(applied).error());
            result_.zone = std::move(*applied);
        }
    }
    if (settings_.check) {
        if (auto checked = settings_.check(*result_.zone); !checked) {
            return fail(now, error_of(InFault::check, std::move(checked).error()));
        }
    }
    finish();
}

void Refresh::fail(Time now, InError error) {
    result_ = {};
    if (kind_ == Kind::ixfr && step_ == Step::transferring && helps_to_ask_for_all(error.fault)) {
        // Once: the next failure is that of an AXFR.
        kind_ = Kind::axfr;
        return open(now);
    }
    error_ = std::move(error);
    finish();
}

void Refresh::finish() {
    if (is_open_) act(Action::Kind::close);
    is_open_ = false;
    in_.reset();
    step_ = Step::finished;
}

void Refresh::on_timer(Time now) {
    if (finished() || now < *next_deadline()) return;
    if (now >= give_up_) {
        return fail(
            now,
            error_of(
                InFault::cut,
                fmt::format(
                    "the transfer took more than {} minutes",
                    std::chrono::duration_cast<std::chrono::minutes>(transfer_timeout).count())));
    }
    if (now < deadline_) return check_pace(now);
    switch (step_) {
        case Step::soa: return tries_ < soa_query_tries ? send_soa_query(now) : open(now);
        case Step::connecting:
            return fail(now, error_of(InFault::cut, "cannot connect: timed out"));
        case Step::transferring:
            return fail(now, error_of(InFault::cut,
                                      "the primary stopped sending in the middle of the transfer"));
        case Step::finished: return;
    }
}

/// A minute of a transfer is over: each must bring more than the one before it.
void Refresh::check_pace(Time now) {
    if (pace_bytes_ < minutes_ * pace_bytes_min) {
        return fail(now, error_of(InFault::cut,
                                  fmt::format("the primary is too slow: {} bytes in minute {} of "
                                              "the transfer, expected at least {}",
                                              pace_bytes_, minutes_, minutes_ * pace_bytes_min)));
    }
    ++minutes_;
    pace_bytes_ = 0;
    pace_due_ = now + pace_period;
}

std::optional<Time> Refresh::next_deadline() const {
    if (finished()) return std::nullopt;
    const Time next = std::min(deadline_, give_up_);
    return step_ == Step::transferring ? std::min(next, pace_due_) : next;
}

Refresh::Result Refresh::take_result() {
    KITH_CHECK(finished() && !error_);
    return std::move(result_);
}

}  // namespace kith::transfer
