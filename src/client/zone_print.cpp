#include "client/zone_print.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "dns/json.hpp"
#include "dns/rdata.hpp"
#include "zone/zone_text.hpp"

namespace kith::client {
namespace {

void write_lines(char sign, const std::vector<zone::Record>& records, dns::RrClass klass,
                 std::ostream& out) {
    for (const zone::Record& record : records) {
        fmt::print(out, "{}{} {} {} {} {}\n", sign, record.owner.to_text(), record.ttl,
                   dns::class_name(klass), dns::type_name(record.type),
                   dns::rdata_to_text(record.type, klass, record.rdata));
    }
}

void write_json_list(const std::vector<zone::Record>& records, dns::RrClass klass,
                     std::ostream& out) {
    const char* separator = "";
    for (const zone::Record& record : records) {
        out << separator
            << dns::to_json(record.owner, record.type, klass, record.ttl, record.rdata);
        separator = ",";
    }
}

}  // namespace

void write_zone(const zone::Zone& zone, ZoneForm form, std::ostream& out) {
    if (form != ZoneForm::json) {
        zone::ZoneTextOptions options;
        options.owners =
            form == ZoneForm::relative ? zone::NameStyle::relative : zone::NameStyle::absolute;
        zone::print_zone(zone, options, [&out](std::string_view text) { out << text; });
        return;
    }
    zone.for_each_in_order([&](const dns::Name& owner, zone::NodeView node) {
        for (const zone::RrSetView rrset : node.rrsets()) {
            for (const Bytes rdata : rrset) {
                out << dns::to_json(owner, rrset.type(), zone.klass(), rrset.record_ttl(rdata),
                                    rdata)
                    << '\n';
            }
        }
    });
}

void write_change(const zone::ZoneChange& change, dns::RrClass klass, std::ostream& out) {
    fmt::print(out, "; {} from serial {} to {}\n", change.apex.to_text(), change.from_serial,
               change.to_serial);
    write_lines('-', change.removed, klass, out);
    write_lines('+', change.added, klass, out);
}

void write_change_json(const zone::ZoneChange& change, dns::RrClass klass, std::ostream& out) {
    fmt::print(out, "{{\"from\":{},\"to\":{},\"removed\":[", change.from_serial, change.to_serial);
    write_json_list(change.removed, klass, out);
    out << "],\"added\":[";
    write_json_list(change.added, klass, out);
    out << "]}\n";
}

Result<void, std::string> write_file(const std::string& path,
                                     const std::function<void(std::ostream&)>& write) {
    const auto failed = [&path](int error) {
        return std::unexpected(fmt::format("cannot write {}: {}", path, std::strerror(error)));
    };
    const std::string fresh = fmt::format("{}.{}.new", path, ::getpid());
    {
        std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
        if (!file) return failed(errno);
        write(file);
        file.close();
        if (!file) {
            const int error = errno;
            std::remove(fresh.c_str());
            return failed(error);
        }
    }
    if (std::rename(fresh.c_str(), path.c_str()) == 0) return {};
    const int error = errno;
    std::remove(fresh.c_str());
    return failed(error);
}

Result<void, std::string> write_to(const std::string& path, std::ostream& out,
                                   const std::function<void(std::ostream&)>& write) {
    if (!path.empty() && path != "-") return write_file(path, write);
    write(out);
    out.flush();
    if (out.good()) return {};
    return std::unexpected(std::string("cannot write to standard output"));
}

}  // namespace kith::client
