#include "resolve/special_names.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace kith::resolve {
namespace {

// RFC 6303 §4, RFC 7793 for the shared 100.64/10, and the registry of special-use domain names.
constexpr std::string_view domains[] = {
    "localhost",
    "invalid",
    "local",
    "onion",
    "test",
    "alt",
    "home.arpa",
    "resolver.arpa",
    "service.arpa",
    "10.in-addr.arpa",
    "168.192.in-addr.arpa",
    "0.in-addr.arpa",
    "127.in-addr.arpa",
    "254.169.in-addr.arpa",
    "2.0.192.in-addr.arpa",
    "100.51.198.in-addr.arpa",
    "113.0.203.in-addr.arpa",
    "255.255.255.255.in-addr.arpa",
    "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
    "d.f.ip6.arpa",
    "c.f.ip6.arpa",
    "8.e.f.ip6.arpa",
    "9.e.f.ip6.arpa",
    "a.e.f.ip6.arpa",
    "b.e.f.ip6.arpa",
    "8.b.d.0.1.0.0.2.ip6.arpa",
};

struct Table {
    std::vector<dns::Name> names;

    Table() {
        for (const std::string_view domain : domains) add(domain);
        for (int i = 16; i <= 31; ++i) add(std::to_string(i) + ".172.in-addr.arpa");
        for (int i = 64; i <= 127; ++i) add(std::to_string(i) + ".100.in-addr.arpa");
        std::ranges::sort(names);
    }
    void add(std::string_view text) {
        const dns::Text<dns::Name> name = dns::Name::from_text(text);
        KITH_CHECK(name.has_value());
        names.push_back(*name);
    }
    bool has(dns::NameView name) const {
        return std::ranges::binary_search(names, name, {},
                                          [](const dns::Name& entry) { return entry.view(); });
    }
};

// The longest of them: 32 nibbles, ip6, arpa and the root.
constexpr int labels_max = 35;

}  // namespace

int special_name_labels(const dns::LookupName& name) {
    static const Table table;
    for (int labels = std::min(name.label_count(), labels_max); labels >= 2; --labels) {
        if (table.has(name.suffix(labels))) return labels;
    }
    return 0;
}

}  // namespace kith::resolve
