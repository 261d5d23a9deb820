// The loader follows the events with a stack of frames, one for each open list or object. A frame
// knows which table its keys are looked up in; a value goes where its key's row says. What has a
// problem is skipped, and the reading goes on.

#include "config/load.hpp"

#include <array>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "config/hickory.hpp"
#include "config/json_reader.hpp"
#include "config/problem_list.hpp"
#include "config/settings.hpp"
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
    record,
    rewrite,  // objects with a table
    zones,
    keys,
    forward,  // maps: any key
    services,
    records,
    rewrites,       // lists of objects
    items,          // the list that is a setting of the frame below
    forward_items,  // the addresses of one forward rule
    ignored,
};

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

class Loader final : public JsonEvents {
public:
    explicit Loader(Config& config) : config_(config), problems_(config) { open(Where::outside); }

    ProblemList& problems() { return problems_; }

    void on_object_begin(Offset at) override {
        switch (top().where) {
            case Where::outside: return open(Where::document);
            case Where::zones:
                if (top().row == no_row) return open(Where::ignored);
                config_.zones.back().at = at;
                return open(Where::zone);
            case Where::keys:
                if (top().row == no_row) return open(Where::ignored);
                config_.keys.back().at = at;
                return open(Where::key);
            case Where::services:
                service_ = {};
                service_.at = at;
                return open(Where::service);
            case Where::records:
                record_ = {};
                record_at_ = at;
                return open(Where::record);
            case Where::rewrites:
                rewrite_ = {};
                rewrite_.at = at;
                return open(Where::rewrite);
            default: return open(nested(at, Nested::Shape::object, "an object"));
        }
    }

    void on_list_begin(Offset at) override {
        if (top().where == Where::forward && top().row != no_row) return open(Where::forward_items);
        open(nested(at, Nested::Shape::list, "a list"));
    }

    void on_object_end(Offset) override {
        const Frame& frame = top();
        if (frame.where == Where::record) end_record();
        if (frame.where == Where::rewrite) end_rewrite();
        if (frame.where == Where::service) end_service();
        --depth_;
    }

    void on_list_end(Offset) override { --depth_; }

    void on_key(Offset at, std::string_view key) override {
        switch (top().where) {
            case Where::zones: return add_zone(at, key);
            case Where::keys: return add_key(at, key);
            case Where::forward: return add_forward(at, key);
            default:
                with_section(top().where,
                             [&](const auto& fields, auto&) { find(at, key, fields); });
        }
    }

    void on_scalar(Offset at, const Scalar& value) override {
        const Where where = top().where;
        if (is_map(where) && top().row == no_row) return;
        switch (where) {
            case Where::outside: return wrong(at, "", "a JSON object", found_text(value));
            case Where::zones:
                if (value.kind == Scalar::Kind::null) return;  // a zone without settings
                return wrong(at, "zone", "an object", found_text(value));
            case Where::keys: return wrong(at, "key", "an object", kind_text(value));
            case Where::forward:
                return wrong(at, "forward", "a list of addresses", found_text(value));
            case Where::services: return wrong(at, "services", "an object", found_text(value));
            case Where::records: return wrong(at, "records", "an object", found_text(value));
            case Where::rewrites: return wrong(at, "rewrites", "an object", found_text(value));
            case Where::forward_items:
                return add_item(at, value, "forward", {}, config_.server.forward.back().upstream);
            case Where::items: return set_item(at, value);
            case Where::ignored: return;
            default: break;
        }
        if (value.kind == Scalar::Kind::null) return;  // as if the key were not there
        with_section(where, [&](const auto& fields, auto& section) {
            if (top().row != no_row) set(at, value, fields[row_of(top())], section);
        });
    }

private:
    Frame& top() { return frames_[depth_ - 1]; }
    Frame& below() { return frames_[depth_ - 2]; }
    static bool is_map(Where where) {
        return where == Where::zones || where == Where::keys || where == Where::forward;
    }
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
        std::vector<std::string_view> known;
        for (const auto& field : fields) known.push_back(field.key);
        problems_.warn(at, fmt::format("key {} is not known and is ignored{}", shown(key),
                                       did_you_mean(key, known)));
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
                    T Section::* member) {
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
                    T Section::* member) {
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

    /// What a list or object opens here, by the row of its key; `ignored` with a problem when none
    /// is expected.
    Where nested(Offset at, Nested::Shape shape, std::string_view found) {
        Where out = Where::ignored;
        if (is_map(top().where) && top().row == no_row) return out;
        switch (top().where) {
            case Where::ignored: return out;
            case Where::outside: wrong(at, "", "a JSON object", found); return out;
            case Where::zones: wrong(at, "zone", "an object", found); return out;
            case Where::keys: wrong(at, "key", "an object", found); return out;
            case Where::forward: wrong(at, "forward", "a list of addresses", found); return out;
            case Where::forward_items: wrong(at, "forward", "an address", found); return out;
            case Where::services: wrong(at, "services", "an object", found); return out;
            case Where::records: wrong(at, "records", "an object", found); return out;
            case Where::rewrites: wrong(at, "rewrites", "an object", found); return out;
            case Where::items: wrong(at, "list", "text", found); return out;
            default: break;
        }
        with_section(top().where, [&](const auto& fields, auto& section) {
            if (top().row == no_row) return;
            const auto& field = fields[row_of(top())];
            out = std::visit([&](auto member) { return opens(shape, field, section, member); },
                             field.member);
            if (out == Where::ignored) wrong(at, field.key, expected_of(field), found);
        });
        if (out == Where::soa) config_.zones.back().soa.emplace().at = at;
        if (out == Where::transfer) config_.zones.back().transfer.emplace().at = at;
        if (out == Where::discovery) config_.discovery.emplace().at = at;
        if (out == Where::dnssec) config_.zones.back().dnssec.emplace().at = at;
        return out;
    }

    template <class Section, class T>
    Where opens(Nested::Shape shape, const Field<Section>&, Section& section, T Section::* member) {
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
            {"services", Where::services}};
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

    void add_zone(Offset at, std::string_view name) {
        // Notes may stand beside zones, but a name such as _tcp.example. is a zone.
        top().row = no_row;
        if (name == "comment" || name == "$schema") return;
        if (config_.zones.size() == zones_max) {
            return problems_.error(
                at, fmt::format("zones: expected at most {}, found more", zones_max));
        }
        top().row = 0;
        config_.zones.emplace_back().name = {std::string(name), at};
    }

    void add_key(Offset at, std::string_view name) {
        top().row = no_row;
        if (name == "comment") return;
        if (config_.keys.size() == keys_max) {
            return problems_.error(at,
                                   fmt::format("keys: expected at most {}, found more", keys_max));
        }
        top().row = 0;
        config_.keys.emplace_back().name = {std::string(name), at};
    }

    void add_forward(Offset at, std::string_view domain) {
        top().row = no_row;
        if (domain == "comment") return;
        if (config_.server.forward.size() == forward_rules_max) {
            return problems_.error(
                at,
                fmt::format("forward: expected at most {} domains, found more", forward_rules_max));
        }
        top().row = 0;
        config_.server.forward.push_back({{std::string(domain), at}, {}});
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
        if (!complete(record_at_, record_fields)) return;
        if (config_.records.size() < records_max) {
            config_.records.push_back(std::move(record_));
        } else if (!records_full_) {
            records_full_ = true;
            problems_.error(record_at_,
                            fmt::format("records: expected at most {}, found more; use a zone file",
                                        records_max));
        }
    }

    void end_service() {
        const Offset at = service_.at;
        if (!complete(at, service_fields)) return;
        std::vector<OfferedService>& services = config_.discovery->services;
        if (services.size() < services_max) {
            services.push_back(std::move(service_));
        } else if (services.size() == services_max && !std::exchange(services_full_, true)) {
            problems_.error(at,
                            fmt::format("services: expected at most {}, found more", services_max));
        }
    }

    void end_rewrite() {
        const Offset at = rewrite_.at;
        if (!complete(at, rewrite_fields)) return;
        if (config_.rewrites.size() < rewrites_max) {
            config_.rewrites.push_back(std::move(rewrite_));
        } else if (!std::exchange(rewrites_full_, true)) {
            problems_.error(at,
                            fmt::format("rewrites: expected at most {}, found more", rewrites_max));
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
    bool records_full_ = false;
    bool rewrites_full_ = false;
    OfferedService service_;  // the one being read
    bool services_full_ = false;
};

/// What single settings cannot tell: what does not go together, what has no effect yet.
void check_server(const ServerSection& server, ProblemList& problems) {
    if (const Offset listen = server.place_of("listen"); !server.listen.empty()) {
        if (server.place_of("host") != 0 || server.place_of("port") != 0) {
            problems.warn(listen,
                          "listen: 'host' and 'port' have no effect beside it; remove them");
        }
    }
    for (const std::string_view key : {"mgmt_port", "peers"}) {
        const bool wanted = key == "peers" ? !server.peers.empty() : server.mgmt_port != 0;
        if (wanted)
            problems.warn(server.place_of(key),
                          fmt::format("{}: read and checked, but not served yet", key));
    }
    for (const Endpoint& upstream : server.upstream_endpoints()) {
        const auto listen = server.listen_endpoints();
        if (std::ranges::find(listen, upstream) == listen.end()) continue;
        problems.warn(server.place_of("upstream"),
                      fmt::format("upstream: {} is this server itself; name another one",
                                  upstream.to_text()));
    }
}

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
