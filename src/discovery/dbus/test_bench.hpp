#pragma once
// A daemon that the test plays, for the back-ends over D-Bus. Of tests only.

#include <string>
#include <vector>

#include "discovery/dbus/bus_backend.hpp"

namespace kith::discovery::dbus::test {

inline dns::Name name(std::string_view text) { return *dns::Name::from_text(text); }

/// RDATA that is one name.
inline ByteArray rdata_name(std::string_view text) {
    const dns::Name target = name(text);
    return {target.wire().begin(), target.wire().end()};
}

/// Sees calls and events of a backend as lines.
class Daemon {
public:
    explicit Daemon(BusBackend& backend) : backend_(backend) {}

    /// Calls since the last time, each as `member arguments`; numbers and texts only.
    std::vector<std::string> called() {
        std::vector<std::string> out;
        while (auto call = backend_.poll_call()) {
            out.push_back(call->member + texts(call->arguments));
            calls_.push_back(std::move(*call));
        }
        return out;
    }
    /// Calls so far are never answered.
    void forget() {
        called();
        calls_.clear();
    }
    /// The first call of this method that was not answered yet; id 0: none.
    Call take(std::string_view member) {
        called();
        for (auto at = calls_.begin(); at != calls_.end(); ++at) {
            if (at->member != member) continue;
            Call out = *at;
            calls_.erase(at);
            return out;
        }
        return {};
    }
    bool answer(Time now, std::string_view member, Values values) {
        const Call call = take(member);
        if (call.id != 0) backend_.on_reply(now, call.id, {std::move(values), {}, {}});
        return call.id != 0;
    }
    bool refuse(Time now, std::string_view member, std::string error, std::string text) {
        const Call call = take(member);
        if (call.id != 0) backend_.on_reply(now, call.id, {{}, std::move(error), std::move(text)});
        return call.id != 0;
    }

    /// `+`, `-` or `?` with owner, type, interface and bytes of RDATA; publications by state and name.
    std::vector<std::string> told() {
        std::vector<std::string> out;
        while (const auto event = backend_.poll_event())
            out.push_back(std::visit([](const auto& what) { return text(what); }, *event));
        return out;
    }

private:
    static std::string texts(const Values& values) {
        std::string out;
        for (const Value& value : values)
            out += std::visit([](const auto& content) { return text_of(content); }, value.is);
        return out;
    }
    static std::string text_of(const std::string& content) { return " " + content; }
    static std::string text_of(const ByteArray& content) {
        return " [" + std::to_string(content.size()) + "]";
    }
    static std::string text_of(const Values& content) { return " {" + texts(content) + " }"; }
    template <class Number>
    static std::string text_of(const Number& content) {
        return " " + std::to_string(content);
    }

    static std::string text(const dnssd::RecordEvent& event) {
        const char sign = event.change == dnssd::RecordChange::added     ? '+'
                          : event.change == dnssd::RecordChange::removed ? '-'
                                                                         : '?';
        std::string out = sign + std::to_string(event.query) + " " + event.owner.to_text() + " @" +
                          std::to_string(event.ifindex);
        const auto target = dns::NameView::from_wire(event.rdata);
        if (target && target->size() == event.rdata.size()) return out + " " + target->to_text();
        return out + " " + std::to_string(event.rdata.size());
    }
    static std::string text(const dnssd::PublicationEvent& event) {
        static constexpr const char* states[] = {"established", "renamed", "conflict", "troubled",
                                                 "failed"};
        return std::string(states[static_cast<int>(event.state)]) + " " + event.name.to_text() +
               (event.text.empty() ? "" : ": " + event.text);
    }
    static std::string text(const dnssd::HostNameEvent& event) {
        return event.why_not.empty() ? "host " + event.name.to_text() : "no host: " + event.why_not;
    }
    static std::string text(const dnssd::QueryFailure& event) { return "failure: " + event.text; }

    BusBackend& backend_;
    std::vector<Call> calls_;
};

}  // namespace kith::discovery::dbus::test
