#include "update/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "dns/rdata.hpp"
#include "update/limits.hpp"

namespace kith::update {
namespace {

constexpr std::string_view acme_label = "_acme-challenge";

struct RuleRow {
    NameRule rule;
    std::string_view word;
    int names_min, names_max;  // that may stand behind it
};
constexpr RuleRow rule_rows[] = {
    {NameRule::acme, "acme", 0, static_cast<int>(grant_types_max)},
    {NameRule::self, "self", 0, 0},
    {NameRule::selfsub, "selfsub", 0, 0},
    {NameRule::selfwild, "selfwild", 0, 0},
    {NameRule::name, "name", 1, 1},
    {NameRule::subdomain, "subdomain", 1, 1},
    {NameRule::wildcard, "wildcard", 1, 1},
    {NameRule::zonesub, "zonesub", 0, 0},
    {NameRule::own, "own", 0, 1},
};

const RuleRow& row_of(NameRule rule) { return *std::ranges::find(rule_rows, rule, &RuleRow::rule); }

bool is_strictly_under(NameView name, NameView above) {
    return name.is_under(above) && name != above;
}

bool fits_name(const Grant& grant, const Requester& requester, NameView zone, NameView owner) {
    switch (grant.rule) {
        case NameRule::acme:
            if (owner.is_root() ||
                !dns::equal_ignoring_case(as_text(owner.first_label()), acme_label)) {
                return false;
            }
            return grant.names.empty() || std::ranges::any_of(grant.names, [&](const Name& name) {
                       return owner.parent() == name.view();
                   });
        case NameRule::self: return requester.key && requester.key->view() == owner;
        case NameRule::selfsub: return requester.key && owner.is_under(*requester.key);
        case NameRule::selfwild: return requester.key && is_strictly_under(owner, *requester.key);
        case NameRule::name: return owner == grant.names.front().view();
        case NameRule::subdomain: return owner.is_under(grant.names.front());
        case NameRule::wildcard:
            return is_strictly_under(owner, grant.names.front().view().parent());
        case NameRule::zonesub: return owner.is_under(zone);
        case NameRule::own: return grant.names.empty() || owner.is_under(grant.names.front());
    }
    return false;
}

bool fits_requester(const Grant& grant, const Requester& requester) {
    if (grant.address && !grant.address->contains(requester.address)) return false;
    if (grant.any_key) {
        return requester.key &&
               (!grant.key || is_strictly_under(requester.key->view(), grant.key->view()));
    }
    return !grant.key || (requester.key && *requester.key == *grant.key);
}

/// The type rule that lets `type` through; null and false: none does.
struct TypeMatch {
    bool fits = false;
    std::uint16_t records_max = 0;
};
TypeMatch fit_type(const Grant& grant, RrType type) {
    if (type == RrType::ANY) return {true, 0};
    if (grant.rule == NameRule::acme && grant.types.empty()) return {type == RrType::TXT, 0};
    if (grant.types.empty()) {
        return {type != RrType::SOA && type != RrType::NS && !belongs_to_signer(type), 0};
    }
    for (const TypeRule& rule : grant.types) {
        if (rule.type == type) return {true, rule.records_max};
    }
    for (const TypeRule& rule : grant.types) {
        if (rule.type == RrType::ANY && !belongs_to_signer(type)) return {true, rule.records_max};
    }
    return {};
}

using Words = std::vector<std::string_view>;

std::unexpected<dns::TextError> text_error(std::string_view line, std::string_view at,
                                           std::string text) {
    const auto position =
        at.data() == nullptr ? line.size() : static_cast<std::size_t>(at.data() - line.data());
    return std::unexpected(dns::TextError{std::move(text), position});
}

Words split(std::string_view line) {
    Words out;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t begin = line.find_first_not_of(" \t", at);
        if (begin == std::string_view::npos) break;
        at = std::min(line.find_first_of(" \t", begin), line.size());
        out.push_back(line.substr(begin, at - begin));
    }
    if (!out.empty() && out.back().ends_with(';')) {
        out.back().remove_suffix(1);
        if (out.back().empty()) out.pop_back();
    }
    return out;
}

/// Reads "KEY", "*", "*.NAME", "PREFIX" or one of the first three with "@PREFIX".
dns::Text<void> read_identity(std::string_view line, std::string_view word, Grant& grant) {
    const std::size_t at = word.rfind('@');
    const auto whole_prefix = IpPrefix::from_text(word);
    const auto whole_address = IpAddress::from_text(word);
    if (whole_prefix || whole_address) {
        const auto bits =
            static_cast<std::uint8_t>(whole_address && whole_address->is_v6() ? 128 : 32);
        grant.address = whole_prefix ? *whole_prefix : IpPrefix{*whole_address, bits};
        return {};
    }
    if (at != std::string_view::npos) {
        const std::string_view text = word.substr(at + 1);
        grant.address = IpPrefix::from_text(text);
        if (const auto address = IpAddress::from_text(text); address && !grant.address) {
            grant.address =
                IpPrefix{*address, static_cast<std::uint8_t>(address->is_v6() ? 128 : 32)};
        }
        if (!grant.address) {
            return text_error(
                line, text,
                fmt::format("expected an address or a prefix behind '@', found '{}'", text));
        }
        word = word.substr(0, at);
    }
    grant.any_key = word == "*" || word.starts_with("*.");
    if (word == "*") return {};
    const auto key = Name::from_text(grant.any_key ? word.substr(2) : word);
    if (!key) return text_error(line, word, key.error().text);
    grant.key = *key;
    return {};
}

dns::Text<TypeRule> read_type(std::string_view line, std::string_view word) {
    const std::size_t open = word.find('(');
    TypeRule rule;
    const auto type = dns::parse_type(word.substr(0, open));
    if (!type || (dns::is_meta_type(*type) && *type != RrType::ANY)) {
        return text_error(line, word, fmt::format("expected a record type, found '{}'", word));
    }
    rule.type = *type;
    if (open == std::string_view::npos) return rule;
    const std::string_view count = word.substr(open + 1);
    const auto [end, fault] =
        std::from_chars(count.data(), count.data() + count.size(), rule.records_max);
    if (fault != std::errc{} || rule.records_max == 0 ||
        std::string_view(end, count.data() + count.size()) != ")") {
        return text_error(line, word,
                          fmt::format("expected {}(N), N records at most, found '{}'",
                                      dns::type_name(rule.type), word));
    }
    return rule;
}

/// Names stand before types, and nothing that can be a type is taken for an optional name.
bool looks_like_a_name(std::string_view word) {
    return !dns::parse_type(word.substr(0, word.find('('))).has_value();
}

dns::Text<void> read_names(std::string_view line, const Words& words, std::size_t& at,
                           NameView origin, Grant& grant) {
    const RuleRow& row = row_of(grant.rule);
    const auto wanted = [&] {
        const auto count = static_cast<int>(grant.names.size());
        if (count >= row.names_max || at == words.size()) return false;
        return count < row.names_min || looks_like_a_name(words[at]);
    };
    for (; wanted(); ++at) {
        const auto name = Name::from_text(words[at], origin);
        if (!name) return text_error(line, words[at], name.error().text);
        if (!name->is_under(origin)) {
            return text_error(
                line, words[at],
                fmt::format("expected a name in {}, found {}", origin.to_text(), name->to_text()));
        }
        grant.names.push_back(*name);
    }
    if (static_cast<int>(grant.names.size()) < row.names_min) {
        return text_error(line, {}, fmt::format("expected a name behind '{}'", row.word));
    }
    if (grant.rule == NameRule::wildcard && !grant.names.front().is_wildcard()) {
        return text_error(
            line, words[at - 1],
            fmt::format("expected '*.' and a name behind 'wildcard', found '{}'", words[at - 1]));
    }
    return {};
}

std::string identity_text(const Grant& grant) {
    std::string out;
    if (grant.any_key) out = grant.key ? fmt::format("*.{}", grant.key->to_text()) : "*";
    if (!grant.any_key && grant.key) out = grant.key->to_text();
    if (!grant.address) return out;
    return out + (out.empty() ? "" : "@") + grant.address->to_text();
}

}  // namespace

std::string Requester::to_text() const {
    const std::string who = key ? fmt::format("key {}", key->to_text()) : "no key";
    return address.family() == IpFamily::none ? who
                                              : fmt::format("{} at {}", who, address.to_text());
}

std::string Grant::to_text() const {
    std::string out = fmt::format("{} {} {}", verb == Verb::grant ? "grant" : "deny",
                                  identity_text(*this), row_of(rule).word);
    for (const Name& name : names) out += " " + name.to_text();
    for (const TypeRule& type : types) {
        out += " " + dns::type_name(type.type);
        if (type.records_max != 0) out += fmt::format("({})", type.records_max);
    }
    return out;
}

dns::Text<Grant> parse_grant(std::string_view line, NameView origin) {
    const Words words = split(line);
    Grant grant;
    if (words.empty() || (words[0] != "grant" && words[0] != "deny")) {
        return text_error(line, words.empty() ? std::string_view{} : words[0],
                          "expected 'grant' or 'deny'");
    }
    grant.verb = words[0] == "grant" ? Verb::grant : Verb::deny;
    if (words.size() < 2) return text_error(line, {}, "expected a key, '*' or an address");
    KITH_TRY_VOID(read_identity(line, words[1], grant));
    std::string known;
    for (const RuleRow& row : rule_rows)
        known += fmt::format("{}{}", known.empty() ? "" : ", ", row.word);
    const auto row = words.size() < 3 ? std::end(rule_rows)
                                      : std::ranges::find(rule_rows, words[2], &RuleRow::word);
    if (row == std::end(rule_rows)) {
        return text_error(line, words.size() < 3 ? std::string_view{} : words[2],
                          fmt::format("expected one of {}", known));
    }
    grant.rule = row->rule;
    std::size_t at = 3;
    KITH_TRY_VOID(read_names(line, words, at, origin, grant));
    for (; at < words.size(); ++at) {
        if (grant.types.size() == grant_types_max) {
            return text_error(line, words[at],
                              fmt::format("expected at most {} types", grant_types_max));
        }
        KITH_TRY(const TypeRule type, read_type(line, words[at]));
        grant.types.push_back(type);
    }
    const bool needs_key = grant.rule == NameRule::self || grant.rule == NameRule::selfsub ||
                           grant.rule == NameRule::selfwild;
    if (needs_key && !grant.key && !grant.any_key) {
        return text_error(
            line, words[2],
            fmt::format("expected a key in front of '{}', found an address", words[2]));
    }
    return grant;
}

bool Policy::knows(const Requester& requester) const {
    return std::ranges::any_of(grants_, [&](const Grant& grant) {
        return grant.verb == Verb::grant && fits_requester(grant, requester);
    });
}

Ruling Policy::rule(const Requester& requester, NameView zone, NameView owner, RrType type) const {
    for (const Grant& grant : grants_) {
        if (!fits_requester(grant, requester) || !fits_name(grant, requester, zone, owner))
            continue;
        const TypeMatch match = fit_type(grant, type);
        if (!match.fits) continue;
        // A rule that forbids some types does not decide about deleting all: each is asked about.
        if (type == RrType::ANY && grant.verb == Verb::deny && !grant.types.empty()) continue;
        return {.granted = grant.verb == Verb::grant,
                .own_only = grant.rule == NameRule::own,
                .records_max = match.records_max,
                .grant = &grant};
    }
    return {};
}

bool belongs_to_signer(RrType type) {
    switch (type) {
        case RrType::RRSIG:
        case RrType::NSEC:
        case RrType::NSEC3:
        case RrType::NSEC3PARAM:
        case RrType::DNSKEY:
        case RrType::CDS:
        case RrType::CDNSKEY:
        case RrType::CSYNC:
        case RrType::ZONEMD:
        case RrType::SIG:
        case RrType::NXT: return true;
        default: return false;
    }
}

}  // namespace kith::update
