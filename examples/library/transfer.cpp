// Fetches a zone and prints it; with a serial, what has changed since.
//
//   c++ -std=c++23 transfer.cpp -o transfer $(pkg-config --cflags --libs kith-zones)
//   ./transfer 192.0.2.53 example.com transfer.key 17

#include <kith/zones.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: transfer SERVER ZONE [KEY-FILE [SERIAL]]\n");
        return 2;
    }
    kith::client::TransferOptions options{.server = argv[1]};
    if (argc > 3) {
        const auto key = kith::client::MessageKey::from_file(argv[3]);
        if (!key) {
            std::fprintf(stderr, "%s\n", key.error().text.c_str());
            return 1;
        }
        options.key = *key;
    }
    if (argc > 4) options.serial = static_cast<std::uint32_t>(std::strtoul(argv[4], nullptr, 10));

    const auto done = kith::client::transfer(argv[2], options);
    if (!done) {
        std::fprintf(stderr, "%s\n", done.error().text.c_str());
        return 1;
    }
    if (done->is_up_to_date()) std::printf("; nothing newer than serial %u\n", done->serial);
    for (const auto& difference : done->differences) std::printf("%s", difference.to_text().c_str());
    if (done->zone) {
        done->zone->for_each([](const kith::client::Record& record) { std::printf("%s\n", record.to_text().c_str()); });
        std::printf("; %zu records, serial %u\n", done->zone->record_count(), done->serial);
    }
}
