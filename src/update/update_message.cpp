#include "update/update_message.hpp"

#include <fmt/format.h>

#include "dns/rdata.hpp"
#include "update/limits.hpp"

namespace kith::update {
namespace {

using dns::MessageView;
using dns::RecordView;
using dns::Section;

std::unexpected<Refusal> form_error(std::string reason) {
    return std::unexpected(Refusal{Rcode::FORMERR, std::move(reason), dns::EdeCode::other});
}

Result<void, Refusal> check_header(const dns::Header& header) {
    if (header.has(dns::Header::qr)) return form_error("expected a request, found a response");
    if (header.opcode() != dns::Opcode::UPDATE) {
        return form_error(
            fmt::format("expected opcode UPDATE, found {}", dns::opcode_name(header.opcode())));
    }
    if (header.counts[0] != 1) {
        return form_error(
            fmt::format("expected one zone in the zone section, found {}", header.counts[0]));
    }
    return {};
}

Result<void, Refusal> check_zone(const dns::Question& zone) {
    if (zone.type == RrType::SOA) return {};
    return form_error(
        fmt::format("expected type SOA in the zone section, found {}", dns::type_name(zone.type)));
}

/// Copies the records of one section, with their RDATA expanded and checked.
class SectionReader {
public:
    SectionReader(const MessageView& message, RrClass zone_class)
        : message_(message), zone_class_(zone_class), scratch_(dns::rdata_bytes_max) {}

    Result<void, Refusal> read(Section section, std::vector<UpdateRecord>& out) {
        Result<void, Refusal> result;
        message_.for_each(section, [&](const RecordView& record) {
            if (result) result = read(section, record, out);
        });
        return result;
    }

private:
    Result<void, Refusal> read(Section section, const RecordView& record,
                               std::vector<UpdateRecord>& out) {
        UpdateRecord copy{record.owner, record.type, record.klass, record.ttl, {}};
        // A prerequisite of class NONE is about a name or an RRset and has no data (§2.4.3, §2.4.4).
        const bool is_update = section == Section::authority;
        const bool has_data = is_update || record.klass == zone_class_ || !record.rdata.empty();
        // What is refused later whatever its data are; and what may not have any.
        const bool is_meta = dns::is_meta_type(record.type) || record.klass == RrClass::ANY;
        if (is_meta) {
            copy.rdata.assign(record.rdata.begin(), record.rdata.end());
        } else if (has_data) {
            RecordView typed = record;
            typed.klass = zone_class_;
            dns::Writer writer(scratch_);
            if (const auto expanded = dns::expand_rdata(message_.bytes(), typed, writer);
                !expanded) {
                return form_error(fmt::format("{} {}: {}", record.owner.to_text(),
                                              dns::type_name(record.type),
                                              expanded.error().to_text()));
            }
            copy.rdata.assign(writer.written().begin(), writer.written().end());
        }
        bytes_ += copy.rdata.size();
        if (bytes_ > expanded_bytes_max) return form_error("expected at most 1 MiB of record data");
        out.push_back(std::move(copy));
        return {};
    }

    const MessageView& message_;
    RrClass zone_class_;
    std::vector<std::uint8_t> scratch_;
    std::size_t bytes_ = 0;
};

std::string data_text(const UpdateRecord& record, RrClass zone_class) {
    return dns::rdata_to_text(record.type, zone_class, record.rdata);
}

}  // namespace

std::optional<Lease> read_lease(Bytes option) {
    if (option.size() != 4 && option.size() != 8) return std::nullopt;
    Lease lease{load_u32(option.data()), std::nullopt};
    if (option.size() == 8) lease.key_seconds = load_u32(option.data() + 4);
    return lease;
}

std::vector<std::uint8_t> write_lease(const Lease& lease) {
    std::vector<std::uint8_t> out(lease.key_seconds ? 8 : 4);
    store_u32(out.data(), lease.seconds);
    if (lease.key_seconds) store_u32(out.data() + 4, *lease.key_seconds);
    return out;
}

Result<dns::Question, Refusal> read_update_zone(Bytes message) {
    const auto header = dns::read_header(message);
    if (!header) return form_error("expected a message, found fewer than 12 bytes");
    KITH_TRY_VOID(check_header(*header));
    dns::Reader reader(message, dns::header_bytes);
    const auto zone = dns::read_question(reader);
    if (!zone) return form_error(zone.error().to_text());
    KITH_TRY_VOID(check_zone(*zone));
    return *zone;
}

Result<UpdateMessage, Refusal> read_update(Bytes message) {
    KITH_TRY(const dns::Question zone, read_update_zone(message));
    const dns::Header header = *dns::read_header(message);
    if (header.counts[1] > prerequisites_max) {
        return form_error(fmt::format("expected at most {} prerequisites, found {}",
                                      prerequisites_max, header.counts[1]));
    }
    if (header.counts[2] > updates_max) {
        return form_error(
            fmt::format("expected at most {} updates, found {}", updates_max, header.counts[2]));
    }
    const auto view = MessageView::parse(message);
    if (!view) return form_error(view.error().to_text());
    UpdateMessage out;
    out.id = header.id;
    out.zone = zone.name;
    out.zone_class = zone.klass;
    SectionReader reader(*view, zone.klass);
    KITH_TRY_VOID(reader.read(Section::answer, out.prerequisites));
    KITH_TRY_VOID(reader.read(Section::authority, out.updates));
    if (view->edns()) {
        if (const auto option = view->edns()->option(dns::OptionCode::UL)) {
            out.lease = read_lease(*option);
            if (!out.lease) {
                return form_error(fmt::format(
                    "expected an Update Lease option of 4 or 8 bytes, found {}", option->size()));
            }
        }
    }
    return out;
}

std::string update_text(const UpdateRecord& record, RrClass zone_class) {
    const std::string owner = record.owner.to_text();
    const std::string type = dns::type_name(record.type);
    if (record.klass == RrClass::ANY) {
        return record.type == RrType::ANY ? fmt::format("delete {}", owner)
                                          : fmt::format("delete {} {}", owner, type);
    }
    if (record.klass == RrClass::NONE)
        return fmt::format("delete {} {} {}", owner, type, data_text(record, zone_class));
    return fmt::format("add {} {} {} {}", owner, record.ttl, type, data_text(record, zone_class));
}

std::string prerequisite_text(const UpdateRecord& record, RrClass zone_class) {
    const std::string owner = record.owner.to_text();
    const bool wants = record.klass != RrClass::NONE;
    if (record.type == RrType::ANY)
        return fmt::format("prereq {}xdomain {}", wants ? 'y' : 'n', owner);
    const std::string type = dns::type_name(record.type);
    if (record.klass == RrClass::ANY || record.klass == RrClass::NONE) {
        return fmt::format("prereq {}xrrset {} {}", wants ? 'y' : 'n', owner, type);
    }
    return fmt::format("prereq yxrrset {} {} {}", owner, type, data_text(record, zone_class));
}

}  // namespace kith::update
