#pragma once
// Where a signing pass puts its records: into a change, or into a zone being built.

#include "zone/builder.hpp"
#include "zone/change.hpp"

namespace kith::dnssec {

/// One record, borrowed.
struct SinkRecord {
    zone::NameView owner;
    zone::RrType type{};
    std::uint32_t ttl = 0;
    Bytes rdata;
};

class SignSink {
public:
    virtual ~SignSink() = default;
    virtual void add(const SinkRecord& record) = 0;
    /// Of the zone being signed.
    virtual void remove(const SinkRecord& record) = 0;
    /// There already, and right as it is.
    virtual void keep(const SinkRecord& record) = 0;
};

class ChangeSink final : public SignSink {
public:
    explicit ChangeSink(zone::ZoneChange& change) : change_(change) {}
    void add(const SinkRecord& record) override { change_.added.push_back(copy(record)); }
    void remove(const SinkRecord& record) override { change_.removed.push_back(copy(record)); }
    void keep(const SinkRecord&) override {}

private:
    static zone::Record copy(const SinkRecord& record) {
        return {
            record.owner, record.type, record.ttl, {record.rdata.begin(), record.rdata.end()}, {}};
    }
    zone::ZoneChange& change_;
};

class BuilderSink final : public SignSink {
public:
    explicit BuilderSink(zone::ZoneBuilder& builder) : builder_(builder) {}
    void add(const SinkRecord& record) override {
        // Owners are names of the zone or hashes under its apex, and no type is a meta type.
        KITH_CHECK(builder_.add(record.owner, record.type, record.ttl, record.rdata).has_value());
    }
    void remove(const SinkRecord&) override {}
    void keep(const SinkRecord& record) override { add(record); }

private:
    zone::ZoneBuilder& builder_;
};

}  // namespace kith::dnssec
