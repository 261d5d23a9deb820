#pragma once
// OrderTree: the nodes of a zone in canonical order (RFC 4034 §6.1), copy-on-write.
//
// A B+tree of pages of up to 64 pointers. A page holds exactly what it needs: each change of one
// writes a new page, and new pages up to the root.
//
//   inner page: maker, count, level | child, first node below it | ...
//   leaf page:  maker, count, 0     | node | node | ...
//
// Pointers to children and nodes carry two marks in their lowest bits: there is an NSEC, or an NSEC3,
// here or below. So the last name before another one that has one is found without reading any of
// those between them, which have none and may be millions.
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

/// The records that chain the names of a signed zone.
enum class ChainLink : std::uint8_t { nsec = 1, nsec3 = 2 };

/// A pointer to memory aligned to 4 bytes, with marks (ChainLink) in the two bits that leaves.
template <class T>
class Marked {
public:
    Marked() = default;
    Marked(T* at, unsigned marks) : word_(reinterpret_cast<std::uintptr_t>(at) | marks) {}
    T* get() const { return reinterpret_cast<T*>(word_ & ~std::uintptr_t{3}); }
    unsigned marks() const { return static_cast<unsigned>(word_ & 3); }
    bool has(ChainLink link) const { return (word_ & static_cast<std::uintptr_t>(link)) != 0; }

private:
    std::uintptr_t word_;
};

struct OrderPage {
    std::uint32_t made_by;
    std::uint16_t count;
    std::uint16_t level;  // 0: leaf

    struct Child {
        Marked<OrderPage> page;
        const std::uint8_t* first;
    };
    using Node = Marked<const std::uint8_t>;
    Child* children() { return reinterpret_cast<Child*>(this + 1); }
    const Child* children() const { return reinterpret_cast<const Child*>(this + 1); }
    Node* nodes() { return reinterpret_cast<Node*>(this + 1); }
    const Node* nodes() const { return reinterpret_cast<const Node*>(this + 1); }
};

/// A place in canonical order: at a node, or at the end (false).
class Cursor {
public:
    explicit operator bool() const { return at_[0].index < at_[0].page->count; }
    /// Requires not to be at the end.
    NodeView node() const { return NodeView(at_[0].page->nodes()[at_[0].index].get()); }
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

    /// The last node before `key` with such a record; none when there is none. Occluded nodes have no
    /// NSEC, whatever they hold. Reads pages and the nodes that a search compares, no others.
    NodeView last_before(const OrderKey& key, ChainLink link) const;
    /// The last one of all.
    NodeView last(ChainLink link) const;

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
