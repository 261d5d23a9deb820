#pragma once
// ResponseWriter: puts answers into as few messages as they fit in, each with the additional
// records that save the reader the next question (RFC 6762 §6, §6.2; RFC 6763 §12).
//
// A message is filled with answers and what belongs to them, not with answers first: a reader of five
// hundred PTR records has the SRV, TXT and address records to each in the packet with it. Members of a
// unique RRset stay together (RFC 6762 §10.2). A record larger than the link's packets goes alone,
// in fragments, up to 9,000 bytes (RFC 6762 §17).

#include <functional>
#include <span>

#include "discovery/mdns/context.hpp"
#include "discovery/mdns/own_records.hpp"

namespace kith::discovery::mdns {

/// A record of ours, or the NSEC of a name of ours.
struct Answer {
    enum class Kind : std::uint8_t { record = 0, nsec = 1 };
    std::uint32_t index = 0;  // of the record or name in OwnRecords
    Kind kind = Kind::record;

    friend bool operator==(const Answer&, const Answer&) = default;
};

/// A question to be kept.
struct StoredQuestion {
    dns::Name name;
    std::uint64_t name_hash = 0;
    dns::RrType type{};
    dns::RrClass klass{};
    Wants wants = Wants::multicast;
};

class ResponseWriter {
public:
    enum class Form : std::uint8_t { multicast, unicast, legacy };
    struct Request {
        Time now{};
        Form form = Form::multicast;
        LinkIndex link{};
        std::size_t limit = 0;                      // bytes of a message
        std::uint16_t id = 0;                       // legacy
        std::span<const StoredQuestion> questions;  // legacy: repeated
    };
    /// `written` is everything in the message, additional records included.
    using Sink = std::function<void(Bytes message, std::span<const Answer> written)>;

    ResponseWriter(Context& context, OwnRecords& own) : context_(context), own_(own) {}

    /// Answers must be live or leaving; doubles are written once.
    void write(const Request& request, std::vector<Answer> answers, const Sink& sink);

private:
    std::size_t write_message(const Request& request, std::span<const Answer> answers,
                              const Sink& sink);
    std::size_t write_large(const Request& request, const Answer& answer, const Sink& sink);
    void start(const Request& request, std::size_t limit);
    std::size_t write_answers(const Request& request, std::span<const Answer> answers);
    void write_extras(const Request& request, std::span<const Answer> answers);
    bool add(const Request& request, dns::Section section, const Answer& answer);
    std::size_t batch(const Request& request, std::span<const Answer> answers);
    void collect_extras(const Request& request, const Answer& answer,
                        std::vector<Answer>& extras) const;
    void collect_set(const Request& request, std::uint32_t name, dns::RrType type,
                     std::vector<Answer>& extras) const;
    void collect_addresses(const Request& request, std::uint32_t name,
                           std::vector<Answer>& extras) const;
    void collect_nsec(const Request& request, std::uint32_t name,
                      std::vector<Answer>& extras) const;
    bool has_live(std::uint32_t name, dns::RrType type) const;
    std::uint32_t name_of_target(const OwnRecord& record) const;
    std::size_t set_end(std::span<const Answer> answers, std::size_t at) const;
    std::size_t estimate(const Answer& answer) const;
    bool is_written(const Answer& answer) const;
    bool is_answer(const Answer& answer) const;
    bool is_too_soon(const Request& request, const Sending& sending) const;

    Context& context_;
    OwnRecords& own_;
    std::vector<Answer> written_;
    std::vector<Answer> extras_;
    std::uint32_t stamp_ = 0;  // of the message being written
    std::uint32_t call_ = 0;   // of the response being written
};

}  // namespace kith::discovery::mdns
