// Makes a key, signs a zone file with it, checks the result, and prints what the parent must publish.
//
//   c++ -std=c++23 sign.cpp -o sign $(pkg-config --cflags --libs kith-zones)
//   ./sign example.com.zone example.com.signed keys/

#include <kith/zones.hpp>

#include <cstdio>

namespace {

int fail(const kith::client::Error& error) {
    std::fprintf(stderr, "%s\n", error.text.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace kith::client;
    if (argc != 4) {
        std::fprintf(stderr, "usage: sign FILE OUTPUT KEY-FOLDER\n");
        return 2;
    }
    const auto zone = Zone::from_file(argv[1]);
    if (!zone) return fail(zone.error());

    auto keys = SigningKey::read_folder(argv[3], zone->name());
    if (!keys) return fail(keys.error());
    if (keys->empty()) {
        const auto key = SigningKey::generate({.owner = zone->name()});
        if (!key) return fail(key.error());
        const auto files = key->write(argv[3]);
        if (!files) return fail(files.error());
        std::printf("; new key %s.private\n", files->c_str());
        keys->push_back(*key);
    }
    const auto done = zone->sign(*keys, {.serial = SerialStep::increment});
    if (!done) return fail(done.error());
    const auto ds = keys->front().ds();
    if (!ds) return fail(ds.error());

    const auto report = done->verify({.ds = {ds->data}});
    if (!report) return fail(report.error());
    for (const ZoneFlaw& flaw : report->flaws)
        std::fprintf(stderr, "%s %s: %s\n", flaw.owner.c_str(), flaw.type.c_str(), flaw.text.c_str());
    if (!report->is_good()) return 1;
    if (const auto saved = done->save(argv[2]); !saved) return fail(saved.error());
    std::printf("; serial %u, %zu signatures\n%s\n", done->serial(), report->signatures, ds->to_text().c_str());
}
