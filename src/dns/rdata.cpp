// Loops over the fields of a type's row, on the wire. Text is in rdata_text.cpp.

#include "dns/rdata.hpp"

#include <algorithm>

#include "dns/rdata/codec.hpp"
#include "dns/rdata_fields.hpp"

namespace kith::dns {
namespace {

/// compressible_names() is a table of its own for speed; this is what it must say.
constexpr bool is_name(FieldKind kind) { return kind == FieldKind::name; }

/// Bytes of a field before a name, in the types that have roles for names; all are fixed there.
std::size_t skip_field(const Field& field, Bytes rest) {
    switch (field.kind) {
        case FieldKind::u8:
        case FieldKind::algorithm: return 1;
        case FieldKind::u16:
        case FieldKind::type: return 2;
        case FieldKind::string: return rest[0] + 1U;
        default: return 4;  // u32, ttl, time
    }
}

/// Calls `visit(role, offset, name)` for each name with a role, until it returns false.
/// Requires checked RDATA.
template <class Visit>
void for_each_name(RrType type, Bytes rdata, Visit visit) {
    const TypeRow* const row = find_type(type);
    if (row == nullptr) return;
    constexpr auto has_role = [](const Field& field) {
        return is_name(field.kind) && (field.role.lowercase || field.role.additional);
    };
    auto left = std::ranges::count_if(row->fields, has_role);
    std::size_t at = 0;
    for (const Field& field : row->fields) {
        if (left == 0 || at >= rdata.size()) return;
        if (!is_name(field.kind)) {
            at += skip_field(field, rdata.subspan(at));
            continue;
        }
        const auto name = NameView::from_wire(rdata.subspan(at));
        if (!name) return;  // not checked RDATA: do nothing rather than damage
        if (has_role(field)) {
            if (!visit(field.role, at, *name)) return;
            --left;
        }
        at += name->size();
    }
}

}  // namespace

std::span<const Field> fields_of(RrType type, RrClass klass) {
    const TypeRow* const row = find_type(type);
    if (row == nullptr) return {};
    const bool other_class = klass == RrClass::CH || klass == RrClass::HS;
    if (row->scope == RowScope::internet && other_class) return {};
    return row->fields;
}

Wire<void> check_fields(std::span<const Field> fields, Bytes rdata) {
    Reader reader(rdata);
    for (const Field& field : fields)
        KITH_TRY_VOID(codec(field.kind).check({reader, rdata, field}));
    if (!reader.at_end()) return reader.error(WireFault::trailing_bytes);
    return {};
}

Wire<void> check_rdata(RrType type, RrClass klass, Bytes rdata) {
    if (rdata.size() > rdata_bytes_max) return std::unexpected(WireError{WireFault::too_large, 0});
    // A record without RDATA stands for a whole RRset in an UPDATE (RFC 2136 §2.4.1, §2.5.2).
    if (rdata.empty() && (klass == RrClass::ANY || klass == RrClass::NONE)) return {};
    const std::span<const Field> fields = fields_of(type, klass);
    if (fields.empty()) return {};
    return check_fields(fields, rdata);
}

Wire<void> expand_rdata(Bytes message, const RecordView& record, Writer& out) {
    const std::span<const Field> fields = fields_of(record.type, record.klass);
    const bool nothing =
        record.rdata.empty() && (record.klass == RrClass::ANY || record.klass == RrClass::NONE);
    const auto put = [&](Bytes bytes) -> Wire<void> {
        out.bytes(bytes);
        if (out.overflow())
            return std::unexpected(WireError{WireFault::too_large, record.rdata_offset});
        return {};
    };
    if (fields.empty() || nothing) return put(record.rdata);
    // The reader ends where the RDATA ends; pointers go backwards, so nothing needs what follows.
    Reader reader(message.first(record.rdata_offset + record.rdata.size()), record.rdata_offset);
    for (const Field& field : fields) {
        if (is_name(field.kind) && field.role.decompress) {
            KITH_TRY(const Name name, read_name(reader));
            KITH_TRY_VOID(put(name.wire()));
            continue;
        }
        const std::size_t start = reader.offset();
        KITH_TRY_VOID(codec(field.kind).check({reader, record.rdata, field}));
        KITH_TRY_VOID(put(message.subspan(start, reader.offset() - start)));
    }
    if (!reader.at_end()) return reader.error(WireFault::trailing_bytes);
    return {};
}

std::optional<NameView> additional_target(RrType type, Bytes rdata) {
    std::optional<NameView> found;
    for_each_name(type, rdata, [&](const NameRole& role, std::size_t, NameView name) {
        if (!role.additional) return true;
        if (!name.is_root()) found = name;
        return false;
    });
    return found;
}

void canonicalize_rdata(RrType type, MutableBytes rdata) {
    for_each_name(type, rdata, [&](const NameRole& role, std::size_t at, NameView name) {
        if (role.lowercase)
            std::ranges::transform(name.wire(), rdata.begin() + static_cast<std::ptrdiff_t>(at),
                                   lower);
        return true;
    });
}

}  // namespace kith::dns
