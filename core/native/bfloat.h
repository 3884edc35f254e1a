// Products in bfloat16, which is the upper half of a float32: 8 bits of exponent, 7 of fraction.
//
// Operands are rounded to the nearest (ties to even) when they are packed; sums are float32. A square of
// 32 x 32 sums grows by 32 steps at a time, from four small matrices of 1 KB each:
//   rows   16 rows of 32 steps
//   pairs  16 pairs of steps; of each pair 16 columns, both steps of a column beside each other
// Intel's AMX multiplies such matrices in 16 cycles a pair of them (Intel, "Architecture Instruction Set
// Extensions Programming Reference", chapter 3). Elsewhere the same sums are made of vectors.
#pragma once
#include "vec.h"

namespace {

struct Bfloat {
    uint16_t bits;
};

constexpr int64_t SQUARE = 32;           // rows, columns, and steps at a time
constexpr int64_t HALF_SQUARE = 16;      // rows or columns of a small matrix
constexpr int64_t SMALL = HALF_SQUARE * SQUARE;       // elements of a small matrix
constexpr int64_t SQUARE_FLOATS = SQUARE * SQUARE;    // sums, by quarters of 16 x 16

// 32 floats as a row of a matrix of rows.
INLINE void pack_row(const float *from, Bfloat *to) {
    for (int64_t i = 0; i < SQUARE; i += 2 * VL) store_upper_halves(&to[i].bits, from + i);
}
// 16 floats each of two neighbouring steps, as a row of a matrix of pairs. A null pointer means zeros.
INLINE void pack_pair(const float *first, const float *second, Bfloat *to) {
    for (int64_t i = 0; i < HALF_SQUARE; i += VL) {
        const vf a = first ? load(first + i) : vf{}, b = second ? load(second + i) : vf{};
        store((uint32_t *)to + i, rounded_pairs(a, b));
    }
}
// A matrix of pairs becomes one of rows, and the other way round: pairs are moved as one.
INLINE void turn_small(const Bfloat *from, Bfloat *to) {
    for (int64_t i = 0; i < HALF_SQUARE; i += VL)
        for (int64_t j = 0; j < HALF_SQUARE; j += VL)
            transpose_block((const float *)from + i * HALF_SQUARE + j, HALF_SQUARE, VL, VL,
                            (float *)to + j * HALF_SQUARE + i, HALF_SQUARE);
}

#if defined(__AMX_BF16__)

// For as long as it lives, this thread's matrix registers are shaped for small matrices.
class MatrixRegisters {
  public:
    MatrixRegisters() {
        alignas(64) struct {
            uint8_t palette = 1, start_row = 0, reserved[14] = {};
            uint16_t row_bytes[16] = {};
            uint8_t rows[16] = {};
        } shapes;
        for (int i = 0; i < 8; ++i) shapes.row_bytes[i] = 64, shapes.rows[i] = 16;
        _tile_loadconfig(&shapes);
    }
    ~MatrixRegisters() { _tile_release(); }
};

// A square of sums in registers 0 … 3; 4 and 5 are rows, 6 and 7 pairs. The compiler does not know that
// loading a matrix reads memory: `settle` makes what was written before visible.
struct Square {
    INLINE void settle() { __asm__ volatile("" ::: "memory"); }
    INLINE void clear() {
        settle();
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    INLINE void load(const float *from) {
        settle();
        _tile_loadd(0, from, 64);
        _tile_loadd(1, from + 256, 64);
        _tile_loadd(2, from + 512, 64);
        _tile_loadd(3, from + 768, 64);
    }
    INLINE void store(float *to) {
        _tile_stored(0, to, 64);
        _tile_stored(1, to + 256, 64);
        _tile_stored(2, to + 512, 64);
        _tile_stored(3, to + 768, 64);
        settle();
    }
    // 32 steps more.
    INLINE void add(const Bfloat *rows, const Bfloat *more_rows, const Bfloat *pairs,
                    const Bfloat *more_pairs) {
        _tile_loadd(6, pairs, 64);
        _tile_loadd(4, rows, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, more_pairs, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, more_rows, 64);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
};

#else

struct MatrixRegisters {
    MatrixRegisters() {}
};

struct Square {
    alignas(64) float sums[SQUARE_FLOATS];

    void clear() {
        for (int64_t i = 0; i < SQUARE_FLOATS; ++i) sums[i] = 0;
    }
    void load(const float *from) { __builtin_memcpy(sums, from, sizeof sums); }
    void store(float *to) { __builtin_memcpy(to, sums, sizeof sums); }
    void add(const Bfloat *rows, const Bfloat *more_rows, const Bfloat *pairs, const Bfloat *more_pairs) {
        add_quarter(rows, pairs, sums);
        add_quarter(rows, more_pairs, sums + 256);
        add_quarter(more_rows, pairs, sums + 512);
        add_quarter(more_rows, more_pairs, sums + 768);
    }

  private:
    static void add_quarter(const Bfloat *rows, const Bfloat *pairs, float *sums) {
        for (int64_t i = 0; i < HALF_SQUARE; ++i)
            for (int64_t j = 0; j < HALF_SQUARE; j += VL) {
                vf sum = ::load(sums + i * HALF_SQUARE + j);
                for (int64_t k = 0; k < HALF_SQUARE; ++k) {
                    const vu both = ::load((const uint32_t *)pairs + k * HALF_SQUARE + j);
                    sum += splat(as_float(rows[i * SQUARE + 2 * k])) * (vf)(both << 16);
                    sum += splat(as_float(rows[i * SQUARE + 2 * k + 1])) * (vf)(both & 0xffff0000u);
                }
                ::store(sums + i * HALF_SQUARE + j, sum);
            }
    }
    static float as_float(Bfloat x) {
        const uint32_t bits = uint32_t(x.bits) << 16;
        float value;
        __builtin_memcpy(&value, &bits, sizeof value);
        return value;
    }
};

#endif

}  // namespace
