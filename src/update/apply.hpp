#pragma once
// The update section (RFC 2136 §3.4.2): record by record onto a Scratch. Inside update/ only.

#include <optional>

#include "base/time.hpp"
#include "update/scratch.hpp"
#include "update/timeout.hpp"
#include "update/update.hpp"

namespace kith::update {

/// What does not change while one message is worked on.
struct UpdateContext {
    const UpdateMessage& message;
    const Requester& requester;
    const UpdateRules& rules;
    UnixTime now;
    std::optional<Lease> granted;     // what the response tells
    std::uint32_t lease_end = 0;      // of records that are added; 0: none
    std::uint32_t key_lease_end = 0;  // of KEY records
};

/// Applies records, in order. A refusal leaves the scratch half edited: throw it away.
class Applier {
public:
    Applier(Scratch& scratch, const UpdateContext& context)
        : scratch_(scratch), context_(context) {}

    Refusal apply(const UpdateRecord& record, const Ruling& ruling);
    /// What can only be done when all records are applied: TIMEOUT records.
    Refusal finish();

private:
    Refusal add(const UpdateRecord& record, ScratchName& name, const Ruling& ruling);
    Refusal replace(const UpdateRecord& record, ScratchName& name, const Ruling& ruling);
    Refusal remove_record(const UpdateRecord& record, ScratchName& name, const Ruling& ruling);
    Refusal remove_rrset(const UpdateRecord& record, ScratchName& name, const Ruling& ruling);
    Refusal remove_name(const UpdateRecord& record, ScratchName& name, const Ruling& ruling);
    bool is_ignored(const UpdateRecord& record, const ScratchName& name) const;
    bool is_foreign(const Item& item) const;
    bool is_apex(const UpdateRecord& record) const;
    bool is_timeout(RrType type) const {
        return context_.rules.timeout_type != RrType{} && type == context_.rules.timeout_type;
    }
    void stamp(Item& item) const;
    Refusal not_yours(const UpdateRecord& record, const ScratchName& name, RrType type) const;

    Refusal note_timeout(const UpdateRecord& record);
    Refusal set_expiry(ScratchName& name, const Name& owner, const Timeout& timeout);
    void clear_expiry(ScratchName& name, const Timeout* timeout);

    struct Pending {
        Name owner;
        Timeout timeout;
    };
    Scratch& scratch_;
    const UpdateContext& context_;
    std::vector<Pending> timeouts_;  // added by the client, not yet in force
};

}  // namespace kith::update
