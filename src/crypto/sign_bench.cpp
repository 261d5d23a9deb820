// What a signature costs through Signer, beside the same signature from the library itself.
//
//   build/release/crypto_bench

#include <benchmark/benchmark.h>

#include "crypto/digest.hpp"
#include "crypto/key.hpp"
#include "crypto/openssl.hpp"

namespace kith::crypto {
namespace {

const std::vector<std::uint8_t> message(120, 7);  // an RRset of two addresses and its RRSIG

void BM_Sign(benchmark::State& state) {
    const auto algorithm = static_cast<Algorithm>(state.range(0));
    const auto key = PrivateKey::generate(algorithm);
    Signer signer(*key);
    std::array<std::uint8_t, signature_bytes_max> out;
    for (auto _ : state) benchmark::DoNotOptimize(signer.sign(message, out));
    state.SetLabel(std::string(row_of(algorithm).mnemonic));
}
BENCHMARK(BM_Sign)->Arg(13)->Arg(14)->Arg(15)->Arg(16)->Arg(8);

void BM_Verify(benchmark::State& state) {
    const auto algorithm = static_cast<Algorithm>(state.range(0));
    const auto key = PrivateKey::generate(algorithm);
    std::array<std::uint8_t, signature_bytes_max> out;
    const auto signature = Signer(*key).sign(message, out);
    Verifier verifier(key->public_key());
    for (auto _ : state) benchmark::DoNotOptimize(verifier.verify(message, *signature));
    state.SetLabel(std::string(row_of(algorithm).mnemonic));
}
BENCHMARK(BM_Verify)->Arg(13)->Arg(14)->Arg(15)->Arg(16)->Arg(8);

/// The yardstick: one context, a digest that is there already, DER out.
void BM_RawP256(benchmark::State& state) {
    const PkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    EVP_PKEY_sign_init(context.get());
    std::array<std::uint8_t, 80> out;
    const std::array<std::uint8_t, 32> hash{1, 2, 3};
    for (auto _ : state) {
        std::size_t size = out.size();
        EVP_PKEY_sign(context.get(), out.data(), &size, hash.data(), hash.size());
        benchmark::DoNotOptimize(out);
    }
}
BENCHMARK(BM_RawP256);

void BM_Digest(benchmark::State& state) {
    Digest digest(static_cast<DigestKind>(state.range(0)));
    std::array<std::uint8_t, digest_bytes_max> out;
    for (auto _ : state) {
        digest.update(Bytes(message).first(60));
        benchmark::DoNotOptimize(digest.finish(out));
    }
}
BENCHMARK(BM_Digest)->Arg(0)->Arg(1);

void BM_ImportP256(benchmark::State& state) {
    const auto key = PrivateKey::generate(Algorithm::ECDSAP256SHA256);
    for (auto _ : state) {
        benchmark::DoNotOptimize(PublicKey::from_wire(13, key->public_key().wire()));
    }
}
BENCHMARK(BM_ImportP256);

}  // namespace
}  // namespace kith::crypto
