#pragma once
// What browse -r and its like do with what they find: resolve it for as long as it is there.

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "client/discovery.hpp"

namespace kith::cli {

class Resolving {
public:
    using OnResolved = std::function<void(const client::ResolveEvent&)>;

    /// `on_resolved` is called for what is found and what changes: never with an error, never with what
    /// is gone. The discovery outlives this.
    Resolving(client::Discovery& discovery, OnResolved on_resolved)
        : discovery_(discovery), on_resolved_(std::move(on_resolved)) {}

    /// Takes an event of a browse: an instance is resolved on the interface it was found on.
    void take(const client::BrowseEvent& event) {
        if (!event.error.empty()) return;
        const Key key{event.name.to_text(), event.interface.index};
        if (event.change == client::Change::removed) {
            operations_.erase(key);
        } else if (!operations_.contains(key)) {
            auto operation = discovery_.resolve(
                event.name,
                [this](const client::ResolveEvent& found) {
                    if (found.error.empty() && found.change != client::Change::removed)
                        on_resolved_(found);
                },
                {event.interface.index, client::Family::any});
            if (operation) operations_.emplace(key, std::move(operation));
        }
    }

private:
    using Key = std::pair<std::string, std::uint32_t>;  // name, interface

    client::Discovery& discovery_;
    OnResolved on_resolved_;
    std::map<Key, client::Operation> operations_;
};

}  // namespace kith::cli
