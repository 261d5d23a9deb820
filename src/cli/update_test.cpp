// `kith update` against a server in this process: the update engine behind TSIG and SIG(0), reached by
// a transport that can lose and garble.

#include "cli/update.hpp"

#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "auth/key_text.hpp"
#include "auth/sig0.hpp"
#include "base/temporary_folder_testing.hpp"
#include "dns/message_builder.hpp"
#include "dnssec/key_file.hpp"
#include "update/update_testing.hpp"

namespace kith::cli {
namespace {

using Message = std::vector<std::uint8_t>;
using update::test::name;
using update::test::some_time;
using Lines = std::vector<std::string>;

constexpr const char* key_words = "hmac-sha256:key.example:c2VjcmV0";

/// A primary of example., and a resolver that knows where it is.
class Server {
public:
    Server() {
        EXPECT_TRUE(keys_.add(*auth::parse_key_word(key_words)).has_value());
        rules_.policy =
            update::test::policy({"grant key.example. zonesub ANY", "grant host.example. self"});
    }

    UpdateWorld world() {
        UpdateWorld out;
        out.transport = [this](const Endpoint& server, Bytes message, UpdateWay way, Duration,
                               const std::optional<Endpoint>&) -> net::Net<Message> {
            ++(way == UpdateWay::tcp ? tcp : udp);
            last_server = server;
            if (lose > 0 && lose-- > 0) return std::unexpected(net::NetError{110, "timed out"});
            return answer(message, way);
        };
        out.now = [this] { return some_time + client_clock; };
        out.rng = &rng_;
        out.resolver = *Endpoint::from_text("192.0.2.53", 53);
        return out;
    }

    Lines dump() const { return zone::test::dump(*zone_); }
    void add_key_record(const std::string& line) {
        zone_ = zone::test::zone({"@ 300 NS ns", "ns 300 A 192.0.2.99", "a 300 A 10.0.0.1", line});
    }

    int udp = 0, tcp = 0;
    int lose = 0;
    std::int64_t client_clock = 0;
    bool strip_tsig = false, truncate = false;
    Endpoint last_server;

private:
    Message answer(Bytes message, UpdateWay way) {
        if (dns::read_header(message)->opcode() == dns::Opcode::QUERY) return answer_query(message);
        const auth::TsigCheck tsig = auth::check_tsig_request(message, keys_, some_time);
        const auth::Sig0Check sig0 = auth::check_sig0_request(
            message, [this](dns::NameView signer) { return keys_at(signer); }, some_time);
        Message buffer(65535);
        update::UpdateOutcome outcome;
        const auto read = update::read_update(message);
        if (!tsig.is_good() && tsig.verdict != auth::TsigVerdict::unsigned_) {
            outcome.refusal.rcode = tsig.answer_rcode();
        } else if (!read) {
            outcome.refusal = read.error();
        } else {
            update::Requester who;
            if (tsig.is_good()) who.key = tsig.key_name;
            if (sig0.is_good()) who.key = sig0.signer;
            outcome = update::run_update(*zone_, *read, who, rules_, some_time);
            if (outcome.changes()) zone_ = update::test::applied(zone_, outcome);
        }
        std::size_t size =
            update::write_update_response(buffer, 1232, message, outcome.refusal.rcode,
                                          &outcome.refusal, outcome.granted, tsig.response_bytes())
                .size();
        if (truncate && way == UpdateWay::udp) buffer[2] |= 2;
        if (!strip_tsig) size = auth::sign_tsig_response(tsig, buffer, size, some_time);
        buffer.resize(size);
        return buffer;
    }

    std::vector<Bytes> keys_at(dns::NameView signer) const {
        std::vector<Bytes> out;
        const zone::NodeView node = zone_->find_node(signer);
        if (!node || !node.find(dns::RrType::KEY)) return out;
        for (const Bytes rdata : node.find(dns::RrType::KEY)) out.push_back(rdata);
        return out;
    }

    Message answer_query(Bytes message) {
        const auto query = *dns::read_query(message);
        const dns::NameView asked = dns::NameView::unchecked(query.qname);
        Message buffer(1232);
        dns::MessageBuilder builder;
        builder.start_response(buffer, buffer.size(), message, query);
        const dns::LookupName lookup(asked);
        const zone::NodeView node =
            asked.is_under(zone_->apex()) ? zone_->find_node(lookup) : zone::NodeView();
        const zone::RrSetView found = node ? node.find(query.qtype) : zone::RrSetView();
        if (found) {
            builder.add_record(dns::Section::answer, asked, query.qtype, dns::RrClass::IN, 300,
                               found.rdata(0));
        } else if (asked.is_under(zone_->apex())) {
            builder.add_record(dns::Section::authority, zone_->apex(), dns::RrType::SOA,
                               dns::RrClass::IN, 300,
                               zone_->apex_node().find(dns::RrType::SOA).rdata(0));
        }
        const Bytes bytes = builder.finish();
        return {bytes.begin(), bytes.end()};
    }

    auth::KeyRing keys_;
    update::UpdateRules rules_;
    zone::ZonePtr zone_ =
        zone::test::zone({"@ 300 NS ns", "ns 300 A 192.0.2.99", "a 300 A 10.0.0.1"});
    SeededRng rng_{1};
};

struct Ran {
    int code;
    std::string out, err;
};

Ran run(Server& server, const std::string& script, UpdateOptions options = {},
        Prompt prompt = Prompt::no) {
    if (options.key_word.empty() && options.key_file.empty()) options.key_word = key_words;
    std::istringstream in(script);
    std::ostringstream out, err;
    const int code = update_script(options, in, "script", prompt, server.world(), out, err);
    return {code, out.str(), err.str()};
}

bool has(const Lines& lines, const std::string& line) {
    return std::ranges::find(lines, line) != lines.end();
}

TEST(Update, FindsZoneAndServerByItself) {
    Server server;
    const Ran done = run(server, "add new.sub.example. 60 A 10.0.0.9\n\n");
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.out + done.err, "");
    EXPECT_TRUE(has(server.dump(), "new.sub.example. 60 A 10.0.0.9"));
    EXPECT_EQ(server.last_server.to_text(), "192.0.2.99:53") << "the SOA's MNAME, at its address";
}

TEST(Update, SendsWhatIsLeftAtTheEnd) {
    Server server;
    EXPECT_EQ(
        run(server,
            "server 192.0.2.1 5353\nzone example.\ndel a A\nadd b 60 A 10.0.0.2 ; relative to the root")
            .code,
        1);
    EXPECT_EQ(
        run(server,
            "server 192.0.2.1 5353\nzone example.\norigin example.\ndel a A\nadd b 60 A 10.0.0.2")
            .code,
        0);
    EXPECT_EQ(server.last_server.to_text(), "192.0.2.1:5353");
    EXPECT_TRUE(has(server.dump(), "b.example. 60 A 10.0.0.2"));
    EXPECT_FALSE(has(server.dump(), "a.example. 300 A 10.0.0.1"));
}

TEST(Update, SaysWhyItWasRefusedAndGoesOn) {
    Server server;
    const Ran done = run(server,
                         "server 192.0.2.1\nzone example.\n"
                         "prereq nxdomain a.example.\nadd a.example. 60 TXT no\nsend\n"
                         "add b.example. 60 A 10.0.0.2\nsend\n"
                         "add @ 60 DNSKEY 256 3 15 AAAA\nsend\n");
    EXPECT_EQ(done.code, 1);
    EXPECT_NE(done.err.find("update of example. failed: YXDOMAIN"), std::string::npos) << done.err;
    EXPECT_NE(done.err.find("'prereq nxdomain a.example.' does not hold: the name has records"),
              std::string::npos)
        << done.err;
    EXPECT_TRUE(has(server.dump(), "b.example. 60 A 10.0.0.2"));
    EXPECT_NE(done.err.find("NOTZONE"), std::string::npos) << done.err;
}

TEST(Update, StopsAtAnErrorUnlessAPersonTypes) {
    Server server;
    const std::string script =
        "server 192.0.2.1\nzone example.\nadd b.example. 60 A 10.0.0.256\nadd c.example. 60 A 10.0.0.2\nsend\n";
    const Ran file = run(server, script);
    EXPECT_EQ(file.code, 1);
    EXPECT_TRUE(file.err.starts_with("script:3:21: error: A data")) << file.err;
    EXPECT_FALSE(has(server.dump(), "c.example. 60 A 10.0.0.2"))
        << "nothing of a file with an error behind it";
    const Ran person = run(server, script + "quit\nnever read", {}, Prompt::yes);
    EXPECT_EQ(person.code, 0);
    EXPECT_TRUE(has(server.dump(), "c.example. 60 A 10.0.0.2"));
    EXPECT_TRUE(person.out.starts_with("> > ")) << person.out;
}

TEST(Update, ShowsAndAnswers) {
    Server server;
    const Ran done = run(
        server,
        "zone example.\nserver 192.0.2.1\nlease 1h\nprereq yxdomain a.example.\nadd b.example. 60 TXT x\nshow\nsend\nanswer\nversion\nhelp\n");
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_NE(
        done.out.find(
            "zone example.\nlease 3600\nprereq yxdomain a.example.\nadd b.example. 60 TXT \"x\"\n"),
        std::string::npos)
        << done.out;
    EXPECT_NE(done.out.find("lease 3600 s\n"), std::string::npos) << done.out;
    EXPECT_NE(done.out.find("NOERROR"), std::string::npos) << "the reply" << done.out;
    EXPECT_NE(done.out.find("prereq nxrrset"), std::string::npos) << "help";
}

struct Distrust {
    const char* why;
    std::string key;
    std::int64_t clock;
    bool strip;
    std::string_view error;
};

TEST(Update, BelievesOnlySignedReplies) {
    const Distrust rows[] = {
        {"another secret", "hmac-sha256:key.example:b3RoZXI=", 0, false, "BADSIG"},
        {"another key", "hmac-sha256:other:b3RoZXI=", 0, false, "BADKEY"},
        {"another time", key_words, 4000, false,
         "the server's clock says 1700000000, ours 1700004000"},
        {"the signature was taken off", key_words, 0, true,
         "not signed with key key.example., so it is not believed; it says NOERROR"},
    };
    for (const Distrust& row : rows) {
        Server server;
        server.client_clock = row.clock;
        server.strip_tsig = row.strip;
        UpdateOptions options;
        options.key_word = row.key;
        const Ran done =
            run(server, "server 192.0.2.1\nzone example.\nadd b.example. 60 A 10.0.0.2\n", options);
        EXPECT_EQ(done.code, 1) << row.why;
        EXPECT_NE(done.err.find(row.error), std::string::npos) << row.why << ": " << done.err;
    }
}

TEST(Update, TriesAgainAndOverTcp) {
    const std::string script = "server 192.0.2.1\nzone example.\nadd b.example. 60 A 10.0.0.2\n";
    Server losing;
    losing.lose = 3;
    EXPECT_EQ(run(losing, script).code, 0);
    EXPECT_EQ(losing.udp, 4);
    Server dead;
    dead.lose = 100;
    EXPECT_EQ(run(dead, script).code, 1);
    EXPECT_EQ(dead.udp, 4) << "once and three times more";
    Server cutting;
    cutting.truncate = true;
    EXPECT_EQ(run(cutting, script).code, 0);
    EXPECT_EQ(cutting.tcp, 1);
    Server stream;
    UpdateOptions options;
    options.tcp = true;
    EXPECT_EQ(run(stream, script, options).code, 0);
    EXPECT_EQ(stream.udp, 0);
    Server large;
    std::string many = "server 192.0.2.1\nzone example.\n";
    for (int i = 0; i < 100; ++i) many += "add b" + std::to_string(i) + ".example. 60 A 10.0.0.2\n";
    EXPECT_EQ(run(large, many).code, 0);
    EXPECT_EQ(large.udp, 0) << "more than fits a datagram";
    EXPECT_EQ(large.tcp, 1);
}

struct Operation {
    UpdateOperation operation;
    std::string name, type;
    std::vector<std::string> data, current;
    bool must_exist;
    int code;
    std::string there, gone;
};

TEST(Update, HasTrustDnsOperations) {
    using enum UpdateOperation;
    const Operation rows[] = {
        {create,
         "n.example",
         "A",
         {"10.0.0.5", "10.0.0.6"},
         {},
         false,
         0,
         "n.example. 300 A 10.0.0.6",
         ""},
        {create,
         "a.example",
         "A",
         {"10.0.0.5"},
         {},
         false,
         1,
         "a.example. 300 A 10.0.0.1",
         "a.example. 300 A 10.0.0.5"},
        {append, "a.example", "A", {"10.0.0.5"}, {}, true, 0, "a.example. 300 A 10.0.0.5", ""},
        {append,
         "n.example",
         "MX",
         {"10 a.example."},
         {},
         false,
         0,
         "n.example. 300 MX 10 a.example.",
         ""},
        {append, "n.example", "A", {"10.0.0.5"}, {}, true, 1, "", "n.example. 300 A 10.0.0.5"},
        {compare_and_swap,
         "a.example",
         "A",
         {"10.0.0.5"},
         {"10.0.0.1"},
         false,
         0,
         "a.example. 300 A 10.0.0.5",
         "a.example. 300 A 10.0.0.1"},
        {compare_and_swap,
         "a.example",
         "A",
         {"10.0.0.5"},
         {"10.0.0.2"},
         false,
         1,
         "a.example. 300 A 10.0.0.1",
         "a.example. 300 A 10.0.0.5"},
        {delete_by_rdata,
         "a.example",
         "A",
         {"10.0.0.1"},
         {},
         false,
         0,
         "",
         "a.example. 300 A 10.0.0.1"},
        {delete_rrset, "a.example", "A", {}, {}, false, 0, "", "a.example. 300 A 10.0.0.1"},
        {delete_all, "a.example", "", {}, {}, false, 0, "", "a.example. 300 A 10.0.0.1"},
        {create, "a..b", "A", {"10.0.0.1"}, {}, false, 2, "", ""},
        {create, "n.example", "FOO", {"10.0.0.1"}, {}, false, 2, "", ""},
        {create, "n.example", "A", {"10.0.0"}, {}, false, 2, "", ""},
    };
    for (const Operation& row : rows) {
        SCOPED_TRACE(row.name + " " + row.type);
        Server server;
        UpdateOperationOptions options;
        options.common.key_word = key_words;
        options.operation = row.operation;
        options.name = row.name;
        options.type = row.type;
        options.data = row.data;
        options.current = row.current;
        options.must_exist = row.must_exist;
        std::ostringstream out, err;
        EXPECT_EQ(update_operation(options, server.world(), out, err), row.code) << err.str();
        if (!row.there.empty()) {
            EXPECT_TRUE(has(server.dump(), row.there));
        }
        if (!row.gone.empty()) {
            EXPECT_FALSE(has(server.dump(), row.gone));
        }
        EXPECT_EQ(err.str().empty(), row.code == 0);
    }
}

TEST(Update, SignsWithAPrivateKey) {
    const kith::test::TemporaryFolder folder;
    auto key = *crypto::PrivateKey::generate(crypto::Algorithm::ED25519);
    std::vector<std::uint8_t> rdata = dnssec::make_dnskey(512, key.public_key());
    const std::string record =
        "host 300 KEY " + dns::rdata_to_text(dns::RrType::KEY, dns::RrClass::IN, rdata);
    const crypto::SecretBytes text = dnssec::format_private_key({key, {}});
    const std::string file = folder.write("Khost.example.+015+1.private", as_text(text.bytes()));
    const std::string shown_file =
        folder.write("Khost.example.+015+1.key", "host.example. IN " + record.substr(9) + "\n");
    const crypto::SecretBytes pem = key.to_pem();
    const std::string pem_file = folder.write("host.pem", as_text(pem.bytes()));
    const std::string script = "server 192.0.2.1\nzone example.\nadd host.example. 60 A 10.0.0.7\n";
    const struct {
        const char* why;
        std::string file, signer;
        int code;
    } rows[] = {
        {"the .private file", file, "", 0},
        {"the .key file beside it", shown_file, "", 0},
        {"PEM and a name", pem_file, "host.example.", 0},
        {"PEM without a name", pem_file, "", 2},
        {"PEM under another name", pem_file, "a.example.", 1},
    };
    for (const auto& row : rows) {
        Server server;
        server.add_key_record(record);
        UpdateOptions options;
        options.key_file = row.file;
        options.signer = row.signer;
        const Ran done = run(server, script, options);
        EXPECT_EQ(done.code, row.code) << row.why << ": " << done.err;
        EXPECT_EQ(has(server.dump(), "host.example. 60 A 10.0.0.7"), row.code == 0) << row.why;
    }
}

TEST(Update, ReadsKeyFiles) {
    const kith::test::TemporaryFolder folder;
    Server server;
    UpdateOptions options;
    options.key_file = folder.write(
        "update.key", "key \"key.example\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };\n");
    EXPECT_EQ(run(server, "server 192.0.2.1\nzone example.\ndel a.example.\n", options).code, 0);
    options.key_file = folder.write("broken.key", "key k {};\n");
    const Ran broken = run(server, "", options);
    EXPECT_EQ(broken.code, 2);
    EXPECT_NE(broken.err.find("broken.key:1:5: error: expected 'algorithm' and 'secret'"),
              std::string::npos)
        << broken.err;
    options.key_file = "/nonexistent";
    EXPECT_EQ(run(server, "", options).code, 2);
}

TEST(Update, SaysThatThereIsNothingToSend) {
    struct Row {
        const char* why;
        const char* script;
        const char* err;
    };
    const Row rows[] = {
        {"a script without a change", "server 127.0.0.1\nzone example.\n",
         "kith update: nothing to send\n"},
        {"an empty one", "", "kith update: nothing to send\n"},
        {"an explicit send", "zone example.\nsend\nadd x.example. 300 A 10.0.0.9\nsend\n",
         "kith update: nothing to send\n"},
        {"all was sent", "zone example.\nadd x.example. 300 A 10.0.0.9\nsend\n", ""},
        {"who ends it knows", "zone example.\nquit\n", ""},
    };
    for (const Row& row : rows) {
        Server server;
        const Ran ran = run(server, row.script);
        EXPECT_EQ(ran.err, row.err) << row.why;
        EXPECT_EQ(ran.code, 0) << row.why;
    }
}

}  // namespace
}  // namespace kith::cli
