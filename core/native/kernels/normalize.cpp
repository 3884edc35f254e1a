// Batch and layer normalization, float32 and float64.
//
// Statistics of a batch are those of pieces of its rows, each exact on its own (two passes over what
// lies in the cache), then combined in order: Chan, Golub and LeVeque (1983), equation 2.1. So x is
// read from memory once for them and once for the result, and nothing cancels.
#include "../parallel.h"
#include "../tile.h"

namespace {

constexpr int64_t PIECE = 1 << 14;  // elements: 64 KB, which stays in the second-level cache
constexpr int64_t MAX_PIECES = 256;

INLINE float root_of(float x) { return __builtin_sqrtf(x); }
INLINE double root_of(double x) { return __builtin_sqrt(x); }

// ints: rows, channels, element bytes.
struct Rows {
    int64_t rows, channels, bytes, per_piece, pieces;
    explicit Rows(const int64_t *v) : rows(v[0]), channels(v[1]), bytes(v[2]) {
        const int64_t wanted = smaller(MAX_PIECES, greater(1, rows * channels / PIECE));
        per_piece = divide_up(greater(1, rows), wanted);
        pieces = divide_up(greater(1, rows), per_piece);
    }
    int64_t first(int64_t piece) const { return piece * per_piece; }
    int64_t last(int64_t piece) const { return smaller(rows, (piece + 1) * per_piece); }
};

// Two sums for each channel and piece, and three vectors of channels.
int64_t workspace(const int64_t *ints) {
    const Rows r(ints);
    return (2 * r.pieces + 3) * r.channels * r.bytes;
}

// sum over rows of f(row, channel), channel vectors one after another, four rows at a time.
template <class T, class F>
INLINE void sum_rows(const Rows &r, int64_t piece, T *sums, const F &f) {
    for (int64_t c = 0; c < r.channels; c += LANES<T>) {
        const int64_t n = r.channels - c;
        Vector<T> a{}, b{}, d{}, e{};
        int64_t i = r.first(piece);
        for (; i + 4 <= r.last(piece); i += 4) {
            a += f(i * r.channels + c, c, n);
            b += f((i + 1) * r.channels + c, c, n);
            d += f((i + 2) * r.channels + c, c, n);
            e += f((i + 3) * r.channels + c, c, n);
        }
        for (; i < r.last(piece); ++i) a += f(i * r.channels + c, c, n);
        store_first(sums + c, (a + b) + (d + e), n);
    }
}

template <class T, class F> void each_element(Call *call, const Rows &r, const F &f) {
    parallel_spans(call, r.rows, greater(1, PIECE / greater(1, r.channels)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            for (int64_t c = 0; c < r.channels; c += LANES<T>)
                f(i * r.channels + c, c, r.channels - c);
    });
}

// Means and sums of squared deviations of pieces -> mean and variance of all.
template <class T>
void combine(const Rows &r, const T *means, const T *squares, T *mean, T *variance) {
    // the mean as its difference from the first piece's, which rounds less where it is far from zero
    for (int64_t c = 0; c < r.channels; ++c) mean[c] = 0, variance[c] = squares[c];
    for (int64_t p = 1; p < r.pieces; ++p) {  // piece by piece: along memory, and with one division
        const T count = T(r.first(p)), more = T(r.last(p) - r.first(p));
        const T share = more / (count + more), weight = count * share;
        const T *m = means + p * r.channels, *s = squares + p * r.channels;
#pragma GCC ivdep
        for (int64_t c = 0; c < r.channels; ++c) {
            const T delta = (m[c] - means[c]) - mean[c];
            mean[c] += delta * share;
            variance[c] += s[c] + delta * delta * weight;
        }
    }
    for (int64_t c = 0; c < r.channels; ++c) mean[c] += means[c], variance[c] /= T(r.rows);
}

// ints: as Rows; activation.  reals: epsilon.  buffers: x, scale, offset, y, mean, variance. y may be x.
template <class T> void batch_norm_train_of(Call *call) {
    const Rows r(call->ints);
    const T *x = (const T *)call->buffers[0], *scale = (const T *)call->buffers[1];
    const T *offset = (const T *)call->buffers[2];
    T *y = (T *)call->buffers[3], *mean = (T *)call->buffers[4];
    T *variance = (T *)call->buffers[5], *means = (T *)call->workspace;
    T *squares = means + r.pieces * r.channels, *factor = squares + r.pieces * r.channels;
    if (r.rows * r.channels == 0) {
        for (int64_t c = 0; c < r.channels; ++c) mean[c] = variance[c] = 0;
        return;
    }
    parallel(call, r.pieces, 0, [&](int64_t p, char *) {
        T *m = means + p * r.channels, *s = squares + p * r.channels;
        // as differences from the first row: sums of numbers far from zero would lose digits
        const T *first = x + r.first(p) * r.channels;
        sum_rows(r, p, m, [&](int64_t at, int64_t c, int64_t n) {
            return load_first(x + at, n) - load_first(first + c, n);
        });
        const T count = T(r.last(p) - r.first(p));
        for (int64_t c = 0; c < r.channels; ++c) m[c] = first[c] + m[c] / count;
        sum_rows(r, p, s, [&](int64_t at, int64_t c, int64_t n) {
            const Vector<T> d = load_first(x + at, n) - load_first(m + c, n);
            return d * d;
        });
    });
    combine(r, means, squares, mean, variance);
    const T epsilon = T(call->reals[0]);
    for (int64_t c = 0; c < r.channels; ++c) factor[c] = scale[c] / root_of(variance[c] + epsilon);
    const bool rectifies = call->ints[3] == RELU;
    each_element<T>(call, r, [&](int64_t at, int64_t c, int64_t n) {
        const Vector<T> centered = load_first(x + at, n) - load_first(mean + c, n);
        const Vector<T> v = centered * load_first(factor + c, n) + load_first(offset + c, n);
        store_first(y + at, rectifies ? relu<T>(v) : v, n);
    });
}

// What flows back to y: all of g, or what a rectifier let through, which is found out from y computed
// once more: that takes less time than reading it.
template <class T, bool RECTIFIED> struct Given {
    const T *g, *factor, *offset;
    __attribute__((always_inline)) Vector<T> operator()(int64_t at, int64_t c, int64_t n,
                                                        Vector<T> centered) const {
        const Vector<T> v = load_first(g + at, n);
        if constexpr (!RECTIFIED) return v;
        const Vector<T> y = centered * load_first(factor + c, n) + load_first(offset + c, n);
        return y > Vector<T>{} ? v : Vector<T>{};
    }
};

// ints: as Rows; is rectified.  reals: epsilon.  buffers: x, scale, mean, variance, g, (offset);
// gradients of x (which may be x or g), scale, offset.
template <class T, bool RECTIFIED> void batch_norm_gradient_through(Call *call) {
    const Rows r(call->ints);
    const T *x = (const T *)call->buffers[0], *scale = (const T *)call->buffers[1];
    const T *mean = (const T *)call->buffers[2], *variance = (const T *)call->buffers[3];
    void *const *made = call->buffers + 5 + RECTIFIED;
    T *g_x = (T *)made[0], *g_scale = (T *)made[1], *g_offset = (T *)made[2];
    T *products = (T *)call->workspace, *sums = products + r.pieces * r.channels;
    T *root = sums + r.pieces * r.channels, *shift = root + r.channels, *factor = shift + r.channels;
    const Given<T, RECTIFIED> g{(const T *)call->buffers[4], factor, (const T *)call->buffers[5]};
    const T epsilon = T(call->reals[0]), count = T(greater(1, r.rows));
    for (int64_t c = 0; c < r.channels; ++c) {
        root[c] = 1 / root_of(variance[c] + epsilon);
        factor[c] = scale[c] / root_of(variance[c] + epsilon);
    }
    parallel(call, r.pieces, 0, [&](int64_t p, char *) {
        const auto centered = [&](int64_t at, int64_t c, int64_t n) __attribute__((always_inline)) {
            return load_first(x + at, n) - load_first(mean + c, n);
        };
        sum_rows(r, p, sums + p * r.channels, [&](int64_t at, int64_t c, int64_t n) {
            return g(at, c, n, RECTIFIED ? centered(at, c, n) : Vector<T>{});
        });
        sum_rows(r, p, products + p * r.channels, [&](int64_t at, int64_t c, int64_t n) {
            const Vector<T> deviation = centered(at, c, n);
            return g(at, c, n, deviation) * deviation;
        });
    });
    for (int64_t c = 0; c < r.channels; ++c) g_scale[c] = g_offset[c] = 0;
    for (int64_t p = 0; p < r.pieces; ++p) {
        const T *product = products + p * r.channels, *sum = sums + p * r.channels;
#pragma GCC ivdep
        for (int64_t c = 0; c < r.channels; ++c) {
            g_scale[c] += product[c];
            g_offset[c] += sum[c];
        }
    }
    for (int64_t c = 0; c < r.channels; ++c) g_scale[c] *= root[c];
    // scale r (g - mean(g) - n mean(g n)) = a g - (shift + b (x - mean)), with n = (x - mean) r
    T *slope = products;
    for (int64_t c = 0; c < r.channels; ++c) {
        shift[c] = g_offset[c] / count;
        slope[c] = root[c] * (g_scale[c] / count);
    }
    each_element<T>(call, r, [&](int64_t at, int64_t c, int64_t n) {
        const Vector<T> centered = load_first(x + at, n) - load_first(mean + c, n);
        const Vector<T> inner =
            g(at, c, n, centered) - load_first(shift + c, n) - centered * load_first(slope + c, n);
        store_first(g_x + at, inner * (load_first(scale + c, n) * load_first(root + c, n)), n);
    });
}

template <class T> void batch_norm_gradient_of(Call *call) {
    if (call->ints[3]) batch_norm_gradient_through<T, true>(call);
    else batch_norm_gradient_through<T, false>(call);
}

// ints: rows, size, element bytes.  reals: epsilon.  buffers: x, scale, offset, y, mean (rows),
// r (rows). y may be x.
template <class T> void layer_norm_of(Call *call) {
    const int64_t rows = call->ints[0], size = call->ints[1];
    const T *x = (const T *)call->buffers[0], *scale = (const T *)call->buffers[1];
    const T *offset = (const T *)call->buffers[2];
    T *y = (T *)call->buffers[3], *mean = (T *)call->buffers[4];
    T *root = (T *)call->buffers[5];
    const T epsilon = T(call->reals[0]), count = T(greater(1, size));
    parallel_spans(call, rows, greater(1, PIECE / greater(1, size)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const T *row = x + i * size;
            Vector<T> sum{}, squares{};
            for (int64_t c = 0; c < size; c += LANES<T>) sum += load_first(row + c, size - c);
            const T m = sum_lanes<T>(sum) / count;
            for (int64_t c = 0; c < size; c += LANES<T>) {
                Vector<T> d = load_first(row + c, size - c) - splat(m);
                for (int64_t k = size - c; k < LANES<T>; ++k) d[k] = 0;
                squares += d * d;
            }
            const T r = 1 / root_of(sum_lanes<T>(squares) / count + epsilon);
            for (int64_t c = 0; c < size; c += LANES<T>) {
                const int64_t n = size - c;
                const Vector<T> v = (load_first(row + c, n) - splat(m)) * splat(r);
                store_first(y + i * size + c, v * load_first(scale + c, n) + load_first(offset + c, n), n);
            }
            mean[i] = m;
            root[i] = r;
        }
    });
}

#define BY_TYPE(name)                                                                        \
    void name(Call *call) {                                                                  \
        if (call->ints[2] == 4) name##_of<float>(call);                                      \
        else name##_of<double>(call);                                                        \
    }
BY_TYPE(batch_norm_train)
BY_TYPE(batch_norm_gradient)
BY_TYPE(layer_norm)

}  // namespace

KERNEL_TABLE(normalize, {"batch_norm_train", batch_norm_train, workspace},
             {"batch_norm_gradient", batch_norm_gradient, workspace},
             {"layer_norm", layer_norm, nullptr})
