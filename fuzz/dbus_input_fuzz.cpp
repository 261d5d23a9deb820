// What daemons say over D-Bus: any replies and signals, in any order, with daemons that come and go.
// Whatever it is, an event removes only what was added before, names are names, RDATA fits its type, and
// what is kept and asked is bounded.

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "base/check.hpp"
#include "base/rng.hpp"
#include "discovery/dbus/avahi_backend.hpp"
#include "discovery/dbus/limits.hpp"
#include "discovery/dbus/names.hpp"
#include "discovery/dbus/resolved_backend.hpp"
#include "dns/rdata.hpp"

namespace {

using namespace kith;
using namespace kith::discovery;
using namespace kith::discovery::dbus;

/// Takes values out of the input.
class Input {
public:
    explicit Input(Bytes bytes) : bytes_(bytes) {}
    bool empty() const { return bytes_.empty(); }
    std::uint8_t byte() {
        if (bytes_.empty()) return 0;
        const std::uint8_t out = bytes_[0];
        bytes_ = bytes_.subspan(1);
        return out;
    }
    Bytes bytes() {
        const std::size_t size = std::min<std::size_t>(byte(), bytes_.size());
        const Bytes out = bytes_.first(size);
        bytes_ = bytes_.subspan(size);
        return out;
    }
    std::uint32_t number() {
        std::uint32_t out = 0;
        for (int i = 0; i < 4; ++i) out = out << 8 | byte();
        return out;
    }
    Value value(int depth) {
        switch (byte() % 10) {
            case 0: return {static_cast<std::int32_t>(number())};
            case 1: return {number()};
            case 2: return {static_cast<std::uint16_t>(number())};
            case 3: return {std::uint64_t{number()} << 16};
            case 4: return {std::string(as_text(bytes()))};
            case 5: {
                const Bytes content = bytes();
                return {ByteArray(content.begin(), content.end())};
            }
            case 6: return {std::int32_t{byte() % 6}};  // states
            case 7: return {std::uint16_t{1}};
            case 8: return {std::string("/o") + static_cast<char>('0' + byte() % 4)};
            default: return {depth == 0 ? Values() : values(depth - 1)};
        }
    }
    Values values(int depth) {
        Values out;
        for (int left = byte() % 8; left > 0; --left) out.push_back(value(depth));
        return out;
    }

private:
    Bytes bytes_;
};

/// The events so far, and what must hold of them.
class Oracle {
public:
    void take(BusBackend& backend) {
        while (const auto event = backend.poll_event()) {
            if (const auto* record = std::get_if<dnssd::RecordEvent>(&*event)) on_record(*record);
            if (const auto* host = std::get_if<dnssd::HostNameEvent>(&*event))
                KITH_CHECK(!host->name.is_root());
        }
    }

private:
    void on_record(const dnssd::RecordEvent& record) {
        if (record.change == dnssd::RecordChange::absent) return;
        KITH_CHECK(dns::check_rdata(record.type, dns::RrClass::IN, record.rdata).has_value());
        if (const auto text = name_to_bus(record.owner))
            KITH_CHECK(*name_from_bus(*text) == record.owner);
        const auto key =
            std::tuple(record.query, record.ifindex, record.owner.lowered(), record.rdata);
        if (record.change == dnssd::RecordChange::added) {
            KITH_CHECK(known_.insert(key).second);
        } else {
            KITH_CHECK(known_.erase(key) == 1);
        }
    }

    std::set<std::tuple<std::uint64_t, std::uint32_t, dns::Name, ByteArray>> known_;
};

/// A reply that fits what was called, so that objects are made at all.
Values fitting(const Call& call, Input& input) {
    if (call.member == "GetAPIVersion") return {{std::uint32_t{0x203U + input.byte() % 2}}};
    if (call.member == "GetHostNameFqdn") return {{std::string("me.local")}};
    if (call.member == "Get") return {{std::string("me")}};
    if (call.member == "ResolveRecord") {
        Values rows;
        for (int left = input.byte() % 4; left > 0; --left) {
            const Bytes content = input.bytes();
            rows.push_back({Values{{std::int32_t{2}},
                                   {std::uint16_t{1}},
                                   {std::uint16_t{12}},
                                   {ByteArray(content.begin(), content.end())}}});
        }
        return {{std::move(rows)}, {std::uint64_t{input.byte()} << 16}};
    }
    return {{std::string("/o") + static_cast<char>('0' + input.byte() % 8)}};
}

void play(BusBackend& backend, Input input, std::string_view browser, std::string_view group) {
    Oracle oracle;
    Time now{};
    std::vector<Call> calls;
    std::vector<dnssd::QueryToken> queries;
    std::vector<dnssd::PublicationToken> publications;
    const dns::Name questions[] = {*dns::Name::from_text("_http._tcp.local."),
                                   *dns::Name::from_text("nas.local.")};
    backend.on_owner(now, ":1.1");
    for (int step = 0; step < 400 && !input.empty(); ++step) {
        while (auto call = backend.poll_call()) {
            KITH_CHECK(call->id != 0);
            if (calls.size() < 4096) calls.push_back(std::move(*call));
        }
        oracle.take(backend);
        const std::uint8_t what = input.byte();
        switch (what % 10) {
            case 0:
            case 1:
            case 2:
                if (!calls.empty()) {
                    const std::size_t which = input.byte() % calls.size();
                    const Call call = calls[which];
                    calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(which));
                    Reply reply;
                    if (what % 10 == 0) {
                        reply.values = input.values(3);
                    } else if (what % 10 == 1) {
                        reply.error = input.byte() % 2 != 0 ? "org.freedesktop.Avahi.CollisionError"
                                                            : "org.freedesktop.resolve1.NoSuchRR";
                    } else {
                        reply.values = fitting(call, input);
                    }
                    backend.on_reply(now, call.id, reply);
                }
                break;
            case 3: {
                const std::uint8_t kind = input.byte();
                static const char* const members[] = {"ItemNew", "ItemRemove", "StateChanged",
                                                      "Failure", "Conflicted"};
                backend.on_signal(
                    now, {":1.1", std::string("/o") + static_cast<char>('0' + kind % 8),
                          std::string(kind >= 128 ? browser : group), members[kind / 8 % 5],
                          input.values(2)});
                break;
            }
            case 4: {  // an item that fits
                const Bytes rdata = input.bytes();
                const std::uint8_t kind = input.byte();
                backend.on_signal(
                    now, {":1.1", std::string("/o") + static_cast<char>('0' + kind % 8),
                          std::string(browser), kind >= 128 ? "ItemNew" : "ItemRemove",
                          Values{{std::int32_t{kind / 8 % 3}},
                                 {std::int32_t{kind / 32 % 2}},
                                 {std::string(as_text(input.bytes()))},
                                 {std::uint16_t{1}},
                                 {input.byte() % 2 != 0 ? std::uint16_t{12} : std::uint16_t{1}},
                                 {ByteArray(rdata.begin(), rdata.end())},
                                 {std::uint32_t{0}}}});
                break;
            }
            case 5: {
                const std::uint8_t which = input.byte();
                if (const auto token = backend.start_query(
                        now,
                        {questions[which % 2], which % 4 < 2 ? dns::RrType::PTR : dns::RrType::A},
                        {which / 4U % 2U, IpFamily::none}))
                    queries.push_back(*token);
                break;
            }
            case 6:
                if (!queries.empty()) {
                    backend.stop_query(now, queries[input.byte() % queries.size()]);
                } else {
                    dnssd::Service service;
                    service.instance = "Web";
                    service.type = *dnssd::ServiceType::from_text("_http._tcp");
                    service.port = 80;
                    if (const auto token = backend.publish(
                            now, *dnssd::make_records(service, *dns::Name::from_text("me.local.")),
                            {},
                            input.byte() % 2 != 0 ? dnssd::RenamePolicy::rename
                                                  : dnssd::RenamePolicy::fail))
                        publications.push_back(*token);
                }
                break;
            case 7:
                if (!publications.empty()) {
                    const auto token = publications[input.byte() % publications.size()];
                    const std::vector<std::vector<std::uint8_t>> txt(input.byte() % 3U, {1, 'a'});
                    if (txt.empty()) {
                        backend.withdraw(now, token);
                    } else {
                        backend.update_txt(now, token, questions[0], txt);
                    }
                }
                break;
            case 8:
                calls.clear();
                backend.on_owner(now, input.byte() % 3 == 0 ? "" : ":1.1");
                break;
            default:
                now += std::chrono::seconds(input.byte());
                if (const auto due = backend.next_deadline(); due && *due <= now)
                    backend.on_timer(now);
        }
    }
    backend.shut_down(now);
    oracle.take(backend);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Bytes bytes(data, size);
    if (const auto name = name_from_bus(as_text(bytes.subspan(1)))) {
        const auto text = name_to_bus(*name);
        KITH_CHECK(text && *name_from_bus(*text) == *name);
    }
    if (data[0] % 2 == 0) {
        AvahiBackend backend;
        play(backend, Input(bytes.subspan(1)), "org.freedesktop.Avahi.RecordBrowser",
             "org.freedesktop.Avahi.EntryGroup");
    } else {
        SeededRng rng(1);
        ResolvedBackend backend(rng);
        play(backend, Input(bytes.subspan(1)), "org.freedesktop.DBus.Properties",
             "org.freedesktop.resolve1.DnssdService");
    }
    return 0;
}
