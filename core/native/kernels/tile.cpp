// The micro-kernel of tile.h in all its sizes, compiled once for each instruction set.
#include "../tile.h"

namespace {

// Rows of b that are asked into the first-level cache beforehand: MR steps of FMAs each, which is as
// long as the second-level cache takes to answer.
constexpr int64_t NEAR = 16;

template <int MR, int NV, bool UNIT_STEP, bool MASKED_B>
__attribute__((noinline)) void tile(const Tile &t) {
    vf sum[MR][NV];
    UNROLL for (int i = 0; i < MR; ++i) UNROLL for (int j = 0; j < NV; ++j) sum[i][j] = vf{};
    const float *b = t.b;
    const int64_t row = t.a_row, step = UNIT_STEP ? 1 : t.a_step, b_row = t.b_row;
    const int64_t last = t.columns - (NV - 1) * VL;
    for (int64_t r = 0; r < t.run_count; ++r) {
        const float *a = t.a + (t.runs ? t.runs[r] : 0);
        for (int64_t l = 0; l < t.length; ++l, a += step, b += b_row) {
            UNROLL for (int j = 0; j < NV; ++j) __builtin_prefetch(b + NEAR * b_row + j * VL, 0, 3);
            vf column[NV];
            UNROLL for (int j = 0; j < NV; ++j)
                column[j] = MASKED_B && j == NV - 1 ? load_first(b + j * VL, last) : load(b + j * VL);
            UNROLL for (int i = 0; i < MR; ++i) {
                const vf x = splat(a[i * row]);
                UNROLL for (int j = 0; j < NV; ++j) sum[i][j] += x * column[j];
            }
        }
    }
    UNROLL for (int j = 0; j < NV; ++j) {
        const int64_t n = j == NV - 1 ? last : VL;
        UNROLL for (int i = 0; i < MR; ++i) {
            float *c = t.c + i * t.c_row + j * VL;
            vf v = sum[i][j];
            if (t.accumulate) v += load_first(c, n);
            if (t.bias) v += load_first(t.bias + i * t.bias_row + j * VL, n);
            if (t.activation == RELU) v = relu<float>(v);
            store_first(c, v, n);
        }
    }
}

typedef void (*TileFunction)(const Tile &);

template <int NV, bool UNIT, bool MASKED> INLINE TileFunction tile_of_rows(int64_t rows) {
#define ROW(n) \
    case n: if constexpr (n <= MR_MAX) return tile<n, NV, UNIT, MASKED>; else return nullptr;
    switch (rows) {
        ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7)
        ROW(8) ROW(9) ROW(10) ROW(11) ROW(12) ROW(13) ROW(14)
    }
#undef ROW
    return nullptr;
}

}  // namespace

extern "C" void THALWEG_NAME(run_tile)(const Tile &t, int64_t rows, bool masked_b) {
    const bool unit = t.a_step == 1;
    TileFunction f;
#define PICK(nv)                                                                                  \
    masked_b ? (unit ? tile_of_rows<nv, true, true>(rows) : tile_of_rows<nv, false, true>(rows)) \
             : (unit ? tile_of_rows<nv, true, false>(rows) : tile_of_rows<nv, false, false>(rows))
    if (t.columns > VL) f = PICK(2);
    else f = PICK(1);
#undef PICK
    f(t);
}
