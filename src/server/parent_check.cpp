#include "server/parent_check.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"

namespace kith::server {
namespace {

using dns::Header;
using dns::RrType;

constexpr Duration patience = 10s;
// The header, a name and the rest of the question.
constexpr std::size_t query_bytes_max = 512;
// DS records that are looked at: keys_max of our own with two digests each.
constexpr std::size_t ds_max = 64;

std::vector<std::uint8_t> write_query(std::uint16_t id, dns::NameView zone) {
    std::vector<std::uint8_t> out(query_bytes_max);
    dns::MessageBuilder builder;
    builder.start_query(out, id, zone, RrType::DS, dns::RrClass::IN);
    builder.set_flag(Header::rd);  // a resolver may be asked too
    out.resize(builder.finish().size());
    return out;
}

}  // namespace

Result<DsSet, std::string> read_ds_answer(Bytes message, std::uint16_t id, dns::NameView zone) {
    const auto parsed = dns::MessageView::parse(message);
    if (!parsed) return std::unexpected("its answer cannot be read");
    const Header& header = parsed->header();
    const auto question = parsed->question();
    const bool is_ours = header.id == id && header.has(Header::qr) && header.counts[0] == 1 &&
                         question->name.view() == zone && question->type == RrType::DS;
    if (!is_ours) return std::unexpected("it answers another question");
    if (parsed->rcode() != dns::Rcode::NOERROR)
        return std::unexpected(fmt::format("it answers {}", dns::rcode_name(parsed->rcode())));
    if (header.has(Header::tc)) return std::unexpected("its answer is truncated");
    DsSet found;
    parsed->for_each(dns::Section::answer, [&](const dns::RecordView& record) {
        if (record.type != RrType::DS || record.owner.view() != zone ||
            found.records.size() == ds_max)
            return;
        found.records.emplace_back(record.rdata.begin(), record.rdata.end());
        found.ttl = std::max(found.ttl, record.effective_ttl());
    });
    // A referral to the zone itself is what the zone's own servers, or a confused one, say.
    if (found.records.empty() && !header.has(Header::aa) && !header.has(Header::ra))
        return std::unexpected("it neither has the parent zone nor resolves");
    std::ranges::sort(found.records);
    return found;
}

struct ParentCheck::Asked {
    Endpoint server;
    std::uint16_t id = 0;
    std::unique_ptr<net::TcpClientStream> stream;
    std::optional<DsSet> found;
};

ParentCheck::ParentCheck(net::Loop& loop, Rng& rng, dns::NameView zone,
                         const std::vector<Endpoint>& servers, Done done)
    : zone_(zone), done_(std::move(done)), timer_(loop, [this] {
          for (const auto& asked : asked_) {
              if (!asked->found) return on_closed(*asked, "it does not answer");
          }
      }) {
    for (const Endpoint& server : servers) {
        auto asked = std::make_unique<Asked>();
        Asked* const self = asked.get();
        self->server = server;
        self->id = static_cast<std::uint16_t>(rng.next());
        net::TcpClientStream::Events events;
        events.connected = [this, self] { self->stream->send(write_query(self->id, zone_)); };
        events.message = [this, self](Bytes message) { on_answer(*self, message); };
        events.closed = [this, self](const std::string& why) { on_closed(*self, why); };
        self->stream =
            std::make_unique<net::TcpClientStream>(loop, server, std::nullopt, std::move(events));
        asked_.push_back(std::move(asked));
    }
    timer_.arm(loop.now() + patience);
}

ParentCheck::~ParentCheck() = default;

void ParentCheck::on_answer(Asked& asked, Bytes message) {
    if (asked.found) return;
    auto found = read_ds_answer(message, asked.id, zone_);
    if (!found) return on_closed(asked, found.error());
    asked.found = std::move(*found);
    const auto is_done = [](const auto& each) { return each->found.has_value(); };
    if (!std::ranges::all_of(asked_, is_done)) return;
    DsSet first = *asked_.front()->found;
    for (const auto& other : asked_) {
        first.ttl = std::max(first.ttl, other->found->ttl);
        if (other->found->records == first.records) continue;
        return finish(std::unexpected(fmt::format("{} and {} do not have the same DS records",
                                                  asked_.front()->server.to_text(),
                                                  other->server.to_text())));
    }
    finish(std::move(first));
}

void ParentCheck::on_closed(Asked& asked, const std::string& why) {
    if (asked.found) return;  // it has answered
    finish(std::unexpected(fmt::format("{}: {}", asked.server.to_text(), why)));
}

void ParentCheck::finish(Result<DsSet, std::string> found) {
    timer_.cancel();
    // The owner may destroy this object in the call.
    const Done done = std::exchange(done_, nullptr);
    if (done) done(std::move(found));
}

}  // namespace kith::server
