#include "store/hickory_journal.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "dns/message.hpp"
#include "dns/rdata.hpp"
#include "store/database.hpp"
#include "store/limits.hpp"
#include "zone/node_block.hpp"

namespace kith::store {
namespace {

using dns::RrClass;
using dns::RrType;
using zone::Name;
using zone::Record;

constexpr std::int64_t known_version = 1;

std::unexpected<StoreError> bad(const std::string& file, std::string_view what) {
    return std::unexpected(StoreError{StoreFault::corrupt, fmt::format("{}: {}", file, what)});
}

/// What the class of a record in an update section says (RFC 2136 §2.5).
std::optional<HickoryAction> action_of(const dns::RecordView& record) {
    if (record.type == RrType::AXFR) return HickoryAction::clear;
    switch (record.klass) {
        case RrClass::ANY:
            return record.type == RrType::ANY ? HickoryAction::remove_name
                                              : HickoryAction::remove_rrset;
        case RrClass::NONE: return HickoryAction::remove_record;
        default: return HickoryAction::add;
    }
}

Stored<void> check_version(Database& database, const std::string& file) {
    Statement query = database.statement("SELECT version FROM tdns_schema");
    const auto found = query.step();
    if (!found || !*found) return bad(file, "no journal of trust-dns: it has no table tdns_schema");
    if (query.number(0) != known_version)
        return bad(
            file, fmt::format("a journal of form {}, expected {}", query.number(0), known_version));
    return {};
}

}  // namespace

std::string_view hickory_action_name(HickoryAction action) {
    switch (action) {
        case HickoryAction::clear: return "clear";
        case HickoryAction::add: return "add";
        case HickoryAction::remove_record: return "remove-record";
        case HickoryAction::remove_rrset: return "remove-rrset";
        case HickoryAction::remove_name: return "remove-name";
    }
    return "";
}

Stored<void> read_hickory_journal(const std::string& file,
                                  const std::function<void(HickoryRow&&)>& visit) {
    KITH_TRY(const auto database, Database::open(file, OpenMode::read));
    KITH_TRY_VOID(check_version(*database, file));
    Statement query = database->statement(
        "SELECT rowid, soa_serial, timestamp, record FROM records ORDER BY rowid");
    std::vector<std::uint8_t> rdata(dns::rdata_bytes_max);
    for (std::size_t count = 0;; ++count) {
        KITH_TRY(const bool found, query.step());
        if (!found) return {};
        if (count == hickory_rows_max)
            return bad(file, fmt::format("over {} rows", hickory_rows_max));
        HickoryRow row;
        row.number = static_cast<std::uint64_t>(query.number(0));
        row.serial = static_cast<std::uint32_t>(query.number(1));
        row.at = query.text(2);
        const Bytes blob = query.blob(3);
        if (blob.size() > dns::message_bytes_max)
            return bad(file, fmt::format("row {}: a record of {} bytes", row.number, blob.size()));
        dns::Reader reader(blob);
        const auto record = dns::read_record(reader, dns::Section::authority);
        if (!record || !reader.at_end())
            return bad(file,
                       fmt::format("row {} is no record: {}", row.number,
                                   record ? "bytes are left over" : record.error().to_text()));
        row.action = *action_of(*record);
        row.record.owner = record->owner;
        row.record.type = record->type;
        row.record.ttl = record->effective_ttl();
        if (row.action == HickoryAction::add || row.action == HickoryAction::remove_record) {
            dns::Writer writer(rdata);
            if (dns::is_meta_type(record->type) || !dns::expand_rdata(blob, *record, writer) ||
                writer.overflow())
                return bad(file, fmt::format("row {}: data that {} cannot have", row.number,
                                             dns::type_name(record->type)));
            const Bytes written = writer.written();
            row.record.rdata.assign(written.begin(), written.end());
        }
        visit(std::move(row));
    }
}

Stored<std::vector<Record>> replay_hickory_journal(const std::string& file, const Name& apex,
                                                   std::vector<Record> records) {
    // By owner: a journal may have as many rows as a zone has records.
    std::map<Name, std::vector<Record>> names;
    for (Record& record : records) names[record.owner].push_back(std::move(record));
    const auto is_kept = [&apex](const Record& record) {
        return record.owner == apex && (record.type == RrType::SOA || record.type == RrType::NS);
    };
    KITH_TRY_VOID(read_hickory_journal(file, [&](HickoryRow&& row) {
        if (row.action == HickoryAction::clear) return names.clear();
        std::vector<Record>& here = names[row.record.owner];
        const auto same = [&row](const Record& other) {
            return other.type == row.record.type &&
                   zone::same_rdata(other.type, other.rdata, row.record.rdata);
        };
        switch (row.action) {
            case HickoryAction::clear: break;
            case HickoryAction::add: {
                const bool is_single =
                    row.record.type == RrType::SOA || row.record.type == RrType::CNAME;
                std::erase_if(here, [&](const Record& other) {
                    return is_single ? other.type == row.record.type : same(other);
                });
                for (Record& other : here) {
                    if (other.type == row.record.type) other.ttl = row.record.ttl;
                }
                here.push_back(std::move(row.record));
                break;
            }
            case HickoryAction::remove_record:
                std::erase_if(here, [&](const Record& other) {
                    return same(other) && other.type != RrType::SOA;
                });
                break;
            case HickoryAction::remove_rrset:
                std::erase_if(here, [&](const Record& other) {
                    return other.type == row.record.type && !is_kept(other);
                });
                break;
            case HickoryAction::remove_name:
                std::erase_if(here, [&](const Record& other) { return !is_kept(other); });
                break;
        }
    }));
    std::vector<Record> out;
    for (auto& [owner, here] : names) std::ranges::move(here, std::back_inserter(out));
    return out;
}

}  // namespace kith::store
