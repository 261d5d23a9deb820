#pragma once
// Refresh: one attempt to bring a zone up to date from one primary, without I/O: the SOA over UDP,
// then IXFR or AXFR over TCP (RFC 1034 §4.3.5, RFC 1995 §2).
//
//   Refresh refresh(settings, now);
//   loop: while (auto act = refresh.poll_action()) carry it out;
//         feed on_udp(), on_connected(), on_tcp_message(), on_tcp_closed(), on_timer();
//   until refresh.finished(); then take_result() or error().
//
// What fails because the primary cannot do IXFR, or because its differences do not fit, is asked
// again as AXFR on a new connection, once.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "base/time.hpp"
#include "transfer/transfer_in.hpp"

namespace kith::transfer {

/// Makes the signer of one query and the verifier of its answer; both null: unsigned.
struct Security {
    std::unique_ptr<MessageSigner> signer;
    std::unique_ptr<MessageVerifier> verifier;
};
using MakeSecurity = std::function<Security()>;

/// Looks at a whole zone before it is taken (ZONEMD, RFC 8976); the error says what is wrong.
using ZoneCheck = std::function<Result<void, std::string>(const zone::Zone&)>;

struct RefreshSettings {
    dns::Name zone;
    dns::RrClass klass = dns::RrClass::IN;
    zone::ZonePtr present;  // null: none yet
    InBounds bounds;
    MakeSecurity make_security;  // may be empty
    ZoneCheck check;             // may be empty
    enum class First : std::uint8_t {
        soa,       // ask for the SOA first
        transfer,  // transfer at once: there is no zone, or a NOTIFY named a newer serial
    } first = First::soa;
    enum class Form : std::uint8_t { incremental, whole } form = Form::incremental;
    std::uint16_t source = 0;  // Provenance::source of the records
};

class Refresh {
public:
    struct Action {
        enum class Kind : std::uint8_t {
            send_udp,  // from a fresh socket; replies come to on_udp()
            open_tcp,  // on_connected() or on_tcp_closed() follows
            send_tcp,  // one message, without its length
            close,     // whatever is open
        } kind{};
        std::vector<std::uint8_t> message;
    };

    Refresh(RefreshSettings settings, Rng& rng, Time now);

    std::optional<Action> poll_action();
    /// Bytes that came from the primary over UDP. What is not the answer is ignored.
    void on_udp(Time now, Bytes message);
    void on_connected(Time now);
    void on_tcp_message(Time now, Bytes message);
    /// The connection could not be opened, or ended; `why` for a person.
    void on_tcp_closed(Time now, std::string_view why);
    void on_timer(Time now);
    std::optional<Time> next_deadline() const;

    bool finished() const { return step_ == Step::finished; }
    /// None: it worked.
    const std::optional<InError>& error() const { return error_; }
    /// Requires finished() without error(); once. Differences come with the zone they lead to.
    struct Result {
        InResult transfer;
        zone::ZonePtr zone;  // the new version; null when up to date
        SoaNumbers soa;      // of what the primary has
    };
    Result take_result();

private:
    enum class Step : std::uint8_t { soa, connecting, transferring, finished };

    void send_soa_query(Time now);
    void open(Time now);
    void send_transfer_query(Time now);
    void check_pace(Time now);
    void on_soa(Time now, Bytes rdata, std::optional<std::uint32_t> expire);
    void on_transfer_over(Time now);
    void take(Time now);
    void fail(Time now, InError error);
    void finish();
    void act(Action::Kind kind, std::vector<std::uint8_t> message = {});

    RefreshSettings settings_;
    Rng* rng_;
    Step step_ = Step::soa;
    std::vector<Action> actions_;  // oldest first
    std::uint16_t id_ = 0;
    int tries_ = 0;
    Time deadline_{};
    Time give_up_{};
    Time pace_due_{};             // transferring: the end of the minute under way
    std::size_t pace_bytes_ = 0;  // that came in it
    std::size_t minutes_ = 1;     // it is the first
    Kind kind_ = Kind::axfr;
    bool edns_ = true;
    bool is_open_ = false;
    Security security_;
    std::unique_ptr<TransferIn> in_;
    std::optional<InError> error_;
    Result result_;
};

}  // namespace kith::transfer
