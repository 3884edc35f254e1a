// Random numbers: Philox 4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011).
//
// Block n of a stream is a function of the key and n, so tasks make their parts by themselves and the
// bits are those of core/ops/philox.py on any machine. BATCH blocks are computed side by side.
#include "../parallel.h"

namespace {

constexpr int BATCH = 64;
constexpr int64_t TASK_BLOCKS = 1 << 11;  // 8192 words

struct Words {
    uint32_t word[4][BATCH];
};

void philox(const uint32_t *key, uint64_t first, Words &out) {
    uint32_t *c0 = out.word[0], *c1 = out.word[1], *c2 = out.word[2], *c3 = out.word[3];
    for (int i = 0; i < BATCH; ++i) {
        c0[i] = uint32_t(first + uint64_t(i));
        c1[i] = uint32_t((first + uint64_t(i)) >> 32);
        c2[i] = c3[i] = 0;
    }
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
#pragma GCC ivdep
        for (int i = 0; i < BATCH; ++i) {
            const uint64_t p0 = uint64_t(c0[i]) * 0xD2511F53u, p1 = uint64_t(c2[i]) * 0xCD9E8D57u;
            c0[i] = uint32_t(p1 >> 32) ^ c1[i] ^ k0;
            c1[i] = uint32_t(p1);
            c2[i] = uint32_t(p0 >> 32) ^ c3[i] ^ k1;
            c3[i] = uint32_t(p0);
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

// store(index, word) for each of `count` words of the key's stream.
template <class Store> void each_word(Call *call, int64_t count, const Store &store_word) {
    const uint32_t *key = (const uint32_t *)call->buffers[0];
    parallel_spans(call, divide_up(count, 4), TASK_BLOCKS, [&](int64_t begin, int64_t end) {
        Words words;
        for (int64_t block = begin; block < end; block += BATCH) {
            philox(key, uint64_t(block), words);
            const int64_t n = smaller(4 * smaller(BATCH, end - block), count - 4 * block);
            for (int64_t i = 0; i < n; ++i) store_word(4 * block + i, words.word[i & 3][i >> 2]);
        }
    });
}

// ints: count.  buffers: key (2) uint32, words uint32.
void random_bits(Call *call) {
    uint32_t *y = (uint32_t *)call->buffers[1];
    each_word(call, call->ints[0], [&](int64_t i, uint32_t word) { y[i] = word; });
}

// ints: count.  buffers: key, uniforms in 0 <= u < 1, multiples of 2^-24.
void random_uniform(Call *call) {
    float *y = (float *)call->buffers[1];
    each_word(call, call->ints[0],
              [&](int64_t i, uint32_t word) { y[i] = float(int32_t(word >> 8)) * 0x1p-24f; });
}

// ints: count.  buffers: key, float64 uniforms, multiples of 2^-53, each of two words.
void random_uniform64(Call *call) {
    double *y = (double *)call->buffers[1];
    uint64_t *bits = (uint64_t *)y;
    each_word(call, 2 * call->ints[0], [&](int64_t i, uint32_t word) {
        const int64_t k = i >> 1;  // both words of a number come from one block
        if ((i & 1) == 0) bits[k] = uint64_t(word) << 32;
        else y[k] = double((bits[k] | word) >> 11) * 0x1p-53;
    });
}

// buffers: key (2), data () int64, new key (2).
void fold_in(Call *call) {
    const uint32_t *key = (const uint32_t *)call->buffers[0];
    Words words;
    philox(key, *(const uint64_t *)call->buffers[1], words);
    uint32_t *y = (uint32_t *)call->buffers[2];
    y[0] = words.word[0][0];
    y[1] = words.word[1][0];
}

}  // namespace

KERNEL_TABLE(random, {"random_bits", random_bits, nullptr},
             {"random_uniform", random_uniform, nullptr},
             {"random_uniform64", random_uniform64, nullptr}, {"fold_in", fold_in, nullptr})
