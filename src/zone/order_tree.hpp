#pragma once
// OrderTree: the nodes of a zone in canonical order (RFC 4034 §6.1), copy-on-write.
//
// A B+tree of pages of up to 64 pointers. A page holds exactly what it needs: each change of one
// writes a new page, and new pages up to the root.
//
//   inner page: maker, count, level | child, first node below it | ...
//   leaf page:  maker, count, 0     | node | node | ...
//
// An OrderTree is a value of one word: one version's view. Changing it goes through an Edit.

#include <array>
#include <cstdint>
#include <span>

#include "zone/lineage.hpp"
#include "zone/node.hpp"

namespace kith::zone {

class OrderKey;

/// 64-way, at least 16 of 64 used: 12 levels hold more than 2^48 nodes.
inline constexpr std::size_t order_levels_max = 12;

struct OrderPage {
    std::uint32_t made_by;
    std::uint16_t count;
    std::uint16_t level;  // 0: leaf

    struct Child {
        OrderPage* page;
        const std::uint8_t* first;
    };
    Child* children() { return reinterpret_cast<Child*>(this + 1); }
    const Child* children() const { return reinterpret_cast<const Child*>(this + 1); }
    const std::uint8_t** nodes() { return reinterpret_cast<const std::uint8_t**>(this + 1); }
    const std::uint8_t* const* nodes() const {
        return reinterpret_cast<const std::uint8_t* const*>(this + 1);
    }
};

/// A place in canonical order: at a node, or at the end (false).
class Cursor {
public:
    explicit operator bool() const { return at_[0].index < at_[0].page->count; }
    /// Requires not to be at the end.
    NodeView node() const { return NodeView(at_[0].page->nodes()[at_[0].index]); }
    /// Forward by one; requires not to be at the end.
    void next();
    /// Back by one, also from the end; stays and returns false at the first node.
    bool previous();
    /// The page of the node when it is the first of it, else null. Versions share whole pages.
    const OrderPage* page_start() const { return at_[0].index == 0 ? at_[0].page : nullptr; }
    /// To the first node of the next page, or to the end.
    void next_page();

private:
    friend class OrderTree;
    struct Step {
        const OrderPage* page;
        std::uint16_t index;
    };
    void descend(std::size_t level);

    std::array<Step, order_levels_max> at_;  // by level: 0 is the leaf
    std::size_t levels_ = 0;
};

class OrderTree {
public:
    Cursor first() const;
    /// At the first node that is not before `key`.
    Cursor lower_bound(const OrderKey& key) const;

    /// A tree of these nodes, which are in order; at least one.
    static OrderTree build(Edit& edit, std::span<const HashedNode> nodes);
    /// Adds a node whose name is not there.
    void insert(Edit& edit, const std::uint8_t* node);
    /// Puts `now` in the place of the node of the same name.
    void replace(Edit& edit, const std::uint8_t* now);
    /// Removes the node of this name, not the last one of the tree.
    void erase(Edit& edit, const OrderKey& key);

    /// Frees pages and nodes made after version `before`; of a version never built upon.
    void free_newer_than(std::uint32_t before, Slab& slab) const;

private:
    OrderPage* root_ = nullptr;
};

}  // namespace kith::zone
