#include "config/samples.hpp"

namespace kith::config {

std::string_view nanodns_sample() {
    return R"json({
  "server": {
    "host": "0.0.0.0",
    "port": 53,
    "upstream": [
      "8.8.8.8",
      "1.1.1.1"
    ],
    "upstream_timeout": 3,
    "upstream_port": 53,
    "cache_enabled": true,
    "cache_ttl": 300,
    "cache_size": 1000,
    "log_level": "INFO",
    "log_queries": false,
    "hot_reload": true,
    "mgmt_host": "0.0.0.0",
    "mgmt_port": 9053,
    "peers": [],
    "config_version": 1
  },
  "zones": {
    "internal.lan": {
      "soa": {
        "mname": "ns1.internal.lan",
        "rname": "admin.internal.lan",
        "serial": 2024010101,
        "refresh": 3600,
        "retry": 900,
        "expire": 604800,
        "minimum": 300
      },
      "ns": [
        "ns1.internal.lan"
      ]
    }
  },
  "records": [
    {
      "name": "web.internal.lan",
      "type": "A",
      "value": "192.168.1.100",
      "ttl": 300
    },
    {
      "name": "db.internal.lan",
      "type": "A",
      "value": "192.168.1.101",
      "ttl": 300
    },
    {
      "name": "api.internal.lan",
      "type": "CNAME",
      "value": "web.internal.lan"
    },
    {
      "name": "internal.lan",
      "type": "MX",
      "value": "mail.internal.lan",
      "priority": 10
    },
    {
      "name": "app.internal.lan",
      "type": "A",
      "value": "192.168.1.200",
      "wildcard": true
    },
    {
      "name": "internal.lan",
      "type": "TXT",
      "value": "v=spf1 mx ~all"
    }
  ],
  "rewrites": [
    {
      "match": "ads.example.com",
      "action": "nxdomain"
    },
    {
      "match": "*.tracker.net",
      "action": "nxdomain"
    }
  ]
}
)json";
}

std::string_view home_sample() {
    return R"json(// A home network. Change the addresses to yours, then:
//   kith check FILE      says what is wrong with it, and where
//   kith config doc      explains every setting there is
{
  "server": {
    // Where to answer, UDP and TCP. Port 53 needs the right to bind it.
    "listen": ["0.0.0.0:53", "[::]:53"],

    // Who is asked for names that are not yours. [] forwards nothing.
    "upstream": ["9.9.9.9", "149.112.112.112"],
    // Other servers for some domains, such as an office's own.
    // "forward": {"corp.example": ["10.8.0.53"]},

    // Address records below also answer the reverse question: who is 192.168.1.10?
    "auto_ptr": true,
  },

  // Names below these are answered here and never asked outside. RFC 8375 sets home.arpa aside
  // for homes.
  "zones": {
    "home.arpa": {"ns": ["router.home.arpa"]},
    // A zone may also come from a master file:
    // "example.lan": {"file": "example.lan.zone"},
  },

  // The names: "type" is any record type, "value" its data.
  "records": [
    {"name": "router.home.arpa", "type": "A", "value": "192.168.1.1"},
    {"name": "nas.home.arpa", "type": "A", "value": "192.168.1.10"},
    {"name": "files.home.arpa", "type": "CNAME", "value": "nas.home.arpa"},
    // app.home.arpa and every name one label below it.
    {"name": "app.home.arpa", "type": "A", "value": "192.168.1.20", "wildcard": true},
  ],

  // Looked at first; the first that matches wins. *.name is the name and what is below it.
  "rewrites": [
    {"match": "*.tracker.example", "action": "nxdomain"},
  ],
}
)json";
}

}  // namespace kith::config
