#include "discovery/dnssd/service_name.hpp"

#include <gtest/gtest.h>

#include "discovery/dnssd/utf8.hpp"

namespace kith::discovery::dnssd {
namespace {

dns::Name name(std::string_view text) { return *dns::Name::from_text(text); }

struct InstanceRow {
    const char* why;
    std::string instance;
    bool is_good;
};

// 6763-01: a label of UTF-8, at most 63 bytes, no control characters; dots and spaces are fine.
TEST(InstanceName, Check6763_01) {
    const InstanceRow rows[] = {
        {"a plain name", "My Printer", true},
        {"dots and backslashes are data", "Dr. Who\\Tardis", true},
        {"UTF-8", "Caf\xc3\xa9 \xe2\x98\x95", true},
        {"63 bytes", std::string(63, 'a'), true},
        {"64 bytes", std::string(64, 'a'), false},
        {"nothing", "", false},
        {"a control character", "a\nb", false},
        {"NUL", std::string("a\0b", 3), false},
        {"DEL", "a\x7f", false},
        {"U+FEFF is data (RFC 6762 §16)", "\xef\xbb\xbfx", true},
        {"half a character", "Caf\xc3", false},
        {"an overlong slash", "\xc0\xaf", false},
        {"a surrogate", "\xed\xa0\x80", false},
        {"above U+10FFFF", "\xf4\x90\x80\x80", false},
    };
    for (const InstanceRow& row : rows)
        EXPECT_EQ(check_instance(row.instance).has_value(), row.is_good) << row.why;
}

struct TextRow {
    const char* why;
    std::string instance;
    std::string text;
};

// 6763-02: dot and backslash are escaped in one string; the label on the wire is untouched.
TEST(InstanceName, Escapes6763_02) {
    const TextRow rows[] = {
        {"nothing to escape", "My Printer", "My Printer._ipp._tcp.local"},
        {"a dot", "Dr. Pepper", "Dr\\. Pepper._ipp._tcp.local"},
        {"a backslash", "a\\b", "a\\\\b._ipp._tcp.local"},
        {"UTF-8 stays", "Caf\xc3\xa9", "Caf\xc3\xa9._ipp._tcp.local"},
        {"only dots", "...", "\\.\\.\\.._ipp._tcp.local"},
    };
    for (const TextRow& row : rows) {
        const InstanceName instance{row.instance, *ServiceType::from_text("_ipp._tcp"),
                                    name("local.")};
        EXPECT_EQ(instance.to_text(), row.text) << row.why;
        const auto read = InstanceName::from_text(row.text);
        ASSERT_TRUE(read.has_value()) << row.why << ": " << read.error().text;
        EXPECT_EQ(read->instance, row.instance) << row.why;
        const auto wire = instance.to_name();
        ASSERT_TRUE(wire.has_value()) << row.why;
        EXPECT_EQ(as_text(wire->view().first_label()), row.instance) << row.why;
        EXPECT_EQ(InstanceName::from_name(*wire), instance) << row.why;
    }
}

TEST(InstanceName, RefusesWhatIsNoInstance) {
    EXPECT_FALSE(InstanceName::from_name(name("_ipp._tcp.")).has_value());
    EXPECT_FALSE(InstanceName::from_name(name("host.local.")).has_value());
    EXPECT_FALSE(InstanceName::from_name(name("x._ipp._sctp.local.")).has_value())
        << "_tcp or _udp";
    EXPECT_FALSE(InstanceName::from_name(name("x.ipp._tcp.local.")).has_value()) << "no underscore";
    EXPECT_FALSE(InstanceName::from_name(dns::Name()).has_value());
    EXPECT_TRUE(InstanceName::from_name(name("x._ipp._TCP.")).has_value())
        << "the root is a domain";
    for (const char* text : {"", "x", "x._ipp", "x._ipp._tcp", "x._ipp._tcp.", "x._ipp.local",
                             ".._ipp._tcp.local", "x\\", "x\\999._ipp._tcp.local"}) {
        EXPECT_FALSE(InstanceName::from_text(text).has_value()) << text;
    }
}

struct TypeRow {
    const char* why;
    const char* text;
    bool is_type;   // can be browsed for
    bool is_legal;  // may be registered
};

// 6763-12: RFC 6335's rules for names, and _udp for everything but TCP.
TEST(ServiceType, Check6763_12) {
    const TypeRow rows[] = {
        {"the usual", "_http._tcp", true, true},
        {"a final dot", "_http._udp.", true, true},
        {"15 characters", "_adb-tls-connect._tcp", true, true},
        {"16 characters, as others use", "_amazonecho-remote._tcp", true, false},
        {"one letter", "_x._tcp", true, true},
        {"digits only", "_8080._tcp", true, false},
        {"a digit in front", "_3gpp._tcp", true, true},
        {"a hyphen in front", "_-a._tcp", true, false},
        {"a hyphen behind", "_a-._tcp", true, false},
        {"two hyphens", "_a--b._tcp", true, false},
        {"an underscore inside", "_a_b._tcp", true, false},
        {"no underscore", "http._tcp", false, false},
        {"SCTP registers as _udp", "_http._sctp", false, false},
        {"nothing behind the underscore", "_._tcp", false, false},
        {"one label", "_http", false, false},
        {"three labels", "_http._tcp.local", false, false},
        {"nothing", "", false, false},
    };
    for (const TypeRow& row : rows) {
        const auto type = ServiceType::from_text(row.text);
        EXPECT_EQ(type.has_value(), row.is_type) << row.why;
        EXPECT_EQ(type.has_value() && type->check().has_value(), row.is_legal) << row.why;
    }
    EXPECT_EQ(*ServiceType::from_text("_HTTP._TCP"), *ServiceType::from_text("_http._tcp"));
}

// 6763-13: <sub>._sub.<type>; the subtype may be any bytes.
TEST(TypeSelector, Subtypes6763_13) {
    const auto sub = TypeSelector::from_text("_printer._sub._http._tcp");
    ASSERT_TRUE(sub.has_value());
    EXPECT_EQ(sub->subtype, "_printer");
    EXPECT_EQ(sub->browse_name(name("local."))->to_text(), "_printer._sub._http._tcp.local.");
    EXPECT_EQ(TypeSelector::from_text("_http._tcp,_printer"), *sub) << "as Apple's tool writes it";
    EXPECT_EQ(TypeSelector::from_text("_http._tcp")->browse_name(name("local."))->to_text(),
              "_http._tcp.local.");
    const TypeSelector odd{"a.b c", *ServiceType::from_text("_http._tcp")};
    EXPECT_EQ(TypeSelector::from_text(odd.to_text()), odd);
    EXPECT_EQ(as_text(odd.browse_name(name("local."))->view().first_label()), "a.b c");
    EXPECT_FALSE(TypeSelector::from_text("_http._tcp,").has_value());
    EXPECT_FALSE(TypeSelector::from_text("_http._tcp,_a,_b").has_value());
    EXPECT_FALSE(
        (TypeSelector{std::string(64, 'x'), odd.type}.browse_name(name("local.")).has_value()));
}

// 6762-97: the next name to try.
TEST(NextName, Counts) {
    EXPECT_EQ(next_instance_name("Web"), "Web (2)");
    EXPECT_EQ(next_instance_name("Web (2)"), "Web (3)");
    EXPECT_EQ(next_instance_name("Web (9)"), "Web (10)");
    EXPECT_EQ(next_instance_name("Web (02)"), "Web (02) (2)") << "not a number of ours";
    EXPECT_EQ(next_instance_name("(2)"), "(2) (2)") << "nothing in front";
    EXPECT_EQ(next_instance_name(std::string(63, 'a')), std::string(59, 'a') + " (2)");
    std::string accents;
    for (int i = 0; i < 31; ++i) accents += "\xc3\xa9";
    EXPECT_TRUE(is_utf8(next_instance_name(accents))) << "cut between characters";
    EXPECT_LE(next_instance_name(accents).size(), 63U);
}

TEST(Printable, HidesWhatTerminalsObey) {
    EXPECT_EQ(printable("Caf\xc3\xa9"), "Caf\xc3\xa9");
    EXPECT_EQ(printable("a\x1b[31m"), "a\\027[31m");
    EXPECT_EQ(printable("\xc2\x9b"), "\\194\\155") << "CSI in one character";
    EXPECT_EQ(printable("\xff"), "\\255");
    EXPECT_EQ(printable("a\\b"), "a\\\\b");
}

}  // namespace
}  // namespace kith::discovery::dnssd
