#pragma once
// The language of nsupdate, line by line: what a line asks for, as a value. Nothing is sent from here.
//
//   server HOST [PORT]      local ADDRESS [PORT]     zone NAME       origin NAME
//   class CLASS             ttl SECONDS              key [ALG:]NAME SECRET
//   [prereq] nxdomain NAME  [prereq] yxdomain NAME   [prereq] nxrrset NAME [CLASS] TYPE
//   [prereq] yxrrset NAME [CLASS] TYPE [DATA...]
//   [update] add NAME [TTL] [CLASS] TYPE DATA...
//   [update] del[ete] NAME [TTL] [CLASS] [TYPE [DATA...]]
//   lease SECONDS [KEY-SECONDS]                      (ours: RFC 9664)
//   show   send   answer   debug   version   help   quit
//
// An empty line sends; a line that begins with `;` is a comment, and so is what follows a `;` outside
// quotes. Names are absolute, or below `origin` (knsupdate's) when one is set.

#include <optional>
#include <string>
#include <string_view>

#include "dns/wire_error.hpp"
#include "update/update_message.hpp"

namespace kith::update {

/// What earlier lines have set and later ones depend on.
struct ScriptDefaults {
    RrClass klass = RrClass::IN;
    std::optional<std::uint32_t> ttl;
    Name origin;  // the root: names are absolute
};

struct ScriptCommand {
    enum class Kind : std::uint8_t {
        nothing,       // a comment
        server,        // host, port
        local,         // host, port
        zone,          // name
        origin,        // name
        klass,         // klass
        ttl,           // number; nullopt number: "ttl none"
        key,           // text: what -y takes
        lease,         // lease
        prerequisite,  // record
        update,        // record
        show,
        send,
        answer,
        debug,
        version,
        help,
        quit,
    };
    Kind kind = Kind::nothing;
    std::string text;
    std::optional<std::uint32_t> number;
    Name name;
    RrClass klass{};
    UpdateRecord record;  // as it stands in the message
    Lease lease;
};

/// Reads one line without its line break. Errors say where in the line; also for words of nsupdate
/// that kith refuses: gsstsig, oldgsstsig and realm.
dns::Text<ScriptCommand> parse_script_line(std::string_view line, const ScriptDefaults& defaults);

/// The language in a few lines, for `help`.
std::string_view script_help();

}  // namespace kith::update
