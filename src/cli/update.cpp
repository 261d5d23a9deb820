#include "cli/update.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <istream>
#include <memory>

#include "cli/key_word.hpp"
#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "config/text.hpp"
#include "dns/message_text.hpp"
#include "dns/rdata.hpp"
#include "update/limits.hpp"
#include "update/script.hpp"

namespace kith::cli {
namespace {

using update::ScriptCommand;
using Kind = ScriptCommand::Kind;
using client::MessageKey;
using client::OrText;
using client::UpdateSession;

int usage(std::ostream& err, std::string_view text) { return wrong_usage(err, "update", text); }

Duration seconds(double value) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value));
}

/// A session that tells people what comes of it.
class Talk {
public:
    Talk(const UpdateOptions& options, MessageKey key, const UpdateWorld& world, std::ostream& out,
         std::ostream& err)
        : session_({options.server, options.port, seconds(options.timeout_seconds),
                    seconds(options.retry_seconds), options.retries, options.tcp},
                   std::move(key), world),
          out_(out),
          err_(err) {
        if (options.debug) set_debug();
        if (options.lease) session_.set_lease(update::Lease{*options.lease, std::nullopt});
    }

    UpdateSession& session() { return session_; }
    void set_debug() {
        session_.set_on_message([this](std::string_view title, Bytes message) {
            const auto view = dns::MessageView::parse(message);
            out_ << ";; " << title << '\n'
                 << (view ? dns::to_text(*view) : "(malformed)\n") << '\n';
        });
    }

    /// What was wrong has been told.
    enum class Sent : std::uint8_t { good, failed };
    Sent send() {
        if (session_.is_empty()) return Sent::good;
        const bool wants_lease = session_.builder().content().lease.has_value();
        const auto done = session_.send();
        if (!done) return failed(done.error());
        if (done->granted) {
            const update::Lease& lease = *done->granted;
            out_ << "lease " << lease.seconds << " s";
            if (lease.key_seconds) out_ << ", keys " << *lease.key_seconds << " s";
            out_ << '\n';
        } else if (wants_lease) {
            err_
                << "kith update: the server does not know leases: the records stay until they are deleted\n";
        }
        return Sent::good;
    }
    Sent notify(const dns::Name& zone, dns::RrType type) {
        const auto done = session_.notify(zone, type);
        return done ? Sent::good : failed(done.error());
    }

private:
    Sent failed(const client::Error& error) {
        err_ << "kith update: " << error.text << '\n';
        return Sent::failed;
    }

    UpdateSession session_;
    std::ostream& out_;
    std::ostream& err_;
};
using Sent = Talk::Sent;

/// Carries out the commands of a script.
class ScriptRunner {
public:
    ScriptRunner(Talk& talk, std::ostream& out, std::ostream& err)
        : talk_(talk), session_(talk.session()), out_(out), err_(err) {}

    enum class Next : std::uint8_t { go_on, quit };
    /// An error of the script, to be told with its line; failed updates have been told.
    Result<Next, dns::TextError> run(std::string_view line) {
        auto command = update::parse_script_line(line, defaults_);
        if (!command) return std::unexpected(std::move(command).error());
        if (const auto done = carry_out(*command); !done)
            return std::unexpected(dns::TextError{done.error(), 0});
        return command->kind == Kind::quit ? Next::quit : Next::go_on;
    }
    bool has_failed() const { return has_failed_; }
    void send() {
        // Whoever gives an update, and mistypes what is in it, must not believe that it was done.
        if (session_.is_empty()) {
            err_ << "kith update: nothing to send\n";
            return;
        }
        has_sent_ = true;
        has_failed_ = talk_.send() == Sent::failed || has_failed_;
    }
    /// At the end of the script: what was not sent yet, if anything.
    void finish() {
        if (!session_.is_empty() || !has_sent_) send();
    }

private:
    OrText<void> carry_out(ScriptCommand& command) {
        switch (command.kind) {
            case Kind::nothing:
            case Kind::quit: break;
            case Kind::server: session_.set_server(command.text, command.number); break;
            case Kind::local: return set_local(command);
            case Kind::zone: session_.set_zone(command.name); break;
            case Kind::origin: defaults_.origin = command.name; break;
            case Kind::klass:
                defaults_.klass = command.klass;
                session_.set_class(command.klass);
                break;
            case Kind::ttl: defaults_.ttl = command.number; break;
            case Kind::key: return set_key(command.text);
            case Kind::lease: session_.set_lease(command.lease); break;
            case Kind::prerequisite:
                session_.builder().add_prerequisite(std::move(command.record));
                break;
            case Kind::update: session_.builder().add_update(std::move(command.record)); break;
            case Kind::show: out_ << session_.shown(); break;
            case Kind::send: send(); break;
            case Kind::answer: out_ << session_.last_reply(); break;
            case Kind::debug: talk_.set_debug(); break;
            case Kind::version: out_ << "kith " KITH_VERSION "\n"; break;
            case Kind::help: out_ << update::script_help(); break;
        }
        return {};
    }

    OrText<void> set_local(const ScriptCommand& command) {
        const auto address = IpAddress::from_text(command.text);
        if (!address)
            return std::unexpected(fmt::format("expected an address, found '{}'", command.text));
        session_.set_local(
            Endpoint{*address, static_cast<std::uint16_t>(command.number.value_or(0)), 0});
        return {};
    }
    OrText<void> set_key(const std::string& word) {
        auto key = client::read_key_word(word);
        if (!key) return std::unexpected("-y: " + key.error());
        session_.set_key(*std::move(key));
        return {};
    }

    Talk& talk_;
    UpdateSession& session_;
    std::ostream& out_;
    update::ScriptDefaults defaults_;
    std::ostream& err_;
    bool has_failed_ = false;
    bool has_sent_ = false;
};

/// Names and records of an operation, read.
struct Operands {
    dns::Name name;
    dns::RrType type{};
    std::vector<zone::Record> data, current;
};

Read<std::vector<zone::Record>> records_of(const Operands& of, std::uint32_t ttl,
                                           const std::vector<std::string>& data) {
    std::vector<zone::Record> out;
    for (const std::string& text : data) {
        auto rdata = dns::rdata_from_text(of.type, text);
        if (!rdata)
            return std::unexpected(
                fmt::format("data {}: {}", config::shown(text), rdata.error().text));
        out.push_back({of.name, of.type, ttl, *std::move(rdata), {}});
    }
    return out;
}

Read<Operands> read_operands(const UpdateOperationOptions& options) {
    Operands out;
    KITH_TRY(out.name, read_name("name", options.name));
    if (options.operation == UpdateOperation::delete_all) return out;
    KITH_TRY(out.type, read_type(options.type));
    if (dns::is_meta_type(out.type))
        return std::unexpected(fmt::format(
            "expected a type of records, found {}, which only questions and messages have",
            options.type));
    KITH_TRY(out.data, records_of(out, options.ttl, options.data));
    KITH_TRY(out.current, records_of(out, options.ttl, options.current));
    return out;
}

void add_operation(const UpdateOperationOptions& options, const Operands& operands,
                   update::UpdateBuilder& builder) {
    using Existing = update::UpdateBuilder::Existing;
    switch (options.operation) {
        case UpdateOperation::create: builder.create(operands.data); break;
        case UpdateOperation::append:
            builder.append(operands.data, options.must_exist ? Existing::required : Existing::any);
            break;
        case UpdateOperation::compare_and_swap:
            builder.compare_and_swap(operands.current, operands.data);
            break;
        case UpdateOperation::delete_by_rdata:
            for (const zone::Record& record : operands.data)
                builder.remove_record(record.owner, record.type, record.rdata);
            break;
        case UpdateOperation::delete_rrset:
            builder.remove_rrset(operands.name, operands.type);
            break;
        case UpdateOperation::delete_all: builder.remove_name(operands.name); break;
        case UpdateOperation::notify: break;
    }
}

}  // namespace

int update_script(const UpdateOptions& options, std::istream& in, const std::string& file,
                  Prompt prompt, const UpdateWorld& world, std::ostream& out, std::ostream& err) {
    auto key = read_key(options.key_word, options.key_file, options.signer);
    if (!key) return usage(err, key.error());
    Talk talk(options, *std::move(key), world, out, err);
    if (!options.zone.empty()) {
        const auto zone = read_name("-z", options.zone);
        if (!zone) return usage(err, zone.error());
        talk.session().set_zone(*zone);
    }
    ScriptRunner runner(talk, out, err);
    std::string line;
    std::size_t bytes = 0;
    const bool is_person = prompt == Prompt::yes;
    for (std::uint32_t number = 1;; ++number) {
        if (is_person) out << "> " << std::flush;
        if (!std::getline(in, line)) break;
        bytes += line.size() + 1;
        if (bytes > update::script_bytes_max)
            return usage(err, "expected at most 64 MiB of commands");
        const auto done = runner.run(line);
        if (done && *done == ScriptRunner::Next::quit)
            return runner.has_failed() ? exit_failed : exit_good;
        if (done) continue;
        err << fmt::format("{}:{}:{}: error: {}\n", file, number, done.error().position + 1,
                           done.error().text);
        // Who types can type again; a file with an error is not carried out half.
        if (!is_person) return exit_failed;
    }
    runner.finish();
    return runner.has_failed() ? exit_failed : exit_good;
}

int update_operation(const UpdateOperationOptions& options, const UpdateWorld& world,
                     std::ostream& out, std::ostream& err) {
    auto key = read_key(options.common.key_word, options.common.key_file, options.common.signer);
    if (!key) return usage(err, key.error());
    const auto operands = read_operands(options);
    if (!operands) return usage(err, operands.error());
    Talk talk(options.common, *std::move(key), world, out, err);
    if (!options.common.zone.empty()) {
        const auto zone = read_name("-z", options.common.zone);
        if (!zone) return usage(err, zone.error());
        talk.session().set_zone(*zone);
    }
    if (options.operation == UpdateOperation::notify) {
        return talk.notify(operands->name, operands->type) == Sent::good ? exit_good : exit_failed;
    }
    add_operation(options, *operands, talk.session().builder());
    return talk.send() == Sent::good ? exit_good : exit_failed;
}

}  // namespace kith::cli
