// The loader follows the events with a stack of frames, one for each open list or object. A frame
// knows which table its keys are looked up in; a value goes where its key's row says. What has a
// problem is skipped, and the reading goes on.

#include "config/load.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "config/hickory.hpp"
#include "config/json_reader.hpp"
#include "config/problem_list.hpp"
#include "config/sections.hpp"
#include "config/server_check.hpp"
#include "config/text.hpp"
#include "config/values.hpp"

namespace kith::config {
namespace {

enum class Where : std::uint8_t {
    outside,  // before the document
    document,
    server,
    zone,
    soa,
    transfer,
    dnssec,
    key,
    discovery,
    service,
    reflection,
    record,
    rewrite,  // objects with a table
    zones,
    keys,
    forward,  // maps: any key
    services,
    reflections,
    records,
    rewrites,       // lists of objects
    items,          // the list that is a setting of the frame below
    forward_items,  // the addresses of one forward rule
    ignored,
};

/// A list or a map whose members are all of one kind.
struct Collection {
    enum class Kind : std::uint8_t { list, map };
    Kind kind;
    Where where;
    Where member;
    std::string_view name;             // in messages
    std::string_view expected;         // a member
    bool secret = false;               // a member may be one; no message shows it
    std::string_view also_known = {};  // a key of a map that is no member
    std::string_view instead = {};     // what to do when there are too many
};
using enum Collection::Kind;
constexpr Collection collections[] = {
    {map, Where::zones, Where::zone, "zones", "an object", false, "$schema"},
    {map, Where::keys, Where::key, "keys", "an object", true},
    {map, Where::forward, Where::forward_items, "forward", "a list of addresses"},
    {list, Where::services, Where::service, "services", "an object"},
    {list, Where::reflections, Where::reflection, "reflect", "an object"},
    {list, Where::records, Where::record, "records", "an object", false, {}, "; use a zone file"},
    {list, Where::rewrites, Where::rewrite, "rewrites", "an object"},
};

const Collection* collection_at(Where where) {
    const auto* found = std::ranges::find(collections, where, &Collection::where);
    return found == std::end(collections) ? nullptr : found;
}

constexpr std::size_t rows_max = 40;
static_assert(server_fields.size() <= rows_max, "Frame::key_at has room for every row");
constexpr int no_row = -1;

struct Frame {
    Where where = Where::outside;
    // Of the key last read; in `items` that of the list's own key; in a map 0. no_row: its value
    // is skipped.
    int row = no_row;
    std::size_t errors = 0;                 // of the file when the frame was opened
    bool full = false;                      // a list that has had too many values
    std::array<Offset, rows_max> key_at{};  // by row; 0: not read
};

template <class T>
constexpr bool is_list = false;
template <class T>
constexpr bool is_list<std::vector<T>> = true;

std::string suggest(std::string_view word, const dns::RrType*) {
    static constexpr std::string_view types[] = {
        "A",   "AAAA",  "CNAME", "MX",    "TXT",        "PTR",   "NS",  "SRV",
        "CAA", "HTTPS", "SVCB",  "NAPTR", "TLSA",       "SSHFP", "LOC", "DNAME",
        "DS",  "URI",   "HINFO", "RP",    "OPENPGPKEY", "SMIMEA"};
    return did_you_mean(word, types);
}
template <class T>
std::string suggest(std::string_view word, const T* type) {
    return did_you_mean(word, form_of(type).choices);
}

/// The key that was probably meant: of this table, or else of another, with the way to it.
template <class Fields>
std::string suggest_key(std::string_view key, const Fields& own) {
    std::vector<std::string_view> known;
    for (const auto& field : own) known.push_back(field.key);
    if (std::string meant = did_you_mean(key, known); !meant.empty()) return meant;
    known.clear();
    std::vector<std::string> paths;
    each_section([&](std::string_view section, auto, auto, const auto& fields) {
        for (const auto& field : fields) {
            known.push_back(field.key);
            paths.push_back(path_of(section, field.key));
        }
    });
    const auto best = std::ranges::find(known, nearest(key, known).value_or(""));
    if (best == known.end()) return {};
    return fmt::format("; did you mean '{}'?",
                       paths[static_cast<std::size_t>(best - known.begin())]);
}

class Loader final : public JsonEvents {
public:
    explicit Loader(Config& config) : config_(config), problems_(config) { open(Where::outside); }

    ProblemList& problems() { return problems_; }

    void on_object_begin(Offset at) override { begin(at, Nested::Shape::object); }
    void on_list_begin(Offset at) override { begin(at, Nested::Shape::list); }

    void on_object_end(Offset) override {
        const Frame& frame = top();
        if (frame.where == Where::record) end_record();
        if (frame.where == Where::rewrite) end_rewrite();
        if (frame.where == Where::service) end_service();
        if (frame.where == Where::reflection) end_reflection();
        --depth_;
    }

    void on_list_end(Offset) override { --depth_; }

    void on_key(Offset at, std::string_view key) override {
        switch (top().where) {
            case Where::zones: return add_to_map(at, key, config_.zones, zones_max);
            case Where::keys: return add_to_map(at, key, config_.keys, keys_max);
            case Where::forward:
                return add_to_map(at, key, config_.server.forward, forward_rules_max);
            default:
                with_section(top().where,
                             [&](const auto& fields, auto&) { find(at, key, fields); });
        }
    }

    void on_scalar(Offset at, const Scalar& value) override {
        const Where where = top().where;
        const bool null = value.kind == Scalar::Kind::null;
        if (const Collection* collection = collection_at(where)) {
            if (collection->kind == map && top().row == no_row) return;
            if (where == Where::zones && null) return;  // a zone without settings
            return wrong(at, collection->name, collection->expected,
                         collection->secret ? kind_text(value) : found_text(value));
        }
        switch (where) {
            case Where::outside: return wrong(at, "", "a JSON object", found_text(value));
            case Where::forward_items:
                return add_item(at, value, "forward", {}, config_.server.forward.back().upstream);
            case Where::items: return set_item(at, value);
            case Where::ignored: return;
            default: break;
        }
        with_section(where, [&](const auto& fields, auto& section) {
            if (top().row == no_row) return;
            const auto& field = fields[row_of(top())];
            // As if the key were not there, where that may be.
            if (null && field.need == Need::optional) return;
            set(at, value, field, section);
        });
    }

private:
    Frame& top() { return frames_[depth_ - 1]; }
    Frame& below() { return frames_[depth_ - 2]; }
    /// For values that may be secrets, which no message shows.
    static std::string kind_text(const Scalar& value) {
        return value.kind == Scalar::Kind::text ? "text" : found_text(value);
    }
    static std::size_t row_of(const Frame& frame) { return static_cast<std::size_t>(frame.row); }

    void open(Where where) {
        Frame& frame = frames_[depth_++];
        frame = {};
        frame.where = where;
        frame.errors = problems_.errors();
        if (depth_ > 1) frame.row = where == Where::items ? below().row : no_row;
    }

    void wrong(Offset at, std::string_view key, std::string_view expected, std::string_view found,
               std::string_view hint = "") {
        problems_.error(at, fmt::format("{}{}expected {}, found {}{}", key, key.empty() ? "" : ": ",
                                        expected, found, hint));
    }

    /// Calls `action` with the table and the values of the section that a frame stands for.
    template <class Action>
    void with_section(Where where, const Action& action) {
        switch (where) {
            case Where::document: return action(document_fields, document_);
            case Where::server: return action(server_fields, config_.server);
            case Where::zone: return action(zone_fields, config_.zones.back());
            case Where::soa: return action(soa_fields, *config_.zones.back().soa);
            case Where::transfer: return action(transfer_fields, *config_.zones.back().transfer);
            case Where::dnssec: return action(dnssec_fields, *config_.zones.back().dnssec);
            case Where::key: return action(key_fields, config_.keys.back());
            case Where::discovery: return action(discovery_fields, *config_.discovery);
            case Where::service: return action(service_fields, service_);
            case Where::reflection: return action(reflection_fields, reflection_);
            case Where::record: return action(record_fields, record_);
            case Where::rewrite: return action(rewrite_fields, rewrite_);
            default: return;
        }
    }

    /// Looks the key up in its table and remembers its row for the value that follows.
    template <class Fields>
    void find(Offset at, std::string_view key, const Fields& fields) {
        Frame& frame = top();
        frame.row = no_row;
        for (std::size_t row = 0; row < fields.size(); ++row) {
            if (fields[row].key != key) continue;
            if (frame.key_at[row] != 0) return given_twice(at, key, frame.key_at[row]);
            frame.key_at[row] = at;
            frame.row = static_cast<int>(row);
            if (frame.where == Where::server) config_.server.key_at[row] = at;
            return;
        }
        if (is_note(key)) return;
        problems_.warn(at, fmt::format("key {} is not known and is ignored{}", shown(key),
                                       suggest_key(key, fields)));
    }

    void given_twice(Offset at, std::string_view key, Offset first) {
        const Place place = config_.lines.at(first);
        problems_.error(at,
                        fmt::format("key {} is given twice, first in line {}, column {}; keep one",
                                    shown(key), place.line, place.column));
    }

    template <class Section>
    void set(Offset at, const Scalar& json, const Field<Section>& field, Section& section) {
        std::visit([&](auto member) { set_member(at, json, field, section, member); },
                   field.member);
    }

    template <class Section, class T>
    void set_member(Offset at, const Scalar& json, const Field<Section>& field, Section& section,
                    T Section::*member) {
        if constexpr (std::is_same_v<T, std::vector<TextAt>>) {
            add_item(at, json, field.key, field.bounds, section.*member);  // one alone is fine
        } else if constexpr (is_list<T>) {
            wrong(at, field.key, "a list", found_text(json));
        } else {
            T value{};
            if (const Expected expected = read_value(json, at, field.bounds, value)) {
                const T* type = nullptr;
                const bool text = json.kind == Scalar::Kind::text;
                return wrong(at, field.key, *expected, found_text(json),
                             text ? suggest(json.text, type) : "");
            }
            section.*member = std::move(value);
            if (field.at != nullptr) section.*field.at = at;
        }
    }
    template <class Section>
    void set_member(Offset at, const Scalar& json, const Field<Section>& field, Section&,
                    Nested nested) {
        wrong(at, field.key, nested.shape == Nested::Shape::list ? "a list" : "an object",
              found_text(json));
    }

    /// One more value of the list that is a setting of the frame below.
    void set_item(Offset at, const Scalar& json) {
        with_section(below().where, [&](const auto& fields, auto& section) {
            const auto& field = fields[row_of(top())];
            std::visit([&](auto member) { add_member(at, json, field, section, member); },
                       field.member);
        });
    }
    template <class Section, class T>
    void add_member(Offset at, const Scalar& json, const Field<Section>& field, Section& section,
                    T Section::*member) {
        if constexpr (is_list<T>) add_item(at, json, field.key, field.bounds, section.*member);
    }
    template <class Section>
    void add_member(Offset, const Scalar&, const Field<Section>&, Section&, Nested) {}

    template <class T>
    void add_item(Offset at, const Scalar& json, std::string_view key, const Bounds& bounds,
                  std::vector<T>& list) {
        if (list.size() == list_items_max) {
            if (!std::exchange(top().full, true)) {
                wrong(at, key, fmt::format("at most {} values", list_items_max), "more");
            }
            return;
        }
        T value{};
        if (const Expected expected = read_value(json, at, bounds, value)) {
            return wrong(at, key, *expected, found_text(json));
        }
        list.push_back(std::move(value));
    }

    void begin(Offset at, Nested::Shape shape) {
        const Where where = opened(at, shape);
        start(where, at);
        open(where);
    }

    /// What a list or object opens here; `ignored`, with a problem, when none is expected.
    Where opened(Offset at, Nested::Shape shape) {
        const std::string_view found = shape == Nested::Shape::list ? "a list" : "an object";
        const Where where = top().where;
        if (const Collection* collection = collection_at(where)) {
            if (collection->kind == map && top().row == no_row) return Where::ignored;
            const bool list_expected = collection->member == Where::forward_items;
            if (list_expected == (shape == Nested::Shape::list)) return collection->member;
            wrong(at, collection->name, collection->expected, found);
            return Where::ignored;
        }
        switch (where) {
            case Where::ignored: return Where::ignored;
            case Where::outside:
                if (shape == Nested::Shape::object) return Where::document;
                wrong(at, "", "a JSON object", found);
                return Where::ignored;
            case Where::forward_items:
                wrong(at, "forward", "an address", found);
                return Where::ignored;
            case Where::items: wrong(at, "list", "text", found); return Where::ignored;
            default: return opened_by_key(at, shape, found);
        }
    }

    /// By the row of the key last read.
    Where opened_by_key(Offset at, Nested::Shape shape, std::string_view found) {
        Where out = Where::ignored;
        with_section(top().where, [&](const auto& fields, auto& section) {
            if (top().row == no_row) return;
            const auto& field = fields[row_of(top())];
            out = std::visit([&](auto member) { return opens(shape, field, section, member); },
                             field.member);
            if (out == Where::ignored) wrong(at, field.key, expected_of(field), found);
        });
        return out;
    }

    /// Makes the values that the object which begins fills.
    void start(Where where, Offset at) {
        switch (where) {
            case Where::zone: config_.zones.back().at = at; return;
            case Where::soa: config_.zones.back().soa.emplace().at = at; return;
            case Where::transfer: config_.zones.back().transfer.emplace().at = at; return;
            case Where::dnssec: config_.zones.back().dnssec.emplace().at = at; return;
            case Where::key: config_.keys.back().at = at; return;
            case Where::discovery: config_.discovery.emplace().at = at; return;
            case Where::service: (service_ = {}).at = at; return;
            case Where::reflection: (reflection_ = {}).at = at; return;
            case Where::record:
                record_ = {};
                record_at_ = at;
                return;
            case Where::rewrite: (rewrite_ = {}).at = at; return;
            default: return;
        }
    }

    template <class Section, class T>
    Where opens(Nested::Shape shape, const Field<Section>&, Section& section, T Section::*member) {
        if constexpr (is_list<T>) {
            if (shape == Nested::Shape::list) {
                (section.*member).clear();
                return Where::items;
            }
        }
        return Where::ignored;
    }
    template <class Section>
    Where opens(Nested::Shape shape, const Field<Section>& field, Section&, Nested nested) {
        if ((nested.shape == Nested::Shape::list) != (shape == Nested::Shape::list))
            return Where::ignored;
        static constexpr std::pair<std::string_view, Where> sections[] = {
            {"server", Where::server},     {"zones", Where::zones},
            {"records", Where::records},   {"soa", Where::soa},
            {"rewrites", Where::rewrites}, {"forward", Where::forward},
            {"keys", Where::keys},         {"transfer", Where::transfer},
            {"dnssec", Where::dnssec},     {"discovery", Where::discovery},
            {"services", Where::services}, {"reflect", Where::reflections}};
        for (const auto& [key, where] : sections) {
            if (key == field.key) return where;
        }
        return Where::ignored;
    }

    template <class Section>
    static std::string expected_of(const Field<Section>& field) {
        return std::visit([](auto member) { return expected_text(member); }, field.member);
    }
    static std::string expected_text(Nested nested) {
        return nested.shape == Nested::Shape::list ? "a list" : "an object";
    }
    template <class Section, class T>
    static std::string expected_text(T Section::*) {
        if constexpr (is_list<T>) {
            return "a list";
        } else {
            const T* type = nullptr;
            return std::string(form_of(type).words);
        }
    }

    /// A key of a map: the name of a new member.
    template <class Member>
    void add_to_map(Offset at, std::string_view name, std::vector<Member>& members,
                    std::size_t most) {
        const Collection& collection = *collection_at(top().where);
        // Notes may stand beside members, but a name such as _tcp.example. is a zone.
        top().row = no_row;
        if (name == "comment" || name == collection.also_known) return;
        if (members.size() == most) return too_many(at, collection, most);
        top().row = 0;
        members.emplace_back().name = {std::string(name), at};
    }

    void too_many(Offset at, const Collection& collection, std::size_t most) {
        problems_.error(at, fmt::format("{}: expected at most {}, found more{}", collection.name,
                                        most, collection.instead));
    }

    /// Reports keys that must be there; true when the object is as it should be.
    template <class Fields>
    bool complete(Offset at, const Fields& fields) {
        for (std::size_t row = 0; row < fields.size(); ++row) {
            if (fields[row].need == Need::optional || top().key_at[row] != 0) continue;
            problems_.error(at, fmt::format("expected the key '{}' in this object, found none",
                                            fields[row].key));
        }
        return problems_.errors() == top().errors;
    }

    void end_record() {
        if (complete(record_at_, record_fields))
            keep(record_at_, std::move(record_), config_.records, records_max);
    }
    void end_service() {
        if (complete(service_.at, service_fields))
            keep(service_.at, std::move(service_), config_.discovery->services, services_max);
    }
    void end_reflection() {
        if (complete(reflection_.at, reflection_fields))
            keep(reflection_.at, std::move(reflection_), config_.discovery->reflect,
                 reflections_max);
    }
    void end_rewrite() {
        if (complete(rewrite_.at, rewrite_fields))
            keep(rewrite_.at, std::move(rewrite_), config_.rewrites, rewrites_max);
    }

    /// One more member of the list below, which says once that it has had too many.
    template <class Member>
    void keep(Offset at, Member member, std::vector<Member>& members, std::size_t most) {
        if (members.size() < most) {
            members.push_back(std::move(member));
        } else if (!std::exchange(below().full, true)) {
            too_many(at, *collection_at(below().where), most);
        }
    }

    Config& config_;
    ProblemList problems_;
    std::array<Frame, depth_max + 2> frames_{};
    std::size_t depth_ = 0;
    Document document_;
    Record record_;    // the one being read; kept when it is complete
    Rewrite rewrite_;  // as well
    Offset record_at_ = 0;
    OfferedService service_;  // as well
    Reflection reflection_;   // as well
};

}  // namespace

Loaded load_config(std::string_view text, std::string file) {
    Loaded out;
    out.config.file = std::move(file);
    out.config.lines = Lines(text.substr(0, config_bytes_max));
    Loader loader(out.config);
    const auto error = read_json(text, out.config.lines, loader);
    if (error) {
        loader.problems().error(error->at, error->text);
    } else {
        check_server(out.config.server, loader.problems());
    }
    out.problems = loader.problems().take();
    return out;
}

Checked check_config(std::string_view text, std::string file, const HickoryOverrides& hickory) {
    Checked out;
    Loaded loaded = is_hickory_config(file) ? load_hickory_config(text, std::move(file), hickory)
                                            : load_config(text, std::move(file));
    out.config = std::move(loaded.config);
    out.problems = std::move(loaded.problems);
    out.plan = make_plan(out.config, out.problems);
    sort_problems(out.problems);
    return out;
}

}  // namespace kith::config
