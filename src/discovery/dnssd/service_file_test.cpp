#include "discovery/dnssd/service_file.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/txt.hpp"

namespace kith::discovery::dnssd {
namespace {

const Specifiers here{"nas", "0123abcd", "b00t", "6.1.0", "x86-64", "debian", "12"};

std::string problems_of(const ServiceFile& file) {
    std::string out;
    for (const Problem& problem : file.problems) out += problem.to_text() + "\n";
    return out;
}

ServiceFile avahi(std::string_view text) { return read_service_file(text, "x.service", here); }
ServiceFile systemd(std::string_view text) { return read_service_file(text, "x.dnssd", here); }

TEST(AvahiServiceFile, ReadsWhatItsManualShows) {
    const ServiceFile file = avahi(R"(<?xml version="1.0" standalone='no'?><!--*-nxml-*-->
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group>
  <name replace-wildcards="yes">%h &amp; 100%% R&#38;D</name>
  <service protocol="ipv6">
    <type>_http._tcp</type>
    <subtype>_printer._sub._http._tcp</subtype>
    <port>8080</port>
    <host-name>other.local</host-name>
    <txt-record>path=/a b</txt-record>
    <txt-record value-format="binary-hex">h=00ff</txt-record>
    <txt-record value-format="binary-base64">b=AAE=</txt-record>
    <txt-record>flag</txt-record>
  </service>
  <service>
    <type>_device-info._tcp</type>
    <port>0</port>
    <txt-record><![CDATA[model=<Mac>]]></txt-record>
  </service>
</service-group>
)");
    ASSERT_EQ(problems_of(file), "");
    ASSERT_EQ(file.services.size(), 2U);
    const Service& web = file.services[0];
    EXPECT_EQ(web.instance, "nas & 100% R&D");
    EXPECT_EQ(web.type.to_text(), "_http._tcp");
    EXPECT_EQ(web.subtypes, std::vector<std::string>{"_printer"});
    EXPECT_EQ(web.port, 8080);
    EXPECT_EQ(web.family, IpFamily::v6);
    EXPECT_EQ(web.host.to_text(), "other.local.");
    const std::vector<TxtEntry> expected = {{"path", "/a b"},
                                            {"h", std::string("\x00\xff", 2)},
                                            {"b", std::string("\x00\x01", 2)},
                                            {"flag", std::nullopt}};
    EXPECT_EQ(Txt::from_rdata(std::span(web.txt)).entries(), expected);
    EXPECT_EQ(file.services[1].presence, Presence::offered)
        << "port 0 is found all the same, as with Avahi";
    EXPECT_EQ(Txt::from_rdata(std::span(file.services[1].txt)).value("model"), "<Mac>");
}

struct BadRow {
    const char* why;
    const char* text;
    const char* problem;
};

constexpr const char* group = "<service-group><name>x</name><service><type>_a._tcp</type>";

TEST(AvahiServiceFile, SaysWhatIsWrongAndWhere) {
    const BadRow rows[] = {
        {"nothing", "", "x.service:1:1: error: expected <service-group>, found nothing\n"},
        {"another root", "<a/>", "x.service:1:1: error: expected <service-group>, found <a>\n"},
        {"not closed", "<service-group>\n<name>x", "x.service:2:8: error: <name> is not closed\n"},
        {"closed in the wrong order", "<service-group><name></service-group></name>",
         "x.service:1:22: error: expected </name>, found </service-group>\n"},
        {"an unknown entity", "<service-group><name>&foo;</name></service-group>",
         "x.service:1:22: error: '&foo;' is none of the entities known here: &amp; &lt; &gt; &quot; &apos; &#number;\n"},
        {"no character", "<service-group><name>&#0;</name></service-group>",
         "x.service:1:22: error: '&#0;' is no character\n"},
        {"declared entities", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>",
         "x.service:1:1: error: a document type with declarations of its own is not read\n"},
        {"no name",
         "<service-group><service><type>_a._tcp</type><port>1</port></service></service-group>",
         "x.service:1:1: error: expected a <name> that is not empty\n"
         "x.service:1:16: error: an instance's name has 1 to 63 bytes (RFC 6763 §4.1.1), '' has 0\n"},
        {"an illegal type",
         "<service-group><name>x</name><service>\n<type>_a.b._tcp</type></service></service-group>",
         "x.service:2:1: error: expected two labels such as _http._tcp, found '_a.b._tcp'\n"
         "x.service:1:30: error: a service's name has 1 to 15 characters (RFC 6335 §5.1), '' has 0\n"},
    };
    for (const BadRow& row : rows) {
        const ServiceFile file = avahi(row.text);
        EXPECT_TRUE(file.services.empty()) << row.why;
        // The first problem is what counts; later ones may follow from it.
        EXPECT_TRUE(std::string(row.problem)
                        .starts_with(problems_of(file).substr(0, problems_of(file).find('\n') + 1)))
            << row.why << ": " << problems_of(file);
        EXPECT_FALSE(file.problems.empty()) << row.why;
    }
}

TEST(AvahiServiceFile, BoundsWhatItReads) {
    const auto with = [](const std::string& inside) {
        return avahi(std::string(group) + inside + "</service></service-group>");
    };
    EXPECT_EQ(with("<port>1</port>").services.size(), 1U);
    EXPECT_TRUE(with("<port>65536</port>").services.empty());
    EXPECT_TRUE(with("<port>-1</port>").services.empty());
    EXPECT_TRUE(with("<txt-record value-format='binary-hex'>a=0</txt-record>").services.empty());
    EXPECT_TRUE(with("<txt-record>" + std::string(256, 'x') + "</txt-record>").services.empty());
    EXPECT_EQ(with("<unknown>1</unknown>").services.size(), 1U) << "a warning only";
    std::string deep;
    for (int i = 0; i < service_file_depth_max; ++i) deep += "<a>";
    EXPECT_TRUE(with(deep).services.empty());
    EXPECT_TRUE(avahi(std::string(service_file_bytes_max + 1, ' ')).services.empty());
    std::string many = "<service-group><name>x</name>";
    for (std::size_t i = 0; i <= services_per_file_max; ++i)
        many += "<service><type>_a._tcp</type></service>";
    EXPECT_TRUE(avahi(many + "</service-group>").services.empty());
}

TEST(SystemdServiceFile, ReadsWhatItsManualShows) {
    const ServiceFile file = systemd(R"(# a comment
[Unit]
Whatever=1
[Service]
Name=%H at %w, 100%%
Type=_http._tcp
SubType=_printer
Port=80
Priority=1
Weight=2
TxtText=path=/stats/index.html t=temperature_sensor "two words=a b" hex=\x41
TxtData=data=AAE=
)");
    ASSERT_EQ(problems_of(file), "");
    ASSERT_EQ(file.services.size(), 1U);
    const Service& service = file.services[0];
    EXPECT_EQ(service.instance, "nas at 12, 100%");
    EXPECT_EQ(service.subtypes, std::vector<std::string>{"_printer"});
    EXPECT_EQ(service.port, 80);
    EXPECT_EQ(service.priority, 1);
    EXPECT_EQ(service.weight, 2);
    ASSERT_EQ(service.txt.size(), 2U) << "each line is a record";
    const std::vector<TxtEntry> first = {{"path", "/stats/index.html"},
                                         {"t", "temperature_sensor"},
                                         {"two words", "a b"},
                                         {"hex", "A"}};
    EXPECT_EQ(Txt::from_rdata(service.txt[0]).entries(), first);
    EXPECT_EQ(Txt::from_rdata(service.txt[1]).value("data"), std::string("\x00\x01", 2));
}

TEST(SystemdServiceFile, SaysWhatIsWrong) {
    const BadRow rows[] = {
        {"nothing", "", "x.dnssd:1:1: error: expected a section [Service], found none\n"},
        {"no name", "[Service]\nType=_a._tcp\n",
         "x.dnssd:1:1: error: expected Name= in [Service]\n"},
        {"no type", "[Service]\nName=a\n", "x.dnssd:1:1: error: expected Type= in [Service]\n"},
        {"no equals sign", "[Service]\nName\n",
         "x.dnssd:2:1: error: expected Key=value or [Section]\n"},
        {"an unknown specifier", "[Service]\nName=%z\n",
         "x.dnssd:2:1: error: expected %H, %m, %b, %v, %a, %o, %w or %% where a percent sign stands\n"},
        {"a port too large", "[Service]\nName=a\nType=_a._tcp\nPort=70000\n",
         "x.dnssd:4:1: error: expected a number from 0 to 65535, found '70000'\n"},
        {"an open quote", "[Service]\nTxtText=\"a\n",
         "x.dnssd:2:1: error: expected words with whole quotes and escapes\n"},
        {"no base64", "[Service]\nTxtData=a=?\n",
         "x.dnssd:2:1: error: expected key=base64, found 'a=?'\n"},
        {"a section without an end", "[Service\n",
         "x.dnssd:1:1: error: expected ']' at the end of the section's name\n"},
    };
    for (const BadRow& row : rows) {
        const ServiceFile file = systemd(row.text);
        EXPECT_TRUE(file.services.empty()) << row.why;
        EXPECT_TRUE(problems_of(file).starts_with(row.problem))
            << row.why << ": " << problems_of(file);
    }
    EXPECT_EQ(systemd("[Service]\nName=a\nType=_a._tcp\nTxtText=a=1\nTxtText=\nNew=1\n")
                  .services[0]
                  .txt.size(),
              0U)
        << "an empty line forgets";
}

TEST(ServiceFile, IsChosenByName) {
    EXPECT_FALSE(read_service_file("", "x.conf", here).problems.empty());
}

// Whatever the bytes: an answer, no crash, and services that can be registered.
TEST(ServiceFile, BearsAnything) {
    const std::string seeds[] = {
        "<service-group><name replace-wildcards='yes'>%h</name><service protocol=\"any\"><type>_a._tcp</type><port>1</port><txt-record>a=b</txt-record></service></service-group>",
        "[Service]\nName=%H\nType=_a._tcp\nPort=1\nTxtText=a=b \"c\\x41\"\nTxtData=a=AAE=\n",
    };
    SeededRng rng(11);
    for (int i = 0; i < 20'000; ++i) {
        std::string text = seeds[i % 2];
        for (int flips = 0; flips < 4; ++flips)
            text[rng.below(static_cast<std::uint32_t>(text.size()))] =
                static_cast<char>(rng.next());
        const ServiceFile file = i % 2 == 0 ? avahi(text) : systemd(text);
        for (const Service& service : file.services)
            ASSERT_TRUE(check_service(service).has_value()) << text;
    }
}

}  // namespace
}  // namespace kith::discovery::dnssd
