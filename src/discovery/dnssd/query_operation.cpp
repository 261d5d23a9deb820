// A plain query: records of one name and type as they come and go.

#include "discovery/dnssd/operation.hpp"

namespace kith::discovery::dnssd {
namespace {

class PlainQuery final : public Session::Operation {
public:
    PlainQuery(Session& session, RecordQuestion question, Scope scope)
        : Operation(session), question_(question), scope_(scope) {}

    dns::Text<void> start(Time now) override {
        KITH_TRY(query_, ask(now, question_, scope_));
        return {};
    }

    void on_record(Time, Backend&, const RecordEvent& record) override {
        switch (record.change) {
            case RecordChange::absent:
                emit(Change::added, record.ifindex, record.family,
                     NoRecordResult{record.owner, record.type});
                return;
            case RecordChange::added:
                last_ = record;
                emit(Change::added, record.ifindex, record.family,
                     RecordResult{record.owner, record.type, record.ttl, record.rdata});
                return;
            case RecordChange::removed:
                emit(Change::removed, record.ifindex, record.family,
                     RecordResult{record.owner, record.type, 0, record.rdata});
                return;
        }
    }

    void reconfirm(Time now) override {
        if (last_) query_.backend->reconfirm(now, *last_);
    }

private:
    RecordQuestion question_;
    Scope scope_;
    Query query_;
    std::optional<RecordEvent> last_;
};

}  // namespace

std::unique_ptr<Session::Operation> make_query(Session& session, const RecordQuestion& question,
                                               Scope scope) {
    return std::make_unique<PlainQuery>(session, question, scope);
}

}  // namespace kith::discovery::dnssd
