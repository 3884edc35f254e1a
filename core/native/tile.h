// The micro-kernel of every matrix product and convolution: a tile of results held in registers.
//
//   c[i][j] = sum over runs r and steps l of  a[i * a_row + runs[r] + l * a_step] * b[r * length + l][j]
//
// for i < MR rows and j < NV * VL columns. A matrix product has one run. A convolution has one run
// for each row of its window, and reads its input where it lies: a_row is the step to the next pixel.
// A kernel gradient reduces over pixels: a_row = 1 and a_step the step to the next pixel.
//
// The size: MR * NV accumulators, NV vectors of b and one of a must fit the registers, and
// MR * NV >= 8 hides the latency of the FMA. Each element of a is used NV times, each vector of b MR
// times, so loads (MR + NV a step) stay below the two that a core does beside two FMAs.
#pragma once
#include "kernel.h"
#include "vec.h"

namespace {

enum Activation : int64_t { NONE = 0, RELU = 1 };

constexpr int NV_MAX = 2;
constexpr int NR = NV_MAX * VL;                                    // columns of a panel of b
constexpr int MR_MAX = (REGISTERS - NV_MAX - 1) / NV_MAX > 14 ? 14 : (REGISTERS - NV_MAX - 1) / NV_MAX;

struct Tile {
    const float *a;
    int64_t a_row, a_step;
    const int64_t *runs;  // offsets into a; null: one run at 0
    int64_t run_count, length;
    const float *b;
    int64_t b_row;        // from one row of b to the next
    float *c;
    int64_t c_row;
    int64_t columns;      // stored, <= NV * VL; all of b's row must be readable, unless masked_b
    bool accumulate;      // c += instead of c =
    const float *bias;    // of `columns`, or null; added at the end
    Activation activation;
    int64_t bias_row = 0; // from one row's bias to the next; 0: all rows have the same
};

}  // namespace

// Runs the tile of 1 <= rows <= MR_MAX rows; 1 <= t.columns <= NR. With `masked_b` nothing is read
// beyond column t.columns of b; without it NV whole vectors are.
extern "C" void THALWEG_NAME(run_tile)(const Tile &t, int64_t rows, bool masked_b);

namespace {

INLINE void run_tile(const Tile &t, int64_t rows, bool masked_b = false) {
    THALWEG_NAME(run_tile)(t, rows, masked_b);
}

// Rows a tile when `rows` are cut into equal tiles of at most MR_MAX: no thin rest at the end.
INLINE int64_t rows_per_tile(int64_t rows) {
    return rows <= 0 ? 1 : divide_up(rows, divide_up(rows, MR_MAX));
}

}  // namespace
