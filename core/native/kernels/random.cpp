// Random words and uniform numbers, by philox.h.
#include "philox.h"

namespace {

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
    WordsOf<1> words;
    philox(key, *(const uint64_t *)call->buffers[1], words);
    uint32_t *y = (uint32_t *)call->buffers[2];
    y[0] = words.at(0);
    y[1] = words.at(1);
}

}  // namespace

KERNEL_TABLE(random, {"random_bits", random_bits, nullptr},
             {"random_uniform", random_uniform, nullptr},
             {"random_uniform64", random_uniform64, nullptr}, {"fold_in", fold_in, nullptr})
