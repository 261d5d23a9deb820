#pragma once
// JSON (RFC 8259) as a stream of events, each with its place: what the loader is fed with.
//
// Beyond the RFC: `//` and `/* */` comments, a comma after the last item, a byte order mark. The
// grammar is Boost.JSON's; places and the words of a syntax error are ours. Nothing is kept, so
// reading costs no memory that grows with the file.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/lines.hpp"

namespace kith::config {

/// A value that is no list and no object.
struct Scalar {
    enum class Kind : std::uint8_t {
        null,
        flag,
        count,   // an integer 0..2^64-1
        number,  // any other number: negative, with a fraction, too large
        text,
    };
    Kind kind = Kind::null;
    bool flag = false;
    std::uint64_t count = 0;
    std::string_view text = {};  // unescaped text, or the digits of a number as written
};

/// Receives the events of one text, in its order. Views die with the call.
class JsonEvents {
public:
    virtual ~JsonEvents() = default;
    virtual void on_object_begin(Offset at) = 0;
    virtual void on_object_end(Offset at) = 0;
    virtual void on_list_begin(Offset at) = 0;
    virtual void on_list_end(Offset at) = 0;
    virtual void on_key(Offset at, std::string_view key) = 0;
    virtual void on_scalar(Offset at, const Scalar& value) = 0;
};

struct SyntaxError {
    Offset at = 0;
    std::string text;  // what was expected, what was found
};

/// Sends the events of `text`, which is one JSON value of at most config_bytes_max bytes. On a
/// syntax error the events before it have been sent; nullopt when there is none.
std::optional<SyntaxError> read_json(std::string_view text, const Lines& lines, JsonEvents& events);

}  // namespace kith::config
