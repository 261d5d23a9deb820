// What daemons say over D-Bus: any replies and signals, in any order, with daemons that come and go.
// Whatever it is, an event removes only what was added before, names are names, RDATA fits its type, and
// what is kept and asked is bounded.

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "base/rng.hpp"
#include "discovery/dbus/avahi_backend.hpp"
#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/names.hpp"
#include "discovery/dbus/resolved_backend.hpp"
#include "dns/rdata.hpp"
#include "support.hpp"

namespace {

using namespace kith;
using namespace kith::discovery;
using namespace kith::discovery::dbus;

using fuzz::must;

/// Takes values out of the input.
class Input : public fuzz::ScriptBytes {
public:
    using ScriptBytes::ScriptBytes;
    Bytes bytes() { return take(next()); }
    std::uint32_t number() {
        std::uint32_t out = 0;
        for (int i = 0; i < 4; ++i) out = out << 8 | next();
        return out;
    }
    std::string path() { return std::string("/o") + static_cast<char>('0' + next() % 8); }
    Value value(int depth) {
        switch (next() % 10) {
            case 0: return {static_cast<std::int32_t>(number())};
            case 1: return {number()};
            case 2: return {static_cast<std::uint16_t>(number())};
            case 3: return {std::uint64_t{number()} << 16};
            case 4: return {std::string(as_text(bytes()))};
            case 5: {
                const Bytes content = bytes();
                return {ByteArray(content.begin(), content.end())};
            }
            case 6: return {std::int32_t{next() % 6}};  // states
            case 7: return {std::uint16_t{1}};
            case 8: return {std::string("/o") + static_cast<char>('0' + next() % 4)};
            default: return {depth == 0 ? Values() : values(depth - 1)};
        }
    }
    Values values(int depth) {
        Values out;
        for (int left = next() % 8; left > 0; --left) out.push_back(value(depth));
        return out;
    }
};

/// The events so far, and what must hold of them.
class Oracle {
public:
    void take(BusBackend& backend) {
        while (const auto event = backend.poll_event()) {
            if (const auto* record = std::get_if<dnssd::RecordEvent>(&*event)) on_record(*record);
            if (const auto* host = std::get_if<dnssd::HostNameEvent>(&*event))
                must(host->name.is_root() != host->why_not.empty());
        }
    }

private:
    void on_record(const dnssd::RecordEvent& record) {
        if (record.change == dnssd::RecordChange::absent) return;
        must(dns::check_rdata(record.type, dns::RrClass::IN, record.rdata).has_value());
        if (const auto text = name_to_bus(record.owner))
            must(*name_from_bus(*text) == record.owner);
        const auto key =
            std::tuple(record.query, record.ifindex, record.owner.lowered(), record.rdata);
        if (record.change == dnssd::RecordChange::added) {
            must(known_.insert(key).second);
        } else {
            must(known_.erase(key) == 1);
        }
    }

    std::set<std::tuple<std::uint64_t, std::uint32_t, dns::Name, ByteArray>> known_;
};

/// A reply that fits what was called, so that objects are made at all.
Values fitting(const Call& call, Input& input) {
    if (call.member == "GetAPIVersion") return {{std::uint32_t{0x203U + input.next() % 2}}};
    if (call.member == "GetHostNameFqdn") return {{std::string("me.local")}};
    if (call.member == "Get") return {{std::string("me")}};
    if (call.member == "ResolveRecord") {
        Values rows;
        for (int left = input.next() % 4; left > 0; --left) {
            const Bytes content = input.bytes();
            rows.push_back({Values{{std::int32_t{2}},
                                   {std::uint16_t{1}},
                                   {std::uint16_t{12}},
                                   {ByteArray(content.begin(), content.end())}}});
        }
        return {{std::move(rows)}, {std::uint64_t{input.next()} << 16}};
    }
    return {{input.path()}};
}

/// One daemon and one program, whose moves the input chooses.
class Play {
public:
    Play(BusBackend& backend, Input input, std::string_view browser, std::string_view group)
        : backend_(backend), input_(input), browser_(browser), group_(group) {}

    void run() {
        backend_.on_owner(now_, owner_);
        for (int step = 0; step < 400 && !input_.at_end(); ++step) {
            listen();
            move(input_.next() % 12);
        }
        backend_.shut_down(now_);
        listen();
        for (; !calls_.empty(); listen()) reply({});
        must(backend_.is_quiet());  // nothing is left that was published
    }

private:
    void listen() {
        while (auto call = backend_.poll_call()) {
            must(call->id != 0);
            calls_.push_back(std::move(*call));
        }
        oracle_.take(backend_);
    }
    void move(int what) {
        switch (what) {
            case 0: return reply(input_.values(3));
            case 1: return refuse();
            case 2:
            case 3: return reply_fitting();
            case 4: return signal();
            case 5: return signal_item();
            case 6: return ask();
            case 7: return stop_asking();
            case 8: return publish();
            case 9: return change_publication();
            case 10: return change_owner();
            default: return pass_time();
        }
    }

    std::optional<Call> take_call() {
        if (calls_.empty()) return std::nullopt;
        const auto at = calls_.begin() + static_cast<std::ptrdiff_t>(input_.next() % calls_.size());
        Call out = std::move(*at);
        calls_.erase(at);
        return out;
    }
    void reply(Values values) {
        if (const auto call = take_call())
            backend_.on_reply(now_, call->id, {std::move(values), {}, {}});
    }
    void reply_fitting() {
        if (const auto call = take_call())
            backend_.on_reply(now_, call->id, {fitting(*call, input_), {}, {}});
    }
    void refuse() {
        static const char* const errors[] = {
            "org.freedesktop.Avahi.CollisionError", "org.freedesktop.resolve1.NoSuchRR",
            "org.freedesktop.resolve1.NoNameServers", "org.freedesktop.DBus.Error.Timeout"};
        const char* const error = errors[input_.next() % 4];
        if (const auto call = take_call()) backend_.on_reply(now_, call->id, {{}, error, error});
    }
    void signal() {
        static const char* const members[] = {"ItemNew", "ItemRemove", "StateChanged", "Failure",
                                              "Conflicted"};
        const std::uint8_t kind = input_.next();
        backend_.on_signal(now_,
                           {":1.1", input_.path(), std::string(kind >= 128 ? browser_ : group_),
                            members[kind % 5], input_.values(2)});
    }
    /// An item of a browser, or a state of a group, that fits.
    void signal_item() {
        const std::uint8_t kind = input_.next();
        const std::string path = input_.path();
        if (kind % 4 == 0)
            return backend_.on_signal(now_, {":1.1",
                                             path,
                                             std::string(group_),
                                             "StateChanged",
                                             {{std::int32_t{kind / 4 % 5}}, {std::string("why")}}});
        const Bytes rdata = input_.bytes();
        backend_.on_signal(
            now_, {owner_, path, std::string(browser_), kind >= 128 ? "ItemNew" : "ItemRemove",
                   Values{{std::int32_t{kind / 8 % 3}},
                          {std::int32_t{kind / 32 % 2}},
                          {std::string(as_text(input_.bytes()))},
                          {std::uint16_t{1}},
                          {input_.next() % 2 != 0 ? std::uint16_t{12} : std::uint16_t{1}},
                          {ByteArray(rdata.begin(), rdata.end())},
                          {std::uint32_t{0}}}});
    }

    void ask() {
        const std::uint8_t which = input_.next();
        const dns::RrType type = which % 4 < 2 ? dns::RrType::PTR : dns::RrType::A;
        if (const auto token = backend_.start_query(now_, {questions_[which % 2], type},
                                                    {which / 4U % 2U, IpFamily::none}))
            queries_.push_back(*token);
    }
    void stop_asking() {
        if (!queries_.empty()) backend_.stop_query(now_, queries_[input_.next() % queries_.size()]);
    }
    void publish() {
        if (publications_.size() >= 8) return;
        dnssd::Service service;
        service.instance = "Web";
        service.type = *dnssd::ServiceType::from_text("_http._tcp");
        service.port = 80;
        const auto policy =
            input_.next() % 2 != 0 ? dnssd::RenamePolicy::rename : dnssd::RenamePolicy::fail;
        if (const auto token = backend_.publish(
                now_, *dnssd::make_records(service, *dns::Name::from_text("me.local.")), {},
                policy))
            publications_.push_back(*token);
    }
    void change_publication() {
        if (publications_.empty()) return;
        const auto token = publications_[input_.next() % publications_.size()];
        const std::vector<std::vector<std::uint8_t>> txt(input_.next() % 3U, {1, 'a'});
        if (txt.empty()) return backend_.withdraw(now_, token);
        backend_.update_txt(now_, token, *dns::Name::from_text("Web._http._tcp.local."), txt);
    }
    void change_owner() {
        static const char* const owners[] = {"", ":1.1", ":1.2"};
        const std::string owner = owners[input_.next() % 3];
        if (owner != owner_) calls_.clear();  // nobody answers these
        owner_ = owner;
        backend_.on_owner(now_, owner_);
    }
    void pass_time() {
        now_ += std::chrono::seconds(input_.next());
        if (const auto due = backend_.next_deadline(); due && *due <= now_) {
            backend_.on_timer(now_);
            const auto next = backend_.next_deadline();
            must(!next || *next > now_);  // what was due is done
        }
    }

    BusBackend& backend_;
    Input input_;
    std::string_view browser_, group_;
    Oracle oracle_;
    Time now_{};
    std::string owner_ = ":1.1";
    std::vector<Call> calls_;
    std::vector<dnssd::QueryToken> queries_;
    std::vector<dnssd::PublicationToken> publications_;
    const dns::Name questions_[2] = {*dns::Name::from_text("_http._tcp.local."),
                                     *dns::Name::from_text("nas.local.")};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Bytes bytes(data, size);
    if (const auto name = name_from_bus(as_text(bytes.subspan(1)))) {
        const auto text = name_to_bus(*name);
        must(text && *name_from_bus(*text) == *name);
    }
    if (data[0] % 2 == 0) {
        AvahiBackend backend;
        Play(backend, Input(bytes.subspan(1)), "org.freedesktop.Avahi.RecordBrowser",
             "org.freedesktop.Avahi.EntryGroup")
            .run();
    } else {
        SeededRng rng(1);
        ResolvedBackend backend(rng);
        Play(backend, Input(bytes.subspan(1)), "org.freedesktop.DBus.Properties",
             "org.freedesktop.resolve1.DnssdService")
            .run();
    }
    return 0;
}
