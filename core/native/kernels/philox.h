// The generator behind all random numbers: Philox 4x32-10 (Salmon et al., "Parallel Random Numbers: As
// Easy as 1, 2, 3", 2011).
//
// Block n of a stream is a function of the key and n, so tasks make their parts by themselves and the
// bits are those of core/ops/philox.py on any machine. BATCH blocks are computed side by side.
#pragma once
#include "../parallel.h"

namespace {

constexpr int BATCH = 64;
constexpr int64_t TASK_BLOCKS = 1 << 11;  // 8192 words

template <int BLOCKS> struct WordsOf {
    uint32_t word[4][BLOCKS];
    uint32_t at(int64_t i) const { return word[i & 3][i >> 2]; }
};
typedef WordsOf<BATCH> Words;

// Blocks `first` and those after it.
template <int BLOCKS> void philox(const uint32_t *key, uint64_t first, WordsOf<BLOCKS> &out) {
    uint32_t *c0 = out.word[0], *c1 = out.word[1], *c2 = out.word[2], *c3 = out.word[3];
    for (int i = 0; i < BLOCKS; ++i) {
        c0[i] = uint32_t(first + uint64_t(i));
        c1[i] = uint32_t((first + uint64_t(i)) >> 32);
        c2[i] = c3[i] = 0;
    }
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
#pragma GCC ivdep
        for (int i = 0; i < BLOCKS; ++i) {
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

// body(first, words, n) for each batch of the first `count` words of the key's stream: word i of it,
// i < n <= 4 * BATCH, is words.at(i).
template <class Body> void each_batch(Call *call, int64_t count, const Body &body) {
    const uint32_t *key = (const uint32_t *)call->buffers[0];
    parallel_spans(call, divide_up(count, 4), TASK_BLOCKS, [&](int64_t begin, int64_t end) {
        Words words;
        for (int64_t block = begin; block < end; block += BATCH) {
            philox(key, uint64_t(block), words);
            body(4 * block, words, smaller(4 * smaller(BATCH, end - block), count - 4 * block));
        }
    });
}

// store(index, word) for each of `count` words of the key's stream.
template <class Store> void each_word(Call *call, int64_t count, const Store &store_word) {
    each_batch(call, count, [&](int64_t first, const Words &words, int64_t n) {
        for (int64_t i = 0; i < n; ++i) store_word(first + i, words.at(i));
    });
}

// A word as a number strictly inside 0 … 1.
INLINE double open_uniform(uint32_t word) { return (double(word) + 0.5) * 0x1p-32; }

}  // namespace
