#include "discovery/dbus/names.hpp"

#include <gtest/gtest.h>

namespace kith::discovery::dbus {
namespace {

TEST(BusNames, FromTheBus) {
    struct Row {
        std::string text;
        const char* name;  // nullptr: refused
        const char* why;
    };
    const Row rows[] = {
        {"nas.local", "nas.local.", "no final dot"},
        {"nas.local.", "nas.local.", "a final dot"},
        {".", ".", "the root"},
        {"My\\032Printer._ipp._tcp.local", "My\\032Printer._ipp._tcp.local.", "decimal escape"},
        {"My Printer._ipp._tcp.local", "My\\032Printer._ipp._tcp.local.", "a blank as it is"},
        {"Dr\\. Who.local", "Dr\\.\\032Who.local.", "a dot inside the label"},
        {"a\\\\b.local", "a\\\\b.local.", "a backslash"},
        {"Caf\xc3\xa9.local", "Caf\\195\\169.local.", "UTF-8"},
        {"a)b.local", "a\\)b.local.", "a parenthesis, which crashed others"},
        {"", nullptr, "nothing"},
        {"a..local", nullptr, "an empty label"},
        {".local", nullptr, "an empty first label"},
        {"a\\", nullptr, "an escape cut short"},
        {"a\\03", nullptr, "a decimal escape cut short"},
        {"a\\256.local", nullptr, "no byte"},
        {"a\\000.local", nullptr, "a zero byte"},
        {std::string(64, 'a') + ".local", nullptr, "a label of 64 bytes"},
        {std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
             std::string(62, 'd'),
         nullptr, "256 bytes"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const auto name = name_from_bus(row.text);
        ASSERT_EQ(name.has_value(), row.name != nullptr);
        if (name) {
            EXPECT_EQ(name->to_text(), dns::Name::from_text(row.name)->to_text());
        }
    }
    EXPECT_TRUE(name_from_bus(std::string(63, 'a') + ".local")) << "63 bytes are a label";
}

TEST(BusNames, ToTheBus) {
    struct Row {
        const char* name;
        const char* text;  // nullptr: cannot be said
        const char* why;
    };
    const Row rows[] = {
        {"nas.local.", "nas.local", "plain"},
        {".", ".", "the root"},
        {"My\\ Printer._ipp._tcp.local.", "My\\032Printer._ipp._tcp.local", "a blank"},
        {"a\\.b.local.", "a\\.b.local", "a dot"},
        {"a\\\\b.local.", "a\\\\b.local", "a backslash"},
        {"a\\(\\;\\@.local.", "a\\040\\059\\064.local", "what master files escape otherwise"},
        {"\\195\\169.local.", "\\195\\169.local", "UTF-8"},
        {"a\\000.local.", nullptr, "a zero byte"},
    };
    for (const Row& row : rows) {
        const auto text = name_to_bus(*dns::Name::from_text(row.name));
        ASSERT_EQ(text.has_value(), row.text != nullptr) << row.why;
        if (text) {
            EXPECT_EQ(*text, row.text) << row.why;
        }
    }
}

TEST(BusNames, NextName) {
    EXPECT_EQ(next_name(*dns::Name::from_text("Web._http._tcp.local."))->to_text(),
              dns::Name::from_text("Web\\ (2)._http._tcp.local.")->to_text());
    EXPECT_FALSE(next_name(dns::Name())) << "the root has no label to number";
}

}  // namespace
}  // namespace kith::discovery::dbus
