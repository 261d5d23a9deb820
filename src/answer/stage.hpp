#pragma once
// A stage of answering, and what it works with.
//
// Stages are functions without state: what belongs to the query is in Query, what belongs to the
// configuration in AnswerSnapshot, what belongs to the worker in Worker. Their one ordered list
// is in pipeline.cpp.

#include <span>
#include <string_view>

#include "answer/counters.hpp"
#include "answer/denial.hpp"
#include "answer/edns_reply.hpp"
#include "answer/forward_port.hpp"
#include "answer/query.hpp"
#include "answer/snapshot.hpp"
#include "dns/message_builder.hpp"

namespace kith::answer {

/// What a worker brings to every query it answers.
struct Worker {
    ForwardPort* forward = nullptr;  // null: nothing is looked up elsewhere
    dns::MessageBuilder response;
    EdnsReply edns;
    AnswerCounters counters;
    std::uint32_t rotation = 0;  // where the next RRset of several records begins
    dns::LookupName additional;  // the additional-section name being looked up
    DenialWork denial;
};

/// One query being answered.
struct Exchange {
    const AnswerSnapshot& snapshot;
    Query& query;
    dns::MessageBuilder& response;
    Worker& worker;
};

struct Stage {
    std::string_view name;  // stable: used in metrics and traces
    /// True for stages that answer names: they are asked again for the target of an alias.
    bool answers_names;
    Verdict (*handle)(Exchange&);
};

// The stages. Each says in its .cpp what it does and why it stands where it stands.
Verdict check_message(Exchange& exchange);        // sanity.cpp
Verdict check_edns(Exchange& exchange);           // sanity.cpp
Verdict answer_chaos(Exchange& exchange);         // chaos.cpp
Verdict check_type(Exchange& exchange);           // sanity.cpp
Verdict rewrite(Exchange& exchange);              // rewrite_stage.cpp
Verdict check_available(Exchange& exchange);      // unavailable_stage.cpp
Verdict answer_from_zones(Exchange& exchange);    // zone_stage.cpp
Verdict answer_from_records(Exchange& exchange);  // zone_stage.cpp
Verdict answer_special(Exchange& exchange);       // special_stage.cpp
Verdict forward(Exchange& exchange);              // forward_stage.cpp
Verdict refuse(Exchange& exchange);               // forward_stage.cpp

/// The stages in their order.
std::span<const Stage> stages();

/// Runs the stages on a prepared query whose response has been started. Never returns `next` or
/// `follow`.
Verdict run_stages(Exchange& exchange);

}  // namespace kith::answer
