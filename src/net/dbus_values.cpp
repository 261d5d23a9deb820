#include "net/dbus_values.hpp"

#include "discovery/dbus/limits.hpp"

namespace kith::net {
namespace {

using discovery::dbus::ByteArray;
using discovery::dbus::Value;
using discovery::dbus::Values;

class Appender {
public:
    Appender(const DbusLibrary& library, sd_bus_message* message)
        : library_(library), message_(message) {}

    bool all(std::string_view signature, const Values& values) {
        for (const Value& value : values) {
            const std::size_t length = first_type(signature);
            if (length == 0 || !one(signature.substr(0, length), value)) return false;
            signature.remove_prefix(length);
        }
        return signature.empty();
    }

private:
    bool one(std::string_view type, const Value& value) {
        switch (type[0]) {
            case 'q': return basic<std::uint16_t>('q', value);
            case 'i': return basic<std::int32_t>('i', value);
            case 'u': return basic<std::uint32_t>('u', value);
            case 't': return basic<std::uint64_t>('t', value);
            case 's':
            case 'o': return text(type[0], value);
            case 'a': return type == "ay" ? bytes(value) : array(type.substr(1), value);
            case '(':
            case '{': return structure(type, value);
            default: return false;  // nobody here sends others
        }
    }

    template <class T>
    bool basic(char type, const Value& value) {
        const T* const content = std::get_if<T>(&value.is);
        return content != nullptr && library_.message_append_basic(message_, type, content) >= 0;
    }

    bool text(char type, const Value& value) {
        const auto* const content = std::get_if<std::string>(&value.is);
        return content != nullptr && content->find('\0') == std::string::npos &&
               library_.message_append_basic(message_, type, content->c_str()) >= 0;
    }

    bool bytes(const Value& value) {
        const auto* const content = std::get_if<ByteArray>(&value.is);
        return content != nullptr &&
               library_.message_append_array(message_, 'y', content->data(), content->size()) >= 0;
    }

    bool array(std::string_view type, const Value& value) {
        const auto* const content = std::get_if<Values>(&value.is);
        if (content == nullptr ||
            library_.message_open_container(message_, 'a', std::string(type).c_str()) < 0)
            return false;
        for (const Value& item : *content) {
            if (!one(type, item)) return false;
        }
        return library_.message_close_container(message_) >= 0;
    }

    bool structure(std::string_view type, const Value& value) {
        const auto* const content = std::get_if<Values>(&value.is);
        const std::string inside(type.substr(1, type.size() - 2));
        const char kind = type[0] == '(' ? 'r' : 'e';
        if (content == nullptr ||
            library_.message_open_container(message_, kind, inside.c_str()) < 0)
            return false;
        return all(inside, *content) && library_.message_close_container(message_) >= 0;
    }

    const DbusLibrary& library_;
    sd_bus_message* message_;
};

class ValueReader {
public:
    ValueReader(const DbusLibrary& library, sd_bus_message* message)
        : library_(library), message_(message) {}

    /// Up to the end of the container that is open.
    std::optional<Values> all(int depth) {
        Values out;
        while (true) {
            char type = 0;
            const char* contents = nullptr;
            const int got = library_.message_peek_type(message_, &type, &contents);
            if (got < 0) return std::nullopt;
            if (got == 0) return out;
            if (++values_ > discovery::dbus::message_values_max) return std::nullopt;
            auto value = one(type, contents == nullptr ? "" : contents, depth);
            if (!value) return std::nullopt;
            out.push_back(std::move(*value));
        }
    }

private:
    std::optional<Value> one(char type, const char* contents, int depth) {
        switch (type) {
            case 'y': return basic<std::uint8_t>(type);
            case 'n': return basic<std::int16_t>(type);
            case 'q': return basic<std::uint16_t>(type);
            case 'i': return basic<std::int32_t>(type);
            case 'u': return basic<std::uint32_t>(type);
            case 'x': return basic<std::int64_t>(type);
            case 't': return basic<std::uint64_t>(type);
            case 'b': {
                const auto flag = basic<std::int32_t>(type);  // an int in the library
                if (!flag) return std::nullopt;
                return Value{std::get<std::int32_t>(flag->is) != 0};
            }
            case 's':
            case 'o':
            case 'g': return text(type);
            case 'a':
                if (std::string_view(contents) == "y") return bytes();
                return container(type, contents, depth);
            case 'v': return variant(contents, depth);
            case 'r':
            case 'e': return container(type, contents, depth);
            default: return std::nullopt;
        }
    }

    template <class T>
    std::optional<Value> basic(char type) {
        T value{};
        if (library_.message_read_basic(message_, type, &value) <= 0) return std::nullopt;
        return Value{value};
    }

    bool spend(std::size_t bytes) {
        bytes_ += bytes;
        return bytes_ <= discovery::dbus::message_bytes_max;
    }

    std::optional<Value> text(char type) {
        const char* value = nullptr;
        if (library_.message_read_basic(message_, type, &value) <= 0 || value == nullptr)
            return std::nullopt;
        const std::string_view view(value);
        if (!spend(view.size())) return std::nullopt;
        return Value{std::string(view)};
    }

    std::optional<Value> bytes() {
        const void* data = nullptr;
        std::size_t size = 0;
        if (library_.message_read_array(message_, 'y', &data, &size) < 0 || !spend(size))
            return std::nullopt;
        const auto* const begin = static_cast<const std::uint8_t*>(data);
        return Value{size == 0 ? ByteArray() : ByteArray(begin, begin + size)};
    }

    std::optional<Value> container(char type, const char* contents, int depth) {
        if (depth <= 0 || library_.message_enter_container(message_, type, contents) <= 0)
            return std::nullopt;
        auto inside = all(depth - 1);
        if (!inside || library_.message_exit_container(message_) < 0) return std::nullopt;
        return Value{std::move(*inside)};
    }

    std::optional<Value> variant(const char* contents, int depth) {
        auto inside = container('v', contents, depth);
        if (!inside) return std::nullopt;
        auto& values = std::get<Values>(inside->is);
        if (values.size() != 1) return std::nullopt;
        Value content = std::move(values.front());
        return content;
    }

    const DbusLibrary& library_;
    sd_bus_message* message_;
    std::size_t values_ = 0, bytes_ = 0;
};

}  // namespace

std::size_t first_type(std::string_view signature) {
    std::size_t at = 0;
    while (at < signature.size() && signature[at] == 'a') ++at;
    if (at == signature.size()) return 0;
    if (signature[at] != '(' && signature[at] != '{') return at + 1;
    for (int open = 0; at < signature.size(); ++at) {
        const char c = signature[at];
        if (c == '(' || c == '{') ++open;
        if ((c == ')' || c == '}') && --open == 0) return at + 1;
    }
    return 0;
}

bool append_values(const DbusLibrary& library, sd_bus_message* message, std::string_view signature,
                   const Values& values) {
    return Appender(library, message).all(signature, values);
}

std::optional<Values> read_values(const DbusLibrary& library, sd_bus_message* message) {
    return ValueReader(library, message).all(discovery::dbus::message_depth_max);
}

}  // namespace kith::net
