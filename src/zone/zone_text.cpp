#include "zone/zone_text.hpp"

#include <iterator>

#include <fmt/format.h>

#include "dns/rdata.hpp"
#include "dns/registry.hpp"

namespace kith::zone {
namespace {

constexpr std::size_t piece_bytes = 32768;

class Printer {
public:
    Printer(const Zone& zone, const ZoneTextOptions& options,
            const std::function<void(std::string_view)>& write)
        : zone_(zone), options_(options), write_(write), class_(dns::class_name(zone.klass())) {}

    void print();

private:
    void header();
    void node(const Name& owner, NodeView node);
    void rrset(const std::string& owner, RrSetView rrset);
    std::string owner_text(const Name& owner) const;

    const Zone& zone_;
    const ZoneTextOptions& options_;
    const std::function<void(std::string_view)>& write_;
    std::string class_;
    std::string out_;
};

void Printer::print() {
    header();
    zone_.for_each_in_order([this](const Name& owner, NodeView at) {
        node(owner, at);
        if (out_.size() < piece_bytes) return;
        write_(out_);
        out_.clear();
    });
    write_(out_);
}

void Printer::header() {
    const RrSetView soa = zone_.apex_node().find(RrType::SOA);
    fmt::format_to(std::back_inserter(out_), "$ORIGIN {}\n$TTL {}\n", zone_.apex().to_text(),
                   soa ? soa.ttl() : 0);
}

void Printer::node(const Name& owner, NodeView node) {
    if (node.is_empty()) return;
    const std::string text = owner_text(owner);
    const RrSetView soa = node.find(RrType::SOA);  // a zone begins with it
    if (soa) rrset(text, soa);
    for (const RrSetView set : node.rrsets()) {
        if (set.type() != RrType::SOA) rrset(text, set);
    }
}

void Printer::rrset(const std::string& owner, RrSetView rrset) {
    const std::string type = dns::type_name(rrset.type());
    for (const Bytes rdata : rrset) {
        fmt::format_to(std::back_inserter(out_), "{} {} {} {} {}\n", owner, rrset.record_ttl(rdata),
                       class_, type, dns::rdata_to_text(rrset.type(), zone_.klass(), rdata));
    }
}

std::string Printer::owner_text(const Name& owner) const {
    std::string text = owner.to_text();
    if (options_.owners == NameStyle::absolute || zone_.apex().is_root()) return text;
    if (owner == Name(zone_.apex())) return "@";
    // An owner ends with its apex; its case there is the apex's, too (NodeView::owner()).
    text.resize(text.size() - zone_.apex().to_text().size() - 1);
    return text;
}

}  // namespace

void print_zone(const Zone& zone, const ZoneTextOptions& options,
                const std::function<void(std::string_view)>& write) {
    Printer(zone, options, write).print();
}

std::string zone_to_text(const Zone& zone, const ZoneTextOptions& options) {
    std::string out;
    print_zone(zone, options, [&](std::string_view piece) { out += piece; });
    return out;
}

}  // namespace kith::zone
