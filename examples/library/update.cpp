// An ACME challenge (RFC 8555 §8.4): set, left to the certificate authority to look at, and removed.
//
//   c++ -std=c++23 update.cpp -o update $(pkg-config --cflags --libs kith-zones)
//   ./update 192.0.2.53 acme.key www.example.com TOKEN

#include <kith/zones.hpp>

#include <cstdio>
#include <string>

namespace {

using kith::client::Update;

/// Sends it and tells people what became of it.
bool send(const Update& update, const kith::client::UpdateOptions& options) {
    const auto done = update.send(options);
    if (done) {
        std::printf("%s of %s\n", done->verdict == kith::client::Verdict::good ? "signed change" : "change",
                    done->zone.c_str());
        return true;
    }
    const std::string rcode = done.error().rcode.empty() ? "" : " (" + done.error().rcode + ")";
    std::fprintf(stderr, "%s%s\n", done.error().text.c_str(), rcode.c_str());
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: update SERVER KEY-FILE HOST TOKEN\n");
        return 2;
    }
    const auto key = kith::client::MessageKey::from_file(argv[2]);
    if (!key) {
        std::fprintf(stderr, "%s\n", key.error().text.c_str());
        return 1;
    }
    const kith::client::UpdateOptions options{.server = argv[1], .key = *key};
    const kith::client::Record challenge{"_acme-challenge." + std::string(argv[3]), 60, "TXT", argv[4]};

    // Others may be at it for the same name: their tokens stay.
    if (!send(Update().append({challenge}), options)) return 1;
    std::printf("set %s\n", challenge.to_text().c_str());
    // Here the certificate authority is told to look, and looks.
    if (!send(Update().delete_by_rdata({challenge}), options)) return 1;
    std::printf("removed it\n");
}
