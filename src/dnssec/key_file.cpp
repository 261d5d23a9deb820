#include "dnssec/key_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "dns/encoding.hpp"
#include "dns/rdata.hpp"
#include "dns/registry.hpp"

namespace kith::dnssec {
namespace {

using crypto::PrivateKey;
using crypto::PrivateParameters;
using crypto::SecretBytes;

struct TimeLine {
    std::string_view name;
    std::optional<UnixTime> KeyTimes::*field;
};
constexpr TimeLine time_lines[] = {
    {"Created", &KeyTimes::created},          {"Publish", &KeyTimes::publish},
    {"Activate", &KeyTimes::activate},        {"Revoke", &KeyTimes::revoke},
    {"Inactive", &KeyTimes::inactive},        {"Delete", &KeyTimes::remove},
    {"SyncPublish", &KeyTimes::sync_publish}, {"SyncDelete", &KeyTimes::sync_remove},
};

struct NumberLine {
    std::string_view name;
    SecretBytes PrivateParameters::*field;
};
constexpr NumberLine number_lines[] = {
    {"Modulus", &PrivateParameters::modulus},
    {"PublicExponent", &PrivateParameters::public_exponent},
    {"PrivateExponent", &PrivateParameters::private_exponent},
    {"Prime1", &PrivateParameters::prime1},
    {"Prime2", &PrivateParameters::prime2},
    {"Exponent1", &PrivateParameters::exponent1},
    {"Exponent2", &PrivateParameters::exponent2},
    {"Coefficient", &PrivateParameters::coefficient},
    {"PrivateKey", &PrivateParameters::private_key},
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const std::size_t from = text.find_first_not_of(blank);
    if (from == text.npos) return {};
    return text.substr(from, text.find_last_not_of(blank) - from + 1);
}

std::unexpected<KeyFileError> error(std::string text, std::uint32_t line = 0) {
    return std::unexpected(KeyFileError{std::move(text), line});
}

/// One line of a .private file after the other, or one comment of a .key file: its name and its value.
class Lines {
public:
    enum class Of : std::uint8_t { text, comments };
    explicit Lines(std::string_view text, Of of = Of::text) : text_(text), of_(of) {}
    bool next() {
        while (!text_.empty()) {
            const std::size_t end = std::min(text_.find('\n'), text_.size());
            std::string_view line = trimmed(text_.substr(0, end));
            text_.remove_prefix(std::min(end + 1, text_.size()));
            ++number_;
            if (line.empty() || (line.front() == ';') != (of_ == Of::comments)) continue;
            if (of_ == Of::comments) line.remove_prefix(1);
            const std::size_t colon = std::min(line.find(':'), line.size());
            name_ = trimmed(line.substr(0, colon));
            value_ = trimmed(line.substr(std::min(colon + 1, line.size())));
            return true;
        }
        return false;
    }
    std::string_view name() const { return name_; }
    std::string_view value() const { return value_; }
    std::uint32_t number() const { return number_; }

private:
    std::string_view text_, name_, value_;
    Of of_;
    std::uint32_t number_ = 0;
};

Result<void, KeyFileError> read_number(const Lines& line, SecretBytes& out) {
    if (!out.empty()) return error(fmt::format("{} stands twice", line.name()), line.number());
    SecretBytes buffer(line.value().size());
    dns::Writer writer(buffer.writable());
    dns::Decoder decoder(dns::Decoder::Base::base64, writer);
    if (!decoder.feed(line.value()) || !decoder.finish() || writer.size() == 0) {
        return error(fmt::format("{}: expected base64", line.name()), line.number());
    }
    out = SecretBytes(writer.written());
    return {};
}

struct PrivateText {
    std::optional<crypto::Algorithm> algorithm;
    PrivateParameters numbers;
    KeyTimes times;
    bool has_format = false;
};

Result<void, KeyFileError> read_head(const Lines& line, PrivateText& out) {
    if (line.name() == "Private-key-format") {
        // v1.2 has no times, v1.4 names what stands beside those that are read here.
        if (!line.value().starts_with("v1.")) {
            return error(fmt::format("expected format v1.2 or v1.3, found {}", line.value()),
                         line.number());
        }
        out.has_format = true;
        return {};
    }
    const std::string_view number = line.value().substr(0, line.value().find(' '));
    out.algorithm = crypto::parse_algorithm(number);
    if (!out.algorithm) {
        return error(fmt::format("the algorithm {} is not one that signs here", line.value()),
                     line.number());
    }
    return {};
}

/// What does not read as a time is a comment.
KeyTimes times_in_comments(std::string_view text) {
    KeyTimes out;
    for (Lines line(text, Lines::Of::comments); line.next();) {
        const auto found = std::ranges::find(time_lines, line.name(), &TimeLine::name);
        if (found == std::end(time_lines)) continue;
        if (const auto time = parse_key_time(line.value())) out.*found->field = *time;
    }
    return out;
}

Result<void, KeyFileError> read_line(const Lines& line, PrivateText& out) {
    if (line.name() == "Private-key-format" || line.name() == "Algorithm")
        return read_head(line, out);
    for (const NumberLine& each : number_lines) {
        if (each.name == line.name()) return read_number(line, out.numbers.*each.field);
    }
    for (const TimeLine& each : time_lines) {
        if (each.name != line.name()) continue;
        const auto time = parse_key_time(line.value());
        if (!time) {
            return error(fmt::format("{}: expected a time as YYYYMMDDHHmmSS, found {}", each.name,
                                     line.value()),
                         line.number());
        }
        out.times.*each.field = *time;
    }
    return {};
}

}  // namespace

std::vector<UnixTime> change_times(const KeyTimes& times) {
    std::vector<UnixTime> out;
    for (const auto& time : {times.publish, times.activate, times.inactive, times.remove,
                             times.sync_publish, times.sync_remove}) {
        if (time) out.push_back(*time);
    }
    return out;
}

KeyUse use_at(const KeyUse& use, const KeyTimes& times, UnixTime now) {
    const auto begun = [now](const std::optional<UnixTime>& time) { return !time || *time <= now; };
    const auto over = [now](const std::optional<UnixTime>& time) { return time && *time <= now; };
    const bool is_published = begun(times.publish) && !over(times.remove);
    const bool is_active = is_published && begun(times.activate) && !over(times.inactive);
    KeyUse out = use;
    out.publish &= is_published;
    out.sign_keys &= is_active;
    out.sign_zone &= is_active;
    out.announce &= is_published && begun(times.sync_publish) && !over(times.sync_remove) &&
                    !over(times.inactive);
    return out;
}

KeySet use_by_times(std::span<const TimedKey> keys, UnixTime now) {
    constexpr KeyUse all{true, true, true, true};
    std::vector<ZoneKey> active;
    for (const TimedKey& each : keys) {
        if (use_at(all, each.times, now).sign_zone) active.push_back(each.key);
    }
    KeySet out = use_by_flags(std::move(active));
    for (UsedKey& used : out.keys) {
        const auto same = [&](const TimedKey& each) { return each.key == used.key; };
        used.use = use_at(used.use, std::ranges::find_if(keys, same)->times, now);
    }
    for (const TimedKey& each : keys) {
        const KeyUse use = use_at(all, each.times, now);
        if (use.publish && !use.sign_zone)
            out.keys.push_back({each.key, {true, false, false, false}});
    }
    return out;
}

std::string format_key_time(UnixTime time) {
    using namespace std::chrono;
    const sys_seconds at{seconds(time)};
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss clock(at - day);
    return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<UnixTime> parse_key_time(std::string_view text) {
    using namespace std::chrono;
    // BIND writes a readable date in brackets behind it.
    text = text.substr(0, text.find(' '));
    if (text.size() != 14) return std::nullopt;
    const auto field = [&](std::size_t at, std::size_t size) {
        int value = -1;
        const char* const end = text.data() + at + size;
        const auto [stop, fault] = std::from_chars(text.data() + at, end, value);
        return fault == std::errc() && stop == end ? value : -1;
    };
    const int hour = field(8, 2), minute = field(10, 2), second = field(12, 2);
    if (field(0, 4) < 1970 || field(4, 2) < 1 || field(6, 2) < 1 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 59) {
        return std::nullopt;
    }
    const year_month_day date(year(field(0, 4)), month(static_cast<unsigned>(field(4, 2))),
                              day(static_cast<unsigned>(field(6, 2))));
    if (!date.ok()) return std::nullopt;
    const auto at = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
    return at.time_since_epoch() / seconds(1);
}

std::string key_file_stem(NameView zone, std::uint8_t algorithm, std::uint16_t tag) {
    std::string name;
    for (const char c : Name(zone).lowered().to_text()) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                              c == '_' || c == '.' || c == '\\';
        name +=
            is_plain ? std::string(1, c) : fmt::format("\\{:03}", static_cast<unsigned char>(c));
    }
    return fmt::format("K{}+{:03}+{:05}", name, algorithm, tag);
}

std::string format_public_key(const PublicKeyFile& file) {
    const bool is_sep = (load_u16(file.rdata.data()) & dnskey_sep) != 0;
    const std::string owner = file.owner.to_text();
    std::string out = fmt::format("; This is a {}-signing key, keyid {}, for {}\n",
                                  is_sep ? "key" : "zone", key_tag(file.rdata), owner);
    for (const TimeLine& each : time_lines) {
        if (file.times.*each.field)
            out += fmt::format("; {}: {}\n", each.name, format_key_time(*(file.times.*each.field)));
    }
    const dns::RrType type = file.is_key_record ? dns::RrType::KEY : dns::RrType::DNSKEY;
    out += owner + " ";
    if (file.ttl != 0) out += fmt::format("{} ", file.ttl);
    return out + fmt::format("IN {} {}\n", dns::type_name(type),
                             dns::rdata_to_text(type, dns::RrClass::IN, file.rdata));
}

Result<PublicKeyFile, KeyFileError> parse_public_key(std::string_view text) {
    if (text.size() > crypto::private_key_text_bytes_max) return error("more text than a key has");
    const auto tokens = dns::split_tokens(text);
    if (!tokens) return error(tokens.error().text);
    std::span<const dns::Token> rest(*tokens);
    if (rest.empty()) return error("expected a DNSKEY record, found nothing");
    PublicKeyFile out;
    const auto owner = Name::from_text(rest.front().text);
    if (!owner) return error(fmt::format("{}: {}", rest.front().text, owner.error().text));
    out.owner = *owner;
    rest = rest.subspan(1);
    const auto take_word = [&](auto is_it) {
        const bool found = !rest.empty() && is_it(rest.front().text);
        if (found) rest = rest.subspan(1);
        return found;
    };
    const auto is_ttl = [&](std::string_view word) {
        return std::from_chars(word.data(), word.data() + word.size(), out.ttl).ptr ==
               word.data() + word.size();
    };
    const auto is_class = [](std::string_view word) {
        return dns::parse_class(word) == dns::RrClass::IN;
    };
    take_word(is_ttl);
    take_word(is_class);
    if (out.ttl == 0) take_word(is_ttl);
    const auto type = rest.empty() ? std::nullopt : dns::parse_type(rest.front().text);
    if (type != dns::RrType::DNSKEY && type != dns::RrType::KEY) {
        return error(
            "expected one record of type DNSKEY or KEY: owner [TTL] [IN] DNSKEY flags 3 algorithm key");
    }
    out.is_key_record = type == dns::RrType::KEY;
    std::array<std::uint8_t, 4 + crypto::public_key_bytes_max> buffer;
    dns::Writer writer(buffer);
    const auto parsed = dns::parse_rdata(*type, dns::RrClass::IN, rest.subspan(1), {}, writer);
    if (!parsed) return error(parsed.error().text);
    if (writer.overflow()) return error("the key is longer than any that is supported");
    out.rdata.assign(writer.written().begin(), writer.written().end());
    out.times = times_in_comments(text);
    return out;
}

SecretBytes format_private_key(const PrivateKeyFile& file) {
    const auto number = static_cast<std::uint8_t>(file.key.algorithm());
    std::string text = fmt::format("Private-key-format: v1.3\nAlgorithm: {} ({})\n", number,
                                   crypto::algorithm_name(number));
    text.reserve(
        crypto::private_key_text_bytes_max);  // so that no copy of the secret is left behind
    const PrivateParameters numbers = file.key.parameters();
    for (const NumberLine& each : number_lines) {
        const SecretBytes& bytes = numbers.*each.field;
        if (bytes.empty()) continue;
        text += each.name;
        text += ": ";
        dns::append_base64(text, bytes.bytes());
        text += '\n';
    }
    for (const TimeLine& each : time_lines) {
        if (file.times.*each.field)
            text += fmt::format("{}: {}\n", each.name, format_key_time(*(file.times.*each.field)));
    }
    SecretBytes out(as_bytes(text));
    crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    return out;
}

Result<PrivateKeyFile, KeyFileError> parse_private_key(std::string_view text) {
    if (text.size() > crypto::private_key_text_bytes_max) return error("more text than a key has");
    PrivateText read;
    for (Lines line(text); line.next();) KITH_TRY_VOID(read_line(line, read));
    if (!read.has_format) return error("expected a line `Private-key-format: v1.3`, found none");
    if (!read.algorithm) return error("expected a line `Algorithm: ...`, found none");
    auto key = PrivateKey::from_parameters(*read.algorithm, read.numbers);
    if (!key) return error(std::string(crypto::fault_text(key.error())));
    return PrivateKeyFile{*std::move(key), read.times};
}

Result<ZoneKey, KeyFileError> join_key_files(const PublicKeyFile& shown,
                                             const PrivateKeyFile& file) {
    const ZoneKey key(load_u16(shown.rdata.data()), file.key);
    if (!std::ranges::equal(key.rdata(), shown.rdata)) {
        return error("the private key is not the one of the DNSKEY record beside it");
    }
    return key;
}

}  // namespace kith::dnssec
