#pragma once
// Files that describe services: Avahi's `*.service` (XML, avahi.service(5)) and systemd's `*.dnssd`
// (systemd.dnssd(5)). Text in, services and problems out.
//
// Both come from packages and administrators, and are read as untrusted: bounded in size, depth and
// number. No entity is expanded but the five of XML and character references; nothing outside
// the file is ever opened.

#include <string>
#include <string_view>
#include <vector>

#include "base/problem.hpp"
#include "discovery/dnssd/service.hpp"

namespace kith::discovery::dnssd {

/// What the placeholders in names stand for; empty ones stay as they are written.
struct Specifiers {
    std::string host;          // Avahi %h, systemd %H: the short host name
    std::string machine_id;    // %m
    std::string boot_id;       // %b
    std::string kernel;        // %v
    std::string architecture;  // %a
    std::string os_id;         // %o
    std::string os_version;    // %w
};

struct ServiceFile {
    std::vector<Service> services;
    Problems
        problems;  // with an error among them, `services` is empty: a file is used whole or not at all
};

/// `<service-group>` with its name and services. `file` names the text in problems.
ServiceFile read_avahi_service(std::string_view text, std::string_view file,
                               const Specifiers& specifiers);

/// A `[Service]` section.
ServiceFile read_systemd_dnssd(std::string_view text, std::string_view file,
                               const Specifiers& specifiers);

/// By the file's name: `.service` or `.dnssd`; a problem for any other.
ServiceFile read_service_file(std::string_view text, std::string_view file,
                              const Specifiers& specifiers);

}  // namespace kith::discovery::dnssd
