#include "discovery/mdns/own_records.hpp"

#include <algorithm>

#include "discovery/mdns/pool.hpp"
#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {

std::uint32_t OwnRecords::find_name(dns::NameView name, std::uint64_t hash) const {
    return by_name_.find(hash, [&](std::uint32_t index) {
        return names_[index].hash == hash && names_[index].view() == name;
    });
}

std::uint32_t OwnRecords::name_index(dns::NameView name, std::uint64_t hash) {
    const std::uint32_t found = find_name(name, hash);
    if (found != none) return found;
    const std::uint32_t index = take_place(names_, free_names_);
    names_[index].wire = as_text(name.wire());
    names_[index].hash = hash;
    insert_growing(by_name_, hash, index);
    return index;
}

std::uint32_t OwnRecords::add(const Record& record, Ownership ownership, std::uint64_t hash) {
    const std::uint32_t index = take_place(records_, free_records_);
    OwnRecord& own = records_[index];
    own.state = OwnRecord::State::silent;
    own.ownership = ownership;
    own.type = record.type;
    own.klass = record.klass;
    own.ttl = record.ttl;
    own.rdata = as_text(record.rdata);
    own.hash = hash;
    own.serial = next_serial_++;
    own.name = name_index(record.name, dns::name_hash(record.name));
    names_[own.name].records.push_back(index);
    insert_growing(by_record_, hash, index);
    ++count_;
    return index;
}

void OwnRecords::erase(std::uint32_t index) {
    OwnRecord& own = records_[index];
    by_record_.erase(own.hash, index);
    OwnName& name = names_[own.name];
    std::erase(name.records, index);
    if (name.records.empty()) {
        by_name_.erase(name.hash, own.name);
        free_names_.push_back(own.name);
    }
    own.state = OwnRecord::State::free;
    free_records_.push_back(index);
    --count_;
}

std::uint32_t OwnRecords::find(const RecordKey& key, std::uint64_t hash) const {
    return by_record_.find(hash, [&](std::uint32_t index) {
        const OwnRecord& own = records_[index];
        return own.hash == hash && own.state != OwnRecord::State::leaving &&
               own.state != OwnRecord::State::twin && own.type == key.type &&
               own.klass == key.klass && names_[own.name].view() == key.name &&
               same_rdata(own.type, own.data(), key.rdata);
    });
}

std::uint32_t OwnRecords::find_same(std::uint32_t record, OwnRecord::State state) const {
    const OwnRecord& one = records_[record];
    return by_record_.find(one.hash, [&](std::uint32_t index) {
        return index != record && records_[index].state == state && says_same(one, records_[index]);
    });
}

std::uint32_t OwnRecords::find_same_wanted(std::uint32_t record) const {
    const OwnRecord& one = records_[record];
    return by_record_.find(one.hash, [&](std::uint32_t index) {
        return index != record && records_[index].state != OwnRecord::State::leaving &&
               says_same(one, records_[index]);
    });
}

bool OwnRecords::says_same(const OwnRecord& one, const OwnRecord& other) const {
    return other.hash == one.hash && other.type == one.type && other.klass == one.klass &&
           other.name == one.name && same_rdata(one.type, other.data(), one.data());
}

bool OwnRecords::owns(std::uint32_t name) const {
    return std::ranges::any_of(names_[name].records, [&](std::uint32_t index) {
        return records_[index].state == OwnRecord::State::live && records_[index].is_unique();
    });
}

std::string OwnRecords::nsec_rdata(std::uint32_t index) const {
    const OwnName& name = names_[index];
    std::array<std::uint8_t, 32> bits{};
    std::size_t size = 0;
    for (const std::uint32_t record : name.records) {
        if (records_[record].state != OwnRecord::State::live) continue;
        const auto type = static_cast<std::size_t>(records_[record].type);
        if (type > 255) return {};
        bits[type / 8] = static_cast<std::uint8_t>(bits[type / 8] | 0x80U >> type % 8);
        size = std::max(size, type / 8 + 1);
    }
    if (size == 0) return {};
    std::string out = name.wire;
    out += '\0';
    out += static_cast<char>(size);
    out += as_text(Bytes(bits.data(), size));
    return out;
}

}  // namespace kith::discovery::mdns
