// `kith monitor`: who says what on the link, and what is made of it: packets, records as they come and
// go, conflicts and why a name was changed.

#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/discovery_run.hpp"
#include "dns/json.hpp"
#include "dns/message.hpp"
#include "dns/message_text.hpp"
#include "dns/rdata.hpp"

namespace kith::cli {
namespace {

using dns::Section;

constexpr std::uint16_t top_bit =
    0x8000;  // of a class: cache-flush in records, QU in questions (RFC 6762 §5.4, §10.2)

std::string klass_mark(dns::RrClass klass, std::string_view mark) {
    return (static_cast<std::uint16_t>(klass) & top_bit) != 0 ? std::string(mark) : std::string();
}

/// What a packet says, in a few words: `2 questions, 1 answer`.
std::string summary(const dns::MessageView& message) {
    const dns::Header& header = message.header();
    static constexpr std::string_view words[] = {"question", "answer", "authority record",
                                                 "additional record"};
    std::string out = header.has(dns::Header::qr) ? "response"
                      : header.counts[2] != 0     ? "probe"
                                                  : "query";
    if (header.has(dns::Header::tc)) out += ", more follows";
    for (std::size_t i = 0; i < 4; ++i) {
        if (header.counts[i] != 0)
            out += fmt::format(", {} {}{}", header.counts[i], words[i],
                               header.counts[i] == 1 ? "" : "s");
    }
    return out;
}

class Monitor {
public:
    Monitor(const MonitorOptions& options, std::ostream& out) : options_(options), out_(out) {}

    void on_event(const client::MonitorEvent& event) {
        if (!options_.name.empty() && !concerns(event)) return;
        if (options_.json) {
            print_json(event);
        } else {
            print_text(event);
        }
        out_.flush();
    }

private:
    bool concerns(const client::MonitorEvent& event) const {
        if (!event.name.empty()) return event.name.find(options_.name) != std::string::npos;
        bool found = false;
        for_each_line(event, [&](const std::string& line) {
            found |= line.find(options_.name) != std::string::npos;
        });
        return found;
    }

    /// Questions and records of a packet, one a line.
    template <class Visit>
    static void for_each_line(const client::MonitorEvent& event, Visit visit) {
        const auto message = dns::MessageView::parse(event.message);
        if (!message) return;
        dns::Reader reader(event.message, dns::header_bytes);
        for (int i = 0; i < message->header().counts[0]; ++i) {
            const auto question = dns::read_question(reader);
            if (!question) return;
            visit(fmt::format("? {} {}{}", question->name.to_text(), dns::type_name(question->type),
                              klass_mark(question->klass, " QU")));
        }
        std::vector<std::uint8_t> buffer(dns::rdata_bytes_max);
        for (const Section section : {Section::answer, Section::authority, Section::additional}) {
            message->for_each(section, [&](const dns::RecordView& record) {
                dns::Writer rdata(buffer);
                const bool good = dns::expand_rdata(event.message, record, rdata).has_value();
                visit(fmt::format(
                    "{} {} {} {} {}{}",
                    section == Section::answer      ? "!"
                    : section == Section::authority ? "a"
                                                    : "+",
                    record.owner.to_text(), record.ttl, dns::type_name(record.type),
                    good ? dns::rdata_to_text(record.type, dns::RrClass::IN, rdata.written())
                         : "(unreadable)",
                    klass_mark(record.klass, " flush")));
            });
        }
    }

    void print_text(const client::MonitorEvent& event) {
        fmt::print(out_, "{} {:<14} {:<8}", clock_text(), event.kind, event.interface.name);
        if (!event.peer.empty()) fmt::print(out_, " {}", event.peer);
        if (!event.name.empty()) fmt::print(out_, " {}", event.name);
        if (!event.type.empty()) fmt::print(out_, " {}", event.type);
        if (!event.message.empty()) {
            const auto message = dns::MessageView::parse(event.message);
            fmt::print(out_, " {} bytes: {}", event.message.size(),
                       message ? summary(*message) : message.error().to_text());
        }
        if (!event.why.empty()) fmt::print(out_, " ({})", event.why);
        out_ << '\n';
        if (options_.packets)
            for_each_line(event,
                          [this](const std::string& line) { fmt::print(out_, "    {}\n", line); });
    }

    void print_json(const client::MonitorEvent& event) {
        JsonLine line;
        line.text("time", clock_text())
            .text("event", event.kind)
            .text("interface", event.interface.name);
        if (!event.peer.empty()) line.text("peer", event.peer);
        if (!event.name.empty()) line.text("name", event.name);
        if (!event.type.empty()) line.text("type", event.type);
        if (!event.why.empty()) line.text("why", event.why);
        if (!event.message.empty()) {
            const auto message = dns::MessageView::parse(event.message);
            line.number("bytes", event.message.size());
            if (message && options_.packets) line.raw("message", dns::to_json(*message));
            if (!message) line.text("malformed", message.error().to_text());
        }
        out_ << line.finish() << '\n';
    }

    const MonitorOptions& options_;
    std::ostream& out_;
};

}  // namespace

int monitor(const MonitorOptions& options, std::ostream& out, std::ostream& err) {
    client::Options base;
    base.backend = client::Backend::mdns;  // daemons show no packets
    const auto discovery = open_discovery(options, "kith monitor", err, base);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    if (options.seconds > 0) run.end_in(options.seconds);
    Monitor monitor(options, out);
    const std::string complaint = discovery->monitor(
        [&monitor](const client::MonitorEvent& event) { monitor.on_event(event); });
    if (!complaint.empty()) {
        fmt::print(err, "kith monitor: {}\n", complaint);
        return 2;
    }
    const int code = run.run();
    discovery->monitor({});
    return code;
}

}  // namespace kith::cli
