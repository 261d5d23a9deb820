#include "zone/order_tree.hpp"

#include <algorithm>
#include <vector>

#include "base/check.hpp"
#include "zone/node_block.hpp"
#include "zone/order_key.hpp"

namespace kith::zone {
namespace {

constexpr std::size_t page_entries_max = 64;
// A page that shrank below a quarter joins a neighbor when both fit in three quarters of one.
constexpr std::size_t page_entries_low = 16;
constexpr std::size_t page_entries_joined = 48;

using Child = OrderPage::Child;
using Node = OrderPage::Node;
static_assert(sizeof(Node) == 8 && sizeof(Child) == 16 && std::is_trivially_copyable_v<Child>,
              "pages are copied as bytes");

std::size_t entry_bytes(std::size_t level) { return level == 0 ? sizeof(Node) : sizeof(Child); }

/// What a node is in the chains. NSEC3 are below a DNAME of the apex, too, and count there.
unsigned marks_of(NodeView node) {
    unsigned marks = 0;
    if (!node.is_occluded() && node.find(RrType::NSEC))
        marks |= static_cast<unsigned>(ChainLink::nsec);
    if (node.find(RrType::NSEC3)) marks |= static_cast<unsigned>(ChainLink::nsec3);
    return marks;
}

Node marked(const std::uint8_t* node) { return {node, marks_of(NodeView(node))}; }

unsigned marks_of(const OrderPage& page) {
    unsigned marks = 0;
    for (std::size_t i = 0; i < page.count; ++i) {
        marks |= page.level == 0 ? page.nodes()[i].marks() : page.children()[i].page.marks();
    }
    return marks;
}

std::size_t page_bytes(const OrderPage& page) {
    return sizeof(OrderPage) + page.count * entry_bytes(page.level);
}

template <class Entry>
OrderPage* make_page(Edit& edit, std::size_t level, std::span<const Entry> entries) {
    KITH_CHECK(level < order_levels_max);
    auto* const at = edit.allocate(sizeof(OrderPage) + entries.size_bytes(), Slab::Align::page);
    auto* const page =
        new (at) OrderPage{edit.version(), static_cast<std::uint16_t>(entries.size()),
                           static_cast<std::uint16_t>(level)};
    std::memcpy(at + sizeof(OrderPage), entries.data(), entries.size_bytes());
    return page;
}

void discard(Edit& edit, OrderPage* page) {
    edit.discard(reinterpret_cast<std::uint8_t*>(page), page_bytes(*page), Slab::Align::page,
                 page->made_by);
}

const std::uint8_t* first_node(const OrderPage& page) {
    return page.level == 0 ? page.nodes()[0].get() : page.children()[0].first;
}

Child child_of(OrderPage* page) { return {{page, marks_of(*page)}, first_node(*page)}; }

bool is_before(Node node, const OrderKey& key) {
    return OrderKey::compare(NodeView(node.get()).relative_owner(), key) < 0;
}

/// Index of the first node of a leaf that is not before `key`.
std::size_t leaf_position(const OrderPage& leaf, const OrderKey& key) {
    const auto nodes = std::span(leaf.nodes(), leaf.count);
    const auto at =
        std::ranges::partition_point(nodes, [&](Node node) { return is_before(node, key); });
    return static_cast<std::size_t>(at - nodes.begin());
}

/// Index of the child of an inner page below which `key` is or belongs.
std::size_t child_position(const OrderPage& inner, const OrderKey& key) {
    // The last child whose first node is not after the key; before all of them: the first.
    const auto rest = std::span(inner.children(), inner.count).subspan(1);
    const auto at = std::ranges::partition_point(rest, [&](const Child& child) {
        return OrderKey::compare(NodeView(child.first).relative_owner(), key) <= 0;
    });
    return static_cast<std::size_t>(at - rest.begin());
}

/// What became of a page: one page, or two when it was full, or none when it got empty.
struct Outcome {
    OrderPage* page = nullptr;
    OrderPage* second = nullptr;
};

template <class Entry>
Outcome pages_of(Edit& edit, std::size_t level, std::span<const Entry> entries) {
    if (entries.empty()) return {};
    if (entries.size() <= page_entries_max) return {make_page(edit, level, entries), nullptr};
    const std::size_t half = entries.size() / 2;
    return {make_page(edit, level, entries.first(half)),
            make_page(edit, level, entries.subspan(half))};
}

/// Joins children `at` and `at + 1` of `children` when both are small enough together.
void join(Edit& edit, std::vector<Child>& children, std::size_t at) {
    OrderPage* const a = children[at].page.get();
    OrderPage* const b = children[at + 1].page.get();
    if (a->count + std::size_t{b->count} > page_entries_joined) return;
    const std::size_t size = entry_bytes(a->level);
    auto* const memory = edit.allocate(
        sizeof(OrderPage) + (a->count + std::size_t{b->count}) * size, Slab::Align::page);
    auto* const joined = new (memory)
        OrderPage{edit.version(), static_cast<std::uint16_t>(a->count + b->count), a->level};
    std::memcpy(memory + sizeof(OrderPage), a + 1, a->count * size);
    std::memcpy(memory + sizeof(OrderPage) + a->count * size, b + 1, b->count * size);
    discard(edit, a);
    discard(edit, b);
    children[at] = child_of(joined);
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(at) + 1);
}

/// Puts the outcome of child `at` into `inner` and returns what becomes of that.
Outcome with_child(Edit& edit, OrderPage* inner, std::size_t at, Outcome below) {
    std::vector<Child> children(inner->children(), inner->children() + inner->count);
    const auto place = children.begin() + static_cast<std::ptrdiff_t>(at);
    if (below.page == nullptr) {
        children.erase(place);
    } else {
        *place = child_of(below.page);
        if (below.second != nullptr) {
            children.insert(place + 1, child_of(below.second));
        } else if (below.page->count < page_entries_low && children.size() > 1) {
            join(edit, children, at + 1 < children.size() ? at : at - 1);
        }
    }
    const Outcome outcome = pages_of<Child>(edit, inner->level, children);
    discard(edit, inner);
    return outcome;
}

enum class Action : std::uint8_t { insert, replace, erase };

/// Does `action` below `page` and returns what becomes of the page.
Outcome edit_below(Edit& edit, OrderPage* page, const OrderKey& key, Action action, Node node) {
    if (page->level > 0) {
        const std::size_t at = child_position(*page, key);
        const Outcome below = edit_below(edit, page->children()[at].page.get(), key, action, node);
        return with_child(edit, page, at, below);
    }
    const std::size_t at = leaf_position(*page, key);
    std::vector<Node> nodes(page->nodes(), page->nodes() + page->count);
    const auto place = nodes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (action) {
        case Action::insert: nodes.insert(place, node); break;
        case Action::replace:
            KITH_CHECK(place != nodes.end());
            *place = node;
            break;
        case Action::erase:
            KITH_CHECK(place != nodes.end());
            nodes.erase(place);
            break;
    }
    const Outcome outcome = pages_of<Node>(edit, 0, nodes);
    discard(edit, page);
    return outcome;
}

OrderPage* edit_root(Edit& edit, OrderPage* root, const OrderKey& key, Action action, Node node) {
    const Outcome outcome = edit_below(edit, root, key, action, node);
    KITH_CHECK(outcome.page != nullptr);
    OrderPage* page = outcome.page;
    if (outcome.second != nullptr) {
        const Child children[] = {child_of(page), child_of(outcome.second)};
        return make_page<Child>(edit, page->level + std::size_t{1}, children);
    }
    while (page->level > 0 && page->count == 1) {
        OrderPage* const only = page->children()[0].page.get();
        discard(edit, page);
        page = only;
    }
    return page;
}

void free_page(const OrderPage& page, std::uint32_t before, Slab& slab) {
    if (page.made_by <= before) return;
    for (std::size_t i = 0; i < page.count; ++i) {
        if (page.level > 0) {
            free_page(*page.children()[i].page.get(), before, slab);
        } else if (node_maker(NodeView(page.nodes()[i].get())) > before) {
            free_node(slab, NodeView(page.nodes()[i].get()));
        }
    }
    auto* const at = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(&page));
    slab.free(at, page_bytes(page), Slab::Align::page);
}

}  // namespace

void Cursor::descend(std::size_t level) {
    for (; level > 0; --level) {
        const Step& step = at_[level];
        const OrderPage* const child = step.page->children()[step.index].page.get();
        at_[level - 1] = {child, 0};
    }
}

void Cursor::next() {
    if (++at_[0].index < at_[0].page->count) return;
    next_page();
}

void Cursor::next_page() {
    for (std::size_t level = 1; level < levels_; ++level) {
        if (at_[level].index + 1 < at_[level].page->count) {
            ++at_[level].index;
            descend(level);
            return;
        }
    }
    at_[0].index = at_[0].page->count;  // the end: behind the last node of the last page
}

bool Cursor::previous() {
    if (at_[0].index > 0) {
        --at_[0].index;
        return true;
    }
    for (std::size_t level = 1; level < levels_; ++level) {
        if (at_[level].index == 0) continue;
        --at_[level].index;
        for (; level > 0; --level) {
            const OrderPage* const child = at_[level].page->children()[at_[level].index].page.get();
            at_[level - 1] = {child, static_cast<std::uint16_t>(child->count - 1)};
        }
        return true;
    }
    return false;
}

Cursor OrderTree::first() const {
    Cursor cursor;
    cursor.levels_ = root_->level + std::size_t{1};
    cursor.at_[root_->level] = {root_, 0};
    cursor.descend(root_->level);
    return cursor;
}

Cursor OrderTree::lower_bound(const OrderKey& key) const {
    Cursor cursor;
    cursor.levels_ = root_->level + std::size_t{1};
    const OrderPage* page = root_;
    for (; page->level > 0;) {
        const std::size_t at = child_position(*page, key);
        cursor.at_[page->level] = {page, static_cast<std::uint16_t>(at)};
        page = page->children()[at].page.get();
    }
    const std::size_t at = leaf_position(*page, key);
    cursor.at_[0] = {page, static_cast<std::uint16_t>(at)};
    // Between two pages: the place is at the start of the second.
    if (at == page->count) cursor.next_page();
    return cursor;
}

namespace {

/// The last entry before `end` with a mark; null when there is none.
template <class Entry>
const Entry* last_marked(const Entry* entries, std::size_t end, ChainLink link) {
    for (std::size_t at = end; at-- > 0;) {
        if constexpr (std::is_same_v<Entry, Child>) {
            if (entries[at].page.has(link)) return &entries[at];
        } else if (entries[at].has(link)) {
            return &entries[at];
        }
    }
    return nullptr;
}

/// The last node with a mark at or below `page`.
NodeView last_below(const OrderPage* page, ChainLink link) {
    while (page->level > 0) {
        const Child* const child = last_marked(page->children(), page->count, link);
        if (child == nullptr) return {};
        page = child->page.get();
    }
    const Node* const node = last_marked(page->nodes(), page->count, link);
    return node != nullptr ? NodeView(node->get()) : NodeView();
}

}  // namespace

NodeView OrderTree::last_before(const OrderKey& key, ChainLink link) const {
    const OrderPage* before = nullptr;  // the last page passed that has one
    const OrderPage* page = root_;
    while (page->level > 0) {
        const std::size_t at = child_position(*page, key);
        const Child* const passed = last_marked(page->children(), at, link);
        if (passed != nullptr) before = passed->page.get();
        page = page->children()[at].page.get();
    }
    const Node* const node = last_marked(page->nodes(), leaf_position(*page, key), link);
    if (node != nullptr) return NodeView(node->get());
    return before != nullptr ? last_below(before, link) : NodeView();
}

NodeView OrderTree::last(ChainLink link) const { return last_below(root_, link); }

OrderTree OrderTree::build(Edit& edit, std::span<const HashedNode> nodes) {
    KITH_CHECK(!nodes.empty());
    std::vector<Child> pages;
    std::array<Node, page_entries_max> leaf;
    for (std::size_t at = 0; at < nodes.size(); at += page_entries_max) {
        const std::size_t count = std::min(page_entries_max, nodes.size() - at);
        std::ranges::transform(nodes.subspan(at, count), leaf.begin(),
                               [](const HashedNode& node) { return marked(node.node); });
        pages.push_back(child_of(make_page(edit, 0, std::span<const Node>(leaf.data(), count))));
    }
    for (std::size_t level = 1; pages.size() > 1; ++level) {
        std::vector<Child> above;
        for (std::size_t at = 0; at < pages.size(); at += page_entries_max) {
            const std::size_t count = std::min(page_entries_max, pages.size() - at);
            above.push_back(
                child_of(make_page(edit, level, std::span<const Child>(pages).subspan(at, count))));
        }
        pages = std::move(above);
    }
    OrderTree tree;
    tree.root_ = pages.front().page.get();
    return tree;
}

void OrderTree::insert(Edit& edit, const std::uint8_t* node) {
    const OrderKey key(NodeView(node).relative_owner());
    root_ = edit_root(edit, root_, key, Action::insert, marked(node));
}

void OrderTree::replace(Edit& edit, const std::uint8_t* now) {
    const OrderKey key(NodeView(now).relative_owner());
    root_ = edit_root(edit, root_, key, Action::replace, marked(now));
}

void OrderTree::erase(Edit& edit, const OrderKey& key) {
    root_ = edit_root(edit, root_, key, Action::erase, Node{nullptr, 0});
}

void OrderTree::free_newer_than(std::uint32_t before, Slab& slab) const {
    free_page(*root_, before, slab);
}

}  // namespace kith::zone
