// Gaussian smoothing of images.
//
// A row of the result is a weighted sum of rows, which goes to scratch with what lies beyond its ends
// beside it, and then a weighted sum of that row with itself, shifted by pixels: two passes with
// vectors along the row, whatever the number of channels, and nothing between them but one row.
#include "../parallel.h"
#include "../types.h"

namespace {

constexpr int64_t TASK_PRODUCTS = 1 << 19;  // 20 to 50 us
// Sums at a time: on each way from a load to its sum there is one of the others.
constexpr int SUMS = 4;

// Weights of a window, middle first and last alike, that add up to 1; no width leaves the middle.
void fill_window(double sigma, int64_t taps, double *weights) {
    double sum = 0;
    for (int64_t k = 0; k < taps; ++k) {
        const double steps = k == taps / 2 ? 0 : double(k - taps / 2) / sigma;
        weights[k] = __builtin_exp(-0.5 * steps * steps);
        sum += weights[k];
    }
    for (int64_t k = 0; k < taps; ++k) weights[k] /= sum;
}

// to[j] = the sum over taps k of weights[k] row(k)[j], for j < n; a row may be null, for zeros.
template <class T, class Row>
INLINE void weigh(int64_t n, int64_t taps, const T *weights, const Row &row, T *to) {
    constexpr int64_t L = LANES<T>;
    int64_t j = 0;
    for (; j + SUMS * L <= n; j += SUMS * L) {
        Vector<T> sum[SUMS] = {};
        for (int64_t k = 0; k < taps; ++k) {
            const T *from = row(k);
            if (!from) continue;
            const Vector<T> weight = splat(weights[k]);
            UNROLL for (int v = 0; v < SUMS; ++v) sum[v] += weight * load(from + j + v * L);
        }
        UNROLL for (int v = 0; v < SUMS; ++v) store(to + j + v * L, sum[v]);
    }
    for (; j < n; j += L) {
        Vector<T> sum = {};
        for (int64_t k = 0; k < taps; ++k)
            if (const T *from = row(k)) sum += splat(weights[k]) * load_first(from + j, n - j);
        store_first(to + j, sum, n - j);
    }
}

// ints: type, images, height, width, channels, taps of columns, taps of rows.
// buffers: images (images, height, width, channels), the windows' widths () and (), then the entry of
// the axis that each of height + taps - 1 rows is, the first ones being those above the image, int32,
// negative for zeros, and the same for columns; result like the images.
template <class T> void blur_of(Call *call) {
    const int64_t *v = call->ints;
    const int64_t height = v[2], width = v[3], channels = v[4], down = v[5], along = v[6];
    const int64_t n = width * channels, padded = (width + along - 1) * channels;
    const T *images = (const T *)call->buffers[0];
    const int32_t *rows = (const int32_t *)call->buffers[3];
    const int32_t *columns = (const int32_t *)call->buffers[4];
    T *result = (T *)call->buffers[5];
    double *exact = (double *)call->workspace;
    T *weights = (T *)(exact + down + along);  // of rows, then of columns
    fill_window(double(*(const T *)call->buffers[1]), down, exact);
    fill_window(double(*(const T *)call->buffers[2]), along, exact + down);
    for (int64_t k = 0; k < down + along; ++k) weights[k] = T(exact[k]);
    const int64_t lines = v[1] * height;
    const int64_t grain = greater(1, TASK_PRODUCTS / greater(1, n * (down + along)));
    parallel(call, divide_up(lines, grain), size_t(padded) * sizeof(T),
             [&](int64_t task, char *scratch) {
        T *line = (T *)scratch, *middle = line + along / 2 * channels;
        for (int64_t i = task * grain; i < smaller(lines, (task + 1) * grain); ++i) {
            const T *image = images + i / height * height * n;
            const int32_t *entries = rows + i % height;
            weigh(n, down, weights, [&](int64_t k) {
                return entries[k] < 0 ? nullptr : image + entries[k] * n;
            }, middle);
            const auto extend = [&](int64_t begin, int64_t end) {
                for (int64_t p = begin; p < end; ++p)
                    for (int64_t c = 0; c < channels; ++c)
                        line[p * channels + c] =
                            columns[p] < 0 ? T(0) : middle[columns[p] * channels + c];
            };
            extend(0, along / 2);
            extend(along / 2 + width, width + along - 1);
            weigh(n, along, weights + down, [&](int64_t k) { return line + k * channels; },
                  result + i * n);
        }
    });
}
void gaussian_blur(Call *call) {
    by_float(call->ints[0], [&](auto type) { blur_of<TypeOf<decltype(type)>>(call); });
}
int64_t blur_bytes(const int64_t *ints) { return (ints[5] + ints[6]) * 2 * int64_t(sizeof(double)); }

// ints: type, size, taps.   buffers: the window's width (), the entry of the axis that each of
// size + taps - 1 is, as above; weights (size, size).
void blur_matrix(Call *call) {
    const int64_t size = call->ints[1], taps = call->ints[2];
    const int32_t *entries = (const int32_t *)call->buffers[1];
    double *weights = (double *)call->workspace;
    by_float(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        T *result = (T *)call->buffers[2];
        fill_window(double(*(const T *)call->buffers[0]), taps, weights);
        const int64_t grain = greater(1, TASK_PRODUCTS / (16 * (size + taps)));
        parallel_spans(call, size, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                T *row = result + i * size;
                for (int64_t j = 0; j < size; ++j) row[j] = T(0);
                for (int64_t k = 0; k < taps; ++k)
                    if (entries[i + k] >= 0) row[entries[i + k]] += T(weights[k]);
            }
        });
    });
}
int64_t blur_matrix_bytes(const int64_t *ints) { return ints[2] * int64_t(sizeof(double)); }

}  // namespace

KERNEL_TABLE(blur, {"gaussian_blur", gaussian_blur, blur_bytes},
             {"blur_matrix", blur_matrix, blur_matrix_bytes})
