// Winograd's minimal filtering F(M x M, R x R), shared by the forward pass and the gradients.
//
//   y = A' [ (G g G') * (B' d B) ] A        * multiplies point by point, ' transposes
//
// gives the M x M outputs y of one channel from a square d of SIDE x SIDE inputs and the R x R kernel g,
// SIDE = M + R - 1: SIDE^2 multiplications instead of M^2 R^2 (A. Lavin and S. Gray, "Fast Algorithms
// for Convolutional Neural Networks", 2016, equation 8). Summed over channels, each of the SIDE^2 points
// becomes one matrix product: (tiles x in) times (in x out).
//
// The matrices evaluate polynomials at SIDE - 1 points and at infinity. Of six, the usual 0, +-1, +-2 and
// infinity lose 2 to 4 times more digits than 0, +-1/sqrt 2, +-sqrt 2 (B. Barabasz, A. Anderson,
// K. Soodhalter and D. Gregg, "Error Analysis and Improving the Accuracy of Winograd Convolution for
// Deep Neural Networks", 2020, study such choices).
#pragma once
#include "../parallel.h"
#include "../tile.h"

namespace {

// The matrices along one axis. Adjoint means the transposed matrix, which gradients need.
template <int M, int R> struct Winograd;

template <int OUTPUTS, int TAPS> struct Sizes {
    static constexpr int M = OUTPUTS, R = TAPS, SIDE = M + R - 1, POINTS = SIDE * SIDE;
};

// With points 0, +-p, +-q and infinity, p q = 1: rows of B', A' and G come in pairs of an even and
// an odd part, added and subtracted. B' follows from the points alone. G's row of a point x is
// (1, x, x^2 …) divided by the product of x's distances to the other points: 1 for 0,
// 2 p^2 (p^2 - q^2) for +-p, 2 q^2 (q^2 - p^2) for +-q.
struct SixPoints {
    static constexpr float P = 0.70710678118654752f, P2 = 0.5f, P3 = P * P2, P4 = P2 * P2;
    static constexpr float Q = 1.41421356237309505f, Q2 = 2.0f, Q3 = Q * Q2, Q4 = Q2 * Q2;
    static constexpr float AT_P = 1 / (2 * P2 * (P2 - Q2)), AT_Q = 1 / (2 * Q2 * (Q2 - P2));

    INLINE void images(const vf *d, vf *t) {  // B'
        const vf even_p = d[4] - Q2 * d[2], odd_p = P * (d[3] - Q2 * d[1]);
        const vf even_q = d[4] - P2 * d[2], odd_q = Q * (d[3] - P2 * d[1]);
        t[0] = d[4] + (d[0] - (P2 + Q2) * d[2]);
        t[1] = even_p + odd_p;
        t[2] = even_p - odd_p;
        t[3] = even_q + odd_q;
        t[4] = even_q - odd_q;
        t[5] = d[5] + (d[1] - (P2 + Q2) * d[3]);
    }
    INLINE void images_adjoint(const vf *t, vf *d) {  // B
        const vf even_p = t[1] + t[2], odd_p = P * (t[1] - t[2]);
        const vf even_q = t[3] + t[4], odd_q = Q * (t[3] - t[4]);
        d[0] = t[0];
        d[1] = t[5] - Q2 * odd_p - P2 * odd_q;
        d[2] = -(P2 + Q2) * t[0] - Q2 * even_p - P2 * even_q;
        d[3] = odd_p + odd_q - (P2 + Q2) * t[5];
        d[4] = t[0] + even_p + even_q;
        d[5] = t[5];
    }
};

template <> struct Winograd<4, 3> : SixPoints, Sizes<4, 3> {
    INLINE void kernel(const vf *g, vf *u) {  // G
        const vf even_p = AT_P * g[0] + (AT_P * P2) * g[2], odd_p = (AT_P * P) * g[1];
        const vf even_q = AT_Q * g[0] + (AT_Q * Q2) * g[2], odd_q = (AT_Q * Q) * g[1];
        u[0] = g[0];
        u[1] = even_p + odd_p;
        u[2] = even_p - odd_p;
        u[3] = even_q + odd_q;
        u[4] = even_q - odd_q;
        u[5] = g[2];
    }
    INLINE void outputs(const vf *m, vf *y) {  // A'
        const vf even_p = m[1] + m[2], odd_p = m[1] - m[2];
        const vf even_q = m[3] + m[4], odd_q = m[3] - m[4];
        y[0] = m[0] + even_p + even_q;
        y[1] = P * odd_p + Q * odd_q;
        y[2] = P2 * even_p + Q2 * even_q;
        y[3] = m[5] + P3 * odd_p + Q3 * odd_q;
    }
    INLINE void outputs_adjoint(const vf *y, vf *m) {  // A
        const vf even_p = y[0] + P2 * y[2], odd_p = P * y[1] + P3 * y[3];
        const vf even_q = y[0] + Q2 * y[2], odd_q = Q * y[1] + Q3 * y[3];
        m[0] = y[0];
        m[1] = even_p + odd_p;
        m[2] = even_p - odd_p;
        m[3] = even_q + odd_q;
        m[4] = even_q - odd_q;
        m[5] = y[3];
    }
    INLINE void kernel_adjoint(const vf *u, vf *g) {  // G'
        const vf even_p = AT_P * (u[1] + u[2]), even_q = AT_Q * (u[3] + u[4]);
        g[0] = u[0] + even_p + even_q;
        g[1] = (AT_P * P) * (u[1] - u[2]) + (AT_Q * Q) * (u[3] - u[4]);
        g[2] = u[5] + P2 * even_p + Q2 * even_q;
    }
};

template <> struct Winograd<2, 5> : SixPoints, Sizes<2, 5> {
    INLINE void kernel(const vf *g, vf *u) {
        const vf even_p = AT_P * g[0] + (AT_P * P2) * g[2] + (AT_P * P4) * g[4];
        const vf even_q = AT_Q * g[0] + (AT_Q * Q2) * g[2] + (AT_Q * Q4) * g[4];
        const vf odd_p = (AT_P * P) * g[1] + (AT_P * P3) * g[3];
        const vf odd_q = (AT_Q * Q) * g[1] + (AT_Q * Q3) * g[3];
        u[0] = g[0];
        u[1] = even_p + odd_p;
        u[2] = even_p - odd_p;
        u[3] = even_q + odd_q;
        u[4] = even_q - odd_q;
        u[5] = g[4];
    }
    INLINE void outputs(const vf *m, vf *y) {
        y[0] = m[0] + (m[1] + m[2]) + (m[3] + m[4]);
        y[1] = m[5] + P * (m[1] - m[2]) + Q * (m[3] - m[4]);
    }
    INLINE void outputs_adjoint(const vf *y, vf *m) {
        m[0] = y[0];
        m[1] = y[0] + P * y[1];
        m[2] = y[0] - P * y[1];
        m[3] = y[0] + Q * y[1];
        m[4] = y[0] - Q * y[1];
        m[5] = y[1];
    }
    INLINE void kernel_adjoint(const vf *u, vf *g) {
        const vf even_p = AT_P * (u[1] + u[2]), odd_p = AT_P * (u[1] - u[2]);
        const vf even_q = AT_Q * (u[3] + u[4]), odd_q = AT_Q * (u[3] - u[4]);
        g[0] = u[0] + even_p + even_q;
        g[1] = P * odd_p + Q * odd_q;
        g[2] = P2 * even_p + Q2 * even_q;
        g[3] = P3 * odd_p + Q3 * odd_q;
        g[4] = u[5] + P4 * even_p + Q4 * even_q;
    }
};

// Points 0, 1, -1 and infinity.
template <> struct Winograd<2, 3> : Sizes<2, 3> {
    INLINE void images(const vf *d, vf *t) {
        t[0] = d[0] - d[2];
        t[1] = d[2] + d[1];
        t[2] = d[2] - d[1];
        t[3] = d[3] - d[1];
    }
    INLINE void images_adjoint(const vf *t, vf *d) {
        d[0] = t[0];
        d[1] = t[1] - t[2] - t[3];
        d[2] = t[1] + t[2] - t[0];
        d[3] = t[3];
    }
    INLINE void kernel(const vf *g, vf *u) {
        const vf even = 0.5f * (g[0] + g[2]), odd = 0.5f * g[1];
        u[0] = g[0];
        u[1] = even + odd;
        u[2] = even - odd;
        u[3] = g[2];
    }
    INLINE void outputs(const vf *m, vf *y) {
        y[0] = m[0] + m[1] + m[2];
        y[1] = m[3] + (m[1] - m[2]);
    }
    INLINE void outputs_adjoint(const vf *y, vf *m) {
        m[0] = y[0];
        m[1] = y[0] + y[1];
        m[2] = y[0] - y[1];
        m[3] = y[1];
    }
    INLINE void kernel_adjoint(const vf *u, vf *g) {
        const vf even = 0.5f * (u[1] + u[2]);
        g[0] = u[0] + even;
        g[1] = 0.5f * (u[1] - u[2]);
        g[2] = u[3] + even;
    }
};

// The matrix `axis`, FROM -> TO values, along both axes of a square. It makes TO / PARTS rows at a time,
// and loads the square anew for each part: what has been made along the first axis then stays in
// registers, and a load costs a core less than a store and a load.
template <int FROM, int TO, int PARTS = 1, class Axis, class Load, class Store>
INLINE void both_axes(Axis axis, Load load, Store store) {
    constexpr int ROWS = TO / PARTS;
    UNROLL for (int i0 = 0; i0 < TO; i0 += ROWS) {
        vf half[ROWS][FROM];
        UNROLL for (int j = 0; j < FROM; ++j) {
            vf column[FROM], made[TO];  // the compiler drops what a part does not need
            UNROLL for (int i = 0; i < FROM; ++i) column[i] = load(i, j);
            axis(column, made);
            UNROLL for (int i = 0; i < ROWS; ++i) half[i][j] = made[i0 + i];
        }
        UNROLL for (int i = 0; i < ROWS; ++i) {
            vf made[TO];
            axis(half[i], made);
            UNROLL for (int j = 0; j < TO; ++j) store(i0 + i, j, made[j]);
        }
    }
}

// Sizes of a convolution. Its outputs are cut into tiles of M x M, numbered image by image, row by row.
struct Layer {
    int64_t batch, height, width, in;     // of the images
    int64_t out_height, out_width, out;   // of the outputs
    int64_t top, left;                    // zeros before the images; negative: cells left out
    int64_t tile_rows, tile_columns, tiles;
};

template <class W> Layer layer_from(const int64_t *ints) {
    Layer l{ints[0], ints[1], ints[2], ints[3], ints[4], ints[5], ints[6], ints[7], ints[8], 0, 0, 0};
    l.tile_rows = divide_up(l.out_height, W::M);
    l.tile_columns = divide_up(l.out_width, W::M);
    l.tiles = l.batch * l.tile_rows * l.tile_columns;
    return l;
}

struct Place {
    int64_t image, row, column;  // of a tile's first output
};

template <class W> INLINE Place place_of(const Layer &l, int64_t tile) {
    const int64_t row = tile / l.tile_columns;
    return {row / l.tile_rows, row % l.tile_rows * W::M, tile % l.tile_columns * W::M};
}

constexpr int64_t ZERO_COUNT = 512;
alignas(64) const float ZEROS[ZERO_COUNT] = {};  // so many channels of a pixel outside of an image


template <int N>
INLINE bool is_inside(int64_t row, int64_t column, int64_t height, int64_t width) {
    return row >= 0 && column >= 0 && row + N <= height && column + N <= width;
}

// Calls use(c, load) for each vector of channels c .. c+VL of a square of N x N pixels, where load(i, j)
// reads them at pixel (i, j). Beyond the image and beyond the last channel all is zero.
//
// Squares come in rows, STEP pixels apart: too scattered for a core to foresee, so each asks for the
// pixels that the square below it needs and it does not.
template <int N, int STEP, class Use>
INLINE void each_vector(const float *images, int64_t image, int64_t row, int64_t column,
                        int64_t height, int64_t width, int64_t channels, const Use &use) {
    const float *first = images + ((image * height + row) * width + column) * channels;
    const int64_t row_step = width * channels;
    const auto prefetch_below = [&](int64_t c) __attribute__((always_inline)) {
        UNROLL for (int i = N; i < N + STEP; ++i) UNROLL for (int j = N - STEP; j < N; ++j)
            __builtin_prefetch(first + i * row_step + j * channels + c, 0, 2);
    };
    if (is_inside<N>(row, column, height, width)) {
        int64_t c = 0;
        for (; c + VL <= channels; c += VL) {
            prefetch_below(c);
            use(c, [&](int i, int j) { return load(first + i * row_step + j * channels + c); });
        }
        if (c < channels)
            use(c, [&](int i, int j) {
                return load_first(first + i * row_step + j * channels + c, channels - c);
            });
        return;
    }
    for (int64_t c0 = 0; c0 < channels; c0 += ZERO_COUNT) {
        const float *at[N][N];
        for (int i = 0; i < N; ++i)
            for (int j = 0; j < N; ++j) {
                const bool in_row = column + j >= 0 && column + j < width;
                const bool inside = in_row && row + i >= 0 && row + i < height;
                at[i][j] = inside ? first + i * row_step + j * channels + c0 : ZEROS;
            }
        const int64_t count = smaller(channels - c0, ZERO_COUNT);
        int64_t c = 0;
        for (; c + VL <= count; c += VL) {
            prefetch_below(c0 + c);
            use(c0 + c, [&](int i, int j) { return load(at[i][j] + c); });
        }
        if (c < count) use(c0 + c, [&](int i, int j) { return load_first(at[i][j] + c, count - c); });
    }
}

// Transforms the inputs of one tile: point xi of channels c .. c+VL goes to
// to[xi * point_step + c / VL * vector_step].
template <class W>
INLINE void transform_images(const Layer &l, const float *images, int64_t tile, float *to,
                             int64_t point_step, int64_t vector_step) {
    const Place p = place_of<W>(l, tile);
    constexpr int N = W::SIDE;
    each_vector<N, W::M>(images, p.image, p.row - l.top, p.column - l.left, l.height, l.width, l.in,
                         [&](int64_t c, const auto &load) {
        float *first = to + c / VL * vector_step;
        both_axes<N, N, 2>([](const vf *d, vf *t) { W::images(d, t); }, load,
                           [&](int i, int j, vf v) { store(first + (i * N + j) * point_step, v); });
    });
}

// A dy A' of one tile's outputs: point xi of channels n .. n+VL goes to at(n) + xi * point_step.
template <class W, class At>
INLINE void transform_gradients(const Layer &l, const float *gradients, int64_t tile, int64_t point_step,
                                const At &at) {
    const Place p = place_of<W>(l, tile);
    constexpr int N = W::SIDE, M = W::M;
    each_vector<M, M>(gradients, p.image, p.row, p.column, l.out_height, l.out_width, l.out,
                      [&](int64_t n, const auto &load) {
        float *first = at(n);
        both_axes<M, N, 2>([](const vf *y, vf *m) { W::outputs_adjoint(y, m); }, load,
                           [&](int i, int j, vf v) { store(first + (i * N + j) * point_step, v); });
    });
}

// Calls run(w) with the filter that a call's first two ints name: M and R.
template <class Run> INLINE auto with_filter(const int64_t *ints, const Run &run) {
    if (ints[1] == 5) return run(Winograd<2, 5>{});
    if (ints[0] == 4) return run(Winograd<4, 3>{});
    return run(Winograd<2, 3>{});
}

}  // namespace
